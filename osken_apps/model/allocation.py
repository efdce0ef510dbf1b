"""What is given out to networks, subnets and ports: ids, pools, addresses, MACs. PURE.

Every function takes what is already taken and says what comes next; that two callers never get the
same is the store's business. The rules are Neutron's.
"""

from collections.abc import Iterable
from ipaddress import IPv6Address, IPv6Network

from osken_apps.model.addresses import IPAddress, IPNetwork, MacAddress, mac_address
from osken_apps.model.resources import AllocationPool

MAC_PREFIX = 0xFA163E000000
MAC_RANDOM_BITS = 24
UNIVERSAL_BIT = 1 << 57


def first_free(first: int, last: int, taken: Iterable[int]) -> int | None:
    """Give the lowest number of `first`..`last` that is not in `taken` (ascending), or None."""
    candidate = first
    for number in taken:
        if number > candidate:
            break
        candidate = max(candidate, number + 1)
    return candidate if candidate <= last else None


def default_gateway(cidr: IPNetwork) -> IPAddress | None:
    """Give the gateway of a subnet that names none: its first address; of IPv6 the prefix itself.

    Of a /32 it is the address behind the subnet's only one. None behind the last address that there is.
    """
    if cidr.version == 6:
        return cidr.network_address
    number = int(cidr.network_address) + 1
    return None if number >> cidr.max_prefixlen else type(cidr.network_address)(number)


def host_bounds(cidr: IPNetwork) -> tuple[int, int]:
    """Give the first and the last address that a machine may have.

    All but the network's and, of IPv4, the broadcast address; a /31 has neither (RFC 3021), a single address
    is a host's.
    """
    first, last = int(cidr.network_address), int(cidr.broadcast_address)
    if first == last or (cidr.version == 4 and cidr.prefixlen > 30):
        return first, last
    return first + 1, last - (cidr.version == 4)


def default_pools(cidr: IPNetwork, gateway_ip: IPAddress | None) -> tuple[AllocationPool, ...]:
    """Give every host address of the subnet but the gateway, as pools split around it."""
    address = type(cidr.network_address)
    first, last = host_bounds(cidr)
    if cidr.num_addresses == 1 or gateway_ip is None or not first <= int(gateway_ip) <= last:
        return (AllocationPool(address(first), address(last)),)
    halves = ((first, int(gateway_ip) - 1), (int(gateway_ip) + 1, last))
    return tuple(AllocationPool(address(start), address(end)) for start, end in halves if start <= end)


def generated_mac(random_bits: int) -> MacAddress:
    """Make the MAC address `fa:16:3e:…` that ends in the 24 bits given."""
    return mac_address(MAC_PREFIX | random_bits & (1 << MAC_RANDOM_BITS) - 1)


def eui64_address(prefix: IPv6Network, mac: MacAddress) -> IPv6Address:
    """Derive the IPv6 address that a machine gives itself in a /64 (RFC 4291, appendix A)."""
    number = int(mac)
    interface = (number >> 24) << 40 | 0xFFFE << 24 | number & 0xFFFFFF
    return IPv6Address(int(prefix.network_address) + (interface ^ UNIVERSAL_BIT))
