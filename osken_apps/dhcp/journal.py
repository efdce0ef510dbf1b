"""What a port's DHCP client asked and was told, kept in memory, and the lease that follows from it. PURE.

Bounded: the last messages of a port, and so many ports. Times are seconds since the epoch.
"""

from collections import deque
from collections.abc import Iterator
from ipaddress import IPv4Address
from itertools import groupby
from typing import NamedTuple

from osken_apps.dhcp.decide import AnswerReason, Decision, SilenceReason
from osken_apps.dhcp.message import MessageType

MESSAGES_PER_PORT = 32
MAX_PORTS = 100_000

GRANTS = frozenset({AnswerReason.SELECTED, AnswerReason.REBOOTED, AnswerReason.RENEWED, AnswerReason.REBOUND})


class Entry(NamedTuple):
    """One message of a client and what became of it."""

    time: float
    decision: Decision


class Lease(NamedTuple):
    """An address that a client took, and until when."""

    address: IPv4Address
    granted_at: float
    expires_at: float


class PortJournal:
    """The last messages of one port, the oldest first, and its lease."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=MESSAGES_PER_PORT)

    def record(self, time: float, decision: Decision) -> None:
        """Note a message."""
        self.entries.append(Entry(time, decision))

    def transactions(self) -> Iterator[tuple[int, list[Entry]]]:
        """Give the messages by transaction: its xid and its messages, in order."""
        for xid, entries in groupby(self.entries, key=lambda entry: entry.decision.xid):
            yield xid, list(entries)

    def lease(self, lease_time_s: int) -> Lease | None:
        """Give the lease that the last messages amount to, if it was neither released nor declined."""
        for time, decision in reversed(self.entries):
            if decision.reason in (SilenceReason.RELEASED, SilenceReason.DECLINED):
                return None
            if decision.sent is MessageType.ACK and decision.reason in GRANTS and decision.address:
                return Lease(decision.address, time, time + lease_time_s)
        return None


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
