"""Measure what seeing costs, and write it to `tests/bench/results/seeing.md`.

    python -m tests.bench.seeing [--hosts 1000] [--hours 1] [--rounds 15] [--no-write]

asks over 1,000 simulated hosts with 50,000 ports, which is what the bars are for (some 2 GiB, a minute until
they stand), then what fifty dashboards ask in an hour, as fast as it is answered; then lets fifty dashboards
follow beside DHCP behind Open vSwitch (root). The status is 1 if a bar is missed.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.seeing import asking, beside_dhcp
from tests.bench.seeing.asking import EXPLAIN_BAR_MS, GROWTH_BAR_MIB, HOSTS, MIB, Asked
from tests.bench.seeing.beside_dhcp import BAR, DASHBOARDS, Beside

RESULTS = Path(__file__).parents[1] / "results" / "seeing.md"


def table(asked: Asked, beside: Beside, hours: float) -> str:
    """Write the figures down."""
    grown = asked.growth_mib
    lines = [
        "# What seeing costs",
        "",
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}: `python -m"
        f" tests.bench.seeing --hosts {asked.size.hosts} --hours {hours:g}`. {asked.size.hosts:,} simulated"
        f" hosts with {asked.size.ports:,} ports; one client asks; milliseconds.{_not_whole(asked)}",
        "",
        f"| question | median | 95 of 100 within (bar {EXPLAIN_BAR_MS:.0f}) | processor: controller | REST |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {each.name} | {each.median_ms:.1f} | {each.p95_ms:.1f} |"
            f" {each.cpu_ms[0]:.1f} | {each.cpu_ms[1]:.1f} |"
            for each in asked.answers
        ),
        "",
        f"All that {DASHBOARDS} dashboards and those before them ask in {hours:g} hours, as fast as it is"
        " answered: after each third the controller takes"
        f" {_mib(each.controller for each in asked.weights)} MiB and the REST process"
        f" {_mib(each.rest for each in asked.weights)}: in the last they grew by"
        f" {grown[0]:.1f} and {grown[1]:.1f} (bar {GROWTH_BAR_MIB:.0f} each).",
        "",
        f"DHCP behind Open vSwitch beside {DASHBOARDS} dashboards: {beside.ratio:.3f} of the exchanges"
        f" without (bar {BAR}; the middle of {len(beside.beside)} rounds, from"
        f" {min(beside.beside):.0f} to {max(beside.beside):.0f} a second); the dashboards had"
        f" {beside.answers} answers, within {beside.longest_ms:.0f} ms.",
    ]
    return "\n".join(lines) + "\n"


def _mib(octets: Iterable[float]) -> str:
    return ", ".join(f"{each / MIB:.1f}" for each in octets)


def _not_whole(asked: Asked) -> str:
    return "" if asked.size.hosts >= HOSTS else f" The bars are for {HOSTS:,} hosts."


def main(arguments: list[str]) -> int:
    """Run the benchmark; the status is 1 if a bar is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hosts", type=int, default=HOSTS)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=beside_dhcp.ROUNDS)
    parser.add_argument("--no-write", action="store_true")
    parsed = parser.parse_args(arguments)
    asked = asking.measure_asking(asking.size_of(parsed.hosts), hours=parsed.hours)
    beside = beside_dhcp.measure(parsed.rounds)
    text = table(asked, beside, parsed.hours)
    print(text)
    if not parsed.no_write:
        RESULTS.write_text(text)
    return int(not (asked.is_good and beside.is_good))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
