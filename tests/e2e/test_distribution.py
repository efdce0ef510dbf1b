"""What is built of the project has what its users need, and runs without the project."""

import http.client
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from osken_apps.lab import PATIENCE_S, wait_until
from tests.documents import TOP
from tests.slot import slot_port

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


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel where there is nothing but what it depends on; give the directory of its commands."""
    directory = tmp_path_factory.mktemp("empty")
    venv.create(directory, with_pip=False)
    (site,) = directory.glob("lib/python3*/site-packages")
    pip = [sys.executable, "-m", "pip", "--python", str(directory / "bin" / "python"), "install", "-q"]
    subprocess.run([*pip, "--no-deps", "--no-index", next(built.glob("*.whl"))], check=True)
    # Named so, a directory is looked into after the wheel's own, and what is editable there is not followed.
    (site / "dependencies.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")
    return directory / "bin"


@contextmanager
def running(command: Path, directory: Path) -> Iterator[str]:
    """Run the controller with a configuration of its own; gives its log. In the end it must end well."""
    sections = {
        "DEFAULT": f"state_dir = {directory}",
        **{section: f"port = {port}" for section, port in PORTS.items()},
    }
    config = directory / "osken-net.conf"
    config.write_text("".join(f"[{section}]\n{line}\n" for section, line in sections.items()))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    log = directory / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [command, "run", "--config-file", config], stderr=output, cwd=directory, env=environment
        )
    try:
        wait_until(lambda: "started: osken-net" in log.read_text(), PATIENCE_S, "the start")
        yield log.read_text()
    finally:
        process.terminate()
        status = process.wait(PATIENCE_S)
    assert status == 0, log.read_text()


SECTIONS = ("api", "openflow", "ovsdb", "metrics")
PORTS = {section: slot_port(19710 + number) for number, section in enumerate(SECTIONS)}


def content(port: int, path: str) -> bytes:
    """Read something from the controller."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, (path, answer.status)
    return body


def test_the_wheel_alone_serves_the_api_the_dashboard_and_metrics(installed: Path, tmp_path: Path) -> None:
    where = subprocess.run(
        [installed / "python", "-c", "import osken_apps; print(osken_apps.__file__)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    ).stdout
    assert where.startswith(str(installed.parent))
    with running(installed / "osken-net", tmp_path):
        assert b'"networks"' in content(PORTS["api"], "/v2.0/networks")
        assert content(PORTS["api"], "/ui/index.html") == (DASHBOARD / "index.html").read_bytes()
        assert b"osken_build_info" in content(PORTS["metrics"], "/metrics")
        done = subprocess.run(
            [installed / "osken-net", "hosts", "--api", f"http://127.0.0.1:{PORTS['api']}"],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
