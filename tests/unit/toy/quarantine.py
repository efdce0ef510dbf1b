"""A feature as somebody adds one: what a port sends to a range of addresses passes a meter, in a stage of its
own. (In the product: `pipeline/features/quarantine.py`; the second file is `features/__init__.py`, a line.)
"""

from collections.abc import Iterator
from ipaddress import IPv4Network

from osken_apps.model.snapshot import BoundPort
from osken_apps.openflow.actions import NORMAL
from osken_apps.openflow.fields import ETH_TYPE_IPV4, Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.meter import Meter
from osken_apps.pipeline.feature import Feature, PlannedBridge
from osken_apps.pipeline.stage import Role, Rule, Stage
from osken_apps.pipeline.stages import CLASSIFY

RANGE = IPv4Network("192.0.2.0/24")
METER = 3

HELD = Stage(
    "held", Role.INTEGRATION, 250, "dropped: it is not of the range",
    matches=frozenset({Field.ETH_TYPE, Field.IPV4_DST}), entered_from=(CLASSIFY,),
)  # fmt: skip
TO_HELD = Rule(250, "to_held", CLASSIFY, 60, "What a port sends to the range goes by a stage of its own.")
HOLD = Rule(251, "hold", HELD, 10, "It passes a meter.", "the range's")


class Quarantine(Feature):
    """What holds a range of addresses to a rate."""

    name = "quarantine"
    stages = (HELD,)
    rules = (TO_HELD, HOLD)

    def bridge_flows(self, bridge: PlannedBridge) -> Iterator[Flow]:
        """Give the flow of the stage."""
        if bridge.role is Role.INTEGRATION:
            to_range = Match.of({Field.ETH_TYPE: ETH_TYPE_IPV4, Field.IPV4_DST: RANGE})
            yield HOLD.flow(to_range, NORMAL, meter_id=METER)

    def port_flows(self, bound: BoundPort, max_meters: int) -> Iterator[Flow]:
        """Give the way from a port into the stage."""
        match = {Field.IN_PORT: bound.ofport, Field.ETH_TYPE: ETH_TYPE_IPV4, Field.IPV4_DST: RANGE}
        yield TO_HELD.flow(Match.of(match), goto=HELD)

    def meters(self, bridge: PlannedBridge) -> Iterator[Meter]:
        """Give the meter of the range."""
        if bridge.role is Role.INTEGRATION:
            yield Meter(METER, 100, 100)
