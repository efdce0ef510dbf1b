"""What a trace tells: the hops of a frame, what becomes of it, and what was assumed. PURE."""

from dataclasses import dataclass
from enum import Enum

from osken_apps.openflow.fields import Field
from osken_apps.openflow.flow import Flow
from osken_apps.pipeline.document import NOT_OURS, STAGES, rule_of
from osken_apps.pipeline.stage import Role, Rule, Stage
from osken_apps.trace.connections import Assumption
from osken_apps.trace.frame import Frame
from osken_apps.trace.site import BridgePort

_STAGES = {(stage.role, stage.table_id): stage for stage in STAGES}


class Way(Enum):
    """How a frame leaves the bridges of a host."""

    PORT = "delivered"
    CONTROLLER = "to the controller"
    WIRE = "out of the host"
    TUNNEL = "to another host over a tunnel"


@dataclass(frozen=True, slots=True)
class Hop:
    """One lookup: in which table, which flow took the frame (None: none did), and what came of it.

    `depth` counts the tables from which this one was looked up and left again.
    """

    host: str
    bridge: str
    role: Role
    table_id: int
    in_port: str
    frame: Frame
    flow: Flow | None
    does: tuple[str, ...] = ()
    depth: int = 0

    @property
    def rule(self) -> Rule | None:
        """The rule of ours that the flow is of."""
        return rule_of(self.flow.cookie) if self.flow else None

    @property
    def taken_by(self) -> str:
        """What took the frame, with the number of its rule: in a dump the last digits of the cookie."""
        if self.flow is None:
            return "no flow takes it"
        return f"rule {self.rule.number}: {self.flow.text()}" if self.rule else self.flow.text()

    @property
    def stage(self) -> Stage | None:
        """What the table is for."""
        return _STAGES.get((self.role, self.table_id))

    @property
    def meaning(self) -> str:
        """What happened, in a sentence."""
        if self.flow is None:
            return self.stage.miss if self.stage else "dropped: no flow takes it"
        return self.rule.meaning if self.rule else NOT_OURS


@dataclass(frozen=True, slots=True)
class Exit:
    """A frame that leaves: where, how, and in which form; `hop` counts the hops before it."""

    way: Way
    host: str
    bridge: str
    port: BridgePort | None
    frame: Frame
    hop: int


@dataclass(frozen=True, slots=True)
class Stop:
    """A frame of which nothing goes on: where and why."""

    host: str
    bridge: str
    hop: int
    why: str


@dataclass(frozen=True, slots=True)
class Trace:
    """What becomes of a frame. `unseen` says what could not be looked at."""

    hops: tuple[Hop, ...]
    exits: tuple[Exit, ...]
    stops: tuple[Stop, ...]
    assumption: Assumption
    unseen: tuple[str, ...] = ()

    @property
    def asked_connections(self) -> bool:
        """Tell whether what is assumed of connections mattered."""
        return any(hop.frame.number(Field.CT_STATE) for hop in self.hops)

    def delivered_to(self, host: str, port: str) -> bool:
        """Tell whether the frame reaches a port of a host."""
        return any(
            leaving.way is Way.PORT and leaving.host == host and leaving.port and leaving.port.name == port
            for leaving in self.exits
        )
