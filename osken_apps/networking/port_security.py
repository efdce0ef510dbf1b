"""Whether a port is guarded, and what else it may send from: port security, address pairs, groups. PURE."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from osken_apps.errors import BadRequest, Conflict
from osken_apps.model.addresses import MacAddress
from osken_apps.model.resources import AddressPair, Network, Port
from osken_apps.networking.security_groups import default_group, groups_of_port
from osken_apps.networking.state import ABSENT, Absent, State
from osken_apps.networking.terms import Terms


class PortSecurityPortHasSecurityGroup(Conflict):
    """Port security cannot go while groups need it."""

    def __init__(self) -> None:
        super().__init__(
            "Port has security group associated. Cannot disable port security or IP address until security"
            " group is removed."
        )


class PortSecurityAndIPRequiredForSecurityGroups(BadRequest):
    """Groups mean nothing without port security."""

    def __init__(self) -> None:
        super().__init__(
            "Port security must be enabled and port must have an IP address in order to use security groups."
        )


class AddressPairAndPortSecurityRequired(Conflict):
    """Address pairs mean nothing without port security."""

    def __init__(self) -> None:
        super().__init__("Port Security must be enabled in order to have allowed address pairs on a port.")


class DuplicateAddressPairInRequest(BadRequest):
    """An address pair is named twice."""

    def __init__(self, pair: AddressPair) -> None:
        super().__init__(
            f"Request contains duplicate address pair: mac_address {pair.mac_address} ip_address"
            f" {pair.ip_address}."
        )


@dataclass(frozen=True, slots=True)
class AddressPairRequest:
    """An address pair as asked for; without a MAC address it means the port's own."""

    ip_address: str
    mac_address: MacAddress | None = None


@dataclass(frozen=True, slots=True)
class SecurityRequest:
    """What is asked of a port's security."""

    enabled: bool | Absent = ABSENT
    pairs: tuple[AddressPairRequest, ...] | Absent = ABSENT
    groups: tuple[str, ...] | Absent = ABSENT


def secured(state: State, port: Port, network: Network, request: SecurityRequest, terms: Terms) -> Port:
    """Give a new port its security: as asked, else as the network has it, with the project's default group.

    A port of the network itself has none. Raises BadRequest, NotFound, Conflict.
    """
    enabled = network.port_security_enabled if isinstance(request.enabled, Absent) else request.enabled
    if port.is_of_network:
        enabled = False
    pairs = () if isinstance(request.pairs, Absent) else request.pairs
    if not enabled:
        if pairs:
            raise AddressPairAndPortSecurityRequired
        if request.groups is not ABSENT and request.groups:
            raise PortSecurityAndIPRequiredForSecurityGroups
        return replace(port, port_security_enabled=False)
    if isinstance(request.groups, Absent):
        default = default_group(state, port.project_id, terms)
        groups: tuple[str, ...] = () if default is None else (default.id,)
    else:
        groups = groups_of_port(state, request.groups, terms, port.project_id)
    return replace(
        port,
        port_security_enabled=True,
        security_groups=groups,
        allowed_address_pairs=address_pairs(pairs, port.mac_address),
    )


def secured_again(state: State, port: Port, request: SecurityRequest, terms: Terms) -> Port:
    """Give a port the security that is asked for; what is not, stays.

    Raises BadRequest, NotFound, Conflict.
    """
    if not isinstance(request.enabled, Absent):
        port = replace(port, port_security_enabled=request.enabled)
    if not port.port_security_enabled:
        _check_without(port, request)
    if not isinstance(request.pairs, Absent):
        port = replace(port, allowed_address_pairs=address_pairs(request.pairs, port.mac_address))
    if not isinstance(request.groups, Absent) and set(request.groups) != set(port.security_groups):
        port = replace(port, security_groups=groups_of_port(state, request.groups, terms))
    return port


def _check_without(port: Port, request: SecurityRequest) -> None:
    """Refuse what needs port security, asked for or there already. Raises BadRequest, Conflict."""
    if port.allowed_address_pairs if isinstance(request.pairs, Absent) else request.pairs:
        raise AddressPairAndPortSecurityRequired
    if isinstance(request.groups, Absent):
        if port.security_groups:
            raise PortSecurityPortHasSecurityGroup
    elif request.groups:
        raise PortSecurityAndIPRequiredForSecurityGroups


def address_pairs(requests: Sequence[AddressPairRequest], mac: MacAddress) -> tuple[AddressPair, ...]:
    """Give the pairs that are asked for; without a MAC address it is the port's.

    Raises DuplicateAddressPairInRequest.
    """
    pairs: dict[AddressPair, None] = {}
    for request in requests:
        pair = AddressPair(request.ip_address, request.mac_address or mac)
        if pair in pairs:
            raise DuplicateAddressPairInRequest(pair)
        pairs[pair] = None
    return tuple(pairs)
