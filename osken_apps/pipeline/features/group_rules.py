"""The rules of security groups as flows: the same on every host, made once for all of them. PURE.

Rules hang on groups, not on ports. A rule for a remote group is a set of conditions (ovs-fields(7),
conjunctive match): what it permits, and the members; so a member is one flow, however many the rules are.
What is permitted is marked, in the words of a connection's first packet.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from osken_apps.model.port_security import GroupPolicy, Member
from osken_apps.model.security_groups import Direction, Ethertype, SecurityGroupRule
from osken_apps.openflow.actions import Conjunction, SetBit
from osken_apps.openflow.fields import (
    IP_PROTO_ICMP,
    IP_PROTO_ICMPV6,
    IP_PROTO_SCTP,
    IP_PROTO_TCP,
    IP_PROTO_UDP,
    Field,
    Masked,
)
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.pipeline.feature import Feature
from osken_apps.pipeline.headers import IPV4, IPV6, Values, within
from osken_apps.pipeline.stage import Rule
from osken_apps.pipeline.stages import EGRESS_RULES, INGRESS_RULES, PERMITTED

IS_PERMITTED = SetBit(Field.REG0, PERMITTED, True)
PORTS = {IP_PROTO_TCP: Field.TCP_DST, IP_PROTO_UDP: Field.UDP_DST, IP_PROTO_SCTP: Field.SCTP_DST}
PORT_BITS = 16
ICMP_FIELDS = {
    (Ethertype.IPV4, IP_PROTO_ICMP): (Field.ICMP_TYPE, Field.ICMP_CODE),
    (Ethertype.IPV6, IP_PROTO_ICMPV6): (Field.ICMPV6_TYPE, Field.ICMPV6_CODE),
}
FOR_EVERYBODY = {
    Ethertype.IPV4: Member(IPv4Network("0.0.0.0/0")),
    Ethertype.IPV6: Member(IPv6Network("::/0")),
}
FAMILIES = {Ethertype.IPV4: IPV4, Ethertype.IPV6: IPV6}

EGRESS_RULE = Rule(105, "egress_rule", EGRESS_RULES, 20, "A rule of the group permits it.")
EGRESS_WHAT = Rule(106, "egress_what", EGRESS_RULES, 10, "Rules for remote groups permit this...")
EGRESS_MEMBER = Rule(107, "egress_member", EGRESS_RULES, 10, "... if it is for a member.")
EGRESS_REMOTE = Rule(108, "egress_remote", EGRESS_RULES, 10, "Both is so: it is permitted.")
INGRESS_RULE = Rule(109, "ingress_rule", INGRESS_RULES, 20, "A rule of the group permits it.")
INGRESS_WHAT = Rule(110, "ingress_what", INGRESS_RULES, 10, "Rules for remote groups permit this...")
INGRESS_MEMBER = Rule(111, "ingress_member", INGRESS_RULES, 10, "... if it is from a member.")
INGRESS_REMOTE = Rule(112, "ingress_remote", INGRESS_RULES, 10, "Both is so: it is permitted.")


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One direction: its rules, and where the remote end's addresses are."""

    permits: Rule
    what: Rule
    member: Rule
    remote: Rule
    remote_mac: Field
    remote_address: Mapping[Ethertype, Field]


WAYS = {
    Direction.EGRESS: Way(
        EGRESS_RULE, EGRESS_WHAT, EGRESS_MEMBER, EGRESS_REMOTE, Field.ETH_DST,
        {Ethertype.IPV4: Field.IPV4_DST, Ethertype.IPV6: Field.IPV6_DST},
    ),
    Direction.INGRESS: Way(
        INGRESS_RULE, INGRESS_WHAT, INGRESS_MEMBER, INGRESS_REMOTE, Field.ETH_SRC,
        {Ethertype.IPV4: Field.IPV4_SRC, Ethertype.IPV6: Field.IPV6_SRC},
    ),
}  # fmt: skip


class GroupRules(Feature):
    """What each group permits."""

    name = "group_rules"
    stages = (EGRESS_RULES, INGRESS_RULES)
    rules = (
        EGRESS_RULE, EGRESS_WHAT, EGRESS_MEMBER, EGRESS_REMOTE, INGRESS_RULE, INGRESS_WHAT, INGRESS_MEMBER,
        INGRESS_REMOTE,
    )  # fmt: skip

    def group_flows(self, policy: GroupPolicy) -> Iterator[Flow]:
        """Give what a group permits."""
        group: Values = {Field.REG4: policy.number}
        yield from _without_remote(group, policy)
        for (direction, ethertype), rules in _with_remote(policy).items():
            yield from _of_remotes(group, policy, WAYS[direction], ethertype, rules)


def flows_of_rule(policy: GroupPolicy, rule: SecurityGroupRule) -> Iterator[Flow]:
    """Give the flows that count what a rule of a group has permitted.

    Rules that permit the same count together, and so do those of one direction and ethertype for the same
    remote ones; a rule that permits nothing has no flow.
    """
    way = WAYS[rule.direction]
    if rule.remote_id is not None and not _is_for_everybody(rule, policy):
        if permitted(rule):
            yield way.remote.flow(Match.of({Field.CONJ_ID: rule.set_number}), IS_PERMITTED)
        return
    for what in permitted(rule):
        match = Match.of({Field.REG4: policy.number} | _prefix(rule) | what)
        yield way.permits.flow(match, IS_PERMITTED)


def _without_remote(group: Values, policy: GroupPolicy) -> Iterator[Flow]:
    """Permit what rules permit to everybody or a prefix; what several permit is one flow."""
    matches = {
        (WAYS[rule.direction], Match.of(group | _prefix(rule) | what)): None
        for rule in policy.rules
        if rule.remote_id is None or _is_for_everybody(rule, policy)
        for what in permitted(rule)
    }
    for way, match in matches:
        yield way.permits.flow(match, IS_PERMITTED)


def _is_for_everybody(rule: SecurityGroupRule, policy: GroupPolicy) -> bool:
    """Tell whether those that a rule names are everybody: a prefix without bits is no condition to match."""
    everybody = FOR_EVERYBODY[rule.ethertype]
    return rule.remote_id is not None and everybody in policy.members.get(rule.remote_id, ())


def _prefix(rule: SecurityGroupRule) -> Values:
    prefix = rule.prefix
    if prefix is None:
        return {}
    return within(WAYS[rule.direction].remote_address[rule.ethertype], prefix)


Remotes = dict[tuple[Direction, Ethertype], list[SecurityGroupRule]]


def _with_remote(policy: GroupPolicy) -> Remotes:
    found: Remotes = {}
    for rule in policy.rules:
        if rule.remote_id is not None and not _is_for_everybody(rule, policy):
            found.setdefault((rule.direction, rule.ethertype), []).append(rule)
    return found


def _of_remotes(
    group: Values, policy: GroupPolicy, way: Way, ethertype: Ethertype, rules: list[SecurityGroupRule]
) -> Iterator[Flow]:
    """Permit what rules of one direction and ethertype permit to the members of other groups."""
    whats: dict[Match, set[int]] = {}
    members: dict[Match, set[int]] = {}
    for rule in rules:
        for what in permitted(rule):
            whats.setdefault(Match.of(group | what), set()).add(rule.set_number)
    sets = {rule.set_number: rule.remote_id for rule in rules}
    for number, remote_id in sets.items():
        for member in policy.members.get(remote_id or "", ()):
            if (from_member := _member(way, ethertype, member)) is not None:
                members.setdefault(Match.of(group | from_member), set()).add(number)
    for match, numbers in whats.items():
        yield way.what.flow(match, *(Conjunction(number, 1, 2) for number in sorted(numbers)))
    for match, numbers in members.items():
        yield way.member.flow(match, *(Conjunction(number, 2, 2) for number in sorted(numbers)))
    for number in sets:
        yield way.remote.flow(Match.of({Field.CONJ_ID: number}), IS_PERMITTED)


def _member(way: Way, ethertype: Ethertype, member: Member) -> Values | None:
    """Match a member as the remote end; None if it has no address of this ethertype."""
    family = FAMILIES[ethertype]
    if isinstance(member.network, IPv4Network) is not (ethertype is Ethertype.IPV4):
        return None
    mac: Values = {way.remote_mac: member.mac_address} if member.mac_address else {}
    return family | mac | within(way.remote_address[ethertype], member.network)


def permitted(rule: SecurityGroupRule) -> list[Values]:
    """Match what a rule permits but for the remote end: one match or, of a range of ports, several.

    None of what Open vSwitch does not match: such a rule permits nothing.
    """
    if rule.is_closed:
        return []
    family, number = FAMILIES[rule.ethertype], rule.protocol_number
    if number is None:
        return [family]
    protocol = family | {Field.IP_PROTO: number}
    low, high = rule.port_range_min, rule.port_range_max
    if low is None and high is None:
        return [protocol]
    if (fields := ICMP_FIELDS.get((rule.ethertype, number))) is not None:
        kind, code = fields
        return [protocol | ({} if low is None else {kind: low}) | ({} if high is None else {code: high})]
    if number not in PORTS:
        return []
    first, last = low or 0, 2**PORT_BITS - 1 if high is None else high
    return [protocol | ports for ports in port_range(PORTS[number], first, last)]


def port_range(field: Field, first: int, last: int) -> Iterator[Values]:
    """Match a range of ports by the fewest masks: at most 30."""
    while first <= last:
        size = first & -first or 2**PORT_BITS
        while first + size - 1 > last:
            size >>= 1
        whole = size == 2**PORT_BITS
        yield {} if whole else {field: Masked(first, 2**PORT_BITS - size)}
        first += size
