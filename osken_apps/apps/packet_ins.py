"""Packet-ins of one bridge, given to the feature whose flow sent them: the flow's cookie tells. SHELL."""

import logging
from collections.abc import Mapping

from osken_apps.apps.host import Host
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.reader import PacketInHandler
from osken_apps.errors import Malformed
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.openflow.codec import decode_packet_in, packet_in_cookie
from osken_apps.pipeline.stage import Rule

LOG = logging.getLogger(__name__)


class PacketIns:
    """Asks the handler of the rule that a packet-in comes from; one of no rule of ours is dropped."""

    def __init__(self, handlers: Mapping[Rule, PacketInHandler]) -> None:
        self._handlers = {rule.cookie.to_bytes(8, "big"): handler for rule, handler in handlers.items()}
        self._each = tuple(handlers.values())

    def answer(self, message: bytes) -> bytes | None:
        """Give the message that answers a packet-in, if any does."""
        handler = self._handlers.get(packet_in_cookie(message))
        return handler.answer(message) if handler else None

    def after_answers(self) -> None:
        """Have every handler do what can wait until the answers were sent."""
        for handler in self._each:
            handler.after_answers()


class Arrivals:
    """Hears the machines that announce themselves at a host while another host has their port."""

    def __init__(self, host: Host, hosts: Hosts, snapshot: HostSnapshot) -> None:
        self._host = host
        self._hosts = hosts
        self._waiting = {waiting.ofport: waiting.port_id for waiting in snapshot.waiting}
        self._heard: dict[str, bytes] = {}

    def answer(self, message: bytes) -> None:
        """Answer nothing; who spoke is looked at after the answers."""
        try:
            ofport, frame = decode_packet_in(message)
        except Malformed as error:
            LOG.debug("host %s: %s", self._host.name, error)
            return
        port_id = self._waiting.get(ofport)
        if port_id:
            self._heard[port_id] = frame

    def after_answers(self) -> None:
        """Give the ports of the machines that spoke to this host."""
        while self._heard:
            port_id, frame = self._heard.popitem()
            with self._hosts.failures.guarded("a machine that has come was not heard", f"port {port_id}"):
                self._take(port_id, frame)

    def _take(self, port_id: str, frame: bytes) -> None:
        concerned = self._hosts.fabric.hear_guest(self._host.name, port_id)
        if concerned:
            if self._host.reconciler:
                self._host.reconciler.announce(port_id, frame)
            self._hosts.wake(concerned)
