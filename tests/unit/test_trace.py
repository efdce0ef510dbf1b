"""The tracer over values: what it must know, what it tells, and how hosts follow each other."""

from dataclasses import replace
from ipaddress import IPv4Address
from typing import get_args

import pytest

from osken_apps.model.addresses import mac_address
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.openflow.actions import (
    CONTROLLER,
    IN_PORT,
    NORMAL,
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
from osken_apps.openflow.fields import Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import FlowKey, encode_flow
from osken_apps.pipeline.stage import Role
from osken_apps.trace.connections import ASSUMPTIONS, ESTABLISHED, NEW, REPLY, Assumption
from osken_apps.trace.frame import OF_A_BRIDGE, OF_A_FRAME, Frame, state_words
from osken_apps.trace.lookup import Tables, WireTables
from osken_apps.trace.result import Trace, Way
from osken_apps.trace.site import BridgePort, TracedBridge, TracedHost, traced_host
from osken_apps.trace.tracer import trace
from tests.golden.scenarios import HOST2, LAYOUT, NET1_HERE, SCENARIOS, bound
from tests.golden.scenarios import VM1 as MACHINE

PING = Frame.of(
    {
        Field.ETH_SRC: MACHINE.mac_address,
        Field.ETH_DST: mac_address("fa:16:3e:00:00:99"),
        Field.ETH_TYPE: 0x0800,
        Field.IPV4_SRC: IPv4Address("10.10.10.2"),
        Field.IPV4_DST: IPv4Address("10.10.10.9"),
        Field.IP_PROTO: 1,
        Field.ICMP_TYPE: 8,
    }
)
EVERY_ACTION: dict[type, Action] = {
    Output: Output(2),
    OutputField: OutputField(Field.REG7),
    SetField: SetField(Field.REG7, 2),
    SetBit: SetBit(Field.REG0, 1, True),
    Move: Move(Field.ETH_SRC, Field.ETH_DST),
    Push: Push(Field.ETH_SRC),
    Pop: Pop(Field.ETH_SRC),
    PushVlan: PushVlan(),
    PopVlan: PopVlan(),
    Resubmit: Resubmit(9),
    Ct: Ct(Field.REG6, 9),
    CtClear: CtClear(),
    Conjunction: Conjunction(1, 1, 2),
}


def alone(*flows: Flow, ports: tuple[BridgePort, ...] = ()) -> TracedHost:
    """Give a host of one bridge with ports 1 and 2."""
    known = {port.ofport: port for port in (BridgePort("one", 1), BridgePort("two", 2), *ports)}
    return TracedHost("host1", {"br": TracedBridge("br", Role.INTEGRATION, Tables(flows), known)})


def followed(*flows: Flow, frame: Frame = PING, in_port: int = 1) -> Trace:
    return trace([alone(*flows)], "host1", "br", in_port, frame)


def flow(*actions: Action, table: int = 0, priority: int = 1, match: Match | None = None) -> Flow:
    return Flow(table, priority, match or Match(), actions, 0)


def test_each_field_is_a_frames_or_a_bridges_or_the_vlan() -> None:
    assert OF_A_FRAME | OF_A_BRIDGE | {Field.VLAN_VID} == set(Field)
    assert not OF_A_FRAME & OF_A_BRIDGE


def test_every_action_is_known() -> None:
    assert set(EVERY_ACTION) == set(get_args(Action))


@pytest.mark.parametrize("action", EVERY_ACTION.values(), ids=lambda action: type(action).__name__)
def test_every_action_is_followed(action: Action) -> None:
    traced = followed(flow(SetField(Field.REG7, 2), action, Output(2)))
    assert traced.hops[0].flow is not None or isinstance(action, Conjunction)


def test_what_no_flow_takes_stops_there_and_the_stage_says_why() -> None:
    traced = followed()
    assert [stop.why for stop in traced.stops] == ["dropped: this is so before the first flow is there"]


def test_a_flow_that_is_not_ours_is_said_to_be_none() -> None:
    traced = followed(flow(Output(2)))
    assert traced.hops[0].meaning == "a flow that is not ours"
    assert traced.delivered_to("host1", "two")


def test_what_is_for_a_port_that_is_not_there_stops() -> None:
    assert [stop.why for stop in followed(flow(Output(7))).stops] == ["dropped: br has no port 7"]


def test_a_frame_is_not_sent_back_but_by_in_port() -> None:
    assert not followed(flow(Output(1))).exits
    assert followed(flow(IN_PORT)).delivered_to("host1", "one")


def test_flows_that_go_in_a_circle_end() -> None:
    traced = followed(flow(Resubmit(0)))
    assert [stop.why for stop in traced.stops] == ["dropped: it is looked up too often"]


def test_what_goes_to_the_controller_is_told() -> None:
    assert [leaving.way for leaving in followed(flow(CONTROLLER)).exits] == [Way.CONTROLLER]


def test_an_access_port_takes_no_tagged_frame() -> None:
    host = alone(flow(NORMAL), ports=(BridgePort("access", 3, tag=5),))
    traced = trace([host], "host1", "br", 3, replace(PING, vlans=(7,)))
    assert traced.stops[0].why == "dropped: it has VLAN 7, and access is an access port (tag 5)"


def test_a_trunk_carries_its_vlans_only() -> None:
    host = alone(flow(NORMAL), ports=(BridgePort("trunk", 3, trunks=frozenset({5, 6})),))
    for vid, carried in ((5, True), (7, False)):
        traced = trace([host], "host1", "br", 1, replace(PING, vlans=(vid,)))
        assert traced.delivered_to("host1", "trunk") is carried


def test_a_question_and_its_answer_name_the_same_connection() -> None:
    answer = Frame.of(
        {
            Field.ETH_TYPE: 0x0800,
            Field.IPV4_SRC: IPv4Address("10.10.10.9"),
            Field.IPV4_DST: IPv4Address("10.10.10.2"),
            Field.IP_PROTO: 1,
            Field.ICMP_TYPE: 0,
        }
    )
    assert REPLY.original(answer) == NEW.original(PING)
    assert set(ASSUMPTIONS) == {"new", "established", "reply"}


def other_host() -> HostSnapshot:
    """Give a second host of the seed scenario's network, with a machine of its own."""
    other = replace(MACHINE, id="other", mac_address=mac_address("fa:16:3e:00:00:99"))
    seed = SCENARIOS["seed"]
    return replace(
        seed, host="host2", ports=(bound(other, "tap53903a95-82", 2, replace(NET1_HERE, local_vlan=4)),),
        segments=(replace(NET1_HERE, local_vlan=4),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("assumption", "kind", "state"),
    [
        (NEW, 128, "new"),
        (NEW, 129, "inv"),
        (REPLY, 129, "rpl"),
        (NEW, 1, "inv"),
        (ESTABLISHED, 2, "rel"),
        (REPLY, 1, "rpl"),
        (REPLY, 3, "rel"),
        (NEW, 136, "inv"),
        (REPLY, 135, "inv"),
    ],
)
def test_a_message_that_belongs_to_no_connection_is_invalid_whatever_is_assumed(
    assumption: Assumption, kind: int, state: str
) -> None:
    message = Frame.of({Field.ETH_TYPE: 0x86DD, Field.IP_PROTO: 58, Field.ICMPV6_TYPE: kind})
    assert state in state_words(assumption.state_of(message))
    tcp = Frame.of({Field.ETH_TYPE: 0x0800, Field.IP_PROTO: 6})
    assert assumption.state_of(tcp) == assumption.state


def test_a_frame_goes_over_the_wire_to_another_host_and_into_its_vlan() -> None:
    hosts = [traced_host(LAYOUT, SCENARIOS["seed"]), traced_host(LAYOUT, other_host())]
    traced = trace(hosts, "host1", "br-int", 2, PING)
    assert traced.delivered_to("host2", "tap53903a95-82")
    out = [leaving for leaving in traced.exits if leaving.way is Way.WIRE]
    assert [(leaving.host, leaving.frame.vlans) for leaving in out] == [("host1", (1000,))]
    names = [hop.rule.name for hop in traced.hops if hop.rule]
    assert names == ["integration_normal", "local_to_provider", "physical_normal", "provider_to_local"]


def test_a_frame_goes_over_a_tunnel_to_the_host_that_has_the_machine() -> None:
    here = SCENARIOS["tunnels"]
    there = replace(here, host="host2", tunnel_address=HOST2)
    frame = replace(PING, fields={**PING.fields, Field.ETH_DST: int(mac_address("fa:16:3e:00:05:0a"))})
    traced = trace([traced_host(LAYOUT, one) for one in (here, there)], "host1", "br-int", 3, frame)
    assert [leaving.way for leaving in traced.exits if leaving.host == "host1"][-1] is Way.TUNNEL
    assert {hop.host for hop in traced.hops} == {"host1", "host2"}


def test_a_flow_that_nobody_understands_is_left_out_and_counted() -> None:
    key, body = encode_flow(flow(Output(2)))
    odd = FlowKey(0, 9, bytes.fromhex("0001000c ffff0208 00000000 00000000"))
    tables = WireTables([(key, body), (odd, body)])
    host = TracedHost("host1", {"br": replace(alone().bridges["br"], tables=tables)})
    assert trace([host], "host1", "br", 1, PING).delivered_to("host1", "two")
    assert tables.odd == 1
