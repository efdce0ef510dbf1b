"""The loop that brings one host to what it should have, and keeps it there. SHELL.

Level-triggered: any number of changes are one pass. A pass reads what is installed where that is not known,
sends the difference in one bundle a bridge, writes tags, and reports what stands. Whatever fails is read
again and tried again, later and later.
"""

import itertools
import logging
import time
from collections.abc import Callable

import eventlet
from eventlet.event import Event

from osken_apps.apps.connection import SwitchError
from osken_apps.apps.ovsdb_session import OvsdbError
from osken_apps.apps.switchboard import Bridge, Installed, Switchboard
from osken_apps.model.changes import PortReport
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.openflow import codec
from osken_apps.openflow.codec import BundleControl, FlowBody, FlowKey
from osken_apps.openflow.difference import Difference, difference
from osken_apps.openflow.meter import (
    Meter,
    MeterCommand,
    decode_meter_config,
    meter_config_request,
    meter_difference,
    meter_mod,
)
from osken_apps.pipeline.desired import FlowEncoder
from osken_apps.pipeline.meters import desired_meters
from osken_apps.pipeline.rules import COOKIE, COOKIE_MASK
from osken_apps.pipeline.tags import desired_tags, tag_changes

LOG = logging.getLogger(__name__)

FIRST_RETRY_S = 0.5
LAST_RETRY_S = 30.0
SETTLE_S = 5.0


class HostReconciler:
    """Serves one host; `wake` has it look again."""

    def __init__(
        self,
        host: str,
        switchboard: Switchboard,
        serve: Callable[[Bridge, HostSnapshot], None],
        report: Callable[[list[PortReport]], None],
    ) -> None:
        self._host = host
        self._switchboard = switchboard
        self._serve = serve
        self._report = report
        self._wakeup: Event = Event()
        self._unknown: set[str] = set()
        self._first_contact: float | None = None
        self._bundle_ids = itertools.count(1)
        self._encoder = FlowEncoder()

    def wake(self) -> None:
        """Have the host looked at, once, however often this is called before it happens."""
        if not self._wakeup.ready():
            self._wakeup.send()

    def run(self) -> None:
        """Serve the host for ever."""
        retry_s = FIRST_RETRY_S
        while True:
            self._wakeup.wait()
            self._wakeup = Event()
            try:
                self._pass()
                retry_s = FIRST_RETRY_S
            except (SwitchError, OvsdbError) as error:
                LOG.warning("host %s: %s; trying again in %.1f s", self._host, error, retry_s)
                eventlet.spawn_after(retry_s, self.wake)
                retry_s = min(retry_s * 2, LAST_RETRY_S)

    def _pass(self) -> None:
        fabric = self._switchboard.fabric
        bridges = self._switchboard.bridges.get(self._host, {})
        self._look_at_ports(bridges)
        if not fabric.ready(self._host):
            return
        self._log_unknown()
        snapshot = fabric.snapshot(self._host)
        integration = bridges.get(fabric.layout.integration_bridge)
        if integration:
            self._serve(integration, snapshot)
        for bridge in list(bridges.values()):
            self._converge(bridge, snapshot)
        self._tag(snapshot)
        if self._settled(bridges) and snapshot.ofports.keys() <= bridges.keys():
            reports = fabric.reports(snapshot)
            if reports:
                self._report(reports)

    def _settled(self, bridges: dict[str, Bridge]) -> bool:
        """Tell whether the host has had its time to connect: until then nothing is said to be missing."""
        if bridges.keys() >= set(self._switchboard.fabric.layout.bridges):
            return True
        if self._first_contact is None:
            self._first_contact = time.monotonic()
            eventlet.spawn_after(SETTLE_S, self.wake)
        return time.monotonic() - self._first_contact >= SETTLE_S

    def _look_at_ports(self, bridges: dict[str, Bridge]) -> None:
        for bridge in bridges.values():
            if bridge.ports_changed:
                bridge.ports_changed = False
                ofports = bridge.connection.ofports()
                concerned = self._switchboard.fabric.observe_bridge(
                    self._host, bridge.name, ofports, bridge.metered
                )
                self._switchboard.wake(concerned - {self._host})

    def _log_unknown(self) -> None:
        """Log an interface whose iface-id is not a port's, once; it is left alone."""
        unknown = {
            item.iface_id: item.name for item in self._switchboard.fabric.unknown_interfaces(self._host)
        }
        for iface_id in unknown.keys() - self._unknown:
            LOG.warning("host %s: %s has the unknown iface-id %s", self._host, unknown[iface_id], iface_id)
        self._unknown = set(unknown)

    def _converge(self, bridge: Bridge, snapshot: HostSnapshot) -> None:
        """Bring meters and flows of a bridge to what they should be. Raises SwitchError."""
        installed = bridge.installed or self._read(bridge)
        layout = self._switchboard.fabric.layout
        desired = Installed(
            self._encoder.flows(bridge.name, layout, snapshot), desired_meters(bridge.name, layout, snapshot)
        )
        flows = difference(installed.flows, desired.flows)
        meters = meter_difference(installed.meters, desired.meters)
        bridge.installed = None
        send_meters(bridge, meters.before)
        if flows:
            send_bundle(bridge, flows, next(self._bundle_ids))
            added, deleted = len(flows.add), len(flows.delete)
            LOG.info("host %s: %s: %d flows added, %d deleted", self._host, bridge.name, added, deleted)
        send_meters(bridge, meters.after)
        bridge.installed = desired

    def _read(self, bridge: Bridge) -> Installed:
        """Read what a bridge has of ours. Raises SwitchError."""
        installed = Installed(read_flows(bridge), read_meters(bridge))
        LOG.info("host %s: %s: %d flows of ours found", self._host, bridge.name, len(installed.flows))
        return installed

    def _tag(self, snapshot: HostSnapshot) -> None:
        """Bring the tags of the host's ports to what they should be. Raises OvsdbError."""
        session = self._switchboard.sessions.get(self._host)
        view = session.view() if session else None
        if session is None or view is None:
            return
        changes = tag_changes(view.tagged_ports, desired_tags(snapshot))
        if changes:
            session.set_tags(changes)
            LOG.info("host %s: tags %s", self._host, changes)


def read_flows(bridge: Bridge) -> dict[FlowKey, FlowBody]:
    """Read the flows of a bridge that are ours. Raises SwitchError."""
    replies = bridge.connection.request(lambda xid: codec.flow_stats_request(COOKIE, COOKIE_MASK, xid))
    flows: dict[FlowKey, FlowBody] = {}
    for reply in replies:
        flows.update(codec.decode_flow_stats(reply))
    return flows


def read_meters(bridge: Bridge) -> dict[int, Meter]:
    """Read the meters of a bridge. Raises SwitchError."""
    replies = bridge.connection.request(meter_config_request)
    return {meter.meter_id: meter for reply in replies for meter in decode_meter_config(reply)}


def send_meters(bridge: Bridge, steps: tuple[tuple[MeterCommand, Meter], ...]) -> None:
    """Send meter-mods and wait for the barrier; bundles do not take them. Raises SwitchError."""
    if steps:
        bridge.connection.request(
            lambda xid: b"".join(
                [*(meter_mod(command, meter, xid) for command, meter in steps), codec.barrier_request(xid)]
            )
        )


def send_bundle(bridge: Bridge, delta: Difference, bundle_id: int) -> None:
    """Send flow-mods as one atomic bundle and wait for the barrier. Raises SwitchError."""

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

    bridge.connection.request(build)
