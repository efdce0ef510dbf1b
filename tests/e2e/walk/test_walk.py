"""A short walk over the lab, of several changes at once; `make fuzz` walks on."""

from pathlib import Path

from tests.e2e.walk.walk import burst, site_of, walk

SEED, STEPS = 12, 2


def test_after_each_step_machines_reach_each_other_as_the_model_says(tmp_path: Path) -> None:
    with site_of(SEED, tmp_path / "lab") as site:
        assert walk(site, STEPS, kinds=[[burst]]) == []
