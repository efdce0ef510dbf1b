"""The probe's flow on a real switch: it counts answers to the server, and goes by itself."""

from ipaddress import IPv4Address

import pytest

from osken_apps.lab import PATIENCE_S, wait_until
from osken_apps.model.addresses import mac_address
from osken_apps.model.resources import NetworkType
from osken_apps.model.snapshot import Segment
from osken_apps.openflow.codec import FlowModCommand, flow_mod
from osken_apps.openflow.wire import encode_flow
from osken_apps.pipeline.probe import probe_flow, probe_frame, wire_flow, wire_frame
from osken_apps.trace.words import frame_of_octets
from tests.ovs.conftest import Channel, Switch
from tests.ovs.security.frames import Machine, arp

LONG_S = 1000
SERVER = IPv4Address("10.0.0.2")


def dump(switch: Switch) -> str:
    """Give the probes' flows of the bridge."""
    return switch.run("ovs-ofctl", "dump-flows", "br-int", "cookie=0x6f736b7000000000/-1")


def test_answers_are_counted_and_the_switch_takes_the_flow_away_by_itself(switch: Switch) -> None:
    switch.add_bridge("br-int", {"tap": 5})
    channel = Channel(switch.management("br-int"))
    flow = encode_flow(probe_flow(5, SERVER))
    channel.send_message(flow_mod(FlowModCommand.ADD, *flow, 7, hard_timeout_s=LONG_S))
    switch.receive("tap", bytes(arp(Machine("fa:16:3e:00:00:01", "10.0.0.7"), str(SERVER), op=2)))
    switch.receive("tap", bytes(arp(Machine("fa:16:3e:00:00:01", "10.0.0.7"), "10.0.0.9", op=2)))
    counted = dump(switch)
    channel.send_message(flow_mod(FlowModCommand.ADD, *flow, 7, hard_timeout_s=1))
    wait_until(lambda: "actions=drop" not in dump(switch), PATIENCE_S, "the flow to go by itself")
    channel.close()
    assert f"n_packets=1, n_bytes=42, hard_timeout={LONG_S}," in counted
    assert "priority=65535,arp,in_port=5,arp_tpa=10.0.0.2,arp_op=2 actions=drop" in counted


def test_the_frame_asks_for_the_address_in_the_servers_name() -> None:
    mac = mac_address("fa:16:3e:00:00:02")
    frame = frame_of_octets(probe_frame(mac, SERVER, IPv4Address("10.0.0.7")))
    assert frame.text() == (
        "arp,dl_src=fa:16:3e:00:00:02,dl_dst=ff:ff:ff:ff:ff:ff,arp_spa=10.0.0.2,arp_tpa=10.0.0.7,arp_op=1,"
        "arp_sha=fa:16:3e:00:00:02"
    )


@pytest.mark.parametrize(
    ("segment", "wanted"),
    [
        (Segment("n", "default", 1000, 4), "in_port=1,dl_vlan=1000"),
        (Segment("n", "default", None, 4), "in_port=1,vlan_tci=0x0000/0x1fff"),
        (Segment("n", "", 5, 4, network_type=NetworkType.VXLAN), "in_port=1,dl_vlan=4"),
    ],
)
def test_a_frame_between_hosts_is_counted_where_its_network_comes_in(segment: Segment, wanted: str) -> None:
    sender, receiver = (mac_address(f"fa:16:3e:00:00:0{number}") for number in (1, 2))
    flow = wire_flow(1, segment, sender)
    assert flow.match.text() == f"{wanted},dl_src=fa:16:3e:00:00:01,dl_type=0x88b5"
    frame = frame_of_octets(wire_frame(sender, receiver, segment))
    assert (frame.vlans, frame.macs) == ((4,), (int(sender), int(receiver)))
