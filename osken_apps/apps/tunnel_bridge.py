"""The tunnel bridge of one host: made and kept right by OVSDB, its peers looked for. SHELL."""

import logging
from dataclasses import replace
from ipaddress import IPv4Address

from osken_apps.apps import runtime
from osken_apps.apps.bridge import Bridge
from osken_apps.apps.connection import Connection
from osken_apps.apps.hosts import Host
from osken_apps.model.snapshot import HostSnapshot, Layout
from osken_apps.model.tunnel_bridge import PortWish, bridge_change, wishes
from osken_apps.model.tunnels import Reach
from osken_apps.openflow.codec import packet_out_by
from osken_apps.pipeline.feature import bridge_of
from osken_apps.pipeline.features.tunnels import GREETING, greetings

LOG = logging.getLogger(__name__)

GREET_AGAIN_S = 0.5


class TunnelBridge:
    """Looks after the tunnel bridge of a host; `is_to_greet`: it has flows that it had not."""

    def __init__(self, host: Host, layout: Layout) -> None:
        self.is_to_greet = False
        self._host = host
        self._layout = layout
        self._written: tuple[PortWish, ...] = ()
        self._greeted: set[IPv4Address] = set()
        self._reaches: dict[str, Reach] = {}  # by network: where it was when peers were greeted last
        self._greeted_by: Connection | None = None

    def write(self, snapshot: HostSnapshot) -> None:
        """Make the bridge, or put right what someone has changed of it. Raises OvsdbError."""
        session = self._host.session
        view = session.view() if session else None
        change = bridge_change(view.facts, self._layout, snapshot) if view else None
        if session is None or change is None:
            return
        wanted = wishes(self._layout, snapshot)
        if wanted == self._written:
            self._host.repairs += 1
            LOG.warning("host %s: %s was changed by another hand", self._host.name, change.bridge)
        session.write_bridge(change)
        self._written = wanted
        LOG.info("host %s: %s: written: %s", self._host.name, change.bridge, change)

    def greet_peers(self, bridge: Bridge | None, snapshot: HostSnapshot) -> None:
        """Look for the peers that are new to the bridge, twice: what is sent first is lost."""
        if bridge is None or not self.is_to_greet:
            return
        self.is_to_greet = False
        if bridge.connection is not self._greeted_by:
            self._greeted_by, self._greeted, self._reaches = bridge.connection, set(), {}
        changed = tuple([it for it in snapshot.reaches if self._reaches.get(it.network_id) is not it])
        self._reaches = {reach.network_id: reach for reach in snapshot.reaches}
        ours = bridge_of(bridge.name, self._layout, replace(snapshot, reaches=changed))
        new = {address: to for address, to in greetings(ours) if address not in self._greeted} if ours else {}
        self._greeted |= new.keys()
        messages = b"".join(packet_out_by(actions, GREETING) for actions in new.values())
        if messages:
            bridge.connection.send(messages)
            runtime.spawn_after(GREET_AGAIN_S, bridge.connection.send, messages)
