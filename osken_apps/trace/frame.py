"""Frames as the values of their fields, as Open vSwitch sees them. PURE."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address

from netaddr import EUI, mac_unix_expanded

from osken_apps.openflow.fields import (
    ETH_TYPE_IPV4,
    ETH_TYPE_IPV6,
    IP_PROTO_ICMP,
    IP_PROTO_ICMPV6,
    IP_PROTO_SCTP,
    IP_PROTO_TCP,
    IP_PROTO_UDP,
    OFPVID_PRESENT,
    UNTAGGED,
    CtState,
    Exact,
    Field,
)
from osken_apps.openflow.match import Match

ADDRESSES = {
    ETH_TYPE_IPV4: (Field.IPV4_SRC, Field.IPV4_DST),
    ETH_TYPE_IPV6: (Field.IPV6_SRC, Field.IPV6_DST),
}
#: What Open vSwitch takes for the ports of a connection, by protocol (ovs-fields(7), ct_tp_src).
ENDS = {
    IP_PROTO_TCP: (Field.TCP_SRC, Field.TCP_DST),
    IP_PROTO_UDP: (Field.UDP_SRC, Field.UDP_DST),
    IP_PROTO_SCTP: (Field.SCTP_SRC, Field.SCTP_DST),
    IP_PROTO_ICMP: (Field.ICMP_TYPE, Field.ICMP_CODE),
    IP_PROTO_ICMPV6: (Field.ICMPV6_TYPE, Field.ICMPV6_CODE),
}
ASKED = {  # what an ICMP message of a type answers, by protocol
    (IP_PROTO_ICMP, 0): 8,
    (IP_PROTO_ICMPV6, 129): 128,
}
IPV4_FIELDS = frozenset(
    {Field.IPV4_SRC, Field.IPV4_DST, Field.ARP_SPA, Field.ARP_TPA, Field.TUN_SRC, Field.TUN_DST}
)
#: Fields that a frame brings with it; its VLAN ids are a list of their own.
OF_A_FRAME = frozenset(
    {
        Field.ETH_SRC, Field.ETH_DST, Field.ETH_TYPE, Field.IPV4_SRC, Field.IPV4_DST, Field.IPV6_SRC,
        Field.IPV6_DST, Field.IP_FRAG, Field.IP_TTL, Field.IP_PROTO, Field.TCP_SRC, Field.TCP_DST,
        Field.UDP_SRC, Field.UDP_DST, Field.SCTP_SRC, Field.SCTP_DST, Field.ICMP_TYPE, Field.ICMP_CODE,
        Field.ICMPV6_TYPE, Field.ICMPV6_CODE, Field.ND_TARGET, Field.ND_SLL, Field.ND_TLL,
        Field.ND_RESERVED, Field.ND_OPTIONS_TYPE, Field.ARP_OP, Field.ARP_SPA, Field.ARP_TPA, Field.ARP_SHA,
        Field.ARP_THA,
    }
)  # fmt: skip
#: Fields that are not of the frame itself, but of its way through one bridge.
OF_A_BRIDGE = frozenset(
    {
        Field.CONJ_ID, Field.IN_PORT, Field.TUN_ID, Field.TUN_SRC, Field.TUN_DST, Field.REG0, Field.REG4,
        Field.REG6, Field.REG7, Field.CT_STATE,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Original:
    """The addresses, protocol and ports of a connection's first packet."""

    source: int
    destination: int
    protocol: int
    ends: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame on its way: numbers by field (what is absent is 0), and its VLAN ids, the outermost first.

    `original` is what is known of its connection, as soon as that is tracked.
    """

    fields: Mapping[Field, int]
    vlans: tuple[int, ...] = ()
    original: Original | None = None

    @classmethod
    def of(cls, values: Mapping[Field, Exact]) -> "Frame":
        """Make a frame from values by field; VLAN_VID may be UNTAGGED."""
        numbers = _without_vlan(values)
        vid = values.get(Field.VLAN_VID, UNTAGGED)
        return cls(numbers, () if vid == UNTAGGED else (int(vid),))

    @property
    def macs(self) -> tuple[int, int]:
        """The MAC addresses that it is from and for."""
        return self.number(Field.ETH_SRC), self.number(Field.ETH_DST)

    def number(self, field: Field) -> int:
        """Give what a flow compares with: of VLAN_VID with the bit that tells that there is a tag."""
        if field is Field.VLAN_VID:
            return self.vlans[0] | OFPVID_PRESENT if self.vlans else 0
        return self.fields.get(field, 0)

    def having(self, changes: Mapping[Field, int]) -> "Frame":
        """Give the frame with other values; a VLAN id is set where there is a tag, and only there."""
        vlans = self.vlans
        if Field.VLAN_VID in changes and vlans:
            vlans = (changes[Field.VLAN_VID] & ~OFPVID_PRESENT, *vlans[1:])
        return replace(self, fields={**self.fields, **_without_vlan(changes)}, vlans=vlans)

    def untracked(self) -> "Frame":
        """Give the frame with nothing known of its connection."""
        return replace(self.having({Field.CT_STATE: 0}), original=None)

    def outside(self) -> "Frame":
        """Give what is left of it when it leaves a bridge."""
        left = {field: number for field, number in self.fields.items() if field not in OF_A_BRIDGE}
        return Frame(left, self.vlans)

    def as_first(self) -> "Frame":
        """Give the frame as it would be if it were its connection's first one, to look up rules by."""
        if self.original is None:
            return self
        original = self.original
        changes = {Field.IP_PROTO: original.protocol}
        addresses = ADDRESSES.get(self.number(Field.ETH_TYPE), ())
        changes |= dict(zip(addresses, (original.source, original.destination), strict=False))
        changes |= dict(zip(ENDS.get(original.protocol, ()), original.ends, strict=False))
        return self.having(changes)

    def opening(self) -> Original | None:
        """Give what is known of a connection of which this is the first packet; None without IP."""
        addresses = ADDRESSES.get(self.number(Field.ETH_TYPE))
        if addresses is None:
            return None
        source, destination = map(self.number, addresses)
        protocol = self.number(Field.IP_PROTO)
        ends = ENDS.get(protocol)
        return Original(
            source, destination, protocol, (self.number(ends[0]), self.number(ends[1])) if ends else (0, 0)
        )

    def answered(self) -> Original | None:
        """Give what is known of a connection that this packet answers; None without IP."""
        own = self.opening()
        if own is None:
            return None
        if own.protocol in (IP_PROTO_ICMP, IP_PROTO_ICMPV6):
            kind, code = own.ends
            ends = ASKED.get((own.protocol, kind), kind), code
        else:
            ends = own.ends[1], own.ends[0]
        return Original(own.destination, own.source, own.protocol, ends)

    def text(self) -> str:
        """Give the frame in ovs-ofctl's words, without what is of a bridge."""
        shown = {
            field: typed(field, number)
            for field, number in self.fields.items()
            if field not in OF_A_BRIDGE and (number or field is Field.ETH_TYPE or field in SHOWN_ZERO)
        }
        if self.vlans:
            shown[Field.VLAN_VID] = self.vlans[0]
        return Match.of(dict(shown)).text()


SHOWN_ZERO = frozenset({Field.ICMP_TYPE, Field.ICMPV6_TYPE})


def _without_vlan(values: Mapping[Field, Exact]) -> dict[Field, int]:
    numbers: dict[Field, int] = {field: int(value) for field, value in values.items()}
    numbers.pop(Field.VLAN_VID, None)
    return numbers


def typed(field: Field, number: int) -> Exact:
    """Give a number as what the field is: an address where it is one."""
    if field.value.bits == 48:
        return EUI(number, version=48, dialect=mac_unix_expanded)
    if field.value.bits == 128:
        return IPv6Address(number)
    return IPv4Address(number) if field in IPV4_FIELDS else number


def state_words(state: int) -> str:
    """Name the bits of a connection's state, as `new|trk`."""
    return "|".join(_bits(state)) or "untracked"


def _bits(state: int) -> Iterable[str]:
    return (name for bit, name in enumerate(CtState.NAMES) if state >> bit & 1)
