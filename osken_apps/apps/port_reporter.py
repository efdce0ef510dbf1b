"""What a pass has the store told of a host's ports. SHELL (it logs)."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping

from osken_apps.apps.host import Host
from osken_apps.apps.host_conditions import HostConditions
from osken_apps.failures import Failures
from osken_apps.model.changes import PortReport
from osken_apps.model.fabric import Fabric
from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.model.reports import port_reports
from osken_apps.model.resources import Port, PortStatus
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.model.trouble import Topic

LOG = logging.getLogger(__name__)


class PortReporter:
    """Reports the ports of one host."""

    def __init__(
        self,
        host: Host,
        fabric: Fabric,
        conditions: HostConditions,
        report: Callable[[list[PortReport]], None],
    ) -> None:
        self._unsettled: set[str] = set()  # whose flows or tags were to be changed and may not stand
        self._host = host
        self._fabric = fabric
        self._conditions = conditions
        self._report = report
        self._failures = Failures()

    def unsettle(self, port_ids: Iterable[str]) -> None:
        """Note the ports whose flows or tags are to be changed, before they are."""
        self._unsettled.update(port_ids)

    def settle(self, besides: Iterable[str]) -> None:
        """Note that flows and tags are as they are to be, but for some ports."""
        self._unsettled = set(besides)

    def behind(self, snapshot: HostSnapshot, broken: Mapping[str, str]) -> dict[str, str]:
        """Give the ports that were to be changed, or are new, and whose frames pass one of some bridges, each
        with what is wrong with that.
        """
        if not broken:
            return {}
        changing = self._unsettled | self._new(snapshot)
        ways = ((bound, self._fabric.layout.way_of(bound.segment)) for bound in snapshot.ports)
        return {
            bound.port_id: broken[way]
            for bound, way in ways
            if way and way in broken and bound.port_id in changing
        }

    def after_pass(
        self, snapshot: HostSnapshot, connected: Collection[str], troubles: Mapping[str, str]
    ) -> None:
        """Report what stands after a pass; `connected` are the bridges that are, `troubles` says by port what
        keeps its flows from standing.
        """
        if self._may_report(snapshot, connected):
            cut = self._conditions.cut()
            self._send(port_reports(self._fabric, snapshot, connected, troubles, cut))

    def trouble(self, trouble: str) -> None:
        """Let the host, and the ports that were to be changed, say what broke a pass.

        It may break this, too: then the host alone says it.
        """
        self._host.say(Topic.PASS, trouble)
        try:
            self._report_ports_in(trouble)
        except Exception as error:
            what = "a failed pass could not be told of the ports that it concerns"
            self._failures.note(what, error, f"host {self._host.name}")

    def _may_report(self, snapshot: HostSnapshot, connected: Collection[str]) -> bool:
        """Tell whether the host has had its time to connect: until then nothing is said to be missing.

        One that is called something else since the snapshot was made says nothing until the next pass.
        """
        if snapshot.host != self._host.name:
            return False
        complete = self._fabric.shown(self._host.name).complete
        return complete and (self._host.settled or set(connected) >= set(self._fabric.layout.bridges))

    def _report_ports_in(self, trouble: str) -> None:
        if self._fabric.ready(self._host.name):
            snapshot = host_snapshot(self._fabric, self._host.name)
            troubles = dict.fromkeys(self._unsettled | self._new(snapshot), trouble)
            self._conditions.look(snapshot)
            connected, cut = self._host.bridges.keys(), self._conditions.cut()
            self._send(port_reports(self._fabric, snapshot, connected, troubles, cut))

    def _send(self, reports: list[PortReport]) -> None:
        if reports:
            for report in reports:
                with self._failures.guarded("what became of a port could not be logged", report.port_id):
                    self._log(report)
            self._fabric.told.note(reports)
            self._report(reports)

    def _new(self, snapshot: HostSnapshot) -> set[str]:
        """Give the ids of the ports of a host that the store does not hold as working there."""
        known = self._fabric.inventory.ports
        ports = (known[bound.port_id] for bound in snapshot.ports if bound.port_id in known)
        return {port.id for port in ports if not self._is_known(port)}

    def _is_known(self, port: Port) -> bool:
        """Tell whether the store holds a port as working at this host."""
        binding = self._fabric.binding_of(port)
        return port.status is PortStatus.ACTIVE and binding is not None and binding.host == self._host.name

    def _log(self, report: PortReport) -> None:
        """Say in one line what became of a port."""
        port = self._fabric.inventory.ports.get(report.port_id)
        if port is None:
            return
        named = f"port {port.name or '-'} ({port.id})"
        before, now = self._fabric.binding_of(port), report.binding
        if now is None:
            if before:
                LOG.info(
                    "%s is plugged in nowhere now, it was at %s %s", named, before.host, before.interface
                )
            return
        where = f"{now.host} {now.interface} tag {now.local_vlan}"
        if report.waits_for:
            LOG.info("%s at %s waits for %s", named, where, report.waits_for)
        elif before and before.host != now.host:
            LOG.info("%s moved from %s %s to %s", named, before.host, before.interface, where)
        elif report.status is not port.status or before != now:
            LOG.info("%s is %s at %s", named, report.status.value, where)
