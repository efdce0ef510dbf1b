"""What there is, counted, and what changed lately: in memory, in step with every commit. SHELL.

What a caller may not see is neither counted nor told. Resources of which the same is known are kept together:
the policy is asked once for all of them.
"""

import re
import secrets
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from threading import Lock

from osken_apps.errors import HTTPBadRequest
from osken_apps.model.changes import Change, HostReport, Upserted
from osken_apps.model.kind import KINDS
from osken_apps.model.resources import Network, Standard
from osken_apps.model.security_groups import SecurityGroup
from osken_apps.rest.access import target_of
from osken_apps.rest.agents import agent_id
from osken_apps.rest.controller import KnownHosts
from osken_apps.rest.policy import Permissions, Target
from osken_apps.store.facts import ResourceFacts, facts_of
from osken_apps.store.store import Store

MAX_REMEMBERED = 20_000
MAX_TOLD = 1_000
AGENT = "agent"
CREATED, UPDATED, DELETED = "created", "updated", "deleted"
REVISION = re.compile("([0-9a-f]{1,32})-([0-9]{1,18})")

# Tells whether a caller may see something that is in a network, in a security group or (None) in neither.
Sight = Callable[[ResourceFacts, ResourceFacts | None], bool]


@dataclass(frozen=True, slots=True)
class NumberedChange:
    """A change: the resource as it was before and after, as far as policy looks at it; hosts have neither.

    `within` is the network or security group that it is in, as that was then: it may be gone since.
    """

    number: int
    kind: str
    id: str
    before: ResourceFacts | None = None
    after: ResourceFacts | None = None
    within: ResourceFacts | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed for a caller since a revision; `reset`: more did than is told, so read all again."""

    revision: str
    changes: tuple[Mapping[str, str], ...] = ()
    reset: bool = False


def _hides_or_shows(entry: NumberedChange, may_see: Sight) -> bool:
    """Tell whether a network, and with it what is in it, came into a caller's sight or went out of it."""
    before, after = entry.before, entry.after
    if before is None or after is None or after.kind is not Network:
        return False
    return may_see(before, None) is not may_see(after, None)


class Census:
    """Counts what a store holds and remembers its last changes; may be used from several threads."""

    def __init__(self, store: Store, hosts: KnownHosts) -> None:
        self._store = store
        self._hosts = hosts
        self._epoch = secrets.token_hex(8)  # nobody guesses it, who may not know it
        self._beginning = Lock()  # while it is read for the first time
        self._lock = Lock()
        self._listens = False
        self._begun = False
        self._early: list[tuple[int, tuple[Change, ...]]] | None = None  # commits while it is read
        self._facts: dict[type[Standard], dict[str, ResourceFacts]] = {kind: {} for kind in KINDS}
        self._alike: dict[ResourceFacts, dict[str, None]] = {}  # the ids of those of which the same is known
        self._number = 0
        self._entries: deque[NumberedChange] = deque(maxlen=MAX_REMEMBERED)
        self._listeners: list[Callable[[], None]] = []

    @property
    def revision(self) -> str:
        """What there is now: a caller that has seen it may ask for what changed since."""
        return f"{self._epoch}-{self._number}"

    def listen(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after each change; it must not wait."""
        self._listeners.append(listener)

    def begin(self) -> None:
        """Read what there is, once, and follow it from then on. Raises StoreUnavailable."""
        with self._beginning:
            if self._begun:
                return
            if not self._listens:
                self._store.listen(self._committed)
                self._hosts.listen(self._reported)
                self._listens = True
            self._early = []
            try:
                with self._store.moment() as (sequence, view):
                    found = {kind: dict(view.facts(kind)) for kind in KINDS}
            except BaseException:
                self._early = None  # the next reading finds what was committed until then
                raise
            alike: dict[ResourceFacts, dict[str, None]] = {}
            for known in found.values():
                for id, facts in known.items():
                    alike.setdefault(facts, {})[id] = None
            with self._lock:
                self._facts, self._alike = found, alike
                for number, changes in self._early:
                    if number > sequence:
                        self._take(changes)
                self._early = None
                self._begun = True

    def counts(self, permissions: Permissions) -> dict[type[Standard], Counter[str]]:
        """Count by kind and status what a caller may see."""
        with self._lock:
            counted = [(facts, len(ids)) for facts, ids in self._alike.items()]
        found: dict[type[Standard], Counter[str]] = {kind: Counter() for kind in KINDS}
        may_see = self._sight(permissions)
        for facts, number in counted:
            if may_see(facts, self._within(facts)):
                found[facts.kind][facts.status] += number
        return found

    def waiting(self, kind: type[Standard], permissions: Permissions) -> list[str]:
        """Give the ids of those that wait for something and that a caller may see."""
        return self._ids(lambda facts: facts.kind is kind and facts.waits, permissions)

    def visible(self, kind: type[Standard], permissions: Permissions) -> list[str]:
        """Give the ids of those of a kind that a caller may see."""
        return self._ids(lambda facts: facts.kind is kind, permissions)

    def _ids(self, wanted: Callable[[ResourceFacts], bool], permissions: Permissions) -> list[str]:
        with self._lock:
            known = [facts for facts in self._alike if wanted(facts)]
        may_see = self._sight(permissions)
        seen = [facts for facts in known if may_see(facts, self._within(facts))]
        with self._lock:  # not while the policy is asked: a commit would wait
            return [id for facts in seen for id in self._alike.get(facts, ())]

    def sees(self, kind: type[Standard], id: str, permissions: Permissions) -> bool:
        """Tell whether a caller may see a resource."""
        facts = self._facts[kind].get(id)
        return facts is not None and self._sight(permissions)(facts, self._within(facts))

    def since(self, text: str, permissions: Permissions, own: Target) -> Changed:
        """Give what a caller may see of the changes since a revision. Raises HTTPBadRequest."""
        given = REVISION.fullmatch(text)
        if text and given is None:
            raise HTTPBadRequest(f"Invalid input for since. Reason: '{text}' is no revision.")
        with self._lock:
            now = self.revision
            first = self._entries[0].number if self._entries else self._number + 1
            seen = int(given[2]) if given else self._number
            if given and (given[1] != self._epoch or not first - 1 <= seen <= self._number):
                return Changed(now, reset=True)
            entries = list(islice(self._entries, seen + 1 - first, None))
        told, last = [], seen
        may_see = self._sight(permissions)
        sees_hosts = permissions.may(f"get_{AGENT}", own)
        for entry in entries:
            if _hides_or_shows(entry, may_see):
                return Changed(now, reset=True)
            last = entry.number
            if op := self._told(entry, may_see, sees_hosts):
                told.append({"kind": entry.kind, "op": op, "id": entry.id})
            if len(told) == MAX_TOLD:
                break
        return Changed(f"{self._epoch}-{last}", tuple(told))

    def _told(self, entry: NumberedChange, may_see: Sight, sees_hosts: bool) -> str:
        """Say what happened to something for one who may not see all; empty: nothing."""
        if entry.kind == AGENT:
            return UPDATED if sees_hosts else ""
        before = entry.before is not None and may_see(entry.before, entry.within)
        after = entry.after is not None and may_see(entry.after, entry.within)
        if before:
            return UPDATED if after else DELETED
        return CREATED if after else ""

    def _within(self, facts: ResourceFacts) -> ResourceFacts | None:
        """Give the network or security group that something is in, as it is now."""
        if facts.security_group_id is not None:
            return self._facts[SecurityGroup].get(facts.security_group_id)
        return self._facts[Network].get(facts.network_id or "")

    def _sight(self, permissions: Permissions) -> Sight:
        """Give what tells whether a caller may see something; the policy is asked once for what is alike."""
        if permissions.sees_all:
            return lambda _facts, _within: True
        answers: dict[tuple[object, ...], bool] = {}

        def may_see(facts: ResourceFacts, within: ResourceFacts | None) -> bool:
            own = (facts.kind, facts.project_id, facts.shared, facts.external, facts.device_owner)
            answer = answers.get((*own, within))
            if answer is None:
                rule = f"get_{KINDS[facts.kind].singular}"
                target = target_of(facts, lambda _id: within, lambda _id: within)
                answer = answers[*own, within] = permissions.may(rule, target)
            return answer

        return may_see

    def _committed(self, sequence: int, changes: tuple[Change, ...]) -> None:
        with self._lock:
            if self._begun:
                self._take(changes)
            elif self._early is not None:
                self._early.append((sequence, changes))
        self._tell()

    def _reported(self, reports: Iterable[HostReport]) -> None:
        with self._lock:
            for report in reports:
                self._note(AGENT, agent_id(report))
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def _take(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if isinstance(change, Upserted):
                self._put(type(change.resource), change.resource.id, facts_of(change.resource))
            else:
                self._put(change.kind, change.id, None)

    def _put(self, kind: type[Standard], id: str, after: ResourceFacts | None) -> None:
        before = self._facts[kind].pop(id, None)
        if before is not None:
            self._alike[before].pop(id, None)
            if not self._alike[before]:
                del self._alike[before]
        if after is not None:
            self._facts[kind][id] = after
            self._alike.setdefault(after, {})[id] = None
        known = after or before
        within = None if known is None else self._within(known)
        self._note(KINDS[kind].singular, id, before, after, within)

    def _note(
        self,
        kind: str,
        id: str,
        before: ResourceFacts | None = None,
        after: ResourceFacts | None = None,
        within: ResourceFacts | None = None,
    ) -> None:
        self._number += 1
        self._entries.append(NumberedChange(self._number, kind, id, before, after, within))
