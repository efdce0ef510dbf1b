"""The wire form: OpenFlow 1.4 messages with Open vSwitch's extensions, packed and read with struct. PURE.

Flows, packets, questions and their answers are here; the handshake has its own module. Lengths are checked
before anything is read: a decoder raises `Malformed` and nothing else. Source: OpenFlow Switch Specification
1.4.0, chapter 7; ovs-actions(7) for `move`.
"""

import struct
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import partial
from typing import NamedTuple

from osken_apps.errors import Malformed
from osken_apps.openflow.actions import OFPP_CONTROLLER, Action
from osken_apps.openflow.fields import OPENFLOW_BASIC
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import (
    MATCH_HEADER,
    NX_VENDOR_ID,
    OFPAT_OUTPUT,
    OUTPUT,
    OXM,
    CountedFlow,
    FlowBody,
    FlowKey,
    encode_actions,
    encode_match,
)

OFP_VERSION = 0x05
OFPP_ANY = 0xFFFFFFFF
OFPP_TABLE = 0xFFFFFFF9
OFPG_ANY = 0xFFFFFFFF
OFP_NO_BUFFER = 0xFFFFFFFF
OFPTT_ALL = 0xFF
OFPMP_DESC = 0
OFPMP_FLOW = 1
OFPMP_PORT_DESC = 13
OFPMPF_REPLY_MORE = 1
BUNDLE_FLAGS = 0b11  # OFPBF_ATOMIC | OFPBF_ORDERED

HEADER = struct.Struct("!BBHI")
FLOW_MOD = struct.Struct("!QQBBHHHIIIHH")
WHOLE_FLOW_MOD = struct.Struct("!BBHIQQBBHHHIIIHH")  # with its header, up to the match
FLOW_STATS = struct.Struct("!HBxIIHHHH4xQQQ")
FLOW_STATS_REQUEST = struct.Struct("!HH4xB3xII4xQQ")
MULTIPART = struct.Struct("!HH4x")
PACKET_IN = struct.Struct("!26xHII")  # whole, from the length of the match to its first field
PACKET_OUT = struct.Struct("!BBHIIIH6xHHIH6x")  # whole, with one output action, up to the frame
PACKET_OUT_BODY = struct.Struct("!IIH6x")  # up to the actions
ERROR_BODY = struct.Struct("!HH")
BUNDLE_CONTROL = struct.Struct("!IHH")
WHOLE_BUNDLE_ADD = struct.Struct("!BBHIIHH")  # with its header, up to the message
BUNDLED_FLOW_MOD = struct.Struct(f"!{WHOLE_BUNDLE_ADD.format[1:]}{WHOLE_FLOW_MOD.format[1:]}")
CT_FLUSH_ZONE = struct.Struct("!II6xH")
DESC = struct.Struct("!256x256s256s32x256s")  # without maker and serial number
NXT_CT_FLUSH_ZONE = 29


class MessageType(IntEnum):
    """The message types of OpenFlow 1.4 that this project touches."""

    HELLO = 0
    ERROR = 1
    ECHO_REQUEST = 2
    ECHO_REPLY = 3
    EXPERIMENTER = 4
    FEATURES_REPLY = 6
    SET_CONFIG = 9
    PACKET_IN = 10
    FLOW_REMOVED = 11
    PORT_STATUS = 12
    PACKET_OUT = 13
    FLOW_MOD = 14
    MULTIPART_REQUEST = 18
    MULTIPART_REPLY = 19
    BARRIER_REQUEST = 20
    BARRIER_REPLY = 21
    METER_MOD = 29
    BUNDLE_CONTROL = 33
    BUNDLE_ADD_MESSAGE = 34


# Plain numbers, for what happens a hundred thousand times a second.
PACKET_IN_TYPE = int(MessageType.PACKET_IN)
PACKET_OUT_TYPE = int(MessageType.PACKET_OUT)
FLOW_MOD_TYPE = int(MessageType.FLOW_MOD)
BUNDLE_ADD_TYPE = int(MessageType.BUNDLE_ADD_MESSAGE)
COOKIE_OFFSET = HEADER.size + 8  # of a packet-in
MATCH_OFFSET = HEADER.size + 16
#: A packet-in of an ARP or IP packet has more, and one whose length has wrapped has less.
MIN_PACKET_IN_OCTETS = 64
IN_PORT_OXM = OPENFLOW_BASIC << 16 | 4


class FlowModCommand(IntEnum):
    """What a flow-mod does."""

    ADD = 0
    DELETE_STRICT = 4


class BundleControl(IntEnum):
    """The steps of a bundle."""

    OPEN_REQUEST = 0
    COMMIT_REQUEST = 4


def message(message_type: MessageType, xid: int, body: bytes = b"") -> bytes:
    """Make a whole message."""
    return HEADER.pack(OFP_VERSION, message_type, HEADER.size + len(body), xid) + body


def flow_mod(
    command: FlowModCommand, key: FlowKey, body: FlowBody, xid: int, hard_timeout_s: int = 0
) -> bytes:
    """Make a flow-mod message; a deletion matches exactly this flow (strict).

    After `hard_timeout_s` seconds the switch takes the flow away by itself; 0: never.
    """
    length = WHOLE_FLOW_MOD.size + len(key.match) + len(body.instructions)
    return (
        WHOLE_FLOW_MOD.pack(
            OFP_VERSION, FLOW_MOD_TYPE, length, xid, body.cookie, 0, key.table_id, command, 0,
            hard_timeout_s,
            key.priority, OFP_NO_BUFFER, OFPP_ANY, OFPG_ANY, 0, 0,
        )
        + key.match
        + body.instructions
    )  # fmt: skip


def bundle_control(step: BundleControl, bundle_id: int, xid: int) -> bytes:
    """Make a message that opens or commits a bundle (atomic, ordered)."""
    return message(MessageType.BUNDLE_CONTROL, xid, BUNDLE_CONTROL.pack(bundle_id, step, BUNDLE_FLAGS))


def bundled_flow_mods(
    steps: Iterable[tuple[FlowModCommand, FlowKey, FlowBody]], bundle_id: int, xid: int
) -> Iterator[bytes]:
    """Put flow-mods into a bundle, given in pieces: a host may have thousands.

    Each and what it is wrapped in carry the same xid (specification 7.3.9.6).
    """
    pack, fixed = BUNDLED_FLOW_MOD.pack, BUNDLED_FLOW_MOD.size
    for command, (table_id, priority, match), (cookie, instructions) in steps:
        length = fixed + len(match) + len(instructions)
        yield pack(
            OFP_VERSION, BUNDLE_ADD_TYPE, length, xid, bundle_id, 0, BUNDLE_FLAGS,
            OFP_VERSION, FLOW_MOD_TYPE, length - WHOLE_BUNDLE_ADD.size, xid, cookie, 0, table_id, command, 0,
            0, priority, OFP_NO_BUFFER, OFPP_ANY, OFPG_ANY, 0, 0,
        )  # fmt: skip
        yield match
        yield instructions


def flow_stats_request(cookie: int, cookie_mask: int, xid: int) -> bytes:
    """Ask for all flows whose cookie equals `cookie` under the mask."""
    body = FLOW_STATS_REQUEST.pack(OFPMP_FLOW, 0, OFPTT_ALL, OFPP_ANY, OFPG_ANY, cookie, cookie_mask)
    return message(MessageType.MULTIPART_REQUEST, xid, body + encode_match(Match()))


def desc_request(xid: int) -> bytes:
    """Ask for the switch's description."""
    return message(MessageType.MULTIPART_REQUEST, xid, MULTIPART.pack(OFPMP_DESC, 0))


def barrier_request(xid: int) -> bytes:
    """Ask to be told when all earlier messages are done."""
    return message(MessageType.BARRIER_REQUEST, xid)


def packet_out(ofport: int, frame: bytes) -> bytes:
    """Send a frame out of a port."""
    return _packet_out(OFPP_CONTROLLER, ofport, frame)


def packet_out_as_received(ofport: int, frame: bytes) -> bytes:
    """Send a frame through the flow tables, as if a port had received it."""
    return _packet_out(ofport, OFPP_TABLE, frame)


def _packet_out(in_port: int, out_port: int, frame: bytes) -> bytes:
    length = PACKET_OUT.size + len(frame)
    return (
        PACKET_OUT.pack(
            OFP_VERSION, PACKET_OUT_TYPE, length, 0, OFP_NO_BUFFER, in_port, OUTPUT.size,
            OFPAT_OUTPUT, OUTPUT.size, out_port, 0,
        )
        + frame
    )  # fmt: skip


def packet_out_with(actions: Iterable[Action], frame: bytes) -> bytes:
    """Have actions handle a frame."""
    encoded = encode_actions(actions)
    body = PACKET_OUT_BODY.pack(OFP_NO_BUFFER, OFPP_CONTROLLER, len(encoded)) + encoded + frame
    return message(MessageType.PACKET_OUT, 0, body)


def ct_flush_zone(zone: int) -> bytes:
    """Have the connections of a connection tracking zone forgotten (NXT_CT_FLUSH_ZONE, nicira-ext.h)."""
    return message(MessageType.EXPERIMENTER, 0, CT_FLUSH_ZONE.pack(NX_VENDOR_ID, NXT_CT_FLUSH_ZONE, zone))


def message_octets(message_type: int, length: int) -> int:
    """Give the octets that a message has, by type and length of its header. Raises Malformed.

    Open vSwitch sends packets whole whatever `max_len` says (seen with 3.1), and lets the 16 bits of a
    packet-in's length wrap for a frame of more than 65,493 octets: then the header says what is above 65,536.
    """
    if message_type == PACKET_IN_TYPE and length < MIN_PACKET_IN_OCTETS:
        return length + (1 << 16)
    if length < HEADER.size:
        raise Malformed(f"message of length {length}")
    return length


def packet_in_cookie(buffer: bytes) -> bytes:
    """Give the eight octets of a packet-in (whole, with header) that name the flow that sent it."""
    return buffer[COOKIE_OFFSET : COOKIE_OFFSET + 8]


def decode_packet_in(buffer: bytes) -> tuple[int, bytes]:
    """Read port and frame of a packet-in message (whole, with header). Raises Malformed."""
    try:
        match_length, oxm, in_port = PACKET_IN.unpack_from(buffer)
        if oxm != IN_PORT_OXM:  # Open vSwitch puts it first
            in_port = _in_port(buffer, MATCH_OFFSET + MATCH_HEADER.size, MATCH_OFFSET + match_length)
    except struct.error as error:
        raise Malformed(f"packet-in of {len(buffer)} octets is truncated") from error
    data_offset = MATCH_OFFSET + (match_length + 7 & ~7) + 2
    return in_port, buffer[data_offset:]


def decode_multipart(buffer: bytes) -> tuple[int, bool]:
    """Read the kind of a multipart reply and whether more follow. Raises Malformed."""
    try:
        kind, flags = MULTIPART.unpack_from(buffer, HEADER.size)
    except struct.error as error:
        raise Malformed(f"multipart reply of {len(buffer)} octets is truncated") from error
    return kind, bool(flags & OFPMPF_REPLY_MORE)


def decode_flows(buffer: bytes) -> list[tuple[FlowKey, FlowBody]]:
    """Read the flows of a flow statistics reply (whole message). Raises Malformed."""
    key, body = partial(tuple.__new__, FlowKey), partial(tuple.__new__, FlowBody)
    return [
        (key((table_id, priority, buffer[match:does])), body((cookie, buffer[does:end])))
        for (_, table_id, _, _, priority, _, _, _, cookie, _, _), match, does, end in _flow_entries(buffer)
    ]


def decode_flow_counts(buffer: bytes) -> Iterator[CountedFlow]:
    """Read the flows of a flow statistics reply (whole message), with their counters. Raises Malformed."""
    for entry, match, does, end in _flow_entries(buffer):
        _, table_id, age_s, _, priority, _, _, _, cookie, packets, octets = entry
        key = FlowKey(table_id, priority, buffer[match:does])
        yield CountedFlow(key, FlowBody(cookie, buffer[does:end]), packets, octets, age_s)


def _flow_entries(buffer: bytes) -> Iterator[tuple[tuple[int, ...], int, int, int]]:
    """Give what is fixed of each entry, and where its match begins, its instructions begin, and it ends."""
    fixed, head = FLOW_STATS.unpack_from, MATCH_HEADER.unpack_from
    offset, last = HEADER.size + MULTIPART.size, len(buffer)
    while offset < last:
        match = offset + FLOW_STATS.size
        if last - match < 8:
            raise Malformed(f"flow statistics end within an entry at octet {offset}")
        entry = fixed(buffer, offset)
        does = match + (head(buffer, match)[1] + 7 & ~7)
        end = offset + entry[0]
        if end < does or end > last:
            raise Malformed(f"flow statistics entry at octet {offset} has length {entry[0]}")
        yield entry, match, does, end
        offset = end


class Description(NamedTuple):
    """What a switch says that it is: its hardware and software, and what its operator calls it."""

    hardware: str
    software: str
    dp_desc: str


def decode_desc(buffer: bytes) -> Description:
    """Read a description reply. Raises Malformed."""
    try:
        texts = DESC.unpack_from(buffer, HEADER.size + MULTIPART.size)
    except struct.error as error:
        raise Malformed(f"description reply of {len(buffer)} octets is truncated") from error
    return Description(*(text.split(b"\0", 1)[0].decode(errors="replace") for text in texts))


def decode_error(buffer: bytes) -> tuple[int, int]:
    """Read type and code of an error message. Raises Malformed."""
    try:
        error_type, code = ERROR_BODY.unpack_from(buffer, HEADER.size)
    except struct.error as error:
        raise Malformed(f"error message of {len(buffer)} octets is truncated") from error
    return error_type, code


def _in_port(buffer: bytes, offset: int, end: int) -> int:
    while offset + OXM.size <= end:
        oxm_class, number, length = OXM.unpack_from(buffer, offset)
        if oxm_class == OPENFLOW_BASIC and number == 0:
            return int.from_bytes(buffer[offset + 4 : offset + 4 + length], "big")
        offset += OXM.size + length
    raise Malformed("packet-in names no in_port")
