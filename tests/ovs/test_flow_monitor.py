"""The flow monitor of a real switch: what others change is told, what is our own doing is not."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from osken_apps.openflow.codec import FlowModCommand, flow_mod
from osken_apps.openflow.flow_monitor import FlowMonitor, FlowUpdate, UpdateEvent, has_flow_monitor
from osken_apps.openflow.wire import encode_flow, encode_flows
from osken_apps.pipeline.desired import desired_flows
from tests.golden.scenarios import LAYOUT, SCENARIOS
from tests.ovs.conftest import Channel, Switch

OURS = desired_flows("br-int", LAYOUT, SCENARIOS["seed"])
MANY = 30_000


@pytest.fixture
def monitored(switch: Switch) -> Iterator[tuple[Channel, FlowMonitor]]:
    """A connection to a bridge with flows of ours, which tells of changes."""
    switch.add_bridge("br-int", {"tap": 5})
    with closing(Channel(switch.management("br-int"))) as channel:
        if not has_flow_monitor(channel.description()):
            pytest.skip("this Open vSwitch has no flow monitor")
        channel.install(dict(encode_flows(flow for flow in OURS if flow.meter_id is None)))
        monitor = FlowMonitor()
        channel.send_message(monitor.request(9))
        yield channel, monitor


def told(channel: Channel, monitor: FlowMonitor) -> tuple[list[FlowUpdate], bool]:
    """Give what comes next that says anything."""
    while (said := monitor.take(channel.flow_updates())) == ([], False):
        continue
    return said


def test_what_another_adds_changes_and_deletes_is_told(
    switch: Switch, monitored: tuple[Channel, FlowMonitor]
) -> None:
    said = []
    for command in (
        ("add-flow", "br-int", "table=3,cookie=0x5,priority=7,ip,actions=drop"),
        ("mod-flows", "br-int", "table=3,cookie=0x5,ip,actions=NORMAL"),
        ("del-flows", "br-int", "table=3,ip"),
    ):
        switch.run("ovs-ofctl", *command)
        said.append(told(*monitored))
    events = (UpdateEvent.ADDED, UpdateEvent.MODIFIED, UpdateEvent.REMOVED)
    assert said == [([FlowUpdate(event, 3, 7, 5)], False) for event in events]


def test_flows_of_ours_that_another_deletes_are_told_with_our_cookie(
    switch: Switch, monitored: tuple[Channel, FlowMonitor]
) -> None:
    switch.run("ovs-ofctl", "del-flows", "br-int")
    said, _ = told(*monitored)
    wanted = {flow.cookie for flow in OURS if flow.meter_id is None}
    assert ({update.cookie for update in said}, {update.event for update in said}) == (
        wanted, {UpdateEvent.REMOVED},
    )  # fmt: skip


def test_what_we_change_ourselves_is_not_told(switch: Switch, monitored: tuple[Channel, FlowMonitor]) -> None:
    channel, monitor = monitored
    own = encode_flow(next(flow for flow in OURS if flow.meter_id is None))
    channel.send_message(flow_mod(FlowModCommand.DELETE_STRICT, *own, 7))
    channel.install(dict([own]))
    switch.run("ovs-ofctl", "add-flow", "br-int", "table=3,cookie=0x5,priority=7,actions=drop")
    assert told(channel, monitor) == ([FlowUpdate(UpdateEvent.ADDED, 3, 7, 5)], False)


def test_after_more_than_is_read_anything_may_be_changed(
    switch: Switch, monitored: tuple[Channel, FlowMonitor], tmp_path: Path
) -> None:
    flows = "".join(f"table=3,priority={number},actions=drop\n" for number in range(MANY))
    (tmp_path / "flows").write_text(flows)
    switch.run("ovs-ofctl", "add-flows", "br-int", str(tmp_path / "flows"))
    changes = 0
    while not (said := told(*monitored))[1]:
        changes += len(said[0])
    assert 0 < changes < MANY
