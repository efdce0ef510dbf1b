"""The BOOTP message that DHCP uses, as a value and as octets. PURE.

Owns the fixed fields and where options may be (the option field, and `file` and `sname` under option 52).
A decoder raises `Malformed` and nothing else. Source: RFC 951, RFC 2131 section 2, RFC 2132 section 9.3.
"""

import struct
from collections.abc import Mapping
from enum import IntEnum
from ipaddress import IPv4Address
from types import MappingProxyType
from typing import NamedTuple

from osken_apps.dhcp.frame import ipv4_address
from osken_apps.dhcp.options import Option, drop_useless, read_field
from osken_apps.errors import Malformed

MAGIC_COOKIE = b"\x63\x82\x53\x63"
FIXED = struct.Struct("!BBBBIHHIIII16s64s128s")
MIN_OCTETS = 300  # RFC 951: 236 fixed and 64 of vendor's; some BOOTP relays drop what is shorter
SNAME_OCTETS = 64
FILE_OCTETS = 128
CHADDR_OCTETS = 16
BROADCAST_FLAG = 0x8000
HTYPE_ETHERNET = 1
NO_ADDRESS = IPv4Address(0)
NO_OPTIONS: Mapping[int, bytes] = MappingProxyType({})

OVERLOAD_FILE = 1
OVERLOAD_SNAME = 2
OVERLOADS = frozenset({b"\x01", b"\x02", b"\x03"})


class Op(IntEnum):
    """Which way a message goes."""

    REQUEST = 1
    REPLY = 2


class MessageType(IntEnum):
    """The messages of DHCP (RFC 2132 9.6)."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    DECLINE = 4
    ACK = 5
    NAK = 6
    RELEASE = 7
    INFORM = 8


class Message(NamedTuple):
    """A BOOTP or DHCP message. `chaddr` has `hlen` octets; `options` are whole (RFC 3396), in order."""

    op: int
    htype: int
    chaddr: bytes
    xid: int
    hops: int = 0
    secs: int = 0
    flags: int = 0
    ciaddr: IPv4Address = NO_ADDRESS
    yiaddr: IPv4Address = NO_ADDRESS
    siaddr: IPv4Address = NO_ADDRESS
    giaddr: IPv4Address = NO_ADDRESS
    sname: bytes = b""
    file: bytes = b""
    options: Mapping[int, bytes] = NO_OPTIONS

    @property
    def wants_broadcast(self) -> bool:
        """Tell whether the client cannot take unicast before it has its address."""
        return bool(self.flags & BROADCAST_FLAG)

    @property
    def message_type(self) -> int | None:
        """The DHCP message type, known or not; None for BOOTP."""
        value = self.options.get(Option.MESSAGE_TYPE)
        return value[0] if value else None

    def address_option(self, number: int) -> IPv4Address | None:
        """Give the value of an option that holds one address."""
        value = self.options.get(number)
        return ipv4_address(value) if value else None


def decode_message(octets: bytes) -> Message:
    """Read a message. Raises Malformed."""
    if len(octets) < FIXED.size:
        raise Malformed(f"BOOTP message of {len(octets)} octets is truncated")
    (
        op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr, sname, file,
    ) = FIXED.unpack_from(octets)  # fmt: skip
    if hlen > CHADDR_OCTETS:
        raise Malformed(f"hardware address of {hlen} octets")
    options = _decode_options(octets, sname, file)
    overload = options.get(Option.OVERLOAD, b"\0")[0]
    return Message(
        op, htype, chaddr[:hlen], xid, hops, secs, flags,
        ipv4_address(ciaddr), ipv4_address(yiaddr), ipv4_address(siaddr), ipv4_address(giaddr),
        b"" if overload & OVERLOAD_SNAME else sname.partition(b"\0")[0],
        b"" if overload & OVERLOAD_FILE else file.partition(b"\0")[0],
        options,
    )  # fmt: skip


def _decode_options(octets: bytes, sname: bytes, file: bytes) -> dict[int, bytes]:
    """Read the options: the option field, then `file`, then `sname` (RFC 2131 4.1).

    Without DHCP's cookie it is BOOTP, and whatever the vendor field holds is another vendor's (RFC 1497).
    """
    options: dict[int, bytes] = {}
    if not octets.startswith(MAGIC_COOKIE, FIXED.size):
        return options
    read_field(octets, FIXED.size + len(MAGIC_COOKIE), options)
    overload = options.get(Option.OVERLOAD, b"")
    if overload in OVERLOADS:
        if overload[0] & OVERLOAD_FILE:
            read_field(file, 0, options)
        if overload[0] & OVERLOAD_SNAME:
            read_field(sname, 0, options)
    elif overload:
        del options[Option.OVERLOAD]
    drop_useless(options)
    return options


def encode_message(message: Message, area: bytes) -> bytes:
    """Encode the fixed fields, the cookie and an encoded option area; pads to BOOTP's minimum."""
    fixed = FIXED.pack(
        message.op, message.htype, len(message.chaddr), message.hops, message.xid, message.secs,
        message.flags, int(message.ciaddr), int(message.yiaddr), int(message.siaddr), int(message.giaddr),
        message.chaddr, message.sname, message.file,
    )  # fmt: skip
    return (fixed + MAGIC_COOKIE + area).ljust(MIN_OCTETS, b"\0")
