"""A connected bridge of ours: reading what it has, sending it a difference. SHELL.

Owns the order of messages: meters before the flows that use them, flows in one atomic bundle, then the meters
that no flow uses any more; each step ends with a barrier.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from osken_apps.apps import runtime
from osken_apps.apps.connection import CannotTrack, Connection, SwitchRefused
from osken_apps.apps.throttle import Throttle
from osken_apps.model.conditions import ForeignFlow
from osken_apps.openflow import codec
from osken_apps.openflow.codec import BundleControl
from osken_apps.openflow.difference import Difference
from osken_apps.openflow.meter import (
    Meter,
    MeterCommand,
    decode_meter_config,
    decode_meter_stats,
    meter_config_request,
    meter_difference,
    meter_mod,
    meter_stats_request,
)
from osken_apps.openflow.port_stats import PortStats, decode_port_stats, port_stats_request
from osken_apps.openflow.wire import CountedFlow, FlowBody, FlowKey
from osken_apps.pipeline.meters import OUR_METERS
from osken_apps.pipeline.probe import PROBE_COOKIE
from osken_apps.pipeline.stage import COOKIE, COOKIE_MASK

if TYPE_CHECKING:
    from osken_apps.apps.host import Host

MAX_FOREIGN_FLOWS = 1000
WHOLE_COOKIE = 0xFFFFFFFFFFFFFFFF

T = TypeVar("T")

_bundle_ids = itertools.count(1)

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
    is_monitored: bool = False  # it was asked to tell of flows that others change
    rereading: Throttle = field(default_factory=Throttle)  # where another hand changes its flows

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
        for key, body in read_flows(self.connection):
            if body.cookie & COOKIE_MASK == COOKIE:
                ours[key] = body
            elif body.cookie != PROBE_COOKIE and len(foreign) < MAX_FOREIGN_FLOWS:
                foreign.append(ForeignFlow(key.table_id, key.priority, body.cookie))
        self.foreign = tuple(foreign)
        return BridgeState(ours, read_meters(self.connection))

    def meter_drops(self) -> dict[int, int]:
        """Read how many packets each of our meters has dropped, by its id. Raises SwitchError."""
        if not self.connection.max_meters:
            return {}
        replies = self.connection.request(meter_stats_request)
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
        meters stay. Raises SwitchError; then what is installed is unknown until it is read again.
        """
        meters = meter_difference(installed.meters, desired.meters)
        self.installed = None
        self._send_meters(meters.before)
        outcome = self._send_flows(flows, owner)
        meters_now = desired.meters
        if takes_away:
            send_meters(self.connection, meters.after)
        else:
            meters_now = {**installed.meters, **meters_now}
        is_whole = takes_away and not outcome.refused
        flows_now = desired.flows if is_whole else outcome.sent.applied_to(installed.flows)
        self.installed = BridgeState(flows_now, meters_now)
        return outcome

    def _send_meters(self, steps: tuple[tuple[MeterCommand, Meter], ...]) -> None:
        """Send meters; a switch that refuses one is used without meters from now on. Raises SwitchError."""
        try:
            send_meters(self.connection, steps)
        except SwitchRefused:
            self.connection.max_meters, self.ports_changed = 0, True
            raise

    def _send_flows(self, flows: Difference, owner: Owner) -> Outcome:
        if not flows:
            return Outcome(flows, {})
        try:
            send_bundle(self.connection, flows)
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
                send_bundle(self.connection, part)
                sent.append(part)
            except SwitchRefused as error:
                if port_id is None:
                    raise
                refused[port_id] = str(error)
        return Outcome(Difference.joined(sent), refused)


def read_flows(connection: Connection) -> Iterator[tuple[FlowKey, FlowBody]]:
    """Read the flows of a bridge, whoever put them there. Raises SwitchError, Malformed."""
    return _of_flow_replies(connection, (0, 0), codec.decode_flows)


def read_flow_counts(connection: Connection, cookie: int | None = None) -> Iterator[CountedFlow]:
    """Read flows of a bridge, or those with a cookie, with their counters. Raises SwitchError, Malformed."""
    question = (0, 0) if cookie is None else (cookie, WHOLE_COOKIE)
    return _of_flow_replies(connection, question, codec.decode_flow_counts)


def _of_flow_replies(
    connection: Connection, question: tuple[int, int], decode: Callable[[bytes], Iterable[T]]
) -> Iterator[T]:
    for reply in connection.request(lambda xid: codec.flow_stats_request(*question, xid)):
        yield from decode(reply)
        runtime.pause()  # a reply may have some hundred flows, and there may be hundreds of replies


def read_port_stats(connection: Connection, ofport: int) -> PortStats | None:
    """Read what a switch has counted of a port; None: it has no such port. Raises SwitchError, Malformed."""
    replies = connection.request(lambda xid: port_stats_request(ofport, xid))
    return next((stats for reply in replies for stats in decode_port_stats(reply)), None)


def read_meters(connection: Connection) -> dict[int, Meter]:
    """Read the meters of a bridge that are ours. Raises SwitchError."""
    if connection.max_meters == 0:
        return {}
    replies = connection.request(meter_config_request)
    meters = (meter for reply in replies for meter in decode_meter_config(reply))
    return {meter.meter_id: meter for meter in meters if meter.meter_id in OUR_METERS}


def send_meters(connection: Connection, steps: Iterable[tuple[MeterCommand, Meter]]) -> None:
    """Send meter-mods and wait for the barrier; bundles do not take them. Raises SwitchError."""
    if steps:
        connection.request(
            lambda xid: b"".join(
                [*(meter_mod(command, meter, xid) for command, meter in steps), codec.barrier_request(xid)]
            )
        )


def send_bundle(connection: Connection, delta: Difference) -> None:
    """Send flow-mods as one atomic bundle and wait for the barrier. Raises SwitchError."""
    bundle_id = next(_bundle_ids) & 0xFFFFFFFF

    def build(xid: int) -> bytes:
        return b"".join(
            [
                codec.bundle_control(BundleControl.OPEN_REQUEST, bundle_id, xid),
                *codec.bundled_flow_mods(delta.steps(), bundle_id, xid),
                codec.bundle_control(BundleControl.COMMIT_REQUEST, bundle_id, xid),
                codec.barrier_request(xid),
            ]
        )

    connection.request(build)
