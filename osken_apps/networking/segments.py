"""The segment of a network: what may be asked for, and what the pools give. PURE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from osken_apps.errors import InvalidInput, NetworkInUse
from osken_apps.model.resources import Network, NetworkType
from osken_apps.networking.left_segments import still_used
from osken_apps.networking.physical import PhysicalNetworks, Pool
from osken_apps.networking.state import State

VLAN_IDS = range(1, 4095)
TUNNEL_IDS = {
    NetworkType.VXLAN: range(1, 1 << 24),  # RFC 7348, 5
    NetworkType.GENEVE: range(1, 1 << 24),  # RFC 8926, 3.4
    NetworkType.GRE: range(1, 1 << 32),  # RFC 2890, 2.1
}


@dataclass(frozen=True, slots=True)
class WantedSegment:
    """The segment that a request asks for; None is for the pools to give, and for the configuration."""

    network_type: NetworkType | None
    physical_network: str | None
    segmentation_id: int | None


def segment_of(
    network_type: str | None,
    physical_network: str | None,
    segmentation_id: int | None,
    physical_networks: Sequence[str],
) -> WantedSegment:
    """Check the segment that a request names; None is what it does not name. Raises InvalidInput."""
    if network_type is None:
        if physical_network is not None or segmentation_id is not None:
            raise InvalidInput("network_type required")
        return WantedSegment(None, None, None)
    if network_type not in list(NetworkType):
        raise InvalidInput(f"network_type value '{network_type}' not supported")
    kind = NetworkType(network_type)
    if kind.is_tunnel:
        _check_tunnel(kind, physical_network, segmentation_id)
        return WantedSegment(kind, physical_network, segmentation_id)
    if physical_network is not None and physical_network not in physical_networks:
        raise InvalidInput(f"physical_network '{physical_network}' unknown for {kind} provider network")
    if kind is NetworkType.FLAT:
        _check_flat(physical_network, segmentation_id)
    else:
        check_vlan(physical_network, segmentation_id)
    return WantedSegment(kind, physical_network, segmentation_id)


def _check_tunnel(kind: NetworkType, physical_network: str | None, segmentation_id: int | None) -> None:
    if physical_network is not None:
        raise InvalidInput(f"provider:physical_network specified for {kind} network")
    if segmentation_id is not None:
        _check_id(segmentation_id, TUNNEL_IDS[kind])


def _check_id(segmentation_id: int, ids: range) -> None:
    if segmentation_id not in ids:
        raise InvalidInput(f"segmentation_id out of range ({ids[0]} through {ids[-1]}): {segmentation_id}")


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
    _check_id(segmentation_id, VLAN_IDS)


def allocated(
    state: State, segment: WantedSegment, physical: PhysicalNetworks, away: Mapping[str, datetime]
) -> WantedSegment:
    """Give a segment whole, from the pools where it leaves something open.

    The VLANs that hosts which are `away`, since when, may still use come last. Raises NoNetworkAvailable.
    """
    if segment.network_type is NetworkType.FLAT or segment.segmentation_id is not None:
        return segment
    types = physical.tenant_types if segment.network_type is None else (segment.network_type,)
    pools: list[Pool] = [pool for kind in types for pool in physical.pools(kind)]
    wanted = segment.physical_network
    pool, segmentation_id = state.free_segment(
        [pool for pool in pools if wanted is None or pool.physical_network == wanted],
        still_used(state.left_by(away.keys()), away) if away else (),
    )
    return WantedSegment(pool.network_type, pool.physical_network, segmentation_id)


def moved(state: State, network: Network, asked: Mapping[str, Any]) -> Network:
    """Give a network the segment that is asked for, by names of fields: an idle VLAN may get another id.

    What it has may be said again. Raises InvalidInput, NetworkInUse.
    """
    new = replace(network, **asked)
    if new == network:
        return network
    others_stay = replace(new, segmentation_id=network.segmentation_id) == network
    if network.network_type is not NetworkType.VLAN or not others_stay:
        raise InvalidInput(
            "Provider network attribute update is only possible for segmentation_id of VLAN networks"
        )
    check_vlan(network.physical_network, new.segmentation_id)
    bound = [port.id for port in state.ports_of(network.id) if port.binding is not None]
    if bound:
        raise NetworkInUse(network.id, bound)
    return replace(network, segmentation_id=new.segmentation_id)
