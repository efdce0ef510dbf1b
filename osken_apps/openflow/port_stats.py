"""What a switch counts of its ports. PURE.

Source: OpenFlow Switch Specification 1.4.0, 7.3.5.6 (port statistics).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from osken_apps.errors import Malformed
from osken_apps.openflow.codec import HEADER, MULTIPART, MessageType, message

OFPMP_PORT_STATS = 4
PORT_STATS_REQUEST = struct.Struct("!I4x")
PORT_STATS = struct.Struct("!H2xIII8Q")
UNKNOWN = 0xFFFFFFFFFFFFFFFF  # of a counter that the port does not have


@dataclass(frozen=True, slots=True)
class PortStats:
    """Packets and octets of a port since its device was made."""

    ofport: int
    received_packets: int
    sent_packets: int
    received_bytes: int
    sent_bytes: int
    received_dropped: int
    sent_dropped: int
    received_errors: int
    sent_errors: int


def port_stats_request(ofport: int, xid: int) -> bytes:
    """Ask for the statistics of a port."""
    body = MULTIPART.pack(OFPMP_PORT_STATS, 0) + PORT_STATS_REQUEST.pack(ofport)
    return message(MessageType.MULTIPART_REQUEST, xid, body)


def decode_port_stats(buffer: bytes) -> Iterator[PortStats]:
    """Read a port statistics reply (whole message); what a port does not count is 0. Raises Malformed."""
    offset = HEADER.size + MULTIPART.size
    while offset < len(buffer):
        try:
            length, ofport, _, _, *counts = PORT_STATS.unpack_from(buffer, offset)
        except struct.error as error:
            raise Malformed(f"port statistics of {len(buffer)} octets are truncated") from error
        if length < PORT_STATS.size or offset + length > len(buffer):
            raise Malformed(f"port statistics entry at octet {offset} has length {length}")
        yield PortStats(ofport, *(0 if count == UNKNOWN else count for count in counts))
        offset += length
