"""What each bridge of a host should have, as a function of the host's snapshot. PURE."""

from collections.abc import Callable, Iterable, Iterator

from osken_apps.model.snapshot import BoundPort, HostSnapshot, Layout
from osken_apps.model.turns import in_turns
from osken_apps.openflow.codec import FlowBody, FlowKey, encode_flow
from osken_apps.openflow.flow import Flow
from osken_apps.pipeline.integration import integration_flows, port_flows
from osken_apps.pipeline.physical import physical_flows


def desired_flows(bridge: str, layout: Layout, snapshot: HostSnapshot) -> tuple[Flow, ...]:
    """Give all flows that a bridge should have; a bridge that is not ours, none."""
    of_ports = (flow for bound in _ports_of(bridge, layout, snapshot) for flow in _of_port(bound, snapshot))
    return (*_of_bridge(bridge, layout, snapshot), *of_ports)


class FlowEncoder:
    """Gives what `desired_flows` gives in wire form; a port that did not change is not encoded again."""

    def __init__(self) -> None:
        self._ports: dict[str, tuple[BoundPort, bool, list[tuple[FlowKey, FlowBody]]]] = {}

    def flows(
        self, bridge: str, layout: Layout, snapshot: HostSnapshot, pause: Callable[[], None] = lambda: None
    ) -> dict[FlowKey, FlowBody]:
        """Give all flows that a bridge should have, by key; calls `pause` where it may take long."""
        encoded = dict(encode_flow(flow) for flow in _of_bridge(bridge, layout, snapshot))
        if bridge != layout.integration_bridge:
            return encoded
        ports = {}
        for bound in in_turns(_ports_of(bridge, layout, snapshot), pause):
            ports[bound.port.id] = of_port = self._port(bound, snapshot)
            encoded.update(of_port[2])
        self._ports = ports
        return encoded

    def _port(
        self, bound: BoundPort, snapshot: HostSnapshot
    ) -> tuple[BoundPort, bool, list[tuple[FlowKey, FlowBody]]]:
        known = self._ports.get(bound.port.id)
        if known and known[0] == bound and known[1] == snapshot.metered:
            return known
        return bound, snapshot.metered, [encode_flow(flow) for flow in _of_port(bound, snapshot)]


def _of_bridge(bridge: str, layout: Layout, snapshot: HostSnapshot) -> Iterator[Flow]:
    if bridge == layout.integration_bridge:
        yield from integration_flows(layout, snapshot)
    for physical_network, name in layout.bridge_mappings:
        if name == bridge:
            yield from physical_flows(physical_network, bridge, layout, snapshot)


def _ports_of(bridge: str, layout: Layout, snapshot: HostSnapshot) -> Iterable[BoundPort]:
    return snapshot.ports if bridge == layout.integration_bridge else ()


def _of_port(bound: BoundPort, snapshot: HostSnapshot) -> Iterator[Flow]:
    return port_flows(bound, snapshot.metered)
