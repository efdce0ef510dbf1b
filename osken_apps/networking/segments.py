"""The segment of a network: what may be asked for, and what the pools give. PURE."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from osken_apps.errors import InvalidInput, NetworkInUse
from osken_apps.model.resources import Network, NetworkType
from osken_apps.networking.physical import VlanRange
from osken_apps.networking.state import State

VLAN_IDS = range(1, 4095)


@dataclass(frozen=True, slots=True)
class Segment:
    """The segment that a request asks for; None is for the pools to give."""

    network_type: NetworkType
    physical_network: str | None
    segmentation_id: int | None


def segment_of(
    network_type: str | None,
    physical_network: str | None,
    segmentation_id: int | None,
    physical_networks: Sequence[str],
) -> Segment:
    """Check the segment that a request names; None is what it does not name. Raises InvalidInput."""
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
        check_vlan(physical_network, segmentation_id)
    return Segment(kind, physical_network, segmentation_id)


def _check_flat(physical_network: str | None, segmentation_id: int | None) -> None:
    if physical_network is None:
        raise InvalidInput("physical_network required for flat provider network")
    if segmentation_id is not None:
        raise InvalidInput("segmentation_id prohibited for flat provider network")


def check_vlan(physical_network: str | None, segmentation_id: int | None) -> None:
    """Refuse a VLAN that cannot be. Raises InvalidInput."""
    if segmentation_id is None:
        return
    if physical_network is None:
        raise InvalidInput("segmentation_id requires physical_network for VLAN provider network")
    if segmentation_id not in VLAN_IDS:
        raise InvalidInput(f"segmentation_id out of range (1 through 4094): {segmentation_id}")


def allocated(state: State, segment: Segment, ranges: Sequence[VlanRange]) -> tuple[str, int | None]:
    """Give physical network and segmentation id of a segment, from the pools where it leaves them open.

    Raises NoNetworkAvailable.
    """
    if segment.network_type is NetworkType.FLAT or segment.segmentation_id is not None:
        return segment.physical_network or "", segment.segmentation_id
    wanted = segment.physical_network
    return state.free_segment([pool for pool in ranges if wanted is None or pool.physical_network == wanted])


def moved(state: State, network: Network, segmentation_id: int | None) -> Network:
    """Give an idle VLAN network another segmentation id. Raises InvalidInput, NetworkInUse."""
    if segmentation_id == network.segmentation_id:
        return network
    if network.network_type is not NetworkType.VLAN or segmentation_id is None:
        raise InvalidInput(
            "Provider network attribute update is only possible for segmentation_id of VLAN networks"
        )
    check_vlan(network.physical_network, segmentation_id)
    bound = [port.id for port in state.ports_of(network.id) if port.binding is not None]
    if bound:
        raise NetworkInUse(network.id, bound)
    return replace(network, segmentation_id=segmentation_id)
