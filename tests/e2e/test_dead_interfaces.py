"""What is no bound port sends and hears nothing, from the moment that it is plugged dead; a trunk is
declared.
"""

import re
from typing import Any

import pytest

from osken_apps.lab import PATIENCE_S, Host, NamespaceVm, wait_until
from tests.e2e.conftest import World, has_drop

DEAD_TAG = 4095
NO_PORT = "0c6f6d6e-0000-4000-8000-00000000dead"
STRANGER = "fa:16:3e:99:99:99"
BOND = [
    *["--", "add-bond", "br-int", "bond0", "nic1", "nic2"],
    *["--", "set", "interface", "nic1", "type=internal", "--", "set", "interface", "nic2", "type=internal"],
]
SHOUT = """
import socket, sys, time
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("eth0", 0))
arp = bytes.fromhex("0001080006040001fa163e9999990a0a0a630000000000000a0a0a63")
tags = [bytes.fromhex("8100") + int(vlan).to_bytes(2, "big") for vlan in sys.argv[1:]] + [b""]
end = time.monotonic() + 300
while time.monotonic() < end:
    for tag in tags:
        link.send(bytes.fromhex("ff" * 6 + "fa163e999999") + tag + bytes.fromhex("0806") + arp + bytes(18))
    time.sleep(0.0006)
"""


def wait_dead(world: World, host: int, interface: str) -> None:
    wait_until(lambda: world.host(host).ovs.tag(interface) == DEAD_TAG, PATIENCE_S, f"{interface} to be dead")
    wait_until(lambda: has_drop(world, host, interface), PATIENCE_S, f"the drop of {interface}")


def dropped(host: Host, interface: str) -> int:
    """Count what the drop of a dead interface has taken."""
    flow = rf"n_packets=(\d+).*priority=30,in_port={host.ovs.ofport(interface)} actions=drop"
    return sum(int(packets) for packets in re.findall(flow, host.ovs.dump_flows("br-int")))


def test_dead_ports_of_two_networks_do_not_reach_each_other(world: World) -> None:
    machines = []
    for subnet, address in (("10.10.10.0/24", "10.10.10.77"), ("10.20.20.0/24", "10.10.10.78")):
        vm = world.launch(1, world.network(subnet, guarded=False))
        vm.configure(f"{address}/24")
        machines.append(vm)
    one, other = machines
    world.api.update("port", one.port_id, admin_state_up=False)
    world.api.delete("port", other.port_id)
    for vm in machines:
        wait_dead(world, 1, vm.tap)
    assert one.ping("10.10.10.78").received == 0
    assert other.ping("10.10.10.77").received == 0
    world.api.update("port", one.port_id, admin_state_up=True)
    world.wait_status({"id": one.port_id}, "ACTIVE")
    assert one.udhcpc().variables["ip"] == "10.10.10.2"


def stranger(world: World, **plugged: Any) -> NamespaceVm:
    """Plug a machine whose iface-id, if it has one, is no port's."""
    vm = world.host(1).plug(NO_PORT, STRANGER, "stranger", **plugged)
    world.vms.append(vm)
    return vm


@pytest.mark.parametrize("external_ids", [True, False], ids=["unknown iface-id", "no iface-id"])
def test_what_is_plugged_dead_and_is_no_port_s_hears_and_says_nothing(
    world: World, external_ids: bool
) -> None:
    """Ten plugs of a machine that shouts into every VLAN without a pause."""
    host, vm = world.host(1), world.launch(1, world.network(guarded=False))
    vm.udhcpc()
    shouter = stranger(world, external_ids=external_ids, tag=DEAD_TAG)
    wait_dead(world, 1, shouter.tap)
    shouting = shouter.spawn("shout", ["python3", "-c", SHOUT, "1", "2", "1000", "4095"])
    chatter = vm.spawn("chatter", ["ping", "-n", "-i", "0.01", "-b", "10.10.10.255"])
    with (
        vm.capture("ether", "src", STRANGER) as heard,
        host.capture("eth2", "ether", "src", STRANGER) as wire,
        shouter.capture("ether", "src", vm.mac) as overheard,
        vm.capture("icmp") as talk,
    ):
        talk.wait_for("ICMP echo request")
        for _ in range(10):
            shouter.plug.put_in(external_ids=external_ids, tag=DEAD_TAG)
            wait_dead(world, 1, shouter.tap)
        wait_until(lambda: dropped(host, shouter.tap), PATIENCE_S, "the drop to count: it does shout")
    chatter.end()
    shouting.end()
    assert ["ethertype" in capture.text for capture in (heard, wire, overheard)] == [False, False, False]


def test_a_port_that_is_plugged_dead_reaches_no_other_network_before_it_has_its_tag(world: World) -> None:
    """Ten plugs of a bound port's machine that shouts into every VLAN without a pause."""
    host, vm = world.host(1), world.launch(1, world.network(guarded=False))
    vm.udhcpc()
    port = world.port(world.network("10.20.20.0/24", guarded=False), mac_address=STRANGER)
    shouter = world.plug(1, port, tag=DEAD_TAG)
    world.wait_active(port)
    tag, other_tag = host.ovs.tag(shouter.tap), host.ovs.tag(vm.tap)
    shouting = shouter.spawn("shout", ["python3", "-c", SHOUT, str(other_tag), "1000", str(tag), "4095"])
    chatter = vm.spawn("chatter", ["ping", "-n", "-i", "0.01", "-b", "10.10.10.255"])
    with (
        vm.capture("ether", "src", STRANGER) as heard,
        host.capture("eth2", "vlan", "1000", "and", "ether", "src", STRANGER) as wire,
        host.capture("eth2", "vlan", "1001", "and", "ether", "src", STRANGER) as own,
        shouter.capture("ether", "src", vm.mac) as overheard,
        vm.capture("icmp") as talk,
    ):
        talk.wait_for("ICMP echo request")
        for _ in range(10):
            shouter.plug.put_in(external_ids=True, tag=DEAD_TAG)
            wait_until(lambda: host.ovs.tag(shouter.tap) == tag, PATIENCE_S, "its tag")
        own.wait_for("ethertype")  # it does shout, and its own network hears it
    chatter.end()
    shouting.end()
    assert ["ethertype" in capture.text for capture in (heard, wire, overheard)] == [False, False, False]


def test_only_a_declared_trunk_carries_the_networks(world: World) -> None:
    host, vm = world.host(1), world.launch(1, world.network(guarded=False))
    vm.udhcpc()
    tag = host.ovs.tag(vm.tap)
    trunk = stranger(world, external_ids=False)
    wait_dead(world, 1, trunk.tap)
    host.ovs.vsctl("set", "interface", trunk.tap, "external_ids:osken-net-trunk=true")
    wait_until(lambda: host.ovs.tag(trunk.tap) is None, PATIENCE_S, "the trunk to have no tag")
    wait_until(lambda: not has_drop(world, 1, trunk.tap), PATIENCE_S, "the trunk to have no drop")
    with trunk.capture("vlan", str(tag), "and", "ether", "src", vm.mac) as heard:
        vm.ping("10.10.10.200", 1)
        heard.wait_for("10.10.10.200")
    host.ovs.vsctl("remove", "interface", trunk.tap, "external_ids", "osken-net-trunk")
    wait_dead(world, 1, trunk.tap)


@pytest.mark.parametrize(
    ("make", "port", "column", "wanted"),
    [
        (["set", "port", "{tap}", "vlan_mode=trunk", "trunks=1,2"], "{tap}", "vlan_mode", "[]"),
        (["set", "port", "int-br-eth2", "tag=5"], "int-br-eth2", "tag", "[]"),
        (BOND, "bond0", "tag", str(DEAD_TAG)),
    ],
    ids=["vlan_mode of a machine", "tag of a link", "bond"],
)
def test_port_rows_are_put_right_and_a_machine_goes_on(
    world: World, make: list[str], port: str, column: str, wanted: str
) -> None:
    vm = world.launch(1, world.network())
    ovs = world.host(1).ovs
    tag = ovs.tag(vm.tap)
    ovs.vsctl(*(word.format(tap=vm.tap) for word in make))
    row = port.format(tap=vm.tap)
    wait_until(
        lambda: ovs.vsctl("get", "port", row, column).strip() == wanted, PATIENCE_S, "it to be put right"
    )
    wait_until(lambda: ovs.tag(vm.tap) == tag, PATIENCE_S, "the machine to have its tag again")
    world.wait_status({"id": vm.port_id}, "ACTIVE")
    ovs.vsctl("--if-exists", "del-port", "bond0")
