"""Frames from words, such as `icmp nw_dst=10.0.0.7`, in ovs-ofctl's names or OpenFlow's, and from octets.

PURE.
"""

import struct
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

from netaddr import EUI, AddrFormatError, mac_unix_expanded

from osken_apps.errors import Malformed
from osken_apps.openflow.fields import (
    ETH_TYPE_ARP,
    ETH_TYPE_IPV4,
    ETH_TYPE_IPV6,
    ETH_TYPE_RARP,
    IP_PROTO_ICMP,
    IP_PROTO_ICMPV6,
    IP_PROTO_SCTP,
    IP_PROTO_TCP,
    IP_PROTO_UDP,
    UNTAGGED,
    Exact,
    Field,
    IpFrag,
)
from osken_apps.openflow.match import PROTOCOL_WORDS
from osken_apps.openflow.wire import ETH_TYPE_8021Q
from osken_apps.pipeline.headers import NEIGHBOR_ADVERTISEMENT, NEIGHBOR_SOLICITATION
from osken_apps.trace.frame import ENDS, IPV4_FIELDS, OF_A_FRAME, Frame

PROTOCOLS = {word: kinds for kinds, word in PROTOCOL_WORDS.items()}
FRAGMENTS = {"no": 0, "first": IpFrag.ANY, "later": IpFrag.ANY | IpFrag.LATER}
#: What a field says of the frame that has it: its EtherType, and its protocol.
IMPLIED: dict[Field, tuple[int | None, int | None]] = {
    Field.IPV4_SRC: (ETH_TYPE_IPV4, None), Field.IPV4_DST: (ETH_TYPE_IPV4, None),
    Field.IPV6_SRC: (ETH_TYPE_IPV6, None), Field.IPV6_DST: (ETH_TYPE_IPV6, None),
    Field.ARP_OP: (ETH_TYPE_ARP, None), Field.ARP_SPA: (ETH_TYPE_ARP, None),
    Field.ARP_TPA: (ETH_TYPE_ARP, None), Field.ARP_SHA: (ETH_TYPE_ARP, None),
    Field.ARP_THA: (ETH_TYPE_ARP, None), Field.ICMP_TYPE: (ETH_TYPE_IPV4, IP_PROTO_ICMP),
    Field.ICMPV6_TYPE: (ETH_TYPE_IPV6, IP_PROTO_ICMPV6), Field.ND_TARGET: (ETH_TYPE_IPV6, IP_PROTO_ICMPV6),
    Field.TCP_SRC: (None, IP_PROTO_TCP), Field.TCP_DST: (None, IP_PROTO_TCP),
    Field.UDP_SRC: (None, IP_PROTO_UDP), Field.UDP_DST: (None, IP_PROTO_UDP),
    Field.SCTP_SRC: (None, IP_PROTO_SCTP), Field.SCTP_DST: (None, IP_PROTO_SCTP),
}  # fmt: skip
DEFAULT_TTL = 64

ETHERNET = struct.Struct("!6s6sH")
VLAN = struct.Struct("!HH")
ARP = struct.Struct("!HHBBH6sI6sI")
SNAP = struct.Struct("!6sH")  # of LLC and SNAP together
IPV4 = struct.Struct("!BBHHHBBHII")
IPV6 = struct.Struct("!IHBB16s16s")
EXTENSION = struct.Struct("!BBHxxxx")  # what follows, its length; of a fragment its offset
ENDS_OF_TRANSPORT = struct.Struct("!HH")
NEIGHBOR = struct.Struct("!BBHI16s")
LINK_LAYER_OPTION = struct.Struct("!BB6s")
VLAN_TYPES = (ETH_TYPE_8021Q, 0x88A8)
MIN_ETH_TYPE, NO_ETH_TYPE = 0x0600, 0x05FF
SNAP_OF_ETHERNET = bytes.fromhex("aaaa03000000")
ARP_OF_IPV4 = [1, ETH_TYPE_IPV4, 6, 4]  # Ethernet, IPv4, and the octets of an address of either
MAX_ARP_OP = 0xFF
#: The least that a header of these has.
LEAST_OCTETS = {
    IP_PROTO_TCP: 20,
    IP_PROTO_UDP: 8,
    IP_PROTO_SCTP: 12,
    IP_PROTO_ICMP: 8,
    IP_PROTO_ICMPV6: 8,
}
VID_MASK, OFFSET_MASK, MORE_FRAGMENTS = 0xFFF, 0x1FFF, 0x2000
FRAGMENT, AUTHENTICATION = 44, 51
EXTENSIONS = frozenset({0, 43, 60, FRAGMENT, AUTHENTICATION})  # of hops, routing, destinations
IPV6_OFFSET_MASK = 0xFFF8
NEIGHBOR_KINDS = (NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT)
SOURCE_OPTION, TARGET_OPTION = 1, 2


def _names() -> dict[str, list[Field]]:
    """Give the fields that a name may mean: which one, the protocol tells."""
    found: dict[str, list[Field]] = {}
    for field in (*OF_A_FRAME, Field.VLAN_VID):
        for name in {field.value.match_name, field.name.lower()}:
            found.setdefault(name, []).append(field)
    return found


NAMES = _names()


def frame_of_words(words: Iterable[str]) -> Frame:
    """Make a frame from `key=value` and the names of protocols. Raises Malformed.

    What is not said follows from what is: of `tcp_dst=80` that it is TCP, of `nw_dst=10.0.0.7` that it is
    IPv4.
    """
    values: dict[Field, Exact] = {}
    later: list[tuple[str, str]] = []
    for word in words:
        key, has_value, text = word.partition("=")
        if not has_value:
            values |= _of_protocol(word)
        elif len(_meant(key)) == 1:
            values[_meant(key)[0]] = _value(_meant(key)[0], key, text)
        else:
            later.append((key, text))
    for key, text in later:
        field = _by_protocol(key, int(values.get(Field.IP_PROTO, 0)))
        values[field] = _value(field, key, text)
    return Frame.of(_implied(values))


def _meant(key: str) -> list[Field]:
    if key not in NAMES:
        raise Malformed(f"{key} is no field of a frame; there are {', '.join(sorted(NAMES))}")
    return NAMES[key]


def _of_protocol(word: str) -> dict[Field, Exact]:
    if word not in PROTOCOLS:
        raise Malformed(f"{word} is neither KEY=VALUE nor one of {', '.join(PROTOCOLS)}")
    eth_type, protocol = PROTOCOLS[word]
    found: dict[Field, Exact] = {Field.ETH_TYPE: int(eth_type)}  # type: ignore[arg-type]
    return found if protocol is None else found | {Field.IP_PROTO: int(protocol)}  # type: ignore[arg-type]


def _by_protocol(key: str, protocol: int) -> Field:
    for field in NAMES[key]:
        if field in ENDS.get(protocol, ()):
            return field
    raise Malformed(f"{key} needs a protocol before it, such as tcp, udp or icmp")


def _value(field: Field, key: str, text: str) -> Exact:
    try:
        if field is Field.IP_FRAG:
            return FRAGMENTS[text]
        if field.value.bits == 48:
            return EUI(text, version=48, dialect=mac_unix_expanded)
        if field.value.bits == 128:
            return IPv6Address(text)
        if field in IPV4_FIELDS:
            return IPv4Address(text)
        number = int(text, 0)
    except (ValueError, KeyError, AddrFormatError) as error:
        raise Malformed(f"{key} cannot be {text!r}") from error
    if not 0 <= number < 1 << (12 if field is Field.VLAN_VID else field.value.bits):
        raise Malformed(f"{key} cannot be {number}: it has {field.value.bits} bits")
    return number


def _implied(values: dict[Field, Exact]) -> dict[Field, Exact]:
    for field in list(values):
        eth_type, protocol = IMPLIED.get(field, (None, None))
        if eth_type is not None:
            values.setdefault(Field.ETH_TYPE, eth_type)
        if protocol is not None:
            values.setdefault(Field.IP_PROTO, protocol)
    if Field.IP_PROTO in values:
        values.setdefault(Field.ETH_TYPE, ETH_TYPE_IPV4)
        values.setdefault(Field.IP_TTL, DEFAULT_TTL)
    values.setdefault(Field.VLAN_VID, UNTAGGED)
    return values


def frame_of_octets(octets: bytes) -> Frame:
    """Read a frame as Open vSwitch does (its `miniflow_extract`). Raises Malformed for less than an Ethernet
    header; of another one that is cut off, or not what it must be, it shows nothing, nor of what follows.
    """
    try:
        destination, source, eth_type = ETHERNET.unpack_from(octets)
    except struct.error as error:
        raise Malformed(f"a frame of {len(octets)} octets has no Ethernet header") from error
    values: dict[Field, Exact] = {
        Field.ETH_DST: int.from_bytes(destination, "big"),
        Field.ETH_SRC: int.from_bytes(source, "big"),
    }
    rest = octets[ETHERNET.size :]
    if eth_type in VLAN_TYPES and len(rest) >= VLAN.size:
        tci, eth_type = VLAN.unpack_from(rest)
        values[Field.VLAN_VID] = tci & VID_MASK
        rest = rest[VLAN.size :]
    if eth_type < MIN_ETH_TYPE:
        eth_type, rest = _behind_llc(rest)
    values[Field.ETH_TYPE] = eth_type
    with suppress(struct.error):  # it is cut off
        values |= _payload(eth_type, rest)
    return Frame.of(values)


def _behind_llc(rest: bytes) -> tuple[int, bytes]:
    """Give the EtherType of a frame that has a length in its place (IEEE 802.3), and what follows that."""
    if len(rest) >= SNAP.size:
        header, eth_type = SNAP.unpack_from(rest)
        if header == SNAP_OF_ETHERNET:
            return (eth_type if eth_type >= MIN_ETH_TYPE else NO_ETH_TYPE), rest[SNAP.size :]
    return NO_ETH_TYPE, rest


def _payload(eth_type: int, rest: bytes) -> dict[Field, Exact]:
    match eth_type:
        case _ if eth_type in (ETH_TYPE_ARP, ETH_TYPE_RARP):
            *kind, op, sha, spa, tha, tpa = ARP.unpack_from(rest)
            if kind != ARP_OF_IPV4:
                return {}
            return {
                Field.ARP_OP: op if op <= MAX_ARP_OP else 0,
                Field.ARP_SHA: int.from_bytes(sha, "big"),
                Field.ARP_SPA: spa,
                Field.ARP_THA: int.from_bytes(tha, "big"),
                Field.ARP_TPA: tpa,
            }
        case _ if eth_type == ETH_TYPE_IPV4:
            first, _, total, _, fragment, ttl, protocol, _, source, destination = IPV4.unpack_from(rest)
            header_octets = (first & 0xF) * 4
            if not IPV4.size <= header_octets <= total <= len(rest):
                return {}
            values: dict[Field, Exact] = {Field.IPV4_SRC: source, Field.IPV4_DST: destination}
            values |= {Field.IP_PROTO: protocol, Field.IP_TTL: ttl}
            if fragment & OFFSET_MASK:
                return values | {Field.IP_FRAG: FRAGMENTS["later"]}
            if fragment & MORE_FRAGMENTS:
                values[Field.IP_FRAG] = FRAGMENTS["first"]
            return values | _transport(protocol, rest[header_octets:total])
        case _ if eth_type == ETH_TYPE_IPV6:
            _, length, following, ttl, from_, to = IPV6.unpack_from(rest)
            if len(rest) < IPV6.size + length:
                return {}
            addresses: dict[Field, Exact] = {
                Field.IPV6_SRC: int.from_bytes(from_, "big"),
                Field.IPV6_DST: int.from_bytes(to, "big"),
            }
            return addresses | _behind_extensions(following, ttl, rest[IPV6.size : IPV6.size + length])
    return {}


def _behind_extensions(following: int, ttl: int, rest: bytes) -> dict[Field, Exact]:
    """Read what is behind the headers that may follow that of IPv6 (RFC 8200, 4; RFC 4302).

    Where they are cut off nothing is known of it, as Open vSwitch has it.
    """
    values: dict[Field, Exact] = {Field.IP_TTL: ttl}
    while following in EXTENSIONS:
        if len(rest) < EXTENSION.size:
            return {}
        kind = following
        following, length, offset = EXTENSION.unpack_from(rest)
        if kind == FRAGMENT:
            length = 0
            if offset & IPV6_OFFSET_MASK:
                return values | {Field.IP_PROTO: FRAGMENT, Field.IP_FRAG: FRAGMENTS["later"]}
            if offset:
                values[Field.IP_FRAG] = FRAGMENTS["first"]
        octets = (length + 2) * 4 if kind == AUTHENTICATION else (length + 1) * 8
        if len(rest) < octets:
            return {}
        rest = rest[octets:]
    return values | {Field.IP_PROTO: following} | _transport(following, rest)


def _transport(protocol: int, rest: bytes) -> dict[Field, Exact]:
    if protocol not in ENDS or len(rest) < LEAST_OCTETS[protocol]:
        return {}
    if protocol == IP_PROTO_TCP and not LEAST_OCTETS[protocol] <= (rest[12] >> 4) * 4 <= len(rest):
        return {}
    if protocol not in (IP_PROTO_ICMP, IP_PROTO_ICMPV6):
        source, destination = ENDS_OF_TRANSPORT.unpack_from(rest)
        return {ENDS[protocol][0]: source, ENDS[protocol][1]: destination}
    values: dict[Field, Exact] = {ENDS[protocol][0]: rest[0], ENDS[protocol][1]: rest[1]}
    is_neighbor = protocol == IP_PROTO_ICMPV6 and rest[0] in NEIGHBOR_KINDS
    return values | (_neighbor(rest) if is_neighbor and not rest[1] else {})


def _neighbor(rest: bytes) -> dict[Field, Exact]:
    """Read what a neighbor solicitation or advertisement is about (RFC 4861, 4.3 and 4.4).

    Of one that gives an option twice Open vSwitch shows nothing.
    """
    if len(rest) < NEIGHBOR.size:
        return {}
    values: dict[Field, Exact] = {Field.ND_TARGET: int.from_bytes(NEIGHBOR.unpack_from(rest)[4], "big")}
    options = rest[NEIGHBOR.size :]
    while len(options) >= LINK_LAYER_OPTION.size and 0 < options[1] * 8 <= len(options):
        kind, length, mac = LINK_LAYER_OPTION.unpack_from(options)
        field = {SOURCE_OPTION: Field.ND_SLL, TARGET_OPTION: Field.ND_TLL}.get(kind)
        if field is not None and length == 1:
            if values.get(field):
                return {}
            values[field] = int.from_bytes(mac, "big")
        options = options[length * 8 :]
    return values
