"""The way from a connection or an OVSDB session to its host. SHELL.

Which host a connection is of is decided in `model.identity`; when a host begins and ends, in `hosts`.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

from osken_apps.apps import runtime
from osken_apps.apps.complaints import complain
from osken_apps.apps.connection import Connection
from osken_apps.apps.host import Bridge, Host
from osken_apps.apps.hosts import SETTLE_S, Hosts
from osken_apps.apps.ovsdb.session import OvsdbSession
from osken_apps.apps.reader import Nobody
from osken_apps.errors import OskenAppsError
from osken_apps.model.host_names import in_order
from osken_apps.model.identity import Identities
from osken_apps.model.shown_identity import BridgeIdentity, Key, SessionIdentity
from osken_apps.model.trouble import Topic
from osken_apps.model.tunnels import answers_nd
from osken_apps.ovsdb.host_view import HostView

LOG = logging.getLogger(__name__)

WAITS = "waits"  # told of a bridge of which nobody says yet whose it is

Peer = TypeVar("Peer", Connection, OvsdbSession)


class Peers:
    """The connections and OVSDB sessions that are there, each with the host that it is of."""

    def __init__(self, hosts: Hosts, bridges_are_certified: bool = False) -> None:
        """Begin with none; if bridges are certified, nobody is refused for the datapath ids that he shows."""
        self.hosts = hosts
        self.identities = Identities()
        self._bridges: dict[Connection, Bridge] = {}
        self._connections: dict[Connection, BridgeIdentity] = {}
        self._sessions: dict[OvsdbSession, Host | None] = {}
        self._views: dict[OvsdbSession, HostView] = {}
        self._bridges_are_certified = bridges_are_certified
        self._told: dict[Key, str] = {}  # what was last said of one that is refused

    def bridge_of(self, connection: Connection) -> Bridge | None:
        """Give the bridge that a connection speaks for, if it is one of ours."""
        return self._bridges.get(connection)

    # -- bridges

    def connected(self, connection: Connection, description: str | None) -> None:
        """Take a bridge that finished its handshake; `description` is its dp-desc."""
        if connection.closed:
            return
        name = connection.bridge
        if name not in self.hosts.fabric.layout.all_bridges:
            source = connection.address[0]
            complain(LOG, source, "%s: bridge %s is not one of ours, left alone", str(connection), name)
            return
        identity = BridgeIdentity(
            connection.id, str(name), description, connection.address[0], connection.certified
        )
        self._connections[connection] = identity
        self._follow(self.identities.show_bridge(connection, identity))

    def named(self, connection: Connection) -> None:
        """Take a bridge that has its name only now: it had no LOCAL port yet when it connected."""
        is_ours = connection.bridge in self.hosts.fabric.layout.all_bridges
        if is_ours and connection not in self._connections:
            self.connected(connection, connection.description)

    def disconnected(self, connection: Connection) -> None:
        """Forget a bridge's connection; what it showed last still counts."""
        if self._connections.pop(connection, None) is None:
            return
        self._told.pop(connection, None)
        with self._guarded_end(connection):
            self._let_go(connection, "")
        self._follow(self.identities.end_bridge(connection))

    # -- OVSDB sessions

    def session_shows(self, session: OvsdbSession, view: HostView) -> None:
        """Take what an OVSDB session shows of its host."""
        self._views[session] = view
        before = self._sessions.setdefault(session, None)
        shown = () if self._bridges_are_certified else view.datapath_ids
        identity = SessionIdentity(
            view.system_id, view.hostname, frozenset(shown), session.address[0], bool(session.certified)
        )
        self._follow(self.identities.show_session(session, identity))
        host = self._sessions[session]
        if host and host is before:
            self._identify(session, host)
            self._observe(host, view)

    def session_ended(self, session: OvsdbSession) -> None:
        """Forget a session."""
        if session not in self._sessions:
            return
        with self._guarded_end(session):
            self._part(session)
        del self._sessions[session], self._views[session]
        self._told.pop(session, None)
        self._follow(self.identities.end_session(session))

    def session(self, key: Key) -> OvsdbSession | None:
        """Give the session that the identities know by a key; None if it is a bridge's."""
        return key if key in self._sessions else None

    # -- the store

    def know_again(self) -> None:
        """Look who of the hosts that connected before the store was known was called something else."""
        served = {session: host.name for session, host in self._sessions.items() if host}
        self._for_each(served, lambda session: self._recognize(session, served[session]))
        self._tell_apart(self.hosts.by_name)

    # -- following what was decided

    def _follow(self, concerned: Iterable[Key]) -> None:
        """Bring bridges and sessions to the hosts that they are of now."""
        sessions = [key for key in concerned if key in self._sessions]
        bridges = [key for key in concerned if key in self._connections]
        names = dict(pair for session in sessions for pair in self._renamed(session, bridges))
        moved = [
            connection
            for connection in bridges
            if (bridge := self._bridges.get(connection))
            and self.identities.host_of_bridge(connection) != names.get(bridge.host, bridge.host.name)
        ]
        left = [self._bridges[key].host for key in moved if self.identities.host_of_bridge(key) is not None]
        for connection in moved:
            self._let_go(connection, "it is not believed any more")
        for host, name in names.items():
            self.hosts.tell_of(host.name, host.addresses, "host %s is called %s now", name)
        for host, name in in_order(names):
            bridges += self._rename(host, name)
        for session in sessions:
            served = self._sessions[session]
            if served and self.identities.host_of_session(session) != served.name:
                self._part(session)
        self._for_each(sessions, self._place_session)
        if moved:
            self._for_each(sessions, self._recognize_served)
        for host in left:
            self.hosts.undo(host)
        self._for_each(bridges, self._place_bridge)

    def _for_each(self, keys: Iterable[Peer], step: Callable[[Peer], None]) -> None:
        """Do a step for each session or connection; an error of ours costs that one, which may dial again."""
        for key in keys:
            try:
                step(key)
            except Exception as error:
                self.hosts.failures.note("a session or a bridge was not taken", error, str(key))
                key.close()

    def _recognize_served(self, session: OvsdbSession) -> None:
        if served := self._sessions[session]:
            self._recognize(session, served.name)

    def _renamed(self, session: OvsdbSession, bridges: Iterable[Connection]) -> Iterator[tuple[Host, str]]:
        """Give the new name of a session's host, if it shows another one than before."""
        name, system_id = self.identities.host_of_session(session), self.identities.system_id_of(session)
        host = self._sessions[session]
        if host is None and name and system_id:
            host = self._waiting_with_bridges(system_id, name, bridges)
        if host and name and name != host.name and system_id == host.system_id:
            yield host, name

    def _waiting_with_bridges(self, system_id: str, name: str, bridges: Iterable[Connection]) -> Host | None:
        """Give the host of this system-id that has no session, if bridges of its are to be of this name."""
        moved = (key for key in bridges if self.identities.host_of_bridge(key) == name)
        hosts = (self._bridges[key].host for key in moved if key in self._bridges)
        return next((host for host in hosts if host.session is None and host.system_id == system_id), None)

    def _rename(self, host: Host, name: str) -> list[Connection]:
        """Call a host otherwise; give the bridges of one that had this name: they are to be placed again."""
        self.hosts.news.set()
        gone = self.hosts.by_name.pop(name, None)
        left = [bridge.connection for bridge in gone.bridges.values()] if gone else []
        for connection in left:
            self._let_go(connection, f"host {host.name} is called {name} now")
        if gone:
            gone.end()
        concerned = self.hosts.fabric.rename(host.name, name)
        self.hosts.by_name[name] = self.hosts.by_name.pop(host.name)
        host.name = name
        self.hosts.wake(concerned)
        return left

    def _place_session(self, session: OvsdbSession) -> None:
        name = self.identities.host_of_session(session)
        if name is None:
            self._refuse(session)
        elif self._sessions[session] is None:
            self._told.pop(session, None)
            self._recognize(session, name)
            system_id = self.identities.system_id_of(session)
            self.hosts.leave_to(name, system_id)
            host = self.hosts.host(name)
            host.system_id = system_id
            host.session, self._sessions[session] = session, host
            host.note_addresses()
            host.say(Topic.CERTIFICATE, "")
            self.hosts.begin(host, f"its OVSDB session from {session.address[0]} began")
            self._observe(host, self._views[session])

    def _recognize(self, session: OvsdbSession, name: str) -> None:
        """Let a host that was renamed while it was away be the one that it was.

        Its bridges may have connected before, by the name that it had: their dp-desc says it still. Where
        certificates say which host is which, a system-id does not.
        """
        fabric, system_id = self.hosts.fabric, self.identities.system_id_of(session)
        if not fabric.inventory.loaded:
            return  # what the store knows is looked at when it comes
        former = "" if session.certified else fabric.names.known_as(name, system_id)
        is_away = former and not self.hosts.is_alive(former)
        if is_away and fabric.has_ports_of(former, self._views[session].interfaces):
            self.hosts.tell_of(former, {session.address[0]}, "host %s is called %s now", name)
            self.hosts.end(former)
            self.hosts.wake(fabric.take_in(former, name, is_renamed=True))
        fabric.identify(name, system_id)
        for former in () if session.certified else fabric.names.former_names(name):
            known = self.hosts.by_name.get(former)
            is_its = known is None or (not known.alive and known.system_id in ("", system_id))
            if is_its and (known or former in fabric.hosts):
                self.hosts.end(former)
                self.hosts.wake(fabric.take_in(former, name))

    def _identify(self, session: OvsdbSession, host: Host) -> None:
        """Take that a session shows another system-id of its host than before, or its first."""
        system_id = self.identities.system_id_of(session)
        if system_id != host.system_id:
            self.hosts.news.set()
            host.system_id = system_id
            self._recognize(session, host.name)

    def _observe(self, host: Host, view: HostView) -> None:
        host.view = view
        self.hosts.fabric.observe_bridges(host.name, (bridge.name for bridge in view.facts.bridges))
        concerned = self.hosts.fabric.observe_tunnel_address(host.name, view.facts.tunnel_address)
        integration = view.facts.bridge(self.hosts.fabric.layout.integration_bridge)
        if integration:
            capable = answers_nd(integration.datapath_type, view.facts.version)
            concerned |= self.hosts.fabric.observe_datapath(host.name, capable)
        concerned |= self.hosts.fabric.observe_interfaces(host.name, view.interfaces) | {host.name}
        awaited, host.awaited = host.awaited, None
        self.hosts.wake(concerned - {host.name} if view == awaited else concerned)

    def _place_bridge(self, connection: Connection) -> None:
        name = self.identities.host_of_bridge(connection)
        if name is None:
            self._refuse(connection)
        elif connection not in self._bridges:
            self._told.pop(connection, None)
            host = self.hosts.host(name)
            bridge = Bridge(host, str(connection.bridge), connection)
            if before := host.bridges.get(bridge.name):
                self._let_go(before.connection, "another one has its place")
            host.bridges[bridge.name] = self._bridges[connection] = bridge
            self._tell_apart((name, *self.hosts.fabric.names.former_names(name)))
            host.note_addresses()
            host.say(Topic.CERTIFICATE, "")
            self.hosts.begin(host, f"its bridge {bridge.name} connected from {connection.address[0]}")
            self.hosts.wake([name])

    def _tell_apart(self, names: Iterable[str]) -> None:
        """Let a name of before be another machine's where that one and the host that had it are both here.

        Both have a bridge of one name connected, and a machine has not two of a name.
        """
        by_name, names_now = self.hosts.by_name, self.hosts.fabric.names
        for name in names:
            it, other = by_name.get(name), by_name.get(names_now.name_now(name))
            if it and other and it is not other and it.bridges.keys() & other.bridges.keys():
                self.hosts.fabric.give_away(name)

    def _refuse(self, key: Key) -> None:
        """Say why a session or bridge is not believed, and see whether what it rivals is still alive."""
        refused = self.identities.why_not(key)
        if refused is None:
            runtime.spawn_after_rounds(SETTLE_S, self._still_waits, key)
        elif self._told.get(key) != refused.reason:
            self._told[key] = refused.reason
            self.hosts.news.set()
            complain(LOG, _address(key), "%s is refused: %s", str(key), refused.reason)
            rival = self.identities.rival(key)
            if rival is not None:
                runtime.spawn(_probe, rival)

    def _still_waits(self, connection: Key) -> None:
        waits = connection in self._connections and connection not in self._bridges
        if waits and self.identities.why_not(connection) is None and connection not in self._told:
            self._told[connection] = WAITS
            name = self._connections[connection].name  # type: ignore[index]
            words = "%s: its bridge %s waits until an OVSDB session or other_config:dp-desc names its host"
            complain(LOG, _address(connection), words, str(connection), name, about=name)

    def _let_go(self, connection: Connection, reason: str) -> None:
        bridge = self._bridges.pop(connection, None)
        if bridge is None:
            return
        connection.answer_packet_ins(Nobody())
        host = bridge.host
        del host.bridges[bridge.name]
        self.hosts.news.set()
        why = f": {reason}" if reason else ""
        words = "host %s: bridge %s disconnected%s"
        self.hosts.tell_of(host.name, {connection.address[0]}, words, bridge.name, why, about=bridge.name)
        self.hosts.let_settle(host)
        self.hosts.may_be_away(host)
        self.hosts.wake([host.name])

    def _part(self, session: OvsdbSession) -> None:
        host = self._sessions[session]
        if host is None:
            return
        self._sessions[session] = host.session = host.view = host.awaited = None
        self.hosts.news.set()
        address = session.address[0]
        self.hosts.tell_of(host.name, {address}, "host %s: OVSDB session from %s ended", address)
        self.hosts.may_be_away(host)
        self.hosts.wake(self.hosts.fabric.lose_ovsdb(host.name))

    def _guarded_end(self, key: Peer) -> AbstractContextManager[None]:
        """Have an error of ours leave nothing of what has ended: it would keep its host's names for ever."""
        return self.hosts.failures.guarded("the end of a session or a bridge was not taken", str(key))


def _probe(rival: Connection | OvsdbSession) -> None:
    """End a connection or session that does not answer: somebody waits for its place."""
    try:
        rival.probe()
    except OskenAppsError as error:
        words = "%s, and another one waits for its place; closing it"
        complain(LOG, _address(rival), words, str(error), level=logging.INFO)
        rival.close()


def _address(key: Key) -> str:
    """Give the address of a session or a connection."""
    return str(key.address[0])  # type: ignore[attr-defined]
