"""Security groups and their rules, as far as clients need them: each project has its default group."""

from typing import Any

from osken_apps.networking.security_groups import (
    Group,
    SecurityGroupNotFound,
    SecurityGroupRuleNotFound,
    default_group,
)
from osken_apps.rest.address_types import CIDR
from osken_apps.rest.attribute import NAME, POSITION
from osken_apps.rest.read_only import NAMES, OBJECTS, ReadOnlyCollection, shown
from osken_apps.rest.rules import READER
from osken_apps.rest.types import BOOLEAN, UUID, optional


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
