"""The scenarios whose flows stand in `flows/`: the reference's walk, and what else a host can have."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import Any

from osken_apps.model.addresses import mac_address
from osken_apps.model.dhcp_service import dhcp_server, dhcp_service
from osken_apps.model.port_security import GroupPolicy, Guard, Member, members_of, own_addresses
from osken_apps.model.resources import AddressPair, FixedIp, Network, NetworkType, Port, Subnet
from osken_apps.model.security_groups import Direction, Ethertype, SecurityGroupRule
from osken_apps.model.snapshot import BoundPort, HostSnapshot, Layout, Segment
from osken_apps.model.tunnels import Everywhere, Reach, RemotePort

LAYOUT = Layout("br-int", (("default", "br-eth2"),))
LINKS = {"br-int": {"int-br-eth2": 1}, "br-eth2": {"eth2": 1, "phy-br-eth2": 2}}

NET1 = Network(id="net1", project_id="p", name="net1", physical_network="default", segmentation_id=1000)
SUBNET1 = Subnet(id="subnet1", project_id="p", network_id="net1", cidr=IPv4Network("10.10.10.0/24"))
SERVER1 = Port(
    id="server1",
    project_id="p",
    network_id="net1",
    mac_address=mac_address("fa:16:3e:1d:5c:81"),
    fixed_ips=(FixedIp("subnet1", IPv4Address("10.10.10.3")),),
    device_owner="network:dhcp",
)
VM1 = Port(
    id="53903a95-82",
    project_id="p",
    network_id="net1",
    mac_address=mac_address("fa:16:3e:fe:c7:87"),
    fixed_ips=(FixedIp("subnet1", IPv4Address("10.10.10.2")),),
    port_security_enabled=False,
)
NET1_HERE = Segment("net1", "default", 1000, local_vlan=1)
VM1_SERVICE = dhcp_service(VM1, NET1, {"subnet1": SUBNET1}, SERVER1)


def bound(
    port: Port, interface: str, ofport: int, segment: Segment, server: Port | None = None, **more: Any
) -> BoundPort:
    """Have a port bound; `server` is the port of its network's DHCP server."""
    of_server = dhcp_server(server)
    return BoundPort(
        port_id=port.id,
        mac_address=port.mac_address,
        interface=interface,
        ofport=ofport,
        segment=segment,
        has_dhcp=server is not None,
        server=of_server,
        **more,
    )


VM1_HERE = bound(VM1, "tap53903a95-82", 2, NET1_HERE, SERVER1, dhcp=VM1_SERVICE)

NET2 = Network(id="net2", project_id="p", name="net2", physical_network="default", segmentation_id=1001)
VM2 = Port(
    id="vm2",
    project_id="p",
    network_id="net2",
    mac_address=mac_address("fa:16:3e:00:00:02"),
    port_security_enabled=False,
)
NET2_HERE = Segment("net2", "default", 1001, local_vlan=2)

FLAT = Network(
    id="flat", project_id="p", name="flat", network_type=NetworkType.FLAT, physical_network="default"
)
FLAT_HERE = Segment("flat", "default", None, local_vlan=3)


# A network with guarded ports: two in one group, which lets its members in, one of them a virtual router; a
# stateless one; and one that is not guarded.
NET3 = Network(id="net3", project_id="p", name="net3", physical_network="default", segmentation_id=1003)
NET3_HERE = Segment("net3", "default", 1003, local_vlan=1, guarded=True)


def _rule(number: int, group: str, direction: Direction, **more: Any) -> SecurityGroupRule:
    return SecurityGroupRule(
        id=f"rule{number}",
        project_id="p",
        security_group_id=group,
        direction=direction,
        number=number,
        **more,
    )


DEFAULT_RULES = (
    _rule(1, "default", Direction.EGRESS),
    _rule(2, "default", Direction.EGRESS, ethertype=Ethertype.IPV6),
    _rule(3, "default", Direction.INGRESS, remote_group_id="default", set_number=3),
    _rule(4, "default", Direction.INGRESS, ethertype=Ethertype.IPV6, remote_group_id="default", set_number=4),
)
WEB_RULES = (
    _rule(5, "web", Direction.INGRESS, protocol="tcp", port_range_min=80, port_range_max=80),
    _rule(6, "web", Direction.INGRESS, protocol="tcp", port_range_min=8000, port_range_max=8009,
          remote_address_group_id="clients", set_number=6),
    _rule(7, "web", Direction.INGRESS, protocol="icmp", port_range_min=8, remote_ip_prefix="10.10.30.0/24"),
    _rule(8, "web", Direction.INGRESS, ethertype=Ethertype.IPV6, protocol="ipv6-icmp"),
    _rule(9, "web", Direction.EGRESS, protocol="sctp", port_range_min=5000, port_range_max=5003),
)  # fmt: skip


def _guarded_port(ofport: int, **more: Any) -> Port:
    return Port(
        id=f"guarded{ofport}",
        project_id="p",
        network_id="net3",
        mac_address=mac_address(f"fa:16:3e:00:03:{ofport:02x}"),
        fixed_ips=(FixedIp("subnet3", IPv4Address(f"10.10.30.{ofport}")),),
        **more,
    )


def _guarded(ofport: int, port: Port, groups: tuple[int, ...], stateful: bool = True) -> BoundPort:
    guard = Guard(own_addresses(port), groups, stateful)
    return bound(port, f"tapguarded{ofport}", ofport, NET3_HERE, SERVER3, guard=guard)


SERVER3 = Port(
    id="server3",
    project_id="p",
    network_id="net3",
    mac_address=mac_address("fa:16:3e:00:03:ff"),
    fixed_ips=(FixedIp("subnet3", IPv4Address("10.10.30.254")),),
    device_owner="network:dhcp",
)
VIRTUAL_ROUTER = AddressPair("10.10.30.100", mac_address("00:00:5e:00:01:07"))
GUARDED2 = _guarded_port(2)
GUARDED3 = _guarded_port(3, allowed_address_pairs=(VIRTUAL_ROUTER,))
GUARDED_PORTS = (
    _guarded(2, GUARDED2, (1,)),
    _guarded(3, GUARDED3, (1, 2)),
    _guarded(4, _guarded_port(4), (2,), stateful=False),
)
UNGUARDED = bound(
    Port(
        id="unguarded",
        project_id="p",
        network_id="net3",
        mac_address=mac_address("fa:16:3e:00:03:05"),
        port_security_enabled=False,
    ),
    "tapunguarded",
    5,
    NET3_HERE,
)
MEMBERS = members_of(GUARDED2) | members_of(GUARDED3)
CLIENTS = frozenset({Member(IPv4Network("192.0.2.0/24"))})
POLICIES = (
    GroupPolicy(1, DEFAULT_RULES, {"default": MEMBERS}),
    GroupPolicy(2, WEB_RULES, {"clients": CLIENTS}),
)


# Networks over tunnels of each type, two of them of one id: one with machines on two other hosts, either of
# which may have the MAC address of a virtual router; a guarded one; and one that no other host has.
HOST2, HOST3 = IPv4Address("192.0.2.2"), IPv4Address("192.0.2.3")
OVERLAY = Segment("overlay", "", 5, local_vlan=3, network_type=NetworkType.VXLAN)
GUARDED_OVERLAY = Segment("goverlay", "", 5, local_vlan=4, guarded=True, network_type=NetworkType.GENEVE)
LONE_OVERLAY = Segment("loverlay", "", 4294967295, local_vlan=5, network_type=NetworkType.GRE)


def _overlay(id: str, network_id: str, number: int) -> Port:
    return Port(
        id=id,
        project_id="p",
        network_id=network_id,
        mac_address=mac_address(f"fa:16:3e:00:05:{number:02x}"),
        fixed_ips=(FixedIp("subnet5", IPv4Address(f"10.10.50.{number}")),),
    )


def _remote(network: Segment, host: IPv4Address, number: int) -> RemotePort:
    mac, address = mac_address(f"fa:16:3e:00:05:{number:02x}"), IPv4Address(f"10.10.50.{number}")
    known = address, IPv6Address(f"2001:db8::{number:x}")
    return RemotePort(network.network_type, network.segmentation_id or 0, host, mac, known)


OVERLAY_PORTS = (
    bound(_overlay("overlay2", "overlay", 2), "tapoverlay2", 3, OVERLAY),
    bound(
        _overlay("overlay3", "goverlay", 3), "tapoverlay3", 4, GUARDED_OVERLAY,
        guard=Guard(own_addresses(_overlay("overlay3", "goverlay", 3)), (1,)),
    ),
    bound(_overlay("overlay4", "loverlay", 4), "tapoverlay4", 5, LONE_OVERLAY),
)  # fmt: skip
REACHES = (
    Reach(
        "overlay",
        Everywhere((HOST2, HOST3), ((_remote(OVERLAY, HOST2, 10),), (_remote(OVERLAY, HOST3, 11),))),
        None,
        ((VIRTUAL_ROUTER.mac_address, (HOST2, HOST3)),),
        floods_unknown=True,
        has_ipv6=True,
    ),
    Reach("goverlay", Everywhere((HOST3,), ((_remote(GUARDED_OVERLAY, HOST3, 12),),)), has_ipv6=True),
    Reach("loverlay"),
)
TUNNEL_LINKS = {"patch-int": 1, "tun-vxlan": 2, "tun-gre": 3, "tun-geneve": 4}


def _plugged(*interfaces: str) -> dict[str, dict[str, int]]:
    ofports = {name: 2 + index for index, name in enumerate(interfaces)}
    return {"br-int": {**LINKS["br-int"], **ofports}, "br-eth2": LINKS["br-eth2"]}


SCENARIOS = {
    "idle": HostSnapshot("host1", LINKS),
    "seed": HostSnapshot("host1", _plugged("tap53903a95-82"), (NET1_HERE,), (VM1_HERE,)),
    "no-physical-bridge": HostSnapshot("host1", {"br-int": {}, "br-eth2": {"eth2": 1}}),
    "two-networks-and-flat": HostSnapshot(
        "host1",
        _plugged("tap53903a95-82", "tapvm2"),
        (NET1_HERE, NET2_HERE, FLAT_HERE),
        (VM1_HERE, bound(VM2, "tapvm2", 3, NET2_HERE)),
    ),
    "guarded": HostSnapshot(
        "host1",
        _plugged("tapguarded2", "tapguarded3", "tapguarded4", "tapunguarded", "tapvm2", "trunk"),
        (NET3_HERE, NET2_HERE),
        (*GUARDED_PORTS, UNGUARDED, bound(VM2, "tapvm2", 6, NET2_HERE)),
        trunks=("trunk",),
        policies=POLICIES,
    ),
    "tunnels": HostSnapshot(
        "host1",
        {
            **_plugged("tap53903a95-82", "tapoverlay2", "tapoverlay3", "tapoverlay4", "patch-tun"),
            "br-tun": TUNNEL_LINKS,
        },
        (NET1_HERE, OVERLAY, GUARDED_OVERLAY, LONE_OVERLAY),
        (VM1_HERE, *OVERLAY_PORTS),
        policies=POLICIES[:1],
        reaches=REACHES,
        tunnel_address=IPv4Address("192.0.2.1"),
        answers_nd=True,
    ),
}
