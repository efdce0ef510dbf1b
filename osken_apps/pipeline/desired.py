"""What each bridge of a host should have, as a function of the host's snapshot. PURE."""

from collections.abc import Callable, Iterator
from weakref import WeakKeyDictionary

from osken_apps.model.port_security import GroupPolicy
from osken_apps.model.snapshot import BoundPort, HostSnapshot, Layout, Segment, tunnel_port
from osken_apps.model.tunnels import Reach, RemotePort
from osken_apps.model.turns import in_turns
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.meter import Meter
from osken_apps.openflow.wire import FlowBody, FlowKey, encode_flow
from osken_apps.pipeline.feature import Bridge, bridge_of
from osken_apps.pipeline.features import FEATURES
from osken_apps.pipeline.features.tunnels import is_linked, reaches
from osken_apps.pipeline.port_forms import Encoded, PortForms
from osken_apps.pipeline.stage import Role

FlowTable = dict[FlowKey, FlowBody]
Reached = tuple[Segment, Reach, int, int]  # as `reaches` gives it


def desired_flows(name: str, layout: Layout, snapshot: HostSnapshot) -> tuple[Flow, ...]:
    """Give all flows that a bridge should have; a bridge that is not ours, none."""
    return tuple(_flows(name, layout, snapshot, lambda: None))


def desired_texts(name: str, layout: Layout, snapshot: HostSnapshot, pause: Callable[[], None]) -> list[str]:
    """Give what `desired_flows` gives in ovs-ofctl's words; calls `pause` where it may take long."""
    return [flow.text() for flow in _flows(name, layout, snapshot, pause)]


def _flows(name: str, layout: Layout, snapshot: HostSnapshot, pause: Callable[[], None]) -> Iterator[Flow]:
    bridge = bridge_of(name, layout, snapshot)
    if bridge is None:
        return
    yield from _of_bridge(bridge)
    if bridge.role is Role.INTEGRATION:
        for bound in in_turns(snapshot.ports, pause):
            yield from _of_port(bound, snapshot.max_meters)
        for policy in in_turns(snapshot.policies, pause):
            yield from _of_group(policy)
    for reached in reaches(bridge):
        yield from _of_reach(*reached)
    for remote, ofport in in_turns(_remotes(bridge), pause):
        yield from _of_remote(remote, ofport, snapshot.answers_nd)


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
        self._owners: dict[FlowKey, str] | None = None
        self._networks: dict[str, tuple[Reached, Encoded]] = {}

    def flows(
        self, name: str, layout: Layout, snapshot: HostSnapshot, pause: Callable[[], None] = lambda: None
    ) -> FlowTable:
        """Give all flows that a bridge should have, by key: the same object as long as they are the same.

        Calls `pause` where it may take long.
        """
        bridge = bridge_of(name, layout, snapshot)
        if bridge is None:
            return {}
        source = _source(bridge)
        known = self._bridges.get(name)
        if known is None or known[0] != source:
            known = self._bridges[name] = source, self._encoded(bridge, pause)
        return known[1]

    def _encoded(self, bridge: Bridge, pause: Callable[[], None]) -> FlowTable:
        encoded = dict(encode_flow(flow) for flow in _of_bridge(bridge))
        match bridge.role:
            case Role.INTEGRATION:
                for policy in in_turns(bridge.snapshot.policies, pause):
                    encoded.update(encoded_group(policy))
                for of_port in self._of_ports(bridge.snapshot, pause):
                    encoded.update(of_port)
            case Role.TUNNEL:
                for of_network in self._of_networks(bridge):
                    encoded.update(of_network)
                for remote, ofport in in_turns(_remotes(bridge), pause):
                    encoded.update(encoded_remote(remote, ofport, bridge.snapshot.answers_nd))
        return encoded

    def _of_ports(self, snapshot: HostSnapshot, pause: Callable[[], None]) -> Iterator[Encoded]:
        ports = {}
        for bound in in_turns(snapshot.ports, pause):
            ports[bound.port_id] = of_port = self._port(bound, snapshot.max_meters)
            yield of_port[2]
        self._ports, self._owners = ports, None

    def _of_networks(self, bridge: Bridge) -> Iterator[Encoded]:
        networks = {}
        for reached in reaches(bridge):
            networks[reached[0].network_id] = of_network = self._network(reached)
            yield of_network[1]
        self._networks = networks

    def _network(self, reached: Reached) -> tuple[Reached, Encoded]:
        known = self._networks.get(reached[0].network_id)
        if known and known[0] == reached:
            return known
        return reached, [encode_flow(flow) for flow in _of_reach(*reached)]

    def owner(self, key: FlowKey) -> str | None:
        """Name the port whose flow it is; None for a flow of the bridge, or one that is not wanted."""
        if self._owners is None:
            of_ports = ((port_id, encoded) for port_id, (_, _, encoded) in self._ports.items())
            self._owners = {key: port_id for port_id, encoded in of_ports for key, _ in encoded}
        return self._owners.get(key)

    def _port(self, bound: BoundPort, max_meters: int) -> tuple[BoundPort, int, Encoded]:
        known = self._ports.get(bound.port_id)
        if known and known[0] == bound and known[1] == max_meters:
            return known
        return bound, max_meters, _port_forms.encoded(bound, max_meters)


def _source(bridge: Bridge) -> object:
    """Give all that the flows of a bridge follow from."""
    snapshot = bridge.snapshot
    if bridge.role is Role.TUNNEL:  # whatever comes and goes on its host
        ofports = snapshot.ofports.get(bridge.name)
        return snapshot.segments, snapshot.reaches, ofports, snapshot.answers_nd, is_linked(bridge)
    return snapshot


_encoded_groups: WeakKeyDictionary[GroupPolicy, Encoded] = WeakKeyDictionary()


def encoded_group(policy: GroupPolicy) -> Encoded:
    """Give the flows of a group in wire form; they are made once for all hosts."""
    known = _encoded_groups.get(policy)
    if known is None:
        known = _encoded_groups[policy] = [encode_flow(flow) for flow in _of_group(policy)]
    return known


_encoded_remotes: WeakKeyDictionary[RemotePort, dict[tuple[int, bool | None], Encoded]] = WeakKeyDictionary()


def encoded_remote(remote: RemotePort, ofport: int, answers_nd: bool | None) -> Encoded:
    """Give the flows of a port of another host in wire form; they are made once for all hosts."""
    known = _encoded_remotes.setdefault(remote, {})
    form = ofport, answers_nd
    if form not in known:
        known[form] = [encode_flow(flow) for flow in _of_remote(remote, ofport, answers_nd)]
    return known[form]


def _remotes(bridge: Bridge) -> Iterator[tuple[RemotePort, int]]:
    """Give the ports of other hosts that a tunnel bridge reaches, each with the number of its tunnels."""
    if bridge.role is Role.TUNNEL and is_linked(bridge):
        for reach in bridge.snapshot.reaches:
            for remote in reach.ports:
                ofport = bridge.ofport(tunnel_port(remote.network_type))
                if ofport is not None:
                    yield remote, ofport


def _of_reach(segment: Segment, reach: Reach, patch: int, ofport: int) -> Iterator[Flow]:
    for feature in FEATURES:
        yield from feature.reach_flows(segment, reach, patch, ofport)


def _of_remote(remote: RemotePort, ofport: int, answers_nd: bool | None) -> Iterator[Flow]:
    for feature in FEATURES:
        yield from feature.remote_flows(remote, ofport, answers_nd)


def _of_group(policy: GroupPolicy) -> Iterator[Flow]:
    for feature in FEATURES:
        yield from feature.group_flows(policy)


def _of_bridge(bridge: Bridge) -> Iterator[Flow]:
    for feature in FEATURES:
        yield from feature.bridge_flows(bridge)


def _of_port(bound: BoundPort, max_meters: int) -> Iterator[Flow]:
    for feature in FEATURES:
        yield from feature.port_flows(bound, max_meters)


_port_forms = PortForms(_of_port, lambda: FEATURES)
