"""Ports: what a request makes of the state. Pure rules first, then the steps in a transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from osken_apps.config import Config
from osken_apps.dhcp.extra import validate_extra_dhcp_opts
from osken_apps.errors import (
    AllocationOnAutoAddressSubnet,
    Conflict,
    InvalidInput,
    InvalidIpForNetwork,
    InvalidIpForSubnet,
    IpAddressGenerationFailure,
    NetworkNotFound,
    PortBound,
    SubnetNotFound,
)
from osken_apps.model.addresses import IPAddress, MacAddress
from osken_apps.model.allocation import eui64_address
from osken_apps.model.resources import AddressPair, ExtraDhcpOption, FixedIp, Network, Port, Subnet
from osken_apps.rest.groups import SecurityGroupNotFound, default_group_id
from osken_apps.rest.port_declarations import (
    MAX_DHCP_OPTIONS,
    PORT,
    AddressPairRequest,
    DhcpOptionRequest,
    FixedIpRequest,
)
from osken_apps.rest.subnets import is_auto_addressed, is_host_address
from osken_apps.rest.validation import Values, fields_of
from osken_apps.store.dhcp_ports import settle_dhcp_port
from osken_apps.store.transaction import Transaction

PLAIN = (
    "name",
    "description",
    "admin_state_up",
    "device_id",
    "device_owner",
    "binding:vnic_type",
    "binding:profile",
    "dns_name",
)
NETWORK_OWNED = "network:"


class PortSecurityPortHasSecurityGroup(Conflict):
    """Port security cannot go while groups need it."""

    def __init__(self) -> None:
        super().__init__(
            "Port has security group associated. Cannot disable port security or IP address until security"
            " group is removed."
        )


class AddressPairAndPortSecurityRequired(Conflict):
    """Address pairs mean nothing without port security."""

    def __init__(self) -> None:
        super().__init__("Port Security must be enabled in order to have allowed address pairs on a port.")


class DuplicateAddressPairInRequest(InvalidInput):
    """An address pair is named twice."""

    def __init__(self, pair: AddressPair) -> None:
        super().__init__(
            f"Request contains duplicate address pair: mac_address {pair.mac_address} ip_address"
            f" {pair.ip_address}"
        )


def address_pairs(requests: Sequence[AddressPairRequest], mac: MacAddress) -> tuple[AddressPair, ...]:
    """Give the pairs that a request asks for; without a MAC address it is the port's. Raises InvalidInput."""
    pairs: list[AddressPair] = []
    for request in requests:
        pair = AddressPair(request.ip_address, request.mac_address or mac)
        if pair in pairs:
            raise DuplicateAddressPairInRequest(pair)
        pairs.append(pair)
    return tuple(pairs)


def dhcp_options(
    present: Iterable[ExtraDhcpOption], requests: Iterable[DhcpOptionRequest], network_mtu: int
) -> tuple[ExtraDhcpOption, ...]:
    """Set the options that a request names; those with the value None go, the others stay.

    Raises InvalidInput for options that would break a client.
    """
    options = {(option.opt_name, option.ip_version): option for option in present}
    for request in requests:
        key = (request.opt_name, request.ip_version)
        if request.opt_value is None:
            options.pop(key, None)
        else:
            options[key] = ExtraDhcpOption(request.opt_name, request.opt_value, request.ip_version)
    wanted = tuple(options.values())
    if len(wanted) > MAX_DHCP_OPTIONS:
        raise InvalidInput(f"extra_dhcp_opts: {len(wanted)} options are more than {MAX_DHCP_OPTIONS}")
    validate_extra_dhcp_opts(wanted, network_mtu)
    return wanted


def check_security(port: Port) -> Port:
    """Refuse groups and address pairs without port security. Raises Conflict."""
    if not port.port_security_enabled:
        if port.security_groups:
            raise PortSecurityPortHasSecurityGroup
        if port.allowed_address_pairs:
            raise AddressPairAndPortSecurityRequired
    return port


@dataclass(frozen=True, slots=True)
class Wish:
    """An address to allocate: `ip_address`, or any of the first of `subnets` that has one."""

    subnets: tuple[Subnet, ...]
    ip_address: IPAddress | None = None


def default_wishes(subnets: Sequence[Subnet]) -> list[Wish]:
    """Wish for one IPv4 address and one of the IPv6 subnets that are served by DHCP."""
    chosen = [subnet for subnet in subnets if not is_auto_addressed(subnet)]
    families = [tuple(subnet for subnet in chosen if subnet.ip_version == version) for version in (4, 6)]
    return [Wish(family) for family in families if family]


def wish_of(request: FixedIpRequest, subnets: Sequence[Subnet]) -> Wish:
    """Understand one requested address; `subnets` are all those of the network. Raises ApiError."""
    address = request.ip_address
    if request.subnet_id is None:
        if address is None:
            raise InvalidInput("IP allocation requires subnet_id or ip_address")
        holders = [subnet for subnet in subnets if is_host_address(subnet.cidr, address)]
        if not holders:
            raise InvalidIpForNetwork(address)
        return _chosen(holders[0], address)
    subnet = next(subnet for subnet in subnets if subnet.id == request.subnet_id)
    if address is None:
        return Wish((subnet,))
    if not is_host_address(subnet.cidr, address):
        raise InvalidIpForSubnet(address)
    return _chosen(subnet, address)


def _chosen(subnet: Subnet, address: IPAddress) -> Wish:
    return Wish((subnet,), address)


def _auto_address(subnet: Subnet, mac: MacAddress) -> IPAddress:
    return eui64_address(subnet.cidr, mac)  # type: ignore[arg-type]


def _wishes(
    transaction: Transaction, network_id: str, requests: Sequence[FixedIpRequest], subnets: Sequence[Subnet]
) -> list[Wish]:
    known = {subnet.id for subnet in subnets}
    for request in requests:
        if request.subnet_id is not None and request.subnet_id not in known:
            if transaction.subnet(request.subnet_id) is None:
                raise SubnetNotFound(request.subnet_id)
            raise InvalidInput(
                f"Failed to create port on network {network_id}, because fixed_ips included invalid subnet"
                f" {request.subnet_id}"
            )
    return [wish_of(request, subnets) for request in requests]


def _granted(transaction: Transaction, network_id: str, wishes: Sequence[Wish], port: Port) -> list[FixedIp]:
    """Give an address for each wish: the one asked for, the one held already, or a free one."""
    held = list(port.fixed_ips)
    granted: list[FixedIp] = []
    # What is asked for by name is not given away to a wish that takes any address.
    named = {id(wish): FixedIp(wish.subnets[0].id, wish.ip_address) for wish in wishes if wish.ip_address}
    _refuse_twice(list(named.values()))
    for wish in wishes:
        fixed_ip = named.get(id(wish)) or _held(wish, held, [*named.values(), *granted])
        fixed_ip = fixed_ip or _fresh(transaction, network_id, wish, port, [*named.values(), *granted])
        _check_auto(wish, fixed_ip, port)
        granted.append(fixed_ip)
    return granted


def _refuse_twice(fixed_ips: Sequence[FixedIp]) -> None:
    for index, fixed_ip in enumerate(fixed_ips):
        if fixed_ip in fixed_ips[:index]:
            raise InvalidInput(f"Duplicate IP address '{fixed_ip.ip_address}'")


def _check_auto(wish: Wish, fixed_ip: FixedIp, port: Port) -> None:
    subnet = next(subnet for subnet in wish.subnets if subnet.id == fixed_ip.subnet_id)
    chosen = wish.ip_address is not None and not port.device_owner.startswith(NETWORK_OWNED)
    if (
        chosen
        and is_auto_addressed(subnet)
        and fixed_ip.ip_address != _auto_address(subnet, port.mac_address)
    ):
        raise AllocationOnAutoAddressSubnet(fixed_ip.ip_address, subnet.id)


def _held(wish: Wish, held: Sequence[FixedIp], used: Sequence[FixedIp]) -> FixedIp | None:
    ids = {subnet.id for subnet in wish.subnets}
    return next((ip for ip in held if ip.subnet_id in ids and ip not in used), None)


def _fresh(
    transaction: Transaction, network_id: str, wish: Wish, port: Port, used: Sequence[FixedIp]
) -> FixedIp:
    for subnet in wish.subnets:
        if is_auto_addressed(subnet):
            return FixedIp(subnet.id, _auto_address(subnet, port.mac_address))
        besides = [ip.ip_address for ip in used if ip.subnet_id == subnet.id]
        address = transaction.free_address(subnet, besides)
        if address is not None:
            return FixedIp(subnet.id, address)
    raise IpAddressGenerationFailure(network_id)


def _addresses(
    transaction: Transaction, port: Port, requests: Sequence[FixedIpRequest] | None
) -> tuple[FixedIp, ...]:
    """Give a port's addresses: those requested, or the default ones (None)."""
    if requests is not None and not requests:
        return ()
    subnets = transaction.subnets_of(port.network_id)
    eligible = [
        subnet for subnet in subnets if not subnet.service_types or port.device_owner in subnet.service_types
    ]
    if requests is None:
        wishes = default_wishes(eligible)
    else:
        wishes = _wishes(transaction, port.network_id, requests, subnets)
    granted = _granted(transaction, port.network_id, wishes, port)
    if not port.device_owner.startswith(NETWORK_OWNED):
        present = {fixed_ip.subnet_id for fixed_ip in granted}
        granted += [
            FixedIp(subnet.id, _auto_address(subnet, port.mac_address))
            for subnet in eligible
            if is_auto_addressed(subnet) and subnet.id not in present
        ]
    return tuple(granted)


def create(transaction: Transaction, project_id: str, values: Values, _config: Config) -> Port:
    """Create the port of a checked POST. Raises ApiError."""
    network = transaction.network(values["network_id"])
    if network is None:
        raise NetworkNotFound(values["network_id"])
    mac = values.get("mac_address") or transaction.new_mac(network.id)
    port = Port(
        id=transaction.new_id(),
        project_id=project_id,
        network_id=network.id,
        mac_address=mac,
        requested_host=values["binding:host_id"],
        allowed_address_pairs=address_pairs(values.get("allowed_address_pairs", ()), mac),
        extra_dhcp_opts=dhcp_options((), values.get("extra_dhcp_opts", ()), network.mtu),
        **fields_of(PORT, values, *PLAIN),
        **_default_security(network, project_id, values),
    )
    fixed_ips = _addresses(transaction, port, values.get("fixed_ips"))
    return transaction.create(check_security(replace(port, fixed_ips=fixed_ips)))


def _default_security(network: Network, project_id: str, values: Values) -> dict[str, Any]:
    owned = values["device_owner"].startswith(NETWORK_OWNED)
    enabled = values.get("port_security_enabled", network.port_security_enabled and not owned)
    groups = (default_group_id(project_id),) if enabled and not owned else ()
    return {
        "port_security_enabled": enabled,
        "security_groups": _known_groups(values.get("security_groups", groups), project_id),
    }


def _known_groups(group_ids: tuple[str, ...], project_id: str) -> tuple[str, ...]:
    """Give each group once; each must be one of the project. Raises SecurityGroupNotFound."""
    for group_id in group_ids:
        if group_id != default_group_id(project_id):
            raise SecurityGroupNotFound(group_id)
    return tuple(dict.fromkeys(group_ids))


def update(transaction: Transaction, port: Port, values: Values, _config: Config) -> Port:
    """Change a port as a checked PUT says. Raises ApiError."""
    further = fields_of(PORT, values, *PLAIN, "port_security_enabled", "security_groups", "mac_address")
    new = replace(port, **further)
    new = replace(new, security_groups=_known_groups(new.security_groups, port.project_id))
    if new.mac_address != port.mac_address:
        _check_unbound(port, new.mac_address)
    if "binding:host_id" in values:
        new = replace(new, requested_host=values["binding:host_id"])
    if "allowed_address_pairs" in values:
        pairs = address_pairs(values["allowed_address_pairs"], new.mac_address)
        new = replace(new, allowed_address_pairs=pairs)
    if "extra_dhcp_opts" in values:
        network = transaction.network(port.network_id)
        if network is None:
            raise NetworkNotFound(port.network_id)
        options = dhcp_options(port.extra_dhcp_opts, values["extra_dhcp_opts"], network.mtu)
        new = replace(new, extra_dhcp_opts=options)
    if "fixed_ips" in values:
        new = replace(new, fixed_ips=_addresses(transaction, new, values["fixed_ips"]))
    return transaction.update(port, check_security(new))


def _check_unbound(port: Port, mac: MacAddress) -> None:
    """Refuse another MAC address for a port that is somewhere, or is wanted somewhere. Raises PortBound."""
    if port.binding is not None or port.requested_host:
        raise PortBound(port.id, "ovs", port.mac_address, mac)


def delete(transaction: Transaction, port: Port, _config: Config) -> None:
    """Delete a port; a DHCP server that found no free address may have this one's."""
    transaction.delete(port)
    settle_dhcp_port(transaction, port.network_id)
