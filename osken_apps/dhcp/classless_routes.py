"""Classless static routes, options 121 and 249: from a subnet or as text, completed, and as octets. PURE.

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
    by_route = (route.nexthop for route in subnet.host_routes if route.destination == ANY)
    return subnet.gateway_ip or next(by_route, None)


def subnet_routes(service: DhcpService) -> bytes:
    """Encode the routes of a subnet but the default one.

    What is on the link comes first, so that the routers of the host routes can be reached.
    """
    on_link = [HostRoute(cidr, ON_LINK) for cidr in service.other_cidrs]
    routes = [route for route in service.host_routes if isinstance(route.destination, IPv4Network)]
    return encode_routes(on_link + [route for route in routes if route.destination != ANY])


def routes_of_items(items: Sequence[str]) -> bytes:
    """Encode destinations and routers that come in turn. Raises ValueError."""
    if len(items) % 2:
        raise ValueError("the routes are not pairs of destination and router")
    pairs = zip(items[::2], items[1::2], strict=True)
    return encode_routes(HostRoute(IPv4Network(to), IPv4Address(through)) for to, through in pairs)


def completed_routes(options: Mapping[int, bytes]) -> dict[int, bytes]:
    """Give both options, as far as there are routes: with the router's default route inside.

    A client that takes one of them ignores the router option. Option 249 is as 121 unless it has a value of
    its own; an empty one withholds it.
    """
    routes = options.get(Option.CLASSLESS_ROUTES, b"")
    both = {
        Option.CLASSLESS_ROUTES: routes,
        Option.MS_CLASSLESS_ROUTES: options.get(Option.MS_CLASSLESS_ROUTES, routes),
    }
    router = options.get(Option.ROUTER, b"")[:4]
    return {number: _completed(encoded, router) for number, encoded in both.items() if encoded}


def _completed(routes: bytes, router: bytes) -> bytes:
    if not router or has_default_route(routes):
        return routes
    return routes + encode_route(HostRoute(ANY, IPv4Address(router)))


def encode_routes(routes: Iterable[HostRoute]) -> bytes:
    """Encode the value of option 121."""
    return b"".join(encode_route(route) for route in routes)


def encode_route(route: HostRoute) -> bytes:
    """Encode one entry: width, significant octets, router."""
    width = route.destination.prefixlen
    return bytes((width,)) + route.destination.network_address.packed[: _octets(width)] + route.nexthop.packed


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
