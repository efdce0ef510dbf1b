"""The os-ken application that answers DHCP: a packet-in in, a packet-out back. SHELL.

The decision is `osken_apps.dhcp`'s; here are the lookup of the port and the counters, by host.
"""

import logging
from typing import Any

from os_ken.base.app_manager import OSKenApp

from osken_apps.apps.connection import Connection
from osken_apps.apps.switchboard import Bridge, Switchboard
from osken_apps.dhcp.server import Defaults, Silence, respond
from osken_apps.errors import Malformed
from osken_apps.openflow import codec

LOG = logging.getLogger(__name__)


class DhcpApp(OSKenApp):
    """Answers the DHCP requests of bound ports and counts every packet by what became of it."""

    def __init__(self, switchboard: Switchboard, dhcp_defaults: Defaults, **_: Any) -> None:
        super().__init__()
        self._switchboard = switchboard
        self._defaults = dhcp_defaults

    def answer(self, connection: Connection, message: bytes) -> bytes | None:
        """Give the packet-out that answers a packet-in, if anything does."""
        bridge = self._switchboard.bridge_of(connection)
        if bridge is None:
            return None
        try:
            outcome, answer = self._decide(bridge, message)
        except Malformed as error:
            LOG.debug("%s: %s", connection, error)
            outcome, answer = "malformed", None
        self._switchboard.dhcp_counters[bridge.host][outcome] += 1
        return answer

    def _decide(self, bridge: Bridge, message: bytes) -> tuple[str, bytes | None]:
        """Give what becomes of a packet-in, in a word, and the answer. Raises Malformed."""
        packet_in = codec.decode_packet_in(message)
        if packet_in.in_port not in bridge.services:
            return "not_bound", None
        outcome = respond(packet_in.data, bridge.services[packet_in.in_port], self._defaults)
        if isinstance(outcome, Silence):
            return outcome.reason.name.lower(), None
        return "answered", codec.packet_out(packet_in.in_port, outcome.frame)
