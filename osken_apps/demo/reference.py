"""What the reference shows: the values of its tables, its flows and its capture."""

NETWORK = {
    "admin_state_up": "True",
    "name": "net1",
    "provider:network_type": "vlan",
    "provider:physical_network": "default",
    "provider:segmentation_id": "1000",
    "shared": "False",
    "status": "ACTIVE",
    "subnets": "",
}
SUBNET = {
    "allocation_pools": "10.10.10.2-10.10.10.254",
    "cidr": "10.10.10.0/24",
    "dns_nameservers": "",
    "enable_dhcp": "True",
    "gateway_ip": "10.10.10.1",
    "host_routes": "",
    "ip_version": "4",
    "name": "",
}
VM_MAC = "fa:16:3e:fe:c7:87"
VM_ADDRESS = "10.10.10.2"
VM_TAG = 3
SERVER_ADDRESS = "10.10.10.3"
SERVER_TAG = 1
BR_ETH2_FLOWS = (
    "priority=4,in_port=2,dl_vlan=1 actions=mod_vlan_vid:1000,NORMAL",
    "priority=2,in_port=2 actions=drop",
    "priority=1 actions=NORMAL",
)
BR_INT_FLOWS = (
    "priority=3,in_port=1,dl_vlan=1000 actions=mod_vlan_vid:1,NORMAL",
    "priority=2,in_port=1 actions=drop",
    "priority=1 actions=NORMAL",
)
CAPTURE = (
    "IP 0.0.0.0.bootpc > 255.255.255.255.bootps: BOOTP/DHCP, Request from fa:16:3e:fe:c7:87, length 310",
    "IP 10.10.10.3.bootps > 10.10.10.2.bootpc: BOOTP/DHCP, Reply, length 325",
)
REQUEST = "0.0.0.0.68 > 255.255.255.255.67: BOOTP/DHCP, Request from fa:16:3e:fe:c7:87"
REPLY = "10.10.10.3.67 > 10.10.10.2.68: BOOTP/DHCP, Reply"

HOST1_ADDRESS = "192.0.2.1"  # for tunnels
ON_THE_WIRE = {"vxlan": "udp port 4789", "gre": "ip proto 47", "geneve": "udp port 6081"}


def network(tunnel: str) -> dict[str, str]:
    """Give the table of net1; over tunnels of a type it has the first id of these and no physical network."""
    if not tunnel:
        return NETWORK
    ours = {
        "provider:network_type": tunnel,
        "provider:physical_network": "None",
        "provider:segmentation_id": "1",
    }
    return NETWORK | ours


def tunnel_flows(link: int) -> tuple[str, ...]:
    """Give the flows of br-int where net1 is over tunnels: they come from port `link` tagged."""
    return (
        f"priority=3,in_port={link},dl_vlan=1 actions=NORMAL",
        f"priority=2,in_port={link} actions=drop",
        *BR_INT_FLOWS[1:],
    )
