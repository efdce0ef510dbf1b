"""What a group's rules become: no two flows of one match, and each rule's flows are among them."""

from ipaddress import ip_network

import pytest

from osken_apps.model.addresses import mac_address
from osken_apps.model.port_security import GroupPolicy, Member, members_of
from osken_apps.model.resources import AddressPair, Port
from osken_apps.model.security_groups import Direction, Ethertype, SecurityGroupRule
from osken_apps.openflow.fields import Field
from osken_apps.openflow.match import Match
from osken_apps.pipeline.features.group_rules import (
    FAMILIES,
    INGRESS_MEMBER,
    INGRESS_REMOTE,
    INGRESS_RULE,
    GroupRules,
    flows_of_rule,
    permitted,
)

MAC = mac_address("fa:16:3e:00:00:01")
EVERYBODY = {Ethertype.IPV4: "0.0.0.0/0", Ethertype.IPV6: "::/0"}


def rule(number: int, ethertype: Ethertype, group: str, **more: object) -> SecurityGroupRule:
    return SecurityGroupRule(
        id=f"rule{number}",
        project_id="p",
        security_group_id="g",
        direction=Direction.INGRESS,
        ethertype=ethertype,
        number=number,
        set_number=number,
        remote_address_group_id=group,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("ethertype", Ethertype)
def test_an_address_group_with_everybody_in_it_permits_to_everybody_and_takes_nothing_from_others(
    ethertype: Ethertype,
) -> None:
    some = "192.0.2.0/24" if ethertype is Ethertype.IPV4 else "2001:db8::/64"
    rules = (
        rule(3, ethertype, "all"),
        rule(4, ethertype, "all", protocol="tcp", port_range_min=80, port_range_max=80),
        rule(5, ethertype, "some"),
    )
    members = {
        "all": frozenset({Member(ip_network(EVERYBODY[ethertype])), Member(ip_network(some))}),
        "some": frozenset({Member(ip_network(some))}),
    }
    policy = GroupPolicy(9, rules, members)
    flows = list(GroupRules().group_flows(policy))
    keys = [(flow.table_id, flow.priority, flow.match) for flow in flows]
    assert len(set(keys)) == len(keys)
    cookies = [[flow.cookie for flow in flows_of_rule(policy, each)] for each in rules]
    assert cookies == [[INGRESS_RULE.cookie], [INGRESS_RULE.cookie], [INGRESS_REMOTE.cookie]]
    assert all(flow in flows for each in rules for flow in flows_of_rule(policy, each))


@pytest.mark.parametrize("ethertype", Ethertype)
def test_a_member_that_may_have_any_address_of_a_family_is_one_by_its_mac_in_that_family_alone(
    ethertype: Ethertype,
) -> None:
    pair = AddressPair(EVERYBODY[ethertype], MAC)
    router = Port(id="r", project_id="p", network_id="n", mac_address=MAC, allowed_address_pairs=(pair,))
    rules = tuple(rule(number, family, "routers") for number, family in enumerate(Ethertype, 1))
    policy = GroupPolicy(9, rules, {"routers": members_of(router)})
    flows = [flow for flow in GroupRules().group_flows(policy) if flow.cookie == INGRESS_MEMBER.cookie]
    assert [flow.match for flow in flows] == [
        Match.of({Field.REG4: 9, **FAMILIES[ethertype], Field.ETH_SRC: MAC})
    ]


@pytest.mark.parametrize("protocol", ["ah", "43", "ipv6-opts"])
def test_a_rule_for_a_header_of_ipv6_that_no_flow_shows_has_no_flow(protocol: str) -> None:
    rules = rule(1, Ethertype.IPV6, "all", protocol=protocol), rule(2, Ethertype.IPV4, "all", protocol="ah")
    assert [len(permitted(each)) for each in rules] == [0, 1]
