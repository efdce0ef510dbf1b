"""The os-ken application that answers DHCP: a packet-in in, a packet-out back. SHELL.

The decision is `osken_apps.dhcp`'s; here are the lookup of the port and the counters.
"""

import logging
from collections import Counter
from typing import Any

from os_ken.base.app_manager import OSKenApp

from osken_apps.apps.connection import Connection
from osken_apps.apps.switchboard import Switchboard
from osken_apps.dhcp.server import Defaults, Silence, respond
from osken_apps.errors import Malformed
from osken_apps.openflow import codec

LOG = logging.getLogger(__name__)


class DhcpApp(OSKenApp):
    """Answers the DHCP requests of bound ports. `counters` counts every packet by what became of it."""

    def __init__(self, switchboard: Switchboard, dhcp_defaults: Defaults, **_: Any) -> None:
        super().__init__()
        self._switchboard = switchboard
        self._defaults = dhcp_defaults
        self.counters: Counter[str] = Counter()

    def answer(self, connection: Connection, message: bytes) -> bytes | None:
        """Give the packet-out that answers a packet-in, if anything does."""
        try:
            packet_in = codec.decode_packet_in(message)
            bridge = self._switchboard.bridge_of(connection)
            service = bridge.services.get(packet_in.in_port) if bridge else None
            if service is None:
                self.counters["no bound port"] += 1
                return None
            outcome = respond(packet_in.data, service, self._defaults)
        except Malformed as error:
            self.counters["malformed"] += 1
            LOG.debug("%s: %s", connection, error)
            return None
        if isinstance(outcome, Silence):
            self.counters[outcome.reason.name.lower()] += 1
            return None
        self.counters["replies"] += 1
        return codec.packet_out(packet_in.in_port, outcome.frame)
