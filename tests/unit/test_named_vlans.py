"""Installed flows tell which local VLANs they name, and where these lead."""

import pytest

from osken_apps.model.local_vlans import Traces, read_back
from osken_apps.model.preparation import named_in
from osken_apps.openflow.wire import encode_flow
from osken_apps.pipeline.desired import desired_flows
from osken_apps.pipeline.named_vlans import named_vlans
from tests.golden.scenarios import LAYOUT, SCENARIOS


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_flows_name_the_local_vlans_of_the_networks_that_they_are_for(scenario: str) -> None:
    snapshot = SCENARIOS[scenario]
    whole = set()
    for bridge, ofports in snapshot.ofports.items():
        flows = dict(encode_flow(flow) for flow in desired_flows(bridge, LAYOUT, snapshot))
        named = named_vlans(bridge, LAYOUT, ofports, flows)
        whole |= named
        told = {item for item in named if item[1] is not None}
        meant = named_in(LAYOUT, snapshot, bridge)
        assert told <= meant if bridge == LAYOUT.integration_bridge else told == meant
    assert {item for item in whole if item[1] is not None} == named_in(LAYOUT, snapshot, "br-int")
    assert {vlan for vlan, _ in whole} == {segment.local_vlan for segment in snapshot.segments}


def test_what_was_given_stays_and_what_is_recalled_gives_way_to_what_the_host_shows() -> None:
    traces = {"a": Traces(tags=(3,)), "b": Traces(leading=(4,)), "c": Traces()}
    current = {"a": 1, "b": 2, "c": 5}
    assert read_back(current, set(), traces) == current
    assert read_back(current, set(current), traces) == {"a": 3, "b": 4, "c": 5}
    assert read_back({}, set(), traces) == {"a": 3, "b": 4}


def test_what_others_have_or_had_is_read_back_for_nobody() -> None:
    denied = {"a": Traces((3,), (4,), frozenset({1, 3}))}
    assert read_back({"a": 1}, set(), denied) == {"a": 4}
    assert read_back({"gone": 4}, set(), denied) == {}
    assert read_back({"gone": 4}, {"gone"}, denied) == {"a": 4}
