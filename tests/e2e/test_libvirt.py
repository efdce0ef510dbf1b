"""VMs that real libvirt runs, plugs and migrates between the hosts of the lab."""

from collections.abc import Callable, Iterator

import pytest

from osken_apps.lab import Domain, wait_until
from tests.e2e.conftest import BIND_TIMEOUT_S, World

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
    assert world.host(1).ovs.tag(domain.interface()) == 1


def test_a_migrated_vm_is_active_where_it_runs(world: World, launch: Launch) -> None:
    network = world.network()
    port = world.port(network)
    neighbour = world.launch(2, network)
    neighbour.udhcpc()
    domain = launch(1, port)
    address = domain.wait_for_lease().variables["ip"]
    assert neighbour.ping(address).ok
    world.host(2).libvirt.start()
    domain.migrate(world.host(2).libvirt).wait()
    wait_until(lambda: is_at(world, port, "host2"), BIND_TIMEOUT_S, "the port on host2")
    assert neighbour.ping(address).ok
    assert domain.renew().variables["ip"] == address


def test_a_cancelled_migration_leaves_the_vm_where_it_was(world: World, launch: Launch) -> None:
    network = world.network()
    port = world.port(network)
    neighbour = world.launch(2, network)
    neighbour.udhcpc()
    domain = launch(1, port)
    address = domain.wait_for_lease().variables["ip"]
    world.host(2).libvirt.start()
    migration = domain.migrate(world.host(2).libvirt, MIGRATION_MIB_S)
    migration.wait_copying()
    migration.cancel()
    wait_until(lambda: is_at(world, port, "host1"), BIND_TIMEOUT_S, "the port on host1")
    assert neighbour.ping(address).ok
