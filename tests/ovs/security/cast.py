"""Who takes part in the packet tests: two networks on two hosts, a wire, and what the API was told of them.

| machine | host | its port |
| --- | --- | --- |
| alice, bob | host1 | guarded, in the default group: everything out, in from each other |
| carol | host2 | likewise |
| web | host1 | guarded, in a group of its own: TCP 80, SCTP 5000, pings from 10.0.0.0/24; DNS out |
| mute | host1 | guarded, without a group |
| plain | host1 | guarded, in a stateless group: UDP, TCP 80, ICMP and IPv6 out, UDP 53 in |
| router1, router2 | host1, host2 | as alice; both may have 10.0.0.100 with the MAC of a virtual router |
| free | host2 | not guarded |
| blue1, blue2 | host1, host2 | of another network, which has no guarded port |
| stranger | host1 | an interface that is no port's, plugged while there was no controller |
| trunk | host2 | declared a trunk |
| wire | - | somebody else's host on the wire, in the network's VLAN |
"""

from ipaddress import IPv4Address, IPv6Address
from typing import Any

from osken_apps.model.addresses import mac_address
from osken_apps.model.resources import AddressPair, FixedIp, Network, Port
from osken_apps.model.security_groups import Direction, Ethertype, SecurityGroup, SecurityGroupRule
from tests.ovs.security.frames import Machine, link_local
from tests.ovs.security.hosts import World

RED = Network(id="red", project_id="p", name="red", physical_network="default", segmentation_id=1000)
BLUE = Network(id="blue", project_id="p", name="blue", physical_network="default", segmentation_id=1001)
VIRTUAL_MAC, VIRTUAL_IP = "00:00:5e:00:01:07", "10.0.0.100"

NUMBERS = {
    "alice": 1, "bob": 2, "carol": 3, "web": 4, "mute": 5, "plain": 6, "router1": 7, "router2": 8, "free": 9,
    "blue1": 11, "blue2": 12, "wire": 90, "stranger": 91,
}  # fmt: skip
HOST1 = ("alice", "bob", "web", "mute", "plain", "router1", "blue1")
HOST2 = ("carol", "router2", "free", "blue2")


def machine(name: str) -> Machine:
    """Give a machine with its own addresses; of the wire's, those that it has chosen."""
    number = NUMBERS[name]
    mac = f"fa:16:3e:00:00:{number:02x}"
    return Machine(mac, f"10.0.0.{number}", link_local(mac))


ALICE, BOB, CAROL, WEB, MUTE, PLAIN, ROUTER1, ROUTER2, FREE, BLUE1, BLUE2, THERE, STRANGER = map(
    machine, NUMBERS
)
ROUTER = Machine(VIRTUAL_MAC, VIRTUAL_IP)
EVERYBODY = Machine("ff:ff:ff:ff:ff:ff", "255.255.255.255")


def group(name: str, number: int, **more: Any) -> SecurityGroup:
    return SecurityGroup(id=name, project_id="p", name=name, number=number, **more)


def rule(number: int, group: str, direction: str, **more: Any) -> SecurityGroupRule:
    """Make a rule; its text is short: `in` and `out`."""
    way = {"in": Direction.INGRESS, "out": Direction.EGRESS}[direction]
    more.setdefault("set_number", number)
    return SecurityGroupRule(
        id=f"rule{number}",
        project_id="p",
        security_group_id=group,
        direction=way,
        number=number,
        **more,
    )


GROUPS = (group("default", 1), group("web", 2), group("plain", 3, stateful=False))
IPV6 = {"ethertype": Ethertype.IPV6}
RULES = (
    rule(11, "default", "out"),
    rule(12, "default", "out", **IPV6),
    rule(13, "default", "in", remote_group_id="default"),
    rule(14, "default", "in", remote_group_id="default", **IPV6),
    rule(21, "web", "in", protocol="tcp", port_range_min=80, port_range_max=80),
    rule(22, "web", "in", protocol="icmp", port_range_min=8, remote_ip_prefix="10.0.0.0/24"),
    rule(23, "web", "out", protocol="udp", port_range_min=53, port_range_max=53),
    rule(24, "web", "in", protocol="sctp", port_range_min=5000, port_range_max=5001),
    rule(31, "plain", "out", protocol="udp"),
    rule(32, "plain", "in", protocol="udp", port_range_min=53, port_range_max=53),
    rule(33, "plain", "out", protocol="tcp", port_range_min=80, port_range_max=80),
    rule(34, "plain", "out", **IPV6),
    rule(35, "plain", "out", protocol="icmp"),
)


def port(name: str, *groups: str, network: Network = RED, **more: Any) -> Port:
    known = machine(name)
    fixed_ips = (FixedIp("v4", IPv4Address(known.ip)), FixedIp("v6", IPv6Address(own_ipv6(name))))
    return Port(
        id=f"{name}-port-00000000-0000",
        name=name,
        project_id="p",
        network_id=network.id,
        mac_address=mac_address(known.mac),
        fixed_ips=fixed_ips,
        security_groups=groups,
        **more,
    )


def own_ipv6(name: str) -> str:
    """Give a machine's address of the network's IPv6 subnet."""
    return f"2001:db8::{NUMBERS[name]:x}"


PAIR = (AddressPair(VIRTUAL_IP, mac_address(VIRTUAL_MAC)),)
PORTS = (
    *(port(name, "default") for name in ("alice", "bob", "carol")),
    *(port(name, "default", allowed_address_pairs=PAIR) for name in ("router1", "router2")),
    port("web", "web"),
    port("mute"),
    port("plain", "plain"),
    port("free", port_security_enabled=False),
    port("blue1", network=BLUE, port_security_enabled=False),
    port("blue2", network=BLUE, port_security_enabled=False),
)


def enter(world: World) -> None:
    """Bring them all on."""
    world.tell(RED, BLUE, *GROUPS, *RULES, *PORTS)
    by_name = {port.name: port for port in PORTS}
    for host, names in (("host1", HOST1), ("host2", HOST2)):
        for name in names:
            world.plug(host, by_name[name])
    world.hosts["host2"].plug("trunk", trunk=True)
    world.settle()
    world.hosts["host1"].plug("stranger")
