"""Cutting a stream of octets into OpenFlow messages. PURE.

Packet-ins may come by the hundred thousand a second and are taken many at a time; all else is taken one by
one. Source: OpenFlow Switch Specification 1.4.0, 7.1 (header).
"""

import struct
from typing import NamedTuple

from osken_apps.openflow.codec import (
    MIN_PACKET_IN_OCTETS,
    OFP_VERSION,
    PACKET_IN_TYPE,
    message_octets,
)

FULL_READ = 1 << 15  # so many octets at once may have left others unread: TLS gives whole records only

HEAD = struct.Struct("!HHI")  # version and type as one number, length, xid
HEADER_SIZE = HEAD.size
PACKET_IN_HEAD = OFP_VERSION << 8 | PACKET_IN_TYPE


class Head(NamedTuple):
    """What a message's header says."""

    version: int
    message_type: int
    length: int
    xid: int


class Frames:
    """Takes octets as they come and gives whole messages."""

    def __init__(self) -> None:
        self.behind = False  # more was there than was read
        self.drained = True  # it is known that nothing is left of what was fed
        self._buffer = b""
        self._offset = 0

    def feed(self, data: bytes) -> None:
        """Take octets that came."""
        self.behind = len(data) >= FULL_READ
        self.drained = False
        self._buffer = self._buffer[self._offset :] + data
        self._offset = 0

    def take_packet_ins(self) -> list[bytes]:
        """Take the packet-ins that come next."""
        buffer, offset, end, taken = self._buffer, self._offset, len(self._buffer), []
        while end - offset >= HEADER_SIZE:
            head, length, _ = HEAD.unpack_from(buffer, offset)
            if head != PACKET_IN_HEAD:
                break
            if length < MIN_PACKET_IN_OCTETS:
                length = message_octets(PACKET_IN_TYPE, length)
            if end - offset < length:
                break
            taken.append(buffer[offset : offset + length])
            offset += length
        self._offset = offset
        self.drained = offset == end
        return taken

    def peek(self) -> Head | None:
        """Give the header of the next message, if it is whole, or if its length cannot be."""
        if len(self._buffer) - self._offset < HEADER_SIZE:
            return None
        head, length, xid = HEAD.unpack_from(self._buffer, self._offset)
        found = Head(head >> 8, head & 0xFF, length, xid)
        return found if len(self._buffer) - self._offset >= _octets(found) else None

    def take(self) -> bytes:
        """Take the message that `peek` has shown; of one whose length cannot be, the header."""
        found = self.peek()
        begin = self._offset
        if found:
            self._offset += _octets(found)
        return self._buffer[begin : self._offset]


def _octets(head: Head) -> int:
    if head.length < HEADER_SIZE and head.message_type != PACKET_IN_TYPE:
        return HEADER_SIZE
    return message_octets(head.message_type, head.length)
