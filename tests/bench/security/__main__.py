"""Guarded and unguarded traffic between two hosts of the lab, in turns, and what a change of rules takes.

    python -m tests.bench.security [--rounds 5] [--seconds 3]

prints a table and writes it to `tests/bench/results/security.md`. The machines are namespaces; the datapath
is the one that the lab has, Open vSwitch's own in user space, where a packet costs most.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from osken_apps.lab import Lab, NamespaceVm, processes, wait_until
from osken_apps.lab.controller import LabController
from tests.bench.security import group, traffic
from tests.slot import lab_name, slot_port

RESULTS = Path(__file__).parent.parent / "results"
TICKS = 100.0  # a second; proc(5)
THROUGHPUT_BAR, CONNECTIONS_BAR, PROCESSOR_BAR = 0.9, 0.85, 1.1
FLOWS_BAR, INSTALL_BAR_MS, REVOCATION_BAR_MS = 2300, 15.0, 10.0
SETTLE_S = 0.3  # no datagram for so long: they were stopped


@dataclass(frozen=True)
class Line:
    """A line of the table."""

    what: str
    figures: str
    ratio: float
    bar: str
    reached: bool


@dataclass
class Pair:
    """Two machines of a network, one on each host, and what was measured between them."""

    client: NamespaceVm
    server: NamespaceVm
    address: str
    octets: list[float]
    connections: list[float]
    processor: list[float]  # seconds of both switches for a gigabyte


class Site:
    """A lab of two hosts with a guarded network and one without guards."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.lab = lab
        self.controller = LabController(lab, slot_port(19796))
        lab.connect()
        self.controller.start()
        for host in lab.hosts.values():
            host.ovs.wait_connected()
        self.api = self.controller.api

    def pair(self, cidr: str, guarded: bool) -> Pair:
        """Make a network and two machines in it; TCP and UDP come in to those that are guarded."""
        network = self.api.create("network", name="n", port_security_enabled=guarded)
        self.api.create("subnet", network_id=network["id"], cidr=cidr, ip_version=4)
        client, server = (self._launch(number, network) for number in (1, 2))
        client.udhcpc()
        address = server.udhcpc().variables["ip"]
        server.spawn("sink", [sys.executable, "-c", traffic.SINK, str(traffic.PORT)])
        return Pair(client, server, address, [], [], [])

    def _launch(self, number: int, network: dict[str, Any]) -> NamespaceVm:
        port = self.api.create("port", network_id=network["id"])
        vm = self.lab.hosts[f"host{number}"].plug(port["id"], port["mac_address"])

        def active() -> bool:
            return bool(self.api.show("port", port["id"])["status"] == "ACTIVE")

        wait_until(active, 10, "the port to be ACTIVE")
        return vm

    def processor_s(self) -> float:
        """Give the processor time that the switches of both hosts have used."""
        found = (processes.find(self.lab.site, f"{host}.ovs-vswitchd") for host in self.lab.hosts)
        pids = [process.pid for process in found if process]
        assert len(pids) == len(self.lab.hosts)
        fields = (Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split() for pid in pids)
        return sum((int(user) + int(system)) / TICKS for *_, user, system in (list(of)[:13] for of in fields))


def measure(site: Site, pair: Pair, seconds: float) -> None:
    """Measure one round of a pair."""
    before = site.processor_s()
    octets = figure(pair, traffic.STREAM, seconds)
    pair.processor.append((site.processor_s() - before) / (octets * seconds / 1e9))
    pair.octets.append(octets)
    pair.connections.append(figure(pair, traffic.CONNECT, seconds))


def figure(pair: Pair, program: str, seconds: float) -> float:
    command = [sys.executable, "-c", program, pair.address, str(traffic.PORT), str(seconds)]
    return float(pair.client.run(command, timeout_s=seconds + 30).stdout)


def compare(guarded: Pair, free: Pair) -> list[Line]:
    """Give the lines of the traffic: the ratio is the median of those of the rounds."""
    made: list[tuple[str, Callable[[Pair], list[float]], str, float, bool]] = [
        ("TCP, MB/s", lambda pair: [octets / 1e6 for octets in pair.octets], "≥", THROUGHPUT_BAR, True),
        ("new connections a second", lambda pair: pair.connections, "≥", CONNECTIONS_BAR, True),
        ("processor time of both switches, s/GB", lambda pair: pair.processor, "≤", PROCESSOR_BAR, False),
    ]
    lines = []
    for what, of, sign, bar, more in made:
        ratio = statistics.median(a / b for a, b in zip(of(guarded), of(free), strict=True))
        figures = f"{statistics.median(of(guarded)):,.1f} guarded, {statistics.median(of(free)):,.1f} not"
        lines.append(Line(what, figures, ratio, f"{sign} {bar}", ratio >= bar if more else ratio <= bar))
    return lines


def revocation(site: Site, pair: Pair, rounds: int) -> Line:
    """Take the rule away that lets datagrams pass; tell how long after the API's answer one still came."""
    group_id = site.api.create("security_group", name="asked")["id"]
    port = site.api.show("port", pair.server.port_id)
    site.api.update("port", port["id"], security_groups=[group_id])
    answers = pair.server.spawn("answer", [sys.executable, "-c", traffic.ANSWER, "5002"])
    asks = pair.client.spawn("ask", [sys.executable, "-c", traffic.ASK, pair.address, "5002"])
    logs = [vm.site.directory("vms", vm.name) / f"{name}.log"
            for vm, name in ((pair.server, "answer"), (pair.client, "ask"))]  # fmt: skip
    late = []
    for _ in range(rounds):
        rule = site.api.create(
            "security_group_rule", security_group_id=group_id, direction="ingress", protocol="udp"
        )
        began = time.monotonic()
        wait_until(lambda began=began: all(last(log) > began for log in logs), 10, "answers")
        site.api.delete("security_group_rule", rule["id"])
        told = time.monotonic()
        wait_until(lambda: all(time.monotonic() - last(log) > SETTLE_S for log in logs), 10, "silence")
        late.append(max(0.0, *(last(log) - told for log in logs)) * 1000)
    for process in (asks, answers):
        process.end()
    site.api.update("port", port["id"], security_groups=port["security_groups"])
    worst = max(late)
    return Line(
        "last datagram, either way, after the API has answered that the rule is gone, ms, worst of rounds",
        f"{worst:.1f}", worst, f"≤ {REVOCATION_BAR_MS:g}", worst <= REVOCATION_BAR_MS,
    )  # fmt: skip


def last(log: Path) -> float:
    """Give the time that a machine noted last; 0 if none."""
    *_, newest, _rest = ["0", *log.read_text().split("\n")]
    return float(newest)


def of_group(rounds: int) -> list[Line]:
    """Give the lines of a host of 50 ports in a group of 1,000."""
    flows, installed = group.install_ms(rounds)
    what = f"{group.PORTS} ports with a group of {group.MEMBERS:,}: "
    return [
        Line(f"{what}flows", f"{flows:,}", flows, f"≤ {FLOWS_BAR:,}", flows <= FLOWS_BAR),
        Line(f"{what}bundle, ms", f"{installed:.1f}", installed, f"≤ {INSTALL_BAR_MS:g}",
             installed <= INSTALL_BAR_MS),
    ]  # fmt: skip


def table(lines: list[Line], rounds: int) -> str:
    """Give the report."""
    rows = (
        f"| {line.what} | {line.figures} | {line.ratio:,.2f} | {line.bar} |"
        f" {'yes' if line.reached else 'no'} |"
        for line in lines
    )
    head = ("| | measured | to compare | bar | reached |", "| --- | --- | --- | --- | --- |")
    title = f"# What guards cost\n\nMedians of {rounds} rounds in turns, {datetime.now(UTC):%Y-%m-%d}.\n"
    return "\n".join((title, *head, *rows)) + "\n"


def main(arguments: list[str]) -> int:
    """Run the benchmark; give 0 if all bars are reached."""
    parser = argparse.ArgumentParser(prog="tests.bench.security", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parsed = parser.parse_args(arguments)
    lines = of_group(parsed.rounds)
    with tempfile.TemporaryDirectory() as name, Lab.up(lab_name("guard"), 2, Path(name) / "lab") as lab:
        site = Site(lab, Path(name))
        try:
            guarded, free = site.pair("10.1.0.0/24", True), site.pair("10.2.0.0/24", False)
            for _ in range(parsed.rounds):
                for pair in (guarded, free):
                    measure(site, pair, parsed.seconds)
            lines = [*compare(guarded, free), revocation(site, guarded, parsed.rounds), *lines]
        finally:
            site.controller.stop()
    report = table(lines, parsed.rounds)
    print(report)
    RESULTS.joinpath("security.md").write_text(report)
    return 0 if all(line.reached for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
