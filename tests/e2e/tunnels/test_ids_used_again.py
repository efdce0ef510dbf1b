"""A network that is deleted while a host is away, and its id given to another: the two never meet."""

from osken_apps.lab import PATIENCE_S, NamespaceVm, wait_until
from tests.e2e.conftest import World, flows
from tests.e2e.tunnels.test_tunnels import ANY_TUNNEL, address, network, pair

EVERYBODY = "10.10.10.255"


def unguarded(world: World) -> dict[str, object]:
    """Make a VXLAN network of the same id each time, in which nothing but its id keeps machines apart."""
    made = network(world, "vxlan", 5)
    return world.api.update("network", made["id"], port_security_enabled=False)


def knows(vm: NamespaceVm, its_address: str, mac: str) -> None:
    """Let a machine know another one's MAC address, so that it need not ask."""
    vm.namespace.ip("neigh", "replace", its_address, "lladdr", mac, "dev", "eth0")


def test_a_host_that_is_away_is_not_heard_in_the_network_that_has_its_network_s_id_now(
    tunnels: World,
) -> None:
    before = unguarded(tunnels)
    a, stranger = pair(tunnels, before)
    away, its_address = tunnels.host(2), address(tunnels, stranger)
    away.namespace.ip("link", "set", "mgmt", "down")
    try:
        a.unplug()
        tunnels.vms.remove(a)
        for port in tunnels.api.list("port", f"network_id={before['id']}"):
            if port["device_owner"] != "network:dhcp":
                tunnels.api.delete("port", port["id"])
        tunnels.api.delete("network", before["id"])
        now = unguarded(tunnels)
        b = tunnels.launch(1, now, fixed_ips=[{"ip_address": "10.10.10.51"}])
        c = tunnels.launch(3, now, fixed_ips=[{"ip_address": "10.10.10.53"}])
        for vm in (b, c):
            vm.udhcpc()
        wait_until(lambda: b.ping(address(tunnels, c), 1).ok, PATIENCE_S, "an answer")
        from_stranger = f"ether src {stranger.mac}"
        with (
            b.capture(from_stranger) as at_b,
            c.capture(from_stranger) as at_c,
            c.capture(f"icmp and dst {EVERYBODY}", flags=("-e",)) as also_at_c,
            stranger.capture(f"ether src {b.mac} or ether src {c.mac}") as at_stranger,
            tunnels.host(1).capture("eth2", f"src 192.0.2.2 and ({ANY_TUNNEL})", flags=("-e",)) as wire,
        ):
            for vm in (b, c):
                knows(stranger, address(tunnels, vm), vm.mac)
                knows(vm, its_address, stranger.mac)
                assert stranger.ping(address(tunnels, vm), 1, wait_s=0.2).received == 0
                assert vm.ping(its_address, 1, wait_s=0.2).received == 0
                vm.ping(EVERYBODY, 1, wait_s=0.2, flags=("-b",))
            stranger.ping(EVERYBODY, 1, wait_s=0.2, flags=("-b",))
            wire.wait_for("vni 5")
            wire.wait_for(EVERYBODY)
            also_at_c.wait_for(b.mac)
        heard = [capture.text for capture in (at_b, at_c, at_stranger)]
        assert not any("IPv4" in text for text in heard), heard
    finally:
        away.namespace.ip("link", "set", "mgmt", "up")
    away.ovs.wait_connected(30)
    wait_until(
        lambda: not any("c0000201" in flow or "192.0.2.1" in flow for flow in flows(away, "br-tun")),
        PATIENCE_S,
        "the flows of the network that was to go",
    )
    assert away.ovs.tag(stranger.tap) == 4095
