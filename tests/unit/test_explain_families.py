"""Two machines of IPv4 and IPv6: which family is asked about, and what is said of each."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Any

import pytest

from osken_apps.explain.cause import VerdictState
from osken_apps.explain.causes import explain_reach
from osken_apps.explain.facts import Facts, HostSeen, PortSeen, Traffic
from osken_apps.model.port_security import GroupPolicy
from osken_apps.model.resources import FixedIp, Port
from osken_apps.model.security_groups import Direction, Ethertype
from tests.golden.scenarios import SUBNET1
from tests.unit.explain_facts import (
    GROUP_ID,
    NOBODY,
    OUT,
    TCP_80,
    VM1,
    VM2,
    facts,
    guarded,
    host,
    leased,
    rule,
    seen,
    snapshot,
)

SUBNET6 = replace(SUBNET1, id="subnet6", cidr=IPv6Network("fd00::/64"), gateway_ip=None)
V4_ONLY = GroupPolicy(1, (rule(1, Direction.EGRESS), rule(2, Direction.INGRESS)), {})
V6_OUT = GroupPolicy(1, (rule(1, Direction.EGRESS, ethertype=Ethertype.IPV6),), {})
BOTH = GroupPolicy(
    1,
    (*V4_ONLY.rules, *V6_OUT.rules, rule(3, Direction.INGRESS, ethertype=Ethertype.IPV6)),
    {},
)


def six(port: Port) -> FixedIp:
    return FixedIp("subnet6", IPv6Address(f"fd00::1{port.id[-1]}"))


def dual(port: Port) -> Port:
    return replace(port, fixed_ips=(*port.fixed_ips, six(port)))


def only_six(port: Port) -> Port:
    return replace(port, fixed_ips=(six(port),))


def shown(port: Port) -> PortSeen:
    return seen(port, subnets=(SUBNET1, SUBNET6), journal=leased(port))


def two(one: Port, other: Port, policy: GroupPolicy, **more: Any) -> Facts:
    """Give two guarded machines, each in a group of these rules."""
    hosts = guarded(one, "host1", policy), guarded(other, "host2", policy)
    return facts(shown(one), shown(other), *hosts, **more)


DUAL = two(dual(VM1), dual(VM2), V4_ONLY)
OUT_6 = "No rule of vm1's security groups (default) lets ICMP over IPv6 to vm2 out."
DELIVERED_4 = "ICMP over IPv4 from vm1 is delivered to vm2 (from host1 to host2), and an answer comes back."


def test_of_machines_of_both_families_each_is_followed_and_what_does_not_pass_is_the_verdict() -> None:
    told = explain_reach(DUAL)
    assert (told.verdict.state, told.verdict.sentence) == (VerdictState.BROKEN, OUT_6)
    assert [verdict.sentence for verdict in told.also] == [DELIVERED_4]
    assert told.path is not None
    assert "fd00::12" in told.path.hops[0].frame.text()


def test_where_both_families_pass_both_are_said_to() -> None:
    told = explain_reach(two(dual(VM1), dual(VM2), BOTH))
    assert told.verdict.sentence == DELIVERED_4
    assert [verdict.sentence for verdict in told.also] == [DELIVERED_4.replace("IPv4", "IPv6")]


def test_of_machines_of_one_family_nothing_is_said_of_it() -> None:
    told = explain_reach(two(VM1, dual(VM2), V4_ONLY))
    assert (told.verdict.code, told.also) == ("delivered", ())
    assert "IPv" not in told.verdict.sentence


def test_the_address_that_is_asked_for_tells_the_family() -> None:
    for asked, sentence in (("fd00::12", OUT_6), ("fd00::11", OUT_6)):
        told = explain_reach(replace(DUAL, asked=(IPv6Address(asked),)))
        assert (told.verdict.sentence, told.also) == (sentence, ())
    told = explain_reach(replace(DUAL, asked=(IPv4Address("10.10.10.12"),)))
    assert (told.verdict.sentence, told.also) == (DELIVERED_4, ())


def test_an_address_beyond_the_peer_tells_the_family_too() -> None:
    told = explain_reach(replace(DUAL, asked=(IPv6Address("2001:db8::1"),)))
    assert (told.verdict.sentence, told.also) == (OUT_6, ())


def test_addresses_of_two_families_share_no_subnet() -> None:
    asked = (IPv4Address("10.10.10.11"), IPv6Address("fd00::12"))
    verdict = explain_reach(replace(DUAL, asked=asked)).verdict
    assert verdict.code == "other_subnet"
    assert verdict.sentence.startswith("vm1 (10.10.10.11) and vm2 (fd00::12) have no address on a common")


def test_of_two_subnets_of_one_family_the_address_that_is_asked_for_is_followed() -> None:
    def shares_two(port: Port) -> Port:
        second = FixedIp("second", IPv6Address(f"fd01::1{port.id[-1]}"))
        return replace(port, fixed_ips=(six(port), second))

    asked = (IPv6Address("fd01::12"),)
    path = explain_reach(two(shares_two(VM1), shares_two(VM2), BOTH, asked=asked)).path
    assert path is not None
    assert "fd01::12" in path.hops[0].frame.text()


def test_what_is_wrong_with_a_machine_is_said_once() -> None:
    off = replace(DUAL, port=replace(DUAL.port, port=replace(DUAL.port.port, admin_state_up=False)))
    told = explain_reach(off)
    assert told.verdict.code == "port_down"
    assert [verdict.code for verdict in told.also].count("port_down") == 0


@pytest.mark.parametrize(
    ("policy", "traffic", "remedy"),
    [
        (NOBODY, Traffic(), "--egress --ethertype IPv6 --protocol ipv6-icmp"),
        (V6_OUT, Traffic(), "--ethertype IPv6 --protocol ipv6-icmp --remote-ip fd00::11"),
        (NOBODY, TCP_80, "--egress --ethertype IPv6 --protocol tcp --dst-port 80"),
    ],
)
def test_what_lets_ipv6_pass_is_a_rule_for_it(policy: GroupPolicy, traffic: Traffic, remedy: str) -> None:
    told = explain_reach(two(only_six(VM1), only_six(VM2), policy, traffic=traffic))
    assert told.verdict.remedy == f"openstack security group rule create {remedy} {GROUP_ID}"


def stateless(port: Port, where: str, policy: GroupPolicy) -> HostSeen:
    of = snapshot(where, port, (1,), policy)
    (bound,) = of.ports
    assert bound.guard
    return host(replace(of, ports=(replace(bound, guard=replace(bound.guard, stateful=False)),)))


def test_what_lets_the_answer_of_a_stateless_port_pass_is_a_rule_for_any_port_of_its_client() -> None:
    comes_in = GroupPolicy(1, (rule(2, Direction.INGRESS),), {})
    hosts = guarded(VM1, "host1", V4_ONLY), stateless(VM2, "host2", comes_in)
    told = explain_reach(facts(shown(VM1), shown(VM2), *hosts, traffic=TCP_80))
    assert told.verdict.code == "answer_sender_security_group"
    assert told.verdict.remedy == f"openstack security group rule create --egress --protocol tcp {GROUP_ID}"
    assert told.return_path is not None
    hosts = stateless(VM1, "host1", OUT), guarded(VM2, "host2", V4_ONLY)
    told = explain_reach(facts(shown(VM1), shown(VM2), *hosts, traffic=TCP_80))
    assert told.verdict.code == "answer_security_group"
    remedy = f"openstack security group rule create --protocol tcp --remote-ip 10.10.10.12 {GROUP_ID}"
    assert told.verdict.remedy == remedy
