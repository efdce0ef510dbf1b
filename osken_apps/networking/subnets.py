"""Subnets: the rules that one keeps by itself and beside its siblings; made, changed, deleted. PURE."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from osken_apps.errors import (
    GatewayConflictWithAllocationPools,
    InvalidAllocationPool,
    InvalidInput,
    NetworkNotFound,
    NotFound,
    OutOfBoundsAllocationPool,
    OverlappingAllocationPools,
    SubnetInUse,
)
from osken_apps.model.addresses import IPAddress, IPNetwork
from osken_apps.model.allocation import default_gateway, default_pools, eui64_address, host_bounds
from osken_apps.model.resources import DHCP_DEVICE_OWNER, AllocationPool, FixedIp, HostRoute, Port, Subnet
from osken_apps.networking.dhcp_ports import settle_dhcp_port
from osken_apps.networking.networks import ROUTER_GATEWAY, check_mtu, ports_in_use
from osken_apps.networking.state import ABSENT, Absent, State, given
from osken_apps.networking.terms import Terms

AUTO_MODES = frozenset({"slaac", "dhcpv6-stateless"})
PLAIN = ("name", "description", "dns_nameservers", "host_routes", "enable_dhcp", "service_types")
MIN_ADDRESSES_WITH_DHCP = 4
# Others wait while ports get the addresses of several new subnets: so many take half a second.
MAX_AUTO_ADDRESSES = 50_000
# What a router has in its networks, and elsewhere, by Neutron's device owners.
ROUTER_INTERFACES = frozenset(
    f"network:{name}"
    for name in ("router_interface", "router_interface_distributed", "ha_router_replicated_interface")
)
ROUTER_PORTS = ROUTER_INTERFACES | {"network:router_centralized_snat", ROUTER_GATEWAY}


class SubnetPoolNotFound(NotFound):
    """There are no subnet pools here."""

    def __init__(self, subnetpool_id: str) -> None:
        super().__init__(f"Subnet pool {subnetpool_id} could not be found.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubnet:
    """What is asked of a new subnet beside a `SubnetRequest`: what can never change."""

    network_id: str
    cidr: IPNetwork
    ip_version: int
    ipv6_ra_mode: str | None = None
    ipv6_address_mode: str | None = None
    subnetpool_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetRequest:
    """What is asked of a subnet; the fields are those of `Subnet`."""

    name: str | Absent = ABSENT
    description: str | Absent = ABSENT
    gateway_ip: IPAddress | Absent | None = ABSENT
    allocation_pools: tuple[AllocationPool, ...] | Absent = ABSENT
    dns_nameservers: tuple[IPAddress, ...] | Absent = ABSENT
    host_routes: tuple[HostRoute, ...] | Absent = ABSENT
    enable_dhcp: bool | Absent = ABSENT
    service_types: tuple[str, ...] | Absent = ABSENT


def is_auto_addressed(subnet: Subnet) -> bool:
    """Tell whether machines make their own addresses of the subnet: either of its modes may say so."""
    return not AUTO_MODES.isdisjoint((subnet.ipv6_ra_mode, subnet.ipv6_address_mode))


def serves(subnet: Subnet, device_owner: str) -> bool:
    """Tell whether ports of that owner may have addresses of a subnet; a DHCP server serves every owner's."""
    types = subnet.service_types
    return not types or device_owner in types or (subnet.enable_dhcp and device_owner == DHCP_DEVICE_OWNER)


def planned(subnet_id: str, project_id: str, new: NewSubnet, request: SubnetRequest) -> Subnet:
    """Make the subnet that is asked for. Raises BadRequest, Conflict."""
    cidr = new.cidr
    if cidr.version != new.ip_version:
        raise InvalidInput(f"'cidr' '{cidr}' does not match the ip_version '{new.ip_version}'")
    gateway = default_gateway(cidr) if isinstance(request.gateway_ip, Absent) else request.gateway_ip
    # For a new subnet an empty list of pools means the default ones, for one that is there no pool.
    pools = () if isinstance(request.allocation_pools, Absent) else request.allocation_pools
    subnet = Subnet(
        id=subnet_id,
        project_id=project_id,
        network_id=new.network_id,
        cidr=cidr,
        gateway_ip=gateway,
        allocation_pools=pools or default_pools(cidr, gateway),
        ipv6_ra_mode=new.ipv6_ra_mode,
        ipv6_address_mode=new.ipv6_address_mode,
        **given(request, *PLAIN),
    )
    _check_cidr(cidr)
    if subnet.enable_dhcp:
        _check_cidr_with_dhcp(cidr)
    return checked(subnet)


def checked(subnet: Subnet) -> Subnet:
    """Check every rule that a subnet keeps by itself, whatever its range. Raises ApiError."""
    _check_gateway(subnet.cidr, subnet.gateway_ip)
    _check_pools(subnet)
    _check_servers(subnet)
    _check_ipv6_modes(subnet)
    return subnet


def _check_cidr(cidr: IPNetwork) -> None:
    if cidr.prefixlen == 0:
        raise InvalidInput(f"0 is not allowed as CIDR prefix length: {cidr}")
    if cidr.version == 6 and int(cidr.network_address) == 0:
        raise InvalidInput(f"IPv6 subnet '::' is not supported: {cidr}")


def _check_cidr_with_dhcp(cidr: IPNetwork) -> None:
    if int(cidr.network_address) == 0:  # of whoever has no address yet (RFC 1122, 3.2.1.3)
        raise InvalidInput(f"First IP '0.0.0.0' of network is not supported if enable_dhcp is True: {cidr}")
    if cidr.is_multicast:
        raise InvalidInput(f"Multicast IP subnet is not supported if enable_dhcp is True: {cidr}")
    if cidr.is_loopback:
        raise InvalidInput(f"Loopback IP subnet is not supported if enable_dhcp is True: {cidr}")
    if cidr.num_addresses < MIN_ADDRESSES_WITH_DHCP:
        raise InvalidInput(
            f"Subnet has a prefix length that is incompatible with DHCP service enabled: {cidr}"
        )


def is_host_address(cidr: IPNetwork, address: IPAddress) -> bool:
    """Tell whether a machine may have the address: in the subnet, not its network or broadcast one."""
    if address not in cidr:
        return False
    if cidr.version == 6 or cidr.num_addresses < MIN_ADDRESSES_WITH_DHCP:
        return True
    return address not in (cidr.network_address, cidr.broadcast_address)


def _check_gateway(cidr: IPNetwork, gateway_ip: IPAddress | None) -> None:
    if gateway_ip is None:
        return
    if gateway_ip.version != cidr.version:
        raise InvalidInput(f"'gateway_ip' '{gateway_ip}' does not match the ip_version '{cidr.version}'")
    if gateway_ip in cidr and not is_host_address(cidr, gateway_ip):
        raise InvalidInput(f"Gateway is not valid on subnet: {gateway_ip}")


def _pool_text(pool: AllocationPool) -> str:
    return f"{pool.start}-{pool.end}"


def _check_pools(subnet: Subnet) -> None:
    cidr = subnet.cidr
    least, most = host_bounds(cidr)
    for pool in subnet.allocation_pools:
        versions = {pool.start.version, pool.end.version, cidr.version}
        if len(versions) > 1 or int(pool.start) > int(pool.end):
            raise InvalidAllocationPool(_pool_text(pool))
        if int(pool.start) < least or int(pool.end) > most:
            raise OutOfBoundsAllocationPool(_pool_text(pool), cidr)
    _check_overlaps(subnet)
    gateway = subnet.gateway_ip
    if cidr.num_addresses == 1 and subnet.allocation_pools == default_pools(cidr, gateway):
        return  # of an only address, which of IPv6 is the default gateway, too
    for pool in subnet.allocation_pools:
        if gateway is not None and int(pool.start) <= int(gateway) <= int(pool.end):
            raise GatewayConflictWithAllocationPools(gateway, _pool_text(pool))


def _check_overlaps(subnet: Subnet) -> None:
    pools = sorted(subnet.allocation_pools, key=lambda pool: int(pool.start))
    for pool, following in pairwise(pools):
        if int(following.start) <= int(pool.end):
            raise OverlappingAllocationPools(_pool_text(pool), _pool_text(following), subnet.cidr)


def _check_servers(subnet: Subnet) -> None:
    version = subnet.ip_version
    for server in subnet.dns_nameservers:
        if server.version != version:
            raise InvalidInput(f"'dns_nameserver' '{server}' does not match the ip_version '{version}'")
    for route in subnet.host_routes:
        for address in (route.destination, route.nexthop):
            if address.version != version:
                raise InvalidInput(f"'host_routes' '{address}' does not match the ip_version '{version}'")


def _check_ipv6_modes(subnet: Subnet) -> None:
    ra_mode, address_mode = subnet.ipv6_ra_mode, subnet.ipv6_address_mode
    if ra_mode is None and address_mode is None:
        return
    if subnet.ip_version == 4:
        raise InvalidInput("ipv6_ra_mode and ipv6_address_mode are only valid for IPv6 subnets")
    if not subnet.enable_dhcp:
        raise InvalidInput("ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False")
    if ra_mode and address_mode and ra_mode != address_mode:
        raise InvalidInput(
            f"ipv6_ra_mode set to '{ra_mode}' with ipv6_address_mode set to '{address_mode}' is not valid."
            " If both attributes are set, they must be the same value"
        )
    if is_auto_addressed(subnet) and subnet.cidr.prefixlen != 64:
        raise InvalidInput(
            f"Invalid CIDR {subnet.cidr} for IPv6 address mode. OpenStack uses the EUI-64 address format,"
            " which requires the prefix to be /64"
        )


def check_overlap(state: State, subnet: Subnet) -> None:
    """Refuse a range that another subnet of the network has a part of. Raises InvalidInput."""
    other = state.subnet_overlapping(subnet.network_id, subnet.cidr)
    if other is not None:
        raise InvalidInput(
            f"Requested subnet with cidr: {subnet.cidr} for network: {subnet.network_id} overlaps with"
            f" another subnet: {other.id} ({other.cidr})"
        )


def create(state: State, project_id: str, new: NewSubnet, request: SubnetRequest) -> Subnet:
    """Make a subnet; `conclude` does what follows. Raises BadRequest, NotFound, Conflict."""
    network = state.network(new.network_id)
    if network is None:
        raise NetworkNotFound(new.network_id)
    if new.subnetpool_id is not None:
        raise SubnetPoolNotFound(new.subnetpool_id)
    subnet = planned(state.new_id(), project_id, new, request)
    check_mtu(network, [subnet])
    check_overlap(state, subnet)
    return state.create(subnet, first_revision=0)


def conclude(state: State, made: Sequence[Subnet]) -> None:
    """Do what follows from new subnets, of all that one request makes at once: a port is written once.

    Raises InvalidInput.
    """
    for network_id in dict.fromkeys(subnet.network_id for subnet in made):
        auto = [subnet for subnet in made if subnet.network_id == network_id and is_auto_addressed(subnet)]
        _revise_network(state, network_id)
        if auto:
            _add_auto_addresses(state, network_id, auto)
        settle_dhcp_port(state, network_id)


def _add_auto_addresses(state: State, network_id: str, subnets: Sequence[Subnet]) -> None:
    """Give the ports that are there already what they will make of new subnets by themselves.

    Raises InvalidInput.
    """
    ports = [port for port in state.ports_of(network_id) if not port.is_of_network]
    addresses = len(ports) * len(subnets)
    if addresses > MAX_AUTO_ADDRESSES and len(subnets) > 1:
        raise InvalidInput(
            f"{addresses} addresses of {len(ports)} ports in {len(subnets)} new subnets of network"
            f" {network_id} in one request are more than {MAX_AUTO_ADDRESSES}"
        )
    state.update_all(
        [
            (port, replace(port, fixed_ips=(*port.fixed_ips, *_auto_addresses(port, subnets))))
            for port in ports
        ]
    )


def _auto_addresses(port: Port, subnets: Sequence[Subnet]) -> list[FixedIp]:
    return [
        FixedIp(subnet.id, eui64_address(subnet.cidr, port.mac_address))  # type: ignore[arg-type]
        for subnet in subnets
        if serves(subnet, port.device_owner)
    ]


def update(state: State, subnet: Subnet, request: SubnetRequest) -> Subnet:
    """Change a subnet; a DHCP server that found no free address may find one, and leaves the gateway its own.

    Raises BadRequest, Conflict.
    """
    new = replace(subnet, **given(request))
    if new.enable_dhcp and not subnet.enable_dhcp:
        _check_cidr_with_dhcp(new.cidr)
    made = state.update(subnet, new if new == subnet else checked(new))
    if made != subnet:
        _revise_network(state, subnet.network_id)
    if _of_dhcp_server(made) != _of_dhcp_server(subnet):
        settle_dhcp_port(state, subnet.network_id)
    return made


def _of_dhcp_server(subnet: Subnet) -> tuple[object, ...]:
    """Give what the address of the subnet's DHCP server depends on."""
    return subnet.enable_dhcp, subnet.allocation_pools, subnet.gateway_ip


def delete(state: State, subnet: Subnet, terms: Terms) -> None:
    """Delete a subnet; its DHCP server's port gives its address back. Raises SubnetInUse.

    Where machines make their own addresses, they lose them with the subnet; a router has its from elsewhere.
    The other subnets of the network get a DHCP server if that port was somebody else's.
    """
    ports = state.ports_in_subnet(subnet.id)
    routers = [port for port in ports if port.device_owner in ROUTER_INTERFACES]
    in_use = routers if is_auto_addressed(subnet) else ports_in_use(ports)
    if in_use:
        raise SubnetInUse(subnet.id, _told(state, subnet, in_use, terms))
    without = [(port, _without(port, subnet)) for port in ports]
    for port, new in without:
        if port.is_dhcp_server and not new.fixed_ips:
            state.delete(port)
    state.update_all([(port, new) for port, new in without if new.fixed_ips or not port.is_dhcp_server])
    state.delete(subnet)
    settle_dhcp_port(state, subnet.network_id)
    _revise_network(state, subnet.network_id)


def _told(state: State, subnet: Subnet, ports: Sequence[Port], terms: Terms) -> list[str]:
    """Give the ids of those ports that the asker may see: a subnet may be in another project's network."""
    network = state.network(subnet.network_id)
    sees_all = terms.is_admin or (network is not None and network.project_id == terms.project_id)
    return [port.id for port in ports if sees_all or port.project_id == terms.project_id]


def _without(port: Port, subnet: Subnet) -> Port:
    """Give a port without its addresses of a subnet."""
    return replace(port, fixed_ips=tuple(ip for ip in port.fixed_ips if ip.subnet_id != subnet.id))


def _revise_network(state: State, network_id: str) -> None:
    """Give a network a new revision: whoever looks at that sees that a subnet is another one, too."""
    network = state.network(network_id)
    if network is not None:
        state.touch(network)
