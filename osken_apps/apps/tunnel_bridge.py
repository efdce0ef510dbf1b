"""The tunnel bridge of one host: made and kept right by OVSDB, its peers looked for. SHELL."""

import logging
from functools import partial

from osken_apps.apps import runtime
from osken_apps.apps.connection import Connection
from osken_apps.apps.host import Bridge, Host
from osken_apps.apps.hosts import Hosts
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.model.tunnel_bridge import PortWish, bridge_change, wishes
from osken_apps.model.tunnels import Reach
from osken_apps.pipeline.feature import bridge_of
from osken_apps.pipeline.greetings import greetings

LOG = logging.getLogger(__name__)

GREET_AGAIN_S = 0.5


class TunnelBridge:
    """Looks after the tunnel bridge of a host; `is_to_greet`: it has flows that it had not."""

    def __init__(self, host: Host, hosts: Hosts, was_away: bool) -> None:
        """Begin with nothing known; `was_away`: the host was not there when the controller had started."""
        self.is_to_greet = False
        self._was_away = was_away
        self._host = host
        self._layout = hosts.fabric.layout
        self._tell = partial(hosts.tell, host, LOG)
        self._written: tuple[PortWish, ...] = ()
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
        if wanted == self._written and change.is_repair:
            self._host.tallies.repairs += 1
            self._tell(logging.WARNING, "%s was changed by another hand", change.bridge)
        session.write_bridge(change)
        self._written = wanted
        self._tell(logging.INFO, "%s: written: %s", change.bridge, str(change))

    def greet_peers(self, bridge: Bridge | None, snapshot: HostSnapshot) -> None:
        """Look for the peers that are new to the bridge, twice: what is sent first is lost.

        A bridge that the controller finds as it should be when it starts has them already. One that was away
        looks for all of them: they may have looked for it meanwhile, and hear by this where it is.
        """
        if bridge is None:
            return
        is_new = bridge.connection is not self._greeted_by
        is_back = is_new and (self._was_away or self._greeted_by is not None)
        before = {} if is_new else self._reaches
        self._reaches = {reach.network_id: reach for reach in snapshot.reaches}
        self._greeted_by = bridge.connection
        is_to_greet, self.is_to_greet = self.is_to_greet or is_back, False
        ours = bridge_of(bridge.name, self._layout, snapshot) if is_to_greet else None
        messages = b"".join(greetings(ours, before)) if ours else b""
        if messages:
            bridge.send(messages)
            runtime.spawn_after(GREET_AGAIN_S, bridge.send, messages)
