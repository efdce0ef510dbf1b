"""The port of a network's DHCP server: when it is there and which addresses it has. PURE.

It is made when the first port of the network is bound, after that port has its address: so the first
machine has .2 and the server .3, as in the reference.
"""

from collections.abc import Sequence
from dataclasses import replace

from osken_apps.model.resources import DHCP_DEVICE_ID, DHCP_DEVICE_OWNER, FixedIp, Port, PortStatus, Subnet
from osken_apps.networking.state import State

DHCP_PORT_NAME = "dhcp"


def settle_dhcp_port(state: State, network_id: str, bound: bool = False) -> None:
    """Make, change or delete the DHCP server's port as the network's subnets want it.

    `bound` says that a port of the network is known to be bound. Exhausted pools are logged.
    A `network:dhcp` port that somebody else made is left alone, and none of ours is made beside it.
    """
    servers = state.ports_owned(network_id, DHCP_DEVICE_OWNER)
    ours = next((port for port in servers if port.device_id == DHCP_DEVICE_ID), None)
    if servers and ours is None:
        return
    subnets = [
        subnet for subnet in state.subnets_of(network_id) if subnet.ip_version == 4 and subnet.enable_dhcp
    ]
    if not subnets:
        if ours is not None:
            state.delete(ours)
    elif ours is not None:
        fixed_ips = _fixed_ips(state, subnets, ours.fixed_ips)
        state.update(ours, replace(ours, fixed_ips=fixed_ips))
    elif bound or state.has_bound_port(network_id):
        _create(state, network_id, subnets)


def _create(state: State, network_id: str, subnets: Sequence[Subnet]) -> None:
    network = state.network(network_id)
    fixed_ips = _fixed_ips(state, subnets, ())
    if network is None or not fixed_ips:
        return
    state.create(
        Port(
            id=state.new_id(),
            name=DHCP_PORT_NAME,
            project_id=network.project_id,
            network_id=network_id,
            mac_address=state.new_mac(network_id),
            fixed_ips=fixed_ips,
            device_id=DHCP_DEVICE_ID,
            device_owner=DHCP_DEVICE_OWNER,
            status=PortStatus.ACTIVE,
            port_security_enabled=False,
        )
    )


def _fixed_ips(state: State, subnets: Sequence[Subnet], present: Sequence[FixedIp]) -> tuple[FixedIp, ...]:
    """Give one address a subnet: the present one, or a free one.

    The one that is the gateway's by now is present as long as there is no other: hosts answer for it.
    """
    held = {fixed_ip.subnet_id: fixed_ip for fixed_ip in present}
    fixed_ips = []
    for subnet in subnets:
        own = held.get(subnet.id)
        if own is None or own.ip_address == subnet.gateway_ip:
            address = state.free_address(subnet)
            own = own if address is None else FixedIp(subnet.id, address)
        if own is not None:
            fixed_ips.append(own)
        else:
            state.warn(f"subnet {subnet.id} has no free address for its DHCP server")
    return tuple(fixed_ips)
