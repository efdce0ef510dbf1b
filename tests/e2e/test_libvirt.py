"""VMs that real libvirt runs, plugs and migrates between the hosts of the lab."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from osken_apps.lab import PATIENCE_S, Domain, LabError, NamespaceVm, wait_until
from tests.e2e.conftest import World
from tests.e2e.pings import loses_two_at_most, pings

MIGRATION_MIB_S = 8  # slow enough to act while memory is being copied

Launch = Callable[..., Domain]


@pytest.fixture
def launch(world: World) -> Iterator[Launch]:
    """Launch a domain for a port on a host; all are switched off at the end."""
    domains: list[Domain] = []

    def launch(host: int, port: dict[str, str], **options: int) -> Domain:
        libvirt = world.host(host).libvirt
        libvirt.start()
        domain = libvirt.launch(port["id"], port["mac_address"], f"domain{len(domains)}", **options)
        domains.append(domain)
        return domain

    yield launch
    for domain in domains:
        if domain.complaint() is None:
            domain.destroy()


def is_at(world: World, port: dict[str, str], host: str) -> bool:
    shown = world.api.show("port", port["id"])
    return (shown["binding:host_id"], shown["status"]) == (host, "ACTIVE")


def test_libvirt_plugs_a_vm_and_unplugs_it(world: World, launch: Launch) -> None:
    port = world.port(world.network())
    domain = launch(1, port)
    assert domain.wait_for_lease().variables["ip"] == "10.10.10.2"
    world.wait_active(port)
    domain.destroy()
    world.wait_status(port, "DOWN")


def test_a_vm_that_libvirt_plugs_dead_gets_its_tag(world: World, launch: Launch) -> None:
    port = world.port(world.network())
    domain = launch(1, port, tag=4095)
    domain.wait_for_lease()
    world.wait_active(port)
    shown = world.api.show("port", port["id"])["binding:vif_details"]
    assert world.host(1).ovs.tag(domain.interface()) == shown["local_vlan"] != 4095


def moving(world: World, launch: Launch) -> tuple[dict[str, str], Domain, NamespaceVm]:
    """Launch a domain on host1 that a VM on the same host pings; give its port, it, and the VM."""
    network = world.network()
    port, neighbour = world.port(network), world.launch(1, network)
    neighbour.udhcpc()
    domain = launch(1, port)
    domain.wait_for_lease()
    world.host(2).libvirt.start()
    return port, domain, neighbour


def address_of(port: dict[str, Any]) -> str:
    address: str = port["fixed_ips"][0]["ip_address"]
    return address


def test_a_live_migration_loses_two_pings_at_most(world: World, launch: Launch) -> None:
    port, domain, neighbour = moving(world, launch)
    ways = itertools.cycle(((1, 2), (2, 1)))

    def migrate() -> int:
        source, target = next(ways)
        with pings(neighbour, address_of(port)) as lost:
            migration = domain.migrate(world.host(target).libvirt, MIGRATION_MIB_S)
            migration.wait_copying()
            assert is_at(world, port, f"host{source}")
            migration.wait()
            wait_until(lambda: is_at(world, port, f"host{target}"), PATIENCE_S, f"the port on host{target}")
        return len(lost)

    loses_two_at_most(migrate)
    assert domain.renew().variables["ip"] == address_of(port)


def test_a_cancelled_migration_loses_nothing(world: World, launch: Launch) -> None:
    port, domain, neighbour = moving(world, launch)
    with pings(neighbour, address_of(port)) as lost:
        migration = domain.migrate(world.host(2).libvirt, MIGRATION_MIB_S)
        migration.wait_copying()
        migration.cancel()
        wait_until(lambda: is_at(world, port, "host1"), PATIENCE_S, "the port on host1")
    assert lost == []


def test_the_death_of_the_destination_costs_nothing(world: World, launch: Launch) -> None:
    port, domain, neighbour = moving(world, launch)
    with pings(neighbour, address_of(port)) as lost:
        migration = domain.migrate(world.host(2).libvirt, MIGRATION_MIB_S)
        migration.wait_copying()
        world.host(2).end_all()
        with pytest.raises(LabError, match="failed"):
            migration.wait()
        world.host(2).power_on()
        world.host(2).ovs.wait_connected()
    assert lost == []
    assert is_at(world, port, "host1")
    # Its switch still has the interface, whose device went with it: libvirt takes it away no more.
    left = ("--bare", "--columns=name", "find", "interface", f"external_ids:iface-id={port['id']}")
    for interface in world.host(2).ovs.vsctl(*left).split():
        world.host(2).ovs.vsctl("del-port", interface)
