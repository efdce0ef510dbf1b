"""The declared flows on a real switch: what is read back is what was sent, and it does what it says."""

from collections.abc import Iterator

import pytest

from osken_apps.openflow import wire
from osken_apps.openflow.difference import difference
from osken_apps.pipeline.desired import FlowEncoder, desired_flows, desired_meters
from tests.golden.dumps import golden, strip_counters
from tests.golden.rendering import ROOT, bridges_of
from tests.golden.scenarios import LAYOUT, SCENARIOS
from tests.ovs.conftest import Channel, Switch

CASES = [(scenario, bridge) for scenario, snapshot in SCENARIOS.items() for bridge in bridges_of(snapshot)]


def install(channel: Channel, bridge: str, scenario: str) -> None:
    snapshot = SCENARIOS[scenario]
    flows = FlowEncoder().flows(bridge, LAYOUT, snapshot)
    channel.install(flows, desired_meters(bridge, LAYOUT, snapshot).values())


@pytest.fixture(params=CASES, ids=lambda case: "/".join(case))
def installed(request: pytest.FixtureRequest, switch: Switch) -> Iterator[tuple[str, str, Channel]]:
    scenario, bridge = request.param
    switch.add_bridge(bridge, SCENARIOS[scenario].ofports[bridge])
    channel = Channel(switch.management(bridge))
    install(channel, bridge, scenario)
    yield scenario, bridge, channel
    channel.close()


def test_what_is_read_back_has_no_difference(installed: tuple[str, str, Channel]) -> None:
    scenario, bridge, channel = installed
    desired = dict(wire.encode_flow(flow) for flow in desired_flows(bridge, LAYOUT, SCENARIOS[scenario]))
    assert not difference(channel.read(), desired)


def test_the_meters_read_back_are_those_sent(installed: tuple[str, str, Channel]) -> None:
    scenario, bridge, channel = installed
    assert channel.read_meters() == desired_meters(bridge, LAYOUT, SCENARIOS[scenario])


def test_dump_flows_prints_the_golden_dump(installed: tuple[str, str, Channel], switch: Switch) -> None:
    scenario, bridge, _ = installed
    dump = switch.run("ovs-ofctl", "dump-flows", bridge)
    assert strip_counters(dump) == golden(scenario, bridge)


def test_ovs_ofctl_finds_no_difference_to_the_golden_file(
    installed: tuple[str, str, Channel], switch: Switch
) -> None:
    scenario, bridge, _ = installed
    path = ROOT / "flows" / scenario / f"{bridge}.txt"
    assert switch.run("ovs-ofctl", "diff-flows", bridge, str(path)) == ""


def test_flows_of_others_are_not_read(switch: Switch) -> None:
    switch.add_bridge("br-int", {"tap": 2})
    switch.run("ovs-ofctl", "add-flow", "br-int", "cookie=0x99,priority=7,actions=drop")
    channel = Channel(switch.management("br-int"))
    assert channel.read() == {}
    channel.close()


@pytest.fixture
def seed(switch: Switch) -> Iterator[Switch]:
    for bridge in LAYOUT.bridges:
        switch.add_bridge(bridge, SCENARIOS["two-networks-and-flat"].ofports[bridge])
        channel = Channel(switch.management(bridge))
        install(channel, bridge, "two-networks-and-flat")
        channel.close()
    yield switch


@pytest.mark.parametrize(
    ("packet", "effect"),
    [
        ("in_port=2,tun_src=192.0.2.2,tun_id=5", "push_vlan(vid=3,pcp=0)"),
        ("in_port=4,tun_src=192.0.2.3,tun_id=5", "push_vlan(vid=4,pcp=0)"),
        ("in_port=2,tun_src=192.0.2.9,tun_id=5", "Datapath actions: drop"),  # a stranger
        ("in_port=4,tun_src=192.0.2.2,tun_id=5", "Datapath actions: drop"),  # shares no network of the type
        ("in_port=2,tun_src=192.0.2.2,tun_id=6", "Datapath actions: drop"),  # no network of this host
        ("in_port=1,dl_vlan=1,dl_vlan_pcp=0", "Datapath actions: drop"),  # a network on a VLAN
        ("in_port=1", "Datapath actions: drop"),
    ],
)
def test_what_comes_to_the_tunnel_bridge_passes_from_peers_and_for_networks_of_this_host_only(
    switch: Switch, packet: str, effect: str
) -> None:
    switch.add_bridge("br-tun", SCENARIOS["tunnels"].ofports["br-tun"])
    channel = Channel(switch.management("br-tun"))
    install(channel, "br-tun", "tunnels")
    channel.close()
    assert effect in switch.trace("br-tun", packet)


FROM_VM = "in_port=2,dl_src=fa:16:3e:fe:c7:87"


@pytest.mark.parametrize(
    ("bridge", "packet", "effect"),
    [
        ("br-int", "in_port=1,dl_vlan=1000,dl_vlan_pcp=0", "set_field:4097->vlan_vid"),
        ("br-int", "in_port=1,dl_vlan=1001,dl_vlan_pcp=0", "set_field:4098->vlan_vid"),
        ("br-int", "in_port=1,dl_vlan=1002,dl_vlan_pcp=0", "Datapath actions: drop"),
        ("br-eth2", "in_port=2,dl_vlan=1,dl_vlan_pcp=0", "set_field:5096->vlan_vid"),
        ("br-eth2", "in_port=2,dl_vlan=4,dl_vlan_pcp=0", "Datapath actions: drop"),
        ("br-eth2", "in_port=2", "Datapath actions: drop"),
        ("br-eth2", "in_port=2,dl_vlan=3,dl_vlan_pcp=0", "pop_vlan"),
        (
            "br-int",
            f"{FROM_VM},udp,nw_src=0.0.0.0,nw_dst=255.255.255.255,udp_src=68,udp_dst=67",
            "userspace(",
        ),
        ("br-int", f"{FROM_VM},udp,nw_src=10.10.10.2,nw_dst=10.10.10.3,udp_src=68,udp_dst=67", "userspace("),
        ("br-int", f"{FROM_VM},icmp,nw_src=10.10.10.2,nw_dst=10.10.10.3,icmp_type=8", "set(icmp(type=0"),
        ("br-int", f"{FROM_VM},arp,arp_op=1,arp_spa=10.10.10.2,arp_tpa=10.10.10.3", "set(arp(sip=10.10.10.3"),
    ],
)
def test_a_packet_is_handled_as_the_pipeline_says(
    seed: Switch, bridge: str, packet: str, effect: str
) -> None:
    assert effect in seed.trace(bridge, packet)


@pytest.mark.parametrize(
    "packet",
    [
        f"{FROM_VM},udp,nw_src=10.10.10.2,nw_dst=10.10.10.9,udp_src=68,udp_dst=67",
        f"{FROM_VM},udp,nw_src=10.10.10.2,nw_dst=255.255.255.255,udp_src=67,udp_dst=68",
        f"{FROM_VM},tcp,nw_src=10.10.10.2,nw_dst=10.10.10.3,tcp_dst=67",
        "in_port=3,udp,nw_src=0.0.0.0,nw_dst=255.255.255.255,udp_src=68,udp_dst=67",
        "in_port=1,dl_vlan=1000,dl_vlan_pcp=0,udp,nw_dst=255.255.255.255,udp_src=68,udp_dst=67",
    ],
)
def test_nothing_else_is_punted(seed: Switch, packet: str) -> None:
    assert "userspace(" not in seed.trace("br-int", packet)
