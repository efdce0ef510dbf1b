"""What the data plane reports of ports, recorded. PURE."""

from collections.abc import Sequence
from dataclasses import replace

from osken_apps.model.changes import PortReport
from osken_apps.model.resources import DHCP_DEVICE_OWNER, Port, PortStatus
from osken_apps.networking.dhcp_ports import settle_dhcp_port
from osken_apps.networking.state import State


def record(state: State, reports: Sequence[PortReport]) -> None:
    """Set binding and status of the ports reported; a network's first binding makes its DHCP port.

    A report of a port that is gone is dropped; of several of one port the last counts.
    """
    last = {report.port_id: report for report in reports}
    changes = [(port, _as_reported(port, last[port.id])) for port in state.ports_named(last)]
    state.update_all(changes)
    bound = dict.fromkeys(new.network_id for old, new in changes if new.binding and not old.binding)
    for network_id in state.networks_without(DHCP_DEVICE_OWNER, list(bound)):
        settle_dhcp_port(state, network_id, bound=True)


def _as_reported(port: Port, report: PortReport) -> Port:
    return replace(port, binding=report.binding, status=report.status, waits_for=report.waits_for)


def unbind_host(state: State, host: str) -> None:
    """Note that a host is gone for good: nothing is bound to it any more."""
    state.update_all(
        [
            (port, replace(port, binding=None, status=PortStatus.DOWN, waits_for=""))
            for port in state.ports_at(host)
        ]
    )
