"""The addresses of a port: those that are asked for, those it has already, or free ones. PURE."""

from collections.abc import Sequence
from dataclasses import dataclass

from osken_apps.errors import (
    AllocationOnAutoAddressSubnet,
    InvalidInput,
    InvalidIpForNetwork,
    InvalidIpForSubnet,
    IpAddressGenerationFailure,
    IpAddressGenerationFailureNoMatchingSubnet,
    SubnetNotFound,
)
from osken_apps.model.addresses import IPAddress, MacAddress
from osken_apps.model.allocation import eui64_address
from osken_apps.model.resources import FixedIp, Port, Subnet
from osken_apps.networking.state import State
from osken_apps.networking.subnets import ROUTER_PORTS, is_auto_addressed, is_host_address, serves
from osken_apps.networking.terms import Terms

MAX_FIXED_IPS = 5


@dataclass(frozen=True, slots=True)
class FixedIpRequest:
    """An address that is asked for: any of a subnet, that one, or that one of that subnet."""

    subnet_id: str | None = None
    ip_address: IPAddress | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """An address to allocate: `ip_address`, or any of the first of `subnets` that has one."""

    subnets: tuple[Subnet, ...]
    ip_address: IPAddress | None = None


def default_allocations(subnets: Sequence[Subnet]) -> list[Allocation]:
    """Ask for one IPv4 address and one of the IPv6 subnets that are served by DHCP."""
    chosen = [subnet for subnet in subnets if not is_auto_addressed(subnet)]
    families = [tuple(subnet for subnet in chosen if subnet.ip_version == version) for version in (4, 6)]
    return [Allocation(family) for family in families if family]


def allocation_of(request: FixedIpRequest, subnets: Sequence[Subnet], port: Port) -> Allocation:
    """Understand an address requested for a port; `subnets` are those that may give it. Raises BadRequest."""
    address = request.ip_address
    if request.subnet_id is None:
        if address is None:
            raise InvalidInput("IP allocation requires subnet_id or ip_address")
        holders = [subnet for subnet in subnets if _may_have(port, subnet, address)]
        if not holders:
            raise InvalidIpForNetwork(address)
        return _chosen(holders[0], address)
    subnet = next(subnet for subnet in subnets if subnet.id == request.subnet_id)
    if address is None:
        return Allocation((subnet,))
    if not _may_have(port, subnet, address):
        raise InvalidIpForSubnet(address)
    return _chosen(subnet, address)


def _may_have(port: Port, subnet: Subnet, address: IPAddress) -> bool:
    """Tell whether a port may have an address of a subnet, as Neutron does: an IPv6 subnet's first one is its
    routers' (RFC 4291, 2.6.1), and a port's that nobody has yet.
    """
    cidr = subnet.cidr
    if cidr.version == 6 and cidr.num_addresses > 1 and address == cidr.network_address:
        held = FixedIp(subnet.id, address) in port.fixed_ips
        return held or not port.device_owner or port.device_owner in ROUTER_PORTS
    return is_host_address(cidr, address)


def _chosen(subnet: Subnet, address: IPAddress) -> Allocation:
    return Allocation((subnet,), address)


def _auto_address(subnet: Subnet, mac: MacAddress) -> IPAddress:
    return eui64_address(subnet.cidr, mac)  # type: ignore[arg-type]


def _allocations(
    state: State, port: Port, requests: Sequence[FixedIpRequest], subnets: Sequence[Subnet], terms: Terms
) -> list[Allocation]:
    known = {subnet.id for subnet in subnets}
    for request in requests:
        if request.subnet_id is not None and request.subnet_id not in known:
            raise _unusable(state, port.network_id, request.subnet_id, terms)
    return [allocation_of(request, subnets, port) for request in requests]


def _unusable(state: State, network_id: str, subnet_id: str, terms: Terms) -> InvalidInput | SubnetNotFound:
    """Say why a subnet gives no address in a network; one elsewhere of another project is not there."""
    subnet = state.subnet(subnet_id)
    if subnet is None or not (
        terms.is_admin or network_id == subnet.network_id or subnet.project_id == terms.project_id
    ):
        return SubnetNotFound(subnet_id)
    return _invalid_subnet(network_id, subnet_id)


def _check_count(port: Port, requests: Sequence[FixedIpRequest], subnets: Sequence[Subnet]) -> None:
    """Refuse more addresses than a port may have, unless it has them all. Raises InvalidInput.

    Those that it makes of its MAC address do not count.
    """
    if len(requests) <= MAX_FIXED_IPS:
        return
    asked = {(request.subnet_id, request.ip_address) for request in requests}
    automatic = {
        subnet.id: _auto_address(subnet, port.mac_address) for subnet in subnets if is_auto_addressed(subnet)
    }
    named = [
        subnet_id
        for subnet_id, address in automatic.items()
        if not asked.isdisjoint({(subnet_id, None), (subnet_id, address), (None, address)})
    ]
    held = {(fixed_ip.subnet_id, fixed_ip.ip_address) for fixed_ip in port.fixed_ips}
    if len(requests) - len(named) > MAX_FIXED_IPS and not asked <= held:
        raise InvalidInput(f"Exceeded maximum amount of fixed ips per port: {MAX_FIXED_IPS}")


def _invalid_subnet(network_id: str, subnet_id: str) -> InvalidInput:
    return InvalidInput(
        f"Failed to create port on network {network_id}, because fixed_ips included invalid subnet"
        f" {subnet_id}"
    )


def _granted(state: State, network_id: str, allocations: Sequence[Allocation], port: Port) -> list[FixedIp]:
    """Give an address for each allocation: the one asked for, the one held already, or a free one.

    What a machine makes of its MAC address is not held but made again, and is one however often asked for.
    """
    auto = {
        subnet.id for allocation in allocations for subnet in allocation.subnets if is_auto_addressed(subnet)
    }
    held = [ip for ip in port.fixed_ips if ip.subnet_id not in auto or port.is_of_network]
    granted: list[FixedIp] = []
    # What is asked for by name is not given away to an allocation that takes any address.
    named = {
        id(allocation): FixedIp(allocation.subnets[0].id, allocation.ip_address)
        for allocation in allocations
        if allocation.ip_address
    }
    _refuse_twice(list(named.values()))
    for allocation in allocations:
        fixed_ip = named.get(id(allocation)) or _held(allocation, held, [*named.values(), *granted])
        fixed_ip = fixed_ip or _fresh(state, network_id, allocation, port, [*named.values(), *granted])
        _check_auto(allocation, fixed_ip, port)
        if fixed_ip not in granted:
            granted.append(fixed_ip)
    return granted


def _refuse_twice(fixed_ips: Sequence[FixedIp]) -> None:
    for index, fixed_ip in enumerate(fixed_ips):
        if fixed_ip in fixed_ips[:index]:
            raise InvalidInput(f"Duplicate IP address '{fixed_ip.ip_address}'")


def _check_auto(allocation: Allocation, fixed_ip: FixedIp, port: Port) -> None:
    subnet = next(subnet for subnet in allocation.subnets if subnet.id == fixed_ip.subnet_id)
    if (
        allocation.ip_address is not None
        and not port.is_of_network
        and is_auto_addressed(subnet)
        and fixed_ip.ip_address != _auto_address(subnet, port.mac_address)
    ):
        raise AllocationOnAutoAddressSubnet(fixed_ip.ip_address, subnet.id)


def _held(allocation: Allocation, held: Sequence[FixedIp], used: Sequence[FixedIp]) -> FixedIp | None:
    ids = {subnet.id for subnet in allocation.subnets}
    return next((ip for ip in held if ip.subnet_id in ids and ip not in used), None)


def _fresh(
    state: State, network_id: str, allocation: Allocation, port: Port, used: Sequence[FixedIp]
) -> FixedIp:
    for subnet in allocation.subnets:
        if is_auto_addressed(subnet):
            return FixedIp(subnet.id, _auto_address(subnet, port.mac_address))
        besides = [ip.ip_address for ip in used if ip.subnet_id == subnet.id]
        address = state.free_address(subnet, besides)
        if address is not None:
            return FixedIp(subnet.id, address)
    raise IpAddressGenerationFailure(network_id)


def allocated(
    state: State, port: Port, requests: Sequence[FixedIpRequest] | None, terms: Terms
) -> tuple[FixedIp, ...]:
    """Give a port's addresses: those requested, or the default ones (None), and what its machine makes.

    They are of the subnets that serve its owner, those that name it first; what it holds already, it keeps.
    Raises BadRequest, NotFound, Conflict.
    """
    subnets = state.subnets_of(port.network_id)
    _check_count(port, requests or (), subnets)
    eligible = sorted(
        (subnet for subnet in subnets if serves(subnet, port.device_owner)),
        key=lambda subnet: not subnet.service_types,
    )
    if subnets and not eligible and (requests is None or requests):
        raise IpAddressGenerationFailureNoMatchingSubnet(port.network_id, port.device_owner)
    if requests is None:
        allocations = default_allocations(eligible)
    else:
        others_held = {fixed_ip.subnet_id for fixed_ip in port.fixed_ips}
        others_held -= {subnet.id for subnet in eligible}
        others = [subnet for subnet in subnets if subnet.id in others_held]
        allocations = _allocations(state, port, requests, [*eligible, *others], terms)
    granted = _granted(state, port.network_id, allocations, port)
    _check_served(port, granted, eligible)
    if not port.is_of_network:
        present = {fixed_ip.subnet_id for fixed_ip in granted}
        granted += [
            FixedIp(subnet.id, _auto_address(subnet, port.mac_address))
            for subnet in eligible
            if is_auto_addressed(subnet) and subnet.id not in present
        ]
    return tuple(granted)


def _check_served(port: Port, granted: Sequence[FixedIp], eligible: Sequence[Subnet]) -> None:
    """Refuse new addresses of subnets that do not serve the port's owner. Raises InvalidInput."""
    ids = {subnet.id for subnet in eligible}
    for fixed_ip in granted:
        if fixed_ip.subnet_id not in ids and fixed_ip not in port.fixed_ips:
            raise _invalid_subnet(port.network_id, fixed_ip.subnet_id)


def addresses_of_new_mac(state: State, port: Port, mac: MacAddress) -> dict[IPAddress, IPAddress]:
    """Give what becomes of a port's addresses that follow from its MAC address, when it gets another."""
    subnets = {subnet.id: subnet for subnet in state.subnets_of(port.network_id) if is_auto_addressed(subnet)}
    follows = {}
    for held in port.fixed_ips:
        subnet = subnets.get(held.subnet_id)
        if subnet and not (port.is_of_network and held.ip_address != _auto_address(subnet, port.mac_address)):
            follows[held.ip_address] = _auto_address(subnet, mac)
    return follows
