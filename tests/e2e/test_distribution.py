"""What is built of the project has what its users need."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.documents import TOP

BUILD = """
import sys
from setuptools import build_meta
target = sys.argv[1]  # setuptools puts its own in there
build_meta.build_sdist(target)
build_meta.build_wheel(target)
"""
SAMPLE = "osken-net.conf.sample"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both from what git has: an installed tree holds more."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={TOP}", "ls-files", "-z"], cwd=TOP, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((TOP / name).read_bytes())
    subprocess.run([sys.executable, "-c", BUILD, str(target)], cwd=source, capture_output=True, check=True)
    return target


DASHBOARD = TOP / "osken_apps" / "dashboard" / "static"


def test_the_wheel_has_types_the_sample_of_the_configuration_and_the_dashboard(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = wheel.namelist()
        sample = next(name for name in names if name.endswith(f"share/osken-apps/{SAMPLE}"))
        assert wheel.read(sample) == (TOP / SAMPLE).read_bytes()
    assert "osken_apps/py.typed" in names
    files = {str(path.relative_to(TOP)) for path in DASHBOARD.rglob("*") if path.is_file()}
    assert len(files) > 20
    assert files - set(names) == set()
    assert [name for name in names if name.startswith(("tests/", "flows/"))] == []


def test_the_source_distribution_can_be_tested_and_run(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {
        SAMPLE, "CHANGELOG.md", "Makefile", "constraints.txt", "debian-packages", "docs/plug-a-vm.md",
        "flows/pipeline.md", "flows/seed/br-int.txt", "tests/bench/dhcp/load.c", "tests/e2e/conftest.py",
    }  # fmt: skip
    assert wanted - names == set()
