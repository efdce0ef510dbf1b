"""TCP between two hosts of the lab over tunnels of each type, in turns with a VLAN and with OVN's Geneve.

    python -m tests.bench.tunnels [--rounds 10] [--seconds 3]

prints a table and writes it to `tests/bench/results/tunnels.md`. The datapath is the one that the lab has,
Open vSwitch's own in user space. What a second brings on a busy machine is chance: what the switches do in a
second of processor time says more of it then.
"""

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path

from tests.bench.traffic import programs
from tests.bench.traffic.ovn import MTU, OvnSite, ovn_site
from tests.bench.traffic.site import Pair, Site, site

RESULTS = Path(__file__).parent / "results"
KINDS = ("vlan", "vxlan", "gre", "geneve")
OVN = "OVN's geneve"
BARS = {"vxlan": 0.85, "geneve": 0.85}  # of a VLAN


def pair(on: Site, kind: str) -> Pair:
    """Make a network of a type, and two machines in it."""
    attributes = {"provider:network_type": kind, "port_security_enabled": False, "mtu": MTU}
    attributes |= {"provider:physical_network": "default"} if kind == "vlan" else {}
    return on.pair("10.1.0.0/24", name=kind, **attributes)


@dataclass(frozen=True)
class Figure:
    """Octets of one stream, by second, and by second of processor time of the switches of both hosts."""

    by_second: float
    by_processor_second: float


def figure(on: Site | OvnSite, made: Pair, seconds: float) -> Figure:
    """Send for so long."""
    before = on.processor_s()
    by_second = made.figure(programs.STREAM, seconds)
    return Figure(by_second, by_second * seconds / (on.processor_s() - before))


def report(measured: dict[str, list[Figure]], rounds: int) -> tuple[str, bool]:
    """Give the table, and whether all bars are reached."""
    lines, reached = [], True
    for kind, figures in measured.items():
        speed, ratio = _of_vlan(figures, measured["vlan"], attrgetter("by_second"))
        spent, spent_ratio = _of_vlan(figures, measured["vlan"], attrgetter("by_processor_second"))
        bar = BARS.get(kind)
        good = bar is None or ratio >= bar
        reached &= good
        shown = f"≥ {bar} | {'yes' if good else 'no'}" if bar else "- | -"
        lines.append(f"| {kind} | {speed:,.1f} | {ratio:.2f} | {shown} | {spent:,.1f} | {spent_ratio:.2f} |")
    head = (
        "| | MB/s | of VLAN | bar | reached | MB a processor second of the switches | of VLAN |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    )
    when = f"{datetime.now(UTC):%Y-%m-%d}, load average {os.getloadavg()[0]:.1f}"
    title = f"# TCP over tunnels\n\nMedians of {rounds} rounds in turns, MTU {MTU}, {when}.\n"
    return "\n".join((title, *head, *lines)) + "\n", reached


def _of_vlan(
    figures: list[Figure], vlan: list[Figure], one: Callable[[Figure], float]
) -> tuple[float, float]:
    """Give the median, in millions, and that of the ratios to a VLAN in the same round."""
    ratio = statistics.median(one(a) / one(b) for a, b in zip(figures, vlan, strict=True))
    return statistics.median(map(one, figures)) / 1e6, ratio


def main(arguments: list[str]) -> int:
    """Run the benchmark; give 0 if all bars are reached."""
    parser = argparse.ArgumentParser(prog="tests.bench.tunnels", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=3.0)
    parsed = parser.parse_args(arguments)
    subprocess.run([str(RESULTS.parent / "debian-packages")], check=True)  # OVN's
    with site(underlay=True) as on, ovn_site() as other:
        pairs: dict[str, tuple[Site | OvnSite, Pair]] = {kind: (on, pair(on, kind)) for kind in KINDS}
        # As many machines as beside ours: a switch in user space asks each of their ports in turn.
        *_, last = [other.pair(f"10.2.{number}.0/24", guarded=False) for number in range(len(KINDS))]
        pairs[OVN] = other, last
        measured: dict[str, list[Figure]] = {kind: [] for kind in pairs}
        for _ in range(parsed.rounds):
            for kind, (where, made) in pairs.items():
                measured[kind].append(figure(where, made, parsed.seconds))
    text, reached = report(measured, parsed.rounds)
    print(text)
    RESULTS.joinpath("tunnels.md").write_text(text)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
