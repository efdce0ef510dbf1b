"""A machine of a flat network hides the tag of another behind a priority tag: it reaches nobody there."""

import struct

import pytest

from osken_apps.model.resources import Network, NetworkType
from tests.ovs.security.cast import ALICE, BLUE1, FREE, GROUPS, RED, RULES, port
from tests.ovs.security.frames import arp, tagged
from tests.ovs.security.hosts import World

FLAT = Network(
    id="flat", project_id="p", name="flat", physical_network="default", network_type=NetworkType.FLAT
)
TAG = struct.Struct("!HH")
C_TAG, S_TAG = 0x8100, 0x88A8  # IEEE 802.1Q, 9.6


def behind(outer: int, inner: int, frame: bytes) -> bytes:
    """Put the tag of RED, with a priority tag before it, into a frame."""
    return frame[:12] + TAG.pack(outer, 0) + TAG.pack(inner, RED.segmentation_id or 0) + frame[12:]


@pytest.fixture(scope="module", autouse=True)
def machines(world: World) -> None:
    ports = [
        port("blue1", network=FLAT, port_security_enabled=False),
        port("blue2", network=FLAT, port_security_enabled=False),
        port("alice", "default", network=FLAT),
        port("free", port_security_enabled=False),
        port("carol", "default"),
    ]
    world.tell(RED, FLAT, *GROUPS, *RULES, *ports)
    for each, host in zip(ports, ("host1", "host2", "host1", "host2", "host2"), strict=True):
        world.plug(host, each)
    world.settle()


def test_it_does_not_leave_its_network_where_open_vswitch_looks_at_one_tag(world: World) -> None:
    for limit in (2, 1):  # what the condition `vlan_limit` tells to type counts at once
        for host in world.hosts.values():
            host.switch.vsctl("set", "Open_vSwitch", ".", f"other_config:vlan-limit={limit}")
    assert set(world.send("blue1", bytes(tagged(0, arp(BLUE1, FREE.ip))))) == {"alice", "blue2", "wire"}
    for sender, machine in (("blue1", BLUE1), ("alice", ALICE)):
        frame = bytes(arp(machine, FREE.ip))
        hidden = [behind(outer, inner, frame) for outer in (C_TAG, S_TAG) for inner in (C_TAG, S_TAG)]
        assert world.send(sender, *hidden) == {}
