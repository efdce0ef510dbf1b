"""A machine that moves, or was to move and does not, or whose host dies: who has its port, and what is lost.

libvirt makes the interface at the target, with the port's iface-id, before it copies the machine's memory;
the machine runs at the source until all is copied, and the hypervisor announces it at the target then.
"""

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from osken_apps.lab import PATIENCE_S, NamespaceVm, processes, wait_until
from osken_apps.lab.network import Namespace
from tests.e2e.conftest import World
from tests.e2e.pings import loses_two_at_most, pings


class Migration:
    """A machine on host1 that another one on host2 pings ten times a second, and its interface-to-be on
    host2.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        network = world.network()
        self.pinger = world.launch(2, network)
        self.port = world.port(network)
        self.source = world.plug(1, self.port, name="mover1")
        world.wait_active(self.port)
        self.address = self.port["fixed_ips"][0]["ip_address"]
        self.source.configure(f"{self.address}/24")
        self.pinger.udhcpc()

    def prepare_target(self, host: int = 2) -> NamespaceVm:
        """Plug the interface at the target; nothing runs behind it yet."""
        target = self.world.plug(host, self.port, name=f"mover{host}")
        target.configure(f"{self.address}/24")
        self.wait_dead(target, host)
        return target

    def wait_dead(self, machine: NamespaceVm, host: int) -> None:
        ovs = self.world.host(host).ovs
        wait_until(lambda: ovs.tag(machine.tap) == 4095, PATIENCE_S, "the interface to be dead")

    def move(self, target: NamespaceVm) -> None:
        """Let the machine run at the target from now on."""
        target.take_over(self.source)

    def migrate(self, source: int, target: int) -> int:
        """Have the machine migrate live from one host to the other; give how many pings were lost."""
        with self.pings() as lost:
            machine = self.prepare_target(target)
            assert self.is_at(f"host{source}")
            self.move(machine)
            self.wait_at(f"host{target}")
            self.wait_dead(self.source, source)
            self.source.plug.take_out()
        assert self.is_at(f"host{target}")
        self.world.vms.remove(self.source)
        self.source.unplug()
        self.source = machine
        return len(lost)

    def is_at(self, host: str) -> bool:
        port: dict[str, Any] = self.world.api.show("port", self.port["id"])
        return (port["binding:host_id"], port["status"]) == (host, "ACTIVE")

    def wait_at(self, host: str) -> None:
        wait_until(lambda: self.is_at(host), PATIENCE_S, f"the port to be ACTIVE at {host}")

    def pings(self) -> AbstractContextManager[list[int]]:
        """Ping the machine meanwhile; what is given holds in the end the numbers of those that were lost."""
        return pings(self.pinger, self.address)


@pytest.fixture
def migration(world: World) -> Migration:
    return Migration(world)


def test_a_live_migration_loses_two_pings_at_most_there_and_back(migration: Migration) -> None:
    loses_two_at_most(lambda: max(migration.migrate(1, 2), migration.migrate(2, 1)))


def test_a_cancelled_migration_loses_nothing(migration: Migration) -> None:
    with migration.pings() as lost:
        migration.prepare_target().plug.take_out()
        wait_until(
            lambda: (
                not migration.world.host(2).ovs.vsctl("find", "interface", f"name={migration.source.tap}")
            ),
            PATIENCE_S,
            "the target's interface to be gone",
        )
    assert lost == []
    assert migration.is_at("host1")


def test_a_wish_moves_the_port_at_once_and_pins_it(migration: Migration) -> None:
    target = migration.prepare_target()
    port_id = migration.port["id"]
    migration.world.api.update("port", port_id, **{"binding:host_id": "host2"})
    migration.wait_at("host2")
    migration.world.api.update("port", port_id, **{"binding:host_id": "host1"})
    migration.wait_at("host1")
    target.announce()
    assert migration.pinger.ping(migration.address).ok
    migration.wait_at("host1")


def test_when_the_target_s_host_dies_nothing_is_lost(migration: Migration) -> None:
    """The pinger must not be on the host that dies."""
    world = migration.world
    network_id = migration.port["network_id"]
    migration.pinger = world.launch(1, {"id": network_id})
    migration.pinger.udhcpc()
    with migration.pings() as lost, cut_off(world, 2):
        migration.prepare_target()
        assert migration.is_at("host1")
    assert lost == []
    assert migration.is_at("host1")


def test_when_the_source_s_host_dies_the_port_goes_to_the_one_that_claims_it_and_stays(
    migration: Migration,
) -> None:
    migration.prepare_target()
    world = migration.world
    migration.source.namespace.ip("link", "set", "eth0", "down")
    with dead(world, 1):
        migration.wait_at("host2")
        assert migration.pinger.ping(migration.address).ok
    world.host(1).ovs.wait_connected()
    wait_until(
        lambda: world.host(1).ovs.tag(migration.source.tap) == 4095,
        PATIENCE_S,
        "the old interface to be dead",
    )
    assert migration.is_at("host2")


@contextmanager
def cut_off(world: World, number: int) -> Iterator[None]:
    """Have a host lose its controller in the end, for long enough to be gone."""
    yield
    namespace: Namespace = world.host(number).namespace
    name = f"host{number}"
    namespace.ip("link", "set", "mgmt", "down")
    wait_until(lambda: not alive(world, name), PATIENCE_S, f"{name} to be gone")
    namespace.ip("link", "set", "mgmt", "up")
    world.host(number).ovs.wait_connected()


@contextmanager
def dead(world: World, number: int) -> Iterator[None]:
    """Have both daemons of a host killed, and started again in the end."""
    host = world.host(number)
    host.ovs.kill_vswitchd()
    processes.end_recorded(world.lab.site, f"{host.name}.ovsdb-server", signal.SIGKILL)
    yield
    host.ovs.start_ovsdb()
    host.ovs.start_vswitchd()


def alive(world: World, name: str) -> bool:
    return any(agent["alive"] for agent in world.api.list("agent") if agent["host"] == name)
