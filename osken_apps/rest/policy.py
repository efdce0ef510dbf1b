"""Who may do what: Neutron's default policy as oslo.policy rules, which a file may replace.

A rule is named as in Neutron: `create_network`, and `create_network:shared` for one attribute. Every action
and every attribute has one: those that are not written here are that of the action. What has none is denied.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from oslo_config import cfg
from oslo_policy import policy

from osken_apps.config import Config
from osken_apps.errors import ApiError
from osken_apps.rest.attribute import Attribute
from osken_apps.rest.policy_file import check_of, refuse_lost, rules_of
from osken_apps.rest.registry import REGISTRY, Registry
from osken_apps.rest.request import Caller
from osken_apps.rest.rules import BASE

ACTIONS = ("create", "get", "update")
RULES_OF_ACTIONS = ("create_", "get_", "update_", "delete_", "explain_")


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


def default_rules(registry: Registry) -> tuple[dict[str, str], dict[str, str]]:
    """Give the default policy: the rules that are inherited, and those that are written."""
    written = dict(BASE)
    for collection in registry.every():
        written |= collection.policy
    rules = {
        rule: check
        for collection in registry.every()
        for rule, check in inherited(collection.singular, collection.attributes).items()
        if rule.partition(":")[0] in written
    }
    return {rule: check for rule, check in rules.items() if rule not in written}, written


# What a role includes, as in Keystone; a proxy may send the roles expanded or not.
INCLUDED_ROLES: Mapping[str, tuple[str, ...]] = {
    "admin": ("manager", "member", "reader"),
    "manager": ("member", "reader"),
    "member": ("reader",),
}


class PolicyNotAuthorized(ApiError):
    """The policy refuses the action."""

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
    group_project_id: str = ""

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
            "security_group:project_id": self.group_project_id,
            "security_group:tenant_id": self.group_project_id,
        }


class FieldCheck(policy.Check):
    """Neutron's `field:<resource>:<field>=<value>`; a value `~…` is a regular expression."""

    def __init__(self, kind: str, match: str) -> None:
        """Take what is to be compared. Raises ValueError for an expression that is none."""
        super().__init__(kind, match)
        wanted = match.rpartition("=")[2]
        try:
            re.compile(wanted[1:] if wanted.startswith("~") else "")
        except re.error as error:
            raise ValueError(f"{kind}:{match}: {error}") from error

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
    inherited_rules, written = default_rules(REGISTRY)
    return [policy.RuleDefault(name, check) for name, check in (inherited_rules | written).items()]


class Policy:
    """The rules in force."""

    def __init__(self, policy_file: Path | None, registry: Registry = REGISTRY) -> None:
        """Read the rules. Raises ConfigurationError."""
        inherited_rules, written = default_rules(registry)
        policy.register("field", FieldCheck)
        self._enforcer = policy.Enforcer(_no_options(), use_conf=False)
        rules = inherited_rules | written | rules_of(policy_file)
        refuse_lost(policy_file, rules, inherited_rules.keys() | written.keys())
        checks = {name: check_of(text) for name, text in rules.items()}
        self._enforcer.set_rules(policy.Rules(checks), use_conf=False)
        self._default = policy_file is None
        # Every rule that is written for an action or an attribute, and is none that others are made of.
        self.written = tuple(name for name in written if name.startswith(RULES_OF_ACTIONS))
        self._asked = {rule: _root(rule, rules, inherited_rules) for rule in inherited_rules}

    def permissions(self, caller: Caller) -> "Permissions":
        """Give what a caller may do."""
        return Permissions(self._enforcer, caller, self._default, self._asked)


def policy_of(config: Config, registry: Registry) -> Policy:
    """Give the rules in force; those that no file replaces are made once. Raises ConfigurationError."""
    return Policy(config.api.policy_file, registry) if config.api.policy_file else _default_policy(registry)


@cache
def _default_policy(registry: Registry) -> Policy:
    return Policy(None, registry)


@cache
def _no_options() -> cfg.ConfigOpts:
    """Give oslo.policy options of its own, with their defaults."""
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[], default_config_dirs=[], use_env=False)
    return conf


def _root(rule: str, rules: Mapping[str, str], inherited_rules: Mapping[str, str]) -> str:
    """Give the rule that decides for one that only refers to it: one question then answers for many."""
    while rule in inherited_rules and rules[rule] == inherited_rules[rule]:
        rule = rules[rule].removeprefix("rule:")
    return rule


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

    def follows(self, rule: str, other: str) -> bool:
        """Tell whether a rule is by its words what another one is."""
        return self._asked.get(rule, rule) == self._asked.get(other, other)

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
