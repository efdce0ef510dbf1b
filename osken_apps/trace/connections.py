"""What is assumed of connections: a tracer cannot know what a host's connection tracking has seen. PURE."""

from dataclasses import dataclass

from osken_apps.openflow.fields import CtState
from osken_apps.trace.frame import Frame, Original


@dataclass(frozen=True, slots=True)
class Assumption:
    """What connection tracking is assumed to say of a frame, wherever it is asked."""

    name: str
    state: int
    says: str

    def original(self, frame: Frame) -> Original | None:
        """Give the connection's first packet, from what a frame is and what is assumed of it."""
        return frame.answered() if self.state & CtState.RPL else frame.opening()


NEW = Assumption("new", CtState.TRK | CtState.NEW, "The frame opens a connection, or would.")
ESTABLISHED = Assumption(
    "established", CtState.TRK | CtState.EST, "The frame is of a connection that its sender has opened."
)
REPLY = Assumption(
    "reply", CtState.TRK | CtState.EST | CtState.RPL,
    "The frame answers a connection that its receiver has opened.",
)  # fmt: skip
ASSUMPTIONS = {assumption.name: assumption for assumption in (NEW, ESTABLISHED, REPLY)}
