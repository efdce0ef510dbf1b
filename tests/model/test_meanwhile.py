"""What changes while a switch is waited for costs nothing but what it changes."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from osken_apps.model.changes import Deleted, Upserted
from osken_apps.model.resources import Network, NetworkType, Port, PortStatus, Subnet
from tests.golden.scenarios import NET1, SERVER1, SUBNET1, VM1
from tests.model import two_hosts
from tests.model.test_trouble import World
from tests.model.two_hosts import TwoHosts

OVERLAY = Network(id="overlay", project_id="p", network_type=NetworkType.VXLAN, segmentation_id=7)
ADDRESS = VM1.fixed_ips[0].ip_address


def once(work: Callable[[], object]) -> Callable[[], None]:
    """Give what does this when it is called first."""
    left = [work]
    return lambda: [do() for do in left[:] if left.pop()] and None


def delete_network(world: World) -> None:
    ports = (Deleted(Port, port.id) for port in (VM1, world.second, SERVER1))
    world.hosts.wake(
        world.hosts.fabric.apply([*ports, Deleted(Subnet, SUBNET1.id), Deleted(Network, NET1.id)])
    )


def delete_overlay(world: World) -> None:
    gone = [Deleted(Port, world.second.id), Deleted(Network, OVERLAY.id)]
    world.hosts.wake(world.hosts.fabric.apply(gone))


def settle(world: World) -> None:
    assert isinstance(ADDRESS, IPv4Address)
    world.hosts.wake(world.hosts.fabric.settle(VM1.id, ADDRESS))


@pytest.mark.parametrize("happens", [delete_network, delete_overlay, settle])
def test_a_pass_ends_well_whatever_is_gone_while_it_waits(happens: Callable[[World], None]) -> None:
    world = World()
    world.hosts.fabric.apply([Upserted(OVERLAY), Upserted(replace(world.second, network_id=OVERLAY.id))])
    assert isinstance(ADDRESS, IPv4Address)
    world.hosts.fabric.decline(VM1.id, ADDRESS)
    world.ovsdb.tunnel_address = "192.0.2.1"
    world.plug(tap1=VM1.id, tap2=world.second.id)
    world.connection.on_request = once(lambda: happens(world))
    for _ in range(2):
        assert world.attempt()
        assert world.trouble == ""


def test_a_conflict_that_is_settled_meanwhile_is_waited_for_no_more() -> None:
    world = World()
    assert isinstance(ADDRESS, IPv4Address)
    world.hosts.fabric.decline(VM1.id, ADDRESS)
    world.plug(tap1=VM1.id)
    assert world.attempt()
    assert world.reports[VM1.id].waits_for.startswith(f"{ADDRESS} to be free")
    world.bridge.restart()
    world.hosts.by_name["h"].reconciler.audit()  # type: ignore[union-attr]
    world.connection.on_request = once(lambda: settle(world))
    assert world.attempt()
    assert (world.reports[VM1.id].status, world.reports[VM1.id].waits_for) == (PortStatus.ACTIVE, "")


def gone_when_asked(site: TwoHosts, ports: Iterable[Port]) -> None:
    """Have these ports deleted, and their network if all of its are, when a switch is asked next."""
    gone = [Deleted(Port, port.id) for port in ports]
    whole = [Deleted(Subnet, SUBNET1.id), Deleted(Network, NET1.id)] if len(gone) > 2 else []
    for connection in (site.host1.connections["br-int"], site.host2.connections["br-int"]):
        connection.on_request = lambda: site.hosts.fabric.apply([*gone, *whole]) and None


@pytest.mark.parametrize(
    "gone", [(two_hosts.VM1,), (two_hosts.VM2,), (two_hosts.VM1, two_hosts.VM2, SERVER1)]
)
def test_of_a_port_that_is_gone_before_its_switch_has_answered_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, gone: tuple[Port, ...]
) -> None:
    site = TwoHosts(monkeypatch)
    gone_when_asked(site, gone)
    assert site.ask_port(two_hosts.VM1.id, two_hosts.VM2.id) is None


def test_a_frame_is_followed_without_the_ports_that_are_gone_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = TwoHosts(monkeypatch)
    gone_when_asked(site, (two_hosts.VM1, two_hosts.VM2, SERVER1))
    facts = site.frame_facts(
        "host1", "tap1", [int(two_hosts.VM1.mac_address), int(two_hosts.VM2.mac_address)]
    )
    assert facts.ports == ()
