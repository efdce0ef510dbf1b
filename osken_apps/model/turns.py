"""Walking over many ports without keeping others from their turn. PURE."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

PORTS_A_TURN = 200  # some ten milliseconds of work


def in_turns(ports: Iterable[T], pause: Callable[[], object]) -> Iterator[T]:
    """Give all ports; calls `pause` between one turn's and the next's."""
    for number, port in enumerate(ports):
        if number and number % PORTS_A_TURN == 0:
            pause()
        yield port
