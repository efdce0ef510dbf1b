"""The flows of a host beside those that it should have: states, rules, ports, counters, and who is silent."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from osken_apps.apps.answering import host_flows as module
from osken_apps.apps.answering.host_flows import host_flows
from osken_apps.apps.connection import SwitchError
from osken_apps.openflow.actions import NORMAL
from osken_apps.openflow.codec import FLOW_STATS
from osken_apps.openflow.fields import Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import CountedFlow, FlowBody, FlowKey, encode_flow
from osken_apps.pipeline.comparison import FlowState, compared
from osken_apps.pipeline.desired import desired_flows, owned_flows
from osken_apps.pipeline.features.isolation import INTEGRATION_NORMAL
from osken_apps.questions import HostFlows
from tests.golden.scenarios import LAYOUT, SCENARIOS, VM1

SEED = SCENARIOS["seed"]
DESIRED = list(owned_flows("br-int", LAYOUT, SEED))
OTHERS = Flow(0, 7, Match.of({Field.IN_PORT: 9}), (NORMAL,), 0x99)


def installed(flows: list[Flow]) -> dict[FlowKey, CountedFlow]:
    """Let flows be installed, the first with the counters 1, 10 and 100, the second with 2, 20 and 200 …"""
    encoded = [encode_flow(flow) for flow in flows]
    return {
        key: CountedFlow(key, body, number, 10 * number, 100 * number)
        for number, (key, body) in enumerate(encoded, start=1)
    }


def test_owned_flows_are_the_desired_ones_with_their_ports() -> None:
    assert tuple(flow for flow, _ in DESIRED) == desired_flows("br-int", LAYOUT, SEED)
    assert {port_id for _, port_id in DESIRED} == {"", VM1.id}


def test_a_flow_is_as_it_should_be_missing_or_another_s() -> None:
    flows = [flow for flow, _ in DESIRED]
    told = list(compared(DESIRED, installed([*flows[1:], OTHERS])))
    assert [flow.state for flow in told] == [
        FlowState.MISSING,
        *([FlowState.INSTALLED] * (len(flows) - 1)),
        FlowState.FOREIGN,
    ]
    assert [flow.text for flow in told] == [*(flow.text() for flow in flows), OTHERS.text()]
    assert told[0].counted is None
    assert told[1].counted is not None
    assert (told[1].counted.packets, told[1].counted.octets, told[1].counted.age_s) == (1, 10, 100)
    assert told[-1].rule is None
    assert all(flow.rule is not None for flow in told[:-1])


def test_one_that_does_something_else_is_foreign_and_what_it_should_do_is_missing() -> None:
    flow, port_id = next((flow, port_id) for flow, port_id in DESIRED if flow.actions)
    key, body = encode_flow(flow)
    told = list(compared([(flow, port_id)], {key: CountedFlow(key, FlowBody(body.cookie, b""), 5, 5, 5)}))
    assert [(each.state, each.text.partition("actions=")[2]) for each in told] == [
        (FlowState.MISSING, flow.text().partition("actions=")[2]),
        (FlowState.FOREIGN, "drop"),
    ]
    assert told[1].rule is told[0].rule


def test_of_a_bridge_that_says_nothing_nothing_is_known() -> None:
    assert {flow.state for flow in compared(DESIRED, None)} == {FlowState.UNKNOWN}


# -- as the API shows it


class Switch:
    """A connection of a bridge that has flows; `reply` may be an error instead."""

    def __init__(self, flows: list[Flow], error: Exception | None = None) -> None:
        self._flows, self._error = flows, error

    def request(self, _build: Callable[[int], bytes]) -> list[bytes]:
        """Tell the flows."""
        if self._error:
            raise self._error
        return [bytes(16) + b"".join(map(self._entry, self._flows))]

    @staticmethod
    def _entry(flow: Flow) -> bytes:
        key, body = encode_flow(flow)
        length = FLOW_STATS.size + len(key.match) + len(body.instructions)
        fixed = FLOW_STATS.pack(length, key.table_id, 7, 0, key.priority, 0, 0, 0, body.cookie, 3, 300)
        return fixed + key.match + body.instructions


def hosts_with(monkeypatch: pytest.MonkeyPatch, **switches: Any) -> Any:
    """Give hosts of which host1 has the seed's snapshot, and these connections."""
    monkeypatch.setattr(module, "host_snapshot", lambda fabric, host: SEED)
    bridges = {
        name: SimpleNamespace(name=name, host=SimpleNamespace(name="host1"), request=switch.request)
        for name, switch in ((name.replace("_", "-"), switch) for name, switch in switches.items())
    }
    fabric = SimpleNamespace(ready=lambda host: host == "host1", layout=LAYOUT)
    return SimpleNamespace(fabric=fabric, by_name={"host1": SimpleNamespace(bridges=bridges)})


def shown(hosts: Any, *asked: str) -> Iterator[tuple[str, str]]:
    """Give bridge and state of what is told."""
    for flow in host_flows(hosts, HostFlows("host1", *asked))["flows"]:
        yield flow["bridge"], flow["state"]


def test_a_bridge_that_does_not_answer_makes_its_own_part_unknown_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seed = list(desired_flows("br-int", LAYOUT, SEED))
    mute = Switch([], SwitchError("it does not answer"))
    told = host_flows(hosts_with(monkeypatch, br_int=Switch(seed), br_eth2=mute), HostFlows("host1"))
    assert (told["silent"], told["more"]) == (["br-eth2"], 0)
    assert {(flow["bridge"], flow["state"]) for flow in told["flows"]} == {
        ("br-int", "installed"),
        ("br-eth2", "unknown"),
    }


def test_what_is_told_of_a_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = hosts_with(monkeypatch, br_int=Switch([OTHERS]))
    (flow,) = host_flows(hosts, HostFlows("host1", "br-int", "", "", "foreign"))["flows"]
    assert flow == {
        "bridge": "br-int",
        "table": 0,
        "priority": 7,
        "cookie": "0x99",
        "rule": "",
        "meaning": "a flow that is not ours",
        "port_id": "",
        "state": "foreign",
        "packets": 3,
        "bytes": 300,
        "age": 7,
        "flow": OTHERS.text(),
    }
    told = host_flows(hosts, HostFlows("host1", "br-int", INTEGRATION_NORMAL.name, "", "missing"))["flows"]
    assert {flow["meaning"] for flow in told} == {INTEGRATION_NORMAL.meaning}
    assert {flow["port_id"] for flow in host_flows(hosts, HostFlows("host1", "", "", VM1.id))["flows"]} == {
        VM1.id
    }


def test_what_should_be_there_is_told_whether_it_is_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    seed = list(desired_flows("br-int", LAYOUT, SEED))
    hosts = hosts_with(monkeypatch, br_int=Switch([*seed[1:], OTHERS]))
    assert set(shown(hosts, "", "", "", "desired")) == {
        ("br-int", "installed"),
        ("br-int", "missing"),
        ("br-eth2", "unknown"),
    }


def test_too_many_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FLOWS", 2)
    told = host_flows(hosts_with(monkeypatch), HostFlows("host1", "br-int"))
    assert (len(told["flows"]), told["more"]) == (2, len(DESIRED) - 2)


def test_of_a_host_that_is_not_back_no_bridge_says_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = hosts_with(monkeypatch)
    assert host_flows(hosts, HostFlows("host9")) == {"flows": [], "silent": ["br-int", "br-eth2"], "more": 0}
    assert host_flows(hosts, HostFlows("host9", "br-eth2"))["silent"] == ["br-eth2"]
    assert host_flows(hosts, HostFlows("host9", "br-tun"))["silent"] == ["br-tun"]


def test_a_bridge_that_has_not_connected_yet_does_not_say_what_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hosts = hosts_with(monkeypatch, br_int=Switch(list(desired_flows("br-int", LAYOUT, SEED))))
    only = replace(SEED, ofports={"br-int": SEED.ofports["br-int"]})
    monkeypatch.setattr(module, "host_snapshot", lambda fabric, host: only)
    assert host_flows(hosts, HostFlows("host1"))["silent"] == ["br-eth2"]
    assert host_flows(hosts, HostFlows("host1", "br-int"))["silent"] == []


@pytest.mark.parametrize("bridge", ["br-tun", "br-nit"])
def test_a_bridge_that_a_host_has_not_and_that_is_asked_for_does_not_say_what_it_has(
    monkeypatch: pytest.MonkeyPatch, bridge: str
) -> None:
    told = host_flows(hosts_with(monkeypatch), HostFlows("host1", bridge))
    assert told == {"flows": [], "silent": [bridge], "more": 0}


def test_a_reply_that_is_cut_off_makes_a_bridge_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Switch):
        def request(self, _build: Callable[[int], bytes]) -> list[bytes]:
            return [bytes(16) + struct.pack("!H", 5)]

    assert host_flows(hosts_with(monkeypatch, br_int=Broken([])), HostFlows("host1", "br-int"))["silent"] == [
        "br-int"
    ]
