"""Two forms of this server in turns: what one costs beside the other."""

import contextlib
import tempfile
from pathlib import Path

from tests.bench.dhcp import measure
from tests.bench.dhcp.load import compile_generator
from tests.bench.dhcp.measure import Results
from tests.bench.dhcp.ours import Ours

CLIENTS = 250
ROUNDS, SECONDS, WARM_UP_S = 11, 3.0, 3.0


def in_turns(one: type[Ours], other: type[Ours], rounds: int = ROUNDS, seconds: float = SECONDS) -> Results:
    """Measure full exchanges of both, each round beginning with the other."""
    results = Results()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        program = compile_generator(Path(name))
        systems = [kind(Path(name), program, f"pair{number}") for number, kind in enumerate((one, other))]
        for system in systems:
            system.start(CLIENTS)
            stack.callback(system.stop)
            system.generator.exchanges(measure.OUTSTANDING, WARM_UP_S)
        for number in range(rounds):
            for system in systems if number % 2 else reversed(systems):
                measure.exchanges(results, system, CLIENTS, seconds)
                system.check_running()
    return results
