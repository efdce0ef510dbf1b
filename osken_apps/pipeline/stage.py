"""Stages and rules: what a flow table is for, what its flows may do, and what each kind of flow means. PURE.

A stage is a flow table of a kind of bridge with a contract; a rule is a kind of flow of one stage. A flow
that breaks the contract of its stage is refused when it is made, so that a mistake is an error of the program
and not of a switch.
"""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from osken_apps.openflow.actions import Action, Ct, Move, Pop, Resubmit, SetBit, SetField
from osken_apps.openflow.fields import Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import MadeActions

COOKIE = 0x6F736B6E << 32  # "oskn": flows with another value in these bits are not ours
COOKIE_MASK = 0xFFFFFFFF << 32


class Role(Enum):
    """What a bridge is for."""

    INTEGRATION = "integration bridge (br-int)"
    PHYSICAL = "physical bridge (br-eth2)"
    TUNNEL = "tunnel bridge (br-tun)"


class BrokenContract(Exception):
    """A flow does what its stage does not allow."""


@dataclass(frozen=True, slots=True, eq=False)  # each is one object
class Stage:
    """A flow table and its contract.

    Its flows may match `matches` and set `sets`; stages of `entered_from` may go on to it, look something up
    in it, or have connections tracked before it. `miss` says in words what becomes of a packet that none of
    its flows matches.
    """

    name: str
    role: Role
    table_id: int
    miss: str
    matches: frozenset[Field]
    sets: frozenset[Field] = frozenset()
    entered_from: tuple["Stage", ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A kind of flow; `number` is part of its cookie and never changes meaning. `meter` says what its packets
    pass.
    """

    number: int
    name: str
    stage: Stage
    priority: int
    meaning: str
    meter: str = ""

    @property
    def cookie(self) -> int:
        """The cookie of every flow of this rule."""
        return COOKIE | self.number

    def flow(
        self,
        match: Match,
        *actions: Action,
        meter_id: int | None = None,
        goto: Stage | None = None,
        via: tuple[Stage, ...] = (),
    ) -> Flow:
        """Make a flow of this rule; `via` are the stages that its actions name. Raises BrokenContract."""
        return self.flow_of(match, actions, meter_id, goto, via)

    def flow_of(
        self,
        match: Match,
        actions: tuple[Action, ...],
        meter_id: int | None = None,
        goto: Stage | None = None,
        via: tuple[Stage, ...] = (),
    ) -> Flow:
        """Make one of actions that may have their wire form already."""
        _check(self, match.names, _fields_set(actions), goto, via, _tables_named(actions))
        table_id = None if goto is None else goto.table_id
        return Flow(self.stage.table_id, self.priority, match, actions, self.cookie, meter_id, table_id)


def _fields_set(actions: tuple[Action, ...]) -> tuple[Field, ...]:
    """Give the fields that actions write."""
    if isinstance(actions, MadeActions):
        return actions.sets
    return tuple(
        [
            action.destination if isinstance(action, Move) else action.field
            for action in actions
            if isinstance(action, (SetField, SetBit, Move, Pop))  # a union would be made each time
        ]
    )


def _tables_named(actions: tuple[Action, ...]) -> tuple[int, ...]:
    """Give the tables that actions look something up in, or go on in; those that are made never do."""
    if isinstance(actions, MadeActions):
        return ()
    return tuple([action.table_id for action in actions if isinstance(action, (Resubmit, Ct))])


@lru_cache(4096)
def _check(
    rule: Rule,
    matched: tuple[Field, ...],
    written: tuple[Field, ...],
    goto: Stage | None,
    via: tuple[Stage, ...],
    named: tuple[int, ...],
) -> None:
    stage = rule.stage
    for field in set(matched) - stage.matches:
        raise BrokenContract(f"{rule.name}: stage {stage.name} does not match {field.name}")
    for field in set(written) - stage.sets:
        raise BrokenContract(f"{rule.name}: stage {stage.name} does not set {field.name}")
    if goto is not None and (stage not in goto.entered_from or goto.table_id <= stage.table_id):
        raise BrokenContract(f"{rule.name}: stage {stage.name} does not go to {goto.name}")
    for other in via:
        if stage not in other.entered_from:
            raise BrokenContract(f"{rule.name}: stage {stage.name} does not look at {other.name}")
    if set(named) != {other.table_id for other in via}:
        raise BrokenContract(f"{rule.name}: its actions name other tables than those of {via}")
