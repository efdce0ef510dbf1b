"""The rules of one security group as a new one meets them, found without a look at each. PURE (it changes).

A request makes hundreds of rules, and each is compared with all that are there.
"""

from collections.abc import Iterable, Iterator

from osken_apps.model.security_groups import SecurityGroupRule
from osken_apps.networking.permissions import key_of

Remotes = tuple[str | None, str, str]


class GroupRules:
    """The rules of a group, oldest first. Nothing is indexed until a new one is compared with them."""

    def __init__(self, rules: Iterable[SecurityGroupRule]) -> None:
        self._rules = {rule.id: rule for rule in rules}
        self._ids: dict[tuple[object, ...], str] = {}  # by what each permits
        self._set_numbers: dict[Remotes, int] = {}
        self._indexed = False

    def __len__(self) -> int:
        return len(self._rules)

    def __iter__(self) -> Iterator[SecurityGroupRule]:
        return iter(self._rules.values())

    def add(self, rule: SecurityGroupRule) -> None:
        """Take that there is a rule."""
        self._rules[rule.id] = rule
        if self._indexed:
            self._index(rule)

    def same_as(self, rule: SecurityGroupRule) -> str | None:
        """Give the id of one that permits the same as a new one; None: there is none."""
        self._index_all()
        return self._ids.get(key_of(rule))

    def set_number_of(self, rule: SecurityGroupRule) -> int:
        """Give what a new one shares with those of the same remote ones; 0: it has none."""
        if rule.remote_id is None:
            return 0
        self._index_all()
        return self._set_numbers.get(_remotes(rule), rule.number)

    def _index_all(self) -> None:
        if not self._indexed:
            self._indexed = True
            for rule in self:
                self._index(rule)

    def _index(self, rule: SecurityGroupRule) -> None:
        self._ids.setdefault(key_of(rule), rule.id)
        self._set_numbers.setdefault(_remotes(rule), rule.set_number)


def _remotes(rule: SecurityGroupRule) -> Remotes:
    return rule.remote_id, rule.direction, rule.ethertype
