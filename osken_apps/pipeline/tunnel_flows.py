"""The flows of a tunnel bridge: of each network, of each machine elsewhere, and of each peer. PURE.

A host may have thousands, and a port that comes or goes changes a few on each other host of its network: so
what has not changed is neither made nor encoded nor compared again.
"""

from bisect import bisect_left
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from ipaddress import IPv4Address
from itertools import accumulate
from weakref import WeakKeyDictionary

from osken_apps.model.snapshot import HostSnapshot
from osken_apps.model.tunnels import Everywhere, Reach, RemotePort
from osken_apps.model.turns import in_turns
from osken_apps.openflow.difference import Difference, FlowTable, MadeTable
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.wire import Encoded, FlowBody, FlowKey, apply_actions, encode_actions, encode_flows
from osken_apps.pipeline.feature import PlannedBridge, TunnelNetwork
from osken_apps.pipeline.features import FEATURES
from osken_apps.pipeline.features.tunnels import is_linked, tunnel_networks

Table = dict[FlowKey, FlowBody]
Peer = tuple[int, int]  # the port of a type's tunnels, and where a host is reached: its address as a number
Form = tuple[int, bool | None]  # what the flows of machines hang on besides: port of tunnels, `answers_nd`

FEW_PEERS = 16
FEW_IDS = 16  # fewer than networks that fit into a flow
SOMEBODY = IPv4Address("192.0.2.1")


def tunnel_flows(bridge: PlannedBridge, pause: Callable[[], None]) -> Iterator[Flow]:
    """Give all flows of a tunnel bridge but the bridge's own."""
    peers: dict[Peer, set[int]] = {}
    for network in tunnel_networks(bridge):
        yield from _of_network(network)
        for remote in in_turns(network.reach.ports, pause):
            yield from _of_remote(remote, network.tunnel_ofport, bridge.snapshot.answers_nd)
        for number in network.reach.numbers:
            ids = peers.setdefault((network.tunnel_ofport, number), set())
            ids.add(network.segment.segmentation_id or 0)
    for (ofport, number), ids in sorted(peers.items()):
        yield from _of_peer(ofport, IPv4Address(number), tuple(sorted(ids)))


class TunnelTable(MadeTable):
    """The flows of a tunnel bridge, made out of what they hang on whenever they are looked at.

    Thousands of hosts have thousands each, and nearly never is more than what changes looked at.
    """

    __slots__ = ("_answers_nd", "_count", "_networks", "_own")

    def __init__(
        self, own: Encoded, networks: Iterable[TunnelNetwork], answers_nd: bool | None, count: int | None
    ) -> None:
        self._own, self._networks, self._answers_nd = own, tuple(networks), answers_nd
        self._count = count

    def whole(self) -> Table:
        """Give all flows, by key."""
        flows = dict(self._own)
        for network in self._networks:
            flows.update(encode_flows(_of_network(network)))
            flows.update(_encoded_machines(network.reach, network.tunnel_ofport, self._answers_nd))
        for (ofport, address), ids in _ids_by_peer(self._networks, None).items():
            flows.update(_encoded_peer(ofport, address, ids))
        self._count = len(flows)
        return flows

    def __getitem__(self, key: FlowKey) -> FlowBody:
        return self.whole()[key]

    def __iter__(self) -> Iterator[FlowKey]:
        return iter(self.whole())

    def __len__(self) -> int:
        return len(self.whole()) if self._count is None else self._count

    def items(self) -> ItemsView[FlowKey, FlowBody]:
        """Give all flows."""
        return self.whole().items()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TunnelTable):
            return self is other or self.whole() == other.whole()
        return isinstance(other, Mapping) and self.whole() == other

    __hash__ = None  # type: ignore[assignment]


class TunnelEncoder:
    """Keeps what the flows of one tunnel bridge hang on, and says what a change of that changes."""

    def __init__(self) -> None:
        self._form: object = None  # what every flow hangs on
        self._networks: dict[str, TunnelNetwork] = {}
        self._source: HostSnapshot | None = None
        self._own: Encoded = []  # of that
        self._table = TunnelTable([], (), None, 0)
        self._step: tuple[TunnelTable, Difference] | None = None  # from which flows to those now, and by what

    def flows(self, bridge: PlannedBridge, pause: Callable[[], None] = lambda: None) -> TunnelTable:
        """Give all flows of the bridge, by key: the same object as long as they are the same."""
        snapshot = bridge.snapshot
        own = self._bridge_flows(bridge)
        form = snapshot.ofports.get(bridge.name), snapshot.answers_nd, is_linked(bridge), own
        wanted = {network.segment.network_id: network for network in tunnel_networks(bridge)}
        if form != self._form:
            self._form, self._networks, self._step = form, wanted, None
            self._table = TunnelTable(own, wanted.values(), snapshot.answers_nd, None)
            return self._table
        change = self._change(wanted, snapshot.answers_nd, pause)
        if change:
            before, count = self._table, len(self._table) + change.growth
            self._table = TunnelTable(own, wanted.values(), snapshot.answers_nd, count)
            self._step = before, change.difference()
        self._networks = wanted
        return self._table

    def _bridge_flows(self, bridge: PlannedBridge) -> Encoded:
        """Give the flows of the bridge that do not hang on where networks are besides."""
        source = replace(bridge.snapshot, reaches=())
        if source != self._source:
            bridge = replace(bridge, snapshot=source)
            self._source = source
            self._own = encode_flows(flow for feature in FEATURES for flow in feature.bridge_flows(bridge))
        return self._own

    def take_step(self, before: FlowTable, now: FlowTable) -> Difference | None:
        """Give, once, what leads from flows to those that were given last; None if that is not known."""
        if now is not self._table:
            return None
        step, self._step = self._step, None
        return step[1] if step and step[0] is before else None

    def _change(
        self, wanted: Mapping[str, TunnelNetwork], answers_nd: bool | None, pause: Callable[[], None]
    ) -> "_Change":
        change, peers = _Change(), set()
        for network_id in self._networks.keys() | wanted.keys():
            known, now = self._networks.get(network_id), wanted.get(network_id)
            if not _differ(known, now):
                continue
            if known is None or now is None or _gist(known) != _gist(now):
                change.swap(*(encode_flows(_of_network(it)) if it else [] for it in (known, now)))
            before, there = _remotes(known), _remotes(now)
            for remote, ofport in before - there:
                change.swap(encoded_remote(remote, ofport, answers_nd), [])
            for remote, ofport in in_turns(there - before, pause):
                change.swap([], encoded_remote(remote, ofport, answers_nd))
            peers |= {peer for peer, _ in _shared(known) ^ _shared(now)}
        if peers:
            ids_before = _ids_by_peer(self._networks.values(), peers)
            ids_now = _ids_by_peer(wanted.values(), peers)
            for peer in in_turns(peers, pause):
                ids = ids_before.get(peer), ids_now.get(peer)
                change.swap(*(_encoded_peer(*peer, shared) if shared else [] for shared in ids))
        return change


class _Change:
    """What goes and what comes, of flows; what does both stays or is another one now. It may be nothing."""

    def __init__(self) -> None:
        self._gone: Table = {}
        self._come: Table = {}

    def swap(self, gone: Encoded, come: Encoded) -> None:
        self._gone.update(gone)
        self._come.update(come)

    def __bool__(self) -> bool:
        return self._gone != self._come

    @property
    def growth(self) -> int:
        """By how many flows there are more."""
        return len(self._come.keys() - self._gone.keys()) - len(self._gone.keys() - self._come.keys())

    def difference(self) -> Difference:
        gone, come = self._gone, self._come
        return Difference(
            tuple([(key, body) for key, body in come.items() if gone.get(key) != body]),
            tuple([(key, body) for key, body in gone.items() if key not in come]),
        )


def _differ(known: TunnelNetwork | None, now: TunnelNetwork | None) -> bool:
    if known is None or now is None:
        return known is not now
    pairs = ((known.segment, now.segment), (known.reach, now.reach))
    return any(before is not there and before != there for before, there in pairs)


def _ids_by_peer(networks: Iterable[TunnelNetwork], peers: set[Peer] | None) -> dict[Peer, tuple[int, ...]]:
    """Give the ids of the networks that are shared with each peer, or with each of some.

    They are not kept: of thousands of hosts that would be much, for what is looked up of few.
    """
    found: dict[Peer, list[int]] = {}
    for segment, reach, _, ofport in networks:
        if peers is not None and len(peers) < FEW_PEERS:
            shared = [peer for peer in peers if peer[0] == ofport and _is_among(peer[1], reach)]
        else:
            every = [(ofport, address) for address in reach.numbers]
            shared = every if peers is None else [peer for peer in every if peer in peers]
        for peer in shared:
            found.setdefault(peer, []).append(segment.segmentation_id or 0)
    return {peer: tuple(sorted(ids)) for peer, ids in found.items()}


def _gist(network: TunnelNetwork) -> tuple[object, ...]:
    """Give what the flows of a network hang on that are not a machine's or a peer's."""
    return network.segment, network.reach.whereabouts, network.patch_ofport, network.tunnel_ofport


def _remotes(network: TunnelNetwork | None) -> set[tuple[RemotePort, int]]:
    """Give the ports of other hosts, each with the number of its tunnels."""
    return {(remote, network.tunnel_ofport) for remote in network.reach.ports} if network else set()


def _is_among(address: int, reach: Reach) -> bool:
    """Tell whether an address is one of a network's other hosts."""
    addresses = reach.everywhere.numbers
    place = bisect_left(addresses, address)
    return place != reach.here and place < len(addresses) and addresses[place] == address


def _shared(network: TunnelNetwork | None) -> set[tuple[Peer, int]]:
    """Give the peers that a network is shared with, each with the network's id."""
    if network is None:
        return set()
    id = network.segment.segmentation_id or 0
    return {((network.tunnel_ofport, address), id) for address in network.reach.numbers}


_encoded_remotes: WeakKeyDictionary[RemotePort, dict[Form, Encoded]] = WeakKeyDictionary()
_encoded_everywhere: WeakKeyDictionary[Everywhere, dict[Form, tuple[Encoded, tuple[int, ...]]]] = (
    WeakKeyDictionary()
)


def encoded_remote(remote: RemotePort, ofport: int, answers_nd: bool | None) -> Encoded:
    """Give the flows of a port of another host in wire form; they are made once for all hosts."""
    known = _encoded_remotes.setdefault(remote, {})
    form = ofport, answers_nd
    if form not in known:
        known[form] = encode_flows(_of_remote(remote, ofport, answers_nd))
    return known[form]


def _encoded_machines(reach: Reach, ofport: int, answers_nd: bool | None) -> Encoded:
    """Give the flows of all ports of other hosts; those of all hosts are put together once."""
    known = _encoded_everywhere.setdefault(reach.everywhere, {})
    form = ofport, answers_nd
    if form not in known:
        by_host = [
            [flow for remote in ports for flow in encoded_remote(remote, ofport, answers_nd)]
            for ports in reach.everywhere.ports
        ]
        ends = tuple(accumulate(map(len, by_host), initial=0))
        known[form] = [flow for of_host in by_host for flow in of_host], ends
    flows, ends = known[form]
    here = reach.here
    return flows if here is None else flows[: ends[here]] + flows[ends[here + 1] :]


def _encoded_peer(ofport: int, address: int, ids: tuple[int, ...]) -> Encoded:
    """Give the flows of a peer in wire form, put together of what is made once for all hosts."""
    if len(ids) > FEW_IDS:
        return encode_flows(_of_peer(ofport, IPv4Address(address), ids))
    keys = _peer_keys(ofport, address)
    actions = zip(*[_peer_actions(ofport, shared) for shared in ids], strict=True)
    return [
        (key, FlowBody(cookie, apply_actions(b"".join(octets))))
        for (key, cookie), octets in zip(keys, actions, strict=True)
    ]


@lru_cache(1 << 14)
def _peer_keys(ofport: int, address: int) -> tuple[tuple[FlowKey, int], ...]:
    """Give key and cookie of each flow of a peer."""
    encoded = encode_flows(_of_peer(ofport, IPv4Address(address), ()))
    return tuple([(key, body.cookie) for key, body in encoded])


@lru_cache(1 << 14)
def _peer_actions(ofport: int, segmentation_id: int) -> tuple[bytes, ...]:
    """Give the actions of each flow of a peer, whichever it is, that are for one network."""
    flows = _of_peer(ofport, SOMEBODY, (segmentation_id,))
    return tuple([encode_actions(flow.actions) for flow in flows])


def _of_network(network: TunnelNetwork) -> Iterator[Flow]:
    for feature in FEATURES:
        yield from feature.network_flows(network)


def _of_remote(remote: RemotePort, ofport: int, answers_nd: bool | None) -> Iterator[Flow]:
    for feature in FEATURES:
        yield from feature.remote_flows(remote, ofport, answers_nd)


def _of_peer(ofport: int, address: IPv4Address, ids: tuple[int, ...]) -> Iterator[Flow]:
    for feature in FEATURES:
        yield from feature.peer_flows(ofport, address, ids)
