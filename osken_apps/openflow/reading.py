"""Flows read back from their wire form, as far as they say what ours may say. PURE.

The inverse of `wire`: what is encoded there is read here as the same value. Of a flow of others that has a
field, an action or an instruction that ours never have, it is known that it has, and not what it means.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from netaddr import EUI, mac_unix_expanded

from osken_apps.openflow import wire
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
from osken_apps.openflow.fields import UNTAGGED, Exact, Field, Masked, Value
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import FlowBody, FlowKey

IPV4_BITS, IPV6_BITS = 32, 128

_FIELDS = {(field.value.oxm_class, field.value.number): field for field in Field}
#: By the header that move, load, push and pop have.
_MOVED = {wire.nxm_header(field): field for field in Field if field.value.nxm_header is not None}
_MASKED = (Masked, IPv4Network, IPv6Network)
_ADDRESS_TEXT = Field.ETH_SRC.value.to_text  # what addresses have in common


@dataclass(frozen=True, slots=True)
class Read:
    """A flow as far as it can be read; `unknown` are the parts that cannot, each in hexadecimal."""

    flow: Flow
    unknown: tuple[str, ...] = ()

    def text(self) -> str:
        """Give the flow in ovs-ofctl's words, and what cannot be said in them."""
        return " ".join([self.flow.text(), *(f"?{part}" for part in self.unknown)])


class _Unknown(Exception):
    """A part that ours never have."""


def read_flow(key: FlowKey, body: FlowBody) -> Read:
    """Read a flow."""
    unknown: list[str] = []
    values: dict[Field, Value] = {}
    for oxm in _oxms(key.match):
        try:
            field, value = _matched(oxm)
            values[field] = value
        except (_Unknown, struct.error, ValueError):
            unknown.append(oxm.hex())
    meter_id, goto_table, actions = None, None, list[Action]()
    for kind, part in _tlvs(body.instructions):
        try:
            if kind == wire.OFPIT_METER:
                meter_id = wire.METER_INSTRUCTION.unpack(part)[2]
            elif kind == wire.OFPIT_GOTO_TABLE:
                goto_table = wire.GOTO_INSTRUCTION.unpack(part)[2]
            elif kind == wire.OFPIT_APPLY_ACTIONS:
                _read_actions(part[wire.INSTRUCTION.size :], actions, unknown)
            else:
                raise _Unknown
        except (_Unknown, struct.error):
            unknown.append(part.hex())
    flow = Flow(
        key.table_id, key.priority, Match.of(values), tuple(actions), body.cookie, meter_id, goto_table
    )
    return Read(flow, tuple(unknown))


def _read_actions(octets: bytes, actions: list[Action], unknown: list[str]) -> None:
    for kind, part in _tlvs(octets):
        try:
            actions.append(_action(kind, part))
        except (_Unknown, struct.error, ValueError):
            unknown.append(part.hex())


def _tlvs(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Cut instructions, or actions, apart: the type of each, and all of it. What is left over is one, too."""
    offset = 0
    while offset + 4 <= len(octets):
        kind, length = struct.unpack_from("!HH", octets, offset)
        if length < 4:
            yield -1, octets[offset:]
            return
        yield kind, octets[offset : offset + length]
        offset += length


def _oxms(match: bytes) -> Iterator[bytes]:
    """Cut an ofp_match apart into its fields."""
    if len(match) < wire.MATCH_HEADER.size:
        return
    end = min(wire.MATCH_HEADER.unpack_from(match)[1], len(match))
    offset = wire.MATCH_HEADER.size
    while offset + wire.OXM.size <= end:
        length = wire.OXM.size + match[offset + 3]
        yield match[offset : min(offset + length, end)]
        offset += length


def _matched(oxm: bytes) -> tuple[Field, Value]:
    oxm_class, number, length = wire.OXM.unpack_from(oxm)
    field = _FIELDS.get((oxm_class, number >> 1))
    octets = oxm[wire.OXM.size :]
    has_mask = bool(number & 1)
    if field is None or len(octets) != length or length != field.value.bits // 8 * (1 + has_mask):
        raise _Unknown
    if not has_mask:
        return field, _exact(field, int.from_bytes(octets, "big"))
    half = length // 2
    value, mask = (int.from_bytes(part, "big") for part in (octets[:half], octets[half:]))
    return field, _with_mask(field, value, mask)


def _exact(field: Field, number: int) -> Exact:
    """Give a value of a field as `Match` has it."""
    spec = field.value
    if spec.wire_offset:
        return number & ~spec.wire_offset if number & spec.wire_offset else UNTAGGED
    if _is_address(field):
        return _address(spec.bits, number)
    return number


def _with_mask(field: Field, value: int, mask: int) -> Value:
    spec = field.value
    if spec.wire_offset:
        raise _Unknown
    length = mask.bit_count()
    if _is_address(field) and mask == (1 << spec.bits) - (1 << spec.bits - length):
        if spec.bits == IPV4_BITS:
            return IPv4Network((value, length))
        if spec.bits == IPV6_BITS:
            return IPv6Network((value, length))
    return Masked(_exact(field, value), mask)


def _is_address(field: Field) -> bool:
    return field.value.to_text is _ADDRESS_TEXT


def _address(bits: int, number: int) -> Exact:
    if bits == IPV4_BITS:
        return IPv4Address(number)
    if bits == IPV6_BITS:
        return IPv6Address(number)
    return EUI(number, version=bits, dialect=mac_unix_expanded)


def _action(kind: int, part: bytes) -> Action:
    match kind:
        case wire.OFPAT_OUTPUT:
            _, _, ofport, max_len = wire.OUTPUT.unpack(part)
            return Output(ofport, max_len)
        case wire.OFPAT_PUSH_VLAN if wire.PUSH_VLAN.unpack(part)[2] == wire.ETH_TYPE_8021Q:
            return PushVlan()
        case wire.OFPAT_POP_VLAN:
            return PopVlan()
        case wire.OFPAT_SET_FIELD:
            return _set_field(part[wire.ACTION_HEADER.size :])
        case wire.OFPAT_EXPERIMENTER:
            vendor, subtype = struct.unpack_from("!IH", part, wire.ACTION_HEADER.size)
            if vendor == wire.NX_VENDOR_ID:
                return _nicira(subtype, part)
    raise _Unknown


def _set_field(padded: bytes) -> SetField:
    length = wire.OXM.size + padded[3] if len(padded) > 3 else 0
    field, value = _matched(padded[:length])
    if isinstance(value, _MASKED):
        raise _Unknown
    return SetField(field, value)


def _nicira(subtype: int, part: bytes) -> Action:
    """Read an extension of Open vSwitch, and be sure that it says no more than the value does."""
    action = _extension(subtype, part)
    if wire.encode_actions([action]) != part:
        raise _Unknown
    return action


def _extension(subtype: int, part: bytes) -> Action:
    match subtype:
        case wire.NXAST_REG_LOAD:
            *_, where, header, value = wire.REG_LOAD.unpack(part)
            return SetBit(_moved(header), where >> 6, bool(value))
        case wire.NXAST_REG_MOVE:
            *_, source, destination = wire.REG_MOVE.unpack(part)
            return Move(_moved(source), _moved(destination))
        case wire.NXAST_STACK_PUSH:
            return Push(_moved(wire.STACK.unpack(part)[5]))
        case wire.NXAST_STACK_POP:
            return Pop(_moved(wire.STACK.unpack(part)[5]))
        case wire.NXAST_OUTPUT_REG:
            return OutputField(_moved(wire.OUTPUT_REG.unpack(part)[5]))
        case wire.NXAST_RESUBMIT_TABLE | wire.NXAST_RESUBMIT_TABLE_CT:
            table_id = wire.RESUBMIT.unpack(part)[5]
            return Resubmit(table_id, original=subtype == wire.NXAST_RESUBMIT_TABLE_CT)
        case wire.NXAST_CONJUNCTION:
            *_, clause, clauses, conj_id = wire.CONJUNCTION.unpack(part)
            return Conjunction(conj_id, clause + 1, clauses)
        case wire.NXAST_CT_CLEAR:
            return CtClear()
        case wire.NXAST_CT:
            _, _, _, _, flags, zone, _, table_id, _ = wire.CT.unpack(part)
            return Ct(_moved(zone), table_id, commit=bool(flags & wire.NX_CT_F_COMMIT))
    raise _Unknown


def _moved(header: int) -> Field:
    if header not in _MOVED:
        raise _Unknown
    return _MOVED[header]
