"""What is done to a bridge from which nothing is taken away that somebody may need. PURE.

On a host that is not known yet, or not by all of its networks, flows only come. Where ports are all that is
not known, flows of what is known follow what is known of it: another port or network must not go by what was
before. What several ports, peers or networks share keeps the parts of those that are not known, and what is
guarded for them stays guarded.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from osken_apps.model.snapshot import HostSnapshot, Layout, integration_end, is_integration_end, tunnel_port
from osken_apps.model.tunnels import MAX_COPIES
from osken_apps.openflow.actions import Action, Conjunction, Output, PushVlan, Resubmit, SetField
from osken_apps.openflow.difference import Difference, FlowTable, difference, looked_up
from osken_apps.openflow.fields import Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.reading import read_flow
from osken_apps.openflow.wire import FlowBody, FlowKey, encode_flow
from osken_apps.pipeline.desired import FlowEncoder
from osken_apps.pipeline.feature import PlannedBridge, bridge_of
from osken_apps.pipeline.features.isolation import PROVIDER_TO_LOCAL
from osken_apps.pipeline.features.switching import (
    DELIVER_SEVERAL,
    PROVIDER_TO_GUARDED,
    TO_EACH,
    TO_HOLDERS,
    UNKNOWN_MAC,
)
from osken_apps.pipeline.features.tunnels import (
    ND_PROBE,
    PEER_IN,
    TO_EACH_HOST,
    TO_SHARED_MAC,
    TO_UNKNOWN_MAC,
    TUNNEL_TO_LOCAL,
)
from osken_apps.pipeline.named_vlans import named_vlans
from osken_apps.pipeline.stage import Rule
from osken_apps.pipeline.stages import COMMIT
from osken_apps.pipeline.stale import Stale, values_set

Actions = tuple[Action, ...]


def done_of(
    flows: Difference, installed: FlowTable, bridge: str, layout: Layout, snapshot: HostSnapshot
) -> Difference:
    """Give what is done of a difference to a host's bridge: all of it, unless the host keeps what it has."""
    keeping = None if snapshot.takes_away else bridge_of(bridge, layout, snapshot)
    return kept(flows, installed, keeping) if keeping else flows


def kept(flows: Difference, installed: FlowTable, bridge: PlannedBridge) -> Difference:
    """Give what is done of a difference to a bridge of a host that keeps what it has."""
    if not flows:
        return flows
    there = looked_up(installed)
    known, bridge = bridge, _guarding(bridge, there)
    if bridge is not known:
        flows = difference(there, FlowEncoder().flows(bridge.name, bridge.layout, bridge.snapshot))
    if not bridge.snapshot.complete:
        return Difference(tuple([item for item in flows.add if item[0] not in there]))
    opened = _vlans_of(there, bridge, PROVIDER_TO_LOCAL, TUNNEL_TO_LOCAL)
    add = [(key, _with_unknown(key, body, there, bridge, opened)) for key, body in flows.add]
    of_stale = Stale(bridge, flows.delete).undone()
    added = [(key, body) for key, body in add if there.get(key) != body]
    return Difference((*added, *of_stale.add), of_stale.delete)


def _guarding(bridge: PlannedBridge, there: FlowTable) -> PlannedBridge:
    """Give a bridge as it is to be where networks of those that are not known are guarded there.

    Whoever knows of no guarded port does not open it, and is served beside what it guards.
    """
    snapshot = bridge.snapshot
    guarded = _vlans_of(there, bridge, PROVIDER_TO_GUARDED, UNKNOWN_MAC)
    if not guarded:
        return bridge
    kept_there = {vlan for _, vlan in snapshot.kept_vlans}
    stay = guarded & kept_there if snapshot.complete and None not in kept_there else guarded
    segments = {
        segment: replace(segment, guarded=segment.guarded or segment.local_vlan in stay)
        for segment in snapshot.segments
    }
    if snapshot.is_guarded and all(before == now for before, now in segments.items()):
        return bridge
    ports = tuple([replace(bound, segment=segments[bound.segment]) for bound in snapshot.ports])
    return replace(
        bridge, snapshot=replace(snapshot, segments=tuple(segments.values()), ports=ports, guards=True)
    )


def _vlans_of(there: FlowTable, bridge: PlannedBridge, *rules: Rule) -> frozenset[int]:
    """Give the local VLANs that flows of some rules name."""
    cookies = {rule.cookie for rule in rules}
    flows = {key: body for key, body in there.items() if body.cookie in cookies}
    ofports = bridge.snapshot.ofports.get(bridge.name, {})
    return frozenset(vlan for vlan, _ in named_vlans(bridge.name, bridge.layout, ofports, flows))


def _with_unknown(
    key: FlowKey, body: FlowBody, there: FlowTable, bridge: PlannedBridge, opened: frozenset[int]
) -> FlowBody:
    """Give what a flow is to do with the parts of what is not known."""
    merge = _MERGES.get(body.cookie)
    if merge is None:
        return body
    wanted = read_flow(key, body)
    before = read_flow(key, there[key]) if key in there else None
    if wanted.unknown or (before and before.unknown):
        return body
    actions = merge(wanted.flow, before.flow.actions if before else None, bridge, opened)
    return encode_flow(replace(wanted.flow, actions=actions))[1]


def _with_receivers(
    wanted: Flow, before: Actions | None, bridge: PlannedBridge, opened: frozenset[int]
) -> Actions:
    """Copies for ports: those that are not known get theirs as before, or as what is not guarded."""
    known = set(values_set(wanted, Field.REG7))
    ways = dict(_receivers(before or ()))
    open_way = Resubmit(COMMIT.table_id) if before is None and wanted.cookie == TO_EACH.cookie else None
    further: list[Action] = []
    for ofport, vlan in _unknown_in(wanted, bridge):
        way = ways.get(ofport) or (open_way if vlan in opened else None)
        if ofport not in known and way:
            further += [SetField(Field.REG7, ofport), way]
    for end in _lost_ends(wanted, bridge):
        if end in ways:
            further += [SetField(Field.REG7, end), ways[end]]
    return (*wanted.actions, *further)


def _receivers(actions: Actions) -> Iterator[tuple[object, Resubmit]]:
    for action, way in pairwise(actions):
        if isinstance(action, SetField) and action.field is Field.REG7 and isinstance(way, Resubmit):
            yield action.value, way


def _with_outputs(
    wanted: Flow, before: Actions | None, bridge: PlannedBridge, opened: frozenset[int]
) -> Actions:
    """Outputs to ports that are not guarded, before the tag is put on; to trunks and lost links behind it."""
    untagged, tagged = _parted(before or ())
    unknown = [
        (ofport, tag) for ofport, tag in _unknown_in(wanted, bridge) if Output(ofport) not in wanted.actions
    ]
    further = [
        Output(ofport)
        for ofport, tag in unknown
        if (tag in opened if before is None else Output(ofport) in untagged)
    ]
    ends = (*(ofport for ofport, _ in unknown), *_lost_ends(wanted, bridge))
    behind = [Output(end) for end in ends if Output(end) in tagged]
    vlan = _local_vlan(wanted)
    if behind and vlan and PushVlan() not in wanted.actions:
        return (*further, *wanted.actions, PushVlan(), SetField(Field.VLAN_VID, vlan), *behind)
    return (*further, *wanted.actions, *behind)


def _parted(actions: Actions) -> tuple[Actions, Actions]:
    """Give what is done before a tag is put on, and what from there on."""
    begin = actions.index(PushVlan()) if PushVlan() in actions else len(actions)
    return actions[:begin], actions[begin:]


def _lost_ends(wanted: Flow, bridge: PlannedBridge) -> list[int]:
    """Give the numbers of what may be ends of links to bridges that the configuration lost; to a network that
    lost its own any link may lead.
    """
    snapshot, vlan = bridge.snapshot, _local_vlan(wanted)
    lost = {it.local_vlan for it in snapshot.segments if it.physical_network in snapshot.lost_networks}
    mappings = () if vlan in lost else bridge.layout.bridge_mappings
    ends = {integration_end(name) for _, name in mappings}
    others = {bound.ofport for bound in snapshot.ports}.union(ofport for _, ofport in snapshot.dead)
    return [
        ofport
        for name, ofport in snapshot.ofports.get(bridge.name, {}).items()
        if is_integration_end(name) and name not in ends and ofport not in others
    ]


def _local_vlan(wanted: Flow) -> int | None:
    vlan = dict(wanted.match.fields).get(Field.REG6)
    return vlan if isinstance(vlan, int) else None


def _unknown_in(wanted: Flow, bridge: PlannedBridge) -> list[tuple[int, int | None]]:
    """Give the ports that are not known and are, or may be, of a flow's network, each with its local VLAN."""
    return [(ofport, tag) for ofport, tag in bridge.snapshot.kept_vlans if tag in (_local_vlan(wanted), None)]


def _with_ids(wanted: Flow, before: Actions | None, bridge: PlannedBridge, opened: frozenset[int]) -> Actions:
    """Networks in which a peer may send: those that this host has by what is known are as wanted."""
    in_port = dict(wanted.match.fields).get(Field.IN_PORT)
    own = {
        segment.segmentation_id
        for segment in bridge.snapshot.segments
        if segment.is_tunnel and bridge.ofport(tunnel_port(segment.network_type)) == in_port
    }
    further = [it for it in before or () if isinstance(it, Conjunction) and it.conj_id not in own]
    return (*wanted.actions, *(action for action in further if action not in wanted.actions))


def _with_peers(
    wanted: Flow, before: Actions | None, bridge: PlannedBridge, opened: frozenset[int]
) -> Actions:
    """Copies for hosts: one that has only what is not known has its own as before."""
    pairs = zip(*[iter(before or ())] * 2, strict=False)
    known = set(wanted.actions[::2])
    further = [action for pair in pairs if pair[0] not in known for action in pair]
    actions = (*wanted.actions, *further)
    return actions if len(actions) <= 2 * MAX_COPIES else wanted.actions


_MERGES: Mapping[int, Callable[[Flow, Actions | None, PlannedBridge, frozenset[int]], Actions]] = {
    TO_EACH.cookie: _with_receivers,
    TO_HOLDERS.cookie: _with_receivers,
    DELIVER_SEVERAL.cookie: _with_outputs,
    PEER_IN.cookie: _with_ids,
    TO_EACH_HOST.cookie: _with_peers,
    TO_UNKNOWN_MAC.cookie: _with_peers,
    TO_SHARED_MAC.cookie: _with_peers,
    ND_PROBE.cookie: _with_peers,
}
