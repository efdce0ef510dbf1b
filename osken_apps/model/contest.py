"""Names that only one may have at a time: whoever showed a name first keeps it as long as it shows it. PURE.

Hosts tell their names themselves, and two may tell the same: by a cloned image, by a mistake, by intent. The
second gets nothing until the first is gone or shows another name; then it is served without being asked
again.
"""

from collections.abc import Callable, Hashable, Iterable
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

    def __init__(self, keeper: Callable[[C, Name], C | None] = lambda contender, name: None) -> None:
        """Begin with none; `keeper` gives who keeps a name from a contender without contending.

        Where its answer may be another now, `serve` is to be called.
        """
        self._keeper = keeper
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
        if self._is_free(contender, wanted):
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

    def serve(self) -> list[C]:
        """Give those that wait and whose names are free their names; give who has its names now."""
        return self._serve(self._waiting)

    def has(self, contender: C) -> bool:
        """Tell whether a contender has its names."""
        return contender in self._names

    def holder(self, name: Name) -> C | None:
        """Give who has a name."""
        return self._holders.get(name)

    def refusal(self, contender: C) -> Refusal[C] | None:
        """Say which of its names a waiting contender misses, and who has it; None if it does not wait."""
        for name in sorted(self._waiting.get(contender, ()), key=repr):
            rival = self._rival(contender, name)
            if rival is not None:
                return Refusal(name, rival)
        return None

    def waiting(self) -> Iterable[C]:
        """Give the contenders that wait, the longest waiting first."""
        return tuple(self._waiting)

    def waiting_for(self, names: Iterable[Name]) -> list[C]:
        """Give the contenders that wait and want one of these names."""
        wanted = frozenset(names)
        return [contender for contender, names in self._waiting.items() if names & wanted]

    def _rival(self, contender: C, name: Name) -> C | None:
        return self._holders[name] if name in self._holders else self._keeper(contender, name)

    def _is_free(self, contender: C, names: frozenset[Name]) -> bool:
        return all(self._rival(contender, name) is None for name in names)

    def _grant(self, contender: C, names: frozenset[Name]) -> None:
        self._names[contender] = names
        for name in names:
            self._holders[name] = contender

    def _serve_waiting(self, freed: frozenset[Name], besides: C | None = None) -> list[C]:
        return self._serve(contender for contender in self.waiting_for(freed) if contender != besides)

    def _serve(self, contenders: Iterable[C]) -> list[C]:
        served = []
        for contender in list(contenders):
            names = self._waiting[contender]
            if self._is_free(contender, names):
                del self._waiting[contender]
                self._grant(contender, names)
                served.append(contender)
        return served
