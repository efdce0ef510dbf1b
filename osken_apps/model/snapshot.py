"""The snapshot of one host: all that its flows, tags and DHCP answers depend on, as one value. PURE."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from ipaddress import IPv4Address
from typing import NamedTuple

from osken_apps.model.addresses import MacAddress
from osken_apps.model.dhcp_service import DhcpServer, DhcpService
from osken_apps.model.port_security import GroupPolicy, Guard
from osken_apps.model.resources import Network, NetworkType
from osken_apps.model.tunnels import Reach

MAX_METERS = 262_144  # of Open vSwitch's userspace datapath


@dataclass(frozen=True, slots=True)
class PuntRates:
    """How many DHCP packets a second may go to the controller: from one port, and from one bridge."""

    port: int = 50
    bridge: int = 10000


class Wire(NamedTuple):
    """Where a network's frames pass between hosts: the physical bridge, or the port of its type's tunnels,
    and its VLAN id (None: untagged), or its id in tunnels.
    """

    way: str
    number: int | None


@dataclass(frozen=True, slots=True)
class Layout:
    """Which bridges a host has: the integration bridge, a bridge per physical network, and the tunnel bridge
    where it has a network over tunnels.
    """

    integration_bridge: str
    bridge_mappings: tuple[tuple[str, str], ...]
    punt_rates: PuntRates = PuntRates()
    tunnel_bridge: str = "br-tun"

    @property
    def bridges(self) -> tuple[str, ...]:
        """The names of the bridges that every host has, the integration bridge first."""
        return (self.integration_bridge, *(bridge for _, bridge in self.bridge_mappings))

    @property
    def all_bridges(self) -> tuple[str, ...]:
        """The names of all bridges of ours, the integration bridge first."""
        return (*self.bridges, self.tunnel_bridge)

    def bridge_of(self, physical_network: str) -> str | None:
        """Give the bridge of a physical network, if it has one."""
        return dict(self.bridge_mappings).get(physical_network)

    def way_of(self, segment: "Segment") -> str | None:
        """Name the bridge between the integration bridge and a network's wire; None: there is none."""
        return self.tunnel_bridge if segment.is_tunnel else self.bridge_of(segment.physical_network)

    def wire_of(self, network: "Network | Segment") -> Wire | None:
        """Say where a network's frames pass between hosts; None: its physical network has no bridge."""
        if network.network_type.is_tunnel:
            return Wire(tunnel_port(network.network_type), network.segmentation_id)
        bridge = self.bridge_of(network.physical_network)
        return Wire(bridge, network.segmentation_id) if bridge else None


def integration_end(bridge: str) -> str:
    """Name the end on the integration bridge of the link to a physical bridge."""
    return f"int-{bridge}"


def is_integration_end(name: str) -> bool:
    """Tell whether an interface has the name of such an end, whatever the bridge."""
    return name.startswith(integration_end(""))


def bridge_at_far_end(name: str) -> str:
    """Name the bridge that such an end leads to; empty: an interface is no such end by its name."""
    return name.removeprefix(integration_end("")) if is_integration_end(name) else ""


def physical_end(bridge: str) -> str:
    """Name the end on a physical bridge of the link to the integration bridge."""
    return f"phy-{bridge}"


INTEGRATION_TUNNEL_END = "patch-tun"  # on the integration bridge, of the link to the tunnel bridge
TUNNEL_END = "patch-int"  # the other one


def tunnel_port(network_type: NetworkType) -> str:
    """Name the port of the tunnel bridge for all tunnels of a type."""
    return f"tun-{network_type}"


@dataclass(frozen=True, slots=True)
class Segment:
    """A network on a host: its VLAN on the wire (None: untagged), or its id in tunnels, and its VLAN on this
    host.

    `guarded`: one of its ports here is.
    """

    network_id: str
    physical_network: str
    segmentation_id: int | None
    local_vlan: int
    guarded: bool = False
    network_type: NetworkType = NetworkType.VLAN

    @property
    def is_tunnel(self) -> bool:
        """Tell whether it reaches other hosts over tunnels."""
        return self.network_type.is_tunnel

    @property
    def link_vlan(self) -> int | None:
        """Its VLAN on the link to the integration bridge, from the other side; None: untagged."""
        return self.local_vlan if self.is_tunnel else self.segmentation_id


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundPort:
    """A port that is plugged into this host, as far as its flows, its tag and its DHCP depend on it.

    `has_dhcp` tells that its network serves IPv4 by DHCP; `dhcp` is None if the port has no address for it.
    `in_conflict` tells that its client found that address in use by another machine. `guard` is None for a
    port without port security.
    """

    port_id: str
    mac_address: MacAddress
    interface: str
    ofport: int
    segment: Segment
    has_dhcp: bool = False
    dhcp: DhcpService | None = None
    server: DhcpServer | None = None
    in_conflict: bool = False
    guard: Guard | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPort:
    """A port that is not here, and whose machine may come: its interface, what it would send from,
    and of which type its network is.
    """

    port_id: str
    interface: str
    ofport: int
    mac_address: MacAddress
    addresses: tuple[IPv4Address, ...] = ()
    network_type: NetworkType = NetworkType.VLAN


@dataclass(frozen=True, slots=True)
class HostSnapshot:
    """One host: the ports of its bridges and what is bound there."""

    host: str
    ofports: Mapping[str, Mapping[str, int]]  # by bridge and interface
    segments: tuple[Segment, ...] = ()
    ports: tuple[BoundPort, ...] = ()
    _: KW_ONLY
    waiting: tuple[WaitingPort, ...] = ()  # ports that may come here
    #: Interfaces of the integration bridge that must not carry anything, with their ofports: those of
    #: `waiting`, and all that is no bound port, no link to another bridge, no declared trunk, not left alone.
    dead: tuple[tuple[str, int], ...] = ()
    trunks: tuple[str, ...] = ()  # interfaces that are declared
    left_alone: tuple[str, ...] = ()  # interfaces whose tags and flows stay: of unknown ports, or set aside
    policies: tuple[GroupPolicy, ...] = ()  # of all groups of its guarded ports, by rising number
    max_meters: int = MAX_METERS  # of its integration bridge; some datapaths have none
    complete: bool = True  # else, as one that has just connected, nothing is taken away from it
    keeps: tuple[str, ...] = ()  # why nothing is taken away, in words for its operator
    reaches: tuple[Reach, ...] = ()  # where its networks over tunnels are besides
    tunnel_address: IPv4Address | None = None  # where others reach it
    answers_nd: bool | None = None  # its datapath can answer neighbor solicitations; None: not known
    #: Ofports of `left_alone`, and of what OVSDB has not shown yet, with their tags (None: not known).
    kept_vlans: tuple[tuple[int, int | None], ...] = ()
    links: tuple[str, ...] = ()  # its ends of the links to its other bridges
    guards: bool = False  # what stays there guards some of `kept_vlans`
    lost_networks: tuple[str, ...] = ()  # physical networks of its ports that have no bridge there any more

    @property
    def is_guarded(self) -> bool:
        """Tell whether a network of it is guarded."""
        return self.guards or any(segment.guarded for segment in self.segments)

    @property
    def takes_away(self) -> bool:
        """Tell whether what is not wanted goes."""
        return self.complete and not self.keeps
