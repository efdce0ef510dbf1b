"""The BOOTP message that DHCP uses, as a value and as octets. PURE.

Owns the fixed fields and where options may be (the option field, and `file` and `sname` under option 52).
A decoder raises `Malformed` and nothing else. Source: RFC 951, RFC 2131 section 2, RFC 2132 section 9.3.
"""

import struct
from collections.abc import Container, Mapping
from enum import IntEnum
from typing import NamedTuple

from osken_apps.dhcp.new_tuple import new_tuple
from osken_apps.dhcp.options import Option, read_field
from osken_apps.errors import Malformed

MAGIC_COOKIE = b"\x63\x82\x53\x63"
FIXED = struct.Struct("!BBBBIHHIIII16s64s128s")
#: What a server reads of them: op, htype, hlen, xid, flags, ciaddr, giaddr, chaddr.
READ = struct.Struct("!BBBxI2xHI8xI16s")
OPTIONS_OFFSET = FIXED.size + len(MAGIC_COOKIE)
MIN_OCTETS = 300  # RFC 951: 236 fixed and 64 of vendor's; some BOOTP relays drop what is shorter
SNAME_OCTETS = 64
FILE_OCTETS = 128
SNAME = slice(READ.size, READ.size + SNAME_OCTETS)
FILE = slice(SNAME.stop, FIXED.size)
CHADDR_OCTETS = 16
BROADCAST_FLAG = 0x8000
OP_REQUEST, OP_REPLY = 1, 2
HTYPE_ETHERNET = 1
NO_ADDRESS = 0
NO_TYPE = 0  # no message's: that of one whose option 53 cannot be used

OVERLOAD_FILE = 1
OVERLOAD_SNAME = 2
OVERLOADS = range(1, 4)


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


#: Those that are compared with for every message: Python 3.11 calls a function to find one in its class.
OFFER, ACK, NAK = MessageType.OFFER, MessageType.ACK, MessageType.NAK

MESSAGE_TYPES_BY_NUMBER: dict[int | None, MessageType] = {int(kind): kind for kind in MessageType}


class Message(NamedTuple):
    """What a server reads of a BOOTP or DHCP message.

    `chaddr` has `hlen` octets; `message_type` is None for BOOTP, NO_TYPE if it cannot be used; `options`
    are whole (RFC 3396), in order.
    """

    op: int
    htype: int
    chaddr: bytes
    xid: int
    flags: int
    ciaddr: int
    giaddr: int
    message_type: int | None
    options: Mapping[int, bytes]

    def address_option(self, number: int) -> int | None:
        """Give the value of an option that holds one address."""
        value = self.options.get(number)
        return None if value is None else int.from_bytes(value, "big")


def decode_message(octets: bytes) -> Message:
    """Read a message. Raises Malformed."""
    if len(octets) < FIXED.size:
        raise Malformed(f"BOOTP message of {len(octets)} octets is truncated")
    op, htype, hlen, xid, flags, ciaddr, giaddr, chaddr = READ.unpack_from(octets)
    if hlen > CHADDR_OCTETS:
        raise Malformed(f"hardware address of {hlen} octets")
    options = _decode_options(octets)
    typed = Option.MESSAGE_TYPE in options
    message_type = options[Option.MESSAGE_TYPE][0] if typed else _untyped(octets)
    return new_tuple(Message, (op, htype, chaddr[:hlen], xid, flags, ciaddr, giaddr, message_type, options))


def _untyped(octets: bytes) -> int | None:
    """Tell a DHCP message whose type cannot be used from one of BOOTP, which has none (RFC 1534)."""
    found = _decode_options(octets, unusable_too=(Option.MESSAGE_TYPE,))
    return NO_TYPE if Option.MESSAGE_TYPE in found else None


def _decode_options(octets: bytes, unusable_too: Container[int] = ()) -> dict[int, bytes]:
    """Read the options: the option field, then `file`, then `sname` (RFC 2131 4.1).

    Without DHCP's cookie it is BOOTP, and whatever the vendor field holds is another vendor's (RFC 1497).
    """
    options: dict[int, bytes] = {}
    if not octets.startswith(MAGIC_COOKIE, FIXED.size):
        return options
    read_field(octets, OPTIONS_OFFSET, options, unusable_too)
    if Option.OVERLOAD in options:
        overload = options[Option.OVERLOAD][0]
        if overload not in OVERLOADS:
            del options[Option.OVERLOAD]
            return options
        if overload & OVERLOAD_FILE:
            read_field(octets[FILE], 0, options, unusable_too)
        if overload & OVERLOAD_SNAME:
            read_field(octets[SNAME], 0, options, unusable_too)
    return options


def encode_reply_message(
    asked: Message, area: bytes, *, ciaddr: int, yiaddr: int, siaddr: int, sname: bytes, file: bytes
) -> bytes:
    """Encode the reply to a message: fixed fields, cookie and option area; pads to BOOTP's minimum."""
    fixed = FIXED.pack(
        OP_REPLY, asked.htype, len(asked.chaddr), 0, asked.xid, 0, asked.flags,
        ciaddr, yiaddr, siaddr, 0, asked.chaddr, sname, file,
    )  # fmt: skip
    return (fixed + MAGIC_COOKIE + area).ljust(MIN_OCTETS, b"\0")
