"""What is added to a bridge from which nothing is taken away."""

from osken_apps.openflow.actions import NORMAL
from osken_apps.openflow.difference import difference
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import FlowBody, FlowKey, encode_flow
from osken_apps.pipeline.desired import desired_flows
from osken_apps.pipeline.features.isolation import INTEGRATION_NORMAL
from osken_apps.pipeline.keeping import additions
from tests.golden.scenarios import LAYOUT, SCENARIOS

CATCH_ALL = encode_flow(INTEGRATION_NORMAL.flow(Match(), NORMAL))


def flows_of(scenario: str) -> dict[FlowKey, FlowBody]:
    """Give the flows of a scenario's integration bridge."""
    return dict(encode_flow(flow) for flow in desired_flows("br-int", LAYOUT, SCENARIOS[scenario]))


def test_who_knows_of_no_guarded_port_does_not_open_a_bridge_that_guards() -> None:
    guarded, idle = flows_of("guarded"), flows_of("idle")
    assert CATCH_ALL[0] not in guarded
    assert CATCH_ALL in difference(guarded, idle).add
    assert not additions(difference(guarded, idle), guarded)


def test_a_bridge_that_guards_nothing_gets_its_catch_all() -> None:
    idle = flows_of("idle")
    lacking = {key: body for key, body in idle.items() if key != CATCH_ALL[0]}
    assert additions(difference(lacking, idle), lacking).add == (CATCH_ALL,)
