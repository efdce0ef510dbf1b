"""Ports: their DHCP options, and how one is made, changed and deleted. PURE."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from osken_apps.dhcp.extra_dhcp_opts import validate_extra_dhcp_opts
from osken_apps.errors import InvalidDhcpOption, InvalidInput, NetworkNotFound, PortBound, PortInUse
from osken_apps.model.addresses import IPAddress, MacAddress
from osken_apps.model.resources import (
    MAX_EXTRA_DHCP_OPTS,
    ExtraDhcpOption,
    FixedIp,
    Network,
    Port,
    PortStatus,
)
from osken_apps.networking.addresses import FixedIpRequest, addresses_of_new_mac, allocated
from osken_apps.networking.dhcp_ports import settle_dhcp_port
from osken_apps.networking.port_bindings import wanted_elsewhere
from osken_apps.networking.port_security import (
    AddressPairRequest,
    SecurityRequest,
    secured,
    secured_again,
)
from osken_apps.networking.security_groups import default_group
from osken_apps.networking.state import ABSENT, Absent, State, given
from osken_apps.networking.terms import Terms

A = TypeVar("A", FixedIp, FixedIpRequest)

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


def dhcp_options(
    present: Iterable[ExtraDhcpOption],
    requests: Iterable[DhcpOptionRequest],
    network_mtu: int,
    lease_time_s: int | None,
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
    wanted, present = tuple(options.values()), tuple(present)
    if wanted == present:
        return present
    if len(wanted) > MAX_EXTRA_DHCP_OPTS:
        raise InvalidInput(f"extra_dhcp_opts: {len(wanted)} options are more than {MAX_EXTRA_DHCP_OPTS}")
    try:
        validate_extra_dhcp_opts(wanted, network_mtu, lease_time_s)
    except InvalidDhcpOption as error:
        raise InvalidInput(str(error)) from error
    return wanted


def create(state: State, project_id: str, network_id: str, request: PortRequest, terms: Terms) -> Port:
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
    default_group(state, project_id, terms)
    fixed_ips = None if isinstance(request.fixed_ips, Absent) else request.fixed_ips
    port = replace(port, fixed_ips=allocated(state, port, fixed_ips, terms))
    port = secured(state, port, network, _security(request), terms)
    return state.create(replace(port, extra_dhcp_opts=_options(request, port, network, terms)))


def update(state: State, port: Port, request: PortRequest, terms: Terms) -> Port:
    """Change a port; a DHCP server that found no free address may have one that this port gave back, and has
    one of each subnet, whatever somebody gives it.

    Raises BadRequest, NotFound, Conflict.
    """
    default_group(state, port.project_id, terms)
    new = replace(port, **given(request, *PLAIN, "mac_address"))
    if new.vnic_type != port.vnic_type and _is_placed(port):
        raise PortInUse(port.id, port.network_id, port.device_id)
    new = _readdressed(state, port, new, request.fixed_ips, terms)
    if not isinstance(request.requested_host, Absent):
        new = wanted_elsewhere(new)
    new = secured_again(state, new, _security(request), terms)
    if not isinstance(request.extra_dhcp_opts, Absent):
        network = _network(state, port.network_id)
        new = replace(new, extra_dhcp_opts=_options(request, new, network, terms))
    if port.is_dhcp_server and not new.is_dhcp_server and new.binding is None:
        new = replace(
            new, status=PortStatus.DOWN
        )  # it was ACTIVE as the server's, which it stands for no more
    made = state.update(port, new)
    serves_no_more = port.is_dhcp_server and not made.is_dhcp_server
    if serves_no_more or set(port.fixed_ips) - set(made.fixed_ips):
        settle_dhcp_port(state, port.network_id)
    return (state.one(Port, made.id) or made) if made.is_dhcp_server else made


def _readdressed(
    state: State, port: Port, new: Port, wishes: tuple[FixedIpRequest, ...] | Absent, terms: Terms
) -> Port:
    """Give a port the addresses that are asked for and that follow from its new MAC address."""
    if new.mac_address != port.mac_address:
        if _is_placed(port):
            raise PortBound(port.id, "ovs", port.mac_address, new.mac_address)
        follows = addresses_of_new_mac(state, port, new.mac_address)
        new = replace(new, fixed_ips=_following(port.fixed_ips, follows))
        wishes = wishes if isinstance(wishes, Absent) else _following(wishes, follows)
    if isinstance(wishes, Absent):
        return new
    return replace(new, fixed_ips=allocated(state, new, wishes, terms))


def _following(named: Iterable[A], follows: Mapping[IPAddress, IPAddress]) -> tuple[A, ...]:
    """Name the addresses that came in the place of others, where a client may still say the old ones."""
    return tuple(
        replace(one, ip_address=follows.get(one.ip_address, one.ip_address)) if one.ip_address else one
        for one in named
    )


def _security(request: PortRequest) -> SecurityRequest:
    return SecurityRequest(
        request.port_security_enabled, request.allowed_address_pairs, request.security_groups
    )


def _options(request: PortRequest, port: Port, network: Network, terms: Terms) -> tuple[ExtraDhcpOption, ...]:
    """Give the DHCP options that a port has after a request."""
    if isinstance(request.extra_dhcp_opts, Absent):
        return port.extra_dhcp_opts
    return dhcp_options(port.extra_dhcp_opts, request.extra_dhcp_opts, network.mtu, terms.lease_time_s)


def _network(state: State, network_id: str) -> Network:
    network = state.network(network_id)
    if network is None:
        raise NetworkNotFound(network_id)
    return network


def _is_placed(port: Port) -> bool:
    """Tell whether a port is somewhere, or is wanted somewhere."""
    return port.binding is not None or bool(port.requested_host)


def delete(state: State, port: Port) -> None:
    """Delete a port; a DHCP server that found no free address may have this one's."""
    state.delete(port)
    settle_dhcp_port(state, port.network_id)
