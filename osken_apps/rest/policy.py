"""Who may do what: Neutron's default policy as oslo.policy rules, which a file may replace.

A rule is named as in Neutron: `create_network`, and `create_network:shared` for one attribute. Every action
and every attribute has one: those that are not written here are that of the action. What has none is denied.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml
from oslo_config import cfg
from oslo_policy import policy

from osken_apps.config import Config
from osken_apps.errors import ApiError, ConfigurationError
from osken_apps.rest.collections import COLLECTIONS
from osken_apps.rest.declarations import Attribute
from osken_apps.rest.derived import DERIVED
from osken_apps.rest.exchange import Caller

ANYBODY = "rule:regular_user"
ADMIN = "rule:admin_only"
MEMBER = "rule:admin_or_member"
READER = "rule:admin_or_reader"
NETWORK_OWNER = "rule:admin_or_network_owner"
SERVICE = "role:service"

WRITTEN: Mapping[str, str] = {
    "regular_user": "",
    "context_is_admin": "role:admin",
    "admin_only": "rule:context_is_admin",
    "owner": "project_id:%(project_id)s",
    "network_owner": "project_id:%(network:project_id)s",
    "shared": "field:networks:shared=True",
    "external": "field:networks:router:external=True",
    "network_shared": "field:networks:network:shared=True",
    "network_external": "field:networks:network:router:external=True",
    "network_device": "field:port:device_owner=~^network:",
    "admin_or_reader": "rule:context_is_admin or (role:reader and rule:owner)",
    "admin_or_member": "rule:context_is_admin or (role:member and rule:owner)",
    "admin_or_network_owner": "rule:context_is_admin or (role:member and rule:network_owner)",
    "create_network": MEMBER,
    "create_network:shared": ADMIN,
    "create_network:router:external": ADMIN,
    "create_network:is_default": ADMIN,
    "create_network:provider:network_type": ADMIN,
    "create_network:provider:physical_network": ADMIN,
    "create_network:provider:segmentation_id": ADMIN,
    "get_network": f"{READER} or rule:shared or rule:external",
    "get_network:provider:network_type": ADMIN,
    "get_network:provider:physical_network": ADMIN,
    "get_network:provider:segmentation_id": ADMIN,
    "update_network": MEMBER,
    "update_network:shared": ADMIN,
    "update_network:router:external": ADMIN,
    "update_network:is_default": ADMIN,
    "update_network:provider:segmentation_id": ADMIN,
    "delete_network": MEMBER,
    "create_subnet": NETWORK_OWNER,
    "get_subnet": f"{READER} or rule:network_shared or rule:network_external"
    " or (role:reader and rule:network_owner)",
    "update_subnet": f"{MEMBER} or {NETWORK_OWNER}",
    "delete_subnet": f"{MEMBER} or {NETWORK_OWNER}",
    "create_port": MEMBER,
    "create_port:device_owner": f"not rule:network_device or {NETWORK_OWNER}",
    "create_port:mac_address": NETWORK_OWNER,
    "create_port:fixed_ips": f"{NETWORK_OWNER} or rule:network_shared",
    "create_port:fixed_ips:ip_address": NETWORK_OWNER,
    "create_port:port_security_enabled": NETWORK_OWNER,
    "create_port:allowed_address_pairs": NETWORK_OWNER,
    "create_port:binding:host_id": ADMIN,
    "create_port:binding:profile": SERVICE,
    "get_port": f"{READER} or (role:reader and rule:network_owner)",
    "get_port:binding:host_id": ADMIN,
    "get_port:binding:vif_type": ADMIN,
    "get_port:binding:vif_details": ADMIN,
    "get_port:binding:profile": ADMIN,
    "update_port": f"{MEMBER} or {NETWORK_OWNER}",
    "update_port:device_owner": f"not rule:network_device or {NETWORK_OWNER}",
    "update_port:mac_address": f"{ADMIN} or (role:manager and rule:network_owner)",
    "update_port:fixed_ips": NETWORK_OWNER,
    "update_port:port_security_enabled": NETWORK_OWNER,
    "update_port:allowed_address_pairs": NETWORK_OWNER,
    "update_port:binding:host_id": ADMIN,
    "update_port:binding:profile": SERVICE,
    "delete_port": f"{MEMBER} or {NETWORK_OWNER}",
    "get_quota": READER,
    "update_quota": ADMIN,
    "delete_quota": ADMIN,
    "get_port_dhcp": f"{READER} or (role:reader and rule:network_owner)",
    "get_agent": ADMIN,
    "delete_agent": ADMIN,
    "get_availability_zone": ANYBODY,
    "get_security_group": READER,
    "get_security_group_rule": READER,
    "get_service_provider": ANYBODY,
    "get_network_ip_availability": ADMIN,
    "create_for_other_project": ADMIN,
}

ACTIONS = ("create", "get", "update")


def inherited(singular: str, attributes: Iterable[Attribute]) -> dict[str, str]:
    """Give the rules of attributes and of their parts: each is that of what it is a part of."""
    rules = {}
    for action in ACTIONS:
        of = f"{action}_{singular}"
        for attribute in attributes:
            rules[f"{of}:{attribute.name}"] = f"rule:{of}"
            rules |= {
                f"{of}:{attribute.name}:{part}": f"rule:{of}:{attribute.name}"
                for part in attribute.type.parts
            }
    return rules


ATTRIBUTES_OF = {of.singular: of.attributes for of in COLLECTIONS.values()} | {
    of.singular: of.attributes for of in DERIVED.values()
}
INHERITED: Mapping[str, str] = {
    rule: check
    for singular, attributes in ATTRIBUTES_OF.items()
    for rule, check in inherited(singular, attributes).items()
    if rule.partition(":")[0] in WRITTEN
}
RULES: Mapping[str, str] = {**INHERITED, **WRITTEN}

# What a role includes, as in Keystone; a proxy may send the roles expanded or not.
INCLUDED_ROLES: Mapping[str, tuple[str, ...]] = {
    "admin": ("manager", "member", "reader"),
    "manager": ("member", "reader"),
    "member": ("reader",),
}


class PolicyNotAuthorized(ApiError):
    """The policy refuses the action."""

    status = 403

    def __init__(self, rules: str) -> None:
        super().__init__(f"{rules} is disallowed by policy")


@dataclass(frozen=True, slots=True)
class Target:
    """What a rule can look at of the resource in question."""

    project_id: str
    shared: bool = False
    external: bool = False
    network_project_id: str = ""
    network_shared: bool = False
    network_external: bool = False
    device_owner: str = ""

    def fields(self) -> dict[str, Any]:
        """Give the names that rules use."""
        return {
            "project_id": self.project_id,
            "tenant_id": self.project_id,
            "shared": self.shared,
            "router:external": self.external,
            "network:project_id": self.network_project_id,
            "network:tenant_id": self.network_project_id,
            "network:shared": self.network_shared,
            "network:router:external": self.network_external,
            "device_owner": self.device_owner,
        }


class FieldCheck(policy.Check):
    """Neutron's `field:<resource>:<field>=<value>`; a value `~…` is a regular expression."""

    def __call__(
        self, target: Mapping[str, Any], creds: Mapping[str, Any], enforcer: Any, current_rule: Any = None
    ) -> bool:
        """Compare the target's field."""
        _, _, comparison = self.match.partition(":")
        name, _, wanted = comparison.rpartition("=")
        value = str(target.get(name, ""))
        if wanted.startswith("~"):
            return re.match(wanted[1:], value) is not None
        return value == wanted


def list_rules() -> list[policy.RuleDefault]:
    """Give every rule to oslopolicy's tools."""
    return [policy.RuleDefault(name, check) for name, check in RULES.items()]


class Policy:
    """The rules in force."""

    def __init__(self, config: Config) -> None:
        """Read the rules. Raises ConfigurationError."""
        policy.register("field", FieldCheck)
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        self._enforcer = policy.Enforcer(conf, use_conf=False)
        rules = dict(RULES) | _rules_of(config.api.policy_file)
        self._enforcer.set_rules(policy.Rules.from_dict(rules), use_conf=False)
        self._default = config.api.policy_file is None
        self._asked = {rule: _root(rule, rules) for rule in INHERITED}

    def permissions(self, caller: Caller) -> "Permissions":
        """Give what a caller may do."""
        return Permissions(self._enforcer, caller, self._default, self._asked)


def _root(rule: str, rules: Mapping[str, str]) -> str:
    """Give the rule that decides for one that only refers to it: one question then answers for many."""
    while rule in INHERITED and rules[rule] == INHERITED[rule]:
        rule = rules[rule].removeprefix("rule:")
    return rule


def _rules_of(policy_file: Any) -> dict[str, str]:
    if policy_file is None:
        return {}
    try:
        rules = yaml.safe_load(policy_file.read_text()) or {}
        if not isinstance(rules, dict):
            raise ValueError("it is no mapping of rules")
        policy.Rules.from_dict(rules)
    except (OSError, ValueError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"[api] policy_file: {policy_file}: {error}") from error
    return {str(name): str(check) for name, check in rules.items()}


class Permissions:
    """What one caller may do."""

    def __init__(self, enforcer: Any, caller: Caller, default_rules: bool, asked: Mapping[str, str]) -> None:
        self._enforcer = enforcer
        self._caller = caller
        self._asked = asked
        # By the default rules an administrator sees everything: no need to ask for each resource.
        self.sees_all = default_rules and "admin" in caller.roles

    def may(self, rule: str, target: Target) -> bool:
        """Tell whether a rule allows its action; what has no rule is denied."""
        return _allowed(self._enforcer, self._asked.get(rule, rule), target, self._caller)

    def require(self, action: str, attributes: list[str], target: Target) -> None:
        """Refuse an action on these attributes unless every rule allows it. Raises PolicyNotAuthorized."""
        rules = [action, *(f"{action}:{name}" for name in attributes)]
        if not all(self.may(rule, target) for rule in rules):
            decided = dict.fromkeys(self._asked.get(rule, rule) for rule in rules)
            named = " and ".join(f"rule:{rule}" for rule in decided)
            raise PolicyNotAuthorized(f"({named})" if len(decided) > 1 else named)


# The rules of an enforcer never change, and asking it costs more than reading a row.
@lru_cache(10_000)
def _allowed(enforcer: Any, rule: str, target: Target, caller: Caller) -> bool:
    if rule not in enforcer.rules:
        return False
    roles = set(caller.roles).union(*(INCLUDED_ROLES.get(role, ()) for role in caller.roles))
    credentials = {
        "user_id": caller.user_id,
        "project_id": caller.project_id,
        "tenant_id": caller.project_id,
        "roles": sorted(roles),
    }
    return bool(enforcer.enforce(rule, target.fields(), credentials))
