"""Address types of the model: IP addresses from `ipaddress`, MAC addresses from `netaddr`. PURE.

Text is accepted and produced at the edges only; inside, an address is one of these objects.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from netaddr import EUI, AddrFormatError, mac_unix_expanded

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network
MacAddress = EUI

SITE_BITS = 64  # the least that one network has of IPv6, and one machine may use all of it


def mac_address(value: str | int) -> MacAddress:
    """Make a MAC address that prints as `fa:16:3e:00:00:01`.

    Raises ValueError for anything that is not a 48-bit address.
    """
    try:
        return EUI(value, version=48, dialect=mac_unix_expanded)
    except (AddrFormatError, TypeError) as error:
        raise ValueError(f"{value!r} is not a MAC address") from error


def network_of(prefix: str) -> IPNetwork:
    """Make the network of a prefix, whose host bits are cleared. Raises ValueError for text that is none."""
    return ip_network(prefix, strict=False)


def host_network(address: IPAddress) -> IPNetwork:
    """Give the network that is this address alone; made of a number, as text is read far slower."""
    if isinstance(address, IPv4Address):
        return IPv4Network((int(address), 32))
    return IPv6Network((int(address), 128))


def plain_address(text: str) -> IPAddress:
    """Read a peer's address; a socket that listens on `::` shows one of IPv4 as ::ffff:a.b.c.d.

    Raises ValueError.
    """
    address = ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def share_of(address: str) -> str:
    """Give what one peer's addresses have in common: of IPv6 the first 64 bits; what is none stays."""
    try:
        plain = plain_address(address)
    except ValueError:
        return address
    if isinstance(plain, IPv4Address):
        return str(plain)
    return str(IPv6Network((int(plain), SITE_BITS), strict=False))


def is_unicast(address: MacAddress) -> bool:
    """Tell whether the address can belong to one interface (group bit clear, not all zero)."""
    number = int(address)
    return number != 0 and not number >> 40 & 1
