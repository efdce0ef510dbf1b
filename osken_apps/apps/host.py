"""One host that is or was connected: what is known of it, and the loop that serves it. SHELL."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from osken_apps.apps import runtime
from osken_apps.apps.bridge import Bridge
from osken_apps.apps.ovsdb.session import OvsdbSession
from osken_apps.model.conditions import Condition
from osken_apps.model.counts import Falling, PortCounts
from osken_apps.model.trouble import Topic
from osken_apps.ovsdb.host_view import HostView


class Reconciler(Protocol):
    """The loop that serves a host."""

    def wake(self) -> None:
        """Have the host looked at again."""

    def follow(self) -> None:
        """Have looked at again where its networks over tunnels are besides."""

    def audit(self) -> None:
        """Have what its bridges have read again."""

    def run(self) -> None:
        """Serve the host for ever."""

    def announce(self, port_id: str, frame: bytes) -> None:
        """Have a frame sent from a port that has come to this host, as soon as it can."""


@dataclass(slots=True)
class Tallies:
    """What is counted of a host since the controller's start."""

    repairs: int = 0
    added_flows: int = 0
    deleted_flows: int = 0
    foreign_changes: int = 0  # of flows, by another hand, that its switches told of
    dhcp: Counter[StrEnum] = field(default_factory=Counter)
    meter_drops: Falling = field(default_factory=Falling)  # by the meter's id
    drops_by_kind: Mapping[str, int] = field(default_factory=dict)
    watched_ports: tuple[PortCounts, ...] = ()


class Host:
    """A host that is, or was, connected."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.system_id = ""
        self.bridges: dict[str, Bridge] = {}
        self.session: OvsdbSession | None = None
        self.awaited: HostView | None = None  # what it shows after a write of ours that needs no other pass
        self.reconciler: Reconciler | None = None
        self.tallies = Tallies()
        self.conditions: tuple[Condition, ...] = ()
        self.troubles: dict[Topic, str] = {}  # in words
        self.started_at = self.last_contact = now()
        self.changes = 0  # of what is connected
        self.settled = False  # it had its time to connect all that it has
        self.in_order = False  # it was brought to what it should have, since it is served
        self.addresses: set[str] = set()  # of what is, or was last, connected
        self._task: runtime.Task | None = None

    @property
    def alive(self) -> bool:
        """Tell whether anything of the host is connected."""
        return bool(self.bridges) or self.session is not None

    def note_addresses(self) -> None:
        """Note where what is connected comes from, and no more where what was has come from."""
        connected = [bridge.connection for bridge in self.bridges.values()]
        self.addresses = {str(one.address[0]) for one in (*connected, self.session) if one is not None}

    def begin(self, reconciler: Reconciler) -> None:
        """Serve the host from now on."""
        self.reconciler = reconciler
        self.started_at = now()
        self._task = runtime.spawn_for_ever(reconciler.run)

    def end(self) -> None:
        """Serve it no more."""
        if self._task is not None:
            self._task.kill()
        self._task = self.reconciler = None
        self.in_order = False
        self.last_contact = now()

    def say(self, topic: Topic, trouble: str) -> None:
        """Note what keeps the host from what it should be; nothing: it is over."""
        if trouble:
            self.troubles[topic] = trouble
        else:
            self.troubles.pop(topic, None)


def now() -> datetime:
    """Give the time in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
