"""Flows are read back from their wire form as the values that they were made of."""

import struct
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netaddr import EUI

from osken_apps.openflow import actions as all_actions
from osken_apps.openflow.actions import NORMAL, Output, PopVlan
from osken_apps.openflow.fields import Field, Masked
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.reading import read_flow
from osken_apps.openflow.wire import FlowBody, FlowKey, encode_flow
from osken_apps.pipeline.desired import desired_flows
from tests.golden.scenarios import LAYOUT, SCENARIOS

FLOWS = [
    flow
    for name, snapshot in SCENARIOS.items()
    for bridge in LAYOUT.all_bridges
    for flow in desired_flows(bridge, LAYOUT, snapshot)
]


def test_every_flow_of_every_scenario_says_the_same_when_it_is_read() -> None:
    for flow in FLOWS:
        read = read_flow(*encode_flow(flow))
        assert (read.unknown, read.text()) == ((), flow.text())
        assert encode_flow(read.flow) == encode_flow(flow)


def test_the_scenarios_have_every_action_that_there_is() -> None:
    assert {type(action) for flow in FLOWS for action in flow.actions} == set(all_actions.Action.__args__)


@pytest.mark.parametrize("field", Field)
def test_every_field_is_read(field: Field) -> None:
    addresses = {32: IPv4Address(1), 48: EUI("52:54:00:00:00:01"), 128: IPv6Address(1)}
    is_address = field.value.to_text is Field.ETH_SRC.value.to_text
    value = addresses[field.value.bits] if is_address else 1
    flow = Flow(0, 1, Match.of({field: value}), (NORMAL,), 0)
    assert read_flow(*encode_flow(flow)).flow == flow


def test_what_ours_never_have_is_shown_as_octets() -> None:
    key, body = encode_flow(Flow(0, 5, Match.of({Field.IN_PORT: 1}), (NORMAL,), 0x1))
    metadata = struct.pack("!HBBQ", 0x8000, 2 << 1, 8, 7)
    match = struct.pack("!HH", 1, 4 + 8 + 12) + key.match[4:12] + metadata
    queue = struct.pack("!HHI", 21, 8, 9)
    actions = struct.pack("!HH4x", 4, 8 + 16 + 8) + body.instructions[8:] + queue
    clear = struct.pack("!HH4x", 5, 8)
    read = read_flow(FlowKey(0, 5, match), FlowBody(0x1, actions + clear))
    assert read.flow == Flow(0, 5, Match.of({Field.IN_PORT: 1}), (NORMAL,), 0x1)
    assert read.unknown == (metadata.hex(), queue.hex(), clear.hex())
    assert read.text() == f"{read.flow.text()} ?{metadata.hex()} ?{queue.hex()} ?{clear.hex()}"


def test_an_extension_that_says_more_than_ours_is_not_taken_for_ours() -> None:
    load = struct.pack("!HHIHHIQ", 0xFFFF, 24, 0x2320, 7, 31, 0x00010004, 5)  # 32 bits, not one
    actions = struct.pack("!HH4x", 4, 32) + load
    read = read_flow(FlowKey(0, 1, encode_flow(FLOWS[0])[0].match), FlowBody(0, actions))
    assert (read.flow.actions, read.unknown) == ((), (load.hex(),))


def test_a_mask_that_is_no_prefix_stays_a_mask() -> None:
    match = Match.of({Field.IPV4_SRC: Masked(IPv4Address("10.0.0.1"), 0xFF0000FF)})
    flow = Flow(0, 1, match, (Output(1), PopVlan()), 0)
    assert read_flow(*encode_flow(flow)).flow == flow


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_whatever_a_switch_shows_can_be_read(match: bytes, instructions: bytes) -> None:
    read_flow(FlowKey(0, 1, match), FlowBody(0, instructions)).text()


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_flow_that_is_cut_off_can_be_read(cut: int) -> None:
    key, body = max((encode_flow(flow) for flow in FLOWS), key=lambda it: len(it[0].match) + len(it[1][1]))
    read_flow(FlowKey(0, 1, key.match[:-cut]), FlowBody(0, body.instructions[:-cut])).text()
