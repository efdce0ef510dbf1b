"""Security groups: every packet of a guarded port, either way, is judged by the rules of today. PURE.

A packet of a connection is looked up by what the connection's first packet was: an answer may pass as long as
the question may. So a rule or a member that is taken away stops both at the next packet, and nothing is kept
that would have to be forgotten.

A connection is tracked once, before there are copies of a packet, and what tracks it is the last thing that
is done to it: Open vSwitch 3.1 puts fragments that were held back into whatever is tracked later. Fragments
that a datapath does not put together are tracked once more when they are judged: only the first one shows by
what, and where that is refused, the others are held back.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from osken_apps.model.snapshot import BoundPort
from osken_apps.openflow.actions import Action, Ct, Pop, Push, Resubmit, SetBit, SetField
from osken_apps.openflow.fields import CtState, Field, Masked
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.pipeline.feature import Feature, PlannedBridge
from osken_apps.pipeline.headers import (
    ARP,
    DHCP_CLIENT_PORT,
    DHCP_SERVER_PORT,
    DHCPV6_CLIENT_PORT,
    DHCPV6_SERVER_PORT,
    FRAGMENTS,
    IGMP,
    INVALID,
    IPV4,
    IPV6,
    KNOWN,
    LATER_FRAGMENT,
    LISTENER_KINDS,
    NEIGHBOR_ADVERTISEMENT,
    NEIGHBOR_SOLICITATION,
    RARP,
    REDIRECT,
    ROUTER_ADVERTISEMENT,
    ROUTER_SOLICITATION,
    SCTP,
    SCTP_OVER_IPV6,
    UDP,
    UDP_OVER_IPV6,
    UNTRACKED,
    VALID,
    Values,
    icmpv6,
    of_link,
    of_listeners,
)
from osken_apps.pipeline.stage import Role, Rule, Stage
from osken_apps.pipeline.stages import (
    ADMIT,
    COMMIT,
    COMMITTED,
    DELIVER,
    EGRESS_RULES,
    INGRESS_RULES,
    LOOKUP,
    PERMITTED,
    RECEIVED,
    RECEIVER,
    RECEIVER_GROUPS,
    RECEIVER_VERDICT,
    SENDER,
    SENDER_GROUPS,
    SENDER_VERDICT,
    SENT,
    SEVERAL,
)

IS_PERMITTED: Values = {Field.REG0: Masked(1 << PERMITTED, 1 << PERMITTED)}
ORIGINAL: Values = {Field.CT_STATE: Masked(CtState.TRK, CtState.TRK | CtState.INV | CtState.RPL)}
REPLY: Values = {Field.CT_STATE: Masked(CtState.TRK | CtState.RPL, CtState.TRK | CtState.INV | CtState.RPL)}
NEW: Values = {Field.CT_STATE: Masked(CtState.TRK | CtState.NEW, CtState.TRK | CtState.NEW)}
ONE_RECEIVER: Values = {Field.REG0: Masked(0, 1 << SEVERAL)}
MACS = ((Field.ETH_SRC, Field.ETH_DST),)
SCTP_ENDS = {
    (Field.IPV4_SRC, Field.IPV4_DST): SCTP,
    (Field.IPV6_SRC, Field.IPV6_DST): SCTP_OVER_IPV6,
}

NO_ROUTER_SENT = Rule(
    96, "no_router_sent", SENDER, 101, "As in nd, for what a datapath has put together of fragments.",
)  # fmt: skip
INVALID_SENT = Rule(97, "invalid_sent", SENDER, 100, "It belongs to no connection and begins none.")
LATER_FRAGMENT_SENT = Rule(
    98, "later_fragment_sent", SENDER, 93, "A later fragment is of use only where the first one has passed.",
)  # fmt: skip
TRACKED_SENT = Rule(99, "tracked_sent", SENDER, 10, "The connection is found: ask the sender's groups.")
ASK_SENDER = Rule(
    100, "ask_sender", SENDER_GROUPS, 10, "Ask each of the port's groups; one that permits it is enough.",
)  # fmt: skip
SENT_SCTP = Rule(
    101, "sent_sctp", SENT, 30,
    "SCTP is judged by the ports that it shows: not every datapath knows those of its connections.",
)  # fmt: skip
SENT_STATELESS = Rule(102, "sent_stateless", SENT, 20, "With stateless groups a packet is judged as it is.")
SENT_ORIGINAL = Rule(
    103, "sent_original", SENT, 10, "The sender has opened the connection: may this leave?",
)  # fmt: skip
SENT_REPLY = Rule(
    104, "sent_reply", SENT, 10, "The sender answers: may that which it answers come in?",
)  # fmt: skip
MAY_LEAVE = Rule(113, "may_leave", SENDER_VERDICT, 10, "A group permits it.")
ADMITTED = Rule(
    114, "admitted", ADMIT, 50,
    "What every machine needs: ARP, neighbor discovery, router advertisements, DHCP, IGMP and MLD.",
)  # fmt: skip
NOT_ADMITTED = Rule(
    115, "not_admitted", ADMIT, 50, "Machines are no routers, and are not redirected by others.",
)  # fmt: skip
STATELESS_RECEIVED = Rule(
    116, "stateless_received", ADMIT, 20, "What a port of stateless groups is sent is judged as it is.",
)  # fmt: skip
TRACK_RECEIVED = Rule(117, "track_received", ADMIT, 10, "Find the connection, and judge by the rules.")
TRACKED_BEFORE = Rule(118, "tracked_before", ADMIT, 10, "The connection is found already.")
INVALID_RECEIVED = Rule(
    119, "invalid_received", RECEIVER, 100, "It belongs to no connection and begins none.",
)  # fmt: skip
LATER_FRAGMENT_RECEIVED = Rule(
    120, "later_fragment_received", RECEIVER, 93,
    "A later fragment is of use only where the first one has passed.",
)  # fmt: skip
TRACKED_RECEIVED = Rule(
    121, "tracked_received", RECEIVER, 10, "The connection is found: ask the receiver's groups.",
)  # fmt: skip
ASK_RECEIVER = Rule(
    122, "ask_receiver", RECEIVER_GROUPS, 10, "Ask each of the port's groups; one that permits it is enough.",
)  # fmt: skip
RECEIVED_SCTP = Rule(
    123, "received_sctp", RECEIVED, 30, "As in sent, by the ports that it shows.",
)  # fmt: skip
RECEIVED_STATELESS = Rule(
    124, "received_stateless", RECEIVED, 40,
    "With stateless groups a packet is judged as it is, also one that its sender has had tracked.",
)  # fmt: skip
RECEIVED_ORIGINAL = Rule(
    125, "received_original", RECEIVED, 10, "Another machine has opened the connection: may this come in?",
)  # fmt: skip
RECEIVED_REPLY = Rule(
    126, "received_reply", RECEIVED, 10, "The receiver is answered: may that which is answered leave?",
)  # fmt: skip
MAY_COME_IN = Rule(127, "may_come_in", RECEIVER_VERDICT, 10, "A group permits it.")
COMMIT_NEW = Rule(
    128, "commit_new", COMMIT, 10, "Both sides agree to a new connection: answers are known from now on.",
)  # fmt: skip
WHOLE = Rule(
    183, "whole", COMMIT, 10,
    "Fragments go on together: of a packet whose first one is refused the others wait in vain.",
)  # fmt: skip
READY = Rule(129, "ready", COMMIT, 1, "Anything else is ready to go.")
COMMITTED_NOW = Rule(130, "committed_now", COMMITTED, 10, "The connection is kept.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two that judge a packet: its rules, in which stages, and by which rules of the groups.

    `own` are the group rules for what goes its way, `other` those for what such a packet answers.
    """

    invalid: Rule
    later_fragment: Rule
    tracked: Rule
    ask: Rule
    judge: Stage
    sctp: Rule
    original: Rule
    reply: Rule
    own: Stage
    other: Stage
    verdict: Rule
    after: Stage


SENDING = Side(
    invalid=INVALID_SENT,
    later_fragment=LATER_FRAGMENT_SENT,
    tracked=TRACKED_SENT,
    ask=ASK_SENDER,
    judge=SENT,
    sctp=SENT_SCTP,
    original=SENT_ORIGINAL,
    reply=SENT_REPLY,
    own=EGRESS_RULES,
    other=INGRESS_RULES,
    verdict=MAY_LEAVE,
    after=LOOKUP,
)
RECEIVING = Side(
    invalid=INVALID_RECEIVED,
    later_fragment=LATER_FRAGMENT_RECEIVED,
    tracked=TRACKED_RECEIVED,
    ask=ASK_RECEIVER,
    judge=RECEIVED,
    sctp=RECEIVED_SCTP,
    original=RECEIVED_ORIGINAL,
    reply=RECEIVED_REPLY,
    own=INGRESS_RULES,
    other=EGRESS_RULES,
    verdict=MAY_COME_IN,
    after=COMMIT,
)


class SecurityGroups(Feature):
    """Who asks the groups of guarded ports, and what for."""

    name = "security_groups"
    stages = (
        SENDER, SENDER_GROUPS, SENT, SENDER_VERDICT, ADMIT, RECEIVER, RECEIVER_GROUPS, RECEIVED,
        RECEIVER_VERDICT, COMMIT, COMMITTED,
    )  # fmt: skip
    rules = (
        NO_ROUTER_SENT, INVALID_SENT, LATER_FRAGMENT_SENT, TRACKED_SENT, ASK_SENDER, SENT_SCTP,
        SENT_STATELESS, SENT_ORIGINAL, SENT_REPLY, MAY_LEAVE, ADMITTED, NOT_ADMITTED, STATELESS_RECEIVED,
        TRACK_RECEIVED, TRACKED_BEFORE, INVALID_RECEIVED, LATER_FRAGMENT_RECEIVED, TRACKED_RECEIVED,
        ASK_RECEIVER, RECEIVED_SCTP, RECEIVED_STATELESS, RECEIVED_ORIGINAL, RECEIVED_REPLY, MAY_COME_IN,
        COMMIT_NEW, WHOLE, READY, COMMITTED_NOW,
    )  # fmt: skip

    def bridge_flows(self, bridge: PlannedBridge) -> Iterator[Flow]:
        """Give what is the same for all guarded ports of a host that has one."""
        if bridge.role is Role.INTEGRATION and bridge.snapshot.is_guarded:
            for kind in (ROUTER_ADVERTISEMENT, REDIRECT):
                yield NO_ROUTER_SENT.flow(Match.of(icmpv6(kind)))
            yield from _judging(SENDING)
            for family in (IPV4, IPV6):
                yield _as_it_is(SENT_STATELESS, UNTRACKED | family, EGRESS_RULES)
            yield from _admission()
            yield from _judging(RECEIVING)
            yield from _commitment()

    def port_flows(self, bound: BoundPort, max_meters: int) -> Iterator[Flow]:
        """Give which groups a port has."""
        guard = bound.guard
        if guard is None:
            return
        receiver: Values = {Field.REG7: bound.ofport}
        if not guard.stateful:
            for family in (IPV4, IPV6):
                yield STATELESS_RECEIVED.flow(Match.of(receiver | family), goto=RECEIVER_GROUPS)
                yield _as_it_is(RECEIVED_STATELESS, receiver | family, INGRESS_RULES)
        if guard.groups:
            yield _ask(SENDING, {Field.IN_PORT: bound.ofport}, guard.groups)
            yield _ask(RECEIVING, receiver, guard.groups)


def _ask(side: Side, port: Values, groups: Iterable[int]) -> Flow:
    asked: list[Action] = []
    for number in groups:
        asked += (SetField(Field.REG4, number), Resubmit(side.judge.table_id))
    return side.ask.flow(Match.of(port), *asked, goto=side.verdict.stage, via=(side.judge,))


def _as_it_is(rule: Rule, values: Values, rules: Stage) -> Flow:
    return rule.flow(Match.of(values), Resubmit(rules.table_id), via=(rules,))


def _judging(side: Side) -> Iterator[Flow]:
    """Give the flows of one side that hold for all ports."""
    permitted, own, other = SetBit(Field.REG0, PERMITTED, True), side.own, side.other
    for family in (IPV4, IPV6):
        yield side.invalid.flow(Match.of(INVALID | family))
        later = VALID | LATER_FRAGMENT | family
        yield side.later_fragment.flow(Match.of(later), permitted, goto=side.verdict.stage)
        yield side.tracked.flow(Match.of(VALID | family), goto=side.ask.stage)
        original = Resubmit(own.table_id, original=True)
        yield side.original.flow(Match.of(ORIGINAL | family), original, via=(own,))
        answered = _swapped(MACS, Resubmit(other.table_id, original=True))
        yield side.reply.flow(Match.of(REPLY | family), *answered, via=(other,))
    for addresses, family in SCTP_ENDS.items():
        yield side.sctp.flow(Match.of(ORIGINAL | family), Resubmit(own.table_id), via=(own,))
        ends = (*MACS, addresses, (Field.SCTP_SRC, Field.SCTP_DST))
        answered = _swapped(ends, Resubmit(other.table_id))
        yield side.sctp.flow(Match.of(REPLY | family), *answered, via=(other,))
    unmarked = SetBit(Field.REG0, PERMITTED, False)
    yield side.verdict.flow(Match.of(IS_PERMITTED), unmarked, goto=side.after)


def _swapped(ends: Iterable[tuple[Field, Field]], action: Action) -> list[Action]:
    """Do something with a packet as if it were the one that it answers."""
    swap: list[Action] = []
    for one, other in ends:
        swap += (Push(one), Push(other), Pop(one), Pop(other))
    return [*swap, action, *swap]


def _admission() -> Iterator[Flow]:
    for needed in (
        ARP,
        RARP,
        IGMP,
        UDP | {Field.UDP_SRC: DHCP_SERVER_PORT, Field.UDP_DST: DHCP_CLIENT_PORT},
        UDP_OVER_IPV6 | {Field.UDP_SRC: DHCPV6_SERVER_PORT, Field.UDP_DST: DHCPV6_CLIENT_PORT},
        *map(of_listeners, LISTENER_KINDS),
        *map(of_link, (ROUTER_ADVERTISEMENT, NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT)),
    ):
        yield ADMITTED.flow(Match.of(needed), goto=COMMIT)
    for kind in (ROUTER_SOLICITATION, REDIRECT):
        yield NOT_ADMITTED.flow(Match.of(icmpv6(kind)))
    for family in (IPV4, IPV6):
        yield TRACK_RECEIVED.flow(
            Match.of(UNTRACKED | family), Ct(Field.REG6, RECEIVER.table_id), via=(RECEIVER,)
        )
        tracked: Values = {Field.CT_STATE: Masked(CtState.TRK, CtState.TRK)}
        yield TRACKED_BEFORE.flow(Match.of(tracked | family), goto=RECEIVER)


def _commitment() -> Iterator[Flow]:
    for family in (IPV4, IPV6):
        keep = Ct(Field.REG6, COMMITTED.table_id, commit=True)
        yield COMMIT_NEW.flow(Match.of(NEW | ONE_RECEIVER | family), keep, via=(COMMITTED,))
        find = Ct(Field.REG6, COMMITTED.table_id)
        for fragment in FRAGMENTS:
            yield WHOLE.flow(Match.of(KNOWN | fragment | ONE_RECEIVER | family), find, via=(COMMITTED,))
        yield COMMITTED_NOW.flow(Match.of(VALID | family), goto=DELIVER)
    yield READY.flow(Match(), goto=DELIVER)
