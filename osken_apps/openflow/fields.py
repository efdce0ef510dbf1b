"""The header fields, registers and states that our flows match and set, each declared once. PURE.

Source: ovs-fields(7); the order of `Field` is the order in which Open vSwitch writes a match, so that
what is read back equals what was sent, byte for byte.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from netaddr import EUI, mac_unix_expanded

OPENFLOW_BASIC = 0x8000
NXM_0 = 0x0000
NXM_1 = 0x0001
ERICSSON = 0x1000
OFPVID_PRESENT = 0x1000
UNTAGGED = -1  # as the value of VLAN_VID: the frame has no 802.1Q header

Exact = int | IPv4Address | IPv6Address | EUI


@dataclass(frozen=True, slots=True)
class Masked:
    """A value of which only the bits of `mask` count; the others of `value` are 0."""

    value: Exact
    mask: int

    def __post_init__(self) -> None:
        if int(self.value) & ~self.mask:
            raise ValueError(f"{self.value} has bits outside of the mask {self.mask:#x}")


Value = Exact | IPv4Network | IPv6Network | Masked


def masked(value: Value, bits: int) -> tuple[Exact, int | None]:
    """Take a value of a field of so many bits apart: the value and its mask, None if all of it counts."""
    if isinstance(value, Masked):
        return value.value, None if value.mask == (1 << bits) - 1 else value.mask
    if isinstance(value, IPv4Network | IPv6Network):
        whole = value.prefixlen == value.max_prefixlen
        return value.network_address, None if whole else int(value.netmask)
    return value, None


class CtState:
    """The bits of CT_STATE (ovs-fields(7))."""

    NEW, EST, REL, RPL, INV, TRK = (1 << bit for bit in range(6))
    NAMES = ("new", "est", "rel", "rpl", "inv", "trk")


class IpFrag:
    """The bits of IP_FRAG: a fragment, and one that is not the first (ovs-fields(7))."""

    ANY, LATER = 1, 2


def _decimal(value: Exact, _mask: int | None) -> str:
    return str(int(value)) if _mask is None else f"{int(value):#x}/{_mask:#x}"


def _hexadecimal(value: Exact, mask: int | None) -> str:
    number = f"{int(value):#x}" if int(value) else "0"
    return number if mask is None else f"{number}/{mask:#x}"


def _ethertype(value: Exact, _mask: int | None) -> str:
    return f"0x{int(value):04x}"


def _address(value: Exact, mask: int | None) -> str:
    if mask is None:
        return str(value)
    if isinstance(value, EUI):
        return f"{value}/{EUI(mask, version=48, dialect=mac_unix_expanded)}"
    kind = IPv4Network if isinstance(value, IPv4Address) else IPv6Network
    length = bin(mask).count("1")
    return str(kind((int(value), length)))


def _ct_state(value: Exact, mask: int | None) -> str:
    bits = (1 << len(CtState.NAMES)) - 1 if mask is None else mask
    signs = (("+" if int(value) >> bit & 1 else "-", name) for bit, name in enumerate(CtState.NAMES))
    return "".join(f"{sign}{name}" for bit, (sign, name) in enumerate(signs) if bits >> bit & 1)


def _ip_frag(value: Exact, mask: int | None) -> str:
    words = {
        (IpFrag.ANY | IpFrag.LATER, None): "later",
        (IpFrag.ANY, None): "first",
        (0, None): "no",
        (IpFrag.ANY, IpFrag.ANY): "yes",
        (IpFrag.LATER, IpFrag.LATER): "later",
        (0, IpFrag.LATER): "not_later",
    }
    return words[int(value), mask]


@dataclass(frozen=True, slots=True)
class Spec:
    """How a field looks: in ovs-ofctl matches, on the wire (class, number, bits), in move and load.

    `mask_bits` are the bits that a whole mask has where that is fewer than the field's.
    """

    match_name: str
    oxm_class: int
    number: int
    bits: int
    nxm_name: str
    to_text: Callable[[Exact, int | None], str] = _decimal
    wire_offset: int = 0
    nxm_header: tuple[int, int] | None = None
    mask_bits: int = 0

    def text(self, value: Value) -> str:
        """Give a match of the field in ovs-ofctl's words, such as `nw_dst=10.0.0.0/8`."""
        exact, mask = masked(value, self.mask_bits or self.bits)
        if exact == UNTAGGED:
            return "vlan_tci=0x0000/0x1fff"
        return f"{self.match_name}={self.to_text(exact, mask)}"


def _register(number: int) -> Spec:
    return Spec(
        f"reg{number}", NXM_1, number, 32, f"NXM_NX_REG{number}", _hexadecimal, nxm_header=(NXM_1, number)
    )


class Field(Enum):
    """A header field, a register, or what is known of a packet's connection."""

    __hash__ = object.__hash__  # each is one object: Enum's own hash, of the name, is slow

    CONJ_ID = Spec("conj_id", NXM_1, 37, 32, "NXM_NX_CONJ_ID")
    IN_PORT = Spec("in_port", OPENFLOW_BASIC, 0, 32, "NXM_OF_IN_PORT")
    ETH_SRC = Spec("dl_src", OPENFLOW_BASIC, 4, 48, "NXM_OF_ETH_SRC", _address, nxm_header=(NXM_0, 2))
    ETH_DST = Spec("dl_dst", OPENFLOW_BASIC, 3, 48, "NXM_OF_ETH_DST", _address, nxm_header=(NXM_0, 1))
    ETH_TYPE = Spec("dl_type", OPENFLOW_BASIC, 5, 16, "NXM_OF_ETH_TYPE", _ethertype)
    VLAN_VID = Spec("dl_vlan", OPENFLOW_BASIC, 6, 16, "NXM_OF_VLAN_TCI", wire_offset=OFPVID_PRESENT)
    IPV4_SRC = Spec("nw_src", OPENFLOW_BASIC, 11, 32, "NXM_OF_IP_SRC", _address, nxm_header=(NXM_0, 7))
    IPV4_DST = Spec("nw_dst", OPENFLOW_BASIC, 12, 32, "NXM_OF_IP_DST", _address, nxm_header=(NXM_0, 8))
    IPV6_SRC = Spec("ipv6_src", OPENFLOW_BASIC, 26, 128, "NXM_NX_IPV6_SRC", _address, nxm_header=(NXM_1, 19))
    IPV6_DST = Spec("ipv6_dst", OPENFLOW_BASIC, 27, 128, "NXM_NX_IPV6_DST", _address, nxm_header=(NXM_1, 20))
    IP_FRAG = Spec("nw_frag", NXM_1, 26, 8, "NXM_NX_IP_FRAG", _ip_frag, mask_bits=2)
    IP_TTL = Spec("nw_ttl", NXM_1, 29, 8, "NXM_NX_IP_TTL")
    IP_PROTO = Spec("nw_proto", OPENFLOW_BASIC, 10, 8, "NXM_OF_IP_PROTO")
    TCP_SRC = Spec("tp_src", OPENFLOW_BASIC, 13, 16, "NXM_OF_TCP_SRC")
    TCP_DST = Spec("tp_dst", OPENFLOW_BASIC, 14, 16, "NXM_OF_TCP_DST")
    UDP_SRC = Spec("tp_src", OPENFLOW_BASIC, 15, 16, "NXM_OF_UDP_SRC")
    UDP_DST = Spec("tp_dst", OPENFLOW_BASIC, 16, 16, "NXM_OF_UDP_DST")
    SCTP_SRC = Spec("tp_src", OPENFLOW_BASIC, 17, 16, "OXM_OF_SCTP_SRC", nxm_header=(OPENFLOW_BASIC, 17))
    SCTP_DST = Spec("tp_dst", OPENFLOW_BASIC, 18, 16, "OXM_OF_SCTP_DST", nxm_header=(OPENFLOW_BASIC, 18))
    ICMP_TYPE = Spec("icmp_type", OPENFLOW_BASIC, 19, 8, "NXM_OF_ICMP_TYPE")
    ICMP_CODE = Spec("icmp_code", OPENFLOW_BASIC, 20, 8, "NXM_OF_ICMP_CODE")
    ICMPV6_TYPE = Spec("icmp_type", OPENFLOW_BASIC, 29, 8, "NXM_NX_ICMPV6_TYPE")
    ICMPV6_CODE = Spec("icmp_code", OPENFLOW_BASIC, 30, 8, "NXM_NX_ICMPV6_CODE")
    ND_TARGET = Spec(
        "nd_target", OPENFLOW_BASIC, 31, 128, "NXM_NX_ND_TARGET", _address, nxm_header=(NXM_1, 23)
    )
    ND_SLL = Spec("nd_sll", OPENFLOW_BASIC, 32, 48, "NXM_NX_ND_SLL", _address)
    ND_TLL = Spec("nd_tll", OPENFLOW_BASIC, 33, 48, "NXM_NX_ND_TLL", _address, nxm_header=(NXM_1, 25))
    ND_RESERVED = Spec("nd_reserved", ERICSSON, 1, 32, "ERICOXM_OF_ICMPV6_ND_RESERVED")
    ND_OPTIONS_TYPE = Spec("nd_options_type", ERICSSON, 2, 8, "ERICOXM_OF_ICMPV6_ND_OPTIONS_TYPE")
    ARP_OP = Spec("arp_op", OPENFLOW_BASIC, 21, 16, "NXM_OF_ARP_OP")
    ARP_SPA = Spec("arp_spa", OPENFLOW_BASIC, 22, 32, "NXM_OF_ARP_SPA", _address, nxm_header=(NXM_0, 16))
    ARP_TPA = Spec("arp_tpa", OPENFLOW_BASIC, 23, 32, "NXM_OF_ARP_TPA", _address, nxm_header=(NXM_0, 17))
    ARP_SHA = Spec("arp_sha", OPENFLOW_BASIC, 24, 48, "NXM_NX_ARP_SHA", _address, nxm_header=(NXM_1, 17))
    ARP_THA = Spec("arp_tha", OPENFLOW_BASIC, 25, 48, "NXM_NX_ARP_THA", _address, nxm_header=(NXM_1, 18))
    TUN_ID = Spec("tun_id", OPENFLOW_BASIC, 38, 64, "NXM_NX_TUN_ID", _hexadecimal)
    TUN_SRC = Spec("tun_src", NXM_1, 31, 32, "NXM_NX_TUN_IPV4_SRC", _address)
    TUN_DST = Spec("tun_dst", NXM_1, 32, 32, "NXM_NX_TUN_IPV4_DST", _address)
    REG0 = _register(0)
    REG4 = _register(4)
    REG6 = _register(6)
    REG7 = _register(7)
    CT_STATE = Spec("ct_state", NXM_1, 105, 32, "NXM_NX_CT_STATE", _ct_state)


ETH_TYPE_IPV4 = 0x0800
ETH_TYPE_ARP = 0x0806
ETH_TYPE_RARP = 0x8035
ETH_TYPE_IPV6 = 0x86DD
IP_PROTO_ICMP = 1
IP_PROTO_IGMP = 2
IP_PROTO_TCP = 6
IP_PROTO_UDP = 17
IP_PROTO_ICMPV6 = 58
IP_PROTO_SCTP = 132
