"""Machines that have come to a host: they are heard there as if they spoke themselves. SHELL."""

from collections.abc import Iterator

from osken_apps.apps import runtime
from osken_apps.apps.host import Bridge, Host
from osken_apps.model.fabric import Fabric
from osken_apps.model.resources import Port
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.openflow import codec
from osken_apps.pipeline.announcements import announcements

ANNOUNCE_AFTER_S = (0.0, 0.05, 0.2, 1.0)


class Announcer:
    """Announces the machines that have come to a host, once and again."""

    def __init__(self, host: Host, fabric: Fabric) -> None:
        self._host = host
        self._fabric = fabric
        self._caught: dict[str, bytes] = {}  # port id -> what its machine announced itself with

    def keep(self, port_id: str, frame: bytes) -> None:
        """Keep what a machine announced itself with, until its port can send it."""
        self._caught[port_id] = frame

    def send(self, snapshot: HostSnapshot, integration: Bridge | None) -> None:
        """Let machines that have come here be heard, as if they spoke, again and again.

        Others may be slower, and so may Open vSwitch: a tag that was written is not yet one that counts. What
        a machine announced itself with was caught on the way; its addresses are known.
        """
        came = self._fabric.shown(self._host.name).arrivals
        for bound in snapshot.ports if came or self._caught else ():
            port = self._fabric.inventory.ports.get(bound.port_id) if bound.port_id in came else None
            came.discard(bound.port_id)  # first: an error of ours about it is met once
            frames = tuple(self._announcements(port) if port else ())
            caught = self._caught.pop(bound.port_id, None)
            frames += (caught,) if caught else ()
            if integration and frames:
                messages = b"".join([codec.packet_out_as_received(bound.ofport, frame) for frame in frames])
                for delay_s in ANNOUNCE_AFTER_S:
                    runtime.spawn_after(delay_s, self._send_if_here, integration, bound.port_id, messages)
        waiting = {waiting.port_id for waiting in snapshot.waiting}
        self._caught = {port_id: frame for port_id, frame in self._caught.items() if port_id in waiting}

    def _announcements(self, port: Port) -> Iterator[bytes]:
        pairs = self._fabric.inventory.paired_in(port.network_id)
        return announcements(port, pairs, self._fabric.conflicts.get(port.id))

    def _send_if_here(self, integration: Bridge, port_id: str, messages: bytes) -> None:
        """Send what a port's machine would, unless another host has the port by now: it would come back."""
        place = self._fabric.claims.place_of(port_id)
        if place and place.host == self._host.name:
            integration.send(messages)
