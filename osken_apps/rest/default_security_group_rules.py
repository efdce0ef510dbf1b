"""The rules that new security groups are made with: their attributes, and who may make them."""

from osken_apps.model.kind import KINDS
from osken_apps.model.security_groups import DefaultSecurityGroupRule
from osken_apps.networking import security_group_rules
from osken_apps.networking.state import State
from osken_apps.rest.attribute import NAME, Attribute, standard
from osken_apps.rest.collection import Around, Collection, model_fields
from osken_apps.rest.permission_types import GROUP_OR_PARENT, permission
from osken_apps.rest.rules import ADMIN, ANY_READER
from osken_apps.rest.types import BOOLEAN
from osken_apps.rest.validation import Values

NOT_OF_RULES = ("name", "description", "tenant_id", "project_id", "tags")
ATTRIBUTES = (
    *(attribute for attribute in standard() if attribute.name not in NOT_OF_RULES),
    Attribute("description", NAME, default="", put=False, filter=True),
    *permission(GROUP_OR_PARENT),
    Attribute("used_in_default_sg", BOOLEAN, default=False, put=False, filter=True),
    Attribute("used_in_non_default_sg", BOOLEAN, default=True, put=False, filter=True),
)

POLICY = {
    "create_default_security_group_rule": ADMIN,
    "get_default_security_group_rule": ANY_READER,
    "update_default_security_group_rule": ADMIN,
    "delete_default_security_group_rule": ADMIN,
}


def _create(state: State, _project_id: str, values: Values, _around: Around) -> DefaultSecurityGroupRule:
    fields = model_fields(ATTRIBUTES, values)
    return security_group_rules.create_default(
        state, DefaultSecurityGroupRule(id="", project_id="", **fields)
    )


def _update(
    _state: State, rule: DefaultSecurityGroupRule, _values: Values, _around: Around
) -> DefaultSecurityGroupRule:
    """Leave it as it is: it has nothing that can be changed."""
    return rule


DEFAULT_SECURITY_GROUP_RULES = Collection(
    KINDS[DefaultSecurityGroupRule], ATTRIBUTES, POLICY, _create, _update
)
