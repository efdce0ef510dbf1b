"""Real frames between machines of two hosts come out where the tracer says, with real connection tracking."""

from collections.abc import Iterator
from random import Random

import pytest
from scapy.all import Packet

from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.openflow.ports import OFPP_LOCAL
from osken_apps.trace.connections import NEW, REPLY, Assumption
from osken_apps.trace.lookup import Lookup, WireTables
from osken_apps.trace.result import Way
from osken_apps.trace.site import TracedHost, traced_host
from osken_apps.trace.tracer import trace
from osken_apps.trace.words import frame_of_octets
from tests.examples import examples
from tests.ovs.security.cast import enter, machine, own_ipv6
from tests.ovs.security.frames import (
    Machine,
    arp,
    dad,
    dhcp,
    gratuitous_arp,
    neighbor_solicitation,
    ping,
    ping6,
    pong,
    tagged,
    tcp,
    udp,
)
from tests.ovs.security.hosts import LAYOUT, World, two_hosts

NAMES = ("alice", "bob", "carol", "web", "mute", "plain", "router1", "router2", "free", "blue1", "blue2")
EVERYBODY = Machine("ff:ff:ff:ff:ff:ff", "255.255.255.255")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with two_hosts(tmp_path_factory.mktemp("a")) as made:
        enter(made)
        made.settle()
        yield made


def traced_hosts(world: World) -> list[TracedHost]:
    """Give the hosts for the tracer, with what they have."""
    hosts = []
    for name, host in world.hosts.items():
        tables: dict[str, Lookup] = {
            bridge: WireTables(flows.items()) for bridge, flows in host.flows.items()
        }
        hosts.append(traced_host(LAYOUT, host_snapshot(world.fabric, name), tables, host.tags))
    return hosts


def arrives(world: World, hosts: list[TracedHost], sender: str, octets: bytes, by: Assumption) -> set[str]:
    """Say who gets a frame; `wire` is whoever else is on the wire."""
    host = next(host for host in world.hosts.values() if sender in host.plugs)
    ofport = host.ofports["br-int"][sender]
    traced = trace(hosts, host.name, "br-int", ofport, frame_of_octets(octets), by)
    return {
        "wire" if leaving.way is Way.WIRE else leaving.port.name
        for leaving in traced.exits
        if leaving.port and leaving.port.ofport != OFPP_LOCAL
    }


def conversations(dice: Random) -> Iterator[tuple[str, str, Packet, Packet | None]]:
    """Make questions, each with an answer or without."""
    for _ in range(examples(100)["max_examples"]):
        one, other = dice.sample(NAMES, 2)
        a, b = machine(one), machine(other)
        a6, b6 = a.but(ip6=own_ipv6(one)), b.but(ip6=own_ipv6(other))
        number = dice.choice((53, 80, 5000))
        question, answer = dice.choice(
            [
                (tcp(a, b, number), tcp(b, a, 40000, "SA", number)),
                (udp(a, b, number), udp(b, a, 40000, number)),
                (ping(a, b), pong(b, a)),
                (ping6(a6, b6), None),
                (arp(a, b.ip), None),
                (gratuitous_arp(a), None),
                (neighbor_solicitation(a6, b6.ip6), None),
                (dad(a, a6.ip6), None),
                (udp(a.but(ip="10.0.0.99"), b), None),
                (tagged(7, udp(a, b)), None),
                (tagged(0, udp(a, b, number)), None),
                (dhcp(a, "discover", 68, 67, EVERYBODY), None),
            ]
        )
        yield one, other, question, answer


def test_a_frame_arrives_where_the_tracer_says(world: World) -> None:
    hosts = traced_hosts(world)
    dice = Random(7 if examples(1)["derandomize"] else None)
    arrived = answered = 0
    for one, other, question, answer in conversations(dice):
        for host in world.hosts.values():
            host.flush()
        got = _sent(world, hosts, one, question, NEW)
        arrived += other in got
        if answer is not None and other in got:
            answered += one in _sent(world, hosts, other, answer, REPLY)
    assert arrived > answered > 5


def _sent(world: World, hosts: list[TracedHost], sender: str, packet: Packet, by: Assumption) -> set[str]:
    for host in world.hosts.values():
        host.unlearn()  # the tracer is told of nothing that was
    expected = arrives(world, hosts, sender, bytes(packet), by)
    got = set(world.send(sender, bytes(packet)))
    assert got == expected, (sender, packet.summary())
    return got
