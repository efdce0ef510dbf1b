"""The port of a network's DHCP server: when it is there and which addresses it has.

It is made when the first port of the network is bound, after that port has its address: so the first
machine has .2 and the server .3, as in the reference.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from osken_apps.model.resources import DHCP_DEVICE_OWNER, FixedIp, Port, PortStatus, Subnet
from osken_apps.store.selection import Among
from osken_apps.store.transaction import Transaction

LOG = logging.getLogger(__name__)

DHCP_DEVICE_ID = "osken-net-dhcp"
DHCP_PORT_NAME = "dhcp"


def settle_dhcp_port(transaction: Transaction, network_id: str, bound: bool = False) -> None:
    """Make, change or delete the DHCP server's port as the network's subnets want it.

    `bound` says that a port of the network is known to be bound. Exhausted pools are logged.
    A `network:dhcp` port that somebody else made is left alone, and none of ours is made beside it.
    """
    servers = transaction.ports(
        Among("network_id", (network_id,)), Among("device_owner", (DHCP_DEVICE_OWNER,))
    )
    ours = next((port for port in servers if port.device_id == DHCP_DEVICE_ID), None)
    if servers and ours is None:
        return
    subnets = [
        subnet
        for subnet in transaction.subnets_of(network_id)
        if subnet.ip_version == 4 and subnet.enable_dhcp
    ]
    if not subnets:
        if ours is not None:
            transaction.delete(ours)
    elif ours is not None:
        fixed_ips = _fixed_ips(transaction, subnets, ours.fixed_ips)
        transaction.update(ours, replace(ours, fixed_ips=fixed_ips))
    elif bound or transaction.has_bound_port(network_id):
        _create(transaction, network_id, subnets)


def _create(transaction: Transaction, network_id: str, subnets: Sequence[Subnet]) -> None:
    network = transaction.network(network_id)
    fixed_ips = _fixed_ips(transaction, subnets, ())
    if network is None or not fixed_ips:
        return
    transaction.create(
        Port(
            id=transaction.new_id(),
            name=DHCP_PORT_NAME,
            project_id=network.project_id,
            network_id=network_id,
            mac_address=transaction.new_mac(network_id),
            fixed_ips=fixed_ips,
            device_id=DHCP_DEVICE_ID,
            device_owner=DHCP_DEVICE_OWNER,
            status=PortStatus.ACTIVE,
            port_security_enabled=False,
        )
    )


def _fixed_ips(
    transaction: Transaction, subnets: Sequence[Subnet], present: Sequence[FixedIp]
) -> tuple[FixedIp, ...]:
    """Give one address a subnet: the present one, or a free one."""
    held = {fixed_ip.subnet_id: fixed_ip for fixed_ip in present}
    fixed_ips = []
    for subnet in subnets:
        address = None if subnet.id in held else transaction.free_address(subnet)
        if subnet.id in held:
            fixed_ips.append(held[subnet.id])
        elif address is not None:
            fixed_ips.append(FixedIp(subnet.id, address))
        else:
            LOG.warning("subnet %s has no free address for its DHCP server", subnet.id)
    return tuple(fixed_ips)
