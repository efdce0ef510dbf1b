"""Classless static routes, options 121 and 249: from a subnet or as text, completed, and as octets. PURE.

Owns their order: a client may be told the first ones alone, where a message has no room for all.
Source: RFC 3442; [MS-DHCPE] 2.2.8 for option 249, the same under an older number; Neutron's DHCP agent for
what a subnet's routes are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network

from osken_apps.dhcp.options import Option
from osken_apps.model.addresses import IPAddress
from osken_apps.model.dhcp_service import DhcpService
from osken_apps.model.resources import HostRoute, Subnet

ANY = IPv4Network("0.0.0.0/0")
ON_LINK = IPv4Address("0.0.0.0")  # the router of a subnet on the same link ("Local Subnet Routes")


def gateway_of(subnet: DhcpService | Subnet) -> IPAddress | None:
    """Give the gateway of a subnet; as in Neutron, a host route to everywhere stands in for one."""
    by_route = (route.nexthop for route in subnet.host_routes if not route.destination.prefixlen)
    return subnet.gateway_ip or next(by_route, None)


def subnet_routes(subnet: DhcpService | Subnet, other_cidrs: Iterable[IPv4Network]) -> bytes:
    """Encode the routes of a subnet but the default one, in no order; the other subnets are on the link."""
    on_link = [HostRoute(cidr, ON_LINK) for cidr in other_cidrs]
    routes = [route for route in subnet.host_routes if isinstance(route.destination, IPv4Network)]
    return encode_routes(on_link + [route for route in routes if route.destination != ANY])


def routes_of_items(items: Sequence[str]) -> bytes:
    """Encode destinations and routers that come in turn. Raises ValueError."""
    if len(items) % 2:
        raise ValueError("the routes are not pairs of destination and router")
    pairs = zip(items[::2], items[1::2], strict=True)
    return encode_routes(HostRoute(_destination(to), IPv4Address(through)) for to, through in pairs)


def _destination(text: str) -> IPv4Network:
    """Read a range whose slash is followed by the length of a prefix, or one address. Raises ValueError."""
    _, has_slash, length = text.partition("/")
    if has_slash and not (length.isascii() and length.isdigit()):
        raise ValueError(f"{text!r} has no length of a prefix behind its slash")
    return IPv4Network(text)


def completed_routes(options: Mapping[int, bytes]) -> dict[int, bytes]:
    """Give both options, as far as there are routes: with the router's default route inside, in order.

    A client that takes one of them ignores the router option. Option 249 is as 121 unless it has a value of
    its own; an empty one withholds it.
    """
    routes = options.get(Option.CLASSLESS_ROUTES, b"")
    both = {
        Option.CLASSLESS_ROUTES: routes,
        Option.MS_CLASSLESS_ROUTES: options.get(Option.MS_CLASSLESS_ROUTES, routes),
    }
    router = options.get(Option.ROUTER, b"")[:4]
    return {number: _in_order(_completed(encoded, router)) for number, encoded in both.items() if encoded}


def _completed(routes: bytes, router: bytes) -> bytes:
    if not router or has_default_route(routes):
        return routes
    return encode_route(HostRoute(ANY, IPv4Address(router))) + routes


def _in_order(encoded: bytes) -> bytes:
    """Put the default route first, then those over routers, then those on the link.

    A router that is not on the client's own subnet is reached by a route on the link: that goes before it.
    """
    routes = list(_each(encoded))
    on_link = {_prefix(route[1:-4], route[0]): route for route in routes if route.endswith(ON_LINK.packed)}
    widths = {width for width, _ in on_link}
    ordered: dict[bytes, None] = {}
    for route in sorted(routes, key=lambda route: (route[0] != 0, route.endswith(ON_LINK.packed))):
        to_router = (on_link.get(_prefix(route[-4:], width)) for width in widths)
        ordered |= dict.fromkeys(link for link in to_router if link)
        ordered[route] = None
    return b"".join(ordered)


def _prefix(address: bytes, width: int) -> tuple[int, int]:
    """Give what all addresses of a network begin with; octets of the address that lack are zero."""
    return width, int.from_bytes(address.ljust(4, b"\0"), "big") >> (32 - width)


def leading_routes(encoded: bytes, octets: int) -> bytes:
    """Give as many of the first routes as fit into so many octets."""
    end = 0
    for route in _each(encoded):
        if end + len(route) > octets:
            break
        end += len(route)
    return encoded[:end]


def encode_routes(routes: Iterable[HostRoute]) -> bytes:
    """Encode the value of option 121."""
    return b"".join(encode_route(route) for route in routes)


def encode_route(route: HostRoute) -> bytes:
    """Encode one entry: width, significant octets, router."""
    width = route.destination.prefixlen
    return bytes((width,)) + route.destination.network_address.packed[: _octets(width)] + route.nexthop.packed


def decode_routes(encoded: bytes) -> tuple[HostRoute, ...]:
    """Read an encoded option 121 of ours."""
    return tuple(
        HostRoute(IPv4Network((route[1:-4].ljust(4, b"\0"), route[0])), IPv4Address(route[-4:]))
        for route in _each(encoded)
    )


def has_default_route(encoded: bytes) -> bool:
    """Tell whether an encoded option 121 of ours has a default route."""
    return any(route[0] == 0 for route in _each(encoded))


def _each(encoded: bytes) -> Iterator[bytes]:
    """Give each encoded route."""
    offset = 0
    while offset < len(encoded):
        end = offset + 1 + _octets(encoded[offset]) + 4
        yield encoded[offset:end]
        offset = end


def _octets(width: int) -> int:
    return (width + 7) // 8
