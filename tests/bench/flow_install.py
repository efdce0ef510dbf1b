"""How fast flows are put on a real bridge and read back, beside `ovs-ofctl`.

    python -m tests.bench.flow_install [--flows 40000] [--rounds 7]

starts an Open vSwitch of its own with a dummy datapath and no system module, prints a table and writes it to
`tests/bench/results/flow_install.md`. The rounds of both sides alternate; each begins with an empty flow
table. Ours is the controller's own way: difference, one bundle with a barrier over its own connection, and
reading by cookie. `ovs-ofctl` takes the same flows as text. What stands after either is compared.
"""

import argparse
import os
import signal
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore", message="\\s*Eventlet is deprecated")
from osken_apps.apps import runtime  # noqa: E402

runtime.install()  # as `osken_apps.cli` does

import eventlet  # noqa: E402
from eventlet.event import Event  # noqa: E402
from eventlet.green import subprocess  # noqa: E402 (the connection must answer probes meanwhile)

from osken_apps.apps.connection import Connection  # noqa: E402
from osken_apps.apps.openflow import OpenFlowServer  # noqa: E402
from osken_apps.apps.switch_requests import read_flows, send_bundle  # noqa: E402
from osken_apps.model.addresses import mac_address  # noqa: E402
from osken_apps.model.dhcp_service import DhcpServer  # noqa: E402
from osken_apps.model.snapshot import BoundPort, HostSnapshot, Layout, Segment  # noqa: E402
from osken_apps.openflow.codec import FlowKey  # noqa: E402
from osken_apps.openflow.difference import difference  # noqa: E402
from osken_apps.openflow.events import FlowsChanged  # noqa: E402
from osken_apps.openflow.wire import FlowBody  # noqa: E402
from osken_apps.pipeline.desired import FlowEncoder, desired_flows  # noqa: E402

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
BRIDGE = "br-int"
LAYOUT = Layout(BRIDGE, (("default", "br-eth2"),))
START_TIMEOUT_S = 20.0
FLOWS_OF_A_PORT = 4
NETWORKS = 100
PROBE_MS = 60_000  # encoding so many flows at once may take longer than the default on a busy machine
INSTALL_BAR, READ_BAR = 1.0, 2.0
RESULTS = Path(__file__).parent / "results"

Flows = dict[FlowKey, FlowBody]


@dataclass(frozen=True)
class Switch:
    """An Open vSwitch of this benchmark, with one bridge."""

    directory: Path

    def run(self, *command: str, into: Any = subprocess.PIPE) -> None:
        """Run a command against it. Raises RuntimeError with what it said."""
        environment = os.environ | {"OVS_RUNDIR": str(self.directory)}
        done = subprocess.run(command, check=False, stdout=into, stderr=subprocess.PIPE, env=environment)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode()}")

    def ofctl(self, *arguments: str, into: Any = subprocess.PIPE) -> None:
        """Run ovs-ofctl with OpenFlow 1.4."""
        self.run("ovs-ofctl", "-O", "OpenFlow14", *arguments, into=into)

    def dump(self) -> list[str]:
        """Give the flow table as sorted text, in the words of OpenFlow 1.0 whoever installed it."""
        path = self.directory / "compared.txt"
        with path.open("wb") as text:
            self.run("ovs-ofctl", "--no-stats", "dump-flows", BRIDGE, into=text)
        return sorted(path.read_text().splitlines()[1:])

    def vsctl(self, *arguments: str) -> None:
        """Run ovs-vsctl."""
        self.run("ovs-vsctl", f"--db=unix:{self.directory}/db.sock", *arguments)


@dataclass
class Times:
    """Seconds of each round, by what was done."""

    install_ours: list[float] = field(default_factory=list)
    encode_ours: list[float] = field(default_factory=list)
    install_ofctl: list[float] = field(default_factory=list)
    read_ours: list[float] = field(default_factory=list)
    read_ofctl: list[float] = field(default_factory=list)


class Watcher:
    """Tells of the first switch that finished its handshake."""

    def __init__(self) -> None:
        self.first: Event = Event()

    def connected(self, connection: Connection) -> None:
        """Take a switch."""
        if not self.first.ready():
            self.first.send(connection)

    def ports_changed(self, _connection: Connection) -> None:
        """Have no use for ports."""

    def flows_changed(self, _connection: Connection, _what: FlowsChanged) -> None:
        """Have no use for what others do."""

    def disconnected(self, _connection: Connection) -> None:
        """Have no use for what went."""


@contextmanager
def open_vswitch() -> Iterator[Switch]:
    """Run an Open vSwitch with a dummy datapath, in a directory of its own."""
    with tempfile.TemporaryDirectory(prefix="osken-flows-") as name:
        directory = Path(name)
        switch = Switch(directory)
        switch.run("ovsdb-tool", "create", f"{name}/conf.db", SCHEMA)
        remote, options = f"unix:{name}/db.sock", ["--log-file=/dev/null", "--no-chdir"]
        database = ["ovsdb-server", f"{name}/conf.db", f"--remote=p{remote}", f"--unixctl={name}/db.ctl"]
        vswitchd = ["ovs-vswitchd", remote, "--enable-dummy=override", "--disable-system"]
        vswitchd.append(f"--unixctl={name}/switch.ctl")
        started: list[subprocess.Popen[bytes]] = []
        try:
            started.append(_start(switch, [*database, *options], "db.sock"))
            started.append(_start(switch, [*vswitchd, *options], "switch.ctl"))
            switch.vsctl(
                "add-br", BRIDGE, "--", "set", "bridge", BRIDGE, "datapath_type=dummy", "fail_mode=secure"
            )
            yield switch
        finally:
            for process in reversed(started):
                process.send_signal(signal.SIGTERM)
                process.wait(START_TIMEOUT_S)


def _start(switch: Switch, command: list[str], awaited: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"OVS_RUNDIR": str(switch.directory)}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)
    limit = time.monotonic() + START_TIMEOUT_S
    while not (switch.directory / awaited).exists():
        if time.monotonic() > limit:
            process.kill()
            raise RuntimeError(f"{command[0]} did not start")
        time.sleep(0.05)
    return process


def connect(switch: Switch) -> Connection:
    """Have the bridge dial the controller's own OpenFlow server; give the connection."""
    listener = eventlet.listen(("127.0.0.1", 0))
    watcher = Watcher()
    OpenFlowServer(listener, watcher).start()
    target = f"tcp:127.0.0.1:{listener.getsockname()[1]}"
    settings = ("connection_mode=out-of-band", f"inactivity_probe={PROBE_MS}")
    switch.vsctl("set-controller", BRIDGE, target, "--", "set", "controller", BRIDGE, *settings)
    with eventlet.Timeout(START_TIMEOUT_S):
        connection: Connection = watcher.first.wait()
    return connection


def host_of(flows: int) -> HostSnapshot:
    """Make a host whose integration bridge has about so many flows."""
    segments = tuple(Segment(f"net{n}", "default", 1000 + n, 1 + n) for n in range(NETWORKS))
    servers = [_server(n) for n in range(NETWORKS)]
    ports = tuple(
        BoundPort(
            port_id=f"port{n}",
            mac_address=mac_address(0xFA163E000000 + n),
            interface=f"tap{n}",
            ofport=2 + n,
            segment=segments[n % NETWORKS],
            has_dhcp=True,
            server=servers[n % NETWORKS],
        )
        for n in range(flows // FLOWS_OF_A_PORT)
    )
    return HostSnapshot("host1", {BRIDGE: {"int-br-eth2": 1}}, segments, ports, max_meters=0)


def _server(network: int) -> DhcpServer:
    address = IPv4Address(0x0A000002 + (network << 16))
    return DhcpServer(mac_address(0xFA163F000000 + network), (address,))


def measure(switch: Switch, flows: int, rounds: int) -> tuple[int, Times]:
    """Alternate both ways; give the number of flows and the times. Raises RuntimeError if they differ."""
    host, times = host_of(flows), Times()
    text = switch.directory / "flows.txt"
    text.write_text("".join(f"{flow.text()}\n" for flow in desired_flows(BRIDGE, LAYOUT, host)))
    connection = connect(switch)
    for _ in range(rounds):
        flows_made = _measure_ours(switch, connection, host, times)
        shown = switch.dump()
        switch.ofctl("del-flows", BRIDGE)
        times.install_ofctl.append(_seconds(lambda: switch.ofctl("--bundle", "add-flows", BRIDGE, str(text))))
        if switch.dump() != shown:
            raise RuntimeError("ovs-ofctl installed other flows")
    return flows_made, times


def _measure_ours(switch: Switch, connection: Connection, host: HostSnapshot, times: Times) -> int:
    switch.ofctl("del-flows", BRIDGE)
    wanted: Flows = {}
    times.encode_ours.append(_seconds(lambda: wanted.update(FlowEncoder().flows(BRIDGE, LAYOUT, host))))
    times.install_ours.append(_seconds(lambda: send_bundle(connection, difference({}, wanted))))
    read: Flows = {}
    times.read_ours.append(_seconds(lambda: read.update(read_flows(connection))))
    with (switch.directory / "dump.txt").open("wb") as dump:
        times.read_ofctl.append(_seconds(lambda: switch.ofctl("dump-flows", BRIDGE, into=dump)))
    if read != wanted:
        raise RuntimeError("what was read back is not what was sent")
    return len(read)


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def table(flows: int, times: Times) -> tuple[str, bool]:
    """Give the table as Markdown, and whether every bar is met."""
    rows = [("install", times.install_ours, times.install_ofctl, INSTALL_BAR)]
    rows += [("read back", times.read_ours, times.read_ofctl, READ_BAR)]
    lines = [f"| {flows} flows | ours, s | ovs-ofctl, s | ratio | bar | reached |", f"|{' --- |' * 6}"]
    reached = True
    for name, ours, theirs, bar in rows:
        ratio = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
        reached &= ratio <= bar
        verdict = "yes" if ratio <= bar else "NO"
        medians = f"{statistics.median(ours):.3f} | {statistics.median(theirs):.3f}"
        lines.append(f"| {name} | {medians} | {ratio:.2f} | ≤ {bar} | {verdict} |")
    encode_s = statistics.median(times.encode_ours)
    lines.append(f"| making and encoding them, from a host's snapshot | {encode_s:.3f} | | | | |")
    return "\n".join(lines), reached


def main(arguments: list[str]) -> int:
    """Run the benchmark; give 0 if every bar is met."""
    parser = argparse.ArgumentParser(prog="tests.bench.flow_install", description=__doc__.splitlines()[0])
    parser.add_argument("--flows", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=7)
    parsed = parser.parse_args(arguments)
    with open_vswitch() as switch:
        text, reached = table(*measure(switch, parsed.flows, parsed.rounds))
    print(text)
    measured = f"Medians of {parsed.rounds} rounds, {datetime.now(UTC).date()}."
    (RESULTS / "flow_install.md").write_text(f"# Flows on a real bridge\n\n{measured}\n\n{text}\n")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
