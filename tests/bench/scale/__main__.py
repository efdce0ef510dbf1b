"""Run the scale benchmark, print its table and write it to `tests/bench/results/scale.md`.

    python -m tests.bench.scale [--hosts 1000] [--networks 200] [--ports-per-host 50] [--new-ports 60]

measures half of the hosts first and then all of them, in about ten minutes.
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.bench.scale import intent, measure, report
from tests.bench.scale.intent import Size
from tests.bench.scale.measure import Site
from tests.bench.scale.report import Round

QUIET_S = 5.0
SETTLE_S = 0.6
WINDOWS = 8
WINDOW_S = 5.0
PORTS_A_WINDOW = 50


def main(arguments: list[str]) -> int:
    """Run the benchmark; give 0 if every bar is met."""
    parsed = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    rounds = []
    for hosts in (parsed.hosts // 2, parsed.hosts):
        size = Size(hosts, parsed.networks, parsed.ports_per_host)
        rounds.append(measure_round(size, parsed.new_ports))
        print(report.table(rounds), flush=True)
    report.write(report.table(rounds))
    return 0 if all(line.reached for line in report.lines(rounds)) else 1


def measure_round(size: Size, new_ports: int) -> Round:
    """Measure everything at one size."""
    with tempfile.TemporaryDirectory(prefix="osken-scale-") as name:
        directory = Path(name)
        filled = intent.fill(f"sqlite:///{directory}/osken-net.db", size)
        with measure.site(directory, filled) as on:
            with on.controller() as controller:
                cold = measure.cold_start(on, controller, QUIET_S)
            on.hosts("take_counts")
            with on.controller() as controller:
                warm = measure.restart(on, controller, QUIET_S)
                return _with_new_ports(on, controller, size, cold, warm, new_ports)


def _with_new_ports(
    on: Site,
    controller: measure.Controller,
    size: Size,
    cold: measure.ColdStart,
    warm: measure.Restart,
    new_ports: int,
) -> Round:
    step = max(1, size.hosts // new_ports)
    ports = [
        measure.new_port(on, controller, number * step % size.hosts, number, SETTLE_S)
        for number in range(new_ports)
    ]
    idle = measure.idle_share(controller, WINDOW_S)
    cpu_s = [
        measure.cpu_per_port(on, controller, PORTS_A_WINDOW, WINDOW_S, window * PORTS_A_WINDOW)
        for window in range(WINDOWS)
    ]
    on.hosts("take_counts")
    on.check()
    return Round(size, cold, warm, ports, cpu_s, idle, controller.weight())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests.bench.scale", description=__doc__.splitlines()[0])
    for name, default in (("hosts", 1000), ("networks", 200), ("ports-per-host", 50), ("new-ports", 60)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
