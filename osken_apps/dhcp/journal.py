"""What a port's DHCP client asked and was told, kept in memory, and the lease that follows from it. PURE.

Bounded: the last messages of a port, and so many ports. Times are seconds since the epoch.
"""

from collections import deque
from collections.abc import Iterator
from ipaddress import IPv4Address
from itertools import groupby
from typing import NamedTuple

from osken_apps.dhcp.decide import AnswerReason, Decision, SilenceReason

MESSAGES_PER_PORT = 32
MAX_PORTS = 100_000

GRANTS = frozenset({AnswerReason.SELECTED, AnswerReason.REBOOTED, AnswerReason.RENEWED, AnswerReason.REBOUND})
ENDS = frozenset({SilenceReason.RELEASED, SilenceReason.DECLINED})
TURNS = GRANTS | ENDS


class Entry(NamedTuple):
    """One message of a client and what became of it."""

    time: float
    xid: int
    decision: Decision


class Lease(NamedTuple):
    """An address that a client took, and until when."""

    address: IPv4Address
    granted_at: float
    expires_at: float


class PortJournal:
    """The last messages of one port, the oldest first, and its lease, which no flood of messages hides."""

    __slots__ = ("_turn", "entries")

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=MESSAGES_PER_PORT)
        self._turn: Entry | None = None

    def record(self, time: float, xid: int, decision: Decision) -> None:
        """Note a message."""
        entry = Entry(time, xid, decision)
        self.entries.append(entry)
        if decision.reason in TURNS:
            self._turn = entry

    def transactions(self) -> Iterator[tuple[int, list[Entry]]]:
        """Give the messages by transaction: its xid and its messages, in order."""
        for xid, entries in groupby(self.entries, key=lambda entry: entry.xid):
            yield xid, list(entries)

    def lease(self, lease_time_s: int) -> Lease | None:
        """Give the last lease, if it was neither released nor declined.

        `lease_time_s` is for grants that do not say how long they are.
        """
        if self._turn is None or self._turn.decision.reason in ENDS:
            return None
        time, _, decision = self._turn
        if decision.address is None:
            return None
        return Lease(decision.address, time, time + (decision.lease_time_s or lease_time_s))


class Journal:
    """The journals of all ports; the one that was made first goes when there are too many."""

    def __init__(self) -> None:
        self._ports: dict[str, PortJournal] = {}

    def of(self, port_id: str) -> PortJournal:
        """Give the journal of a port, made if need be."""
        journal = self._ports.get(port_id)
        if journal is None:
            if len(self._ports) >= MAX_PORTS:
                del self._ports[next(iter(self._ports))]
            journal = self._ports[port_id] = PortJournal()
        return journal

    def forget(self, port_id: str) -> None:
        """Drop the journal of a port that is gone."""
        self._ports.pop(port_id, None)
