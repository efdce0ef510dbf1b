"""Rules of security groups, and those that new groups are made with: how one is made and deleted. PURE."""

from collections.abc import Sequence
from dataclasses import replace

from osken_apps.errors import (
    AddressGroupNotFound,
    BadRequest,
    Conflict,
    OverQuota,
    SecurityGroupNotFound,
)
from osken_apps.model.security_groups import (
    PARENT,
    AddressGroup,
    DefaultSecurityGroupRule,
    SecurityGroup,
    SecurityGroupRule,
)
from osken_apps.networking.permissions import checked, key_of
from osken_apps.networking.state import State
from osken_apps.networking.terms import Terms

MAX_RULES = 1000  # of a group
MAX_DEFAULT_RULES = 100  # that new groups are made with


class SecurityGroupRuleExists(Conflict):
    """The group permits it already."""

    def __init__(self, rule_id: str) -> None:
        super().__init__(f"Security group rule already exists. Rule id is {rule_id}.")


class DuplicateSecurityGroupRuleInPost(Conflict):
    """One request has the same rule twice."""

    def __init__(self) -> None:
        super().__init__("Duplicate Security Group Rule in POST.")


class DefaultSecurityGroupRuleExists(Conflict):
    """New groups have it already."""

    def __init__(self, rule_id: str) -> None:
        super().__init__(f"Default Security group rule already exists. Rule id is {rule_id}.")


class SecurityGroupNotSingleGroupRules(BadRequest):
    """One request has rules of several groups."""

    def __init__(self) -> None:
        super().__init__("Only allowed to update rules for one security profile at a time")


class SecurityGroupRulesNotSingleProject(BadRequest):
    """One request has rules of several projects."""

    def __init__(self) -> None:
        super().__init__("Multiple projects in bulk security group rule create not allowed")


def check_together(rules: Sequence[SecurityGroupRule]) -> None:
    """Refuse rules that one request cannot make. Raises BadRequest, DuplicateSecurityGroupRuleInPost."""
    if len({rule.security_group_id for rule in rules}) > 1:
        raise SecurityGroupNotSingleGroupRules
    if len({rule.project_id for rule in rules}) > 1:
        raise SecurityGroupRulesNotSingleProject
    if len({key_of(checked(rule)) for rule in rules}) < len(rules):
        raise DuplicateSecurityGroupRuleInPost


def create(state: State, rule: SecurityGroupRule, terms: Terms) -> SecurityGroupRule:
    """Make a rule, whose id and numbers are set here. Raises BadRequest, NotFound, Conflict."""
    rule = checked(rule)
    group = _usable_group(state, rule.security_group_id, rule.project_id, terms)
    if rule.remote_group_id not in (None, group.id):
        _usable_group(state, rule.remote_group_id, rule.project_id, terms)
    if rule.remote_address_group_id is not None:
        _usable_address_group(state, rule.remote_address_group_id, rule.project_id, terms)
    siblings = state.rules_of(group.id)
    if len(siblings) >= MAX_RULES:
        raise OverQuota("security_group_rule")
    known = siblings.same_as(rule)
    if known is not None:
        raise SecurityGroupRuleExists(known)
    rule = replace(rule, id=state.new_id(), number=state.new_number())
    made = state.create(replace(rule, set_number=siblings.set_number_of(rule)))
    state.touch(group)
    return made


def delete(state: State, rule: SecurityGroupRule) -> None:
    """Delete a rule: its group has changed."""
    state.delete(rule)
    group = state.one(SecurityGroup, rule.security_group_id)
    if group is not None:
        state.touch(group)


def create_default(state: State, rule: DefaultSecurityGroupRule) -> DefaultSecurityGroupRule:
    """Make a rule of new groups, whose id is set here. Raises BadRequest, NotFound, Conflict."""
    rule = checked(rule)
    if rule.remote_group_id not in (None, PARENT) and state.one(SecurityGroup, rule.remote_group_id) is None:
        raise SecurityGroupNotFound(rule.remote_group_id)
    address_group_id = rule.remote_address_group_id
    if address_group_id is not None and state.one(AddressGroup, address_group_id) is None:
        raise AddressGroupNotFound(address_group_id)
    others = state.default_rules()
    if len(others) >= MAX_DEFAULT_RULES:
        raise OverQuota("default_security_group_rule")
    key = key_of(rule)
    for other in others:
        if _of_the_same_groups(rule, other) and key_of(other) == key:
            raise DefaultSecurityGroupRuleExists(other.id)
    return state.create(replace(rule, id=state.new_id()))


def _of_the_same_groups(rule: DefaultSecurityGroupRule, other: DefaultSecurityGroupRule) -> bool:
    """Tell whether some new group would have both."""
    return (rule.used_in_default_sg and other.used_in_default_sg) or (
        rule.used_in_non_default_sg and other.used_in_non_default_sg
    )


def _usable_group(state: State, group_id: str, project_id: str, terms: Terms) -> SecurityGroup:
    """Give a group that a rule of a project may be of, or name. Raises SecurityGroupNotFound."""
    group = state.one(SecurityGroup, group_id)
    if group is None or not (terms.is_admin or group.project_id == project_id):
        raise SecurityGroupNotFound(group_id)
    return group


def _usable_address_group(state: State, group_id: str, project_id: str, terms: Terms) -> None:
    group = state.one(AddressGroup, group_id)
    if group is None or not (terms.is_admin or group.project_id == project_id):
        raise AddressGroupNotFound(group_id)
