"""Run the scale benchmark, print its table and write it to `tests/bench/results/scale.md`.

    python -m tests.bench.scale [--hosts 1000] [--networks 200] [--ports-per-host 50] [--new-ports 60]

measures half of the hosts first, then all of them, then new ports at both sizes in turns; about ten minutes.
"""

import argparse
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench.scale import intent, measure, new_ports, report
from tests.bench.scale.controller import Controller
from tests.bench.scale.intent import Size
from tests.bench.scale.measure import Site
from tests.bench.scale.report import Changes, Round, Starts

QUIET_S = 5.0
SETTLE_S = 0.5
WINDOWS = 6
WINDOW_S = 5.0
PORTS_A_WINDOW = 100


def main(arguments: list[str]) -> int:
    """Run the benchmark; give 0 if every bar is met."""
    parsed = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # ending what was started
    sizes = [Size(n, parsed.networks, parsed.ports_per_host) for n in (parsed.hosts // 2, parsed.hosts)]
    with ExitStack() as stack:
        sites = [site(stack, size) for size in sizes]
        starts = [_starts(on) for on in sites]
        controllers = [stack.enter_context(on.controller()) for on in sites]
        changes = _changes(list(zip(sites, controllers, strict=True)), parsed.new_ports)
    rounds = [Round(*figures) for figures in zip(sizes, starts, changes, strict=True)]
    text = report.table(rounds)
    print(text)
    report.write(text)
    return 0 if all(line.reached for line in report.lines(rounds)) else 1


def site(stack: ExitStack, size: Size) -> Site:
    """Fill a database and simulate its hosts, as long as `stack` lasts."""
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="osken-scale-")))
    filled = intent.fill(f"sqlite:///{directory}/osken-net.db", size)
    return stack.enter_context(measure.site(directory, filled))


def _starts(on: Site) -> Starts:
    """Start a controller with nothing in place, and again with everything."""
    with on.controller() as controller:
        cold = measure.cold_start(on, controller, QUIET_S)
    with on.controller() as controller:
        warm = measure.restart(on, controller, QUIET_S)
        idle = new_ports.idle_share(controller, WINDOW_S)
    starts = Starts(cold, warm, idle)
    print(f"{on.intent.size}: {starts}", flush=True)
    return starts


def _changes(pairs: list[tuple[Site, Controller]], ports: int) -> list[Changes]:
    """Make new ports at every site in turns, each on another host."""
    for on, controller in pairs:
        measure.restart(on, controller, QUIET_S)
    changes = [Changes([], []) for _ in pairs]
    for number in range(ports):
        for (on, controller), change in zip(pairs, changes, strict=True):
            host = number * max(1, on.hosts.hosts // ports) % on.hosts.hosts
            change.ports.append(new_ports.new_port(on, controller, host, number, SETTLE_S))
    for window in range(WINDOWS):
        for (on, controller), change in zip(pairs, changes, strict=True):
            first_host = window * PORTS_A_WINDOW
            cost_s = new_ports.cpu_per_port(on, controller, PORTS_A_WINDOW, WINDOW_S, first_host)
            change.cpu_s.append(cost_s)
    for on, _ in pairs:
        on.check()
    return changes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests.bench.scale", description=__doc__.splitlines()[0])
    for name, default in (("hosts", 1000), ("networks", 200), ("ports-per-host", 50), ("new-ports", 60)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
