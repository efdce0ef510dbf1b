"""The flows of a tunnel bridge: of each network, of each machine elsewhere, and of each peer. PURE.

A host may have thousands, and a port that comes or goes changes a few on each other host of its network: so
what has not changed is neither made nor encoded nor compared again.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Address
from weakref import WeakKeyDictionary

from osken_apps.model.snapshot import Segment
from osken_apps.model.tunnels import Reach, RemotePort
from osken_apps.model.turns import in_turns
from osken_apps.openflow.difference import Difference, FlowTable
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.wire import FlowBody, FlowKey, encode_flow
from osken_apps.pipeline.feature import Bridge
from osken_apps.pipeline.features import FEATURES
from osken_apps.pipeline.features.tunnels import is_linked, reaches
from osken_apps.pipeline.port_forms import Encoded

Table = dict[FlowKey, FlowBody]
Reached = tuple[Segment, Reach, int, int]  # as `reaches` gives it
Peer = tuple[int, IPv4Address]  # the port of a type's tunnels, and where a host is reached

BRIDGE = ""  # in the place of a network's id
FEW_PEERS = 16
MAX_KEPT = 1 << 16


def tunnel_flows(bridge: Bridge, pause: Callable[[], None]) -> Iterator[Flow]:
    """Give all flows of a tunnel bridge but the bridge's own."""
    peers: dict[Peer, set[int]] = {}
    for reached in reaches(bridge):
        segment, reach, _, ofport = reached
        yield from _of_reach(*reached)
        for remote in in_turns(reach.ports, pause):
            yield from _of_remote(remote, ofport, bridge.snapshot.answers_nd)
        for address in reach.peers:
            peers.setdefault((ofport, address), set()).add(segment.segmentation_id or 0)
    for (ofport, address), ids in sorted(peers.items()):
        yield from _of_peer(ofport, address, tuple(sorted(ids)))


class TunnelEncoder:
    """Keeps the flows of one tunnel bridge in wire form."""

    def __init__(self) -> None:
        self._form: object = None  # what every flow hangs on
        self._networks: dict[str, Reached] = {}
        self._own: dict[str, Encoded] = {}  # by network: the flows that are not a machine's or a peer's
        self._flows: Table = {}
        self._step: tuple[Table, _Change] | None = None  # from which flows to those now, and by what

    def flows(self, bridge: Bridge, pause: Callable[[], None] = lambda: None) -> Table:
        """Give all flows of the bridge, by key: the same object as long as they are the same."""
        snapshot = bridge.snapshot
        form = snapshot.ofports.get(bridge.name), snapshot.answers_nd, is_linked(bridge)
        if form != self._form:
            self.__init__()  # type: ignore[misc]
        self._form = None  # until all of it is done
        change = self._change(bridge, pause)
        self._form = form
        if change:
            self._step = self._flows, change
            self._flows = change.applied()
        return self._flows

    def take_step(self, before: FlowTable, now: FlowTable) -> Difference | None:
        """Give, once, what leads from flows to those that were given last; None if that is not known."""
        if now is not self._flows:
            return None
        step, self._step = self._step, None
        return step[1].difference() if step and step[0] is before else None

    def _change(self, bridge: Bridge, pause: Callable[[], None]) -> "_Change":
        answers_nd, change = bridge.snapshot.answers_nd, _Change(self._flows)
        own = _encoded(flow for feature in FEATURES for flow in feature.bridge_flows(bridge))
        change.swap(self._own.get(BRIDGE, []), own)
        self._own[BRIDGE] = own
        wanted = {reached[0].network_id: reached for reached in reaches(bridge)}
        differing = [id for id in self._networks.keys() | wanted.keys() if self._differs(id, wanted.get(id))]
        peers: set[Peer] = set()
        for network_id in differing:
            known = self._networks.pop(network_id, None)
            now = wanted.get(network_id)
            self._follow(network_id, known, now, change)
            before, there = _remotes(known), _remotes(now)
            for remote, ofport in before - there:
                change.swap(encoded_remote(remote, ofport, answers_nd), [])
            for remote, ofport in in_turns(there - before, pause):
                change.swap([], encoded_remote(remote, ofport, answers_nd))
            peers |= {peer for peer, _ in _shared(known) ^ _shared(now)}
            if now:
                self._networks[network_id] = now
        for peer, ids in self._ids_of(peers).items():
            if ids:
                change.swap([], encoded_peer(*peer, tuple(sorted(ids))))
            else:
                change.swap(_encoded(_of_peer(*peer, ())), [])
        return change

    def _differs(self, network_id: str, wanted: Reached | None) -> bool:
        known = self._networks.get(network_id)
        if known is None or wanted is None:
            return True
        return (known[1] is not wanted[1] and known[1] != wanted[1]) or known[0] != wanted[0]

    def _follow(
        self, network_id: str, known: Reached | None, wanted: Reached | None, change: "_Change"
    ) -> None:
        """Note what changes of a network's own flows."""
        own = before = self._own.pop(network_id, [])
        if wanted is None or known is None or _gist(known) != _gist(wanted):
            own = _encoded(_of_reach(*wanted)) if wanted else []
        change.swap(before, own)
        if wanted:
            self._own[network_id] = own

    def _ids_of(self, peers: set[Peer]) -> dict[Peer, list[int]]:
        """Give the ids of the networks that are shared with each of some peers.

        They are not kept: of thousands of hosts that would be much, for what is looked up of few.
        """
        found: dict[Peer, list[int]] = {peer: [] for peer in peers}
        for segment, reach, _, ofport in self._networks.values() if peers else ():
            if len(peers) < FEW_PEERS:
                shared = [peer for peer in peers if peer[0] == ofport and _is_among(peer[1], reach.peers)]
            else:
                every = ((ofport, address) for address in reach.peers)
                shared = [peer for peer in every if peer in peers]
            for peer in shared:
                found[peer].append(segment.segmentation_id or 0)
        return found


class _Change:
    """What goes and what comes, of flows; what does both stays or is another one now. It may be nothing."""

    def __init__(self, flows: Table) -> None:
        self._flows = flows
        self._gone: Table = {}
        self._come: Table = {}

    def swap(self, gone: Encoded, come: Encoded) -> None:
        if gone is not come:
            self._gone.update(gone)
            self._come.update(come)

    def __bool__(self) -> bool:
        flows, come = self._flows, self._come
        goes = (key in flows and key not in come for key in self._gone)
        return any(flows.get(key) != body for key, body in come.items()) or any(goes)

    def difference(self) -> Difference:
        flows, come = self._flows, self._come
        return Difference(
            tuple([(key, body) for key, body in come.items() if flows.get(key) != body]),
            tuple([(key, flows[key]) for key in self._gone if key not in come and key in flows]),
        )

    def applied(self) -> Table:
        flows = dict(self._flows)
        for key in self._gone:
            flows.pop(key, None)
        flows.update(self._come)
        return flows


def _gist(reached: Reached) -> tuple[object, ...]:
    """Give what the flows of a network hang on that are not a machine's or a peer's."""
    segment, reach, patch, ofport = reached
    return segment, reach.whereabouts, patch, ofport


def _remotes(reached: Reached | None) -> set[tuple[RemotePort, int]]:
    """Give the ports of other hosts, each with the number of its tunnels."""
    return {(remote, reached[3]) for remote in reached[1].ports} if reached else set()


def _is_among(address: IPv4Address, addresses: tuple[IPv4Address, ...]) -> bool:
    """Tell whether an address is among some that are in order."""
    place = bisect_left(addresses, address)
    return place < len(addresses) and addresses[place] == address


def _shared(reached: Reached | None) -> set[tuple[Peer, int]]:
    """Give the peers that a network is shared with, each with the network's id."""
    if reached is None:
        return set()
    segment, reach, _, ofport = reached
    return {((ofport, address), segment.segmentation_id or 0) for address in reach.peers}


_encoded_remotes: WeakKeyDictionary[RemotePort, dict[tuple[int, bool | None], Encoded]] = WeakKeyDictionary()


def encoded_remote(remote: RemotePort, ofport: int, answers_nd: bool | None) -> Encoded:
    """Give the flows of a port of another host in wire form; they are made once for all hosts."""
    known = _encoded_remotes.setdefault(remote, {})
    form = ofport, answers_nd
    if form not in known:
        known[form] = _encoded(_of_remote(remote, ofport, answers_nd))
    return known[form]


_kept_keys: dict[FlowKey, FlowKey] = {}
_kept_bodies: dict[FlowBody, FlowBody] = {}


def encoded_peer(ofport: int, address: IPv4Address, ids: tuple[int, ...]) -> Encoded:
    """Give the flows of a peer in wire form; what is the same for other hosts is the same objects."""
    encoded = _encoded(_of_peer(ofport, address, ids))
    if len(_kept_keys) > MAX_KEPT:
        _kept_keys.clear()
    if len(_kept_bodies) > MAX_KEPT:
        _kept_bodies.clear()
    return [
        (_kept_keys.setdefault(key, key), _kept_bodies.setdefault(body, body) if len(ids) == 1 else body)
        for key, body in encoded
    ]


def _encoded(flows: Iterable[Flow]) -> Encoded:
    return [encode_flow(flow) for flow in flows]


def _of_reach(segment: Segment, reach: Reach, patch: int, ofport: int) -> Iterator[Flow]:
    for feature in FEATURES:
        yield from feature.reach_flows(segment, reach, patch, ofport)


def _of_remote(remote: RemotePort, ofport: int, answers_nd: bool | None) -> Iterator[Flow]:
    for feature in FEATURES:
        yield from feature.remote_flows(remote, ofport, answers_nd)


def _of_peer(ofport: int, address: IPv4Address, ids: tuple[int, ...]) -> Iterator[Flow]:
    for feature in FEATURES:
        yield from feature.peer_flows(ofport, address, ids)
