"""Ethernet II, IPv4 and UDP around a DHCP message, both ways. PURE.

Owns headers and checksums. Knows nothing of DHCP. A decoder raises `Malformed` and nothing else.
Source: RFC 894, IEEE 802.1Q 9.6 (the tag), RFC 791, RFC 768, RFC 1071 (the checksum), RFC 6864
(identification 0 when not fragmented).
"""

import struct
from typing import NamedTuple

from osken_apps.dhcp.new_tuple import new_tuple
from osken_apps.errors import Malformed

ETH_TYPE_IPV4 = 0x0800
ETH_TYPE_VLAN = b"\x81\x00"
VLAN_ID = 0x0FFF
ETH_BROADCAST = b"\xff" * 6
IP_PROTO_UDP = 17
IP_VERSION_AND_LENGTH = 0x45
IP_DONT_FRAGMENT = 0x4000
IP_MORE_FRAGMENTS_OR_OFFSET = 0x3FFF
IP_TTL = 64
ONES = 0xFFFF

ETH_TYPE_OFFSET = 12
IPV4_OFFSET = 14
VLAN_TAG_OCTETS = 4
IPV4_OCTETS = 20
#: What is read of both headers; the checksum is among what is summed.
ETHERNET_IPV4 = struct.Struct("!6s6sHBxH2xHxB2xII")
UDP = struct.Struct("!HHHH")
HEADERS = struct.Struct("!6s6sHBBHHHBBHIIHHHH")
#: The words of our IPv4 header that are always the same.
IPV4_CONSTANT_SUM = (IP_VERSION_AND_LENGTH << 8) + IP_DONT_FRAGMENT + (IP_TTL << 8 | IP_PROTO_UDP)
#: The IPv4 header's length without options, and with the UDP header.
IP_UDP_OCTETS = IPV4_OCTETS + UDP.size


class Datagram(NamedTuple):
    """A UDP datagram in its frame.

    Addresses are plain numbers here, as in the message inside: they are compared a dozen times a packet.
    """

    eth_destination: bytes
    eth_source: bytes
    source: int
    destination: int
    source_port: int
    destination_port: int
    payload: bytes


def ones_sum(octets: bytes) -> int:
    """Sum 16-bit words in one's complement, reduced to 0..65534 (RFC 1071).

    65536 leaves 1 when divided by 65535: so the whole string as one number leaves what the sum of its
    words leaves, and 65535 counts as 0.
    """
    number = int.from_bytes(octets, "big")
    return (number << 8 if len(octets) % 2 else number) % ONES


def decode_frame(frame: bytes) -> Datagram:
    """Read the UDP datagram of an Ethernet frame of no VLAN. Raises Malformed."""
    if frame.startswith(ETH_TYPE_VLAN, ETH_TYPE_OFFSET):
        frame = _without_priority_tag(frame)
    if len(frame) < HEADERS.size:
        raise Malformed(f"frame of {len(frame)} octets is too short for UDP")
    (
        eth_destination, eth_source, eth_type, first, total, fragment, protocol, source, destination,
    ) = ETHERNET_IPV4.unpack_from(frame)  # fmt: skip
    if eth_type != ETH_TYPE_IPV4:
        raise Malformed(f"frame of type 0x{eth_type:04x} is not IPv4")
    start, end = IPV4_OFFSET + (first & 0x0F) * 4, IPV4_OFFSET + total
    if first >> 4 != 4 or not IPV4_OFFSET + IPV4_OCTETS <= start <= end <= len(frame):
        room = len(frame) - IPV4_OFFSET
        raise Malformed(f"IPv4 header 0x{first:02x} with length {total} in {room} octets")
    if int.from_bytes(frame[IPV4_OFFSET:start], "big") % ONES:
        raise Malformed("IPv4 header checksum is wrong")
    if fragment & IP_MORE_FRAGMENTS_OR_OFFSET:
        raise Malformed("IPv4 packet is a fragment")
    if protocol != IP_PROTO_UDP:
        raise Malformed(f"IPv4 protocol {protocol} is not UDP")
    source_port, destination_port, payload = _decode_udp(frame[start:end], source + destination)
    return new_tuple(
        Datagram, (eth_destination, eth_source, source, destination, source_port, destination_port, payload)
    )


def _without_priority_tag(frame: bytes) -> bytes:
    """Take off an 802.1Q tag that says a priority and no VLAN.

    Table 9-2: a frame with the null VLAN id belongs to no VLAN, like one without a tag.
    """
    vlan_id = int.from_bytes(frame[IPV4_OFFSET : IPV4_OFFSET + 2], "big") & VLAN_ID
    if vlan_id:
        raise Malformed(f"frame is of VLAN {vlan_id}")
    return frame[:ETH_TYPE_OFFSET] + frame[ETH_TYPE_OFFSET + VLAN_TAG_OCTETS :]


def _decode_udp(segment: bytes, addresses_sum: int) -> tuple[int, int, bytes]:
    """Give ports and payload; a checksum of zero means that the sender made none (RFC 768)."""
    if len(segment) < UDP.size:
        raise Malformed(f"UDP header is cut off after {len(segment)} octets")
    source_port, destination_port, length, checksum = UDP.unpack_from(segment)
    if length != len(segment):
        if not UDP.size <= length < len(segment):
            raise Malformed(f"UDP length {length} in {len(segment)} octets")
        segment = segment[:length]
    if checksum and (ones_sum(segment) + addresses_sum + IP_PROTO_UDP + length) % ONES:
        raise Malformed("UDP checksum is wrong")
    return source_port, destination_port, segment[UDP.size :]


def encode_frame(
    eth_destination: bytes,
    eth_source: bytes,
    source: int,
    destination: int,
    source_port: int,
    destination_port: int,
    payload: bytes,
) -> bytes:
    """Make the whole Ethernet frame of a datagram, with both checksums."""
    length = UDP.size + len(payload)
    total = IPV4_OCTETS + length
    addresses_sum = source + destination
    udp_sum = ones_sum(payload) + source_port + destination_port + 2 * length + addresses_sum + IP_PROTO_UDP
    return (
        HEADERS.pack(
            eth_destination, eth_source, ETH_TYPE_IPV4,
            IP_VERSION_AND_LENGTH, 0, total, 0, IP_DONT_FRAGMENT, IP_TTL, IP_PROTO_UDP,
            -(IPV4_CONSTANT_SUM + total + addresses_sum) % ONES, source, destination,
            source_port, destination_port, length, udp_checksum(udp_sum),
        )
        + payload
    )  # fmt: skip


def udp_checksum(words_sum: int) -> int:
    """Give the checksum for a sum of words, never 0: that would say that there is none (RFC 768)."""
    return ONES - words_sum % ONES
