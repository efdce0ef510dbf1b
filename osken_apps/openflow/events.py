"""What an OpenFlow session tells whoever serves it. PURE."""

from dataclasses import dataclass

from osken_apps.openflow.flow_monitor import FlowUpdate


@dataclass(frozen=True, slots=True)
class Up:
    """The handshake is done."""


@dataclass(frozen=True, slots=True)
class PortsChanged:
    """Ports came, went or changed."""


@dataclass(frozen=True, slots=True)
class FlowsChanged:
    """Another hand changed flows, these; `may_be_more`: what else has changed is not known."""

    changes: tuple[FlowUpdate, ...]
    may_be_more: bool = False


@dataclass(frozen=True, slots=True)
class NotMonitored:
    """The switch does not tell of flows that change."""

    words: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A question has its whole answer."""

    xid: int
    parts: list[bytes]


@dataclass(frozen=True, slots=True)
class Refused:
    """A question was answered by an error; `tracking`: for want of connection tracking."""

    xid: int
    words: str
    tracking: bool = False


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question has no answer, or no whole one, in time."""

    xid: int


@dataclass(frozen=True, slots=True)
class Odd:
    """The switch did what it should not, at no more cost; `words` are a format, as logging has it."""

    words: str
    details: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over, for a reason as `Odd` has it; it is to be closed once all was sent."""

    words: str
    details: tuple[object, ...] = ()


Event = Up | PortsChanged | FlowsChanged | NotMonitored | Answered | Refused | Unanswered | Odd | Ended
