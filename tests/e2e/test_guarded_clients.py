"""What real programs of guarded machines do beside DHCP: VRRP by keepalived, and IPv6 by the kernel."""

from pathlib import Path
from typing import Any

from osken_apps.lab import PATIENCE_S, NamespaceVm, wait_until
from osken_apps.lab.processes import Process
from tests.e2e.conftest import World

VIRTUAL_ADDRESS = "10.10.10.100"
CONFIGURATION = """\
global_defs {{
    vrrp_version 3
}}
vrrp_instance one {{
    interface {interface}
    virtual_router_id 7
    priority {priority}
    advert_int 0.2
    virtual_ipaddress {{
        {address}/24
    }}
}}
"""


def keepalived(vm: NamespaceVm, directory: Path, priority: int) -> Process:
    """Run a router that has the virtual address as long as it hears of none with a higher priority."""
    directory.mkdir()
    configuration = directory / "keepalived.conf"
    named: dict[str, Any] = {"interface": "eth0", "priority": priority, "address": VIRTUAL_ADDRESS}
    configuration.write_text(CONFIGURATION.format(**named))
    pids = ("--pid", directory / "pid", "--vrrp_pid", directory / "vrrp.pid")
    command = ["keepalived", "--dont-fork", "--vrrp", "--use-file", configuration, *pids]
    return vm.spawn("keepalived", [str(word) for word in command])


def has_virtual_address(vm: NamespaceVm) -> bool:
    return any(str(item.ip) == VIRTUAL_ADDRESS for item in vm.addresses())


def test_keepalived_shares_an_address_pair_and_the_other_takes_over(world: World, tmp_path: Path) -> None:
    network = world.network()
    first, second, client = (world.launch(host, network) for host in (1, 2, 2))
    for vm in (first, second, client):
        vm.udhcpc()
    main = keepalived(first, tmp_path / "first", 200)
    wait_until(lambda: has_virtual_address(first), PATIENCE_S, "the first router to have the address")
    assert not client.ping(VIRTUAL_ADDRESS, count=1).ok
    for vm in (first, second):
        pair = [{"ip_address": VIRTUAL_ADDRESS}]
        world.api.update("port", vm.port_id, allowed_address_pairs=pair)
    wait_until(lambda: client.ping(VIRTUAL_ADDRESS, count=1).ok, PATIENCE_S, "the virtual address")
    other = keepalived(second, tmp_path / "second", 100)
    assert client.ping(VIRTUAL_ADDRESS, count=5, flags=("-i", "0.2")).ok
    assert not has_virtual_address(second)
    main.end()
    wait_until(lambda: has_virtual_address(second), PATIENCE_S, "the second router to take over")
    wait_until(lambda: client.ping(VIRTUAL_ADDRESS, count=1).ok, PATIENCE_S, "the virtual address")
    other.end()


def ipv6_flags(vm: NamespaceVm, address: str) -> str:
    """Give what the kernel says of an IPv6 address of a machine."""
    lines = vm.run(["ip", "-6", "-oneline", "address", "show", "dev", "eth0"]).stdout.splitlines()
    return next((line for line in lines if f" {address}/" in line), "")


def test_the_kernel_finds_an_ipv6_address_free_or_taken_through_the_guard(world: World) -> None:
    network = world.network()
    world.api.create("subnet", network_id=network["id"], cidr="2001:db8::/64", ip_version=6)
    ips = [{"ip_address": address} for address in ("10.10.10.20", "2001:db8::20")]
    holder = world.launch(1, network, fixed_ips=ips)
    pair = [{"ip_address": "2001:db8::20"}]
    other = world.launch(2, network, allowed_address_pairs=pair)
    for vm in (holder, other):
        vm.run(["sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0", "net.ipv6.conf.eth0.accept_dad=1"])
    add = ["ip", "-6", "address", "add", "2001:db8::20/64", "dev", "eth0"]
    holder.run(add)
    wait_until(
        lambda: "tentative" not in ipv6_flags(holder, "2001:db8::20"), PATIENCE_S, "it to be found free"
    )
    assert "dadfailed" not in ipv6_flags(holder, "2001:db8::20")
    other.run(add)
    wait_until(lambda: "dadfailed" in ipv6_flags(other, "2001:db8::20"), PATIENCE_S, "it to be found taken")
