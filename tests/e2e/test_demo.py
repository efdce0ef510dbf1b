import subprocess
import sys

from tests.slot import alone


def test_the_demo_comes_out_as_the_reference_has_it() -> None:
    with alone("demo"):
        command = [sys.executable, "-m", "osken_apps.demo"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "15 of 15 verdicts as in the reference" in done.stdout
    assert "[FAIL]" not in done.stdout
