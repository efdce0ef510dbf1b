"""The physical networks of the configuration: their pools of segmentation ids and their MTUs. PURE."""

from dataclasses import dataclass

DEFAULT_MTU = 1500


@dataclass(frozen=True, slots=True)
class VlanRange:
    """A pool of segmentation ids from `first` to `last`, both included."""

    physical_network: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class PhysicalNetworks:
    """The physical networks by name, their pools in order, and the MTU of those that differ from 1500."""

    names: tuple[str, ...]
    vlan_ranges: tuple[VlanRange, ...]
    mtus: tuple[tuple[str, int], ...] = ()

    def max_mtu(self, physical_network: str) -> int:
        """Give the largest MTU of a network on a physical network."""
        return dict(self.mtus).get(physical_network, DEFAULT_MTU)
