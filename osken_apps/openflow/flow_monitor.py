"""Hearing of flows that another hand changes: the flow monitor of OpenFlow 1.4. PURE.

Changes by our own connection are told by their xid alone, and all of a bundle in one entry of eight octets,
so what is spelled out is another's. But once a switch has told more than its peer reads it pauses, and then
spells out what it takes away whoever wanted it; until it resumes nobody knows whose a change is.
Source: OpenFlow Switch Specification 1.4.0, 7.3.5.17 (flow monitoring); Open vSwitch 3.0 and later have it.
Older ones must not be asked: they read the request as one of their own of OpenFlow 1.0, and answer in that.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from osken_apps.errors import Malformed
from osken_apps.openflow.codec import (
    HEADER,
    MULTIPART,
    OFPG_ANY,
    OFPP_ANY,
    OFPTT_ALL,
    Description,
    MessageType,
    message,
)
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import encode_match
from osken_apps.versions import release

OFPMP_FLOW_MONITOR = 16
OFPFMC_ADD = 0
OFPFMF_ADD, OFPFMF_REMOVED, OFPFMF_MODIFY = 1 << 1, 1 << 2, 1 << 3
MONITOR_ID = 1  # a connection has one
OPEN_VSWITCH = "Open vSwitch"
SINCE = (3, 0)  # of Open vSwitch
WHY_NOT = f"{OPEN_VSWITCH} does since {SINCE[0]}.{SINCE[1]}"  # said of an older one

MONITOR_REQUEST = struct.Struct("!IIIHBB")
UPDATE_HEADER = struct.Struct("!HH")
FULL_UPDATE = struct.Struct("!HHBBHHH4xQ")


class UpdateEvent(IntEnum):
    """What a switch tells of a flow."""

    INITIAL = 0
    ADDED = 1
    REMOVED = 2
    MODIFIED = 3
    ABBREV = 4
    PAUSED = 5
    RESUMED = 6


_EVENTS = {int(event): event for event in UpdateEvent}
_IN_FULL = {
    int(event): event
    for event in (UpdateEvent.INITIAL, UpdateEvent.ADDED, UpdateEvent.REMOVED, UpdateEvent.MODIFIED)
}


class FlowUpdate(NamedTuple):  # a tuple: a program in a loop has thousands told in a second
    """A flow that was added, modified or removed; of any other event only the event counts."""

    event: UpdateEvent
    table_id: int = 0
    priority: int = 0
    cookie: int = 0


def has_flow_monitor(switch: Description) -> bool:
    """Tell whether a switch can be asked: any other than an old Open vSwitch."""
    return switch.hardware != OPEN_VSWITCH or release(switch.software) >= SINCE


def flow_monitor_request(xid: int) -> bytes:
    """Ask to be told of every flow that changes from now on, by match and cookie."""
    flags = OFPFMF_ADD | OFPFMF_REMOVED | OFPFMF_MODIFY
    body = MULTIPART.pack(OFPMP_FLOW_MONITOR, 0)
    body += MONITOR_REQUEST.pack(MONITOR_ID, OFPP_ANY, OFPG_ANY, flags, OFPTT_ALL, OFPFMC_ADD)
    return message(MessageType.MULTIPART_REQUEST, xid, body + encode_match(Match()))


def decode_flow_updates(buffer: bytes) -> Iterator[FlowUpdate]:
    """Read what a flow monitor tells (whole message). Raises Malformed."""
    offset, end = HEADER.size + MULTIPART.size, len(buffer)
    while offset < end:
        try:
            length, number = UPDATE_HEADER.unpack_from(buffer, offset)
            event = _IN_FULL.get(number)
            if event is None:
                update, least = FlowUpdate(_EVENTS[number]), UPDATE_HEADER.size
            else:
                _, _, table_id, _, _, _, priority, cookie = FULL_UPDATE.unpack_from(buffer, offset)
                update, least = FlowUpdate(event, table_id, priority, cookie), FULL_UPDATE.size
        except (struct.error, LookupError) as error:
            raise Malformed(f"flow update at octet {offset} of {end} cannot be read") from error
        if length < least or offset + length > end:
            raise Malformed(f"flow update at octet {offset} has length {length}")
        yield update
        offset += length


class FlowMonitor:
    """The flow monitor of one connection: what of its updates is another's doing."""

    def __init__(self) -> None:
        self.xid: int | None = None  # of the request, once it was made
        self._is_paused = False

    def request(self, xid: int) -> bytes:
        """Make the message that begins it."""
        self.xid = xid
        return flow_monitor_request(xid)

    def take(self, buffer: bytes) -> tuple[list[FlowUpdate], bool]:
        """Read a message of it: what others changed, and whether anything may be changed. Raises Malformed.

        Nothing is told as others' doing while the switch pauses; when it resumes, anything may be changed.
        """
        changed: list[FlowUpdate] = []
        is_unknown = False
        for update in decode_flow_updates(buffer):
            event = update.event
            if event is UpdateEvent.PAUSED:
                self._is_paused = True
            elif event is UpdateEvent.RESUMED:
                self._is_paused, is_unknown = False, True
            elif event is not UpdateEvent.ABBREV and not self._is_paused:
                changed.append(update)
        return changed, is_unknown
