"""The unit tests under each Python that is here: `python -m tests.pythons`. A Python that is not is skipped.

An interpreter is `python3.12` on the PATH, or one of pyenv's, which `--on-path` leaves out. Each has an
environment of its own, `.venv-3.12`, made anew when the dependencies change.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13")
TESTS = ("tests/unit", "tests/model", "tests/golden", "tests/packet")
TOP = Path(__file__).resolve().parents[1]
DEPENDENCIES = ("setup.cfg", "constraints.txt")


def interpreter(version: str, on_path: bool) -> str | None:
    """Give the path of a Python of that version that runs."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    others = [] if on_path else sorted(map(str, pyenv.glob(f"versions/{version}.*/bin/python")))
    for path in filter(None, [shutil.which(f"python{version}"), *others]):
        if subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0:
            return path
    return None


def environment(version: str, python: str) -> Path:
    """Make the environment of a version, if it is not there or not up to date; give its Python."""
    folder = TOP / f".venv-{version}"
    own, stamp = folder / "bin/python", folder / ".installed"
    wanted = hashlib.sha256(b"".join((TOP / name).read_bytes() for name in DEPENDENCIES)).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", "constraints.txt"]
        subprocess.run([own, *install, "-e", ".[unit]"], cwd=TOP, check=True)
        stamp.write_text(wanted)
    return own


def main() -> int:
    """Run the tests under each Python but our own; give 1 if any fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.pythons")
    parser.add_argument("--on-path", action="store_true", help="only what is on the PATH")
    on_path = parser.parse_args().on_path
    failed = False
    for version in VERSIONS:
        if version == f"{sys.version_info.major}.{sys.version_info.minor}":
            continue
        python = interpreter(version, on_path)
        if python is None:
            where = "on the PATH" if on_path else "here"
            print(f"Python {version} is not {where}: its unit tests are skipped", flush=True)
            continue
        print(f"unit tests under Python {version}", flush=True)
        pytest = ["-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal", "-p", "no:cacheprovider"]
        command = [environment(version, python), *pytest, *TESTS]
        failed |= subprocess.run(command, cwd=TOP, check=False).returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
