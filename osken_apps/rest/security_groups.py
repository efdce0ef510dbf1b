"""Security groups and their rules, as far as clients need them: each project has its default group."""

import uuid
from dataclasses import dataclass
from typing import Any

from osken_apps.errors import NotFound
from osken_apps.networking.security_groups import NAMESPACE, SecurityGroupNotFound, default_group_id
from osken_apps.rest.address_types import CIDR
from osken_apps.rest.attribute import NAME, POSITION
from osken_apps.rest.read_only import NAMES, OBJECTS, ReadOnlyCollection, shown
from osken_apps.rest.rules import READER
from osken_apps.rest.types import BOOLEAN, UUID, optional


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


def default_group(project_id: str) -> Group:
    """Give a project's default group."""
    group_id = default_group_id(project_id)
    rules = tuple(
        GroupRule(str(uuid.uuid5(NAMESPACE, f"{group_id}{way}{family}")), group_id, project_id, way, family)
        for way in ("egress", "ingress")
        for family in ("IPv4", "IPv6")
    )
    return Group(group_id, project_id, rules)


def _nothing(_item: Any) -> None:
    """Show null: clients expect the attribute."""


SECURITY_GROUP_RULE = (
    shown("id", UUID),
    shown("security_group_id", UUID),
    shown("tenant_id", NAME, model_field="project_id"),
    shown("project_id", NAME),
    shown("direction", NAME),
    shown("ethertype", NAME),
    shown("protocol", optional(NAME), _nothing),
    shown("port_range_min", optional(POSITION), _nothing),
    shown("port_range_max", optional(POSITION), _nothing),
    shown("remote_ip_prefix", optional(CIDR), _nothing),
    shown("remote_group_id", optional(UUID), _nothing),
    shown("description", NAME, lambda rule: ""),
)


def _rules_shown(group: Group) -> list[dict[str, Any]]:
    context: Any = None
    return [
        {attribute.name: attribute.shown(rule, context) for attribute in SECURITY_GROUP_RULE}
        for rule in group.rules
    ]


SECURITY_GROUP = (
    shown("id", UUID),
    shown("name", NAME),
    shown("description", NAME),
    shown("tenant_id", NAME, model_field="project_id"),
    shown("project_id", NAME),
    shown("stateful", BOOLEAN, lambda group: False),
    shown("shared", BOOLEAN, lambda group: False),
    shown("tags", NAMES, lambda group: []),
    shown("security_group_rules", OBJECTS, _rules_shown),
)

SECURITY_GROUPS = ReadOnlyCollection(
    "security_groups",
    "security_group",
    SECURITY_GROUP,
    {"get_security_group": READER},
    lambda context: [default_group(context.caller.project_id)],
    SecurityGroupNotFound,
)
SECURITY_GROUP_RULES = ReadOnlyCollection(
    "security_group_rules",
    "security_group_rule",
    SECURITY_GROUP_RULE,
    {"get_security_group_rule": READER},
    lambda context: list(default_group(context.caller.project_id).rules),
    SecurityGroupRuleNotFound,
)
