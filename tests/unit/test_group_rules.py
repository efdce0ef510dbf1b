"""What a group's rules become: no two flows of one match, and each rule's flows are among them."""

from ipaddress import ip_network

import pytest

from osken_apps.model.port_security import GroupPolicy, Member
from osken_apps.model.security_groups import Direction, Ethertype, SecurityGroupRule
from osken_apps.pipeline.features.group_rules import INGRESS_REMOTE, INGRESS_RULE, GroupRules, flows_of_rule

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
