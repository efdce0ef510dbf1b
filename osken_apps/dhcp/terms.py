"""The terms of service of a port: everything about it and its network that answers depend on. PURE.

Owns where each option comes from: the configuration, the network, the subnet, the port, later ones winning
option by option. Knows nothing of a request. Made once for a port and used for all its requests.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from osken_apps.dhcp.options import Option
from osken_apps.model.addresses import MacAddress
from osken_apps.model.resources import HostRoute, Port, Subnet
from osken_apps.model.snapshot import DhcpService

INFINITE_S = 0xFFFFFFFF
ANY = IPv4Network("0.0.0.0/0")
NO_DNS_SERVER = IPv4Address("0.0.0.0")  # Neutron: a subnet that names only this has no DNS server


@dataclass(frozen=True, slots=True)
class Defaults:
    """What every client is told unless its network, subnet or port says otherwise."""

    lease_time_s: int
    domain: str
    dns_servers: tuple[IPv4Address, ...]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What stands beside a port's service: a declined address, and whether its default route is for it."""

    in_conflict: bool = False
    default_route: bool = True


USUAL = Circumstances()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a port may be told, and by whom. `options` hold what every client of the port may ask for."""

    mac: bytes
    address: IPv4Address
    addresses: frozenset[IPv4Address]
    subnet: IPv4Network
    server_mac: bytes
    server_id: IPv4Address
    server_addresses: frozenset[IPv4Address]
    mtu: int
    in_conflict: bool
    options: Mapping[int, bytes]


def terms_of(service: DhcpService, defaults: Defaults, circumstances: Circumstances) -> Terms | None:
    """Work out the terms of a port; None while its network has no server on the subnet."""
    server, server_id = service.server, service.server_address
    if server is None or server_id is None or not isinstance(service.subnet.cidr, IPv4Network):
        return None
    return Terms(
        mac=mac_octets(service.port.mac_address),
        address=service.address,
        addresses=_ipv4_addresses(service.port),
        subnet=service.subnet.cidr,
        server_mac=mac_octets(server.mac_address),
        server_id=server_id,
        server_addresses=_ipv4_addresses(server),
        mtu=service.network.mtu,
        in_conflict=circumstances.in_conflict,
        options=_options(service, defaults, circumstances),
    )


def mac_octets(address: MacAddress) -> bytes:
    """Give a MAC address as it is on the wire."""
    return int(address).to_bytes(6, "big")


def _ipv4_addresses(port: Port) -> frozenset[IPv4Address]:
    addresses = (fixed_ip.ip_address for fixed_ip in port.fixed_ips)
    return frozenset(address for address in addresses if isinstance(address, IPv4Address))


def _options(service: DhcpService, defaults: Defaults, circumstances: Circumstances) -> dict[int, bytes]:
    subnet, cidr = service.subnet, service.subnet.cidr
    domain = service.network.dns_domain.rstrip(".") or defaults.domain
    options = {Option.SUBNET_MASK: cidr.netmask.packed}
    options |= _routes(subnet, circumstances.default_route)
    if servers := _dns_servers(subnet, defaults):
        options[Option.DNS_SERVER] = b"".join(server.packed for server in servers)
    options[Option.HOST_NAME] = host_name(service.port, service.address).encode()
    if domain:
        options[Option.DOMAIN_NAME] = domain.encode()
    options[Option.MTU] = service.network.mtu.to_bytes(2, "big")
    options[Option.BROADCAST] = cidr.broadcast_address.packed
    lease = defaults.lease_time_s
    return {int(number): value for number, value in (options | lease_times(lease)).items()}


def lease_times(lease_time_s: int) -> dict[Option, bytes]:
    """Give lease time, T1 (half of it) and T2 (seven eighths), RFC 2131 section 4.4.5."""
    if lease_time_s == INFINITE_S:
        times = (INFINITE_S, INFINITE_S, INFINITE_S)
    else:
        times = (lease_time_s, lease_time_s // 2, lease_time_s * 7 // 8)
    names = (Option.LEASE_TIME, Option.RENEWAL_TIME, Option.REBINDING_TIME)
    return {name: time_s.to_bytes(4, "big") for name, time_s in zip(names, times, strict=True)}


def host_name(port: Port, address: IPv4Address) -> str:
    """Name a machine by its port's DNS name, else by its address, as Neutron does."""
    return port.dns_name.partition(".")[0] or f"host-{str(address).replace('.', '-')}"


def _dns_servers(subnet: Subnet, defaults: Defaults) -> list[IPv4Address]:
    named = [server for server in subnet.dns_nameservers if isinstance(server, IPv4Address)]
    return [server for server in named or defaults.dns_servers if server != NO_DNS_SERVER]


def _routes(subnet: Subnet, default_route: bool) -> dict[Option, bytes]:
    """Give router and static routes.

    A client that takes option 121 ignores the router (RFC 3442), so the default route is in it again; without
    static routes there is no option 121, as Neutron does it.
    """
    gateway = subnet.gateway_ip
    routes = [route for route in subnet.host_routes if isinstance(route.destination, IPv4Network)]
    if gateway is None:
        gateway = next((route.nexthop for route in routes if route.destination == ANY), None)
    routes = [route for route in routes if route.destination != ANY]
    options: dict[Option, bytes] = {}
    if not default_route or not isinstance(gateway, IPv4Address):
        gateway = None
    else:
        options[Option.ROUTER] = gateway.packed
    if routes:
        if gateway:
            routes.append(HostRoute(ANY, gateway))
        encoded = encode_routes(routes)
        options |= {Option.CLASSLESS_ROUTES: encoded, Option.MS_CLASSLESS_ROUTES: encoded}
    return options


def encode_routes(routes: Iterable[HostRoute]) -> bytes:
    """Encode option 121."""
    return b"".join(encode_route(route) for route in routes)


def encode_route(route: HostRoute) -> bytes:
    """Encode one entry of option 121: width, significant octets, router (RFC 3442)."""
    width = route.destination.prefixlen
    significant = route.destination.network_address.packed[: (width + 7) // 8]
    return bytes((width,)) + significant + route.nexthop.packed
