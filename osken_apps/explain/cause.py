"""What a cause is, and what is found by it. PURE."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from osken_apps.explain.facts import Facts, HostSeen, PortSeen, Source
from osken_apps.explain.paths import Paths


class VerdictState(StrEnum):
    """What a verdict says of the thing that was asked about."""

    OK = "ok"
    BROKEN = "broken"
    UNKNOWN = "unknown"


class Certainty(StrEnum):
    """How sure a cause is where it holds."""

    CERTAIN = "certain"
    LIKELY = "likely"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A fact that a verdict follows from, in words."""

    says: str
    source: Source
    seen_at: float


@dataclass(frozen=True, slots=True)
class Found:
    """That a cause holds: the words for its sentence, and why. `code` is more exact than the cause's."""

    words: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    code: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """What a cause is asked of: one port of the facts. `paths` are followed when they are asked for."""

    facts: Facts
    paths: Paths
    seen: PortSeen

    @property
    def words(self) -> Mapping[str, str]:
        """What sentences call the things that are asked about."""
        return {
            "port": self.seen.called,
            "id": self.seen.port.id,
            "network": self.seen.network_called,
            "network_id": self.seen.network.id,
            "peer": self.peer.called if self.peer else "",
            "traffic": self.traffic,
        }

    @property
    def traffic(self) -> str:
        """What is to pass, and for whom, if it is for what is behind the peer."""
        behind = self.facts.behind
        return str(self.facts.traffic) + (f" for {behind}" if behind else "")

    @property
    def host(self) -> HostSeen | None:
        """The host that the port is at."""
        return self.facts.host_of(self.seen)

    @property
    def peer(self) -> PortSeen | None:
        """The port that is to be reached."""
        return self.facts.peer

    def store(self, says: str) -> Evidence:
        """Give what the store says as evidence."""
        return Evidence(says, Source.STORE, self.facts.at)


class HasWords(Protocol):
    """What a cause is asked of."""

    @property
    def words(self) -> Mapping[str, str]:
        """What sentences call the things that are asked about."""


C = TypeVar("C", bound=HasWords)


@dataclass(frozen=True, slots=True, eq=False)  # each is one object
class Cause(Generic[C]):
    """One thing that may be so. `sentence` and `remedy` have places for the words that `test` finds;
    `evidence` says what it looks at. A command names things by their ids: a name may be of several.

    `is_operators`: what it tells is of the hosts, for those who may see them; others are told that it is so.
    """

    code: str
    sentence: str
    remedy: str
    evidence: str
    test: Callable[[C], Found | None]
    state: VerdictState = VerdictState.BROKEN
    certainty: Certainty = Certainty.CERTAIN
    is_operators: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a cause says of a question."""

    code: str
    state: VerdictState
    certainty: Certainty
    sentence: str
    remedy: str
    evidence: tuple[Evidence, ...] = ()
    is_operators: bool = False


def answers_arp(seen: PortSeen) -> bool:
    """Tell whether a port's machine was asked for its address, and has answered: so it has that."""
    return bool(seen.answers and seen.answers.value)


def probed(seen: PortSeen) -> tuple[Evidence, ...]:
    """Say of a port's machine that it answered; what did not answer is a cause, what was not asked unseen."""
    if seen.answers is None or not answers_arp(seen):
        return ()
    return (Evidence(f"{seen.called} answers ARP", Source.PROBE, seen.answers.seen_at),)


def judged(cause: Cause[C], case: C) -> Verdict | None:
    """Ask a cause; None: it does not hold."""
    found = cause.test(case)
    if found is None:
        return None
    words = {**case.words, **found.words}
    sentence, remedy = (_filled(text, words) for text in (cause.sentence, cause.remedy))
    return Verdict(
        found.code or cause.code,
        cause.state,
        cause.certainty,
        ended(sentence),
        remedy,
        found.evidence,
        cause.is_operators,
    )


def ended(sentence: str) -> str:
    """Have a sentence end as one does; there may be a stop in what it ends with."""
    return sentence if sentence.endswith("?") or not sentence else f"{sentence.rstrip('.')}."


def _filled(text: str, words: Mapping[str, str]) -> str:
    """Put words in their places; what they hold is text, whatever it looks like."""
    return text.format_map(words)
