"""Flows as values: their text, their wire form, and decoders that take any bytes."""

import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osken_apps.errors import Malformed
from osken_apps.model.addresses import mac_address
from osken_apps.openflow import codec, handshake, ports, wire
from osken_apps.openflow.actions import CONTROLLER, NORMAL, Move, Output, SetField
from osken_apps.openflow.difference import difference
from osken_apps.openflow.fields import Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match

TRANSLATION = Flow(
    0, 3, Match.of({Field.IN_PORT: 1, Field.VLAN_VID: 1000}), (SetField(Field.VLAN_VID, 1), NORMAL), 0
)

DROP = Flow(0, 2, Match.of({Field.IN_PORT: 1}), (), 5)
TO_10_0_0_1 = Match.of({Field.ETH_TYPE: 0x800, Field.IPV4_DST: IPv4Address("10.0.0.1")})


@pytest.mark.parametrize(
    ("flow", "text"),
    [
        (TRANSLATION, "cookie=0x0, table=0, priority=3,in_port=1,dl_vlan=1000 actions=mod_vlan_vid:1,NORMAL"),
        (DROP, "cookie=0x5, table=0, priority=2,in_port=1 actions=drop"),
        (Flow(7, 1, Match(), (Output(9),), 0), "cookie=0x0, table=7, priority=1 actions=output:9"),
        (
            Flow(0, 1, TO_10_0_0_1, (CONTROLLER,), 0),
            "cookie=0x0, table=0, priority=1,ip,nw_dst=10.0.0.1 actions=CONTROLLER:65535",
        ),
        (
            Flow(0, 1, Match.of({Field.ETH_DST: mac_address("01:00:00:00:00:02")}), (NORMAL,), 0),
            "cookie=0x0, table=0, priority=1,dl_dst=01:00:00:00:00:02 actions=NORMAL",
        ),
    ],
)  # fmt: skip
def test_a_flow_reads_as_ovs_ofctl_prints_it(flow: Flow, text: str) -> None:
    assert flow.text() == text


def test_a_flow_mod_is_packed_as_the_specification_says() -> None:
    key, body = wire.encode_flow(TRANSLATION)
    match = bytes.fromhex("0001 0012 8000 0004 00000001 8000 0c02 13e8 000000000000")
    actions = bytes.fromhex("0019 0010 8000 0c02 1001 000000000000 0000 0010 fffffffa 0000 000000000000")
    instructions = bytes.fromhex("0004 0028 00000000") + actions
    assert (key, body) == (wire.FlowKey(0, 3, match), wire.FlowBody(0, instructions))
    message = codec.flow_mod(codec.FlowModCommand.ADD, key, body, xid=9)
    fixed = bytes(16) + bytes([0, 0]) + bytes(4) + struct.pack("!H", 3) + b"\xff" * 12 + bytes(4)
    assert message == bytes.fromhex("050e 0070 00000009") + fixed + match + instructions
    steps = [(codec.FlowModCommand.ADD, key, body), (codec.FlowModCommand.DELETE_STRICT, key, body)]
    bundled = b"".join(codec.bundled_flow_mods(steps, 5, xid=9))
    wrapped = bytes.fromhex("0522 0080 00000009 00000005 0000 0003")
    deletion = codec.flow_mod(codec.FlowModCommand.DELETE_STRICT, key, body, xid=9)
    assert bundled == wrapped + message + wrapped + deletion


def test_actions_without_one_of_their_parts_are_encoded_as_they_would_be_afresh() -> None:
    parts = [(SetField(Field.TUN_DST, IPv4Address(number)), Output(number)) for number in range(1, 5)]
    made = wire.MadeActions.of(parts)
    for part in range(4):
        left = made.without(part)
        assert list(left) == [action for other in parts[:part] + parts[part + 1 :] for action in other]
        assert left.octets == wire.encode_actions(list(left))
        assert left.sets == (Field.TUN_DST,)
        assert left.without(0).octets == wire.encode_actions(list(left)[2:])


def test_a_field_that_has_no_nxm_name_cannot_be_moved() -> None:
    with pytest.raises(ValueError, match="UDP_DST"):
        wire.encode_actions([Move(Field.UDP_DST, Field.UDP_SRC)])


def test_the_difference_adds_changes_and_deletes_and_nothing_else() -> None:
    kept, changed, gone, new = (wire.FlowKey(0, priority, b"m") for priority in (1, 2, 3, 4))
    body, other = wire.FlowBody(1, b"a"), wire.FlowBody(1, b"b")
    delta = difference({kept: body, changed: body, gone: body}, {kept: body, changed: other, new: body})
    assert set(delta.add) == {(changed, other), (new, body)}
    assert delta.delete == ((gone, body),)
    assert not difference({kept: body}, {kept: body})


def packet_in(match: bytes, data: bytes) -> bytes:
    body = struct.pack("!IHBBQ", 0xFFFFFFFF, len(data), 1, 0, 7) + match + bytes(2) + data
    return codec.message(codec.MessageType.PACKET_IN, 0, body)


def test_a_packet_in_gives_port_and_frame() -> None:
    match = wire.encode_match(Match.of({Field.IN_PORT: 42}))
    assert codec.decode_packet_in(packet_in(match, b"frame")) == (42, b"frame")


def test_a_packet_in_whose_port_is_not_the_first_field_is_read_too() -> None:
    match = wire.encode_match(Match.of({Field.IN_PORT: 42, Field.ETH_TYPE: 0x800}))
    in_port, eth_type = match[4:12], match[12:18]
    other_order = match[:4] + eth_type + in_port + match[18:]
    assert codec.decode_packet_in(packet_in(other_order, b"frame")) == (42, b"frame")


def test_a_packet_out_is_packed_as_the_specification_says() -> None:
    fixed = bytes.fromhex("050d 002d 00000000 ffffffff fffffffd 0010 000000000000")
    action = bytes.fromhex("0000 0010 0000002a 0000 000000000000")
    assert codec.packet_out(42, b"frame") == fixed + action + b"frame"


def test_a_packet_in_without_a_port_is_malformed() -> None:
    with pytest.raises(Malformed, match="in_port"):
        codec.decode_packet_in(packet_in(wire.encode_match(Match()), b"frame"))


def flow_stats(flow: Flow) -> bytes:
    key, body = wire.encode_flow(flow)
    length = codec.FLOW_STATS.size + len(key.match) + len(body.instructions)
    fixed = codec.FLOW_STATS.pack(length, key.table_id, 0, 0, key.priority, 0, 0, 0, body.cookie, 0, 0)
    return fixed + key.match + body.instructions


def test_flow_statistics_give_the_flows_that_were_sent() -> None:
    flows = [TRANSLATION, Flow(0, 2, Match(), (), 5)]
    body = codec.MULTIPART.pack(codec.OFPMP_FLOW, 0) + b"".join(map(flow_stats, flows))
    reply = codec.message(codec.MessageType.MULTIPART_REPLY, 1, body)
    read = [(flow.key, flow.body) for flow in codec.decode_flow_counts(reply)]
    assert read == [wire.encode_flow(flow) for flow in flows]


DECODERS = (
    codec.decode_packet_in,
    codec.decode_multipart,
    lambda data: list(codec.decode_flow_counts(data)),
    codec.decode_desc,
    codec.decode_error,
    handshake.decode_hello,
    handshake.decode_features,
    lambda data: list(ports.decode_ports(data, 16)),
)


@pytest.mark.parametrize("decode", DECODERS)
@given(data=st.binary(max_size=400))
def test_a_decoder_takes_any_bytes(decode: object, data: bytes) -> None:
    assert callable(decode)
    try:
        decode(data)
    except Malformed as error:
        assert str(error)
