"""What the configuration has networks on: physical networks and tunnels, with pools of segmentation ids and
MTUs. PURE.
"""

from dataclasses import dataclass
from typing import Protocol

from osken_apps.model.resources import TUNNEL_OCTETS, NetworkType
from osken_apps.model.well_known import DEFAULT_MTU


class Pool(Protocol):
    """A pool of segmentation ids from `first` to `last`, both included."""

    @property
    def network_type(self) -> NetworkType:
        """The type of the networks that it is for."""

    @property
    def physical_network(self) -> str:
        """The physical network; empty for tunnels."""

    @property
    def first(self) -> int:
        """The lowest id."""

    @property
    def last(self) -> int:
        """The highest id."""


@dataclass(frozen=True, slots=True)
class VlanRange:
    """A pool of segmentation ids from `first` to `last`, both included."""

    physical_network: str
    first: int
    last: int

    @property
    def network_type(self) -> NetworkType:
        """The type of the networks that it is for."""
        return NetworkType.VLAN


@dataclass(frozen=True, slots=True)
class TunnelRange:
    """A pool of ids in tunnels of a type, from `first` to `last`, both included."""

    network_type: NetworkType
    first: int
    last: int

    @property
    def physical_network(self) -> str:
        """There is none."""
        return ""


@dataclass(frozen=True, slots=True)
class PhysicalNetworks:
    """The physical networks by name, all pools in order, and the MTU of those that differ from `DEFAULT_MTU`.

    `underlay_mtu` is that of the network between the hosts' tunnel addresses. A network that asks for no type
    takes the first of `tenant_types` that has a free id.
    """

    names: tuple[str, ...]
    vlan_ranges: tuple[VlanRange, ...]
    mtus: tuple[tuple[str, int], ...] = ()
    tunnel_ranges: tuple[TunnelRange, ...] = ()
    tenant_types: tuple[NetworkType, ...] = (NetworkType.VLAN,)
    underlay_mtu: int = DEFAULT_MTU

    def pools(self, network_type: NetworkType) -> tuple[Pool, ...]:
        """Give the pools of a type, in order."""
        every: tuple[Pool, ...] = (*self.vlan_ranges, *self.tunnel_ranges)
        return tuple(pool for pool in every if pool.network_type is network_type)

    def max_mtu(self, network_type: NetworkType, physical_network: str) -> int:
        """Give the largest MTU of a network of a type, on a physical network or over tunnels."""
        if network_type.is_tunnel:
            return self.underlay_mtu - TUNNEL_OCTETS[network_type]
        return dict(self.mtus).get(physical_network, DEFAULT_MTU)
