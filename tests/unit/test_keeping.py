"""What is added to a bridge from which nothing is taken away."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from itertools import product
from typing import Any

import pytest

from osken_apps.model.port_security import GroupPolicy, Member
from osken_apps.model.security_groups import Direction
from osken_apps.model.snapshot import BoundPort
from osken_apps.model.tunnels import NOWHERE
from osken_apps.openflow.actions import NORMAL
from osken_apps.openflow.difference import difference
from osken_apps.openflow.fields import Field
from osken_apps.openflow.match import Match
from osken_apps.openflow.reading import read_flow
from osken_apps.openflow.wire import FlowBody, FlowKey, encode_flow
from osken_apps.pipeline.desired import desired_flows
from osken_apps.pipeline.document import rule_of
from osken_apps.pipeline.feature import PlannedBridge, bridge_of
from osken_apps.pipeline.features.group_rules import GroupRules
from osken_apps.pipeline.features.isolation import INTEGRATION_NORMAL
from osken_apps.pipeline.features.tunnels import ARP_KNOWN, ND_KNOWN, ND_TO_HOST, TO_KNOWN_MAC
from osken_apps.pipeline.keeping import kept
from tests.golden.scenarios import LAYOUT, SCENARIOS
from tests.unit.explain_facts import rule

CATCH_ALL = encode_flow(INTEGRATION_NORMAL.flow(Match(), NORMAL))


def flows_of(scenario: str) -> dict[FlowKey, FlowBody]:
    """Give the flows of a scenario's integration bridge."""
    return dict(encode_flow(flow) for flow in desired_flows("br-int", LAYOUT, SCENARIOS[scenario]))


def bridge(scenario: str, **of_snapshot: Any) -> PlannedBridge:
    found = bridge_of("br-int", LAYOUT, replace(SCENARIOS[scenario], **of_snapshot))
    assert found
    return found


def test_who_knows_of_no_guarded_port_does_not_open_a_bridge_that_guards() -> None:
    guarded, idle = flows_of("guarded"), flows_of("idle")
    assert CATCH_ALL[0] not in guarded
    assert CATCH_ALL in difference(guarded, idle).add
    assert not kept(difference(guarded, idle), guarded, bridge("idle")).add


def test_a_bridge_that_guards_nothing_gets_its_catch_all() -> None:
    idle = flows_of("idle")
    lacking = {key: body for key, body in idle.items() if key != CATCH_ALL[0]}
    assert kept(difference(lacking, idle), lacking, bridge("idle")).add == (CATCH_ALL,)


def test_of_a_host_that_is_not_known_whole_nothing_does_something_else() -> None:
    wanted = flows_of("guarded")
    there = {key: body._replace(instructions=b"") for key, body in wanted.items()}
    found = difference(there, wanted)
    assert not kept(found, there, bridge("guarded", keeps=("why",), complete=False))
    assert kept(found, there, bridge("guarded", keeps=("why",))) == found


def keeping(known: Sequence[BoundPort], unknown: Sequence[BoundPort]) -> PlannedBridge:
    """Give the bridge of a host where some ports are not known, and have their tags."""
    tags = tuple((bound.ofport, bound.segment.local_vlan) for bound in unknown)
    return bridge("guarded", ports=tuple(known), policies=(), kept_vlans=tags)


def test_what_is_left_of_a_port_that_is_known_goes_and_that_of_others_stays() -> None:
    there, scenario = flows_of("guarded"), SCENARIOS["guarded"]
    first, *others = scenario.ports
    found = kept(difference(there, {}), there, keeping([first], others))
    of_others = kept(difference(there, {}), there, keeping(others, [first]))
    assert found.delete
    assert {key for key, _ in found.delete}.isdisjoint(key for key, _ in of_others.delete)
    assert not kept(difference(there, {}), there, keeping([], scenario.ports)).delete


def test_nobody_is_led_to_where_a_machine_of_a_known_network_was() -> None:
    there, scenario = flows_of("guarded"), SCENARIOS["guarded"]
    found = kept(difference(there, {}), there, keeping([], scenario.ports[1:]))
    gone = [read_flow(*item).flow.text() for item in found.delete]
    assert gone and all(f"dl_dst={scenario.ports[0].mac_address}" in text for text in gone)


def group(number: int) -> GroupPolicy:
    """Give a group that permits something to everybody and to members, both ways."""
    rules = [
        rule(number, direction, remote_group_id=remote, set_number=number if remote else 0)
        for number, (direction, remote) in enumerate(product(Direction, (None, "friends")), 10 * number)
    ]
    return GroupPolicy(number, tuple(rules), {"friends": frozenset({Member(IPv4Network("10.0.0.9/32"))})})


def test_what_a_group_that_is_known_does_not_permit_goes_and_what_others_do_stays() -> None:
    there = dict(encode_flow(flow) for number in (1, 2) for flow in GroupRules().group_flows(group(number)))
    of_first = [flow for flow in GroupRules().group_flows(group(1)) if Field.REG4 in flow.match.names]
    assert len({flow.cookie for flow in of_first}) == 6
    knows_first = bridge("guarded", ports=(), policies=(GroupPolicy(1, (), {}),))
    assert set(kept(difference(there, {}), there, knows_first).delete) == set(map(encode_flow, of_first))
    assert not kept(difference(there, {}), there, bridge("guarded", ports=(), policies=())).delete


@pytest.mark.parametrize("answers_nd", [True, False])
def test_what_is_told_of_machines_that_are_known_goes_and_what_is_told_of_others_stays(
    answers_nd: bool,
) -> None:
    snapshot = replace(SCENARIOS["tunnels"], answers_nd=answers_nd)
    there = dict(encode_flow(flow) for flow in desired_flows("br-tun", LAYOUT, snapshot))
    empty = tuple(replace(reach, everywhere=NOWHERE) for reach in snapshot.reaches)
    knows_all = bridge_of("br-tun", LAYOUT, snapshot)
    knows_nobody = bridge_of("br-tun", LAYOUT, replace(snapshot, reaches=empty))
    assert knows_all and knows_nobody
    gone = {rule_of(body.cookie) for _, body in kept(difference(there, {}), there, knows_all).delete}
    assert gone == {ARP_KNOWN, TO_KNOWN_MAC, ND_KNOWN if answers_nd else ND_TO_HOST}
    assert not kept(difference(there, {}), there, knows_nobody).delete
