"""The measurements: interleaved rounds, so that what else the machine does meets all systems alike."""

import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from osken_apps.lab.shell import environment
from tests.bench.dhcp.crowd import CROWD, crowded
from tests.bench.dhcp.load import Generator
from tests.bench.dhcp.ours import Ours
from tests.bench.dhcp.ovn import Ovn
from tests.bench.dhcp.system import System

OUTSTANDING = 32
FLOOD_PER_SECOND, FLOOD_S, AFTER_FLOOD_S = 20_000, 3.0, 2.0
REST_CLIENTS = 16
CROWD_ROUNDS = 3
FIRST_EXCHANGES_OF = (Ours.name, Ovn.name)  # the others do a hundred a second with so many clients


@dataclass(frozen=True)
class Settings:
    """How long and how often."""

    sizes: tuple[int, ...] = (250, 4000)
    rounds: int = 5
    seconds: float = 4.0


@dataclass
class Results:
    """A list of values for each measurement and system, a value a round."""

    values: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def add(self, what: str, system: str, value: float) -> None:
        self.values.setdefault((what, system), []).append(value)

    def median(self, what: str, system: str) -> float | None:
        """Give the median of the rounds; None if it was not measured."""
        found = self.values.get((what, system))
        return statistics.median(found) if found else None


def exchanges(results: Results, system: System, size: int, seconds: float) -> None:
    """Measure full exchanges, and what they take of the processors."""
    before = system.cpu_s()
    seen = system.generator.exchanges(OUTSTANDING, seconds)
    cpu_s = system.cpu_s() - before
    results.add(f"exchanges/{size}", system.name, seen.per_second)
    results.add(f"lost/{size}", system.name, seen.lost)
    results.add(f"cpu/{size}", system.name, cpu_s / max(1, seen.done))


def first_exchanges(results: Results, system: System, size: int, seconds: float) -> None:
    """Measure full exchanges of which none was seen before, as after a power cut."""
    seen = system.generator.exchanges(OUTSTANDING, seconds, first=True)
    results.add(f"first/{size}", system.name, seen.per_second)
    results.add(f"first-lost/{size}", system.name, seen.lost)


def one_at_a_time(results: Results, system: System, seconds: float) -> None:
    """Measure the time from DISCOVER to ACK with one client at a time."""
    seen = system.generator.exchanges(1, seconds)
    results.add("latency", system.name, seen.median_s)


def flood(results: Results, system: System) -> None:
    """Measure how long others wait while and after one port floods; without end if one is never answered."""
    seen = system.generator.flood(FLOOD_PER_SECOND, FLOOD_S, AFTER_FLOOD_S)
    results.add("flood/worst", system.name, float("inf") if seen.lost else seen.worst_s)
    results.add("flood/median", system.name, seen.median_s)
    results.add("flood/lost", system.name, seen.lost / seen.probes)


def beside_rest(results: Results, system: Ours, seconds: float) -> None:
    """Measure full exchanges without and with REST clients that create ports without pause."""
    idle = system.generator.exchanges(OUTSTANDING, seconds).per_second
    network_id = system.other_network()
    command = [sys.executable, "-m", "tests.bench.dhcp.rest_load", str(system.api.port), network_id]
    with subprocess.Popen(
        [*command, str(REST_CLIENTS), system.api.host],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    ) as load:
        busy = system.generator.exchanges(OUTSTANDING, seconds).per_second
        made, load_s = map(float, load.communicate(b"stop")[0].split())
    results.add("rest/ratio", system.name, busy / idle)
    results.add("rest/ports", system.name, made / load_s)


def run_round(results: Results, systems: Sequence[System], size: int, settings: Settings, first: int) -> None:
    """Measure every system once; each round begins with another one."""
    order = [systems[(first + step) % len(systems)] for step in range(len(systems))]
    for system in order:
        exchanges(results, system, size, settings.seconds)
        if size == settings.sizes[0]:
            one_at_a_time(results, system, settings.seconds / 2)
        elif system.name in FIRST_EXCHANGES_OF:
            first_exchanges(results, system, size, settings.seconds)
        system.check_running()


def run_crowd(results: Results, generators: tuple[Generator, Generator]) -> None:
    """Measure how long others wait while a crowd asks; without end if one is never answered."""
    for _ in range(CROWD_ROUNDS):
        for kind, first in (("again", False), ("first", True)):
            beside, elsewhere = crowded(generators, CROWD, first=first)
            for where, seen in (("here", beside), ("there", elsewhere)):
                worst_s = float("inf") if seen.lost else seen.worst_s
                results.add(f"crowd/{kind}/{where}", Ours.name, worst_s)


def run_own(results: Results, system: Ours, settings: Settings) -> None:
    """Measure what only this server is measured for."""
    for _ in range(settings.rounds):
        flood(results, system)
    for _ in range(settings.rounds):
        beside_rest(results, system, settings.seconds)
