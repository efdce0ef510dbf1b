"""What a server is told of its port, by what changed of it."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from osken_apps.model.addresses import mac_address
from osken_apps.model.resources import Binding, FixedIp, InactiveBinding, Port, PortStatus
from osken_apps.networking.server_events import EventName, ServerEvent, events_of

SERVER = "5a4b8f5e-2f5f-4a5b-8f5e-2f5f4a5b8f5e"
DOWN = Port(
    id="p",
    project_id="a",
    network_id="n",
    mac_address=mac_address("fa:16:3e:00:00:01"),
    fixed_ips=(FixedIp("s", ip_address("10.10.10.2")),),
    device_owner="compute:nova",
    device_id=SERVER,
    requested_host="host1",
)
ACTIVE = replace(DOWN, binding=Binding("host1", 1, "tap1"), status=PortStatus.ACTIVE)
BOUND = replace(ACTIVE, status=PortStatus.DOWN)
MOVED = replace(ACTIVE, binding=Binding("host2", 1, "tap1"))
ARRIVING = replace(
    ACTIVE, inactive_bindings=(InactiveBinding("host2"),), binding_profile='{"migrating_to": "host2"}'
)
READDRESSED = {"fixed_ips": (FixedIp("s", ip_address("10.10.10.9")),)}


def named(before: Port, after: Port | None) -> list[EventName]:
    return [event.name for event in events_of(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        (DOWN, BOUND, []),
        (DOWN, ACTIVE, [EventName.PLUGGED]),
        (BOUND, ACTIVE, [EventName.PLUGGED]),
        (ACTIVE, MOVED, [EventName.PLUGGED]),
        (ACTIVE, DOWN, [EventName.UNPLUGGED]),
        (ACTIVE, BOUND, [EventName.UNPLUGGED]),
        (ACTIVE, None, [EventName.DELETED]),
        (DOWN, None, [EventName.DELETED]),
        (ACTIVE, replace(ACTIVE, **READDRESSED), [EventName.CHANGED]),
        (ACTIVE, replace(ACTIVE, mac_address=mac_address("fa:16:3e:00:00:02")), [EventName.CHANGED]),
        (DOWN, replace(DOWN, requested_host="", **READDRESSED), []),
        (ACTIVE, replace(ACTIVE, name="new", requested_host="host2", waits_for="x"), []),
        (BOUND, replace(ACTIVE, **READDRESSED), [EventName.PLUGGED, EventName.CHANGED]),
        (replace(ARRIVING, binding_profile="{}"), ARRIVING, [EventName.PLUGGED]),
        (ARRIVING, replace(ARRIVING, binding_profile="{}"), []),
        (ARRIVING, replace(ARRIVING, name="new"), []),
        (ACTIVE, replace(ARRIVING, inactive_bindings=()), []),
        (ACTIVE, replace(DOWN, device_id="", device_owner=""), [EventName.UNPLUGGED]),
    ],
)
def test_a_server_is_told_what_changed_of_its_port(
    before: Port, after: Port | None, names: list[EventName]
) -> None:
    assert named(before, after) == names


def test_an_event_names_the_server_and_the_port() -> None:
    assert events_of(DOWN, ACTIVE) == (ServerEvent(EventName.PLUGGED, SERVER, "p"),)


@pytest.mark.parametrize(
    "owner",
    [{"device_owner": "network:dhcp"}, {"device_owner": ""}, {"device_id": "my-vm"}, {"device_id": ""}],
)
def test_nobody_is_told_of_what_is_no_server_s(owner: dict[str, Any]) -> None:
    assert named(replace(DOWN, **owner), replace(ACTIVE, **owner)) == []
    assert named(replace(ACTIVE, **owner), None) == []
