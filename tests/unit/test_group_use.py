"""Which flows count for a rule of a security group."""

from osken_apps.model.addresses import network_of
from osken_apps.model.port_security import GroupPolicy, Member
from osken_apps.model.security_groups import Direction, Ethertype, SecurityGroupRule
from osken_apps.pipeline.features.group_rules import GroupRules, flows_of_rule

GROUP = "g1"


def rule_of(id: str, **attributes: object) -> SecurityGroupRule:
    """Make a rule for what comes in."""
    given = {"direction": Direction.INGRESS, "number": int(id)} | attributes
    return SecurityGroupRule(id=id, project_id="a", security_group_id=GROUP, **given)  # type: ignore[arg-type]


RULES = (
    rule_of("1", direction=Direction.EGRESS),
    rule_of("2", protocol="tcp", port_range_min=22, port_range_max=22, remote_ip_prefix="10.0.0.1/8"),
    rule_of("3", protocol="tcp", port_range_min=1000, port_range_max=1999),
    rule_of("4", remote_group_id="g2", set_number=4),
    rule_of("5", remote_group_id="g2", set_number=4, protocol="udp"),
    rule_of("6", remote_address_group_id="ag", set_number=6, ethertype=Ethertype.IPV6),
    rule_of("7", protocol="dccp", port_range_min=9, port_range_max=9),
    rule_of("8", protocol="dccp", port_range_min=9, port_range_max=9, remote_group_id="g2", set_number=4),
)
MEMBERS = {"g2": frozenset({Member(network_of("10.0.0.2/32"))}), "ag": frozenset[Member]()}
POLICY = GroupPolicy(3, RULES, MEMBERS)


def test_what_counts_for_a_rule_are_flows_of_its_group() -> None:
    flows = set(GroupRules().group_flows(POLICY))
    counting = {rule.id: list(flows_of_rule(POLICY, rule)) for rule in RULES}
    assert {rule_id for rule_id, of_rule in counting.items() if not set(of_rule) <= flows} == set()
    assert {rule_id: len(of_rule) for rule_id, of_rule in counting.items()} == {
        "1": 1,
        "2": 1,
        "3": 7,
        "4": 1,
        "5": 1,
        "6": 1,
        "7": 0,
        "8": 0,
    }


def test_rules_for_the_same_remote_ones_count_together_and_others_apart() -> None:
    counting = {rule.id: tuple(flows_of_rule(POLICY, rule)) for rule in RULES}
    assert counting["4"] == counting["5"]
    assert len(set(counting.values())) == 6  # 4 and 5 share theirs; 7 and 8 have none
    assert counting["7"] == counting["8"] == ()
