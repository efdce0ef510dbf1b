"""Machines that cannot learn each other's MAC address do not reach each other, whatever else passes."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from osken_apps.explain.causes import explain_reach
from osken_apps.explain.facts import Facts, HostSeen
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.model.tunnels import Everywhere, Reach, RemotePort
from osken_apps.openflow.fields import (
    ETH_TYPE_ARP,
    ETH_TYPE_IPV6,
    IP_PROTO_ICMPV6,
    Field,
)
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import encode_flow
from osken_apps.pipeline.headers import Values
from tests.unit.explain_facts import HOST1, HOST2, VM1, VM2, facts, host, installed
from tests.unit.test_explain import PEER, TALKING, _over_a_tunnel
from tests.unit.test_explain_families import BOTH, only_six, two

ARP: Values = {Field.ETH_TYPE: ETH_TYPE_ARP}
ND: Values = {Field.ETH_TYPE: ETH_TYPE_IPV6, Field.IP_PROTO: IP_PROTO_ICMPV6}
SIX = two(only_six(VM1), only_six(VM2), BOTH)


def dropping(of: HostSnapshot | None, values: Values) -> HostSeen:
    """Give a host where another hand drops something."""
    assert of
    flow = encode_flow(Flow(0, 500, Match.of(values), (), cookie=0x99))
    return host(of, installed=installed(of, lambda flows: flows.update([flow])))


def with_dropped(given: Facts, name: str, values: Values) -> Facts:
    return replace(given, hosts={**given.hosts, name: dropping(given.hosts[name].snapshot, values)})


FOUR = facts(TALKING, PEER)
ASKED, TOLD = "vm1's question for the MAC address of vm2", "vm2's answer to vm1's question"


def cases() -> Iterator[tuple[Facts, str, str, str]]:
    for given, values, kind, asks, answers, by in (
        (FOUR, ARP, Field.ARP_OP, 1, 2, "(ARP)"),
        (SIX, ND, Field.ICMPV6_TYPE, 135, 136, "(neighbor discovery)"),
    ):
        for name in ("host1", "host2"):
            yield with_dropped(given, name, values | {kind: asks}), name, ASKED, by
            yield with_dropped(given, name, values | {kind: answers}), name, TOLD, by


@pytest.mark.parametrize(("given", "name", "what", "by"), list(cases()))
def test_what_stops_the_question_for_a_mac_address_or_its_answer_is_told(
    given: Facts, name: str, what: str, by: str
) -> None:
    told = explain_reach(given)
    assert told.verdict.code == "neighbor_stops"
    assert f"would be delivered to vm2, but {what}" in told.verdict.sentence
    assert f"{by} stops in table 0 of br-int on {name}: a flow that is not ours" in told.verdict.sentence
    assert told.return_path is not None


@pytest.mark.parametrize("given", [FOUR, SIX])
def test_machines_that_learn_their_mac_addresses_reach_each_other(given: Facts) -> None:
    assert explain_reach(given).verdict.code == "delivered"


def test_a_question_that_a_flow_answers_needs_not_come_to_the_machine() -> None:
    one, two = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
    here, there = _over_a_tunnel(HOST1, one, two, VM2), _over_a_tunnel(HOST2, two, one, VM1)
    silent = facts(TALKING, PEER, host(here), dropping(there, ARP))
    assert explain_reach(silent).verdict.code == "neighbor_stops"
    remote = RemotePort(
        here.segments[0].network_type, 5, two, VM2.mac_address, (VM2.fixed_ips[0].ip_address,)
    )
    known = replace(here, reaches=(Reach("net1", Everywhere((two,), ((remote,),)), floods_unknown=True),))
    answered = facts(TALKING, PEER, host(known), dropping(there, ARP))
    assert explain_reach(answered).verdict.code == "delivered"
