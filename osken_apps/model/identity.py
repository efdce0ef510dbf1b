"""Which host a session or a bridge is: the one place that believes, or refuses, what hosts say. PURE.

A host is its `system-id`; the host name is how it is shown and named. An OVSDB session shows both and the
datapath ids of the host's bridges; a bridge itself shows its datapath id and, where the operator set it, a
host name in `other_config:dp-desc`.

- The first session of a system-id, a host name or a datapath id keeps it; a second one is refused whole.
- A bridge whose datapath id a session shows is that host's, if it comes from the session's address or nobody
  else does. Where a session shows a host's bridges, `dp-desc` counts for nothing.
- Over TLS a bridge is of the host that its certificate names, and neither datapath ids nor `dp-desc` count;
  a session is let in only if it shows that host, and no system-id is refused for another's sake.
- When a session ends, the bridges that it showed stay at its host: each until its connection ends, another
  session shows it, or one has the names of that host and shows others.
- Without that a host is what `dp-desc` says: the machine at the address from which the first such bridge
  comes, as long as one comes from there. The first bridge of a name on it keeps the place.
- Bridges without a session keep the names of their host from sessions that show other bridges only, unless
  a certificate names the session's host, or a session that waits for another name shows the bridge (where one
  showed it before: the next one of that system-id).

What is refused waits, and has its place as soon as the other one is gone or says something else.
"""

from collections.abc import Iterable
from typing import TypeVar

from osken_apps.model.contest import Contest, Name
from osken_apps.model.origins import Origin, Origins
from osken_apps.model.shown_identity import BridgeIdentity, Key, Refused, SessionIdentity

N = TypeVar("N")


class Identities:
    """The sessions and bridges that are connected, and the host of each.

    `show_…` and `end_…` tell whose standing may be another now: ask `host_of_session` and `host_of_bridge`.
    """

    def __init__(self) -> None:
        self._sessions: dict[Key, SessionIdentity] = {}
        self._bridges: dict[Key, BridgeIdentity] = {}
        self._session_contest: Contest[Key] = Contest(self._keeper)
        self._bridge_contest: Contest[Key] = Contest()
        self._origins = Origins()
        self._by_datapath_id: dict[int, dict[Key, None]] = {}
        self._by_description: dict[str, dict[Key, None]] = {}
        self._last_shown: dict[Key, SessionIdentity] = {}  # by bridge: the session that ended and placed it
        self._kept: dict[Key, list[Name]] = {}  # by bridge, what it keeps from sessions if it has its place
        self._keepers: dict[Name, dict[Key, None]] = {}

    def show_session(self, key: Key, identity: SessionIdentity) -> set[Key]:
        """Take what a session says; give the sessions and bridges concerned, itself included."""
        before = self._sessions.get(key)
        self._sessions[key] = identity
        concerned = {key, *self._session_contest.show(key, identity.names())}
        concerned |= self._place_bridges_of(concerned, before)
        return concerned | self._let_in()

    def end_session(self, key: Key) -> set[Key]:
        """Forget a session; give the sessions and bridges concerned."""
        before = self._sessions.get(key)
        if before is None:
            return set()
        self._remember(key, before)
        concerned: set[Key] = {
            *self._session_contest.end(key),
            *self._session_contest.waiting_for(before.names()),
        }
        del self._sessions[key]
        concerned |= self._place_bridges_of(concerned, before)
        return concerned | self._let_in()

    def show_bridge(self, key: Key, identity: BridgeIdentity) -> set[Key]:
        """Take a bridge that connected; give the sessions and bridges concerned, itself included."""
        self._bridges[key] = identity
        self._by_datapath_id.setdefault(identity.datapath_id, {})[key] = None
        if identity.description:
            self._by_description.setdefault(identity.description, {})[key] = None
        return self._place(key) | self._let_in()

    def end_bridge(self, key: Key) -> set[Key]:
        """Forget a bridge; give the sessions and bridges concerned."""
        identity = self._bridges.pop(key, None)
        if identity is None:
            return set()
        concerned: set[Key] = set(self._session_contest.waiting_for(self._kept.get(key, ())))
        self._last_shown.pop(key, None)
        self._keep(key, [])
        _drop(self._by_datapath_id, identity.datapath_id, key)
        if identity.description:
            _drop(self._by_description, identity.description, key)
        concerned |= set(self._bridge_contest.end(key))
        return concerned | self._place_all(self._origins.come(key, None)) | self._let_in()

    def host_of_session(self, key: Key) -> str | None:
        """Name the host of a session; None if it is refused."""
        return self._sessions[key].host if self._session_contest.has(key) else None

    def system_id_of(self, key: Key) -> str:
        """Give the system-id that a session shows."""
        return self._sessions[key].system_id

    def host_of_bridge(self, key: Key) -> str | None:
        """Name the host of a bridge; None if it is refused or no one knows it."""
        return self._claimed_host(key) if self._bridge_contest.has(key) else None

    def rival(self, key: Key) -> Key | None:
        """Give who has what a refused session or bridge wants: if that one is dead, the place is free."""
        contest = self._session_contest if key in self._sessions else self._bridge_contest
        refusal = contest.refusal(key)
        return refusal.holder if refusal else self._elsewhere(key)

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
        own, (kind, value) = self._sessions[key], refusal.name
        shown = f"{value:016x}" if isinstance(value, int) else value
        host, had = self._who_had(refusal.holder)
        reason = (
            f"its {kind} {shown} is that of host {host}{had}; this one is at {own.address}, system-id"
            f" {own.system_id or 'none'}"
        )
        return Refused(own.host, reason, host)

    def _who_had(self, key: Key) -> tuple[str, str]:
        """Name the host of a session or bridge that a session is refused for; say of what it had the name."""
        if key in self._sessions:
            other = self._sessions[key]
            had = f" (system-id {other.system_id or 'none'}) at {other.address}, which had it first"
            return other.host, had
        bridge = self._bridges[key]
        where = f"datapath {bridge.datapath_id:016x} at {bridge.address}"
        return self._claimed_host(key) or "", f", whose bridge {bridge.name}, {where}, it does not show"

    def _bridge_refused(self, key: Key) -> Refused | None:
        identity = self._bridges[key]
        host = self._claimed_host(key)
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
        first = self._elsewhere(key)
        if first is not None:
            other = self._bridges[first]
            reason = (
                f"its dp-desc says {described}, but that is the host at {other.address}, whose bridge"
                f" {other.name}, datapath {other.datapath_id:016x}, came first; this one is at"
                f" {identity.address}, and no OVSDB session shows it"
            )
            return Refused(described, reason, described)
        return None

    def _elsewhere(self, key: Key) -> Key | None:
        """Give a bridge of the machine that is the host of a bridge's dp-desc, if it is another machine."""
        return None if key in self._last_shown else self._origins.rival(key)

    def _claimed_host(self, key: Key) -> str | None:
        """Name the host that a bridge would be of: by a session that shows it or did, else by its dp-desc."""
        identity = self._bridges[key]
        if identity.certified:
            return identity.certified
        session = self._session_of(identity)
        if session is not None:
            return self._sessions[session].host
        if key in self._last_shown and not self._is_over(self._last_shown[key]):
            return self._last_shown[key].host
        described = self._described_host(identity)
        return described if self._origins.is_host((described, identity.address)) else None

    def _described_host(self, identity: BridgeIdentity) -> str:
        """Name the host that a bridge's dp-desc says, empty where that counts for nothing."""
        described = identity.description or ""
        return described if self._session_contest.holder(("host name", described)) is None else ""

    def _session_of(self, identity: BridgeIdentity) -> Key | None:
        return self._session_contest.holder(("datapath id", identity.datapath_id))

    def _is_over(self, last: SessionIdentity) -> bool:
        """Tell whether another session has what one that ended had of names."""
        holders = [self._session_contest.holder(name) for name in last.names_of_host()]
        return any(holder is not None and not self._sessions[holder].begins_again(last) for holder in holders)

    def _remember(self, key: Key, identity: SessionIdentity) -> None:
        """Keep where a session that ends has placed bridges."""
        if not self._session_contest.has(key):
            return
        for datapath_id in identity.datapath_ids:
            for bridge in self._by_datapath_id.get(datapath_id, ()):
                if self._bridge_contest.has(bridge) and not self._bridges[bridge].certified:
                    self._last_shown[bridge] = identity
                    self._keep(bridge, identity.names_of_host())

    def _keep(self, bridge: Key, names: list[Name]) -> None:
        """Have a bridge keep these names, and no others, from sessions that show other bridges."""
        for name in self._kept.pop(bridge, ()):
            _drop(self._keepers, name, bridge)
        if names:
            self._kept[bridge] = names
        for name in names:
            self._keepers.setdefault(name, {})[bridge] = None

    def _keeper(self, session: Key, name: Name) -> Key | None:
        """Give a bridge that keeps a name from a session."""
        identity = self._sessions[session]
        keepers = [
            key
            for key in self._keepers.get(name, ())
            if self._bridge_contest.has(key) and not self._is_called_anew(key)
        ]
        if not keepers or identity.certified:
            return None
        if any(self._bridges[key].datapath_id in identity.datapath_ids for key in keepers):
            return None
        last = self._last_shown.get(keepers[0])
        return None if last and identity.begins_again(last) else keepers[0]

    def _is_called_anew(self, bridge: Key) -> bool:
        """Tell whether a session that waits for another name shows a bridge: the next, if it had one."""
        identity, last = self._bridges[bridge], self._last_shown.get(bridge)
        host, system_id = (last.host, last.system_id) if last else (identity.description, None)
        waiting = self._session_contest.waiting_for([("datapath id", identity.datapath_id)])
        shown = [self._sessions[key] for key in waiting]
        return any(it.host != host and system_id in (None, it.system_id) for it in shown)

    def _let_in(self) -> set[Key]:
        """Let sessions in from whom no bridge keeps a name any more; give all that this concerns."""
        concerned: set[Key] = set()
        while served := self._session_contest.serve():
            concerned |= {*served, *self._place_bridges_of(served, None)}
        return concerned

    def _names_kept(self, key: Key, host: str | None) -> list[Name]:
        """Give what a bridge keeps from sessions at the host that it would be of."""
        identity = self._bridges[key]
        if host is None or identity.certified or self._session_of(identity) is not None:
            return []
        last = self._last_shown.get(key)
        return last.names_of_host() if last else [("host name", host)]

    def _place(self, key: Key) -> set[Key]:
        """Bring a bridge to the place that it should have; give the bridges concerned."""
        identity = self._bridges[key]
        last = self._last_shown.get(key)
        if last and (self._session_of(identity) is not None or self._is_over(last)):
            del self._last_shown[key]
        others = self._origins.come(key, self._origin_of(key))
        host = self._claimed_host(key)
        self._keep(key, self._names_kept(key, host))
        if host is None:
            return {key, *self._bridge_contest.end(key)} | self._place_all(others)
        names: list[Name] = [("bridge", (host, identity.name))]
        if not identity.certified:
            names.insert(0, ("datapath id", identity.datapath_id))
        concerned = {key, *self._bridge_contest.show(key, names)} | self._place_all(others)
        return concerned | self._prefer_its_own_address(key, identity)

    def _place_all(self, keys: Iterable[Key]) -> set[Key]:
        concerned: set[Key] = set()
        for key in keys:
            concerned |= self._place(key)
        return concerned

    def _origin_of(self, key: Key) -> Origin | None:
        """Say where a bridge without a session comes from, and which host it would be of; None if of none."""
        identity, last = self._bridges[key], self._last_shown.get(key)
        if identity.certified or self._session_of(identity) is not None:
            return None
        host = last.host if last else self._described_host(identity)
        return (host, identity.address) if host else None

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
            for name in identity.names_of_host():
                keys.update(self._keepers.get(name, {}))
        return self._place_all(keys)


def _drop(index: dict[N, dict[Key, None]], name: N, key: Key) -> None:
    keys = index[name]
    del keys[key]
    if not keys:
        del index[name]
