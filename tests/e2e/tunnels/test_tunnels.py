"""Networks over tunnels on real Open vSwitch: machines of three hosts, and what passes between the hosts."""

import re
import sys
from typing import Any

import pytest

from osken_apps.lab import PATIENCE_S, NamespaceVm, wait_until
from tests.e2e.conftest import World, flows

TYPES = {"vxlan": 1450, "gre": 1458, "geneve": 1450}
ON_THE_WIRE = {"vxlan": "udp port 4789", "gre": "ip proto 47", "geneve": "udp port 6081"}
ANY_TUNNEL = "udp port 4789 or ip proto 47 or udp port 6081"


def network(world: World, kind: str, number: int = 5) -> dict[str, Any]:
    attributes = {"provider:network_type": kind, "provider:segmentation_id": number}
    made = world.api.create("network", name=kind, **attributes)
    world.api.create("subnet", network_id=made["id"], cidr="10.10.10.0/24", ip_version=4)
    return made


def address(world: World, vm: NamespaceVm) -> str:
    return str(world.api.show("port", vm.port_id)["fixed_ips"][0]["ip_address"])


def ipv6(world: World, vm: NamespaceVm) -> str:
    fixed_ips = world.api.show("port", vm.port_id)["fixed_ips"]
    return next(str(fixed["ip_address"]) for fixed in fixed_ips if ":" in fixed["ip_address"])


def agent(world: World, host: str) -> dict[str, Any]:
    (found,) = world.agents(host)
    return dict(found["configurations"])


def tunneling_ip(world: World, host: str) -> str:
    return str(agent(world, host)["tunneling_ip"])


def trouble(world: World, host: str) -> str:
    return str(agent(world, host)["trouble"])


def pair(world: World, made: dict[str, Any]) -> tuple[NamespaceVm, NamespaceVm]:
    """Give a machine on host1 and one on host2 that have their addresses and reach each other."""
    a, b = world.launch(1, made), world.launch(2, made)
    for vm in (a, b):
        vm.udhcpc()
    wait_until(lambda: a.ping(address(world, b), 1).ok, PATIENCE_S, "an answer")
    return a, b


@pytest.mark.parametrize("kind", TYPES)
def test_machines_of_two_hosts_get_leases_and_reach_each_other(tunnels: World, kind: str) -> None:
    made = network(tunnels, kind)
    assert made["mtu"] == TYPES[kind]
    a, b = pair(tunnels, made)
    assert (a.mtu(), b.mtu()) == (TYPES[kind], TYPES[kind])
    largest = TYPES[kind] - 28
    expression = f"{ON_THE_WIRE[kind]} and src 192.0.2.1 and dst 192.0.2.2"
    with (
        tunnels.host(1).capture("eth2", expression, flags=("-e",)) as capture,
        tunnels.host(3).capture("eth2", ANY_TUNNEL) as elsewhere,
    ):
        assert a.ping(address(tunnels, b), flags=("-s", str(largest), "-M", "do")).ok
        capture.wait_for("192.0.2.2")
    assert {"vxlan": "vni 5", "gre": "key=0x5", "geneve": "vni 0x5"}[kind] in capture.text
    assert "802.1Q" not in capture.text
    assert "192.0.2" not in elsewhere.text


def test_equal_ids_of_different_types_and_equal_addresses_never_meet(tunnels: World) -> None:
    networks = [network(tunnels, kind) for kind in TYPES]
    on_host1 = [tunnels.launch(1, made, port_security_enabled=False) for made in networks]
    on_host2 = [tunnels.launch(2, made, port_security_enabled=False) for made in networks]
    for index, vm in enumerate(on_host1):
        vm.configure("10.10.10.50/24")
        on_host2[index].configure(f"10.10.10.{60 + index}/24")
    for index, vm in enumerate(on_host1):
        for other in range(len(networks)):
            if other != index:
                assert vm.ping(f"10.10.10.{60 + other}", 1, wait_s=0.3).received == 0
        wait_until(lambda vm=vm, n=index: vm.ping(f"10.10.10.{60 + n}", 1).ok, PATIENCE_S, "an answer")


def test_arp_for_a_known_address_stays_on_the_host_and_for_an_unknown_one_goes_to_hosts_of_the_network(
    tunnels: World,
) -> None:
    made = network(tunnels, "vxlan")
    a, b = pair(tunnels, made)
    tunnels.launch(3, network(tunnels, "vxlan", 6))
    a.namespace.ip("neigh", "flush", "all")
    with (
        tunnels.host(1).capture("eth2", ANY_TUNNEL, flags=("-e",)) as capture,
        tunnels.host(3).capture("eth2", ANY_TUNNEL) as elsewhere,
    ):
        assert a.ping(address(tunnels, b)).ok
        assert "ARP, Request" not in capture.text
        assert a.ping("10.10.10.200", 1, wait_s=0.2).received == 0
        capture.wait_for("who-has 10.10.10.200")
    assert "who-has 10.10.10.200" not in elsewhere.text


def test_a_neighbor_solicitation_for_a_known_address_is_answered_on_the_host_that_asks(
    tunnels: World,
) -> None:
    made = network(tunnels, "vxlan")
    tunnels.api.create("subnet", network_id=made["id"], cidr="2001:db8:5::/64", ip_version=6)
    a, b = tunnels.launch(1, made), tunnels.launch(2, made)
    for vm in (a, b):
        vm.configure(f"{ipv6(tunnels, vm)}/64", flags=("nodad",))
    wait_until(lambda: a.ping(ipv6(tunnels, b), 1).ok, PATIENCE_S, "an answer")
    a.namespace.ip("neigh", "flush", "all")
    with tunnels.host(1).capture("eth2", ANY_TUNNEL, flags=("-e",)) as capture:
        assert a.ping(ipv6(tunnels, b)).ok
        capture.wait_for("echo request")
        assert a.ping("2001:db8:5::99", 1, wait_s=0.2).received == 0
        capture.wait_for("who has 2001:db8:5::99")
    assert f"who has {ipv6(tunnels, b)}" not in capture.text
    assert b.mac in a.namespace.ip("-6", "neigh", "show", ipv6(tunnels, b))


#: Say with gratuitous ARP (RFC 5227, 2.3) that MAC has ADDRESS, of which both are hexadecimal.
CLAIM = """
import socket, sys
mac, address = map(bytes.fromhex, sys.argv[1:])
arp = bytes.fromhex("0001080006040001") + mac + address + bytes(6) + address
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("eth0", 0))
link.send(bytes([255] * 6) + mac + bytes.fromhex("0806") + arp + bytes(18))
"""


def test_a_machine_that_has_a_host_s_address_on_a_vlan_cuts_no_tunnel(tunnels: World) -> None:
    a, b = pair(tunnels, network(tunnels, "vxlan"))
    hosts_network = tunnels.network("192.0.2.0/24", gateway_ip=None, enable_dhcp=False)
    rival = tunnels.launch(1, hosts_network, fixed_ips=[{"ip_address": "192.0.2.2"}])
    witness = tunnels.launch(3, hosts_network)
    before = tunnels.host(1).ovs.appctl("tnl/neigh/show")
    with witness.capture("arp") as capture:
        rival.run([sys.executable, "-c", CLAIM, rival.mac.replace(":", ""), "c0000202"])
        capture.wait_for("192.0.2.2")
    assert "192.0.2.2" in before
    assert tunnels.host(1).ovs.appctl("tnl/neigh/show") == before
    assert a.ping(address(tunnels, b)).ok


def test_machines_on_a_vlan_and_over_tunnels_are_side_by_side(tunnels: World) -> None:
    vlan = tunnels.network("10.20.0.0/24")
    c, d = tunnels.launch(1, vlan), tunnels.launch(2, vlan)
    a, b = pair(tunnels, network(tunnels, "geneve"))
    for vm in (c, d):
        vm.udhcpc()
    assert c.ping(address(tunnels, d)).ok
    assert a.ping(address(tunnels, b)).ok
    assert c.mtu() == 1500


def test_a_restart_sends_no_flow_also_while_a_host_is_away(tunnels: World) -> None:
    a, b = pair(tunnels, network(tunnels, "vxlan"))
    bridges = ("br-int", "br-eth2", "br-tun")
    before = [flows(tunnels.host(1), bridge) for bridge in bridges]
    tunnels.controller.stop()
    tunnels.host(2).namespace.ip("link", "set", "mgmt", "down")
    read = len(tunnels.controller.log)
    try:
        tunnels.controller.start()
        tunnels.host(1).ovs.wait_connected()
        wait_until(
            lambda: (
                len(re.findall("host host1: br-.*flows of ours found", tunnels.controller.log[read:])) == 3
            ),
            PATIENCE_S,
            "the bridges of host1 to be read",
        )
        assert a.ping(address(tunnels, b)).ok
        assert "flows added" not in tunnels.controller.log[read:]
        assert "written" not in tunnels.controller.log[read:]
        assert [flows(tunnels.host(1), bridge) for bridge in bridges] == before
    finally:
        tunnels.host(2).namespace.ip("link", "set", "mgmt", "up")
    tunnels.host(2).ovs.wait_connected()
    assert a.ping(address(tunnels, b)).ok


#: Send a frame to the broadcast address in a VXLAN packet: to ADDRESS, with ID and TEXT (RFC 7348).
FORGE = """
import socket, sys
frame = bytes.fromhex("ffffffffffff02000000002a88b5") + sys.argv[3].encode().ljust(60)
packet = bytes([8, 0, 0, 0]) + (int(sys.argv[2]) << 8).to_bytes(4, "big") + frame
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(packet, (sys.argv[1], 4789))
"""


def test_a_host_is_heard_in_the_networks_that_it_has_and_in_no_other(tunnels: World) -> None:
    a, _ = pair(tunnels, network(tunnels, "vxlan", 5))
    six = network(tunnels, "vxlan", 6)
    c = tunnels.launch(1, six, port_security_enabled=False)
    tunnels.launch(3, six)
    network(tunnels, "vxlan", 7)
    a_port = tunnels.api.show("port", a.port_id)
    tunnels.api.update("port", a_port["id"], port_security_enabled=False, security_groups=[])

    def forge(host: int, number: int, text: str) -> None:
        command = [sys.executable, "-c", FORGE, "192.0.2.1", str(number), text]
        tunnels.host(host).namespace.run(command)

    with (
        a.capture("ether proto 0x88b5", flags=("-A",)) as at_a,
        c.capture("ether proto 0x88b5", flags=("-A",)) as at_c,
    ):
        forge(2, 6, "of-a-network-that-host2-has-not")
        forge(3, 5, "of-a-network-that-host3-has-not")
        forge(2, 7, "of-a-network-that-nobody-has")
        wait_until(lambda: forge(2, 5, "heard-5") or "heard-5" in at_a.text, PATIENCE_S, "the right one")
        wait_until(lambda: forge(3, 6, "heard-6") or "heard-6" in at_c.text, PATIENCE_S, "the right one")
        at_a.wait_for("heard-5")
    assert "of-a-network" not in at_a.text + at_c.text


def test_a_machine_that_moves_is_reached_at_its_new_host(tunnels: World) -> None:
    made = network(tunnels, "vxlan")
    a, b = pair(tunnels, made)
    port = tunnels.api.show("port", b.port_id)
    b.unplug()
    tunnels.vms.remove(b)
    moved = tunnels.plug(3, port, name="moved")
    wait_until(
        lambda: tunnels.api.show("port", port["id"])["binding:host_id"] == "host3", PATIENCE_S, "the move"
    )
    tunnels.wait_active(port)
    moved.configure(f"{port['fixed_ips'][0]['ip_address']}/24")
    wait_until(lambda: a.ping(address(tunnels, moved), 1).ok, PATIENCE_S, "an answer")
    assert not any("192.0.2.2" in flow or "c0000202" in flow for flow in flows(tunnels.host(1), "br-tun"))


def test_an_address_that_is_missing_or_doubled_is_said_and_heals(tunnels: World) -> None:
    made = network(tunnels, "gre")
    ovs = tunnels.host(2).ovs
    ovs.vsctl("remove", "Open_vSwitch", ".", "other_config", "local_ip")
    try:
        port = tunnels.port(made)
        vm = tunnels.plug(2, port)
        a = tunnels.launch(1, made)

        def waits_for() -> str:
            return str(tunnels.api.show("port", port["id"])["binding:vif_details"].get("waits_for", ""))

        wait_until(lambda: "other_config:local_ip" in waits_for(), PATIENCE_S, "the reason")
        ovs.vsctl("set", "Open_vSwitch", ".", "other_config:local_ip=192.0.2.1")
        wait_until(lambda: "not also host1's" in waits_for(), PATIENCE_S, "the other reason")
        for here, other in (("host1", "host2"), ("host2", "host1")):
            wait_until(
                lambda here=here, other=other: (
                    f"address 192.0.2.1 is also that of host {other}" in trouble(tunnels, here)
                ),
                PATIENCE_S,
                "the hosts' trouble",
            )
    finally:
        ovs.vsctl("set", "Open_vSwitch", ".", "other_config:local_ip=192.0.2.2")
    tunnels.wait_active(port)
    wait_until(
        lambda: (trouble(tunnels, "host1"), trouble(tunnels, "host2")) == ("", ""), PATIENCE_S, "no trouble"
    )
    for machine in (a, vm):
        machine.udhcpc()
    wait_until(lambda: a.ping(address(tunnels, vm), 1).ok, PATIENCE_S, "an answer")


def test_what_another_hand_does_to_the_tunnel_bridge_is_undone(tunnels: World) -> None:
    a, b = pair(tunnels, network(tunnels, "geneve"))
    ovs = tunnels.host(1).ovs
    ovs.vsctl("set", "interface", "tun-geneve", "options:local_ip=192.0.2.77")
    ovs.ofctl("del-flows", "br-tun")
    wait_until(
        lambda: "192.0.2.1" in ovs.vsctl("get", "interface", "tun-geneve", "options"),
        PATIENCE_S,
        "the option",
    )
    wait_until(lambda: a.ping(address(tunnels, b), 1).ok, PATIENCE_S, "an answer")
