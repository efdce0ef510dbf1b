import subprocess
import sys

import pytest

from tests.slot import alone


@pytest.mark.parametrize(
    ("options", "verdicts"), [((), 23), (("--tunnel", "vxlan"), 25)], ids=["vlan", "vxlan"]
)
def test_the_demo_comes_out_as_the_reference_has_it_and_guards_machines(
    options: tuple[str, ...], verdicts: int
) -> None:
    with alone("demo"):
        command = [sys.executable, "-m", "osken_apps.demo", *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert f"{verdicts} of {verdicts} verdicts hold" in done.stdout
    assert "[FAIL]" not in done.stdout
