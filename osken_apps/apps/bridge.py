"""A connected bridge of ours: reading what it has, sending it a difference. SHELL.

Owns the order of messages: meters before the flows that use them, flows in one atomic bundle, then the meters
that no flow uses any more; each step ends with a barrier.
"""

import itertools
from dataclasses import dataclass

from osken_apps.apps.connection import Connection
from osken_apps.openflow import codec
from osken_apps.openflow.codec import BundleControl, FlowBody, FlowKey
from osken_apps.openflow.difference import Difference, difference
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
from osken_apps.pipeline.meters import OUR_METERS
from osken_apps.pipeline.rules import COOKIE, COOKIE_MASK

_bundle_ids = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Installed:
    """What a bridge has of ours: flows by key, meters by id."""

    flows: dict[FlowKey, FlowBody]
    meters: dict[int, Meter]


@dataclass(slots=True)
class Bridge:
    """A bridge of ours that is connected.

    `installed` is None until flows and meters were read; `audited` is what the bridge was believed to have
    when an audit had it read again.
    """

    host: str
    name: str
    connection: Connection
    metered: bool = True
    installed: Installed | None = None
    audited: Installed | None = None
    ports_changed: bool = True

    def read(self) -> Installed:
        """Read what the bridge has of ours. Raises SwitchError."""
        return Installed(read_flows(self.connection), read_meters(self.connection))

    def meter_drops(self) -> int:
        """Read how many packets our meters have dropped. Raises SwitchError."""
        if not self.metered:
            return 0
        replies = self.connection.request(meter_stats_request)
        stats = (meter for reply in replies for meter in decode_meter_stats(reply))
        return sum(meter.dropped for meter in stats if meter.meter_id in OUR_METERS)

    def apply(self, installed: Installed, desired: Installed) -> Difference:
        """Bring the bridge from what it has to what it should have; give the flows that it took.

        Raises SwitchError; then what is installed is unknown until it is read again.
        """
        flows = difference(installed.flows, desired.flows)
        meters = meter_difference(installed.meters, desired.meters)
        self.installed = None
        send_meters(self.connection, meters.before)
        if flows:
            send_bundle(self.connection, flows)
        send_meters(self.connection, meters.after)
        self.installed = desired
        return flows


def read_flows(connection: Connection) -> dict[FlowKey, FlowBody]:
    """Read the flows of a bridge that are ours. Raises SwitchError."""
    replies = connection.request(lambda xid: codec.flow_stats_request(COOKIE, COOKIE_MASK, xid))
    flows: dict[FlowKey, FlowBody] = {}
    for reply in replies:
        flows.update(codec.decode_flow_stats(reply))
    return flows


def read_meters(connection: Connection) -> dict[int, Meter]:
    """Read the meters of a bridge that are ours. Raises SwitchError."""
    if connection.max_meters == 0:
        return {}
    replies = connection.request(meter_config_request)
    meters = (meter for reply in replies for meter in decode_meter_config(reply))
    return {meter.meter_id: meter for meter in meters if meter.meter_id in OUR_METERS}


def send_meters(connection: Connection, steps: tuple[tuple[MeterCommand, Meter], ...]) -> None:
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
        flow_mods = (codec.flow_mod(command, key, body, xid) for command, key, body in delta.steps())
        return b"".join(
            [
                codec.bundle_control(BundleControl.OPEN_REQUEST, bundle_id, xid),
                *(codec.bundle_add(bundle_id, flow_mod, xid) for flow_mod in flow_mods),
                codec.bundle_control(BundleControl.COMMIT_REQUEST, bundle_id, xid),
                codec.barrier_request(xid),
            ]
        )

    connection.request(build)
