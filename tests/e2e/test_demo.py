import subprocess
import sys

from tests.slot import alone


def test_the_demo_comes_out_as_the_reference_has_it_and_guards_machines() -> None:
    with alone("demo"):
        command = [sys.executable, "-m", "osken_apps.demo"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "23 of 23 verdicts hold" in done.stdout
    assert "[FAIL]" not in done.stdout
