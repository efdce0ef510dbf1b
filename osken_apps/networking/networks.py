"""Networks: what is made, changed and deleted when somebody asks for it. PURE."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from osken_apps.errors import Conflict, InvalidInput, NetworkInUse, NetworkMTUSubnetConflict, NotFound
from osken_apps.model.resources import (
    DHCP_DEVICE_OWNER,
    NETWORK_OWNED,
    Network,
    NetworkType,
    Port,
    Subnet,
)
from osken_apps.networking.physical import PhysicalNetworks
from osken_apps.networking.security_groups import default_group
from osken_apps.networking.segments import allocated, moved, segment_of
from osken_apps.networking.state import ABSENT, Absent, State, given
from osken_apps.networking.terms import Terms

MIN_MTU = {4: 68, 6: 1280}  # of a network with subnets of that IP version
ZONE = "nova"
# What nobody has asked for, and what Neutron's OVN and distributed routers leave, goes with its network.
AUTO_DELETED_OWNERS = frozenset(
    {DHCP_DEVICE_OWNER, f"{NETWORK_OWNED}distributed", f"{NETWORK_OWNED}floatingip_agent_gateway"}
)
ROUTER_GATEWAY = f"{NETWORK_OWNED}router_gateway"  # the owner of what a router has in an external network
PLAIN = (
    "name",
    "description",
    "admin_state_up",
    "shared",
    "external",
    "is_default",
    "port_security_enabled",
    "availability_zone_hints",
    "dns_domain",
)
SEGMENT = ("network_type", "physical_network", "segmentation_id")


class AvailabilityZoneNotFound(NotFound):
    """No availability zone has that name."""

    def __init__(self, zone: str) -> None:
        super().__init__(f"AvailabilityZone {zone} could not be found.")


class InvalidSharedSetting(Conflict):
    """Other projects use the network."""

    def __init__(self, network_id: str) -> None:
        super().__init__(
            f"Unable to reconfigure sharing settings for network {network_id}. Multiple tenants are using it."
        )


class ExternalNetworkInUse(Conflict):
    """Routers have their gateways in the network."""

    def __init__(self, network_id: str) -> None:
        super().__init__(
            f"External network {network_id} cannot be updated to be made non-external, since it has existing"
            " gateway ports."
        )


class DefaultExternalNetworkExists(Conflict):
    """Another external network is the default one already."""

    def __init__(self, network_id: str) -> None:
        super().__init__(f"A default external network already exists: {network_id}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRequest:
    """What is asked of a network; the fields are those of `Network`. An MTU of 0 is the default one."""

    name: str | Absent = ABSENT
    description: str | Absent = ABSENT
    admin_state_up: bool | Absent = ABSENT
    shared: bool | Absent = ABSENT
    external: bool | Absent = ABSENT
    is_default: bool | Absent = ABSENT
    mtu: int | Absent = ABSENT
    port_security_enabled: bool | Absent = ABSENT
    network_type: str | Absent = ABSENT
    physical_network: str | Absent = ABSENT
    segmentation_id: int | Absent = ABSENT
    availability_zone_hints: tuple[str, ...] | Absent = ABSENT
    dns_domain: str | Absent = ABSENT


def check_zones(hints: Sequence[str]) -> None:
    """Refuse a hint at a zone that is not there. Raises AvailabilityZoneNotFound."""
    for hint in hints:
        if hint != ZONE:
            raise AvailabilityZoneNotFound(hint)


def checked_mtu(mtu: int, most: int) -> int:
    """Check the MTU that is asked for; 0 means the default, `most`. Raises InvalidInput."""
    if mtu > most:
        raise InvalidInput(f"Requested MTU is too big, maximum is {most}: {mtu}")
    return mtu or most


def check_mtu(network: Network, subnets: Iterable[Subnet]) -> None:
    """Refuse an MTU that is less than a subnet needs (RFC 791, RFC 8200). Raises NetworkMTUSubnetConflict."""
    least = max((MIN_MTU[subnet.ip_version] for subnet in subnets), default=0)
    if network.mtu < least:
        raise NetworkMTUSubnetConflict(network.id, least)


def create(
    state: State,
    project_id: str,
    request: NetworkRequest,
    physical: PhysicalNetworks,
    terms: Terms,
    away: Mapping[str, datetime],
) -> Network:
    """Make a network; `away` are the hosts that are not connected, with when they were last.

    Raises BadRequest, NotFound, Conflict, NoNetworkAvailable.
    """
    default_group(state, project_id, terms)
    plain = given(request, *PLAIN)
    check_zones(plain.get("availability_zone_hints", ()))
    asked = given(request, *SEGMENT)
    segment = segment_of(
        asked.get("network_type"),
        asked.get("physical_network"),
        asked.get("segmentation_id"),
        physical.names,
    )
    segment = allocated(state, segment, physical, away)
    network_type, physical_network = segment.network_type or NetworkType.VLAN, segment.physical_network or ""
    mtu = 0 if isinstance(request.mtu, Absent) else request.mtu
    network = Network(
        id=state.new_id(),
        project_id=project_id,
        mtu=checked_mtu(mtu, physical.max_mtu(network_type, physical_network)),
        network_type=network_type,
        physical_network=physical_network,
        segmentation_id=segment.segmentation_id,
        **plain,
    )
    if _is_default(network):
        _check_only_default(state)
    return state.create(network)


def update(state: State, network: Network, request: NetworkRequest, physical: PhysicalNetworks) -> Network:
    """Change a network. Raises BadRequest, Conflict."""
    new = replace(network, **given(request, *PLAIN))
    if not isinstance(request.mtu, Absent):
        most = physical.max_mtu(network.network_type, network.physical_network)
        new = replace(new, mtu=checked_mtu(request.mtu, most))
    if new.mtu < network.mtu:
        check_mtu(new, state.subnets_of(network.id))
    if network.shared and not new.shared:
        _check_unshared(state, network)
    if network.external and not new.external and state.ports_owned(network.id, ROUTER_GATEWAY):
        raise ExternalNetworkInUse(network.id)
    if _is_default(new) and not _is_default(network):
        _check_only_default(state)
    new = moved(state, new, given(request, *SEGMENT))
    return state.update(network, new)


def _check_unshared(state: State, network: Network) -> None:
    """Refuse to take a network from other projects that use it. Raises InvalidSharedSetting.

    What is the network's own counts for nobody's, whosever it is.
    """
    ports = (port for port in state.ports_of(network.id) if not port.is_of_network)
    users = {used.project_id for used in (*ports, *state.subnets_of(network.id))}
    if users - {network.project_id}:
        raise InvalidSharedSetting(network.id)


def _is_default(network: Network) -> bool:
    """Tell whether it is the external network that who names none means."""
    return network.external and network.is_default


def _check_only_default(state: State) -> None:
    """Refuse a second default one. Raises DefaultExternalNetworkExists."""
    if present := state.default_external_network():
        raise DefaultExternalNetworkExists(present.id)


def delete(state: State, network: Network) -> None:
    """Delete a network with its subnets and its DHCP server's port. Raises NetworkInUse."""
    ports = state.ports_of(network.id)
    in_use = ports_in_use(ports)
    if in_use:
        raise NetworkInUse(network.id, [port.id for port in in_use])
    for port in ports:
        state.delete(port)
    for subnet in state.subnets_of(network.id):
        state.delete(subnet)
    state.delete(network)


def ports_in_use(ports: Sequence[Port]) -> list[Port]:
    """Give the ports that keep a network or subnet from being deleted."""
    return [port for port in ports if port.device_owner not in AUTO_DELETED_OWNERS]
