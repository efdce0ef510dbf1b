from pathlib import Path

import pytest

from tests.golden.rendering import ROOT, generated_files

FILES = dict(generated_files())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_generated_equals_what_is_committed(path: Path) -> None:
    assert path.read_text() == FILES[path]


def test_no_golden_dump_is_left_over() -> None:
    assert set((ROOT / "flows").rglob("*.txt")) == {path for path in FILES if path.suffix == ".txt"}
