"""TCP between two hosts of the lab over tunnels of each type, in turns with a VLAN and with OVN's Geneve.

    python -m tests.bench.tunnels [--rounds 10] [--seconds 3]

prints a table and writes it to `tests/bench/results/tunnels.md`. The datapath is the one that the lab has,
Open vSwitch's own in user space.
"""

import argparse
import statistics
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.traffic import programs
from tests.bench.traffic.ovn import MTU, ovn_site
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


def report(measured: dict[str, list[float]], rounds: int) -> tuple[str, bool]:
    """Give the table, and whether all bars are reached."""
    lines, reached = [], True
    for kind in measured:
        ratio = statistics.median(a / b for a, b in zip(measured[kind], measured["vlan"], strict=True))
        bar = BARS.get(kind)
        good = bar is None or ratio >= bar
        reached &= good
        shown = f"≥ {bar} | {'yes' if good else 'no'}" if bar else "- | -"
        lines.append(f"| {kind} | {statistics.median(measured[kind]) / 1e6:,.1f} | {ratio:.2f} | {shown} |")
    head = ("| | MB/s | of VLAN | bar | reached |", "| --- | --- | --- | --- | --- |")
    when = f"{datetime.now(UTC):%Y-%m-%d}"
    title = f"# TCP over tunnels\n\nMedians of {rounds} rounds in turns, MTU {MTU}, {when}.\n"
    return "\n".join((title, *head, *lines)) + "\n", reached


def main(arguments: list[str]) -> int:
    """Run the benchmark; give 0 if all bars are reached."""
    parser = argparse.ArgumentParser(prog="tests.bench.tunnels", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=3.0)
    parsed = parser.parse_args(arguments)
    subprocess.run([str(RESULTS.parent / "debian-packages")], check=True)  # OVN's
    with site(underlay=True) as on, ovn_site() as other:
        pairs = {kind: pair(on, kind) for kind in KINDS}
        pairs[OVN] = other.pair("10.2.0.0/24", guarded=False)
        measured: dict[str, list[float]] = {kind: [] for kind in pairs}
        for _ in range(parsed.rounds):
            for kind, made in pairs.items():
                measured[kind].append(made.figure(programs.STREAM, parsed.seconds))
    text, reached = report(measured, parsed.rounds)
    print(text)
    RESULTS.joinpath("tunnels.md").write_text(text)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
