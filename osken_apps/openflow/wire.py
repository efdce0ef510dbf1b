"""Matches, actions and flows on the wire: OpenFlow 1.4 with Open vSwitch's extensions. PURE.

Source: OpenFlow Switch Specification 1.4.0, 7.2; ovs-actions(7). What Open vSwitch gives back
equals what is encoded here, byte for byte.
"""

import struct
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from itertools import chain
from typing import NamedTuple, TypeVar

from osken_apps.openflow.actions import (
    Action,
    Conjunction,
    Ct,
    CtClear,
    Move,
    Output,
    OutputField,
    Pop,
    PopVlan,
    Push,
    PushVlan,
    Resubmit,
    SetBit,
    SetField,
)
from osken_apps.openflow.fields import UNTAGGED, Field, Masked, Spec, Value, masked
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match

OFPMT_OXM = 1
OFPIT_GOTO_TABLE = 1
OFPIT_APPLY_ACTIONS = 4
OFPIT_METER = 6
OFPAT_OUTPUT = 0
OFPAT_PUSH_VLAN = 17
OFPAT_POP_VLAN = 18
OFPAT_SET_FIELD = 25
OFPAT_EXPERIMENTER = 0xFFFF
NX_VENDOR_ID = 0x00002320
NXAST_REG_MOVE = 6
NXAST_REG_LOAD = 7
NXAST_RESUBMIT_TABLE = 14
NXAST_OUTPUT_REG = 15
NXAST_STACK_PUSH = 27
NXAST_STACK_POP = 28
NXAST_CONJUNCTION = 34
NXAST_CT = 35
NXAST_CT_CLEAR = 43
NXAST_RESUBMIT_TABLE_CT = 44
NX_CT_F_COMMIT = 1
OFPP_IN_PORT_16 = 0xFFF8
ETH_TYPE_8021Q = 0x8100

MATCH_HEADER = struct.Struct("!HH")
OXM = struct.Struct("!HBB")
INSTRUCTION = struct.Struct("!HH4x")
METER_INSTRUCTION = struct.Struct("!HHI")
GOTO_INSTRUCTION = struct.Struct("!HHB3x")
OUTPUT = struct.Struct("!HHIH6x")
ACTION_HEADER = struct.Struct("!HH")
PUSH_VLAN = struct.Struct("!HHH2x")
POP_VLAN = struct.Struct("!HH4x")
NICIRA = "!HHIH"  # type, length, vendor, subtype
REG_MOVE = struct.Struct(f"{NICIRA}HHHII")
REG_LOAD = struct.Struct(f"{NICIRA}HIQ")
RESUBMIT = struct.Struct(f"{NICIRA}HB3x")
OUTPUT_REG = struct.Struct(f"{NICIRA}HIH6x")
STACK = struct.Struct(f"{NICIRA}HIH6x")
CT_CLEAR = struct.Struct(f"{NICIRA}6x")
CONJUNCTION = struct.Struct(f"{NICIRA}BBI")
CT = struct.Struct(f"{NICIRA}HIHB3xH")


class FlowKey(NamedTuple):  # as FlowBody a tuple: a host has thousands, which are compared and looked up
    """What makes a flow the same flow: its table, priority and match (wire form)."""

    table_id: int
    priority: int
    match: bytes


class FlowBody(NamedTuple):
    """What a flow does (wire form of its instructions) and its cookie."""

    cookie: int
    instructions: bytes


class CountedFlow(NamedTuple):
    """A flow that a switch has, and what it has counted of it; `age_s` is since it was made."""

    key: FlowKey
    body: FlowBody
    packets: int
    octets: int
    age_s: int


Encoded = list[tuple[FlowKey, FlowBody]]


def encode_match(match: Match) -> bytes:
    """Encode an ofp_match, padded to 8 octets."""
    oxms = b"".join([_oxm(field, value) for field, value in match.fields])
    length = MATCH_HEADER.size + len(oxms)
    return _padded(MATCH_HEADER.pack(OFPMT_OXM, length) + oxms)


class MadeActions(tuple[Action, ...]):
    """Actions whose wire form, `octets`, is made: many flows have nearly the same.

    They are some parts, of as many actions and octets each; `sets` are the fields that they set.
    """

    octets: bytes
    sets: tuple[Field, ...]
    parts: int

    @classmethod
    def of(cls, parts: Iterable[tuple[SetField | Output, ...]]) -> "MadeActions":
        """Make them of parts."""
        listed = list(parts)
        made = cls(chain.from_iterable(listed))
        made.octets, made.parts = encode_actions(tuple(made)), len(listed)
        made.sets = tuple({action.field: None for action in made if isinstance(action, SetField)})
        return made

    def without(self, part: int) -> "MadeActions":
        """Give them without one of their parts."""
        left = MadeActions(_without(self, part, len(self) // self.parts))
        left.octets = _without(self.octets, part, len(self.octets) // self.parts)
        left.sets, left.parts = self.sets, self.parts - 1
        return left


def encode_actions(actions: Iterable[Action]) -> bytes:
    """Encode a list of actions."""
    if isinstance(actions, MadeActions):
        return actions.octets
    return b"".join([_action(action) for action in actions])


def encode_flow(flow: Flow) -> tuple[FlowKey, FlowBody]:
    """Encode a flow into what identifies it and what it does."""
    return (
        FlowKey(flow.table_id, flow.priority, encode_match(flow.match)),
        FlowBody(flow.cookie, encode_instructions(flow)),
    )


def encode_flows(flows: Iterable[Flow]) -> Encoded:
    """Encode flows, in their order."""
    return [encode_flow(flow) for flow in flows]


def encode_instructions(flow: Flow) -> bytes:
    """Encode what a flow does, in the order in which Open vSwitch gives it back."""
    instructions = b""
    if flow.meter_id is not None:
        instructions += METER_INSTRUCTION.pack(OFPIT_METER, METER_INSTRUCTION.size, flow.meter_id)
    if flow.actions:
        instructions += apply_actions(encode_actions(flow.actions))
    if flow.goto_table is not None:
        instructions += GOTO_INSTRUCTION.pack(OFPIT_GOTO_TABLE, GOTO_INSTRUCTION.size, flow.goto_table)
    return instructions


def apply_actions(actions: bytes) -> bytes:
    """Make the instruction that has encoded actions done."""
    return INSTRUCTION.pack(OFPIT_APPLY_ACTIONS, INSTRUCTION.size + len(actions)) + actions


def _oxm(field: Field, value: Value) -> bytes:
    header, masked_header, octets, wire_offset = _OXM_OF[field]
    if isinstance(value, _MASKED):
        exact, mask = masked(value, field.value.mask_bits or field.value.bits)
        if mask is not None:
            number = int(exact) | wire_offset
            return (
                masked_header + number.to_bytes(octets, "big") + (mask | wire_offset).to_bytes(octets, "big")
            )
        value = exact
    number = int(value)
    number = 0 if number == UNTAGGED else number | wire_offset
    return header + number.to_bytes(octets, "big")


def _oxm_parts(spec: Spec) -> tuple[bytes, bytes, int, int]:
    octets = spec.bits // 8
    exact = OXM.pack(spec.oxm_class, spec.number << 1, octets)
    with_mask = OXM.pack(spec.oxm_class, spec.number << 1 | 1, 2 * octets)
    return exact, with_mask, octets, spec.wire_offset


_MASKED = (Masked, IPv4Network, IPv6Network)
_OXM_OF = {field: _oxm_parts(field.value) for field in Field}


def _action(action: Action) -> bytes:
    match action:
        case Output(ofport, max_len):
            return OUTPUT.pack(OFPAT_OUTPUT, OUTPUT.size, ofport, max_len)
        case SetField(field, value):
            oxm = _oxm(field, value)
            length = (ACTION_HEADER.size + len(oxm) + 7) // 8 * 8
            return _padded(ACTION_HEADER.pack(OFPAT_SET_FIELD, length) + oxm)
        case SetBit(field, bit, on):
            return _nicira(REG_LOAD, NXAST_REG_LOAD, bit << 6, nxm_header(field), int(on))
        case Move(source, destination):
            headers = nxm_header(source), nxm_header(destination)
            return _nicira(REG_MOVE, NXAST_REG_MOVE, source.value.bits, 0, 0, *headers)
        case Push(field):
            return _nicira(STACK, NXAST_STACK_PUSH, 0, nxm_header(field), field.value.bits)
        case Pop(field):
            return _nicira(STACK, NXAST_STACK_POP, 0, nxm_header(field), field.value.bits)
        case PushVlan():
            return PUSH_VLAN.pack(OFPAT_PUSH_VLAN, PUSH_VLAN.size, ETH_TYPE_8021Q)
        case PopVlan():
            return POP_VLAN.pack(OFPAT_POP_VLAN, POP_VLAN.size)
        case OutputField(field):
            bits = field.value.bits - 1
            return _nicira(OUTPUT_REG, NXAST_OUTPUT_REG, bits, nxm_header(field), 0)
        case Resubmit(table_id, original):
            subtype = NXAST_RESUBMIT_TABLE_CT if original else NXAST_RESUBMIT_TABLE
            return _nicira(RESUBMIT, subtype, OFPP_IN_PORT_16, table_id)
        case Conjunction(conj_id, clause, clauses):
            return _nicira(CONJUNCTION, NXAST_CONJUNCTION, clause - 1, clauses, conj_id)
        case CtClear():
            return _nicira(CT_CLEAR, NXAST_CT_CLEAR)
        case Ct(zone, table_id, commit):
            flags = NX_CT_F_COMMIT if commit else 0
            zone_bits = 15  # the lowest 16 of the field
            return _nicira(CT, NXAST_CT, flags, nxm_header(zone), zone_bits, table_id, 0)


S = TypeVar("S", tuple[Action, ...], bytes)


def _without(whole: S, part: int, size: int) -> S:
    return whole[: part * size] + whole[(part + 1) * size :]


def _nicira(form: struct.Struct, subtype: int, *values: int) -> bytes:
    return form.pack(OFPAT_EXPERIMENTER, form.size, NX_VENDOR_ID, subtype, *values)


def nxm_header(field: Field) -> int:
    """Give the header by which Open vSwitch's extensions name a field."""
    spec = field.value
    if spec.nxm_header is None:
        raise ValueError(f"{field.name} cannot be moved")
    nxm_class, number = spec.nxm_header
    return nxm_class << 16 | number << 9 | spec.bits // 8


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)
