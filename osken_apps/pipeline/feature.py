"""What a feature is: a part of the pipeline that gives rules, flows and meters for a host. PURE."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import NamedTuple

from osken_apps.model.port_security import GroupPolicy
from osken_apps.model.snapshot import BoundPort, HostSnapshot, Layout, Segment
from osken_apps.model.tunnels import Reach, RemotePort
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.meter import Meter
from osken_apps.pipeline.stage import Role, Rule, Stage


@dataclass(frozen=True, slots=True)
class PlannedBridge:
    """A bridge of a host, for which a feature gives its part; `physical_network` is empty where it is no
    physical bridge.
    """

    name: str
    role: Role
    layout: Layout
    snapshot: HostSnapshot
    physical_network: str = ""

    def ofport(self, interface: str) -> int | None:
        """Give the number of an interface of this bridge, if it is there."""
        return self.snapshot.ofports.get(self.name, {}).get(interface)


class TunnelNetwork(NamedTuple):
    """A network over tunnels as the tunnel bridge of a host has it."""

    segment: Segment
    reach: Reach  # where it is besides
    patch_ofport: int  # to the integration bridge
    tunnel_ofport: int  # of the tunnels of its type


class Feature:
    """A part of the pipeline. What it gives depends on its arguments and on nothing else."""

    name: str = ""
    stages: tuple[Stage, ...] = ()
    rules: tuple[Rule, ...] = ()

    def bridge_flows(self, bridge: PlannedBridge) -> Iterable[Flow]:
        """Give the flows of a bridge that are not one port's."""
        return ()

    def port_flows(self, bound: BoundPort, max_meters: int) -> Iterable[Flow]:
        """Give the flows of one bound port on the integration bridge, which has so many meters."""
        return ()

    def network_flows(self, network: TunnelNetwork) -> Iterable[Flow]:
        """Give the flows of one network on the tunnel bridge.

        They depend on the whereabouts of its reach, not on its ports.
        """
        return ()

    def remote_flows(self, remote: RemotePort, ofport: int, answers_nd: bool | None) -> Iterable[Flow]:
        """Give the flows of one port of another host on the tunnel bridge, the same on every host.

        `ofport` is that of the type's tunnels; `answers_nd` as in the host's snapshot.
        """
        return ()

    def peer_flows(self, ofport: int, address: IPv4Address, ids: tuple[int, ...]) -> Iterable[Flow]:
        """Give the flows of another host on the tunnel bridge: of which networks it may send frames.

        `ofport` is that of a type's tunnels, `ids` are those of the type's networks that both hosts have.
        What they match hangs on the peer, what they do on the ids alone: actions for each, in their order.
        """
        return ()

    def group_flows(self, policy: GroupPolicy) -> Iterable[Flow]:
        """Give the flows of one security group on the integration bridge, the same on every host."""
        return ()

    def meters(self, bridge: PlannedBridge) -> Iterable[Meter]:
        """Give the meters that its flows pass."""
        return ()


def bridge_of(name: str, layout: Layout, snapshot: HostSnapshot) -> PlannedBridge | None:
    """Give a bridge of a host by its name; None for one that is not ours."""
    if name == layout.integration_bridge:
        return PlannedBridge(name, Role.INTEGRATION, layout, snapshot)
    if name == layout.tunnel_bridge:
        return PlannedBridge(name, Role.TUNNEL, layout, snapshot)
    for physical_network, bridge in layout.bridge_mappings:
        if bridge == name:
            return PlannedBridge(name, Role.PHYSICAL, layout, snapshot, physical_network)
    return None
