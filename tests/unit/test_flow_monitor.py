"""What a flow monitor tells, read: whose changes they are, and that nothing wrong is believed."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osken_apps.errors import Malformed
from osken_apps.openflow.codec import Description, MessageType, message
from osken_apps.openflow.flow_monitor import (
    FlowMonitor,
    FlowUpdate,
    UpdateEvent,
    decode_flow_updates,
    flow_monitor_request,
    has_flow_monitor,
)

MATCH = bytes.fromhex("0001000400000000")
OWN = struct.pack("!HHI", 8, UpdateEvent.ABBREV, 7)
PAUSED = struct.pack("!HHI", 8, UpdateEvent.PAUSED, 0)
RESUMED = struct.pack("!HHI", 8, UpdateEvent.RESUMED, 0)


def full(event: UpdateEvent, table_id: int = 3, priority: int = 9, cookie: int = 5) -> bytes:
    return struct.pack("!HHBBHHH4xQ", 32, event, table_id, 0, 0, 0, priority, cookie) + MATCH


def updates(*entries: bytes) -> bytes:
    return message(MessageType.MULTIPART_REPLY, 0, struct.pack("!HH4x", 16, 0) + b"".join(entries))


def test_every_change_of_every_table_is_asked_for_and_no_first_list() -> None:
    request = flow_monitor_request(7)
    header, body = "0512002800000007" + "0010000000000000", "00000001ffffffffffffffff000eff00"
    assert request.hex() == header + body + MATCH.hex()


def test_what_is_spelled_out_is_anothers_doing() -> None:
    monitor = FlowMonitor()
    said = monitor.take(updates(OWN, full(UpdateEvent.ADDED), full(UpdateEvent.REMOVED, 0, 65535, 1), OWN))
    assert said == (
        [FlowUpdate(UpdateEvent.ADDED, 3, 9, 5), FlowUpdate(UpdateEvent.REMOVED, 0, 65535, 1)], False,
    )  # fmt: skip


def test_while_a_switch_pauses_nobody_knows_whose_a_change_is() -> None:
    monitor = FlowMonitor()
    assert monitor.take(updates(PAUSED, full(UpdateEvent.REMOVED))) == ([], False)
    assert monitor.take(updates(full(UpdateEvent.REMOVED))) == ([], False)
    assert monitor.take(updates(full(UpdateEvent.ADDED), RESUMED)) == ([], True)
    assert monitor.take(updates(full(UpdateEvent.ADDED)))[0] == [FlowUpdate(UpdateEvent.ADDED, 3, 9, 5)]


@pytest.mark.parametrize(
    "entry",
    [
        b"\0",  # no header
        struct.pack("!HHI", 0, UpdateEvent.ABBREV, 7),  # would be read for ever
        struct.pack("!HHI", 16, UpdateEvent.ABBREV, 7),  # longer than the message
        struct.pack("!HHI", 8, 7, 7),  # an event that there is not
        full(UpdateEvent.ADDED)[:20],
        struct.pack("!HHBBHHH4xQ", 8, UpdateEvent.ADDED, 0, 0, 0, 0, 0, 0),  # shorter than it is
    ],
)
def test_what_is_none_is_malformed(entry: bytes) -> None:
    with pytest.raises(Malformed):
        list(decode_flow_updates(updates(OWN, entry)))


@given(st.binary(max_size=100))
def test_whatever_comes_it_is_read_or_malformed(octets: bytes) -> None:
    try:
        assert len(list(decode_flow_updates(updates(octets)))) <= len(octets)
    except Malformed as error:
        assert "flow update" in str(error)


@pytest.mark.parametrize(
    ("hardware", "software", "has"),
    [
        ("Open vSwitch", "3.0.0", True),
        ("Open vSwitch", "10.1", True),
        ("Open vSwitch", "2.17.12", False),
        ("Open vSwitch", "2.15.0", False),
        ("Open vSwitch", "", False),
        ("another", "2.0.0", True),
    ],
)
def test_an_open_vswitch_before_3_0_has_none(hardware: str, software: str, has: bool) -> None:
    assert has_flow_monitor(Description(hardware, software, "None")) is has
