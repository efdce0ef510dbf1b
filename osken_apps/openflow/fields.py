"""The header fields that our flows match and set, each declared once. PURE.

Source: ovs-fields(7); the order of `Field` is the order in which Open vSwitch writes a match, so that
what is read back equals what was sent, byte for byte.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network

from netaddr import EUI, mac_unix_expanded

OPENFLOW_BASIC = 0x8000
NXM_0 = 0x0000
NXM_1 = 0x0001
OFPVID_PRESENT = 0x1000

UNTAGGED = -1  # as the value of VLAN_VID: the frame has no 802.1Q header

Exact = int | IPv4Address | EUI


@dataclass(frozen=True, slots=True)
class Masked:
    """A value of which only the bits of `mask` count; the others of `value` are 0."""

    value: Exact
    mask: int

    def __post_init__(self) -> None:
        if int(self.value) & ~self.mask:
            raise ValueError(f"{self.value} has bits outside of the mask {self.mask:#x}")


Value = Exact | IPv4Network | Masked


def masked(value: Value, bits: int) -> tuple[Exact, int | None]:
    """Take a value of a field of so many bits apart: the value and its mask, None if all of it counts."""
    if isinstance(value, Masked):
        return value.value, None if value.mask == (1 << bits) - 1 else value.mask
    if isinstance(value, IPv4Network):
        whole = value.prefixlen == value.max_prefixlen
        return value.network_address, None if whole else int(value.netmask)
    return value, None


def _decimal(value: Exact) -> str:
    return str(int(value))


def _hexadecimal(value: Exact) -> str:
    return f"0x{int(value):04x}"


@dataclass(frozen=True, slots=True)
class Spec:
    """How a field looks: in ovs-ofctl matches, on the wire (class, number, bits), in move and load."""

    match_name: str
    oxm_class: int
    number: int
    bits: int
    nxm_name: str
    to_text: Callable[[Exact], str] = _decimal
    wire_offset: int = 0
    nxm_header: tuple[int, int] | None = None

    def text(self, value: Value) -> str:
        """Give a match of the field in ovs-ofctl's words, such as `nw_dst=10.0.0.0/8`."""
        exact, mask = masked(value, self.bits)
        if exact == UNTAGGED:
            return "vlan_tci=0x0000/0x1fff"
        if mask is None:
            return f"{self.match_name}={self.to_text(exact)}"
        return f"{self.match_name}={self._masked_text(exact, mask)}"

    def _masked_text(self, exact: Exact, mask: int) -> str:
        if isinstance(exact, IPv4Address):
            return str(IPv4Network((int(exact), str(IPv4Address(mask)))))
        if isinstance(exact, EUI):
            return f"{exact}/{EUI(mask, version=48, dialect=mac_unix_expanded)}"
        return f"{int(exact):#x}/{mask:#x}"


class Field(Enum):
    """A header field."""

    __hash__ = object.__hash__  # each is one object: Enum's own hash, of the name, is slow

    IN_PORT = Spec("in_port", OPENFLOW_BASIC, 0, 32, "NXM_OF_IN_PORT")
    ETH_SRC = Spec("dl_src", OPENFLOW_BASIC, 4, 48, "NXM_OF_ETH_SRC", str, nxm_header=(NXM_0, 2))
    ETH_DST = Spec("dl_dst", OPENFLOW_BASIC, 3, 48, "NXM_OF_ETH_DST", str, nxm_header=(NXM_0, 1))
    ETH_TYPE = Spec("dl_type", OPENFLOW_BASIC, 5, 16, "NXM_OF_ETH_TYPE", _hexadecimal)
    VLAN_VID = Spec("dl_vlan", OPENFLOW_BASIC, 6, 16, "NXM_OF_VLAN_TCI", wire_offset=OFPVID_PRESENT)
    IPV4_SRC = Spec("nw_src", OPENFLOW_BASIC, 11, 32, "NXM_OF_IP_SRC", str, nxm_header=(NXM_0, 7))
    IPV4_DST = Spec("nw_dst", OPENFLOW_BASIC, 12, 32, "NXM_OF_IP_DST", str, nxm_header=(NXM_0, 8))
    IP_PROTO = Spec("nw_proto", OPENFLOW_BASIC, 10, 8, "NXM_OF_IP_PROTO")
    UDP_SRC = Spec("tp_src", OPENFLOW_BASIC, 15, 16, "NXM_OF_UDP_SRC")
    UDP_DST = Spec("tp_dst", OPENFLOW_BASIC, 16, 16, "NXM_OF_UDP_DST")
    ICMP_TYPE = Spec("icmp_type", OPENFLOW_BASIC, 19, 8, "NXM_OF_ICMP_TYPE")
    ICMP_CODE = Spec("icmp_code", OPENFLOW_BASIC, 20, 8, "NXM_OF_ICMP_CODE")
    ARP_OP = Spec("arp_op", OPENFLOW_BASIC, 21, 16, "NXM_OF_ARP_OP")
    ARP_SPA = Spec("arp_spa", OPENFLOW_BASIC, 22, 32, "NXM_OF_ARP_SPA", str, nxm_header=(NXM_0, 16))
    ARP_TPA = Spec("arp_tpa", OPENFLOW_BASIC, 23, 32, "NXM_OF_ARP_TPA", str, nxm_header=(NXM_0, 17))
    ARP_SHA = Spec("arp_sha", OPENFLOW_BASIC, 24, 48, "NXM_NX_ARP_SHA", str, nxm_header=(NXM_1, 17))
    ARP_THA = Spec("arp_tha", OPENFLOW_BASIC, 25, 48, "NXM_NX_ARP_THA", str, nxm_header=(NXM_1, 18))


ETH_TYPE_IPV4 = 0x0800
ETH_TYPE_ARP = 0x0806
ETH_TYPE_RARP = 0x8035
IP_PROTO_ICMP = 1
IP_PROTO_UDP = 17
