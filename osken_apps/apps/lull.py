"""What is done once something has not happened for a while. SHELL.

Peers make things happen as often as they like: for each thing one timer runs, which looks when it last was.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from osken_apps.apps import runtime

K = TypeVar("K", bound=Hashable)


class Lull(Generic[K]):
    """Calls `work` with each thing that has not happened for so many seconds."""

    def __init__(self, seconds: float, work: Callable[[K], object]) -> None:
        self._seconds = seconds
        self._work = work
        self._until: dict[K, float] = {}

    def happened(self, thing: K) -> None:
        """Let the time of a thing begin, or begin anew."""
        is_awaited = thing in self._until
        self._until[thing] = runtime.clock() + self._seconds
        if not is_awaited:
            runtime.spawn_after(self._seconds, self._look, thing)

    def forget(self, thing: K) -> None:
        """Do nothing about a thing."""
        self._until.pop(thing, None)

    def _look(self, thing: K) -> None:
        left_s = self._until.get(thing, 0.0) - runtime.clock()
        if left_s > 0:
            runtime.spawn_after(left_s, self._look, thing)
        elif self._until.pop(thing, None) is not None:
            self._work(thing)
