"""The frames by which a machine learns another one's MAC address: ARP, and neighbor discovery. PURE.

Source: RFC 826; RFC 4861, 4.3, 4.4 and 7.2; RFC 2464, 7, of multicast.
"""

from osken_apps.model.addresses import IPAddress, MacAddress
from osken_apps.openflow.fields import ETH_TYPE_ARP, ETH_TYPE_IPV6, IP_PROTO_ICMPV6, Exact, Field
from osken_apps.pipeline.headers import (
    ARP_REPLY,
    ARP_REQUEST,
    EVERYBODY,
    ND_HOP_LIMIT,
    NEIGHBOR_ADVERTISEMENT,
    NEIGHBOR_SOLICITATION,
)
from osken_apps.trace.frame import Frame

LAST_24_BITS = 0xFFFFFF
SOLICITED_NODE = 0xFF0200000000000000000001FF000000
SOLICITED_NODE_MAC = 0x3333FF000000

Known = tuple[MacAddress, IPAddress]  # a machine's addresses


def question(asking: Known, address: IPAddress) -> Frame:
    """Give the frame by which a machine asks who has an address."""
    mac, own = asking
    if address.version == 4:
        return _arp(ARP_REQUEST, EVERYBODY, asking, 0, address)
    bits = int(address) & LAST_24_BITS
    return _neighbor(
        {
            Field.ETH_SRC: mac,
            Field.ETH_DST: SOLICITED_NODE_MAC | bits,
            Field.IPV6_SRC: own,
            Field.IPV6_DST: SOLICITED_NODE | bits,
            Field.ICMPV6_TYPE: NEIGHBOR_SOLICITATION,
            Field.ND_TARGET: address,
            Field.ND_SLL: mac,
        }
    )


def answer(answering: Known, asking: Known) -> Frame:
    """Give the frame by which a machine says that it has the address that was asked for."""
    mac, own = answering
    if own.version == 4:
        return _arp(ARP_REPLY, asking[0], answering, asking[0], asking[1])
    return _neighbor(
        {
            Field.ETH_SRC: mac,
            Field.ETH_DST: asking[0],
            Field.IPV6_SRC: own,
            Field.IPV6_DST: asking[1],
            Field.ICMPV6_TYPE: NEIGHBOR_ADVERTISEMENT,
            Field.ND_TARGET: own,
            Field.ND_TLL: mac,
        }
    )


def _arp(op: int, receiver: Exact, sender: Known, target_mac: Exact, target: IPAddress) -> Frame:
    mac, own = sender
    return Frame.of(
        {
            Field.ETH_SRC: mac,
            Field.ETH_DST: receiver,
            Field.ETH_TYPE: ETH_TYPE_ARP,
            Field.ARP_OP: op,
            Field.ARP_SHA: mac,
            Field.ARP_SPA: own,
            Field.ARP_THA: target_mac,
            Field.ARP_TPA: target,
        }
    )


def _neighbor(values: dict[Field, Exact]) -> Frame:
    of_all: dict[Field, Exact] = {
        Field.ETH_TYPE: ETH_TYPE_IPV6,
        Field.IP_PROTO: IP_PROTO_ICMPV6,
        Field.IP_TTL: ND_HOP_LIMIT,
    }
    return Frame.of(of_all | values)
