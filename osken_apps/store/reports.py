"""What the data plane reports of ports, recorded."""

from collections.abc import Sequence
from dataclasses import replace

from osken_apps.model.changes import PortReport
from osken_apps.model.resources import PortStatus
from osken_apps.store.dhcp_ports import settle_dhcp_port
from osken_apps.store.selection import Among
from osken_apps.store.transaction import Transaction


def record(transaction: Transaction, reports: Sequence[PortReport]) -> None:
    """Set binding and status of the ports reported; a network's first binding makes its DHCP port.

    A report of a port that is gone is dropped.
    """
    ids = tuple({report.port_id for report in reports})
    ports = {port.id: port for port in transaction.ports(Among("id", ids))}
    bound_networks = {}
    for report in reports:
        port = ports.get(report.port_id)
        if port is None:
            continue
        changed = replace(port, binding=report.binding, status=report.status, waits_for=report.waits_for)
        ports[port.id] = transaction.update(port, changed)
        if report.binding is not None and port.binding is None:
            bound_networks[port.network_id] = True
    for network_id in bound_networks:
        settle_dhcp_port(transaction, network_id, bound=True)


def unbind_host(transaction: Transaction, host: str) -> None:
    """Note that a host is gone for good: nothing is bound to it any more."""
    for port in transaction.ports(Among("binding_host", (host,))):
        transaction.update(port, replace(port, binding=None, status=PortStatus.DOWN))
