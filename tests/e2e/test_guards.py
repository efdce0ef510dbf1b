"""Guarded machines on two hosts, by the API as an operator uses it; single flows are tested in tests/ovs."""

import sys
from typing import Any

import pytest

from osken_apps.lab import PATIENCE_S, NamespaceVm, wait_until
from tests.e2e.conftest import World

SERVE = "import socket; s = socket.create_server(('', 80)); [s.accept() for _ in iter(int, 1)]"
PROBE = "import socket, sys; socket.create_connection((sys.argv[1], 80), timeout=1)"


@pytest.fixture
def group(world: World) -> Any:
    """Give a new group; it goes before the next test."""
    made = world.api.create("security_group", name="web")
    yield made
    while world.vms:
        world.vms.pop().unplug()
    for port in world.api.list("port", f"security_groups={made['id']}"):
        world.api.delete("port", port["id"])
    world.api.delete("security_group", made["id"])


def reaches(client: NamespaceVm, address: str) -> bool:
    """Tell whether a connection to port 80 can be made."""
    return client.run([sys.executable, "-c", PROBE, address], check=False).returncode == 0


def wait_reachable(client: NamespaceVm, address: str, wanted: bool) -> None:
    wait_until(lambda: reaches(client, address) == wanted, PATIENCE_S, f"port 80 to be {wanted}")


def rule(world: World, group: dict[str, Any], **attributes: Any) -> str:
    """Let TCP come in to port 80, from those that are described; give the rule's id."""
    made = world.api.create(
        "security_group_rule",
        security_group_id=group["id"],
        direction="ingress",
        protocol="tcp",
        port_range_min=80,
        port_range_max=80,
        **attributes,
    )
    return str(made["id"])


def test_rules_prefixes_and_address_groups_open_a_port_and_close_it(
    world: World, group: dict[str, Any]
) -> None:
    network = world.network()
    client = world.launch(2, network)
    web = world.launch(1, network, security_groups=[group["id"]])
    own = client.udhcpc().variables["ip"]
    address = web.udhcpc().variables["ip"]
    web.spawn("server", [sys.executable, "-c", SERVE])
    open_to_all = rule(world, group)
    wait_reachable(client, address, True)
    world.api.delete("security_group_rule", open_to_all)
    wait_reachable(client, address, False)
    rule(world, group, remote_ip_prefix="192.0.2.0/24")
    addresses = world.api.create("address_group", addresses=[])
    named = rule(world, group, remote_address_group_id=addresses["id"])
    assert not reaches(client, address)
    path = f"address-groups/{addresses['id']}"
    assert world.api.request("PUT", f"{path}/add_addresses", {"addresses": [f"{own}/32"]}).status == 200
    wait_reachable(client, address, True)

    def packets() -> int:
        use = world.api.request("GET", f"security-groups/{group['id']}/use").body["use"]
        assert (use["hosts"], use["counted_on"], use["silent"]) == (["host1"], ["host1"], [])
        return next(int(item["packets"]) for item in use["rules"] if item["id"] == named)

    assert wait_until(packets, PATIENCE_S, "packets to be counted") > 0
    assert world.api.request("PUT", f"{path}/remove_addresses", {"addresses": [f"{own}/32"]}).status == 200
    wait_reachable(client, address, False)
    world.api.delete("security_group_rule", named)
    world.api.delete("address_group", addresses["id"])


def test_a_port_that_leaves_the_default_group_is_not_let_in_and_one_that_joins_it_is(world: World) -> None:
    network = world.network()
    a, b = world.launch(1, network), world.launch(2, network)
    address = b.udhcpc().variables["ip"]
    a.udhcpc()
    groups = world.api.show("port", a.port_id)["security_groups"]
    assert a.ping(address).ok
    world.api.update("port", a.port_id, security_groups=[])
    wait_until(lambda: a.ping(address, count=1).received == 0, PATIENCE_S, "silence")
    world.api.update("port", a.port_id, security_groups=groups)
    wait_until(lambda: a.ping(address, count=1).ok, PATIENCE_S, "an answer")


def test_an_address_pair_lets_a_machine_send_from_it_and_no_guard_from_any(world: World) -> None:
    network = world.network()
    a, b = world.launch(1, network), world.launch(2, network)
    address = b.udhcpc().variables["ip"]
    a.udhcpc()
    for other in ("10.10.10.200", "10.10.10.201"):
        a.configure(f"{other}/24")

    def heard(other: str) -> bool:
        return a.ping(address, count=1, flags=("-I", other)).ok

    assert not heard("10.10.10.200")
    world.api.update("port", a.port_id, allowed_address_pairs=[{"ip_address": "10.10.10.200"}])
    wait_until(lambda: heard("10.10.10.200"), PATIENCE_S, "an answer to the pair's address")
    assert not heard("10.10.10.201")
    loose = {"port_security_enabled": False, "security_groups": [], "allowed_address_pairs": []}
    for vm in (a, b):
        world.api.update("port", vm.port_id, **loose)
    wait_until(lambda: heard("10.10.10.201"), PATIENCE_S, "an answer without guards")


def test_without_enforcement_nothing_is_guarded_and_with_it_all_is_again(world: World) -> None:
    network = world.network()
    a, b = world.launch(1, network), world.launch(2, network)
    address = b.udhcpc().variables["ip"]
    a.udhcpc()
    a.configure("10.10.10.200/24")

    def heard() -> bool:
        return a.ping(address, count=1, flags=("-I", "10.10.10.200")).ok

    assert not heard()
    right = world.controller.config_file.read_text()
    try:
        world.controller.stop()
        world.controller.config_file.write_text(f"{right}\n[security]\nenforce = false\n")
        world.start_controller()
        wait_until(heard, PATIENCE_S, "an answer without guards")
        assert world.api.show("port", a.port_id)["port_security_enabled"] is False
    finally:
        world.controller.stop()
        world.controller.config_file.write_text(right)
        world.start_controller()
    wait_until(lambda: not heard(), PATIENCE_S, "silence")
    assert a.ping(address).ok
    shown = world.api.show("port", a.port_id)
    assert (shown["port_security_enabled"], len(shown["security_groups"])) == (True, 1)
