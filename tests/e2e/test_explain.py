"""What `osken-net explain` says of machines on the lab: of those that work, and of what is wrong with"
" others."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from threading import Thread
from typing import Any

import pytest

from osken_apps.cli import main
from osken_apps.lab import PATIENCE_S, NamespaceVm, wait_until
from osken_apps.lab.network import Namespace
from tests.e2e.conftest import API_PORT, World

PROVIDER_DROP = "priority=2,in_port=1"
URL = f"http://127.0.0.1:{API_PORT}"
PROBE = "cookie=0x6f736b70"
Told = dict[str, Any]


def ask(world: World, **question: Any) -> Told:
    """Ask the API a question."""
    reply = world.api.request("POST", "explain", {"explain": question})
    assert reply.status == 200, reply.body
    told: Told = reply.body["explain"]
    return told


def wait_code(world: World, code: str, **question: Any) -> Told:
    """Wait until the verdict is of a cause; give what is told."""
    told: Told = {}

    def is_told() -> bool:
        nonlocal told
        told = ask(world, **question)
        return bool(told["verdict"]["code"] == code)

    try:
        wait_until(is_told, PATIENCE_S, code)
    except Exception as error:
        raise AssertionError(told) from error
    return told


def rules(told: Told, way: str = "path") -> list[str]:
    return [hop["rule"] for hop in told[way]["hops"]]


def test_two_machines_that_work_and_what_keeps_them_from_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    network = world.network(guarded=False)
    ports = [world.port(network, name=name) for name in ("one", "two")]
    ask_one: dict[str, Any] = {"port": "one"}
    there: dict[str, Any] = {"from": "one", "to": "two"}
    assert ask(world, **ask_one)["verdict"]["code"] == "not_plugged"
    machines = [world.plug(host, port) for host, port in zip((1, 2), ports, strict=True)]
    for port in ports:
        world.wait_active(port)
    wait_code(world, "silent_no_client", **ask_one)  # it looks for routers, and for nothing else
    for machine in machines:
        machine.udhcpc()
    told = ask(world, **ask_one)
    assert told["verdict"]["code"] == "has_address"
    assert rules(told) == ["dhcp_broadcast", "dhcp_punt"]
    assert told["path"]["hops"][0]["packets"] is not None  # it counts some time after
    told = ask(world, **there)
    assert told["verdict"]["code"] == "delivered"
    assert rules(told) == ["integration_normal", "local_to_provider", "physical_normal", "provider_to_local"]
    assert [hop["host"] for hop in told["return_path"]["hops"]] == ["host2", "host2", "host1", "host1"]
    server = world.api.list("port", "device_owner=network:dhcp")[0]["fixed_ips"][0]["ip_address"]
    told = ask(world, **{"from": "one", "to": server})
    assert (told["verdict"]["code"], rules(told)) == ("answered", ["server_ping"])
    assert main(["explain", "--api", URL, "one", "two"]) == 0
    assert "ICMP from one is delivered to two (from host1 to host2)" in capsys.readouterr().out

    def all_is_heard() -> bool:  # in the time that a probe listens
        heard = [fact["says"] for fact in ask(world, **there, probe=True)["verdict"]["evidence"][1:]]
        return heard == ["one answers ARP", "two answers ARP", "a frame came from host to host"]

    wait_until(all_is_heard, PATIENCE_S, "answers of both, and the frame")
    wait_code(world, "peer_answers_arp", **there, probe=True)
    with _an_mtu_of(world, 1400):
        told = wait_code(world, "mtu", **there)
    sentence = "Frames of more than 1400 octets do not pass from one to two: eth2 of host2 has MTU 1400,"
    assert told["verdict"]["sentence"].startswith(sentence)
    with _a_switch_between_that_carries_nothing(world):
        told = wait_code(world, "wire", **there, probe=True)
        sentence = told["verdict"]["sentence"]
        assert sentence.startswith("What leaves host1 with VLAN 10")
        words = ["explain", "--api", URL, "one", "two", "--tcp", "80", "--probe"]

        def is_printed() -> bool:
            status, printed = main(words), capsys.readouterr().out
            return status == 1 and printed.startswith(sentence)

        wait_until(is_printed, PATIENCE_S, "the sentence, by a probe a second later")
    machines[0].namespace.ip("link", "set", "eth0", "down")
    assert "tap" in wait_code(world, "link_down", **ask_one)["verdict"]["sentence"]
    machines[0].namespace.ip("link", "set", "eth0", "up")
    wait_code(world, "has_address", **ask_one)
    machines[1].namespace.ip("addr", "flush", "dev", "eth0")
    assert wait_code(world, "peer_no_arp", **there, probe=True)["verdict"]["evidence"][0]["source"] == "probe"
    assert PROBE not in world.host(2).ovs.dump_flows("br-int")
    machines[1].configure(f"{ports[1]['fixed_ips'][0]['ip_address']}/24")
    _with_another_hand(world, machines[0], there)
    world.api.update("port", ports[1]["id"], admin_state_up=False)
    told = wait_code(world, "peer_port_down", **there)
    assert told["verdict"]["sentence"].startswith("two is the trouble: two is switched off")
    assert main(["explain", "--api", URL, "one", "two", "-f", "value", "-c", "code"]) == 1
    assert capsys.readouterr().out == "peer_port_down\n"


@contextmanager
def _a_switch_between_that_carries_nothing(world: World) -> Iterator[None]:
    """Have the wire carry nothing to the second host, whose NIC has its link all the same."""
    wire = Namespace(f"{world.lab.site.prefix}wire")
    wire.ip("link", "set", "host2", "nomaster")
    try:
        yield
    finally:
        wire.ip("link", "set", "host2", "master", "wire")


@contextmanager
def _an_mtu_of(world: World, octets: int) -> Iterator[None]:
    """Have the second host's NIC carry smaller frames only."""
    namespace = world.host(2).namespace
    namespace.ip("link", "set", "eth2", "mtu", str(octets))
    try:
        yield
    finally:
        namespace.ip("link", "set", "eth2", "mtu", "1500")


def _with_another_hand(world: World, machine: NamespaceVm, there: dict[str, Any]) -> None:
    """Have somebody else's flow in the way, and one of ours gone."""
    switch = world.host(1).ovs
    ofport = switch.ofport(machine.tap)
    switch.ofctl("add-flow", "br-int", f"cookie=0x99,priority=500,in_port={ofport},icmp,actions=drop")
    told = ask(world, **there)
    assert told["verdict"]["code"] == "flow_foreign"
    assert "cookie=0x99" in told["verdict"]["sentence"]
    switch.ofctl("del-flows", "br-int", "cookie=0x99/-1")

    def is_missing() -> bool:
        switch.ofctl("del-flows", "--strict", "br-int", PROVIDER_DROP)
        return bool(ask(world, **there)["verdict"]["code"] == "flow_missing")

    wait_until(is_missing, PATIENCE_S, "a flow that is not back at once")
    switch.ofctl("add-flow", "br-int", f"cookie=0x6f736b6e00000002,{PROVIDER_DROP},actions=drop")


def test_a_guarded_machine_with_another_mac_address_is_not_heard(world: World) -> None:
    port = world.port(world.network(), name="one")
    machine = world.plug(1, port)
    world.wait_active(port)
    machine.namespace.ip("link", "set", "eth0", "address", "02:00:00:00:00:99")
    machine.udhcpc_client().start()
    told = wait_code(world, "silent_no_client", port="one")
    assert f"no DHCP request from {port['mac_address']}" in told["verdict"]["sentence"]
    shown = 'external_ids:attached-mac="02:00:00:00:00:99"'
    world.host(1).ovs.vsctl("set", "interface", machine.tap, shown)
    told = wait_code(world, "mac_address", port="one")
    assert "02:00:00:00:00:99" in told["verdict"]["sentence"]


def test_a_machine_with_another_mac_address(world: World) -> None:
    network = world.network(guarded=False)
    port = world.port(network, name="one")
    machine = world.plug(1, port)
    machine.namespace.ip("link", "set", "eth0", "address", "02:00:00:00:00:99")
    world.wait_active(port)
    machine.udhcpc_client().start()
    told = wait_code(world, "mac_differs", port="one")
    assert "02:00:00:00:00:99" in told["verdict"]["sentence"]
    assert port["mac_address"] in told["verdict"]["sentence"]
    assert told["verdict"]["evidence"][0]["source"] == "journal"


def test_a_probe_leaves_nothing_where_the_controller_is_killed_meanwhile(world: World) -> None:
    network = world.network(guarded=False)
    port = world.port(network, name="one")
    machine = world.plug(1, port)
    world.wait_active(port)
    switch = world.host(1).ovs
    machine.namespace.ip("addr", "flush", "dev", "eth0")  # so it listens for all the time that it may
    asking = Thread(target=_ask_in_vain, args=(world,))
    asking.start()
    wait_until(lambda: PROBE in switch.dump_flows("br-int"), PATIENCE_S, "the probe's flow")
    world.controller.stop(signal.SIGKILL)
    asking.join()
    wait_until(lambda: PROBE not in switch.dump_flows("br-int"), PATIENCE_S, "its end")
    world.start_controller()
    assert wait_code(world, "no_arp", port="one", probe=True)
    assert PROBE not in switch.dump_flows("br-int")


def _ask_in_vain(world: World) -> None:
    with suppress(OSError, HTTPException, ValueError, AssertionError):
        ask(world, port="one", probe=True)


def test_a_security_group_that_lets_nothing_in(world: World) -> None:
    network = world.network()
    group = world.api.create("security_group", name="closed")
    world.launch(1, network, name="one")
    world.launch(2, network, name="two", security_groups=[group["id"]])
    told = ask(world, **{"from": "one", "to": "two", "protocol": "tcp", "port_number": 80})
    assert told["verdict"]["code"] == "security_group"
    sentence = "No rule of two's security groups (closed) lets TCP to port 80 from one in."
    assert told["verdict"]["sentence"] == sentence
    assert told["path"]["hops"][-1]["stage"] == "receiver_verdict"
    world.remove_all()
    world.api.delete("security_group", group["id"])


@pytest.mark.parametrize(
    ("code", "plug"),
    [
        # Who waits for what has no device is told of an error, since Open vSwitch 3.6 by the exit status.
        ("interface_error", lambda host, id: host.ovs.vsctl(
            "--no-wait", "add-port", "br-int", "gone", "--", "set", "interface", "gone",
            f"external_ids:iface-id={id}")),
        ("wrong_bridge", lambda host, id: host.ovs.vsctl(
            "add-port", "br-eth2", "gone", "--", "set", "interface", "gone", "type=internal",
            f"external_ids:iface-id={id}")),
        ("iface_id_unknown", lambda host, id: host.ovs.vsctl(
            "add-port", "br-int", "gone", "--", "set", "interface", "gone", "type=internal",
            f"external_ids:iface-id={id[:-1] + ('0' if id[-1] != '0' else '1')}")),
    ],
)  # fmt: skip
def test_an_interface_that_is_not_what_it_ought_to_be(
    world: World, code: str, plug: Callable[[Any, str], Any]
) -> None:
    port = world.port(world.network(), name="one")
    plug(world.host(1), port["id"])
    try:
        told = wait_code(world, code, port="one")
    finally:
        world.host(1).ovs.vsctl("del-port", "gone")
    assert "host1" in told["verdict"]["sentence"]
    assert told["verdict"]["remedy"]


def test_a_frame_is_followed_over_both_hosts(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    network = world.network(guarded=False)
    machines = [world.launch(host, network) for host in (1, 2)]
    words = [f"dl_src={machines[0].mac}", f"dl_dst={machines[1].mac}", "udp_dst=53", "nw_dst=10.10.10.9"]
    assert main(["trace", "--api", URL, "host1", machines[0].tap, *words]) == 0
    out = capsys.readouterr().out
    assert f"It goes to {machines[1].tap} of host2." in out
    assert main(["trace", "--api", URL, "host1", machines[0].tap, "dl_dst=01:80:c2:00:00:00"]) == 1
    assert "frames to 01:80:c2:00:00:00 are never forwarded by a bridge" in capsys.readouterr().out
    assert main(["trace", "--api", URL, "host9", "tap", "arp"]) == 2
