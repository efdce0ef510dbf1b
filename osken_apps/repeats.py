"""What comes again and again is told once at first, and then how often in each interval. PURE (it changes).

Of kinds beyond a bound those are one that have something in common.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Kind = TypeVar("Kind")
Value = TypeVar("Value")

INTERVAL_S = 60.0
MAX_KINDS = 300
OTHERS = "others"  # the source of kinds beyond the bound


@dataclass(slots=True)
class _Told(Generic[Value]):
    """Something that was told: since when, what came last, and how often it came since."""

    since: float
    last: Value
    again: int = 0


class Repeats(Generic[Kind, Value]):
    """Says what is to be told, and when. Times are in seconds."""

    def __init__(self, common: Callable[[Kind], Kind], interval_s: float = INTERVAL_S) -> None:
        """Begin with nothing; `common` gives the kind that one beyond the bound is counted as."""
        self._common = common
        self._interval_s = interval_s
        self._told: OrderedDict[Kind, _Told[Value]] = OrderedDict()

    def is_new(self, kind: Kind, value: Value, now: float) -> bool:
        """Tell whether something is to be told at once; else it is counted."""
        if kind not in self._told and len(self._told) >= MAX_KINDS:
            kind = self._common(kind)
        if told := self._told.get(kind):
            told.again += 1
            told.last = value
            return False
        self._told[kind] = _Told(now, value)
        return True

    def due(self, now: float) -> list[tuple[Kind, Value, int]]:
        """Give what came again and whose interval is over: the last of it, and how often."""
        found = []
        while self._told:
            kind, told = next(iter(self._told.items()))
            if now < told.since + self._interval_s:
                break
            del self._told[kind]
            if told.again:
                found.append((kind, told.last, told.again))
                self._told[kind] = _Told(now, told.last)
        return found
