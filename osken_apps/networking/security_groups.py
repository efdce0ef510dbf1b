"""Security groups as far as clients need them: one default group a project, that allows everything.

Nothing filters by groups yet, and the rules say so. PURE.
"""

import uuid
from dataclasses import dataclass

from osken_apps.errors import NotFound

NAMESPACE = uuid.UUID("8f0d4b0a-4f0c-4c58-9f8e-3f1a4a6f2c11")


class SecurityGroupNotFound(NotFound):
    """No security group has that id."""

    def __init__(self, group_id: str) -> None:
        super().__init__(f"Security group {group_id} does not exist")


class SecurityGroupRuleNotFound(NotFound):
    """No rule of a security group has that id."""

    def __init__(self, rule_id: str) -> None:
        super().__init__(f"Security group rule {rule_id} does not exist")


@dataclass(frozen=True, slots=True)
class GroupRule:
    """A rule that lets everything of one family pass one way."""

    id: str
    security_group_id: str
    project_id: str
    direction: str
    ethertype: str


@dataclass(frozen=True, slots=True)
class Group:
    """The default group of a project."""

    id: str
    project_id: str
    rules: tuple[GroupRule, ...]
    name: str = "default"
    description: str = "Default security group: everything may pass."


def default_group_id(project_id: str) -> str:
    """Give the id of a project's default group: always the same, without a table."""
    return str(uuid.uuid5(NAMESPACE, project_id))


def known_groups(group_ids: tuple[str, ...], project_id: str) -> tuple[str, ...]:
    """Give each group once; each must be one of the project. Raises SecurityGroupNotFound."""
    for group_id in group_ids:
        if group_id != default_group_id(project_id):
            raise SecurityGroupNotFound(group_id)
    return tuple(dict.fromkeys(group_ids))


def default_group(project_id: str) -> Group:
    """Give a project's default group."""
    group_id = default_group_id(project_id)
    rules = tuple(
        GroupRule(str(uuid.uuid5(NAMESPACE, f"{group_id}{way}{family}")), group_id, project_id, way, family)
        for way in ("egress", "ingress")
        for family in ("IPv4", "IPv6")
    )
    return Group(group_id, project_id, rules)
