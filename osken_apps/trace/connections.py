"""What is assumed of connections: a tracer cannot know what a host's connection tracking has seen. PURE."""

from dataclasses import dataclass

from osken_apps.openflow.fields import IP_PROTO_ICMP, IP_PROTO_ICMPV6, CtState, Field
from osken_apps.trace.frame import Frame, Original

#: The types of ICMP messages that ask, answer, and tell of errors: any other is of no connection.
CONNECTIONS = {
    IP_PROTO_ICMP: (
        Field.ICMP_TYPE, frozenset({8, 13, 15, 17}), frozenset({0, 14, 16, 18}), frozenset({3, 4, 5, 11, 12}),
    ),
    IP_PROTO_ICMPV6: (Field.ICMPV6_TYPE, frozenset({128}), frozenset({129}), frozenset({1, 2, 3, 4})),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Assumption:
    """What connection tracking is assumed to say of a frame wherever it is asked, and that in words."""

    name: str
    state: int
    says: str

    def state_of(self, frame: Frame) -> int:
        """Give what connection tracking says of a frame: what can be of no connection is invalid.

        An error begins none, and is related to the one that it tells of.
        """
        known = CONNECTIONS.get(frame.number(Field.IP_PROTO)) if frame.opening() else None
        if known is None:
            return self.state
        field, asking, answering, errors = known
        kind, is_new = frame.number(field), bool(self.state & CtState.NEW)
        if kind in errors and not is_new:
            return self.state & ~CtState.EST | CtState.REL
        may_be = asking if is_new else asking | answering
        return self.state if kind in may_be else CtState.TRK | CtState.INV

    def original(self, frame: Frame) -> Original | None:
        """Give the connection's first packet, from what a frame is and what is assumed of it."""
        return frame.answered() if self.state & CtState.RPL else frame.opening()


NEW = Assumption("new", CtState.TRK | CtState.NEW, "the frame opens one, or would")
ESTABLISHED = Assumption(
    "established", CtState.TRK | CtState.EST, "the frame is of one that its sender has opened"
)
REPLY = Assumption(
    "reply", CtState.TRK | CtState.EST | CtState.RPL,
    "the frame answers in one that its receiver has opened",
)  # fmt: skip
ASSUMPTIONS = {assumption.name: assumption for assumption in (NEW, ESTABLISHED, REPLY)}
