"""Ethernet II, IPv4 and UDP around a DHCP message, both ways. PURE.

Owns headers and checksums. Knows nothing of DHCP. A decoder raises `Malformed` and nothing else.
Source: RFC 894, IEEE 802.1Q 9.6 (the tag), RFC 791, RFC 768, RFC 1071 (the checksum), RFC 6864
(identification 0 when not fragmented).
"""

import struct
from functools import lru_cache
from ipaddress import IPv4Address
from typing import NamedTuple

from osken_apps.errors import Malformed

ETH_TYPE_IPV4 = 0x0800
ETH_TYPE_VLAN = 0x8100
VLAN_ID = 0x0FFF
ETH_BROADCAST = b"\xff" * 6
IP_PROTO_UDP = 17
IP_VERSION_AND_LENGTH = 0x45
IP_DONT_FRAGMENT = 0x4000
IP_MORE_FRAGMENTS_OR_OFFSET = 0x3FFF
IP_TTL = 64
ONES = 0xFFFF

ETHERNET = struct.Struct("!6s6sH")
VLAN_TAG = struct.Struct("!HH")
IPV4 = struct.Struct("!BBHHHBBHII")
UDP = struct.Struct("!HHHH")
#: The words of our IPv4 header that are always the same.
IPV4_CONSTANT_SUM = (IP_VERSION_AND_LENGTH << 8) + IP_DONT_FRAGMENT + (IP_TTL << 8 | IP_PROTO_UDP)
#: The IPv4 header's length without options, and with the UDP header.
IP_UDP_OCTETS = IPV4.size + UDP.size


#: An address by its number or octets: the same few come again and again, and finding one is soonest.
ipv4_address = lru_cache(1024)(IPv4Address)


class Datagram(NamedTuple):
    """A UDP datagram in its frame."""

    eth_destination: bytes
    eth_source: bytes
    source: IPv4Address
    destination: IPv4Address
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
    if len(frame) < ETHERNET.size + VLAN_TAG.size:
        raise Malformed(f"frame of {len(frame)} octets is too short for UDP")
    eth_destination, eth_source, eth_type = ETHERNET.unpack_from(frame)
    offset = ETHERNET.size
    if eth_type == ETH_TYPE_VLAN:
        eth_type = _decode_priority_tag(frame)
        offset += VLAN_TAG.size
    if eth_type != ETH_TYPE_IPV4:
        raise Malformed(f"frame of type 0x{eth_type:04x} is not IPv4")
    if len(frame) < offset + IP_UDP_OCTETS:
        raise Malformed(f"frame of {len(frame)} octets is too short for UDP")
    source, destination, segment = _decode_ipv4(frame[offset:])
    source_port, destination_port, payload = _decode_udp(source, destination, segment)
    return Datagram(
        eth_destination, eth_source, ipv4_address(source), ipv4_address(destination),
        source_port, destination_port, payload,
    )  # fmt: skip


def _decode_priority_tag(frame: bytes) -> int:
    """Give the type behind an 802.1Q tag that says a priority and no VLAN.

    Table 9-2: a frame with the null VLAN id belongs to no VLAN, like one without a tag.
    """
    control, eth_type = VLAN_TAG.unpack_from(frame, ETHERNET.size)
    if control & VLAN_ID:
        raise Malformed(f"frame is of VLAN {control & VLAN_ID}")
    return int(eth_type)


def _decode_ipv4(packet: bytes) -> tuple[int, int, bytes]:
    """Give source, destination and payload of a whole, unfragmented IPv4 packet."""
    first, _, total, _, fragment, _, protocol, _, source, destination = IPV4.unpack_from(packet)
    header_octets = (first & 0x0F) * 4
    if first >> 4 != 4 or not IPV4.size <= header_octets <= total <= len(packet):
        raise Malformed(f"IPv4 header 0x{first:02x} with length {total} in {len(packet)} octets")
    if ones_sum(packet[:header_octets]):
        raise Malformed("IPv4 header checksum is wrong")
    if fragment & IP_MORE_FRAGMENTS_OR_OFFSET:
        raise Malformed("IPv4 packet is a fragment")
    if protocol != IP_PROTO_UDP:
        raise Malformed(f"IPv4 protocol {protocol} is not UDP")
    return source, destination, packet[header_octets:total]


def _decode_udp(source: int, destination: int, segment: bytes) -> tuple[int, int, bytes]:
    """Give ports and payload; a checksum of zero means that the sender made none (RFC 768)."""
    if len(segment) < UDP.size:
        raise Malformed(f"UDP header is cut off after {len(segment)} octets")
    source_port, destination_port, length, checksum = UDP.unpack_from(segment)
    if not UDP.size <= length <= len(segment):
        raise Malformed(f"UDP length {length} in {len(segment)} octets")
    segment = segment[:length]
    if checksum and (ones_sum(segment) + _pseudo_header_sum(source, destination, length)) % ONES:
        raise Malformed("UDP checksum is wrong")
    return source_port, destination_port, segment[UDP.size :]


def _pseudo_header_sum(source: int, destination: int, udp_length: int) -> int:
    return source + destination + IP_PROTO_UDP + udp_length


def encode_frame(datagram: Datagram) -> bytes:
    """Make a whole Ethernet frame, with both checksums."""
    source, destination = int(datagram.source), int(datagram.destination)
    length = UDP.size + len(datagram.payload)
    ports_sum = datagram.source_port + datagram.destination_port + length
    total = ones_sum(datagram.payload) + ports_sum + _pseudo_header_sum(source, destination, length)
    udp = UDP.pack(datagram.source_port, datagram.destination_port, length, udp_checksum(total))
    ethernet = ETHERNET.pack(datagram.eth_destination, datagram.eth_source, ETH_TYPE_IPV4)
    return ethernet + _ipv4_header(source, destination, IPV4.size + length) + udp + datagram.payload


def udp_checksum(words_sum: int) -> int:
    """Give the checksum for a sum of words, never 0: that would say that there is none (RFC 768)."""
    return ONES - words_sum % ONES


def _ipv4_header(source: int, destination: int, total: int) -> bytes:
    words_sum = IPV4_CONSTANT_SUM + total + source + destination
    return IPV4.pack(
        IP_VERSION_AND_LENGTH, 0, total, 0, IP_DONT_FRAGMENT, IP_TTL, IP_PROTO_UDP,
        (ONES - words_sum % ONES) % ONES, source, destination,
    )  # fmt: skip
