"""What the bridges' connections mean for the hosts: who is there, and whose ports changed. SHELL."""

from osken_apps.apps.connection import Connection
from osken_apps.apps.foreign_changes import flows_changed
from osken_apps.apps.peers import Peers
from osken_apps.openflow.events import FlowsChanged


class SwitchObserver:
    """Tells the hosts."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    def connected(self, connection: Connection) -> None:
        """Take a bridge that finished its handshake."""
        self._peers.connected(connection, connection.description)

    def ports_changed(self, connection: Connection) -> None:
        """Have the host of a bridge whose ports changed looked at; its name is one of its ports'."""
        bridge = self._peers.bridge_of(connection)
        if bridge:
            bridge.ports_changed = True
            self._peers.hosts.wake([bridge.host.name])
        else:
            self._peers.named(connection)

    def flows_changed(self, connection: Connection, what: FlowsChanged) -> None:
        """Have a bridge read whose flows another hand has changed."""
        bridge = self._peers.bridge_of(connection)
        if bridge:
            flows_changed(self._peers.hosts, bridge, what)

    def disconnected(self, connection: Connection) -> None:
        """Forget a bridge that went."""
        self._peers.disconnected(connection)
