"""Switching of guarded networks: each frame goes to whom it is for, and to nobody else. PURE.

A guarded port's MAC addresses are known, so nothing is learned and nothing floods to it: a broadcast or
multicast goes to each receiver by its own rules, a MAC address that is not known to ports that are not
guarded, and to the wire. While a network of a host is guarded, MAC learning within a tag (NORMAL) is left
to the bound ports of networks that are not, and to trunks.
"""

from collections.abc import Iterable, Iterator

from osken_apps.model.addresses import MacAddress
from osken_apps.model.snapshot import INTEGRATION_TUNNEL_END, BoundPort, Segment, integration_end
from osken_apps.openflow.actions import (
    NORMAL,
    Action,
    Ct,
    CtClear,
    Output,
    OutputField,
    PopVlan,
    PushVlan,
    Resubmit,
    SetBit,
    SetField,
)
from osken_apps.openflow.fields import UNTAGGED, Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.pipeline.feature import Feature, PlannedBridge
from osken_apps.pipeline.headers import (
    FRAGMENTS,
    IGMP,
    IPV4,
    IPV6,
    LISTENER_KINDS,
    MULTICAST,
    NEIGHBOR_ADVERTISEMENT,
    NEIGHBOR_SOLICITATION,
    REDIRECT,
    ROUTER_ADVERTISEMENT,
    ROUTER_SOLICITATION,
    UNTRACKED,
    VALID,
    Values,
    of_link,
    of_listeners,
)
from osken_apps.pipeline.stage import Role, Rule, Stage
from osken_apps.pipeline.stages import (
    ADMIT,
    CLASSIFY,
    COMMIT,
    DELIVER,
    LOOKUP,
    REPLICATE,
    SEVERAL,
)

NEIGHBOR_KINDS = (
    ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT, NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT, REDIRECT,
)  # fmt: skip
UNTRACKED_MESSAGES = (*map(of_listeners, LISTENER_KINDS), *map(of_link, NEIGHBOR_KINDS))
SEVERAL_RECEIVERS = 0  # as the value of REG7

UNGUARDED_IN = Rule(
    64, "unguarded_in", CLASSIFY, 5,
    "A port of a guarded network that is not guarded itself is asked nothing; a priority tag is no tag.",
)  # fmt: skip
TRUNK_IN = Rule(
    65, "trunk_in", CLASSIFY, 5, "A declared trunk sends with the network's tag on this host.",
)  # fmt: skip
UNGUARDED_TAGGED = Rule(
    66, "unguarded_tagged", CLASSIFY, 4, "A machine sends no tags of its own.",
)  # fmt: skip
PROVIDER_TO_GUARDED = Rule(
    67, "provider_to_guarded", CLASSIFY, 3,
    "A frame of a guarded network comes from the physical bridge: whom it is for is looked up.",
)  # fmt: skip
BOUND_NORMAL = Rule(
    68, "bound_normal", CLASSIFY, 1,
    "A port of another network that is not guarded reaches its own by MAC learning within the tag.",
)  # fmt: skip
TRUNK_NORMAL = Rule(
    69, "trunk_normal", CLASSIFY, 1, "A declared trunk reaches networks that are not guarded likewise.",
)  # fmt: skip
KNOWN_MAC = Rule(70, "known_mac", LOOKUP, 40, "The MAC address is that of one port here.")
UNTRACKED_MULTICAST = Rule(
    71, "untracked_multicast", LOOKUP, 35, "What keeps neighbors and multicast going has no connection.",
)  # fmt: skip
UNTRACKED_SHARED = Rule(
    176, "untracked_shared", LOOKUP, 31, "As in untracked_multicast: a datapath would call it invalid.",
)  # fmt: skip
TRACK_SHARED = Rule(
    72, "track_shared", LOOKUP, 30,
    "Several machines may have this MAC address: find and keep the connection before it goes to each.",
)  # fmt: skip
SHARED_MAC = Rule(73, "shared_mac", LOOKUP, 29, "Likewise, for what has no connection.")
TRACK_MULTICAST = Rule(
    74, "track_multicast", LOOKUP, 25, "Find the connection once, before there is a copy for each receiver.",
)  # fmt: skip
WHOLE_MULTICAST = Rule(
    181, "whole_multicast", LOOKUP, 25,
    "Fragments go on together: of a packet whose first one may not leave the others wait in vain.",
)  # fmt: skip
GROUP_ADDRESSED = Rule(75, "multicast", LOOKUP, 20, "Broadcast and multicast are for everybody.")
UNKNOWN_MAC = Rule(
    76, "unknown_mac", LOOKUP, 10, "Nobody here is known by this MAC address: it is not for a guarded port.",
)  # fmt: skip
TO_HOLDERS = Rule(
    78, "to_holders", REPLICATE, 30, "To each port here that may have this MAC address, and to the wire.",
)  # fmt: skip
TO_EACH = Rule(79, "to_each", REPLICATE, 20, "To each port of the network here, and to the wire.")
DELIVER_SEVERAL = Rule(
    80, "deliver_unknown", DELIVER, 20,
    "What nobody here is known for goes to the ports that are not guarded, and to the wire.",
)  # fmt: skip
DELIVER_TAGGED = Rule(
    81, "deliver_tagged", DELIVER, 10,
    "To a physical bridge or a trunk, with the network's tag on this host.",
)  # fmt: skip
DELIVER_PLAIN = Rule(82, "deliver", DELIVER, 1, "To a port.")


class Switching(Feature):
    """Who gets what in the guarded networks of a host."""

    name = "switching"
    stages = (LOOKUP, REPLICATE, DELIVER)
    rules = (
        UNGUARDED_IN, TRUNK_IN, UNGUARDED_TAGGED, PROVIDER_TO_GUARDED, BOUND_NORMAL, TRUNK_NORMAL, KNOWN_MAC,
        UNTRACKED_MULTICAST, UNTRACKED_SHARED, TRACK_SHARED, SHARED_MAC, TRACK_MULTICAST, WHOLE_MULTICAST,
        GROUP_ADDRESSED, UNKNOWN_MAC, TO_HOLDERS, TO_EACH, DELIVER_SEVERAL, DELIVER_TAGGED, DELIVER_PLAIN,
    )  # fmt: skip

    def bridge_flows(self, bridge: PlannedBridge) -> Iterator[Flow]:
        """Give the flows of all guarded networks, and what is left to MAC learning beside them."""
        if bridge.role is not Role.INTEGRATION or not bridge.snapshot.is_guarded:
            return
        yield from _of_any_network()
        trunks = [ofport for name in bridge.snapshot.trunks if (ofport := bridge.ofport(name)) is not None]
        for trunk in trunks:
            yield TRUNK_NORMAL.flow(Match.of({Field.IN_PORT: trunk}), NORMAL)
        for segment in bridge.snapshot.segments:
            ports = [bound for bound in bridge.snapshot.ports if bound.segment == segment]
            if segment.guarded:
                yield from _of_network(bridge, segment, ports, trunks)
            else:
                for bound in ports:
                    yield BOUND_NORMAL.flow(Match.of({Field.IN_PORT: bound.ofport}), NORMAL)

    def port_flows(self, bound: BoundPort, max_meters: int) -> Iterator[Flow]:
        """Give what lets a port of a guarded network in that is not guarded itself."""
        if bound.segment.guarded and bound.guard is None:
            sender: Values = {Field.IN_PORT: bound.ofport}
            network = SetField(Field.REG6, bound.segment.local_vlan)
            plain, tagged = (Match.of(sender | {Field.VLAN_VID: vid}) for vid in (UNTAGGED, 0))
            yield UNGUARDED_IN.flow(plain, CtClear(), network, goto=LOOKUP)
            yield UNGUARDED_IN.flow(tagged, PopVlan(), CtClear(), network, goto=LOOKUP)
            yield UNGUARDED_TAGGED.flow(Match.of(sender))


def _of_any_network() -> Iterator[Flow]:
    for message in UNTRACKED_MESSAGES:
        yield UNTRACKED_MULTICAST.flow(Match.of(MULTICAST | message), goto=REPLICATE)
    yield UNTRACKED_MULTICAST.flow(Match.of(MULTICAST | IGMP), goto=REPLICATE)
    track = Ct(Field.REG6, REPLICATE.table_id)
    for family in (IPV4, IPV6):
        to_all = MULTICAST | family
        yield TRACK_MULTICAST.flow(Match.of(to_all | UNTRACKED), track, via=(REPLICATE,))
        for fragment in FRAGMENTS:
            yield WHOLE_MULTICAST.flow(Match.of(to_all | VALID | fragment), track, via=(REPLICATE,))
    yield GROUP_ADDRESSED.flow(Match.of(MULTICAST), goto=REPLICATE)
    yield DELIVER_PLAIN.flow(Match(), OutputField(Field.REG7))


def _of_network(
    bridge: PlannedBridge, segment: Segment, ports: list[BoundPort], trunks: list[int]
) -> Iterator[Flow]:
    """Give the flows of a guarded network; `trunks` are the numbers of the declared trunks."""
    here: Values = {Field.REG6: segment.local_vlan}
    wire = _wire(bridge, segment)
    ends = [*trunks, *wire]
    if wire:
        yield _from_wire(wire[0], segment)
    for trunk in trunks:
        tagged = Match.of({Field.IN_PORT: trunk, Field.VLAN_VID: segment.local_vlan})
        yield TRUNK_IN.flow(tagged, PopVlan(), CtClear(), _network(segment), goto=LOOKUP)
    holders = _holders(ports)
    for mac, [first, *others] in holders.items():
        to_mac = here | {Field.ETH_DST: mac}
        if not others and mac == first.mac_address:
            receiver = SetField(Field.REG7, first.ofport)
            yield KNOWN_MAC.flow(Match.of(to_mac), receiver, goto=ADMIT if first.guard else COMMIT)
        else:
            yield from _shared(to_mac, [first, *others], ends)
    yield UNKNOWN_MAC.flow(Match.of(here), goto=COMMIT)
    yield TO_EACH.flow(Match.of(here), *_to_each(ports, ends), via=_ways(ports, ends))
    unguarded = [Output(bound.ofport) for bound in ports if bound.guard is None]
    unknown = Match.of(here | {Field.REG7: SEVERAL_RECEIVERS})
    yield DELIVER_SEVERAL.flow(unknown, *unguarded, *_tagged(segment, ends))
    for end in ends:
        # The tag comes off again: there may be another receiver.
        yield DELIVER_TAGGED.flow(Match.of(here | {Field.REG7: end}), *_tagged(segment, [end]), PopVlan())


def _shared(to_mac: Values, holders: list[BoundPort], ends: list[int]) -> Iterator[Flow]:
    """Give the flows of a MAC address that several machines may have, here or elsewhere."""
    for message in UNTRACKED_MESSAGES:
        yield UNTRACKED_SHARED.flow(Match.of(to_mac | message), goto=REPLICATE)
    for family in (IPV4, IPV6):
        keep = Ct(Field.REG6, REPLICATE.table_id, commit=True)
        yield TRACK_SHARED.flow(Match.of(to_mac | family), keep, via=(REPLICATE,))
    yield SHARED_MAC.flow(Match.of(to_mac), goto=REPLICATE)
    yield TO_HOLDERS.flow(Match.of(to_mac), *_to_each(holders, ends), via=_ways(holders, ends))


def _from_wire(patch: int, segment: Segment) -> Flow:
    if segment.link_vlan is None:
        untagged = Match.of({Field.IN_PORT: patch, Field.VLAN_VID: UNTAGGED})
        return PROVIDER_TO_GUARDED.flow(untagged, _network(segment), goto=LOOKUP)
    tagged = Match.of({Field.IN_PORT: patch, Field.VLAN_VID: segment.link_vlan})
    return PROVIDER_TO_GUARDED.flow(tagged, PopVlan(), _network(segment), goto=LOOKUP)


def _wire(bridge: PlannedBridge, segment: Segment) -> list[int]:
    """Give the number of the link to the bridge that leads to other hosts, if it is there."""
    name = bridge.layout.bridge_of(segment.physical_network)
    end = INTEGRATION_TUNNEL_END if segment.is_tunnel else integration_end(name) if name else ""
    ofport = bridge.ofport(end)
    return [] if ofport is None else [ofport]


def _holders(ports: Iterable[BoundPort]) -> dict[MacAddress, list[BoundPort]]:
    """Give the ports that may have each MAC address."""
    holders: dict[MacAddress, list[BoundPort]] = {}
    for bound in ports:
        own = {own.mac_address for own in bound.guard.addresses} if bound.guard else {bound.mac_address}
        for mac in sorted(own, key=int):
            holders.setdefault(mac, []).append(bound)
    return holders


def _to_each(ports: Iterable[BoundPort], ends: Iterable[int]) -> Iterator[Action]:
    yield SetBit(Field.REG0, SEVERAL, True)
    for bound in ports:
        yield SetField(Field.REG7, bound.ofport)
        yield Resubmit((ADMIT if bound.guard else COMMIT).table_id)
    for end in ends:
        yield SetField(Field.REG7, end)
        yield Resubmit(COMMIT.table_id)


def _ways(ports: Iterable[BoundPort], ends: list[int]) -> tuple[Stage, ...]:
    """Give the stages that `_to_each` names."""
    guarded = {bound.guard is not None for bound in ports} | ({False} if ends else set())
    return tuple(stage for stage, used in ((ADMIT, True), (COMMIT, False)) if used in guarded)


def _tagged(segment: Segment, ends: Iterable[int]) -> Iterator[Action]:
    ofports = [Output(end) for end in ends]
    return iter((PushVlan(), SetField(Field.VLAN_VID, segment.local_vlan), *ofports) if ofports else ())


def _network(segment: Segment) -> SetField:
    return SetField(Field.REG6, segment.local_vlan)
