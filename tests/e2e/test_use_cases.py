"""The reference's three use cases on real Open vSwitch, and what surrounds them."""

import re

import pytest

from osken_apps.lab import PATIENCE_S, wait_until
from tests.e2e.conftest import World, flows, has_drop, idle
from tests.golden.dumps import golden

REFERENCE_VM_MAC = "fa:16:3e:fe:c7:87"
GOLDEN_SERVER_MAC = "fa:16:3e:1d:5c:81"


def hexadecimal(mac: str) -> str:
    return f"{int(mac.replace(':', ''), 16):#x}"


def as_in_golden(lines: list[str], server_mac: str) -> list[str]:
    """Write the golden dump's MAC in place of the server's, which is random."""
    return [
        line.replace(server_mac, GOLDEN_SERVER_MAC).replace(
            hexadecimal(server_mac), hexadecimal(GOLDEN_SERVER_MAC)
        )
        for line in lines
    ]


def test_the_references_networks_come_out_as_its_tables_show(world: World) -> None:
    network = world.api.create("network", name="net1")
    expected = {
        "admin_state_up": True,
        "name": "net1",
        "provider:network_type": "vlan",
        "provider:physical_network": "default",
        "provider:segmentation_id": 1000,
        "shared": False,
        "status": "ACTIVE",
        "subnets": [],
        "tenant_id": "default",
        "project_id": "default",
    }
    assert {key: network[key] for key in expected} == expected
    subnet = world.api.create("subnet", network_id=network["id"], cidr="10.10.10.0/24", ip_version=4)
    expected = {
        "allocation_pools": [{"start": "10.10.10.2", "end": "10.10.10.254"}],
        "cidr": "10.10.10.0/24",
        "dns_nameservers": [],
        "enable_dhcp": True,
        "gateway_ip": "10.10.10.1",
        "host_routes": [],
        "ip_version": 4,
        "name": "",
        "network_id": network["id"],
        "tenant_id": "default",
    }
    assert {key: subnet[key] for key in expected} == expected


@pytest.fixture
def started(world: World) -> World:
    """Start the controller anew while nothing is plugged: it holds no local VLAN of a test before."""
    world.controller.stop()
    world.start_controller()
    return world


def test_a_launched_vm_has_the_references_flows_and_addresses(started: World) -> None:
    world = started
    network = world.network(guarded=False)
    vm = world.launch(1, network, mac_address=REFERENCE_VM_MAC)
    port = world.api.show("port", vm.port_id)
    server = world.dhcp_port(network)
    assert [ip["ip_address"] for ip in port["fixed_ips"]] == ["10.10.10.2"]
    assert [ip["ip_address"] for ip in server["fixed_ips"]] == ["10.10.10.3"]
    assert (port["binding:host_id"], port["binding:vif_type"]) == ("host1", "ovs")
    host = world.host(1)
    assert host.ovs.tag(vm.tap) == 1
    expected = golden("seed", "br-int")
    in_port = f"in_port={host.ovs.ofport(vm.tap)}"

    def live() -> bool:
        lines = as_in_golden(flows(host, "br-int"), server["mac_address"])
        return sorted(line.replace(in_port, "in_port=2") for line in lines) == expected

    wait_until(live, PATIENCE_S, f"br-int to have\n{expected}")
    assert flows(host, "br-eth2") == golden("seed", "br-eth2")


def test_unplugging_undoes_it_all(world: World) -> None:
    network = world.network()
    vm = world.launch(1, network)
    world.vms.remove(vm)
    vm.unplug()
    port = world.wait_status({"id": vm.port_id}, "DOWN")
    details = port["binding:vif_details"]
    assert (port["binding:host_id"], port["binding:vif_type"], details["host"]) == ("", "unbound", "")
    assert vm.port_id in details["waits_for"]
    assert flows(world.host(1), "br-int") == idle("br-int")
    assert flows(world.host(1), "br-eth2") == idle("br-eth2")


def test_local_vlans_differ_by_host_and_are_given_back_with_the_last_port(started: World) -> None:
    world = started
    net1, net2 = world.network(), world.network("10.20.0.0/24")
    a = world.launch(1, net1)
    b = world.launch(2, net2)
    c = world.launch(2, net1)
    assert (world.host(1).ovs.tag(a.tap), world.host(2).ovs.tag(b.tap), world.host(2).ovs.tag(c.tap)) == (
        1,
        1,
        2,
    )
    a.udhcpc()
    assert a.ping(c.udhcpc().variables["ip"]).ok
    world.vms.remove(b)
    b.unplug()
    world.wait_status({"id": b.port_id}, "DOWN")
    net3 = world.network("10.30.0.0/24")
    d = world.launch(2, net3)
    assert (world.host(2).ovs.tag(c.tap), world.host(2).ovs.tag(d.tap)) == (2, 1)


def test_networks_are_isolated_also_with_the_same_addresses(world: World) -> None:
    net1, net2 = world.network(guarded=False), world.network(guarded=False)
    a, b = world.launch(1, net1), world.launch(2, net2)
    c = world.launch(1, net2)
    for vm, address in ((a, "10.10.10.5/24"), (b, "10.10.10.6/24"), (c, "10.10.10.7/24")):
        vm.configure(address)
    assert b.ping("10.10.10.7").ok
    assert a.ping("10.10.10.6", count=1).received == 0
    assert a.ping("10.10.10.7", count=1).received == 0


def test_vms_of_one_network_reach_each_other_on_one_host_and_on_two(world: World) -> None:
    network = world.network()
    vms = [world.launch(host, network) for host in (1, 1, 2)]
    for vm in vms:
        vm.udhcpc()
    addresses = [world.api.show("port", vm.port_id)["fixed_ips"][0]["ip_address"] for vm in vms]
    for vm in vms:
        for address in addresses:
            assert vm.ping(address, count=1).ok, (vm, address)


def test_the_dhcp_server_answers_arp_and_ping_by_flows(world: World) -> None:
    network = world.network()
    vm = world.launch(1, network)
    world.dhcp_port(network)
    vm.configure("10.10.10.2/24")
    host = world.host(1)
    wait_until(
        lambda: any("10.10.10.3" in line for line in flows(host, "br-int")), PATIENCE_S, "the server's flows"
    )
    world.controller.stop()
    try:
        assert vm.ping("10.10.10.3").ok
    finally:
        world.start_controller()


def test_an_interface_that_is_there_before_its_port_is_bound_all_the_same(world: World) -> None:
    network = world.network()
    port_id = "0d5b5c4e-1111-4222-8333-444455556666"
    vm = world.plug(1, {"id": port_id, "mac_address": "fa:16:3e:00:00:77"})
    wait_until(lambda: has_drop(world, 1, vm.tap), PATIENCE_S, "its drop")
    assert world.host(1).ovs.tag(vm.tap) == 4095
    (condition,) = wait_until(lambda: world.conditions("host1"), PATIENCE_S, "the host's condition")
    assert condition["code"] == "iface_id_unknown"
    assert port_id in condition["sentence"]
    assert world.controller.log.count(condition["sentence"]) == 1
    port = world.port(network)
    world.host(1).ovs.vsctl("set", "interface", vm.tap, f"external_ids:iface-id={port['id']}")
    assert world.wait_active(port)["binding:host_id"] == "host1"


def test_a_port_deleted_while_plugged_leaves_a_dead_interface(world: World) -> None:
    network = world.network()
    vm = world.launch(1, network)
    world.api.delete("port", vm.port_id)
    wait_until(lambda: has_drop(world, 1, vm.tap), PATIENCE_S, "its drop")
    assert world.host(1).ovs.tag(vm.tap) == 4095
    assert len(flows(world.host(1), "br-int")) == len(idle("br-int")) + 1


def test_everything_survives_a_restart_and_no_flow_is_sent(world: World) -> None:
    network = world.network()
    vm = world.launch(1, network)
    world.dhcp_port(network)
    before = [world.api.list(kind) for kind in ("network", "subnet", "port")]
    world.controller.stop()
    read = len(world.controller.log)
    installed = flows(world.host(1), "br-int")
    world.start_controller()
    wait_until(
        lambda: world.controller.log[read:].count("flows of ours found") >= 4,
        PATIENCE_S,
        "four bridges to be read",
    )
    assert "flows added" not in world.controller.log[read:]
    assert "tags" not in world.controller.log[read:]
    assert flows(world.host(1), "br-int") == installed
    wait_until(lambda: world.conditions("host1") is not None, PATIENCE_S, "the hosts to be known to the API")
    progress = "2 of 2 hosts are as they should be, with 1 of 1 ports"
    wait_until(lambda: progress in world.controller.log[read:], PATIENCE_S, "the end of the start to be told")
    warned = re.findall(".* (?:WARNING|ERROR) .*", world.controller.log[read:])
    # What other tests have left on the hosts is told again, and stands; so is what the configuration says.
    found = [condition for host in ("host1", "host2") for condition in world.conditions(host) or []]
    standing = ["insecure=true", *(condition["sentence"] for condition in found)]
    assert [line for line in warned if not any(sentence in line for sentence in standing)] == []
    assert [world.api.list(kind) for kind in ("network", "subnet", "port")] == before
    assert vm.udhcpc().variables["ip"] == "10.10.10.2"


def test_a_port_that_is_down_by_its_operator_carries_nothing(world: World) -> None:
    network = world.network()
    a, b = world.launch(1, network), world.launch(1, network)
    a.configure("10.10.10.2/24")
    b.configure("10.10.10.4/24")
    assert a.ping("10.10.10.4").ok
    world.api.update("port", b.port_id, admin_state_up=False)
    world.wait_status({"id": b.port_id}, "DOWN")
    assert a.ping("10.10.10.4", count=1).received == 0
    world.api.update("port", b.port_id, admin_state_up=True)
    world.wait_status({"id": b.port_id}, "ACTIVE")
    assert a.ping("10.10.10.4").ok


def test_without_ovsdb_the_name_binds_and_the_plugger_sets_the_tag(world: World) -> None:
    network = world.network()
    host = world.host(2)
    host.ovs.connect(manager_port=None)
    host.ovs.wait_connected()
    wait_until(lambda: not world.has_ovsdb(host.name), PATIENCE_S, "the session's end")
    try:
        port = world.port(network)
        vm = world.plug(2, port, external_ids=False)

        def waiting() -> dict[str, object] | None:
            shown = world.api.show("port", port["id"])["binding:vif_details"]
            return shown if "local_vlan" in shown else None

        details = wait_until(waiting, PATIENCE_S, "the port to say what it waits for")
        assert details["local_vlan"] == 1
        assert "tag=1" in str(details["waits_for"])
        assert world.api.show("port", port["id"])["status"] == "DOWN"
        host.ovs.vsctl("set", "port", vm.tap, "tag=1")
        assert world.api.request("PUT", f"ports/{port['id']}/tags/local_vlan=1").status == 201
        world.wait_active(port)
        assert vm.udhcpc().variables["ip"] == "10.10.10.2"
    finally:
        host.ovs.connect()
        host.ovs.wait_connected()
