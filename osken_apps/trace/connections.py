"""What is assumed of connections: a tracer cannot know what a host's connection tracking has seen. PURE."""

from dataclasses import dataclass

from osken_apps.openflow.fields import CtState
from osken_apps.trace.frame import Frame, Original


@dataclass(frozen=True, slots=True)
class Assumption:
    """What connection tracking is assumed to say of a frame wherever it is asked, and that in words."""

    name: str
    state: int
    says: str

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
