"""Networks over tunnels: a frame goes to hosts that have its network, in packets of the hosts' own. PURE.

The tunnel bridge gives a frame its network's id in tunnels and takes it off again. Which machine is behind
which host is known, so nothing is learned; ARP for a known address is answered where it is asked. Ids of
different types are different networks, so REG0 says the type, by `TYPE_NUMBERS`.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from itertools import chain
from weakref import WeakKeyDictionary

from osken_apps.model.resources import TUNNEL_TYPES, NetworkType
from osken_apps.model.snapshot import (
    INTEGRATION_TUNNEL_END,
    TUNNEL_END,
    Segment,
    tunnel_port,
)
from osken_apps.model.tunnels import MAX_COPIES, Everywhere, Reach, RemotePort
from osken_apps.openflow.actions import (
    IN_PORT,
    NORMAL,
    Action,
    Conjunction,
    Move,
    Output,
    PopVlan,
    PushVlan,
    SetField,
)
from osken_apps.openflow.fields import Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import MadeActions
from osken_apps.pipeline.feature import Feature, PlannedBridge, TunnelNetwork
from osken_apps.pipeline.headers import (
    ANY_IPV6,
    ARP,
    ARP_REPLY,
    ARP_REQUEST,
    MULTICAST,
    NEIGHBOR_ADVERTISEMENT,
    NEIGHBOR_SOLICITATION,
    Values,
    icmpv6,
)
from osken_apps.pipeline.stage import Role, Rule
from osken_apps.pipeline.stages import ADVERTISE, ANSWERED, CLASSIFY, REMOTE, TUNNEL_CLASSIFY

TYPE_NUMBERS = {NetworkType.VXLAN: 1, NetworkType.GRE: 2, NetworkType.GENEVE: 3}
MAX_SHARED = 4000  # networks of a type that two hosts share: as many as fit into a flow
# A neighbor advertisement that is solicited and overrides, with its one option (RFC 4861, 4.4 and 4.6.1).
ADVERTISING: tuple[Action, ...] = (
    SetField(Field.ND_RESERVED, 0x60000000),
    SetField(Field.ND_OPTIONS_TYPE, 2),
    Move(Field.ETH_SRC, Field.ND_TLL),
)

TUNNEL_TO_LOCAL = Rule(
    160, "tunnel_to_local", CLASSIFY, 3,
    "A frame of a network of this host comes from the tunnel bridge, with the network's tag already.",
)  # fmt: skip
TUNNEL_DROP = Rule(
    161, "tunnel_drop", CLASSIFY, 2,
    "Any other frame from the tunnel bridge belongs to no network of this host.",
)  # fmt: skip
LOCAL_TO_SEGMENT = Rule(
    162, "local_to_segment", TUNNEL_CLASSIFY, 4,
    "A frame of a network over tunnels leaves: take off its tag, note its type and its id.",
)  # fmt: skip
PEER_IN = Rule(
    163, "peer_in", TUNNEL_CLASSIFY, 3, "Another host sends: it may, in the networks that both have.",
)  # fmt: skip
SEGMENT_TO_LOCAL = Rule(
    164, "segment_to_local", TUNNEL_CLASSIFY, 2,
    "A frame of a network comes from a host that has it, too: give it the network's tag on this host.",
)  # fmt: skip
ARP_KNOWN = Rule(
    165, "arp_known", REMOTE, 10,
    "Whoever asks for the address of a machine of another host is answered here (RFC 826).",
)  # fmt: skip
TO_SHARED_MAC = Rule(
    166, "to_shared_mac", REMOTE, 6, "To each host with a machine that may have this MAC address.",
)  # fmt: skip
TO_KNOWN_MAC = Rule(
    167, "to_known_mac", REMOTE, 5, "To the host of the machine that has this MAC address.",
)  # fmt: skip
TO_EACH_HOST = Rule(
    168, "to_each_host", REMOTE, 4, "Broadcast and multicast go to each other host that has the network.",
)  # fmt: skip
TO_UNKNOWN_MAC = Rule(
    169, "to_unknown_mac", REMOTE, 3,
    "Where a port is not guarded, likewise a MAC address that nobody is known by: its machine may have it.",
)  # fmt: skip
REPLY_TO_LOCAL = Rule(
    170, "reply_to_local", ANSWERED, 1, "The answer goes back to who asked, with the network's tag.",
)  # fmt: skip
ND_PROBE = Rule(
    171, "nd_probe", REMOTE, 11,
    "Whoever looks for others of its address asks all: there is nobody to answer to yet (RFC 4862, 5.4.2).",
)  # fmt: skip
ND_KNOWN = Rule(
    172, "nd_known", REMOTE, 10,
    "Likewise who asks for the IPv6 address of a machine of another host, where the datapath can (RFC 4861).",
)  # fmt: skip
ND_TO_HOST = Rule(
    173, "nd_to_host", REMOTE, 10, "Where it cannot: to the host of that machine, which answers itself.",
)  # fmt: skip
ND_ADVERTISE = Rule(
    174, "nd_advertise", ADVERTISE, 1, "The rest of the answer: solicited, with the machine's MAC address.",
)  # fmt: skip
SEGMENT_IN = Rule(
    175, "segment_in", TUNNEL_CLASSIFY, 3, "A frame is of a network of this host, whoever sends it.",
)  # fmt: skip


class Tunnels(Feature):
    """The tunnel bridge, and what comes from it."""

    name = "tunnels"
    stages = (TUNNEL_CLASSIFY, REMOTE, ADVERTISE, ANSWERED)
    rules = (
        TUNNEL_TO_LOCAL, TUNNEL_DROP, LOCAL_TO_SEGMENT, PEER_IN, SEGMENT_TO_LOCAL, ARP_KNOWN, TO_SHARED_MAC,
        TO_KNOWN_MAC, TO_EACH_HOST, TO_UNKNOWN_MAC, REPLY_TO_LOCAL, ND_PROBE, ND_KNOWN, ND_TO_HOST,
        ND_ADVERTISE, SEGMENT_IN,
    )  # fmt: skip

    def bridge_flows(self, bridge: PlannedBridge) -> Iterator[Flow]:
        """Give what comes from the tunnel bridge, and who may send to it."""
        if bridge.role is Role.INTEGRATION:
            yield from _of_integration(bridge)
        elif bridge.role is Role.TUNNEL and is_linked(bridge) and bridge.snapshot.answers_nd:
            yield ND_ADVERTISE.flow(Match.of(icmpv6(NEIGHBOR_ADVERTISEMENT)), *ADVERTISING, goto=ANSWERED)

    def network_flows(self, network: TunnelNetwork) -> Iterator[Flow]:
        """Give the flows of one network on the tunnel bridge, without those of single machines."""
        return _of_network(*network)

    def peer_flows(self, ofport: int, address: IPv4Address, ids: tuple[int, ...]) -> Iterator[Flow]:
        """Let a host send in each network that it has: a network's id is its conjunction's, as tunnels of one
        type only come in at a port.

        Whoever has an id of before, or another's, is not heard.
        """
        of_peer = Match.of({Field.IN_PORT: ofport, Field.TUN_SRC: address})
        yield PEER_IN.flow(of_peer, *map(_sends_in, ids[:MAX_SHARED]))

    def remote_flows(self, remote: RemotePort, ofport: int, answers_nd: bool | None) -> Iterator[Flow]:
        """Give the way to a machine of another host, and the answers for its addresses."""
        network = _network(remote.network_type, remote.segmentation_id)
        to_mac = Match.of(network | {Field.ETH_DST: remote.mac_address})
        yield TO_KNOWN_MAC.flow(to_mac, *_to([remote.address], ofport))
        for address in remote.known:
            if isinstance(address, IPv4Address):
                yield _arp_known(network, remote, address)
            elif answers_nd:
                yield _nd_known(network, remote, address)
            elif answers_nd is not None:
                yield ND_TO_HOST.flow(_solicitation(network, address), *_to([remote.address], ofport))


def is_linked(bridge: PlannedBridge) -> bool:
    """Tell whether both ends of the link between integration bridge and tunnel bridge are known.

    Until then the tunnel bridge has no flows: a frame must not pass the link before the flows that drop.
    """
    integration = bridge.snapshot.ofports.get(bridge.layout.integration_bridge, {})
    return bridge.ofport(TUNNEL_END) is not None and INTEGRATION_TUNNEL_END in integration


def _of_integration(bridge: PlannedBridge) -> Iterator[Flow]:
    ofport = bridge.ofport(INTEGRATION_TUNNEL_END)
    if ofport is None:
        return
    yield TUNNEL_DROP.flow(Match.of({Field.IN_PORT: ofport}))
    for segment in bridge.snapshot.segments:
        if segment.is_tunnel and not segment.guarded:
            tagged = Match.of({Field.IN_PORT: ofport, Field.VLAN_VID: segment.local_vlan})
            yield TUNNEL_TO_LOCAL.flow(tagged, NORMAL)


def tunnel_networks(bridge: PlannedBridge) -> Iterator[TunnelNetwork]:
    """Give the networks of a tunnel bridge; there are none before the link is whole."""
    patch = bridge.ofport(TUNNEL_END)
    if bridge.role is not Role.TUNNEL or patch is None or not is_linked(bridge):
        return
    by_network = {reach.network_id: reach for reach in bridge.snapshot.reaches}
    ofports = {kind: bridge.ofport(tunnel_port(kind)) for kind in TUNNEL_TYPES}
    for segment in bridge.snapshot.segments:
        ofport = ofports.get(segment.network_type)
        if ofport is not None:
            yield TunnelNetwork(segment, by_network[segment.network_id], patch, ofport)


def _of_network(segment: Segment, reach: Reach, patch: int, ofport: int) -> Iterator[Flow]:
    segmentation_id = segment.segmentation_id or 0
    network = _network(segment.network_type, segmentation_id)
    set_tag = SetField(Field.VLAN_VID, segment.local_vlan)
    yield LOCAL_TO_SEGMENT.flow(
        Match.of({Field.IN_PORT: patch, Field.VLAN_VID: segment.local_vlan}),
        PopVlan(),
        SetField(Field.REG0, TYPE_NUMBERS[segment.network_type]),
        SetField(Field.TUN_ID, segmentation_id),
        goto=REMOTE,
    )
    yield REPLY_TO_LOCAL.flow(Match.of(network), PushVlan(), set_tag, IN_PORT)
    if reach.peers:
        copies = _to_peers(reach, ofport)
        of_network = Match.of({Field.IN_PORT: ofport, Field.TUN_ID: segmentation_id})
        yield SEGMENT_IN.flow(of_network, Conjunction(segmentation_id, 2, 2))
        of_both = Match.of({Field.IN_PORT: ofport, Field.CONJ_ID: segmentation_id})
        yield SEGMENT_TO_LOCAL.flow(of_both, PushVlan(), set_tag, Output(patch))
        if not reach.floods_unknown:
            yield TO_EACH_HOST.flow_of(Match.of(network | MULTICAST), copies)
        if reach.has_ipv6:
            probe = icmpv6(NEIGHBOR_SOLICITATION) | {Field.IPV6_SRC: ANY_IPV6}
            yield ND_PROBE.flow_of(Match.of(network | probe), copies)
    if reach.floods_unknown:
        yield TO_UNKNOWN_MAC.flow_of(Match.of(network), _to_peers(reach, ofport))
    for mac, addresses in reach.shared:
        yield TO_SHARED_MAC.flow(
            Match.of(network | {Field.ETH_DST: mac}), *_to(addresses[:MAX_COPIES], ofport)
        )


@lru_cache(1 << 14)
def _sends_in(segmentation_id: int) -> Action:
    return Conjunction(segmentation_id, 1, 2)


def _network(network_type: NetworkType, segmentation_id: int) -> Values:
    return {Field.REG0: TYPE_NUMBERS[network_type], Field.TUN_ID: segmentation_id}


_to_everyone: WeakKeyDictionary[Everywhere, dict[int, MadeActions]] = WeakKeyDictionary()


def _to_peers(reach: Reach, ofport: int) -> tuple[Action, ...]:
    """Give what copies a frame to each other host of a network: they are made once for all hosts."""
    everywhere = reach.everywhere
    if len(everywhere.hosts) > MAX_COPIES:
        return tuple(_to(reach.peers[:MAX_COPIES], ofport))
    made = _to_everyone.setdefault(everywhere, {})
    if ofport not in made:
        made[ofport] = MadeActions.of(to_host(address, ofport) for address in everywhere.hosts)
    return made[ofport] if reach.here is None else made[ofport].without(reach.here)


def _to(addresses: Iterable[IPv4Address], ofport: int) -> Iterator[Action]:
    return chain.from_iterable(to_host(address, ofport) for address in addresses)


@lru_cache(1 << 14)
def to_host(address: IPv4Address, ofport: int) -> tuple[SetField, Output]:
    """Give what sends a frame to another host."""
    return SetField(Field.TUN_DST, address), Output(ofport)


def _arp_known(network: Values, remote: RemotePort, address: IPv4Address) -> Flow:
    request: Values = {Field.ARP_OP: ARP_REQUEST, Field.ARP_TPA: address}
    return ARP_KNOWN.flow(
        Match.of(network | ARP | request),
        Move(Field.ETH_SRC, Field.ETH_DST),
        SetField(Field.ETH_SRC, remote.mac_address),
        SetField(Field.ARP_OP, ARP_REPLY),
        Move(Field.ARP_SHA, Field.ARP_THA),
        Move(Field.ARP_SPA, Field.ARP_TPA),
        SetField(Field.ARP_SHA, remote.mac_address),
        SetField(Field.ARP_SPA, address),
        goto=ANSWERED,
    )


def _solicitation(network: Values, address: IPv6Address) -> Match:
    return Match.of(network | icmpv6(NEIGHBOR_SOLICITATION) | {Field.ND_TARGET: address})


def _nd_known(network: Values, remote: RemotePort, address: IPv6Address) -> Flow:
    return ND_KNOWN.flow(
        _solicitation(network, address),
        Move(Field.ETH_SRC, Field.ETH_DST),
        SetField(Field.ETH_SRC, remote.mac_address),
        Move(Field.IPV6_SRC, Field.IPV6_DST),
        Move(Field.ND_TARGET, Field.IPV6_SRC),
        SetField(Field.ICMPV6_TYPE, NEIGHBOR_ADVERTISEMENT),
        goto=ADVERTISE,
    )
