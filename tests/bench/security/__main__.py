"""Guarded and unguarded traffic between two hosts of the lab, in turns, and what a change of rules takes.

    python -m tests.bench.security [--rounds 5] [--seconds 3]

prints a table and writes it to `tests/bench/results/security.md`. The machines are namespaces; the datapath
is the one that the lab has, Open vSwitch's own in user space, where a packet costs most.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from osken_apps.lab import wait_until
from tests.bench.dhcp import bars, turns
from tests.bench.dhcp.ours import Ours, OursGuarded
from tests.bench.security import group
from tests.bench.traffic import programs
from tests.bench.traffic.ovn import OvnSite, ovn_site
from tests.bench.traffic.site import Pair, Site, site

RESULTS = Path(__file__).parent.parent / "results"
THROUGHPUT_BAR, CONNECTIONS_BAR, PROCESSOR_BAR = 0.9, 0.85, 1.1
FLOWS_BAR, INSTALL_BAR_MS, REVOCATION_BAR_MS = 2300, 15.0, 10.0
DHCP_BAR = 0.95
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
class Measured:
    """What was measured between the machines of a pair, a figure a round."""

    pair: Pair
    octets: list[float] = field(default_factory=list)
    connections: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)  # seconds of both switches for a gigabyte


def stream(on: Site | OvnSite, measured: Measured, seconds: float) -> None:
    """Measure TCP between a pair for one round."""
    before = on.processor_s()
    octets = measured.pair.figure(programs.STREAM, seconds)
    measured.processor.append((on.processor_s() - before) / (octets * seconds / 1e9))
    measured.octets.append(octets)


def measure(on: Site, measured: Measured, seconds: float) -> None:
    """Measure one round of a pair."""
    stream(on, measured, seconds)
    measured.connections.append(measured.pair.figure(programs.CONNECT, seconds))


def compare(guarded: Measured, free: Measured) -> list[Line]:
    """Give the lines of the traffic: the ratio is the median of those of the rounds."""
    made: list[tuple[str, Callable[[Measured], list[float]], str, float, bool]] = [
        ("TCP, MB/s", lambda of: [octets / 1e6 for octets in of.octets], "≥", THROUGHPUT_BAR, True),
        ("new connections a second", lambda of: of.connections, "≥", CONNECTIONS_BAR, True),
        ("processor time of both switches, s/GB", lambda of: of.processor, "≤", PROCESSOR_BAR, False),
    ]
    lines = []
    for what, of, sign, bar, more in made:
        ratio = statistics.median(a / b for a, b in zip(of(guarded), of(free), strict=True))
        figures = f"{statistics.median(of(guarded)):,.1f} guarded, {statistics.median(of(free)):,.1f} not"
        lines.append(Line(what, figures, ratio, f"{sign} {bar}", ratio >= bar if more else ratio <= bar))
    return lines


def of_ovn(rounds: int, seconds: float) -> list[Line]:
    """Give the lines of OVN: what its access lists cost beside its own traffic without, over Geneve."""
    with ovn_site() as on:
        guarded, free = (Measured(on.pair(f"10.{at}.0.0/24", guarded=at == 1)) for at in (1, 2))
        for _ in range(rounds):
            for measured in (guarded, free):
                stream(on, measured, seconds)
    pairs = (
        ("TCP, MB/s", [octets / 1e6 for octets in guarded.octets], [octets / 1e6 for octets in free.octets]),
        ("processor time of both switches, s/GB", guarded.processor, free.processor),
    )
    return [
        Line(
            f"OVN's access lists: {what}",
            f"{statistics.median(ours):,.1f} with, {statistics.median(theirs):,.1f} without",
            statistics.median(a / b for a, b in zip(ours, theirs, strict=True)),
            "-",
            True,
        )
        for what, ours, theirs in pairs
    ]


def revocation(on: Site, pair: Pair, rounds: int) -> Line:
    """Take the rule away that lets datagrams pass; tell how long after the API's answer one still came."""
    group_id = on.api.create("security_group", name="asked")["id"]
    port = on.api.show("port", pair.server.port_id)
    on.api.update("port", port["id"], security_groups=[group_id])
    answers = pair.server.spawn("answer", [sys.executable, "-c", programs.ANSWER, "5002"])
    asks = pair.client.spawn("ask", [sys.executable, "-c", programs.ASK, pair.address, "5002"])
    logs = [vm.site.directory("vms", vm.name) / f"{name}.log"
            for vm, name in ((pair.server, "answer"), (pair.client, "ask"))]  # fmt: skip
    late = []
    for _ in range(rounds):
        rule = on.api.create(
            "security_group_rule", security_group_id=group_id, direction="ingress", protocol="udp"
        )
        began = time.monotonic()
        wait_until(lambda began=began: all(last(log) > began for log in logs), 10, "answers")
        on.api.delete("security_group_rule", rule["id"])
        told = time.monotonic()
        wait_until(lambda: all(time.monotonic() - last(log) > SETTLE_S for log in logs), 10, "silence")
        late.append(max(0.0, *(last(log) - told for log in logs)) * 1000)
    for process in (asks, answers):
        process.end()
    on.api.update("port", port["id"], security_groups=port["security_groups"])
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


def behind_guard(seconds: float) -> Line:
    """Give the line of DHCP: exchanges of guarded ports beside those of others."""
    results = turns.in_turns(Ours, OursGuarded, seconds=seconds)
    what = f"exchanges/{turns.CLIENTS}"
    ratio = bars.ratio(results, what, OursGuarded.name, Ours.name) or 0.0
    guarded, free = (results.median(what, kind.name) or 0 for kind in (OursGuarded, Ours))
    return Line(
        f"DHCP exchanges a second, {turns.CLIENTS} clients", f"{guarded:,.0f} guarded, {free:,.0f} not",
        ratio, f"≥ {DHCP_BAR:g}", ratio >= DHCP_BAR,
    )  # fmt: skip


def table(lines: list[Line], rounds: int) -> str:
    """Give the report."""
    rows = (
        f"| {line.what} | {line.figures} | {line.ratio:,.2f} | {line.bar} |"
        f" {'-' if line.bar == '-' else 'yes' if line.reached else 'no'} |"
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
    subprocess.run([str(RESULTS.parent / "debian-packages")], check=True)  # OVN's
    lines = of_group(parsed.rounds)
    with site() as on:
        guarded = Measured(on.pair("10.1.0.0/24", port_security_enabled=True))
        free = Measured(on.pair("10.2.0.0/24", port_security_enabled=False))
        for _ in range(parsed.rounds):
            for measured in (guarded, free):
                measure(on, measured, parsed.seconds)
        lines = [*compare(guarded, free), revocation(on, guarded.pair, parsed.rounds), *lines]
    lines += [behind_guard(parsed.seconds), *of_ovn(parsed.rounds, parsed.seconds)]
    report = table(lines, parsed.rounds)
    print(report)
    RESULTS.joinpath("security.md").write_text(report)
    return 0 if all(line.reached for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
