"""DHCP with real clients on real Open vSwitch: what they are told, and what never happens."""

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from osken_apps.dhcp.decision import AnswerReason, SilenceReason
from osken_apps.dhcp.responder import MAX_NEW_ANSWERS
from osken_apps.lab import PATIENCE_S, NamespaceVm, wait_until
from osken_apps.lab.dhcp_clients import UDHCPC_OPTIONS
from osken_apps.pipeline.meters import PORT_METERS
from tests.e2e.conftest import World, flows
from tests.packet.dhcp_scenario import DISCOVER, VM_MAC, frame, tagged

DHCP_PORTS = "port 67 or port 68"
SEND_RAW = "import socket, sys; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(('eth0', 0)); s.send(bytes.fromhex(sys.argv[1]))"  # fmt: skip  # noqa: E501
FLOOD = SEND_RAW.replace("s.send(", "\nwhile True: s.send(")


def broken_dhcp(vm: NamespaceVm) -> str:
    """Give a frame of a machine to port 67 that is no DHCP message, in hexadecimal."""
    return (
        f"ffffffffffff{vm.mac.replace(':', '')}0800"
        "4500002000000000401179ce00000000ffffffff00440043000c0000deadbeef"
    )


def dhcp_ready(world: World, vm: NamespaceVm, network: dict[str, str]) -> None:
    """Wait until the flows of the network's DHCP server stand on the VM's host."""
    address = world.dhcp_port(network)["fixed_ips"][0]["ip_address"]
    host = next(host for host in world.lab.hosts.values() if host is vm.host or host.name == vm.host.name)
    wait_until(
        lambda: any(f"nw_dst={address}," in line for line in flows(host, "br-int")),
        PATIENCE_S,
        f"flows for {address}",
    )


def counters(world: World, host: str) -> Mapping[str, int]:
    """Give what the DHCP server counted for a host, as its agent shows it."""
    agents = world.agents(host)
    found: Mapping[str, int] = agents[0]["configurations"]["dhcp"] if agents else {}
    return found


def unread(world: World) -> int:
    """Give how many packets the DHCP server of the first host could not or did not read."""
    found = counters(world, "host1")
    return found.get("malformed", 0) + found.get("over_budget", 0)


def test_the_reference_exchange_is_seen_on_the_wire_of_the_vm(world: World) -> None:
    network = world.network()
    vm = world.launch(1, network, mac_address="fa:16:3e:fe:c7:87")
    dhcp_ready(world, vm, network)
    with vm.capture(DHCP_PORTS, flags=()) as capture, world.host(1).capture("eth2", DHCP_PORTS) as wire:
        vm.udhcpc()
        capture.wait_for("10.10.10.3.67 > 10.10.10.2.68: BOOTP/DHCP, Reply, length")
    assert (
        "0.0.0.0.68 > 255.255.255.255.67: BOOTP/DHCP, Request from fa:16:3e:fe:c7:87, length" in capture.text
    )
    assert "BOOTP/DHCP" not in wire.text


def test_udhcpc_is_told_everything_the_subnet_says(world: World) -> None:
    network = world.api.create("network", name="net1", mtu=1450)
    world.api.create(
        "subnet",
        network_id=network["id"],
        cidr="10.10.10.0/24",
        ip_version=4,
        dns_nameservers=["10.10.10.250", "10.10.10.251"],
        host_routes=[{"destination": "10.99.0.0/16", "nexthop": "10.10.10.9"}],
    )
    vm = world.launch(1, network)
    dhcp_ready(world, vm, network)
    told = vm.udhcpc(options=[option for option in UDHCPC_OPTIONS if option != "mtu"]).variables
    expected = {
        "ip": "10.10.10.2",
        "subnet": "255.255.255.0",
        "broadcast": "10.10.10.255",
        "router": "10.10.10.1",
        "dns": "10.10.10.250 10.10.10.251",
        "domain": "openstacklocal",
        "hostname": "host-10-10-10-2",
        "mtu": "1450",
        "lease": "86400",
        "serverid": "10.10.10.3",
    }
    assert {key: told.get(key) for key in expected} == expected
    routes = told["staticroutes"].split()
    pairs = set(zip(routes[::2], routes[1::2], strict=True))
    assert pairs == {("10.99.0.0/16", "10.10.10.9"), ("0.0.0.0/0", "10.10.10.1")}
    assert vm.mtu() == 1450


def test_machines_on_two_subnets_of_one_network_reach_each_other_without_a_router(world: World) -> None:
    network = world.network("10.50.1.0/24", gateway_ip=None)
    other = world.api.create(
        "subnet", network_id=network["id"], cidr="10.50.2.0/24", ip_version=4, gateway_ip=None
    )
    here = world.launch(1, network, fixed_ips=[{"ip_address": "10.50.1.77"}])
    there = world.launch(2, network, fixed_ips=[{"subnet_id": other["id"]}])
    dhcp_ready(world, here, network)
    address = there.udhcpc().variables["ip"]
    assert here.udhcpc().variables["staticroutes"] == "10.50.2.0/24 0.0.0.0"
    assert here.ping(address).ok


def test_udhcpc_renews_and_releases(world: World) -> None:
    network = world.network()
    vm = world.launch(1, network)
    dhcp_ready(world, vm, network)
    client = vm.udhcpc_daemon()
    with vm.capture(DHCP_PORTS) as capture:
        assert client.renew().variables["ip"] == "10.10.10.2"
        capture.wait_for("DHCP-Message (53), length 1: ACK")
        client.release()
        capture.wait_for("DHCP-Message (53), length 1: Release")
    wait_until(
        lambda: counters(world, "host1").get("released", 0) >= 1, PATIENCE_S, "the release to be counted"
    )
    client.stop()


def test_a_guarded_client_whose_port_has_another_address_moves_when_it_renews(world: World) -> None:
    network = world.network()
    vm = world.launch(1, network)
    dhcp_ready(world, vm, network)
    client = vm.udhcpc_daemon()
    world.api.update("port", vm.port_id, fixed_ips=[{"ip_address": "10.10.10.77"}])
    wait_until(
        lambda: any("nw_src=10.10.10.77 " in line for line in flows(world.host(1), "br-int")),
        PATIENCE_S,
        "the guard of the new address",
    )
    assert client.renew().variables["ip"] == "10.10.10.77"
    assert counters(world, "host1").get("wrong_address", 0) >= 1
    client.stop()


def test_dhclient_takes_renews_and_releases(world: World) -> None:
    network = world.network()
    vm = world.launch(2, network)
    dhcp_ready(world, vm, network)
    client = vm.dhclient()
    assert "fixed-address 10.10.10.2;" in client.leases
    assert "option dhcp-server-identifier 10.10.10.3;" in client.leases
    assert client.renew().variables["new_ip_address"] == "10.10.10.2"
    client.release()
    assert [str(address.ip) for address in vm.addresses()] == []


def test_a_real_vm_takes_a_lease_and_pings_its_neighbour_on_the_other_host(world: World) -> None:
    network = world.network()
    port = world.port(network, mac_address="fa:16:3e:fe:c7:87")
    neighbour = world.launch(2, network)
    dhcp_ready(world, neighbour, network)
    neighbour_address = neighbour.udhcpc().variables["ip"]
    vm = world.boot(1, port)
    lease = vm.wait_for_lease()
    assert lease.variables["ip"] == "10.10.10.2"
    assert lease.variables["hostname"] == "host-10-10-10-2"
    server = world.dhcp_port(network)["fixed_ips"][0]["ip_address"]
    assert lease.variables["serverid"] == server
    assert vm.ping(neighbour_address).ok
    assert vm.ping(server).ok
    assert vm.renew().variables["ip"] == "10.10.10.2"
    vm.release()
    assert vm.addresses() == []


def test_with_dhcp_off_the_clients_are_left_to_whatever_is_on_the_wire(world: World, tmp_path: Path) -> None:
    network = world.network(enable_dhcp=False, guarded=False)  # a guarded machine serves no DHCP
    vm, other = world.launch(1, network), world.launch(2, network)
    assert not any("CONTROLLER" in line for line in flows(world.host(1), "br-int"))
    assert world.api.list("port", f"network_id={network['id']}&device_owner=network:dhcp") == []
    other.configure("10.10.10.200/24")
    config = tmp_path / "udhcpd.conf"
    config.write_text(
        f"start 10.10.10.77\nend 10.10.10.77\ninterface eth0\nlease_file {tmp_path}/leases\n"
        f"pidfile {tmp_path}/pid\nopt subnet 255.255.255.0\n"
    )
    (tmp_path / "leases").touch()
    other.spawn("udhcpd", ["busybox", "udhcpd", "-f", str(config)])
    assert vm.udhcpc().variables["ip"] == "10.10.10.77"


def test_a_change_of_the_subnet_is_in_the_next_reply(world: World) -> None:
    network = world.network()
    vm = world.launch(1, network)
    dhcp_ready(world, vm, network)
    assert "dns" not in vm.udhcpc().variables
    subnet = world.api.list("subnet", f"network_id={network['id']}")[0]
    world.api.update("subnet", subnet["id"], dns_nameservers=["10.10.10.53"])
    wait_until(lambda: vm.udhcpc().variables.get("dns") == "10.10.10.53", PATIENCE_S, "the new DNS server")


def test_a_malformed_packet_is_counted_and_dropped_and_the_next_one_answered(world: World) -> None:
    network = world.network()
    vm = world.launch(1, network)
    dhcp_ready(world, vm, network)
    before = counters(world, "host1").get("malformed", 0)
    with world.host(1).capture("eth2", "udp") as wire:
        vm.run([sys.executable, "-c", SEND_RAW, broken_dhcp(vm)])
        wait_until(
            lambda: counters(world, "host1").get("malformed", 0) > before, PATIENCE_S, "the counter to rise"
        )
    assert ".67" not in wire.text
    assert vm.udhcpc().variables["ip"] == "10.10.10.2"


@pytest.mark.parametrize("guarded", [False, True], ids=["unguarded", "guarded"])
def test_a_priority_tagged_request_is_answered_without_a_tag_and_one_of_a_vlan_is_not(
    world: World, guarded: bool
) -> None:
    network = world.network(guarded=guarded)
    vm = world.launch(1, network, mac_address=VM_MAC)
    dhcp_ready(world, vm, network)
    with vm.capture("udp or vlan", flags=("-e", "-v")) as capture:
        for control in (5, 0x6000):
            vm.run([sys.executable, "-c", SEND_RAW, tagged(frame(DISCOVER, xid=control), control).hex()])
        capture.wait_for("> 10.10.10.2.68: BOOTP/DHCP, Reply")
    replies = [line for line in capture.text.splitlines() if f"> {VM_MAC}" in line]
    assert len(replies) == 1
    assert "ethertype IPv4" in replies[0]
    transactions = world.api.request("GET", f"ports/{vm.port_id}/dhcp").body["dhcp"]["transactions"]
    reasons = [message["reason"] for transaction in transactions for message in transaction["messages"]]
    refused = [] if guarded else [f"{SilenceReason.MALFORMED}: frame is of VLAN 5"]  # a guard drops it before
    assert reasons == [*refused, AnswerReason.OFFERED]


def test_nothing_but_dhcp_of_a_bound_port_is_punted(world: World) -> None:
    network = world.network(guarded=False)
    vm = world.launch(1, network)
    dhcp_ready(world, vm, network)
    lines = flows(world.host(1), "br-int")
    to_punt = [line.partition("priority=")[2] for line in lines if "resubmit(,10)" in line]
    here = f"10,udp,in_port={world.host(1).ovs.ofport(vm.tap)}"
    assert sorted(to_punt) == [
        f"{here},nw_dst=10.10.10.3,tp_dst=67 actions=resubmit(,10)",
        f"{here},nw_dst=255.255.255.255,tp_dst=67 actions=resubmit(,10)",
    ]
    punts = [line.partition(", ")[2] for line in lines if "CONTROLLER" in line]
    assert punts == ["table=10, priority=1 actions=CONTROLLER:65535"]
    assert [line for line in lines if "table=10" in line and "CONTROLLER" not in line] == []
    assert not any("CONTROLLER" in line for line in flows(world.host(1), "br-eth2"))


def test_the_lease_and_the_last_transactions_of_a_port_are_shown(world: World) -> None:
    network = world.network()
    vm = world.launch(1, network)
    dhcp_ready(world, vm, network)
    path = f"ports/{vm.port_id}/dhcp"
    assert world.api.request("GET", path).body["dhcp"]["lease"] is None
    vm.udhcpc()
    shown = world.api.request("GET", path).body["dhcp"]
    lease = shown["lease"]
    assert lease["ip_address"] == "10.10.10.2"
    granted_at, expires_at = (datetime.fromisoformat(lease[name]) for name in ("granted_at", "expires_at"))
    assert (expires_at - granted_at).total_seconds() == 86400
    assert datetime.fromisoformat(shown["known_since"]) < granted_at
    messages = [
        (message["received"], message["sent"], message["ip_address"])
        for transaction in shown["transactions"]
        for message in transaction["messages"]
    ]
    assert messages == [("DISCOVER", "OFFER", "10.10.10.2"), ("REQUEST", "ACK", "10.10.10.2")]
    assert world.api.request("GET", "ports/nowhere/dhcp").status == 404


def test_extra_dhcp_opts_are_in_the_next_reply_and_one_that_breaks_clients_is_refused(world: World) -> None:
    network = world.network()
    vm = world.launch(1, network)
    dhcp_ready(world, vm, network)
    options = [
        {"opt_name": "bootfile-name", "opt_value": "pxelinux.0"},
        {"opt_name": "42", "opt_value": "10.10.10.123"},
    ]
    world.api.update("port", vm.port_id, extra_dhcp_opts=options)

    def told() -> bool:
        variables = vm.udhcpc().variables
        return variables.get("ntpsrv") == "10.10.10.123" and "pxelinux.0" in variables.values()

    wait_until(told, PATIENCE_S, "the options")
    broken = {"port": {"extra_dhcp_opts": [{"opt_name": "router", "opt_value": "nowhere"}]}}
    answer = world.api.request("PUT", f"ports/{vm.port_id}", broken)
    assert answer.status == 400
    assert "nowhere" in answer.body["NeutronError"]["message"]


def test_a_declined_address_is_not_offered_again_and_the_port_says_so(world: World) -> None:
    network = world.network()
    vm, thief = world.launch(1, network), world.launch(1, network, port_security_enabled=False)
    dhcp_ready(world, vm, network)
    thief.configure("10.10.10.2/24")
    client = vm.udhcpc_client()
    client.start(options=("router",), extra=("-a",))
    try:

        def details() -> str:
            shown = world.api.show("port", vm.port_id)["binding:vif_details"]
            return str(shown.get("waits_for", ""))

        assert "10.10.10.2 to be free" in wait_until(details, PATIENCE_S, "the port to say so")
        assert world.api.request("GET", f"ports/{vm.port_id}/dhcp").body["dhcp"]["conflict"] == "10.10.10.2"
        wait_until(
            lambda: counters(world, "host1").get("address_in_conflict", 0) > 0,
            PATIENCE_S,
            "a DISCOVER without an offer",
        )
    finally:
        client.stop()
    world.api.update("port", vm.port_id, fixed_ips=[{"ip_address": "10.10.10.99"}])
    wait_until(lambda: not details(), PATIENCE_S, "the conflict's end")
    assert vm.udhcpc().variables["ip"] == "10.10.10.99"


def test_a_flooding_port_does_not_starve_its_neighbour(world: World) -> None:
    network = world.network()
    flooder, neighbour = world.launch(1, network), world.launch(1, network)
    dhcp_ready(world, neighbour, network)
    flood = flooder.spawn("flood", [sys.executable, "-c", FLOOD, broken_dhcp(flooder)])
    before = unread(world)
    wait_until(lambda: unread(world) > before + MAX_NEW_ANSWERS, PATIENCE_S, "the flood")
    assert neighbour.udhcpc().variables["ip"]
    assert flood.is_running()
    flood.end()
    meter = PORT_METERS + world.host(1).ovs.ofport(flooder.tap)
    stats = world.host(1).ovs.ofctl("-O", "OpenFlow14", "meter-stats", "br-int", f"meter={meter}")
    dropped = [int(word.partition(":")[2]) for word in stats.split() if word.startswith("packet_count:")]
    assert dropped[0] > 0
