"""The hosts that a frame may pass: bridges, their ports and their flows. PURE."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from osken_apps.model.resources import NetworkType
from osken_apps.model.snapshot import (
    INTEGRATION_TUNNEL_END,
    TUNNEL_END,
    HostSnapshot,
    Layout,
    integration_end,
    physical_end,
    tunnel_port,
)
from osken_apps.openflow.ports import OFPP_LOCAL
from osken_apps.pipeline.desired import desired_flows
from osken_apps.pipeline.feature import bridge_of
from osken_apps.pipeline.stage import Role
from osken_apps.pipeline.tags import desired_tags
from osken_apps.trace.lookup import Lookup, Tables

TUNNEL_PORTS = frozenset(tunnel_port(kind) for kind in NetworkType if kind.is_tunnel)
Learned = Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class BridgePort:
    """A port of a bridge. `tag` makes it an access port (ovs-vswitchd.conf.db(5), Port); else it is a trunk
    of the VLANs in `trunks`, or of all. `peer` is the bridge and number of a patch port's other end.
    """

    name: str
    ofport: int
    tag: int | None = None
    trunks: frozenset[int] = frozenset()
    peer: tuple[str, int] | None = None
    is_tunnel: bool = False

    def carries(self, vid: int) -> bool:
        """Tell whether frames of a VLAN (0: none) leave and enter here by NORMAL."""
        if self.tag is not None:
            return vid == self.tag
        return not self.trunks or vid in self.trunks


@dataclass(frozen=True, slots=True)
class TracedBridge:
    """A bridge: its ports by number, its flows, and where it has learned a MAC address by (VLAN, MAC)."""

    name: str
    role: Role
    tables: Lookup
    ports: Mapping[int, BridgePort]
    learned: Learned = field(default_factory=dict)
    physical_network: str = ""

    def leads_out(self, port: BridgePort) -> bool:
        """Tell whether a port leads to the wire, and not to a machine."""
        return self.role is Role.PHYSICAL and port.peer is None and port.ofport != OFPP_LOCAL

    def ends(self) -> list[BridgePort]:
        """Give the ports that lead to the wire."""
        return [port for port in self.ports.values() if self.leads_out(port)]


@dataclass(frozen=True, slots=True)
class TracedHost:
    """A host by its bridges; others reach it over tunnels at `tunnel_address`."""

    name: str
    bridges: Mapping[str, TracedBridge]
    tunnel_address: IPv4Address | None = None


def traced_host(
    layout: Layout,
    snapshot: HostSnapshot,
    tables: Mapping[str, Lookup] | None = None,
    tags: Mapping[str, int | None] | None = None,
    learned: Mapping[str, Learned] | None = None,
) -> TracedHost:
    """Give a host as its snapshot has it, or with what its bridges have in `tables`, and with its tags."""
    bridges = {}
    all_tags: Mapping[str, int | None] = desired_tags(snapshot) if tags is None else tags
    for name in snapshot.ofports:
        bridge = bridge_of(name, layout, snapshot)
        if bridge is None:
            continue
        known = (tables or {}).get(name)
        bridges[name] = TracedBridge(
            name,
            bridge.role,
            known or Tables(desired_flows(name, layout, snapshot)),
            _ports(layout, snapshot, name, all_tags if bridge.role is Role.INTEGRATION else {}),
            (learned or {}).get(name, {}),
            bridge.physical_network,
        )
    return TracedHost(snapshot.host, bridges, snapshot.tunnel_address)


def _ports(
    layout: Layout, snapshot: HostSnapshot, name: str, tags: Mapping[str, int | None]
) -> dict[int, BridgePort]:
    peers = _patches(layout, snapshot)
    is_tunnel_bridge = name == layout.tunnel_bridge
    ports = {OFPP_LOCAL: BridgePort(name, OFPP_LOCAL)}
    for interface, ofport in snapshot.ofports[name].items():
        ports[ofport] = BridgePort(
            interface,
            ofport,
            tags.get(interface),
            peer=peers.get((name, interface)),
            is_tunnel=is_tunnel_bridge and interface in TUNNEL_PORTS,
        )
    return ports


def _patches(layout: Layout, snapshot: HostSnapshot) -> dict[tuple[str, str], tuple[str, int]]:
    """Give the links between the bridges: of each end by bridge and name, the other by bridge and number."""
    integration = layout.integration_bridge
    links = [(integration_end(bridge), bridge, physical_end(bridge)) for _, bridge in layout.bridge_mappings]
    links.append((INTEGRATION_TUNNEL_END, layout.tunnel_bridge, TUNNEL_END))
    peers = {}
    for here, bridge, there in links:
        near = snapshot.ofports.get(integration, {}).get(here)
        far = snapshot.ofports.get(bridge, {}).get(there)
        if near is not None and far is not None:
            peers[integration, here] = bridge, far
            peers[bridge, there] = integration, near
    return peers
