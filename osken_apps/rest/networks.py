"""Networks: what a request makes of the state. Pure rules first, then the steps in a transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from osken_apps.config import Config, VlanRange
from osken_apps.errors import Conflict, InvalidInput, NetworkInUse, NetworkMTUSubnetConflict, NotFound
from osken_apps.model.resources import Network, NetworkType, Port, Subnet
from osken_apps.rest.network_declarations import NETWORK
from osken_apps.rest.validation import Values, fields_of
from osken_apps.store.transaction import Transaction

MIN_MTU = {4: 68, 6: 1280}  # of a network with subnets of that IP version
ZONE = "nova"
VLAN_IDS = range(1, 4095)
AUTO_DELETED_OWNERS = frozenset({"network:dhcp"})
PLAIN = (
    "name",
    "description",
    "admin_state_up",
    "shared",
    "router:external",
    "is_default",
    "port_security_enabled",
    "availability_zone_hints",
    "dns_domain",
)


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


@dataclass(frozen=True, slots=True)
class Segment:
    """The segment that a request asks for; None is for the pools to give."""

    network_type: NetworkType
    physical_network: str | None
    segmentation_id: int | None


def segment_of(values: Values, physical_networks: Sequence[str]) -> Segment:
    """Check the provider attributes of a request. Raises InvalidInput."""
    network_type = values.get("provider:network_type")
    physical_network = values.get("provider:physical_network")
    segmentation_id = values.get("provider:segmentation_id")
    if network_type is None:
        if physical_network is not None or segmentation_id is not None:
            raise InvalidInput("network_type required")
        return Segment(NetworkType.VLAN, None, None)
    if network_type not in (NetworkType.VLAN, NetworkType.FLAT):
        raise InvalidInput(f"network_type value '{network_type}' not supported")
    kind = NetworkType(network_type)
    if physical_network is not None and physical_network not in physical_networks:
        raise InvalidInput(f"physical_network '{physical_network}' unknown for {kind} provider network")
    if kind is NetworkType.FLAT:
        _check_flat(physical_network, segmentation_id)
    else:
        _check_vlan(physical_network, segmentation_id)
    return Segment(kind, physical_network, segmentation_id)


def _check_flat(physical_network: str | None, segmentation_id: int | None) -> None:
    if physical_network is None:
        raise InvalidInput("physical_network required for flat provider network")
    if segmentation_id is not None:
        raise InvalidInput("segmentation_id prohibited for flat provider network")


def _check_vlan(physical_network: str | None, segmentation_id: int | None) -> None:
    if segmentation_id is None:
        return
    if physical_network is None:
        raise InvalidInput("segmentation_id requires physical_network for VLAN provider network")
    if segmentation_id not in VLAN_IDS:
        raise InvalidInput(f"segmentation_id out of range (1 through 4094): {segmentation_id}")


def check_zones(hints: Sequence[str]) -> None:
    """Refuse a hint at a zone that is not there. Raises AvailabilityZoneNotFound."""
    for hint in hints:
        if hint != ZONE:
            raise AvailabilityZoneNotFound(hint)


def mtu_of(values: Values, most: int) -> Values:
    """Check the MTU of a request; 0 means the default, `most`. Raises InvalidInput."""
    mtu = values.get("mtu", 0)
    if mtu > most:
        raise InvalidInput(f"Requested MTU is too big, maximum is {most}: {mtu}")
    return {"mtu": mtu or most} if "mtu" in values else {}


def check_mtu(network: Network, subnets: Iterable[Subnet]) -> None:
    """Refuse an MTU that is less than a subnet needs (RFC 791, RFC 8200). Raises NetworkMTUSubnetConflict."""
    least = max((MIN_MTU[subnet.ip_version] for subnet in subnets), default=0)
    if network.mtu < least:
        raise NetworkMTUSubnetConflict(network.id, least)


def create(transaction: Transaction, project_id: str, values: Values, config: Config) -> Network:
    """Create the network of a checked POST. Raises ApiError."""
    physical_networks = [name for name, _ in config.network.bridge_mappings]
    check_zones(values["availability_zone_hints"])
    segment = segment_of(values, physical_networks)
    physical_network, segmentation_id = _allocated(transaction, segment, config.network.vlan_ranges)
    return transaction.create(
        Network(
            id=transaction.new_id(),
            project_id=project_id,
            **fields_of(NETWORK, values, *PLAIN),
            **mtu_of({"mtu": 0} | values, config.network.max_mtu(physical_network)),
            network_type=segment.network_type,
            physical_network=physical_network,
            segmentation_id=segmentation_id,
        )
    )


def _allocated(
    transaction: Transaction, segment: Segment, ranges: Sequence[VlanRange]
) -> tuple[str, int | None]:
    if segment.network_type is NetworkType.FLAT or segment.segmentation_id is not None:
        return segment.physical_network or "", segment.segmentation_id
    wanted = segment.physical_network
    return transaction.free_segment(
        [pool for pool in ranges if wanted is None or pool.physical_network == wanted]
    )


def update(transaction: Transaction, network: Network, values: Values, config: Config) -> Network:
    """Change a network as a checked PUT says. Raises ApiError."""
    most_mtu = config.network.max_mtu(network.physical_network)
    changed = replace(network, **fields_of(NETWORK, values, *PLAIN), **mtu_of(values, most_mtu))
    if changed.mtu < network.mtu:
        check_mtu(changed, transaction.subnets_of(network.id))
    if network.shared and not changed.shared:
        _check_unshared(network, transaction.ports_of(network.id))
    if "provider:segmentation_id" in values:
        changed = _moved(transaction, changed, values["provider:segmentation_id"])
    return transaction.update(network, changed)


def _check_unshared(network: Network, ports: Sequence[Port]) -> None:
    """Refuse to take a network from other projects that use it. Raises InvalidSharedSetting."""
    for port in ports:
        if port.project_id != network.project_id and port.device_owner not in AUTO_DELETED_OWNERS:
            raise InvalidSharedSetting(network.id)


def _moved(transaction: Transaction, network: Network, segmentation_id: int | None) -> Network:
    """Give an idle VLAN network another segmentation id."""
    if segmentation_id == network.segmentation_id:
        return network
    if network.network_type is not NetworkType.VLAN or segmentation_id is None:
        raise InvalidInput(
            "Provider network attribute update is only possible for segmentation_id of VLAN networks"
        )
    _check_vlan(network.physical_network, segmentation_id)
    bound = [port.id for port in transaction.ports_of(network.id) if port.binding is not None]
    if bound:
        raise NetworkInUse(network.id, bound)
    return replace(network, segmentation_id=segmentation_id)


def delete(transaction: Transaction, network: Network, _config: Config) -> None:
    """Delete a network with its subnets and its DHCP server's port. Raises NetworkInUse."""
    ports = transaction.ports_of(network.id)
    in_use = ports_in_use(ports)
    if in_use:
        raise NetworkInUse(network.id, in_use)
    for port in ports:
        transaction.delete(port)
    for subnet in transaction.subnets_of(network.id):
        transaction.delete(subnet)
    transaction.delete(network)


def ports_in_use(ports: Sequence[Port]) -> list[str]:
    """Give the ids of the ports that keep a network or subnet from being deleted."""
    return [port.id for port in ports if port.device_owner not in AUTO_DELETED_OWNERS]
