"""Subnets: what a request makes of the state. Pure rules first, then the steps in a transaction."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from osken_apps.config import Config
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
from osken_apps.model.resources import AllocationPool, FixedIp, Subnet
from osken_apps.rest.network_declarations import SUBNET
from osken_apps.rest.networks import check_mtu, ports_in_use
from osken_apps.rest.validation import Values, fields_of
from osken_apps.store.dhcp_ports import settle_dhcp_port
from osken_apps.store.selection import Among
from osken_apps.store.transaction import Transaction


class SubnetPoolNotFound(NotFound):
    """There are no subnet pools here."""

    def __init__(self, subnetpool_id: str) -> None:
        super().__init__(f"Subnet pool {subnetpool_id} could not be found.")


AUTO_MODES = frozenset({"slaac", "dhcpv6-stateless"})
PLAIN = ("name", "description", "dns_nameservers", "host_routes", "enable_dhcp", "service_types")
LEAST_ADDRESSES_WITH_DHCP = 4


def is_auto_addressed(subnet: Subnet) -> bool:
    """Tell whether machines make their own addresses of the subnet."""
    return subnet.ipv6_address_mode in AUTO_MODES


def planned(subnet_id: str, project_id: str, values: Values) -> Subnet:
    """Make the subnet that a checked POST asks for. Raises ApiError."""
    cidr: IPNetwork = values["cidr"]
    if cidr.version != values["ip_version"]:
        raise InvalidInput(f"'cidr' '{cidr}' does not match the ip_version '{values['ip_version']}'")
    gateway = values["gateway_ip"] if "gateway_ip" in values else default_gateway(cidr)
    # In a POST an empty list of pools means the default ones, in a PUT no pool.
    pools = values.get("allocation_pools") or default_pools(cidr, gateway)
    return checked(
        Subnet(
            id=subnet_id,
            project_id=project_id,
            network_id=values["network_id"],
            cidr=cidr,
            gateway_ip=gateway,
            allocation_pools=pools,
            ipv6_ra_mode=values["ipv6_ra_mode"],
            ipv6_address_mode=values["ipv6_address_mode"],
            **fields_of(SUBNET, values, *PLAIN),
        )
    )


def changed(subnet: Subnet, values: Values) -> Subnet:
    """Make the subnet that a checked PUT asks for. Raises ApiError."""
    new = replace(subnet, **fields_of(SUBNET, values, *PLAIN, "gateway_ip", "allocation_pools"))
    return new if new == subnet else checked(new)


def checked(subnet: Subnet) -> Subnet:
    """Check every rule that a subnet keeps by itself. Raises ApiError."""
    _check_cidr(subnet.cidr, subnet.enable_dhcp)
    _check_gateway(subnet.cidr, subnet.gateway_ip)
    _check_pools(subnet)
    _check_servers(subnet)
    _check_ipv6_modes(subnet)
    return subnet


def _check_cidr(cidr: IPNetwork, enable_dhcp: bool) -> None:
    if cidr.prefixlen == 0:
        raise InvalidInput(f"0 is not allowed as CIDR prefix length: {cidr}")
    if not enable_dhcp:
        return
    if cidr.is_multicast:
        raise InvalidInput(f"Multicast IP subnet is not supported if enable_dhcp is True: {cidr}")
    if cidr.is_loopback:
        raise InvalidInput(f"Loopback IP subnet is not supported if enable_dhcp is True: {cidr}")
    if cidr.num_addresses < LEAST_ADDRESSES_WITH_DHCP:
        raise InvalidInput(
            f"Subnet has a prefix length that is incompatible with DHCP service enabled: {cidr}"
        )


def is_host_address(cidr: IPNetwork, address: IPAddress) -> bool:
    """Tell whether a machine may have the address: in the subnet, not its network or broadcast one."""
    if address not in cidr:
        return False
    if cidr.version == 6 or cidr.num_addresses < LEAST_ADDRESSES_WITH_DHCP:
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
    for pool in subnet.allocation_pools:
        gateway = subnet.gateway_ip
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
    if AUTO_MODES & {ra_mode, address_mode} and subnet.cidr.prefixlen != 64:
        raise InvalidInput(
            f"Invalid CIDR {subnet.cidr} for IPv6 address mode. OpenStack uses the EUI-64 address format,"
            " which requires the prefix to be /64"
        )


def check_overlap(subnet: Subnet, siblings: Sequence[Subnet]) -> None:
    """Refuse a range that another subnet of the network has a part of. Raises InvalidInput."""
    for sibling in siblings:
        if subnet.cidr.version == sibling.cidr.version and subnet.cidr.overlaps(sibling.cidr):
            raise InvalidInput(
                f"Requested subnet with cidr: {subnet.cidr} for network: {subnet.network_id} overlaps with"
                f" another subnet: {sibling.id} ({sibling.cidr})"
            )


def create(transaction: Transaction, project_id: str, values: Values, _config: Config) -> Subnet:
    """Create the subnet of a checked POST. Raises ApiError."""
    network = transaction.network(values["network_id"])
    if network is None:
        raise NetworkNotFound(values["network_id"])
    if values["subnetpool_id"] is not None:
        raise SubnetPoolNotFound(values["subnetpool_id"])
    subnet = planned(transaction.new_id(), project_id, values)
    check_mtu(network, [subnet])
    check_overlap(subnet, transaction.subnets_of(network.id))
    made = transaction.create(subnet, first_revision=0)
    transaction.touch(network)
    if is_auto_addressed(made):
        _add_auto_addresses(transaction, made)
    settle_dhcp_port(transaction, network.id)
    return made


def _add_auto_addresses(transaction: Transaction, subnet: Subnet) -> None:
    """Give the ports that are there already what they will make of the subnet by themselves."""
    for port in transaction.ports_of(subnet.network_id):
        if not port.device_owner.startswith("network:"):
            address = eui64_address(subnet.cidr, port.mac_address)  # type: ignore[arg-type]
            fixed_ips = (*port.fixed_ips, FixedIp(subnet.id, address))
            transaction.update(port, replace(port, fixed_ips=fixed_ips))


def update(transaction: Transaction, subnet: Subnet, values: Values, _config: Config) -> Subnet:
    """Change a subnet as a checked PUT says. Raises ApiError."""
    made = transaction.update(subnet, changed(subnet, values))
    if made.enable_dhcp != subnet.enable_dhcp:
        settle_dhcp_port(transaction, subnet.network_id)
    return made


def delete(transaction: Transaction, subnet: Subnet, _config: Config) -> None:
    """Delete a subnet; its DHCP server's port gives its address back. Raises SubnetInUse."""
    ids = tuple(transaction.port_ids_of_subnet(subnet.id))
    ports = transaction.ports(Among("id", ids)) if ids else []
    keeping = [port for port in ports if not _leaves_by_itself(subnet)]
    in_use = ports_in_use(keeping)
    if in_use:
        raise SubnetInUse(subnet.id, in_use)
    for port in ports:
        rest = tuple(ip for ip in port.fixed_ips if ip.subnet_id != subnet.id)
        if rest or not port.is_dhcp_server:
            transaction.update(port, replace(port, fixed_ips=rest))
        else:
            transaction.delete(port)
    transaction.delete(subnet)
    network = transaction.network(subnet.network_id)
    if network is not None:
        transaction.touch(network)


def _leaves_by_itself(subnet: Subnet) -> bool:
    """Tell whether ports lose their addresses with the subnet instead of keeping it."""
    return is_auto_addressed(subnet)
