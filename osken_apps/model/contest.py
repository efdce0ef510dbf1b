"""Names that only one may have at a time: whoever showed a name first keeps it as long as it shows it. PURE.

Hosts tell their names themselves, and two may tell the same: by a cloned image, by a mistake, by intent. The
second gets nothing until the first is gone or shows another name; then it is served without being asked
again.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

C = TypeVar("C", bound=Hashable)

Name = tuple[str, Hashable]  # what kind of name, and the name


@dataclass(frozen=True, slots=True)
class Refusal(Generic[C]):
    """Why a contender has nothing: another one has this of its names."""

    name: Name
    holder: C


class Contest(Generic[C]):
    """Who has which names. A contender has all the names that it shows, or none."""

    def __init__(self) -> None:
        self._holders: dict[Name, C] = {}
        self._names: dict[C, frozenset[Name]] = {}
        self._waiting: dict[C, frozenset[Name]] = {}  # in the order in which they were refused

    def show(self, contender: C, names: Iterable[Name]) -> list[C]:
        """Take the names that a contender shows now; give the others that have theirs by it."""
        wanted = frozenset(names)
        before = self._names.pop(contender, frozenset())
        freed = before - wanted
        for name in before:
            del self._holders[name]
        if self._is_free(wanted):
            self._waiting.pop(contender, None)
            self._grant(contender, wanted)
        else:
            self._waiting[contender] = wanted
            freed = before
        return self._serve_waiting(freed, besides=contender)

    def end(self, contender: C) -> list[C]:
        """Forget a contender; give those that have their names now."""
        self._waiting.pop(contender, None)
        freed = self._names.pop(contender, frozenset())
        for name in freed:
            del self._holders[name]
        return self._serve_waiting(freed)

    def has(self, contender: C) -> bool:
        """Tell whether a contender has its names."""
        return contender in self._names

    def holder(self, name: Name) -> C | None:
        """Give who has a name."""
        return self._holders.get(name)

    def refusal(self, contender: C) -> Refusal[C] | None:
        """Say which of its names a waiting contender misses, and who has it; None if it does not wait."""
        for name in sorted(self._waiting.get(contender, ()), key=repr):
            if name in self._holders:
                return Refusal(name, self._holders[name])
        return None

    def waiting(self) -> Iterable[C]:
        """Give the contenders that wait, the longest waiting first."""
        return tuple(self._waiting)

    def _is_free(self, names: frozenset[Name]) -> bool:
        return not any(name in self._holders for name in names)

    def _grant(self, contender: C, names: frozenset[Name]) -> None:
        self._names[contender] = names
        for name in names:
            self._holders[name] = contender

    def _serve_waiting(self, freed: frozenset[Name], besides: C | None = None) -> list[C]:
        served = []
        for contender, names in list(self._waiting.items()):
            if contender != besides and names & freed and self._is_free(names):
                del self._waiting[contender]
                self._grant(contender, names)
                served.append(contender)
        return served
