"""Traffic that must not be disturbed, and a table of what each fault cost."""

import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from osken_apps.lab import PATIENCE_S, Lab, LabError, NamespaceVm, wait_until
from osken_apps.lab.controller import LabController
from tests.documents import TOP
from tests.e2e.conftest import API_PORT, World, flows
from tests.slot import lab_name

AUDIT_INTERVAL_S = 3600  # switches and hosts tell what others change: no audit is needed
PINGS_A_SECOND = 100
#: What a busy machine may take longer than README's did, where a switch is without flows until something has
#: started or come round. What costs nothing costs nothing there, too.
SLACK_S = 5
LEASE_S = 15.0
README_ROW = re.compile(r"^\| ([^|]+?) \| \d+ \| (\d+) \|", re.MULTILINE)
FLOW_MODS = re.compile(r"(\d+) flows added, (\d+) deleted$", re.MULTILINE)
SEQUENCE = re.compile(r"icmp_seq=(\d+) ttl")
STREAM_PORT = "5001"
ECHO = """
import socket, sys
peer, _ = socket.create_server(("", int(sys.argv[1]))).accept()
while data := peer.recv(100):
    peer.sendall(data)
"""
STREAM = """
import itertools, socket, sys, time
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
for number in itertools.count():
    peer.sendall(b"?")
    if not peer.recv(1):
        sys.exit("the connection was closed")
    print(number, flush=True)
    time.sleep(0.02)
"""


@dataclass
class Row:
    """What one fault cost."""

    fault: str
    sent: int = 0
    lost: int = 0
    leases: int = 0
    refused: int = 0
    flow_mods: int = 0
    recovery_s: float = 0.0


@dataclass
class Site:
    """Two VMs on two hosts that ping each other, and a third that asks for a lease every second.

    One TCP connection between the two lives as long as the site.
    """

    world: World
    pinger: NamespaceVm
    pinged: NamespaceVm
    asker: NamespaceVm
    rows: list[Row] = field(default_factory=list)

    @contextmanager
    def during(self, fault: str, same_ports: bool = True, lease_s: float = LEASE_S) -> Iterator[Row]:
        """Have traffic flow while a fault happens; then wait for the desired state, and note what it cost.

        The desired state is the one before, unless the fault leaves other ports than there were. A lease that
        has not come after `lease_s` seconds is one that was refused.
        """
        row = Row(fault)
        desired = self.installed()
        logged = len(self.world.controller.log)
        address = str(self.pinged.addresses()[0].ip)
        log = self.pinger.site.directory("vms", self.pinger.name) / "ping.log"
        log_start = log.stat().st_size if log.exists() else 0
        ping = self.pinger.spawn("ping", ["ping", "-n", "-i", str(1 / PINGS_A_SECOND), address])
        wait_until(lambda: log.stat().st_size > log_start, PATIENCE_S, "the first answer")
        stop = threading.Event()
        asking = threading.Thread(target=self._ask, args=(row, stop, lease_s))
        asking.start()
        try:
            yield row
            healed = time.monotonic()
            wait_until(lambda: not same_ports or self.has(desired), PATIENCE_S, "the desired state")
            row.recovery_s = time.monotonic() - healed
            streamed = self.streamed()
            wait_until(lambda: self.streamed() > streamed, PATIENCE_S, "the TCP stream to go on")
        finally:
            stop.set()
            asking.join()
            ping.end(signal.SIGINT)
        row.sent, row.lost = _sent_and_lost(log.read_text()[log_start:])
        found = FLOW_MODS.findall(self.world.controller.log[logged:])
        row.flow_mods = sum(int(added) + int(deleted) for added, deleted in found)
        self.rows.append(row)
        assert row.lost <= most_lost(fault)

    def start_stream(self) -> None:
        """Open the connection."""
        self.pinged.spawn("echo", [sys.executable, "-c", ECHO, STREAM_PORT])
        listening = ["ss", "-Htln", f"sport = :{STREAM_PORT}"]
        wait_until(lambda: self.pinged.run(listening).stdout, PATIENCE_S, "the echo")
        address = str(self.pinged.addresses()[0].ip)
        self.pinger.spawn("stream", [sys.executable, "-c", STREAM, address, STREAM_PORT])
        wait_until(self.streamed, PATIENCE_S, "the TCP stream")

    def streamed(self) -> int:
        """Give how many octets have gone there and back on the connection."""
        log = self.pinger.site.directory("vms", self.pinger.name) / "stream.log"
        return log.read_text().count("\n") if log.exists() else 0

    def installed(self) -> dict[str, list[str]]:
        """Give all flows of all hosts. Raises LabError where a switch is away."""
        return {
            f"{host.name}/{bridge}": flows(host, bridge)
            for host in self.world.lab.hosts.values()
            for bridge in ("br-int", "br-eth2")
        }

    def has(self, desired: dict[str, list[str]]) -> bool:
        """Tell whether all switches are there and have these flows."""
        try:
            return self.installed() == desired
        except LabError:
            return False

    def _ask(self, row: Row, stop: threading.Event, lease_s: float) -> None:
        while not stop.is_set():
            try:
                self.asker.udhcpc(timeout_s=lease_s)
                row.leases += 1
            except LabError:
                row.refused += 1
            stop.wait(1)


def most_lost(fault: str) -> int:
    """Give how many pings a fault may cost: what README says, and where that is not nothing, some slack."""
    documented = {name: int(lost) for name, lost in README_ROW.findall((TOP / "README.md").read_text())}
    assert fault in documented, f"README's table has no row {fault!r}"
    return documented[fault] and documented[fault] + SLACK_S * PINGS_A_SECOND


def _sent_and_lost(ping: str) -> tuple[int, int]:
    """Count by sequence numbers: what was under way when ping was ended is not lost."""
    answered = {int(number) for number in SEQUENCE.findall(ping)}
    return max(answered), max(answered) - len(answered)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    options = {"DEFAULT": f"audit_interval = {AUDIT_INTERVAL_S}"}
    with Lab.up(lab_name("faults"), hosts=2, state_dir=tmp_path_factory.mktemp("faults")) as lab:
        world = World(lab, LabController(lab, API_PORT + 1, options))
        lab.connect()
        world.start_controller()
        network = world.network()
        pinger, pinged, asker = (world.launch(host, network) for host in (1, 2, 1))
        world.dhcp_port(network)
        for vm in (pinger, pinged, asker):
            vm.udhcpc()
        made = Site(world, pinger, pinged, asker)
        made.start_stream()
        yield made
        print(_table(made.rows))
        world.controller.stop()


def _table(rows: list[Row]) -> str:
    lines = ["", "| fault | pings sent | lost | leases | none | flow-mods | desired state after |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    for row in rows:
        lines.append(
            f"| {row.fault} | {row.sent} | {row.lost} | {row.leases} | {row.refused} | {row.flow_mods} "
            f"| {row.recovery_s:.2f} s |"
        )
    return "\n".join(lines)
