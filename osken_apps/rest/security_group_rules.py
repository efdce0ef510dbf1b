"""Rules of security groups: their attributes, and who may make them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from osken_apps.model.kind import KINDS
from osken_apps.model.security_groups import SecurityGroup, SecurityGroupRule
from osken_apps.networking import security_group_rules
from osken_apps.networking.security_groups import default_group, default_group_id, is_default
from osken_apps.networking.state import State
from osken_apps.rest.attribute import NAME, Attribute, RenderContext, standard
from osken_apps.rest.collection import Around, Collection, FirstUse, model_fields
from osken_apps.rest.permission_types import PREFIX, normalized_cidr, permission
from osken_apps.rest.rules import GROUP_OWNER, GROUP_READER, MEMBER, READER
from osken_apps.rest.types import BOOLEAN, UUID, not_null, optional
from osken_apps.rest.validation import Values
from osken_apps.store.selection import Among


def _description(rule: SecurityGroupRule, _context: RenderContext) -> str | None:
    """Give nothing for a rule that its group was made with, as nobody has described it."""
    return None if rule.by_default and not rule.description else rule.description


def _of_default_group(rule: SecurityGroupRule, context: RenderContext) -> bool:
    return rule.security_group_id in context.default_groups


NOT_OF_RULES = ("name", "description", "tags")
ATTRIBUTES = (
    *(attribute for attribute in standard() if attribute.name not in NOT_OF_RULES),
    Attribute("description", not_null(NAME), default="", put=False, filter=True, get=_description),
    Attribute(
        "security_group_id",
        UUID,
        put=False,
        required=True,
        filter=True,
        sort=True,
        column="security_group_id",
    ),
    *permission(optional(UUID)),
    Attribute("normalized_cidr", PREFIX, post=False, put=False, filter=True, get=normalized_cidr),
    Attribute("belongs_to_default_sg", BOOLEAN, post=False, put=False, filter=True, get=_of_default_group),
)

POLICY = {
    "create_security_group_rule": MEMBER,
    "get_security_group_rule": f"{READER} or {GROUP_READER}",
    "update_security_group_rule": f"{MEMBER} or {GROUP_OWNER}",
    "delete_security_group_rule": f"{MEMBER} or {GROUP_OWNER}",
}

FIRST_USE = FirstUse(
    lambda view, project_id: view.one(SecurityGroup, default_group_id(project_id)) is not None, default_group
)


def _rule_of(project_id: str, values: Values) -> SecurityGroupRule:
    fields = model_fields(ATTRIBUTES, values)
    return SecurityGroupRule(id="", project_id=project_id, **fields)


def _prepare(_state: State, wanted: Sequence[tuple[str, Values]], _around: Around) -> None:
    security_group_rules.check_together([_rule_of(project_id, values) for project_id, values in wanted])


def _create(state: State, project_id: str, values: Values, around: Around) -> SecurityGroupRule:
    return security_group_rules.create(state, _rule_of(project_id, values), around.terms)


def _update(_state: State, rule: SecurityGroupRule, _values: Values, _around: Around) -> SecurityGroupRule:
    """Leave it as it is: it has nothing that can be changed."""
    return rule


def _delete(state: State, rule: SecurityGroupRule, _around: Around) -> None:
    security_group_rules.delete(state, rule)


def default_groups_among(groups: Iterable[SecurityGroup]) -> frozenset[str]:
    """Give the ids of those that are default groups of their projects."""
    return frozenset(group.id for group in groups if is_default(group))


def _context(view: Any, rules: Sequence[SecurityGroupRule] | None) -> Mapping[str, Any]:
    """Read which of the rules' groups are default ones."""
    ids = None if rules is None else tuple({rule.security_group_id for rule in rules})
    groups = view.find(SecurityGroup, *(() if ids is None else (Among("id", ids),)))
    return {"default_groups": default_groups_among(groups)}


SECURITY_GROUP_RULES = Collection(
    KINDS[SecurityGroupRule],
    ATTRIBUTES,
    POLICY,
    _create,
    _update,
    _delete,
    _context,
    prepare=_prepare,
    first_use=FIRST_USE,
    own_context=True,
)
