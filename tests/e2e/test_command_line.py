"""The command `osken-net` as another program sees it: exit status, one line, nothing left behind."""

import importlib.metadata
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from osken_apps.lab import PATIENCE_S, wait_until
from osken_apps.lab.controller import Api, Response
from osken_apps.lab.processes import parse_stat
from tests.ports import reserved

COMMAND = [sys.executable, "-m", "osken_apps.cli"]


def config_file(tmp_path: Path, **ports: int) -> Path:
    path = tmp_path / "osken-net.conf"
    sections = "".join(f"[{section}]\nport = {port}\n" for section, port in ports.items())
    path.write_text(f"[DEFAULT]\nstate_dir = {tmp_path}/state\n{sections}")
    return path


@pytest.fixture
def ports() -> Iterator[dict[str, int]]:
    with reserved(3) as found:
        yield dict(zip(("api", "openflow", "ovsdb"), found, strict=True))


@pytest.fixture
def controller(tmp_path: Path, ports: dict[str, int]) -> Iterator[subprocess.Popen[str]]:
    command = [*COMMAND, "run", "--config-file", str(config_file(tmp_path, **ports))]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_until(Api(ports["api"]).answers, PATIENCE_S, "the API")
        yield process
        process.kill()


def children(process: "subprocess.Popen[Any]") -> list[int]:
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in path.read_text().split()]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_controller_ends_with_status_0_and_leaves_no_process(
    controller: "subprocess.Popen[str]", number: signal.Signals
) -> None:
    (child,) = children(controller)
    controller.send_signal(number)
    assert controller.wait(PATIENCE_S) == 0
    assert not Path(f"/proc/{child}").exists()


def test_the_start_says_version_database_and_listeners(
    controller: "subprocess.Popen[str]", tmp_path: Path, ports: dict[str, int]
) -> None:
    assert controller.stderr
    log = iter(controller.stderr.readline, "")
    started = next(line for line in log if "started" in line)
    told = re.search("started: osken-net (.+); database (.+), schema .+; (.+)", started)
    assert told
    assert told.groups() == (
        importlib.metadata.version("osken-apps"),
        f"{tmp_path}/state/osken-net.db",
        f"API on 127.0.0.1:{ports['api']}, OpenFlow on 127.0.0.1:{ports['openflow']},"
        f" OVSDB on 127.0.0.1:{ports['ovsdb']}",
    )


def test_systemd_is_told_of_the_start_the_life_and_the_end(tmp_path: Path, ports: dict[str, int]) -> None:
    command = [*COMMAND, "run", "--config-file", str(config_file(tmp_path, **ports))]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(where := str(tmp_path / "notify"))
        systemd.settimeout(PATIENCE_S)
        told = {"NOTIFY_SOCKET": where, "WATCHDOG_USEC": "300000"}
        with subprocess.Popen(command, env=os.environ | told) as process:
            said = [systemd.recv(1000)]
            while not said[-1].startswith(b"READY=1"):
                said.append(systemd.recv(1000))
            for port in ports.values():
                socket.create_connection(("127.0.0.1", port)).close()
            while said[-1] != b"WATCHDOG=1":
                said.append(systemd.recv(1000))
            process.send_signal(signal.SIGTERM)
            while said[-1] != b"STOPPING=1":
                said.append(systemd.recv(1000))
            assert process.wait(PATIENCE_S) == 0


def test_a_hangup_is_said_and_ends_nothing(
    controller: "subprocess.Popen[str]", ports: dict[str, int]
) -> None:
    (child,) = children(controller)
    for pid in (controller.pid, child):
        os.kill(pid, signal.SIGHUP)
    assert controller.stderr
    log = iter(controller.stderr.readline, "")
    assert any(line.endswith("SIGHUP: reading certificates and policy again\n") for line in log)
    assert Api(ports["api"]).answers()
    assert children(controller) == [child]


def test_a_controller_needs_no_privilege(tmp_path: Path, ports: dict[str, int]) -> None:
    none = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
    command = [*none, *COMMAND, "run", "--config-file", str(config_file(tmp_path, **ports))]
    with subprocess.Popen(command) as process:
        wait_until(Api(ports["api"]).answers, PATIENCE_S, "the API")
        (child,) = children(process)
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in (process.pid, child)]
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    assert ["CapEff:\t0000000000000000\n" in status for status in statuses] == [True, True]


def test_a_killed_controller_takes_its_rest_process_along(controller: "subprocess.Popen[str]") -> None:
    (child,) = children(controller)
    process = parse_stat(Path(f"/proc/{child}/stat").read_text())
    controller.kill()
    controller.wait()
    process.wait_gone("the end of the REST process")  # whether or not somebody takes note of it


def test_a_killed_rest_process_is_started_again(
    controller: "subprocess.Popen[str]", ports: dict[str, int]
) -> None:
    api = Api(ports["api"])
    network = api.create("network", name="kept")
    (child,) = children(controller)
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: children(controller) not in ([], [child]), PATIENCE_S, "a new REST process")
    wait_until(api.answers, PATIENCE_S, "the API")
    assert api.show("network", network["id"])["name"] == "kept"


def test_a_taken_address_is_one_line_and_status_2(tmp_path: Path, ports: dict[str, int]) -> None:
    with socket.create_server(("127.0.0.1", ports["ovsdb"])):
        done = run("run", "--config-file", str(config_file(tmp_path, **ports)))
    assert done.returncode == 2
    assert done.stderr == (
        f"osken-net: [ovsdb] host=127.0.0.1 port={ports['ovsdb']}: Address already in use\n"
    )


def test_a_bad_option_is_one_line_and_status_2(tmp_path: Path) -> None:
    path = tmp_path / "bad.conf"
    path.write_text("[network]\nvlan_ranges=default:0:10\n")
    done = run("run", "--config-file", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"osken-net: {path}: [network] vlan_ranges: 'default:0:10' is not within 1..4094\n"


def test_a_wrong_database_is_one_line_and_status_2_and_nothing_has_started(
    tmp_path: Path, ports: dict[str, int]
) -> None:
    path = config_file(tmp_path, **ports)
    path.write_text(path.read_text() + "[database]\nconnection = sqlite:////no/such/directory/x.db\n")
    done = run("run", "--config-file", str(path))
    reason = "[database] connection: /no/such/directory/x.db: No such file or directory"
    assert (done.returncode, done.stderr) == (2, f"osken-net: {reason}\n")


def test_a_corrupt_database_leaves_a_controller_that_says_so(tmp_path: Path, ports: dict[str, int]) -> None:
    path = config_file(tmp_path, **ports)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "osken-net.db").write_bytes(b"")
    command = [*COMMAND, "run", "--config-file", str(path)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        api = Api(ports["api"])
        answer = wait_until(lambda: _answer(api), PATIENCE_S, "an answer")
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    assert answer.status == 503
    assert "osken-net.db is empty; to restore a backup" in answer.body["NeutronError"]["message"]


def test_a_backup_is_made_beside_a_controller_and_never_over_a_file(
    controller: "subprocess.Popen[str]", ports: dict[str, int], tmp_path: Path
) -> None:
    Api(ports["api"]).create("network", name="kept")
    command = ["backup", str(tmp_path / "backup"), "--config-file", str(tmp_path / "osken-net.conf")]
    first, second, forced = run(*command), run(*command), run(*command, "--force")
    assert [done.returncode for done in (first, second, forced)] == [0, 1, 0]
    assert second.stderr == f"osken-net: {tmp_path}/backup exists; --force overwrites it\n"
    with sqlite3.connect(tmp_path / "backup") as connection:
        assert connection.execute("SELECT name FROM networks").fetchall() == [("kept",)]


def _answer(api: Api) -> Response | None:
    try:
        return api.request("GET", "networks")
    except OSError:
        return None


def test_a_controller_loads_nothing_of_the_lab(tmp_path: Path, ports: dict[str, int]) -> None:
    command = [*COMMAND, "run", "--config-file", str(config_file(tmp_path, **ports))]
    environment = os.environ | {"PYTHONPROFILEIMPORTTIME": "1"}  # each process tells what it imports
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(command, stderr=log, env=environment) as process,
    ):
        wait_until(Api(ports["api"]).answers, PATIENCE_S, "the API")
        process.terminate()
    imported = set(re.findall(r"\| +(osken_apps\.\S+)", (tmp_path / "log").read_text()))
    assert {"osken_apps.apps.launcher", "osken_apps.rest.wsgi"} <= imported
    strange = ("osken_apps.lab", "osken_apps.demo", "osken_apps.cli.host")
    assert [name for name in sorted(imported) if name.startswith(strange)] == []
