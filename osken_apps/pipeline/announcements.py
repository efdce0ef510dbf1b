"""What tells others where a machine is now: what it would say itself of its addresses. PURE.

Source: RFC 5227 for ARP announcements, RFC 4861 for unsolicited neighbor advertisements.
"""

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from osken_apps.model.addresses import MacAddress
from osken_apps.model.paired import Paired, certain_addresses
from osken_apps.model.resources import Port
from osken_apps.openflow.fields import ETH_TYPE_ARP, ETH_TYPE_IPV6, IP_PROTO_ICMPV6
from osken_apps.pipeline.headers import ARP_REQUEST, EVERYBODY, NEIGHBOR_ADVERTISEMENT

ETHERNET = struct.Struct("!6s6sH")
ARP = struct.Struct("!HHBBH6s4s6s4s")
IPV6 = struct.Struct("!IHBB16s16s")
ADVERTISEMENT = struct.Struct("!BBHI16sBB6s")
PSEUDO_HEADER = struct.Struct("!16s16sI3xB")
MIN_FRAME = 60
EXPERIMENT = 0x88B5  # an ethertype for experiments (IEEE 802)
TO_EVERYBODY = EVERYBODY.to_bytes(6, "big")
ALL_NODES, ALL_NODES_MAC = IPv6Address("ff02::1").packed, bytes.fromhex("333300000001")
OVERRIDE = 1 << 29
TARGET_LINK_LAYER_ADDRESS = 2


def announcements(port: Port, pairs: Paired, declined: IPv4Address | None = None) -> Iterator[bytes]:
    """Give a frame for each address of a port that is certain by what `pairs` cover in its network and by
    what its client `declined`.
    """
    mac = port.mac_address
    for address in certain_addresses(port, pairs, declined):
        if isinstance(address, IPv6Address):
            yield neighbor_advertisement(mac, address)
        else:
            yield arp_announcement(mac, address)


def arp_announcement(mac: MacAddress, address: IPv4Address) -> bytes:
    """Make an ARP request of an address for itself (RFC 5227, 2.3)."""
    sender, own = mac.packed, address.packed
    arp = ARP.pack(1, 0x0800, 6, 4, ARP_REQUEST, sender, own, bytes(6), own)
    return (ETHERNET.pack(TO_EVERYBODY, sender, ETH_TYPE_ARP) + arp).ljust(MIN_FRAME, b"\0")


def neighbor_advertisement(mac: MacAddress, address: IPv6Address) -> bytes:
    """Make an advertisement that nobody asked for and that overrides what is known (RFC 4861, 7.2.6)."""
    own, link = address.packed, mac.packed

    def body(checksum: int) -> bytes:
        option = TARGET_LINK_LAYER_ADDRESS, 1, link
        return ADVERTISEMENT.pack(NEIGHBOR_ADVERTISEMENT, 0, checksum, OVERRIDE, own, *option)

    pseudo = PSEUDO_HEADER.pack(own, ALL_NODES, ADVERTISEMENT.size, IP_PROTO_ICMPV6)
    header = IPV6.pack(6 << 28, ADVERTISEMENT.size, IP_PROTO_ICMPV6, 255, own, ALL_NODES)
    return ETHERNET.pack(ALL_NODES_MAC, link, ETH_TYPE_IPV6) + header + body(_checksum(pseudo + body(0)))


def _checksum(data: bytes) -> int:
    """Give the ones' complement of the ones' complement sum of 16-bit words (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
