"""What guarding costs at scale: the same hosts and ports without and with port security and a default group.

    python -m tests.bench.scale.guarded [--hosts 1000] [--ports-per-host 50] [--new-ports 10]

Each network is a tenant's only one and spans twenty hosts, so that with fifty ports a host its default group
has a thousand members. Prints a table and writes it to `tests/bench/results/scale_guarded.md`.
"""

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from tests.bench.scale import measure, report
from tests.bench.scale.__main__ import site
from tests.bench.scale.controller import Controller
from tests.bench.scale.intent import Size
from tests.bench.scale.measure import ColdStart, Failed, Restart, Site, Total
from tests.bench.scale.new_ports import create_port
from tests.bench.scale.report import MEMORY_BAR_MIB, MIB, Line, at_most

HOSTS_OF_A_NETWORK = 20
QUIET_S = 5.0
POLL_S = 0.05
LONGEST_BAR = 1.3
MEMBER_BAR_S = 1.0
MEMBER_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Measured:
    """One of the two: its cold start, its restart, and what members took to reach the hosts they concern."""

    cold: ColdStart
    warm: Restart
    members_s: tuple[float, ...]


def main(arguments: list[str]) -> int:
    """Run the benchmark; give 0 if every bar is met."""
    parsed = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # ending what was started
    networks = max(1, parsed.hosts // HOSTS_OF_A_NETWORK)
    sizes = [Size(parsed.hosts, networks, parsed.ports_per_host, 1, guarded) for guarded in (False, True)]
    plain, guarded = (measured(size, parsed.new_ports) for size in sizes)
    found = list(lines(plain, guarded))
    text = report.page(f"Scale, guarded: {parsed.hosts} hosts", ["unguarded", "guarded"], found)
    print(text)
    report.write(text, "scale_guarded.md")
    return 0 if all(line.reached for line in found) else 1


def measured(size: Size, new_ports: int, quiet_s: float = QUIET_S) -> Measured:
    """Start a controller with nothing in place, and again with everything; then have members join."""
    with ExitStack() as stack:
        on = site(stack, size)
        with on.controller() as controller:
            cold = measure.cold_start(on, controller, quiet_s)
        with on.controller() as controller:
            warm = measure.restart(on, controller, quiet_s)
            numbers = range(new_ports if size.guarded else 0)
            members = tuple(member_s(on, controller, number % on.hosts.hosts) for number in numbers)
    return Measured(cold, warm, members)


def member_s(on: Site, controller: Controller, host: int) -> float:
    """Give the seconds from asking for a port until all hosts of its network know the new member."""
    tenant = range(host % on.intent.size.tenants, on.hosts.hosts, on.intent.size.tenants)
    on.hosts("take_counts")
    began = time.monotonic()
    create_port(on, controller, host, 0)
    totals = {number: Total() for number in tenant}
    while min(total.flows_at for total in totals.values()) < began:
        if time.monotonic() - began > MEMBER_TIMEOUT_S:
            raise Failed(f"a new member has not reached every host after {MEMBER_TIMEOUT_S} s")
        time.sleep(POLL_S)
        counts = on.hosts("take_counts")
        totals = {number: total.plus([counts[number]]) for number, total in totals.items()}
    return max(total.flows_at for total in totals.values()) - began


def lines(plain: Measured, guarded: Measured) -> Iterator[Line]:
    """Give all lines of the table."""
    both = (plain, guarded)
    flow_mods = [str(one.cold.flow_mods) for one in both]
    yield Line("cold start: flow-mods", flow_mods)
    settled = [one.cold.settled_s for one in both]
    yield Line("cold start: all as desired and ACTIVE, s", [f"{seconds:.1f}" for seconds in settled])
    yield at_most("… guarded beside unguarded, times", [settled[1] / settled[0]], LONGEST_BAR)
    cpu = [f"{one.cold.cpu_s:.1f}, {one.cold.rest_cpu_s:.1f}" for one in both]
    yield Line("… processor time of controller, of REST process, s", cpu)
    yield Line("… load average of the machine meanwhile", [f"{one.cold.load:.1f}" for one in both])
    yield Line("restart: all hosts read, s", [f"{one.warm.settled_s:.1f}" for one in both])
    changed = [(one.warm.flow_mods, one.warm.writes) for one in both]
    shown = [f"{flow_mods}, {writes}" for flow_mods, writes in changed]
    yield Line("restart: flow-mods, OVSDB writes", shown, "0, 0", changed == [(0, 0)] * 2)
    peaks = [one.cold.weight.controller_peak + one.cold.weight.rest_peak for one in both]
    yield at_most(
        "peak resident memory of both processes, MiB", [peak / MIB for peak in peaks], MEMORY_BAR_MIB
    )
    slowest = max(guarded.members_s)
    name = f"a port more: all hosts of its network know the member, slowest of {len(guarded.members_s)}, s"
    yield at_most(name, [slowest], MEMBER_BAR_S)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests.bench.scale.guarded", description=__doc__.splitlines()[0])
    for name, default in (("hosts", 1000), ("ports-per-host", 50), ("new-ports", 10)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
