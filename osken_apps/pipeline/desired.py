"""What each bridge of a host should have, as a function of the host's snapshot. PURE."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from weakref import WeakKeyDictionary

from osken_apps.model.port_security import GroupPolicy
from osken_apps.model.snapshot import BoundPort, HostSnapshot, Layout
from osken_apps.model.turns import in_turns
from osken_apps.openflow.difference import Difference, FlowTable, difference
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.meter import Meter
from osken_apps.openflow.wire import Encoded, FlowKey, encode_flows
from osken_apps.pipeline.feature import PlannedBridge, bridge_of
from osken_apps.pipeline.features import FEATURES
from osken_apps.pipeline.port_forms import PortForms
from osken_apps.pipeline.stage import Role
from osken_apps.pipeline.tunnel_flows import TunnelEncoder, tunnel_flows


def desired_flows(name: str, layout: Layout, snapshot: HostSnapshot) -> tuple[Flow, ...]:
    """Give all flows that a bridge should have; a bridge that is not ours, none."""
    return tuple(flow for flow, _ in owned_flows(name, layout, snapshot))


def owned_flows(
    name: str, layout: Layout, snapshot: HostSnapshot, pause: Callable[[], None] = lambda: None
) -> Iterator[tuple[Flow, str]]:
    """Give what `desired_flows` gives, each with the id of the host's port that it is for; empty: for none.

    Calls `pause` where it may take long.
    """
    bridge = bridge_of(name, layout, snapshot)
    if bridge is None:
        return
    if bridge.role is Role.INTEGRATION:
        for bound in in_turns(snapshot.ports, pause):
            yield from ((flow, bound.port_id) for flow in _of_port(bound, snapshot.max_meters))
    for flow in _of_no_port(bridge, pause):
        yield flow, ""


def _of_no_port(bridge: PlannedBridge, pause: Callable[[], None]) -> Iterator[Flow]:
    yield from _of_bridge(bridge)
    if bridge.role is Role.INTEGRATION:
        for policy in in_turns(bridge.snapshot.policies, pause):
            yield from _of_group(policy)
    yield from tunnel_flows(bridge, pause)


def desired_meters(name: str, layout: Layout, snapshot: HostSnapshot) -> dict[int, Meter]:
    """Give all meters that a bridge should have, by id."""
    bridge = bridge_of(name, layout, snapshot)
    if bridge is None:
        return {}
    return {meter.meter_id: meter for feature in FEATURES for meter in feature.meters(bridge)}


class FlowEncoder:
    """Gives what `desired_flows` gives in wire form; what did not change is not encoded again."""

    def __init__(self) -> None:
        self._bridges: dict[str, tuple[object, FlowTable]] = {}
        self._ports: dict[str, tuple[BoundPort, int, Encoded]] = {}
        self._tunnel = TunnelEncoder()

    def flows(
        self, name: str, layout: Layout, snapshot: HostSnapshot, pause: Callable[[], None] = lambda: None
    ) -> FlowTable:
        """Give all flows that a bridge should have, by key: the same object as long as they are the same.

        Calls `pause` where it may take long.
        """
        bridge = bridge_of(name, layout, snapshot)
        if bridge is None:
            return {}
        if bridge.role is Role.TUNNEL:
            return self._tunnel.flows(bridge, pause)
        source = replace(snapshot, reaches=())  # which are the tunnel bridge's alone
        known = self._bridges.get(name)
        if known is None or known[0] != source:
            bridge = replace(bridge, snapshot=source)
            known = self._bridges[name] = source, self._encoded(bridge, pause)
        return known[1]

    def difference(self, installed: FlowTable, desired: FlowTable) -> Difference:
        """Compare what is installed with what was given last, by what has changed where that is known."""
        if installed is desired:
            return Difference()
        step = self._tunnel.take_step(installed, desired)
        return difference(installed, desired) if step is None else step

    def _encoded(self, bridge: PlannedBridge, pause: Callable[[], None]) -> FlowTable:
        encoded = dict(encode_flows(_of_bridge(bridge)))
        if bridge.role is Role.INTEGRATION:
            for policy in in_turns(bridge.snapshot.policies, pause):
                encoded.update(encoded_group(policy))
            for of_port in self._of_ports(bridge.snapshot, pause):
                encoded.update(of_port)
        return encoded

    def _of_ports(self, snapshot: HostSnapshot, pause: Callable[[], None]) -> Iterator[Encoded]:
        ports = {}
        for bound in in_turns(snapshot.ports, pause):
            ports[bound.port_id] = of_port = self._port(bound, snapshot.max_meters)
            yield of_port[2]
        self._ports = ports

    def owners(self) -> dict[FlowKey, str]:
        """Name the port of each flow of the integration bridge that was given last for one."""
        of_ports = ((port_id, encoded) for port_id, (_, _, encoded) in self._ports.items())
        return {key: port_id for port_id, encoded in of_ports for key, _ in encoded}

    def _port(self, bound: BoundPort, max_meters: int) -> tuple[BoundPort, int, Encoded]:
        known = self._ports.get(bound.port_id)
        if known and known[0] == bound and known[1] == max_meters:
            return known
        return bound, max_meters, _port_forms.encoded(bound, max_meters)


_encoded_groups: WeakKeyDictionary[GroupPolicy, Encoded] = WeakKeyDictionary()


def encoded_group(policy: GroupPolicy) -> Encoded:
    """Give the flows of a group in wire form; they are made once for all hosts."""
    known = _encoded_groups.get(policy)
    if known is None:
        known = _encoded_groups[policy] = encode_flows(_of_group(policy))
    return known


def _of_group(policy: GroupPolicy) -> Iterator[Flow]:
    for feature in FEATURES:
        yield from feature.group_flows(policy)


def _of_bridge(bridge: PlannedBridge) -> Iterator[Flow]:
    for feature in FEATURES:
        yield from feature.bridge_flows(bridge)


def _of_port(bound: BoundPort, max_meters: int) -> Iterator[Flow]:
    for feature in FEATURES:
        yield from feature.port_flows(bound, max_meters)


_port_forms = PortForms(_of_port, lambda: FEATURES)
