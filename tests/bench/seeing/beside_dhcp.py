"""What fifty dashboards cost DHCP: whole exchanges behind Open vSwitch, with and without them in turns.

Browsers run elsewhere: those who stand for them take of the processors only what nobody else wants.
"""

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from osken_apps.rest.server.waiting import TOGETHER_S
from tests.bench.dhcp.load import compile_generator
from tests.bench.dhcp.measure import OUTSTANDING
from tests.bench.dhcp.ours import Ours

DASHBOARDS = 50
CLIENTS = 250
ROUNDS, WARM_UP_S = 15, 3.0
SECONDS = float(TOGETHER_S)  # however long it is, as many of them are answered each time
BAR = 0.98
LOW_PRIORITY = ("nice", "-n", "19")


@dataclass(frozen=True)
class Beside:
    """Exchanges a second without and with them, by round; what the followers were answered."""

    without: tuple[float, ...]
    beside: tuple[float, ...]
    answers: int
    longest_ms: float

    @property
    def ratio(self) -> float:
        """The middle of the rounds' ratios: each compares what came one after the other."""
        return statistics.median(here / there for here, there in zip(self.beside, self.without, strict=True))

    @property
    def is_good(self) -> bool:
        """Tell whether the bar is met."""
        return self.ratio >= BAR


def measure(rounds: int = ROUNDS, seconds: float = SECONDS, clients: int = CLIENTS) -> Beside:
    """Run exchanges in turns."""
    with tempfile.TemporaryDirectory() as name:
        system = Ours(Path(name), compile_generator(Path(name)), "seeing")
        system.start(clients)
        try:
            system.generator.exchanges(OUTSTANDING, min(seconds, WARM_UP_S))
            return _in_turns(system, rounds, seconds)
        finally:
            system.stop()


def _in_turns(system: Ours, rounds: int, seconds: float) -> Beside:
    rates: dict[bool, list[float]] = {False: [], True: []}
    answers, longest_ms = 0, 0.0
    for number in range(rounds):
        for followed in (False, True) if number % 2 else (True, False):
            if followed:
                with _followers(system) as told:
                    rates[True].append(system.generator.exchanges(OUTSTANDING, seconds).per_second)
                answers, longest_ms = answers + int(told[0]), max(longest_ms, told[1])
            else:
                rates[False].append(system.generator.exchanges(OUTSTANDING, seconds).per_second)
            system.check_running()
    return Beside(tuple(rates[False]), tuple(rates[True]), answers, longest_ms)


@contextmanager
def _followers(system: Ours) -> Iterator[list[float]]:
    """Have dashboards follow meanwhile; what they were answered stands in the list afterwards."""
    told: list[float] = []
    where = [system.api.host, str(system.api.port), str(DASHBOARDS)]
    command = [*LOW_PRIORITY, sys.executable, "-m", "tests.bench.seeing.followers", *where]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as followers:
        assert followers.stdout is not None
        followers.stdout.readline()  # they are ready
        yield told
        said = followers.communicate("")[0]
    if followers.returncode != 0:
        raise RuntimeError("the dashboards were not answered")
    told += map(float, said.split())
