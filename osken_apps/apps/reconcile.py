"""The loop that brings one host to what it should have, and keeps it there. SHELL.

Level-triggered: any number of changes are one pass. A pass reads what is installed where that is not known,
sends the difference, writes tags, and reports what stands. Whatever fails is read again and tried again,
later and later.
"""

import logging
import time
from collections.abc import Callable

import eventlet
from eventlet.event import Event

from osken_apps.apps.bridge import Bridge, Installed
from osken_apps.apps.connection import SwitchGone
from osken_apps.apps.switchboard import Switchboard
from osken_apps.errors import OskenAppsError
from osken_apps.model.changes import PortReport
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.pipeline.desired import FlowEncoder
from osken_apps.pipeline.meters import desired_meters
from osken_apps.pipeline.tags import DEAD_TAG, desired_tags, is_to_be_dead, tag_changes

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
        self._tags: dict[str, int] = {}
        self._incomplete_since: float | None = None
        self._encoder = FlowEncoder()

    def wake(self) -> None:
        """Have the host looked at, once, however often this is called before it happens."""
        if not self._wakeup.ready():
            self._wakeup.send()

    def run(self) -> None:
        """Serve the host for ever."""
        retry_s: float | None = None  # for ever: until someone wakes it
        while True:
            with eventlet.Timeout(retry_s, False):
                self._wakeup.wait()
            done = self.attempt()
            retry_s = None if done else min((retry_s or FIRST_RETRY_S / 2) * 2, LAST_RETRY_S)

    def audit(self) -> None:
        """Have what the bridges have read again, and compared."""
        for bridge in self._bridges().values():
            bridge.audited, bridge.installed = bridge.installed, None
        self.wake()

    def attempt(self) -> bool:
        """Make one pass; give False if it must be made again."""
        try:
            self._pass()
        except OskenAppsError as error:
            LOG.warning("host %s: %s", self._host, error)
            self._report_trouble(str(error))
            return False
        except Exception:
            LOG.exception("host %s: a pass failed", self._host)
            self._report_trouble("an error of the controller; see its log")
            return False
        self._switchboard.troubles.pop(self._host, None)
        return True

    def _pass(self) -> None:
        fabric = self._switchboard.fabric
        with self._switchboard.turns:
            eventlet.sleep(0)  # what waits in the sockets is read between one host's turn and the next
            self._wakeup = Event()  # what came until now is in this pass: all is read after this line
            bridges = dict(self._bridges())  # one that connects from here on waits for the next pass
            self._look_at_ports(bridges)
            if not fabric.ready(self._host):
                return
            self._log_unknown()
            snapshot = fabric.snapshot(self._host)
            integration = bridges.get(fabric.layout.integration_bridge)
            if integration:
                self._serve(integration, snapshot)
            # The integration bridge comes first: it must drop before a physical bridge lets frames through.
            desired = {name: self._desired(name, snapshot) for name in fabric.layout.bridges}
        self._write_tags(snapshot, dead=True)
        for name, wanted in desired.items():
            if name in bridges:
                self._converge(bridges[name], wanted)
        self._write_tags(snapshot, dead=False)
        if integration and self._settled(bridges):
            self._send(fabric.reports(snapshot, bridges.keys()))

    def _bridges(self) -> dict[str, Bridge]:
        return self._switchboard.bridges.get(self._host, {})

    def _settled(self, bridges: dict[str, Bridge]) -> bool:
        """Tell whether the host has had its time to connect: until then nothing is said to be missing."""
        if bridges.keys() >= set(self._switchboard.fabric.layout.bridges):
            self._incomplete_since = None
            return True
        if self._incomplete_since is None:
            self._incomplete_since = time.monotonic()
            eventlet.spawn_after(SETTLE_S, self.wake)
        return time.monotonic() - self._incomplete_since >= SETTLE_S

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

    def _desired(self, bridge: str, snapshot: HostSnapshot) -> Installed:
        layout = self._switchboard.fabric.layout
        return Installed(
            self._encoder.flows(bridge, layout, snapshot, pause=lambda: eventlet.sleep(0)),
            desired_meters(bridge, layout, snapshot),
        )

    def _converge(self, bridge: Bridge, desired: Installed) -> None:
        """Bring a bridge to what it should have; one that is gone meanwhile is left. Raises SwitchError."""
        try:
            delta = bridge.apply(bridge.installed or self._read(bridge), desired)
        except SwitchGone as error:
            LOG.info("host %s: %s", self._host, error)
            return
        if delta:
            added, deleted = len(delta.add), len(delta.delete)
            LOG.info("host %s: %s: %d flows added, %d deleted", self._host, bridge.name, added, deleted)

    def _read(self, bridge: Bridge) -> Installed:
        installed, believed = bridge.read(), bridge.audited
        bridge.audited = None
        if believed is None:
            LOG.info("host %s: %s: %d flows of ours found", self._host, bridge.name, len(installed.flows))
        elif installed != believed:
            self._switchboard.repairs[self._host] += 1
            LOG.warning("host %s: %s was changed by another hand; mending it", self._host, bridge.name)
        if bridge.name == self._switchboard.fabric.layout.integration_bridge:
            self._count_meter_drops(bridge)
        return installed

    def _count_meter_drops(self, bridge: Bridge) -> None:
        try:
            self._switchboard.meter_drops[self._host] = bridge.meter_drops()
        except OskenAppsError as error:
            LOG.info("host %s: its meters tell nothing: %s", self._host, error)

    def _write_tags(self, snapshot: HostSnapshot, dead: bool) -> None:
        """Write the tags that differ; `dead`: let those interfaces carry nothing until the flows stand.

        Raises OvsdbError.
        """
        session = self._switchboard.sessions.get(self._host)
        view = session.view() if session else None
        if session is None or view is None:
            return
        desired = desired_tags(snapshot)
        changes = tag_changes(view.tagged_ports, desired)
        if dead:
            self._count_foreign_tags(changes)
            changes = {row.name: DEAD_TAG for row in view.tagged_ports if is_to_be_dead(row, changes)}
        else:
            self._tags = desired
        if changes:
            session.set_tags(changes)
            LOG.info("host %s: tags %s", self._host, changes)

    def _count_foreign_tags(self, changes: dict[str, int]) -> None:
        """Count tags that we had written and someone else has changed."""
        foreign = [name for name, tag in changes.items() if self._tags.get(name) == tag]
        if foreign:
            self._switchboard.repairs[self._host] += len(foreign)
            LOG.warning("host %s: the tags of %s were changed by another hand", self._host, foreign)

    def _report_trouble(self, trouble: str) -> None:
        """Let the host, and its ports, say what keeps them from what they should be."""
        self._switchboard.troubles[self._host] = trouble
        fabric = self._switchboard.fabric
        if fabric.ready(self._host):
            snapshot = fabric.snapshot(self._host)
            self._send(fabric.reports(snapshot, self._bridges().keys(), trouble))

    def _send(self, reports: list[PortReport]) -> None:
        if reports:
            self._report(reports)
