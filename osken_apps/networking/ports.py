"""Ports: their pairs, options and groups, and how one is made, changed and deleted. PURE."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from osken_apps.dhcp.extra_dhcp_opts import validate_extra_dhcp_opts
from osken_apps.errors import Conflict, InvalidDhcpOption, InvalidInput, NetworkNotFound, PortBound
from osken_apps.model.addresses import MacAddress
from osken_apps.model.resources import MAX_EXTRA_DHCP_OPTS, AddressPair, ExtraDhcpOption, Network, Port
from osken_apps.networking.addresses import NETWORK_OWNED, FixedIpRequest, allocated
from osken_apps.networking.dhcp_ports import settle_dhcp_port
from osken_apps.networking.security_groups import default_group_id, known_groups
from osken_apps.networking.state import ABSENT, Absent, State, given

PLAIN = (
    "name",
    "description",
    "admin_state_up",
    "device_id",
    "device_owner",
    "requested_host",
    "vnic_type",
    "binding_profile",
    "dns_name",
)


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


@dataclass(frozen=True, slots=True)
class AddressPairRequest:
    """An address pair as asked for; without a MAC address it means the port's own."""

    ip_address: str
    mac_address: MacAddress | None = None


@dataclass(frozen=True, slots=True)
class DhcpOptionRequest:
    """A DHCP option to set, or with the value None to delete."""

    opt_name: str
    opt_value: str | None
    ip_version: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRequest:
    """What is asked of a port; the fields are those of `Port`."""

    name: str | Absent = ABSENT
    description: str | Absent = ABSENT
    admin_state_up: bool | Absent = ABSENT
    mac_address: MacAddress | Absent = ABSENT
    fixed_ips: tuple[FixedIpRequest, ...] | Absent = ABSENT
    device_id: str | Absent = ABSENT
    device_owner: str | Absent = ABSENT
    requested_host: str | Absent = ABSENT
    vnic_type: str | Absent = ABSENT
    binding_profile: str | Absent = ABSENT
    port_security_enabled: bool | Absent = ABSENT
    allowed_address_pairs: tuple[AddressPairRequest, ...] | Absent = ABSENT
    extra_dhcp_opts: tuple[DhcpOptionRequest, ...] | Absent = ABSENT
    security_groups: tuple[str, ...] | Absent = ABSENT
    dns_name: str | Absent = ABSENT


def address_pairs(requests: Sequence[AddressPairRequest], mac: MacAddress) -> tuple[AddressPair, ...]:
    """Give the pairs that are asked for; without a MAC address it is the port's. Raises InvalidInput."""
    pairs: dict[AddressPair, None] = {}
    for request in requests:
        pair = AddressPair(request.ip_address, request.mac_address or mac)
        if pair in pairs:
            raise DuplicateAddressPairInRequest(pair)
        pairs[pair] = None
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
    if len(wanted) > MAX_EXTRA_DHCP_OPTS:
        raise InvalidInput(f"extra_dhcp_opts: {len(wanted)} options are more than {MAX_EXTRA_DHCP_OPTS}")
    try:
        validate_extra_dhcp_opts(wanted, network_mtu)
    except InvalidDhcpOption as error:
        raise InvalidInput(str(error)) from error
    return wanted


def check_security(port: Port) -> Port:
    """Refuse groups and address pairs without port security. Raises Conflict."""
    if not port.port_security_enabled:
        if port.security_groups:
            raise PortSecurityPortHasSecurityGroup
        if port.allowed_address_pairs:
            raise AddressPairAndPortSecurityRequired
    return port


def create(state: State, project_id: str, network_id: str, request: PortRequest) -> Port:
    """Make a port. Raises BadRequest, NotFound, Conflict."""
    network = _network(state, network_id)
    mac = state.new_mac(network.id) if isinstance(request.mac_address, Absent) else request.mac_address
    port = Port(
        id=state.new_id(),
        project_id=project_id,
        network_id=network.id,
        mac_address=mac,
        **given(request, *PLAIN),
    )
    port = replace(port, **_lists(request, port, network), **_security(request, port, network))
    fixed_ips = None if isinstance(request.fixed_ips, Absent) else request.fixed_ips
    port = replace(port, fixed_ips=allocated(state, port, fixed_ips))
    return state.create(check_security(port))


def _lists(request: PortRequest, port: Port, network: Network) -> dict[str, Any]:
    """Give the pairs and options that a port has from a request."""
    lists: dict[str, Any] = {}
    if not isinstance(request.allowed_address_pairs, Absent):
        lists["allowed_address_pairs"] = address_pairs(request.allowed_address_pairs, port.mac_address)
    if not isinstance(request.extra_dhcp_opts, Absent):
        lists["extra_dhcp_opts"] = dhcp_options(port.extra_dhcp_opts, request.extra_dhcp_opts, network.mtu)
    return lists


def _security(request: PortRequest, port: Port, network: Network) -> dict[str, Any]:
    """Give what a new port has of port security and groups."""
    owned = port.device_owner.startswith(NETWORK_OWNED)
    enabled = request.port_security_enabled
    if isinstance(enabled, Absent):
        enabled = network.port_security_enabled and not owned
    groups = request.security_groups
    if isinstance(groups, Absent):
        groups = (default_group_id(port.project_id),) if enabled and not owned else ()
    return {
        "port_security_enabled": enabled,
        "security_groups": known_groups(groups, port.project_id),
    }


def update(state: State, port: Port, request: PortRequest) -> Port:
    """Change a port. Raises BadRequest, NotFound, Conflict."""
    new = replace(port, **given(request, *PLAIN, "port_security_enabled", "security_groups", "mac_address"))
    new = replace(new, security_groups=known_groups(new.security_groups, port.project_id))
    if new.mac_address != port.mac_address:
        _check_unbound(port, new.mac_address)
    if given(request, "allowed_address_pairs", "extra_dhcp_opts"):
        new = replace(new, **_lists(request, new, _network(state, port.network_id)))
    if not isinstance(request.fixed_ips, Absent):
        new = replace(new, fixed_ips=allocated(state, new, request.fixed_ips))
    return state.update(port, check_security(new))


def _network(state: State, network_id: str) -> Network:
    network = state.network(network_id)
    if network is None:
        raise NetworkNotFound(network_id)
    return network


def _check_unbound(port: Port, mac: MacAddress) -> None:
    """Refuse another MAC address for a port that is somewhere, or is wanted somewhere. Raises PortBound."""
    if port.binding is not None or port.requested_host:
        raise PortBound(port.id, "ovs", port.mac_address, mac)


def delete(state: State, port: Port) -> None:
    """Delete a port; a DHCP server that found no free address may have this one's."""
    state.delete(port)
    settle_dhcp_port(state, port.network_id)
