"""The scenarios whose flows stand in `flows/`: the reference's walk, and what else a host can have."""

from ipaddress import IPv4Address, IPv4Network

from osken_apps.model.addresses import mac_address
from osken_apps.model.resources import FixedIp, Network, NetworkType, Port, Subnet
from osken_apps.model.snapshot import BoundPort, HostSnapshot, Layout, Segment, dhcp_service

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
)
NET1_HERE = Segment("net1", "default", 1000, local_vlan=1)
VM1_HERE = BoundPort(
    VM1, "tap53903a95-82", 2, NET1_HERE, True, dhcp_service(VM1, NET1, {"subnet1": SUBNET1}, SERVER1), SERVER1
)

NET2 = Network(id="net2", project_id="p", name="net2", physical_network="default", segmentation_id=1001)
VM2 = Port(id="vm2", project_id="p", network_id="net2", mac_address=mac_address("fa:16:3e:00:00:02"))
NET2_HERE = Segment("net2", "default", 1001, local_vlan=2)

FLAT = Network(
    id="flat", project_id="p", name="flat", network_type=NetworkType.FLAT, physical_network="default"
)
FLAT_HERE = Segment("flat", "default", None, local_vlan=3)


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
        (VM1_HERE, BoundPort(VM2, "tapvm2", 3, NET2_HERE)),
    ),
}
