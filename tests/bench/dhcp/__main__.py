"""Runs the DHCP benchmark, prints table and bars, and writes results/dhcp.md with its plot.

python -m tests.bench.dhcp
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.dhcp import crowd, measure, report
from tests.bench.dhcp.bars import bars
from tests.bench.dhcp.dnsmasq import Dnsmasq
from tests.bench.dhcp.kea import Kea
from tests.bench.dhcp.load import compile_generator
from tests.bench.dhcp.measure import Results, Settings
from tests.bench.dhcp.ours import Ours
from tests.bench.dhcp.ovn import Ovn
from tests.bench.dhcp.plot import bar_chart
from tests.bench.dhcp.system import System

BENCH = Path(__file__).parents[1]
RESULTS = BENCH / "results"
WARM_UP_S = 3.0
NICENESS = -19  # what else runs on the machine shall not be measured
SYSTEMS: tuple[type[System], ...] = (Ours, Ovn, Dnsmasq, Kea)


@contextlib.contextmanager
def running(size: int) -> Iterator[list[System]]:
    """Have all systems up, each with that many clients."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        program = compile_generator(Path(name))
        systems = []
        for number, kind in enumerate(SYSTEMS):
            system = kind(Path(name), program, f"bench{number}")
            system.start(size)
            stack.callback(system.stop)
            system.generator.exchanges(measure.OUTSTANDING, WARM_UP_S)
            systems.append(system)
            print(f"{system.name} is up with {size:,} clients", file=sys.stderr)
        yield systems


def run(settings: Settings) -> Results:
    """Measure everything."""
    results = Results()
    for size in settings.sizes:
        with running(size) as systems:
            for number in range(settings.rounds):
                measure.run_round(results, systems, size, settings, number)
                print(f"round {number + 1} with {size:,} clients is done", file=sys.stderr)
            if size == settings.sizes[0]:
                measure.run_own(results, next(s for s in systems if isinstance(s, Ours)), settings)
    run_crowd(results)
    return results


def run_crowd(results: Results) -> None:
    """Measure what others meet beside a crowd."""
    with tempfile.TemporaryDirectory() as name:
        program = compile_generator(Path(name))
        with crowd.two_hosts(Path(name, "crowd"), program, crowd.CROWD) as generators:
            measure.run_crowd(results, generators)
    print("the crowd is done", file=sys.stderr)


def main() -> int:
    """Run the benchmark; the status is 1 unless every bar is reached."""
    subprocess.run([str(BENCH / "debian-packages")], check=True)
    os.nice(NICENESS)
    settings = Settings()
    names = [system.name for system in SYSTEMS]
    results = run(settings)
    found = list(bars(results, *settings.sizes))
    print(report.table(results, names, settings), report.bars_table(found), sep="\n\n")
    write(results, names, settings, report.document(results, names, settings, found, "dhcp.svg"))
    return 0 if all(bar.reached for bar in found) else 1


def write(results: Results, names: list[str], settings: Settings, page: str) -> None:
    """Write the page and its plot."""
    groups = {
        f"{size:,} clients": {name: results.median(f"exchanges/{size}", name) or 0 for name in names}
        for size in settings.sizes
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "dhcp.md").write_text(page)
    (RESULTS / "dhcp.svg").write_text(bar_chart("full DHCP exchanges a second", groups, names))


if __name__ == "__main__":
    sys.exit(main())
