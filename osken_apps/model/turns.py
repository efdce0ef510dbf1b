"""Walking over many ports without keeping others from their turn. PURE."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

PORTS_A_TURN = 200  # some ten milliseconds of work


def in_turns(things: Iterable[T], pause: Callable[[], object], a_turn: int = PORTS_A_TURN) -> Iterator[T]:
    """Give all ports, or whatever there is so much of; calls `pause` between one turn's and the next's."""
    for number, thing in enumerate(things):
        if number and number % a_turn == 0:
            pause()
        yield thing
