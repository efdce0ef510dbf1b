"""Questions to a switch that wait for their answer, by xid: bounded in octets and in time. PURE.

Time comes as an argument, in seconds. A deadline counts once two looks in a row found it passed: what lay
unread at the first was read until the second, so that the lateness is never ours.
"""

from dataclasses import dataclass, field

from osken_apps.errors import Malformed

ANSWER_S = 10.0  # from the question, or from a part of its answer, to the next part
WHOLE_ANSWER_S = 60.0
MAX_OCTETS = 1 << 25  # of an answer: some 200,000 flows of our kind
PART_OCTETS = 64  # what a part costs beside its octets
MAX_XID = 0xFFFFFFFF


class TooMuch(Malformed):
    """A switch sends more than it may."""


@dataclass(slots=True)
class Exchange:
    """A question, and the parts of its answer so far; until it was sent nobody can be late to answer it."""

    begun: float
    heard: float
    is_sent: bool = False
    parts: list[bytes] = field(default_factory=list)
    octets: int = 0
    fresh: bool = False  # a part came since the last look
    late: bool = False  # the last look found it so


class Exchanges:
    """The questions of one connection that are not answered yet."""

    def __init__(self) -> None:
        self._last_xid = 0
        self._waiting: dict[int, Exchange] = {}

    def __contains__(self, xid: int) -> bool:
        return xid in self._waiting

    def new_xid(self) -> int:
        """Give an xid for something that is not waited for here."""
        self._last_xid = self._last_xid % MAX_XID + 1
        return self._last_xid

    def begin(self, now: float) -> int:
        """Give the xid of a new question."""
        xid = self.new_xid()
        self._waiting[xid] = Exchange(now, now)
        return xid

    def sent(self, xid: int, now: float) -> None:
        """Have the time of a question run from now: it may have taken long to send."""
        exchange = self._waiting.get(xid)
        if exchange:
            exchange.begun = exchange.heard = now
            exchange.is_sent = True

    def add(self, xid: int, part: bytes) -> None:
        """Take a part of the answer to a question that waits. Raises TooMuch."""
        exchange = self._waiting[xid]
        exchange.octets += len(part) + PART_OCTETS
        if exchange.octets > MAX_OCTETS:
            raise TooMuch(f"an answer of more than {MAX_OCTETS >> 20} MiB")
        exchange.parts.append(part)
        exchange.fresh = True

    def end(self, xid: int) -> list[bytes]:
        """Give the parts of an answer, and forget the question; none if it does not wait."""
        exchange = self._waiting.pop(xid, None)
        return exchange.parts if exchange else []

    def was_asked(self, xid: int) -> bool:
        """Tell whether this may be the xid of a question that waits no more."""
        return 0 < xid <= self._last_xid

    def late(self, now: float, behind: bool) -> list[int]:
        """Look for questions whose time is over; `behind`: there is more to read than we had time for."""
        return [xid for xid, exchange in self._waiting.items() if _is_late(exchange, now, behind)]


def _is_late(exchange: Exchange, now: float, behind: bool) -> bool:
    if exchange.fresh:
        exchange.heard, exchange.fresh = now, False
    deadline = exchange.begun + WHOLE_ANSWER_S
    if not behind:
        deadline = min(deadline, exchange.heard + ANSWER_S)
    late_before, exchange.late = exchange.late, exchange.is_sent and now >= deadline
    return late_before and exchange.late
