"""What the data plane reports of ports, recorded."""

from collections.abc import Iterable
from dataclasses import replace

from osken_apps.model.changes import PortReport
from osken_apps.store.dhcp_ports import settle_dhcp_port
from osken_apps.store.transaction import Transaction


def record(transaction: Transaction, reports: Iterable[PortReport]) -> None:
    """Set binding and status of the ports reported; a network's first binding makes its DHCP port.

    A report of a port that is gone is dropped.
    """
    bound_networks = {}
    for report in reports:
        port = transaction.port(report.port_id)
        if port is None:
            continue
        transaction.update(port, replace(port, binding=report.binding, status=report.status))
        if report.binding is not None and port.binding is None:
            bound_networks[port.network_id] = True
    for network_id in bound_networks:
        settle_dhcp_port(transaction, network_id, bound=True)
