"""What each port's DHCP client asked and was told, kept in memory, and the lease that follows from it. PURE.

Bounded: so many messages of a port, and so many of all. A lease outlives the messages that it follows from.
Times are seconds since the epoch.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush, heapreplace
from ipaddress import IPv4Address
from itertools import groupby, islice
from typing import NamedTuple

from osken_apps.dhcp.decision import OVER_BUDGET, AnswerReason, Decision, SilenceReason
from osken_apps.dhcp.dnsmasq_values import INFINITE_S
from osken_apps.dhcp.message import NAK
from osken_apps.dhcp.new_tuple import new_tuple

MAX_MESSAGES_OF_PORT = 32
MAX_MESSAGES = 100_000  # at most 65 MB, half of it where each port has many
PORTS_AT_ONCE = 2000  # have the thousand messages that are shown at a time

GRANTS = frozenset({AnswerReason.SELECTED, AnswerReason.REBOOTED, AnswerReason.RENEWED, AnswerReason.REBOUND})
ENDS = frozenset({SilenceReason.RELEASED, SilenceReason.DECLINED})
LEASE_EVENTS = GRANTS | ENDS


class Entry(NamedTuple):
    """One message of a client and what became of it; `xid` is None for one that could not be read."""

    time: float
    xid: int | None
    decision: Decision


class Lease(NamedTuple):
    """An address that a client took, and until when; `expires_at` is None for a lease without end."""

    address: IPv4Address
    granted_at: float
    expires_at: float | None


class PortJournal(NamedTuple):
    """What is known of a port: its last messages, the oldest first; the last that began or ended a lease."""

    entries: tuple[Entry, ...] = ()
    lease_event: Entry | None = None

    def transactions(self) -> Iterator[tuple[int | None, list[Entry]]]:
        """Give the messages by transaction: its xid and its messages, in order."""
        for xid, entries in groupby(self.entries, key=lambda entry: entry.xid):
            yield xid, list(entries)

    def lease(self) -> Lease | None:
        """Give the last lease, if it was neither released nor declined nor refused since (NAK)."""
        if self.lease_event is None or _ends(self.lease_event.decision):
            return None
        time, _, decision = self.lease_event
        if decision.address is None or decision.lease_time_s is None:
            return None
        infinite = decision.lease_time_s == INFINITE_S
        return Lease(decision.address, time, None if infinite else time + decision.lease_time_s)


def _newest_first(ports: Iterable[tuple[str, list[Entry]]], since: float) -> Iterator[tuple[str, Entry]]:
    """Merge the messages of ports, of which those come first that were heard last."""
    waiting: list[tuple[float, int, str, list[Entry]]] = []  # a heap of ports by their newest message left
    began = None
    for place, (port_id, entries) in enumerate(ports):
        if not entries:
            continue
        last = entries[-1].time
        if last < since:
            break  # all others have been quiet for longer
        began = last if began is None else began
        while waiting and -waiting[0][0] > last:
            yield _newest(waiting)
        if left := [entry for entry in entries if since <= entry.time <= began]:
            heappush(waiting, (-left[-1].time, place, port_id, left))
    while waiting:
        yield _newest(waiting)


def _newest(waiting: list[tuple[float, int, str, list[Entry]]]) -> tuple[str, Entry]:
    """Take the newest message off a heap."""
    _, place, port_id, left = waiting[0]
    entry = left.pop()
    if left:
        heapreplace(waiting, (-left[-1].time, place, port_id, left))
    else:
        heappop(waiting)
    return port_id, entry


def _ends(decision: Decision) -> bool:
    return decision.reason in ENDS or decision.sent is NAK


class Journal:
    """The messages and leases of all ports.

    Where there are too many messages, those of the port that has been quiet the longest go.
    """

    def __init__(self) -> None:
        self._messages: OrderedDict[str, list[Entry]] = OrderedDict()  # the port quiet the longest first
        self._lease_events: dict[str, Entry] = {}
        self._count = 0

    def record(self, port_id: str, time: float, xid: int | None, decision: Decision) -> None:
        """Note a message of a port; of a flood over its budget only the first, or it would hide all else."""
        messages = self._messages.setdefault(port_id, [])
        if decision.reason is OVER_BUDGET and messages and messages[-1].decision == decision:
            return
        entry = new_tuple(Entry, (time, xid, decision))
        self._messages.move_to_end(port_id)
        messages.append(entry)
        if len(messages) > MAX_MESSAGES_OF_PORT:
            del messages[0]
        else:
            self._count += 1
        if decision.reason in LEASE_EVENTS or self._refuses_lease(port_id, decision):
            self._lease_events[port_id] = entry
        while self._count > MAX_MESSAGES:
            self._count -= len(self._messages.popitem(last=False)[1])

    def _refuses_lease(self, port_id: str, decision: Decision) -> bool:
        """Tell whether a client is refused the very address that it has a lease of."""
        if decision.sent is not NAK or decision.address is None:
            return False
        known = self._lease_events.get(port_id)
        return known is not None and known.decision.address == decision.address

    def of(self, port_id: str) -> PortJournal:
        """Give what is known of a port, if anything."""
        return PortJournal(tuple(self._messages.get(port_id, ())), self._lease_events.get(port_id))

    def since(self, time: float, port_id: str = "") -> Iterator[tuple[str, Entry]]:
        """Give the messages from a time on, with the ids of their ports, the newest first.

        Of one port, if `port_id` is not empty. They are put in order as they are taken, so that who takes a
        few waits for a few; what is recorded meanwhile is not among them.
        """
        ports = [(port_id, self._messages.get(port_id, []))] if port_id else self._latest()
        return _newest_first(ports, time)

    def _latest(self) -> Iterator[tuple[str, list[Entry]]]:
        """Give all ports with their messages, those first that were heard last.

        More may be heard of them while they are given. A few are read in one go, and the others, of which
        there may be a hundred thousand, not before they are asked for.
        """
        first = list(islice(reversed(self._messages.items()), PORTS_AT_ONCE))
        yield from first
        if len(first) == PORTS_AT_ONCE:
            given = {port_id for port_id, _ in first}
            for port_id in list(reversed(self._messages)):
                if port_id not in given:
                    yield port_id, self._messages.get(port_id, [])

    def port_ids(self) -> set[str]:
        """Give the ids of all ports of which something is known."""
        return {*self._messages, *self._lease_events}

    def forget(self, port_id: str) -> None:
        """Drop what is known of a port that is gone."""
        self._count -= len(self._messages.pop(port_id, ()))
        self._lease_events.pop(port_id, None)
