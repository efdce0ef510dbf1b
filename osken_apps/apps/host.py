"""One host that is or was connected, and its bridges: what is known of it, the loop that serves it. SHELL.

A bridge owns the order of messages: meters before the flows that use them, flows in one atomic bundle, then
the meters that no flow uses any more; each step ends with a barrier.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from osken_apps.apps import runtime
from osken_apps.apps.connection import CannotTrack, Connection, SwitchGone, SwitchRefused
from osken_apps.apps.ovsdb.session import OvsdbSession
from osken_apps.apps.reader import PacketInHandler
from osken_apps.apps.switch_requests import read_flows, read_meters, send_bundle, send_meters
from osken_apps.apps.throttle import Throttle
from osken_apps.model.conditions import Condition, ForeignFlow
from osken_apps.model.counts import Falling, PortCounts
from osken_apps.model.trouble import Topic
from osken_apps.openflow.difference import Difference
from osken_apps.openflow.meter import (
    Meter,
    MeterCommand,
    decode_meter_stats,
    meter_difference,
    meter_stats_request,
)
from osken_apps.openflow.wire import FlowBody, FlowKey
from osken_apps.ovsdb.host_view import HostView
from osken_apps.pipeline.meters import OUR_METERS
from osken_apps.pipeline.probe import PROBE_COOKIE
from osken_apps.pipeline.stage import COOKIE, COOKIE_MASK

MAX_FOREIGN_FLOWS = 1000

Owner = Callable[[FlowKey], str | None]  # the port whose flow it is; None: the bridge's own


@dataclass(frozen=True, slots=True)
class BridgeState:
    """What a bridge has of ours, or should have: flows by key, meters by id."""

    flows: Mapping[FlowKey, FlowBody]
    meters: Mapping[int, Meter]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a difference: the flows that were sent, and by port why the switch refused its flows."""

    sent: Difference
    refused: Mapping[str, str]


@dataclass(slots=True, eq=False)
class Bridge:
    """A bridge of ours that is connected.

    `installed` is None until flows and meters were read; `audited` is what the bridge was believed to have
    when it was to be read again, for an audit or for a change by another hand. `foreign` are the flows of
    others that were read then, not all of very many.
    """

    host: "Host"
    name: str
    connection: Connection
    installed: BridgeState | None = None
    audited: BridgeState | None = None
    ports_changed: bool = True
    foreign: tuple[ForeignFlow, ...] = ()
    is_to_be_read: bool = False  # again, whatever is believed
    has_refused: bool = False  # flows, of those that it was sent last
    is_monitored: bool = False  # it was asked to tell of flows that others change
    rereading: Throttle = field(default_factory=Throttle)  # where another hand changes its flows

    @property
    def is_here(self) -> bool:
        """Tell whether it is its host's still; once it is not, its connection may be another host's."""
        return self.host.bridges.get(self.name) is self

    def request(self, build: Callable[[int], bytes], /) -> list[bytes]:
        """Ask the switch, as `Connection.request` does, for the host.

        Raises SwitchGone also if the bridge is the host's no more: another one may go by what it has read.
        """
        self._must_be_here()
        replies = self.connection.request(build)
        self._must_be_here()
        return replies

    def _must_be_here(self) -> None:
        if not self.is_here:
            raise SwitchGone(f"bridge {self.name} is not of host {self.host.name} any more")

    def send(self, message: bytes) -> bool:
        """Send octets for the host; give False if the switch is gone, or the host's no more."""
        return self.is_here and self.connection.send(message)

    def answer_packet_ins(self, handler: PacketInHandler) -> None:
        """Have packet-ins answered by `handler`, unless it is the host's no more."""
        if self.is_here:
            self.connection.answer_packet_ins(handler)

    @property
    def is_bare(self) -> bool:
        """Tell whether it is known to have no flow of anybody: by what OpenFlow shows, no frame passes it."""
        return self.installed is not None and not self.installed.flows and not self.foreign

    def look_again(self) -> None:
        """Believe no more what the bridge has, if it is to be read again."""
        if self.is_to_be_read:
            self.is_to_be_read = False
            self.audited, self.installed = self.installed or self.audited, None

    def read(self) -> BridgeState:
        """Read what the bridge has of ours, and note what it has of others. Raises SwitchError.

        From the first reading on the bridge tells what others change, so that nothing goes unseen between.
        """
        if not self.is_monitored:
            self.is_monitored = True
            self.connection.monitor_flows()
        ours: dict[FlowKey, FlowBody] = {}
        foreign: list[ForeignFlow] = []
        for key, body in read_flows(self):
            if body.cookie & COOKIE_MASK == COOKIE:
                ours[key] = body
            elif body.cookie != PROBE_COOKIE and len(foreign) < MAX_FOREIGN_FLOWS:
                foreign.append(ForeignFlow(key.table_id, key.priority, body.cookie))
        meters = read_meters(self) if self.connection.max_meters else {}
        self._must_be_here()  # others had their turn while it was read
        self.foreign = tuple(foreign)
        return BridgeState(ours, meters)

    def meter_drops(self) -> dict[int, int]:
        """Read how many packets each of our meters has dropped, by its id. Raises SwitchError."""
        if not self.connection.max_meters:
            return {}
        replies = self.request(meter_stats_request)
        stats = (meter for reply in replies for meter in decode_meter_stats(reply))
        return {meter.meter_id: meter.dropped for meter in stats if meter.meter_id in OUR_METERS}

    def apply(
        self,
        flows: Difference,
        installed: BridgeState,
        desired: BridgeState,
        owner: Owner,
        *,
        takes_away: bool,
    ) -> Outcome:
        """Bring the bridge from what it has to what it should have; `flows` are what differs.

        What one port's flows are refused for leaves the others as they should be. Unless it `takes_away`, its
        meters stay. Raises SwitchError; then what is installed is unknown until it is read again. So it is
        where flows were refused: Open vSwitch commits the rest of such a bundle.
        """
        meters = meter_difference(installed.meters, desired.meters)
        self.installed = None
        self._send_meters(meters.before)
        outcome = self._send_flows(flows, owner)
        meters_now = desired.meters
        if takes_away:
            send_meters(self, meters.after)
        else:
            meters_now = {**installed.meters, **meters_now}
        self.has_refused = bool(outcome.refused)
        if not outcome.refused:
            flows_now = desired.flows if takes_away else outcome.sent.applied_to(installed.flows)
            self.installed = BridgeState(flows_now, meters_now)
        return outcome

    def _send_meters(self, steps: tuple[tuple[MeterCommand, Meter], ...]) -> None:
        """Send meters; a switch that refuses one is used without meters from now on. Raises SwitchError."""
        try:
            send_meters(self, steps)
        except SwitchRefused:
            self.connection.max_meters, self.ports_changed = 0, True
            raise

    def _send_flows(self, flows: Difference, owner: Owner) -> Outcome:
        if not flows:
            return Outcome(flows, {})
        try:
            send_bundle(self, flows)
        except CannotTrack:
            self.connection.tracks, self.ports_changed = False, True
            raise
        except SwitchRefused:
            return self._send_apart(flows, owner)
        return Outcome(flows, {})

    def _send_apart(self, flows: Difference, owner: Owner) -> Outcome:
        """Send the bridge's own flows, then those of each port, then what goes; each in a bundle of its own.

        Raises SwitchError if more than single ports are refused.
        """
        sent, refused = [], {}
        for port_id, part in flows.apart(owner):
            try:
                send_bundle(self, part)
                sent.append(part)
            except SwitchRefused as error:
                if port_id is None:
                    raise
                refused[port_id] = str(error)
        return Outcome(Difference.joined(sent), refused)


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
        self.view: HostView | None = None  # what the session shows
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
        """Serve it no more; nobody else has a turn meanwhile, so its task ends a moment later."""
        task, self._task, self.reconciler = self._task, None, None
        self.in_order = False
        self.last_contact = now()
        if task is not None:
            runtime.spawn(task.kill)

    def say(self, topic: Topic, trouble: str) -> None:
        """Note what keeps the host from what it should be; nothing: it is over."""
        if trouble:
            self.troubles[topic] = trouble
        else:
            self.troubles.pop(topic, None)


def now() -> datetime:
    """Give the time in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
