"""Security groups: their attributes, what a request of one means, and who may make it."""

from collections.abc import Mapping, Sequence
from typing import Any

from osken_apps.model.kind import KINDS, Kind
from osken_apps.model.security_groups import SecurityGroup, SecurityGroupRule
from osken_apps.networking import security_groups
from osken_apps.networking.security_group_rules import MAX_RULES
from osken_apps.networking.security_groups import (
    SecurityGroupRequest,
    default_group,
    rules_of_new_group,
)
from osken_apps.networking.state import State
from osken_apps.rest import security_group_rules
from osken_apps.rest.attribute import Attribute, RenderContext, standard
from osken_apps.rest.collection import Around, Collection, request_of
from osken_apps.rest.group_use import GROUP_USE
from osken_apps.rest.rendering import rendered_list
from osken_apps.rest.rules import ADMIN, of_projects
from osken_apps.rest.security_group_rules import FIRST_USE, default_groups_among
from osken_apps.rest.types import BOOLEAN, Type
from osken_apps.rest.validation import Values
from osken_apps.store.selection import Among


def _shown_only(value: Any) -> Any:
    raise ValueError(f"'{value}' cannot be given")


def _rules(group: SecurityGroup, context: RenderContext) -> list[dict[str, Any]]:
    attributes = security_group_rules.ATTRIBUTES
    return rendered_list(lambda _rule: attributes, context.rules.get(group.id, ()), context)


RULE_SCHEMA = {
    "type": "object",
    "properties": {
        attribute.name: dict(attribute.type.answer_schema) for attribute in security_group_rules.ATTRIBUTES
    },
    "required": [attribute.name for attribute in security_group_rules.ATTRIBUTES],
}
RULES = Type(_shown_only, {"type": "array", "items": RULE_SCHEMA, "maxItems": MAX_RULES})
ATTRIBUTES = (
    *standard(),
    Attribute("stateful", BOOLEAN, default=True, filter=True),
    Attribute("shared", BOOLEAN, post=False, put=False, filter=True, get=lambda group, _: False),
    Attribute("security_group_rules", RULES, post=False, put=False, get=_rules),
)

# Who asks is told of hosts.
POLICY = of_projects("security_group") | {"get_security_group_use": ADMIN}


def _prepare(state: State, wanted: Sequence[tuple[str, Values]], around: Around) -> None:
    """Make the default groups first: they count as well."""
    for project_id in dict.fromkeys(project_id for project_id, _ in wanted):
        default_group(state, project_id, around.terms)


def _brings(state: State) -> Mapping[Kind, int]:
    return {KINDS[SecurityGroupRule]: len(rules_of_new_group(state))}


def _create(state: State, project_id: str, values: Values, _around: Around) -> SecurityGroup:
    request = request_of(SecurityGroupRequest, ATTRIBUTES, values)
    return security_groups.create(state, project_id, request)


def _update(state: State, group: SecurityGroup, values: Values, _around: Around) -> SecurityGroup:
    return security_groups.update(state, group, request_of(SecurityGroupRequest, ATTRIBUTES, values))


def _delete(state: State, group: SecurityGroup, around: Around) -> None:
    security_groups.delete(state, group, around.terms)


def _context(view: Any, groups: Sequence[SecurityGroup] | None) -> Mapping[str, Any]:
    """Read the rules of groups."""
    conditions = () if groups is None else (Among("security_group_id", tuple(group.id for group in groups)),)
    rules: dict[str, list[SecurityGroupRule]] = {}
    for rule in view.find(SecurityGroupRule, *conditions):
        rules.setdefault(rule.security_group_id, []).append(rule)
    known = view.find(SecurityGroup) if groups is None else groups
    return {"rules": rules, "default_groups": default_groups_among(known)}


SECURITY_GROUPS = Collection(
    KINDS[SecurityGroup],
    ATTRIBUTES,
    POLICY,
    _create,
    _update,
    _delete,
    _context,
    prepare=_prepare,
    brings=_brings,
    first_use=FIRST_USE,
    members={"use": GROUP_USE},
    own_context=True,
)
