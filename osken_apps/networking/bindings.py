"""What the data plane reports of ports, recorded. PURE."""

from collections.abc import Sequence
from dataclasses import replace

from osken_apps.model.changes import PortReport
from osken_apps.model.resources import PortStatus
from osken_apps.networking.dhcp_ports import settle_dhcp_port
from osken_apps.networking.state import State


def record(state: State, reports: Sequence[PortReport]) -> None:
    """Set binding and status of the ports reported; a network's first binding makes its DHCP port.

    A report of a port that is gone is dropped.
    """
    ports = {port.id: port for port in state.ports_named({report.port_id for report in reports})}
    bound_networks = {}
    for report in reports:
        port = ports.get(report.port_id)
        if port is None:
            continue
        changed = replace(port, binding=report.binding, status=report.status, waits_for=report.waits_for)
        ports[port.id] = state.update(port, changed)
        if report.binding is not None and port.binding is None:
            bound_networks[port.network_id] = True
    for network_id in bound_networks:
        settle_dhcp_port(state, network_id, bound=True)


def unbind_host(state: State, host: str) -> None:
    """Note that a host is gone for good: nothing is bound to it any more."""
    for port in state.ports_at(host):
        state.update(port, replace(port, binding=None, status=PortStatus.DOWN, waits_for=""))
