"""Who is connected: the bridges and OVSDB sessions of each host, and the loops that serve them. SHELL.

Owns the mapping from a datapath id to a host. What a host should have is the fabric's to say.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from enum import StrEnum

from eventlet.semaphore import Semaphore

from osken_apps.apps.bridge import Bridge
from osken_apps.apps.connection import Connection
from osken_apps.apps.ovsdb_session import OvsdbSession
from osken_apps.model.fabric import Fabric

LOG = logging.getLogger(__name__)


class Switchboard:
    """The connected bridges and sessions, and a wake-up call per host."""

    def __init__(self, fabric: Fabric, wake: Callable[[str], None]) -> None:
        self.fabric = fabric
        self.bridges: dict[str, dict[str, Bridge]] = {}
        self.sessions: dict[str, OvsdbSession] = {}
        self.dhcp_counters: defaultdict[str, Counter[StrEnum]] = defaultdict(Counter)
        self.repairs: Counter[str] = Counter()
        self.troubles: dict[str, str] = {}
        self.meter_drops: Counter[str] = Counter()
        self.turns: Semaphore = Semaphore()  # one host computes at a time
        self._wake = wake
        self._by_connection: dict[Connection, Bridge] = {}
        self._by_datapath_id: dict[int, Bridge] = {}
        self._host_by_datapath_id: dict[int, str] = {}
        self._unidentified: dict[int, Connection] = {}

    def wake(self, hosts: Iterable[str]) -> None:
        """Have hosts looked at again."""
        for host in hosts:
            self._wake(host)

    def bridge_of(self, connection: Connection) -> Bridge | None:
        """Give the bridge that a connection speaks for, if it is one of ours."""
        return self._by_connection.get(connection)

    def connected(self, connection: Connection, description: str | None) -> None:
        """Take a bridge that finished its handshake: find its host by OVSDB, else by its dp-desc."""
        if connection.closed:
            return
        name = connection.bridge
        if name not in self.fabric.layout.bridges:
            LOG.warning("%s: bridge %r is not one of ours, left alone", connection, name)
            return
        host = self._host_by_datapath_id.get(connection.id, description)
        if host is None:
            self._unidentified[connection.id] = connection
            LOG.warning(
                "%s: bridge %s waits until an OVSDB session or its other_config:dp-desc names its host",
                connection,
                name,
            )
            return
        self._adopt(host, connection)

    def disconnected(self, connection: Connection) -> None:
        """Forget a bridge's connection; what it showed last still counts."""
        if self._unidentified.get(connection.id) is connection:
            del self._unidentified[connection.id]
        bridge = self._by_connection.pop(connection, None)
        if bridge and self.bridges[bridge.host].get(bridge.name) is bridge:
            del self.bridges[bridge.host][bridge.name]
            self._drop_datapath_id(bridge)
            LOG.info("%s: bridge %s of host %s disconnected", connection, bridge.name, bridge.host)
            self._wake(bridge.host)

    def session_shows(self, session: OvsdbSession, host: str, datapath_ids: Iterable[int]) -> None:
        """Take what an OVSDB session says of its host; the newest session of a host replaces an older one.

        A datapath id that another host with a session has is not taken from it.
        """
        older = self.sessions.get(host)
        self.sessions[host] = session
        if older is not None and older is not session:
            LOG.warning("%s takes the place of %s as that of host %s", session, older, host)
            older.close()
        for datapath_id in datapath_ids:
            owner = self._host_by_datapath_id.get(datapath_id, host)
            if owner != host and owner in self.sessions:
                LOG.warning("%s: datapath %016x is host %s's, not %s's", session, datapath_id, owner, host)
                continue
            self._host_by_datapath_id[datapath_id] = host
            connection = self._unidentified.pop(datapath_id, None)
            known = self._by_datapath_id.get(datapath_id)
            if known and known.host != host:
                connection = known.connection
                self.disconnected(connection)
            if connection:
                self._adopt(host, connection)

    def session_ended(self, session: OvsdbSession, host: str) -> None:
        """Forget a session."""
        if self.sessions.get(host) is session:
            del self.sessions[host]
            self.wake(self.fabric.lose_ovsdb(host))

    def _adopt(self, host: str, connection: Connection) -> None:
        bridge = Bridge(host, str(connection.bridge), connection, metered=connection.max_meters > 0)
        replaced = self.bridges.setdefault(host, {}).get(bridge.name)
        if replaced:
            LOG.warning(
                "%s replaces %s as bridge %s of host %s", connection, replaced.connection, bridge.name, host
            )
            self._by_connection.pop(replaced.connection, None)
            self._drop_datapath_id(replaced)
            replaced.connection.close()
        self.bridges[host][bridge.name] = bridge
        self._by_connection[connection] = self._by_datapath_id[connection.id] = bridge
        LOG.info("%s: bridge %s of host %s connected", connection, bridge.name, host)
        self._wake(host)

    def _drop_datapath_id(self, bridge: Bridge) -> None:
        if self._by_datapath_id.get(bridge.connection.id) is bridge:
            del self._by_datapath_id[bridge.connection.id]
