"""Classless static routes on the wire. PURE.

Source: RFC 3442.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

from osken_apps.model.resources import HostRoute

ANY = IPv4Network("0.0.0.0/0")
ON_LINK = IPv4Address(
    "0.0.0.0"
)  # the router of a subnet that is on the same link (RFC 3442, "Local Subnet Routes")


def encode_routes(routes: Iterable[HostRoute]) -> bytes:
    """Encode option 121."""
    return b"".join(encode_route(route) for route in routes)


def encode_route(route: HostRoute) -> bytes:
    """Encode one entry of option 121: width, significant octets, router (RFC 3442)."""
    width = route.destination.prefixlen
    return bytes((width,)) + route.destination.network_address.packed[: _octets(width)] + route.nexthop.packed


def default_route(router: bytes) -> bytes:
    """Encode the default route through a router (4 octets)."""
    return encode_route(HostRoute(ANY, IPv4Address(router)))


def has_default_route(encoded: bytes) -> bool:
    """Tell whether an encoded option 121 of ours has a default route."""
    return any(width == 0 for width in _widths(encoded))


def _widths(encoded: bytes) -> Iterator[int]:
    offset = 0
    while offset < len(encoded):
        yield encoded[offset]
        offset += 1 + _octets(encoded[offset]) + 4


def _octets(width: int) -> int:
    return (width + 7) // 8
