"""Security groups, their rules and members, indexed for the question what a group permits now. PURE (it
changes, but does no I/O).
"""

from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

from osken_apps.model.port_security import GroupPolicy, Member, members_of
from osken_apps.model.resources import Port
from osken_apps.model.security_groups import AddressGroup, SecurityGroup, SecurityGroupRule

M = TypeVar("M")


class GroupIndex:
    """Groups, rules and address groups by id, and who belongs to a group.

    Keys of `_members` and of `_namers` are ids of groups and of address groups.
    """

    def __init__(self) -> None:
        self.groups: dict[str, SecurityGroup] = {}
        self._rules: dict[str, SecurityGroupRule] = {}
        self._rules_of: dict[str, dict[str, SecurityGroupRule]] = {}
        self._members: dict[str, Counter[Member]] = {}
        self._namers: dict[str, Counter[str]] = {}  # -> group id -> how many of its rules name it
        self._policies: dict[str, GroupPolicy] = {}
        self._changed: set[str] = set()

    def take_changed(self) -> set[str]:
        """Give the ids of the groups that permit something else since this was asked last."""
        changed, self._changed = self._changed, set()
        return changed

    def policy(self, group_id: str) -> GroupPolicy | None:
        """Give what a group permits, the same object until that changes; None for a group that is gone."""
        group = self.groups.get(group_id)
        if group is None:
            return None
        known = self._policies.get(group_id)
        if known is None:
            rules = sorted(self._rules_of.get(group_id, {}).values(), key=lambda rule: rule.number)
            remotes = {rule.remote_id for rule in rules if rule.remote_id}
            members = {remote: frozenset(self._members.get(remote, ())) for remote in remotes}
            known = self._policies[group_id] = GroupPolicy(group.number, tuple(rules), members)
        return known

    def put_group(self, group: SecurityGroup) -> None:
        """Take a group that is new, or has other attributes."""
        before = self.groups.get(group.id)
        self.groups[group.id] = group
        if before is None or (before.number, before.stateful) != (group.number, group.stateful):
            self._permits_something_else([group.id])

    def put_rule(self, rule: SecurityGroupRule) -> None:
        """Take a rule that is new."""
        self.drop_rule(rule.id)
        self._rules[rule.id] = rule
        self._rules_of.setdefault(rule.security_group_id, {})[rule.id] = rule
        if rule.remote_id:
            self._namers.setdefault(rule.remote_id, Counter())[rule.security_group_id] += 1
        self._permits_something_else([rule.security_group_id])

    def put_address_group(self, group: AddressGroup) -> None:
        """Take an address group that is new, or has other addresses."""
        members = Counter(Member(network) for network in group.addresses)
        if self._members.get(group.id) != members:
            self._members[group.id] = members
            self._permits_something_else(self._namers.get(group.id, ()))

    def put_port(self, before: Port | None, now: Port | None) -> None:
        """Take a port that is new, changed or gone."""
        were = _memberships(before)
        are = _memberships(now)
        for group_id, member in were - are:
            self._leave(group_id, member)
        for group_id, member in are - were:
            members = self._members.setdefault(group_id, Counter())
            members[member] += 1
            if members[member] == 1:
                self._permits_something_else(self._namers.get(group_id, ()))

    def drop_group(self, group_id: str) -> None:
        """Forget a group; what rules and ports still say of it counts again if it comes back."""
        if self.groups.pop(group_id, None):
            self._permits_something_else([group_id])

    def drop_rule(self, rule_id: str) -> None:
        """Forget a rule."""
        rule = self._rules.pop(rule_id, None)
        if rule is None:
            return
        del self._rules_of[rule.security_group_id][rule_id]
        if not self._rules_of[rule.security_group_id]:
            del self._rules_of[rule.security_group_id]
        if rule.remote_id:
            _count_down(self._namers, rule.remote_id, rule.security_group_id)
        self._permits_something_else([rule.security_group_id])

    def drop_address_group(self, group_id: str) -> None:
        """Forget an address group."""
        if self._members.pop(group_id, None):
            self._permits_something_else(self._namers.get(group_id, ()))

    def _leave(self, group_id: str, member: Member) -> None:
        if _count_down(self._members, group_id, member):
            self._permits_something_else(self._namers.get(group_id, ()))

    def _permits_something_else(self, group_ids: Iterable[str]) -> None:
        for group_id in group_ids:
            self._policies.pop(group_id, None)
            self._changed.add(group_id)


def _memberships(port: Port | None) -> set[tuple[str, Member]]:
    if port is None or not port.security_groups:
        return set()
    members = members_of(port)
    return {(group_id, member) for group_id in port.security_groups for member in members}


def _count_down(counts: dict[str, Counter[M]], key: str, item: M) -> bool:
    """Count one less; tell whether that was the last. Nothing is kept of what counts to nothing."""
    counter = counts[key]
    counter[item] -= 1
    if counter[item]:
        return False
    del counter[item]
    if not counter:
        del counts[key]
    return True
