"""Security groups: how one is made, changed and deleted; the default ones; which a port may have. PURE.

A project's default group is made when it is first of use, and its id is always the same.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from osken_apps.errors import Conflict, SecurityGroupNotFound
from osken_apps.model.security_groups import (
    PARENT,
    DefaultSecurityGroupRule,
    SecurityGroup,
    SecurityGroupRule,
)
from osken_apps.networking.state import ABSENT, Absent, State, given
from osken_apps.networking.terms import Terms

NAMESPACE = uuid.UUID("8f0d4b0a-4f0c-4c58-9f8e-3f1a4a6f2c11")
DEFAULT_NAME = "default"
DEFAULT_DESCRIPTION = "Default security group"


class SecurityGroupInUse(Conflict):
    """Ports belong to the group."""

    def __init__(self, group_id: str) -> None:
        super().__init__(f"Security Group {group_id} in use.")


class SecurityGroupCannotRemoveDefault(Conflict):
    """Only an administrator deletes a default group."""

    def __init__(self) -> None:
        super().__init__("Insufficient rights for removing default security group.")


class SecurityGroupCannotUpdateDefault(Conflict):
    """A default group keeps its name."""

    def __init__(self) -> None:
        super().__init__("Updating default security group not allowed.")


class SecurityGroupDefaultAlreadyExists(Conflict):
    """Only a default group has its name."""

    def __init__(self) -> None:
        super().__init__("Default security group already exists.")


class SecurityGroupConflict(Conflict):
    """A port cannot have these groups together."""

    def __init__(self) -> None:
        super().__init__(
            "Error Cannot apply both stateful and stateless security groups on the same port at the same time"
            " while attempting the operation."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroupRequest:
    """What is asked of a security group; the fields are those of `SecurityGroup`."""

    name: str | Absent = ABSENT
    description: str | Absent = ABSENT
    stateful: bool | Absent = ABSENT


def default_group_id(project_id: str) -> str:
    """Give the id of a project's default group: always the same."""
    return str(uuid.uuid5(NAMESPACE, project_id))


def is_default(group: SecurityGroup) -> bool:
    """Tell whether a group is its project's default group."""
    return group.id == default_group_id(group.project_id)


def default_group(state: State, project_id: str, terms: Terms) -> SecurityGroup | None:
    """Give a project's default group; where there is none yet, make it.

    Only the project itself or an administrator has it made: for anybody else it is None then.
    """
    known = state.one(SecurityGroup, default_group_id(project_id))
    if known is not None or not (terms.is_admin or terms.project_id == project_id):
        return known
    group = SecurityGroup(
        id=default_group_id(project_id),
        project_id=project_id,
        name=DEFAULT_NAME,
        description=DEFAULT_DESCRIPTION,
        number=state.new_number(),
    )
    return _made(state, group, [rule for rule in state.default_rules() if rule.used_in_default_sg])


def create(state: State, project_id: str, request: SecurityGroupRequest) -> SecurityGroup:
    """Make a group with the rules that every new group has. Raises SecurityGroupDefaultAlreadyExists."""
    _check_name(request)
    group = SecurityGroup(
        id=state.new_id(), project_id=project_id, number=state.new_number(), **given(request)
    )
    return _made(state, group, rules_of_new_group(state))


def _check_name(request: SecurityGroupRequest) -> None:
    """Refuse the name of default groups, in any case. Raises SecurityGroupDefaultAlreadyExists."""
    if not isinstance(request.name, Absent) and request.name.lower() == DEFAULT_NAME:
        raise SecurityGroupDefaultAlreadyExists


def rules_of_new_group(state: State) -> list[DefaultSecurityGroupRule]:
    """Give what a new group's rules are made of."""
    return [rule for rule in state.default_rules() if rule.used_in_non_default_sg]


def _made(state: State, group: SecurityGroup, defaults: Sequence[DefaultSecurityGroupRule]) -> SecurityGroup:
    made = state.create(group)
    for default in defaults:
        state.create(_rule_of(state, made, default))
    return made


def _rule_of(state: State, group: SecurityGroup, default: DefaultSecurityGroupRule) -> SecurityGroupRule:
    number = state.new_number()
    remote_group_id = group.id if default.remote_group_id == PARENT else default.remote_group_id
    rule = SecurityGroupRule(
        id=state.new_id(),
        project_id=group.project_id,
        security_group_id=group.id,
        direction=default.direction,
        ethertype=default.ethertype,
        protocol=default.protocol,
        port_range_min=default.port_range_min,
        port_range_max=default.port_range_max,
        remote_ip_prefix=default.remote_ip_prefix,
        remote_group_id=remote_group_id,
        remote_address_group_id=default.remote_address_group_id,
        number=number,
        by_default=True,
    )
    return replace(rule, set_number=state.rules_of(group.id).set_number_of(rule))


def update(state: State, group: SecurityGroup, request: SecurityGroupRequest) -> SecurityGroup:
    """Change a group. Raises Conflict."""
    new = replace(group, **given(request))
    if new.stateful != group.stateful and state.has_members(group.id):
        raise SecurityGroupInUse(group.id)
    if is_default(group) and not isinstance(request.name, Absent):
        raise SecurityGroupCannotUpdateDefault
    _check_name(request)
    return state.update(group, new)


def delete(state: State, group: SecurityGroup, terms: Terms) -> None:
    """Delete a group with its rules, and those of others that name it. Raises Conflict."""
    if state.has_members(group.id):
        raise SecurityGroupInUse(group.id)
    if is_default(group) and not terms.is_admin:
        raise SecurityGroupCannotRemoveDefault
    own, naming = state.rules_of(group.id), state.rules_naming(group.id)
    others = {rule.security_group_id: rule for rule in naming if rule.security_group_id != group.id}
    for rule in {rule.id: rule for rule in (*own, *naming)}.values():
        state.delete(rule)
    for other_id in others:
        other = state.one(SecurityGroup, other_id)
        if other is not None:
            state.touch(other)
    for default in state.default_rules():
        if default.remote_group_id == group.id:
            state.delete(default)
    state.delete(group)


def groups_of_port(
    state: State, group_ids: Sequence[str], terms: Terms, project_id: str = ""
) -> tuple[str, ...]:
    """Give each of the groups that are asked for once, if a port may have them together.

    They must be of `project_id`, which is that of a new port, and the asker's; an administrator gives any
    group. Raises SecurityGroupNotFound, SecurityGroupConflict.
    """
    found = {id: state.one(SecurityGroup, id) for id in group_ids}
    missing = [
        id
        for id, group in found.items()
        if group is None or not (terms.is_admin or group.project_id == (project_id or terms.project_id))
    ]
    if missing:
        raise SecurityGroupNotFound(*missing)
    if len({group.stateful for group in found.values() if group is not None}) > 1:
        raise SecurityGroupConflict
    return tuple(found)
