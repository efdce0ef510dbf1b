"""What contradicts what is known, among the flows of a bridge from which nothing is taken away. PURE.

A flow that is not wanted stays there, as somebody who is not known may need it. Not so one by which what is
known would go by what was before, or two networks would meet: it goes, or leads to fewer.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, product

from osken_apps.model.resources import NetworkType
from osken_apps.openflow.actions import Action, Output, Resubmit, SetField
from osken_apps.openflow.difference import Difference
from osken_apps.openflow.fields import Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.reading import read_flow
from osken_apps.openflow.wire import MATCH_HEADER, FlowBody, FlowKey, encode_instructions, encode_match
from osken_apps.pipeline.feature import PlannedBridge
from osken_apps.pipeline.features.dead import DEAD_DROP
from osken_apps.pipeline.features.group_rules import (
    EGRESS_MEMBER,
    EGRESS_RULE,
    EGRESS_WHAT,
    INGRESS_MEMBER,
    INGRESS_RULE,
    INGRESS_WHAT,
)
from osken_apps.pipeline.features.switching import (
    DELIVER_SEVERAL,
    KNOWN_MAC,
    SHARED_MAC,
    TO_EACH,
    TO_HOLDERS,
    TRACK_SHARED,
    UNTRACKED_SHARED,
)
from osken_apps.pipeline.features.tunnels import (
    ARP_KNOWN,
    ND_KNOWN,
    ND_TO_HOST,
    TO_KNOWN_MAC,
    TO_SHARED_MAC,
    TYPE_NUMBERS,
    tunnel_networks,
)
from osken_apps.pipeline.headers import Values
from osken_apps.pipeline.named_vlans import named_by
from osken_apps.pipeline.stage import Role, Rule

Item = tuple[FlowKey, FlowBody]


class Stale:
    """What is done about flows that are not wanted on one bridge."""

    def __init__(self, bridge: PlannedBridge, unwanted: Sequence[Item]) -> None:
        self._unwanted = unwanted
        self._ports = _Ports(bridge)
        self._networks = _Networks(bridge)
        self._groups = _Groups(bridge)
        self._machines = _Machines(bridge)
        lists = [item for item in unwanted if item[1].cookie == TO_HOLDERS.cookie]
        stay = [read_flow(*item).flow for item in lists if not self._contradicts(*item)]
        self._held = frozenset(map(_mac_of, stay))

    def undone(self) -> Difference:
        """Give which of them go, and which only lead to fewer."""
        less: list[Item] = []
        gone: list[Item] = []
        for key, body in self._unwanted:
            if self._contradicts(key, body):
                gone.append((key, body))
            elif body.cookie in _LISTS and (rest := self._ports.spared(key, body)) != body:
                less.append((key, rest))
        return Difference(tuple(less), tuple(gone))

    def _contradicts(self, key: FlowKey, body: FlowBody) -> bool:
        """Tell whether a flow is of a port that is known, joins a network that is known with something else,
        or says something else of what is known.
        """
        if self._ports.have(key, body) or self._networks.are_joined_by(key, body):
            return True
        contradicts = _CONTRADICTIONS.get(body.cookie)
        return contradicts is not None and contradicts(self, key, body)

    def _is_not_dead(self, key: FlowKey, body: FlowBody) -> bool:
        return True  # a flow of what is dead would be wanted

    def _is_of_a_known_group(self, key: FlowKey, body: FlowBody) -> bool:
        return self._groups.have(key)

    def _is_of_a_known_machine(self, key: FlowKey, body: FlowBody) -> bool:
        return self._machines.are_told_of(key, body)

    def _misleads(self, key: FlowKey, body: FlowBody) -> bool:
        flow = read_flow(key, body).flow
        return self._ports.are_led_to_by(flow) or self._networks.lack_receivers_of(flow)

    def _has_no_holder(self, key: FlowKey, body: FlowBody) -> bool:
        return self._networks.lack_receivers_of(read_flow(key, body).flow)

    def _lacks_its_list(self, key: FlowKey, body: FlowBody) -> bool:
        vlan, mac = _mac_of(read_flow(key, body).flow)
        return self._networks.have(vlan) and (vlan, mac) not in self._held


class _Ports:
    """The ports that are known, and those that are dead: each has what is wanted for it, and nothing else."""

    def __init__(self, bridge: PlannedBridge) -> None:
        has_ports = bridge.role is Role.INTEGRATION
        bound = (port.ofport for port in bridge.snapshot.ports)
        dead = (ofport for _, ofport in bridge.snapshot.dead)
        self._ofports = frozenset([*bound, *dead]) if has_ports else frozenset()

    def have(self, key: FlowKey, body: FlowBody) -> bool:
        """Tell whether a flow is one of theirs."""
        if not any(_number_after(header, key.match) in self._ofports for header in _PORT_HEADERS):
            return False
        matched = dict(read_flow(key, body).flow.match.fields)
        return not self._ofports.isdisjoint({matched.get(field) for field in _PORT_FIELDS})

    def are_led_to_by(self, flow: Flow) -> bool:
        """Tell whether a flow leads to one of them."""
        return any(map(self._is_led_to, flow.actions))

    def spared(self, key: FlowKey, body: FlowBody) -> FlowBody:
        """Give what a flow is to do without what it does for them."""
        flow = read_flow(key, body).flow
        if not self.are_led_to_by(flow):
            return body
        rest = tuple(self._of_others(flow.actions))
        return body._replace(instructions=encode_instructions(replace(flow, actions=rest)))

    def _of_others(self, actions: Iterable[Action]) -> Iterator[Action]:
        was_led = False
        for action in actions:
            is_led = self._is_led_to(action)
            if not is_led and not (was_led and isinstance(action, Resubmit)):
                yield action
            was_led = is_led

    def _is_led_to(self, action: Action) -> bool:
        match action:
            case Output(ofport) | SetField(Field.REG7, ofport):
                return ofport in self._ofports
        return False


class _Networks:
    """The networks that are known: each has its local VLAN and its wire for itself.

    Those of a physical network that has no bridge there any more are not among them.
    """

    def __init__(self, bridge: PlannedBridge) -> None:
        snapshot = bridge.snapshot
        self._bridge = bridge
        self._names = {number: name for name, number in snapshot.ofports.get(bridge.name, {}).items()}
        there = (it for it in snapshot.segments if it.physical_network not in snapshot.lost_networks)
        self._wires = {it.local_vlan: bridge.layout.wire_of(it) for it in there}
        self._kept = frozenset[tuple[object, object]](snapshot.kept_vlans)

    def have(self, vlan: object) -> bool:
        """Tell whether a local VLAN is that of one."""
        return vlan in self._wires

    def are_joined_by(self, key: FlowKey, body: FlowBody) -> bool:
        """Tell whether a flow joins one with something else."""
        vlan, wire = named_by(key, body, self._bridge.name, self._bridge.layout, self._names)
        if vlan is None or wire is None:
            return False
        is_known = vlan in self._wires or wire in self._wires.values()
        return is_known and self._wires.get(vlan) != wire

    def lack_receivers_of(self, flow: Flow) -> bool:
        """Tell whether a flow leads, in one of them, to where none of its ports is any more."""
        vlan, _ = _mac_of(flow)
        of_it = product(values_set(flow, Field.REG7), (vlan, None))
        is_kept = not self._kept.isdisjoint(of_it)
        return self.have(vlan) and not is_kept


class _Groups:
    """The security groups that are known: each permits what its rules do."""

    def __init__(self, bridge: PlannedBridge) -> None:
        self._matches = {_fields({Field.REG4: policy.number}) for policy in bridge.snapshot.policies}

    def have(self, key: FlowKey) -> bool:
        """Tell whether a flow is one of theirs."""
        return _last_fields(key.match, _GROUP_OCTETS) in self._matches


class _Machines:
    """The machines of networks over tunnels that are known: where each is, and what is told of it."""

    def __init__(self, bridge: PlannedBridge) -> None:
        self._reaches = {
            _tunnel_network(of.segment.network_type, of.segment.segmentation_id or 0): of.reach
            for of in tunnel_networks(bridge)
        }
        self._known: dict[bytes, frozenset[object]] = {}

    def are_told_of(self, key: FlowKey, body: FlowBody) -> bool:
        """Tell whether a flow says something of the address or the MAC address of one of them."""
        network = _last_fields(key.match, _NETWORK_OCTETS)
        if network not in self._reaches:
            return False
        flow = read_flow(key, body).flow
        matched = dict(flow.match.fields)
        told = {*map(matched.get, _MACHINE_FIELDS), *values_set(flow, Field.ETH_SRC)}
        return not self._known_in(network).isdisjoint(told)

    def _known_in(self, network: bytes) -> frozenset[object]:
        """Give the MAC addresses and the addresses of a network: they are many, and seldom asked for."""
        if network not in self._known:
            ports = chain.from_iterable(self._reaches[network].everywhere.ports)
            found = ((port.mac_address, *port.known) for port in ports)
            self._known[network] = frozenset(chain.from_iterable(found))
        return self._known[network]


def values_set(flow: Flow, field: Field) -> Iterator[object]:
    """Give what a flow sets a field to, one after the other."""
    return (it.value for it in flow.actions if isinstance(it, SetField) and it.field is field)


def _mac_of(flow: Flow) -> tuple[object, object]:
    """Give for which MAC address of which local VLAN a flow of switching is."""
    matched = dict(flow.match.fields)
    return matched.get(Field.REG6), matched.get(Field.ETH_DST)


def _number_after(header: bytes, match: bytes) -> int:
    """Look for a field's number without reading the match: what is found may be something else."""
    place = match.find(header) + len(header)
    return int.from_bytes(match[place : place + 4], "big")


def _fields(values: Values) -> bytes:
    """Give fields as a match has them."""
    match = encode_match(Match.of(values))
    return match[MATCH_HEADER.size : _length(match)]


def _last_fields(match: bytes, octets: int) -> bytes:
    """Give the last fields of a match without reading it: the registers, and before them the tunnel's id."""
    end = _length(match)
    return match[end - octets : end]


def _length(match: bytes) -> int:
    return int.from_bytes(match[2:4], "big")


def _tunnel_network(network_type: NetworkType, segmentation_id: int) -> bytes:
    return _fields({Field.TUN_ID: segmentation_id, Field.REG0: TYPE_NUMBERS[network_type]})


_GROUP_OCTETS = len(_fields({Field.REG4: 0}))
_NETWORK_OCTETS = len(_tunnel_network(NetworkType.VXLAN, 0))
_MACHINE_FIELDS = (Field.ETH_DST, Field.ARP_TPA, Field.ND_TARGET)
_PORT_FIELDS = (Field.IN_PORT, Field.REG7)
_PORT_HEADERS = tuple(encode_match(Match.of({field: 0}))[4:8] for field in _PORT_FIELDS)
#: What else is asked of flows, and of those of which rules.
_ASKED: Mapping[Callable[[Stale, FlowKey, FlowBody], bool], tuple[Rule, ...]] = {
    Stale._is_not_dead: (DEAD_DROP,),
    Stale._misleads: (KNOWN_MAC,),
    Stale._has_no_holder: (TO_HOLDERS,),
    Stale._lacks_its_list: (SHARED_MAC, TRACK_SHARED, UNTRACKED_SHARED),
    Stale._is_of_a_known_group: (
        EGRESS_RULE, EGRESS_WHAT, EGRESS_MEMBER, INGRESS_RULE, INGRESS_WHAT, INGRESS_MEMBER,
    ),
    Stale._is_of_a_known_machine: (ARP_KNOWN, ND_KNOWN, ND_TO_HOST, TO_KNOWN_MAC, TO_SHARED_MAC),
}  # fmt: skip
_CONTRADICTIONS = {rule.cookie: asked for asked, rules in _ASKED.items() for rule in rules}
#: Whose flows lead to several: others need the rest.
_LISTS = frozenset(rule.cookie for rule in (TO_EACH, TO_HOLDERS, DELIVER_SEVERAL))
