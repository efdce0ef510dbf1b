"""What systemd is told, and what the unit file asks of it."""

import configparser
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from osken_apps.apps import runtime
from osken_apps.apps.service import Service
from tests.unit.hub_thread import in_a_hub

UNIT = Path(__file__).parents[2] / "contrib/systemd/osken-net.service"
MOST_EXPOSED = 3.0


@pytest.fixture
def systemd(tmp_path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(str(tmp_path / "notify"))
    sock.settimeout(5)
    return sock


def test_systemd_is_told_and_no_process_below_us_is(systemd: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "1000", "HOME": "/"}
    service = Service(environment)
    service.ready("API on 127.0.0.1:9696")
    service.stopping()
    assert systemd.recv(100) == b"READY=1\nSTATUS=API on 127.0.0.1:9696"
    assert systemd.recv(100) == b"STOPPING=1"
    assert environment == {"HOME": "/"}


def test_an_address_may_be_an_abstract_one() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        name = f"osken-net-test-{os.getpid()}"
        sock.bind(f"\0{name}")
        Service({"NOTIFY_SOCKET": f"@{name}"}).stopping()
        assert sock.recv(100) == b"STOPPING=1"


def test_the_watchdog_is_fed_in_turns_of_the_loop_and_starves_with_it(systemd: socket.socket) -> None:
    def work(_hub: object) -> None:
        service = Service({"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "1500"})
        task = runtime.spawn(service.feed_for_ever)
        systemd.setblocking(False)
        with pytest.raises(BlockingIOError):
            systemd.recv(100)  # the loop has had no turn yet
        fed = 0
        while fed < 3:
            runtime.sleep(0.0005)
            try:
                assert systemd.recv(100) == b"WATCHDOG=1"
                fed += 1
            except BlockingIOError:
                continue
        task.kill()

    in_a_hub(work)


@pytest.mark.parametrize(
    "environment",
    [{}, {"NOTIFY_SOCKET": "/nowhere/at/all"}, {"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "1"}],
)
def test_without_systemd_nothing_is_told_and_nothing_ends(environment: dict[str, str]) -> None:
    service = Service(environment)
    service.ready("well")
    service.stopping()
    if "NOTIFY_SOCKET" not in environment:
        in_a_hub(lambda _hub: service.feed_for_ever())  # which ends at once: there is no watchdog


def test_a_listener_that_takes_nothing_holds_up_nobody(systemd: socket.socket) -> None:
    service = Service({"NOTIFY_SOCKET": systemd.getsockname()})
    for _ in range(2000):
        service.ready("x" * 1000)


def unit() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    return parser["Service"]


def test_the_unit_is_told_when_we_are_ready_reloads_by_a_signal_and_has_no_capability() -> None:
    service = unit()
    assert service["Type"] == "notify"
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["User"] == "osken-net"
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == ""
    assert service["RestartPreventExitStatus"] == "2"
    assert int(service["WatchdogSec"]) > 0


def test_the_unit_may_write_its_state_and_an_audit_log() -> None:
    service = unit()
    assert service["ProtectSystem"] == "strict"
    assert (service["StateDirectory"], service["LogsDirectory"]) == ("osken-net", "osken-net")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
def test_the_unit_exposes_little() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze reads no file of a unit (systemd before 250)")
    found = re.search(r"Overall exposure level for osken-net\.service: ([\d.]+)", done.stdout)
    assert found, done
    assert float(found[1]) <= MOST_EXPOSED
