"""A build is told from another one by whatever of its modules differs."""

import shutil
import subprocess
import sys
from pathlib import Path

from osken_apps import build


def build_in(directory: Path) -> str:
    """Give the build of the program in a directory, as a process that starts there sees it."""
    code = "from osken_apps.build import BUILD; print(BUILD)"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=directory, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_any_module_that_is_changed_renamed_or_new_makes_another_build(tmp_path: Path) -> None:
    package = tmp_path / "osken_apps"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(build.__file__).parent, package, ignore=ignored)
    builds = [build.BUILD, build_in(tmp_path)]
    assert builds[0] == builds[1]  # caches are no part of it
    link = package / "link.py"
    link.write_text(link.read_text() + "\n")
    builds.append(build_in(tmp_path))
    link.rename(package / "model" / "link.py")
    builds.append(build_in(tmp_path))
    (package / "new.py").touch()
    builds.append(build_in(tmp_path))
    assert len(set(builds)) == 4
