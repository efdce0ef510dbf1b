"""Who is who in the DHCP benchmark, the same for every system; `load.c` knows the same numbers."""

from ipaddress import IPv4Address, IPv4Network

SUBNET = IPv4Network("10.16.0.0/16")
GATEWAY = SUBNET[1]
SERVER = SUBNET[2]
SERVER_MAC = "02:01:00:00:00:02"
FIRST_ADDRESS = IPv4Address("10.16.16.0")
DNS_SERVER = IPv4Address("192.0.2.53")
DOMAIN = "openstacklocal"
MTU = 1450
LEASE_TIME_S = 86400
LOCAL_VLAN = 1


def mac(client: int) -> str:
    """Give the MAC address of a client."""
    octets = bytes([2, 0]) + client.to_bytes(4, "big")
    return octets.hex(":")


def address(client: int) -> IPv4Address:
    """Give the address that a client is to get."""
    return FIRST_ADDRESS + client
