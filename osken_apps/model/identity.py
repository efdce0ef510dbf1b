"""Which host a session or a bridge is: the one place that believes, or refuses, what hosts say. PURE.

A host is its `system-id`; the host name is how it is shown and named. An OVSDB session shows both and the
datapath ids of the host's bridges; a bridge itself shows its datapath id and, where the operator set it, a
host name in `other_config:dp-desc`.

- The first session of a system-id, a host name or a datapath id keeps it; a second one is refused whole.
- A bridge whose datapath id a session shows is that host's, if it comes from the session's address or nobody
  else does. Where a session shows a host's bridges, `dp-desc` counts for nothing.
- Over TLS a bridge is of the host that its certificate names, and neither datapath ids nor `dp-desc` count;
  a session is let in only if it shows that host, and no system-id is refused for another's sake.
- Without a session a host is what `dp-desc` says, and the first bridge of a name on it keeps the place.

What is refused waits, and has its place as soon as the other one is gone or says something else.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from osken_apps.model.contest import Contest, Name

Key = Hashable  # what the shell knows a session or a connection by


@dataclass(frozen=True, slots=True)
class SessionIdentity:
    """What an OVSDB session says of its host; `address` is where it comes from."""

    system_id: str
    hostname: str
    datapath_ids: frozenset[int]
    address: str
    certified: bool = False  # its certificate is of this host

    @property
    def host(self) -> str:
        """The name of the host: its host name, else its system-id."""
        return self.hostname or self.system_id

    def names(self) -> set[Name]:
        """Give the names that only one session may have."""
        names: set[Name] = {("datapath id", number) for number in self.datapath_ids}
        names.add(("host name", self.host))
        if self.system_id and not self.certified:
            names.add(("system-id", self.system_id))
        return names


@dataclass(frozen=True, slots=True)
class BridgeIdentity:
    """What a bridge says of itself; `description` is its dp-desc, None if it has none."""

    datapath_id: int
    name: str
    description: str | None
    address: str
    certified: str = ""  # the host that its certificate names: nothing else is believed then


@dataclass(frozen=True, slots=True)
class Refused:
    """A session or a bridge that is not believed: what it says it is, why not, and the host whose name it
    uses.
    """

    host: str
    reason: str
    rival: str


class Identities:
    """The sessions and bridges that are connected, and the host of each.

    `show_…` and `end_…` tell whose standing may be another now: ask `host_of_session` and `host_of_bridge`.
    """

    def __init__(self) -> None:
        self._sessions: dict[Key, SessionIdentity] = {}
        self._bridges: dict[Key, BridgeIdentity] = {}
        self._session_contest: Contest[Key] = Contest()
        self._bridge_contest: Contest[Key] = Contest()
        self._by_datapath_id: dict[int, dict[Key, None]] = {}
        self._by_description: dict[str, dict[Key, None]] = {}

    def show_session(self, key: Key, identity: SessionIdentity) -> set[Key]:
        """Take what a session says; give the sessions and bridges concerned, itself included."""
        before = self._sessions.get(key)
        self._sessions[key] = identity
        concerned = {key, *self._session_contest.show(key, identity.names())}
        return concerned | self._place_bridges_of(concerned, before)

    def end_session(self, key: Key) -> set[Key]:
        """Forget a session; give the sessions and bridges concerned."""
        before = self._sessions.pop(key, None)
        concerned: set[Key] = set(self._session_contest.end(key))
        return concerned | self._place_bridges_of(concerned, before)

    def show_bridge(self, key: Key, identity: BridgeIdentity) -> set[Key]:
        """Take a bridge that connected; give the bridges concerned, itself included."""
        self._bridges[key] = identity
        self._by_datapath_id.setdefault(identity.datapath_id, {})[key] = None
        if identity.description:
            self._by_description.setdefault(identity.description, {})[key] = None
        return self._place(key)

    def end_bridge(self, key: Key) -> set[Key]:
        """Forget a bridge; give the bridges concerned."""
        identity = self._bridges.pop(key, None)
        if identity is None:
            return set()
        _drop(self._by_datapath_id, identity.datapath_id, key)
        if identity.description:
            _drop(self._by_description, identity.description, key)
        return set(self._bridge_contest.end(key))

    def host_of_session(self, key: Key) -> str | None:
        """Name the host of a session; None if it is refused."""
        return self._sessions[key].host if self._session_contest.has(key) else None

    def system_id_of(self, key: Key) -> str:
        """Give the system-id that a session shows."""
        return self._sessions[key].system_id

    def host_of_bridge(self, key: Key) -> str | None:
        """Name the host of a bridge; None if it is refused or no one knows it."""
        identity = self._bridges.get(key)
        return self._claimed_host(identity) if identity and self._bridge_contest.has(key) else None

    def rival(self, key: Key) -> Key | None:
        """Give who has what a refused session or bridge wants: if that one is dead, the place is free."""
        contest = self._session_contest if key in self._sessions else self._bridge_contest
        refusal = contest.refusal(key)
        return refusal.holder if refusal else None

    def why_not(self, key: Key) -> Refused | None:
        """Say why a session or bridge is not believed; None if it is, or if nobody knows yet whose it is."""
        if key in self._sessions:
            return self._session_refused(key)
        return self._bridge_refused(key)

    def refused(self) -> list[tuple[Key, Refused]]:
        """Give all sessions and bridges that are refused, the longest waiting first."""
        keys = (*self._session_contest.waiting(), *self._bridges)
        return [(key, refused) for key in keys if (refused := self.why_not(key))]

    def _session_refused(self, key: Key) -> Refused | None:
        refusal = self._session_contest.refusal(key)
        if refusal is None:
            return None
        own, other = self._sessions[key], self._sessions[refusal.holder]
        kind, value = refusal.name
        shown = f"{value:016x}" if isinstance(value, int) else value
        reason = (
            f"its {kind} {shown} is that of host {other.host} (system-id {other.system_id or 'none'}) at"
            f" {other.address}, which had it first; this one is at {own.address}, system-id"
            f" {own.system_id or 'none'}"
        )
        return Refused(own.host, reason, other.host)

    def _bridge_refused(self, key: Key) -> Refused | None:
        identity = self._bridges[key]
        host = self._claimed_host(identity)
        refusal = self._bridge_contest.refusal(key)
        if refusal is not None:
            other = self._bridges[refusal.holder]
            if refusal.name[0] == "datapath id":
                reason = (
                    f"its datapath id {identity.datapath_id:016x} is connected from {other.address} already"
                )
            else:
                reason = (
                    f"host {host} has a bridge {identity.name} already, datapath {other.datapath_id:016x} at"
                    f" {other.address}"
                )
            return Refused(host or "", f"{reason}; this one is at {identity.address}", host or "")
        described = identity.description or ""
        if host is None and self._session_contest.holder(("host name", described)) is not None:
            reason = (
                f"its dp-desc says {described}, but the OVSDB session of that host does not show a bridge of"
                f" datapath id {identity.datapath_id:016x}; it is at {identity.address}"
            )
            return Refused(described, reason, described)
        return None

    def _claimed_host(self, identity: BridgeIdentity) -> str | None:
        """Name the host that a bridge would be of: by the session that shows it, else by its dp-desc."""
        if identity.certified:
            return identity.certified
        session = self._session_of(identity)
        if session is not None:
            return self._sessions[session].host
        described = identity.description
        if described and self._session_contest.holder(("host name", described)) is None:
            return described
        return None

    def _session_of(self, identity: BridgeIdentity) -> Key | None:
        return self._session_contest.holder(("datapath id", identity.datapath_id))

    def _place(self, key: Key) -> set[Key]:
        """Bring a bridge to the place that it should have; give the bridges concerned."""
        identity = self._bridges[key]
        host = self._claimed_host(identity)
        if host is None:
            return {key, *self._bridge_contest.end(key)}
        names: list[Name] = [("bridge", (host, identity.name))]
        if not identity.certified:
            names.insert(0, ("datapath id", identity.datapath_id))
        concerned = {key, *self._bridge_contest.show(key, names)}
        return concerned | self._prefer_its_own_address(key, identity)

    def _prefer_its_own_address(self, key: Key, identity: BridgeIdentity) -> set[Key]:
        """Give a bridge that comes from its session's address the place of those that do not."""
        session = None if identity.certified else self._session_of(identity)
        if session is None or self._sessions[session].address != identity.address:
            return set()
        concerned: set[Key] = set()
        strangers = []
        while (rival := self.rival(key)) and self._bridges[rival].address != identity.address:
            concerned |= {rival, *self._bridge_contest.end(rival)}
            strangers.append(rival)
        for stranger in strangers:
            concerned |= self._place(stranger)
        return concerned

    def _place_bridges_of(self, sessions: Iterable[Key], before: SessionIdentity | None) -> set[Key]:
        """Place again the bridges that these sessions show or name, and those of what one showed before."""
        shown = [self._sessions[key] for key in sessions if key in self._sessions]
        keys: dict[Key, None] = {}
        for identity in (*shown, *([before] if before else [])):
            for datapath_id in sorted(identity.datapath_ids):
                keys.update(self._by_datapath_id.get(datapath_id, {}))
            keys.update(self._by_description.get(identity.host, {}))
        concerned: set[Key] = set()
        for key in keys:
            concerned |= self._place(key)
        return concerned


def _drop(index: dict[int, dict[Key, None]] | dict[str, dict[Key, None]], name: int | str, key: Key) -> None:
    keys = index[name]  # type: ignore[index]
    del keys[key]
    if not keys:
        del index[name]  # type: ignore[arg-type]
