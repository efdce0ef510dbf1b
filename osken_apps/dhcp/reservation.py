"""A port's reservation: the address that is its client's, by which server, and what it is told with it. PURE.

Owns where each option comes from: the configuration, the network, the subnet, the port, later ones winning
option by option. Knows nothing of a request. Made once for a port and used for all its requests.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network

from osken_apps.dhcp.classless_routes import (
    ANY,
    completed_routes,
    decode_routes,
    gateway_of,
    has_default_route,
    subnet_routes,
)
from osken_apps.dhcp.conditional_options import ConditionalOptions, conditional_options
from osken_apps.dhcp.configured_options import ConfiguredOptions, configured_options
from osken_apps.dhcp.decision import SilenceReason
from osken_apps.dhcp.dnsmasq_values import MAX_MTU, MIN_MTU
from osken_apps.dhcp.extra_dhcp_opts import ExtraOption, exceeds_mtu, option_number, parse_extra_dhcp_opt
from osken_apps.dhcp.options import Option, encode_option
from osken_apps.errors import InvalidDhcpOption
from osken_apps.model.addresses import MacAddress
from osken_apps.model.dhcp_service import DhcpService, other_cidrs, served_address
from osken_apps.model.resources import MAX_EXTRA_DHCP_OPTS, ExtraDhcpOption, HostRoute, Port, Subnet

#: The options that give a client a default route.
DEFAULT_ROUTE = frozenset({Option.ROUTER, Option.CLASSLESS_ROUTES})
#: Longer prefixes have no broadcast address (RFC 3021 section 2.2): their last one is a machine's.
MAX_BROADCAST_BITS = 30
NO_DNS_SERVER = IPv4Address("0.0.0.0")  # Neutron: a subnet that names only this has no DNS server


@dataclass(frozen=True, slots=True)
class Defaults:
    """What every client is told unless its network, subnet or port says otherwise."""

    lease_time_s: int
    domain: str
    dns_servers: tuple[IPv4Address, ...]


NOTHING_CONDITIONAL = conditional_options(())


@dataclass(frozen=True, slots=True)
class Reservation:
    """A client, by its MAC address, and what it is given and told. Addresses are numbers, as in a message.

    `addresses` are all of the port. An address `in_conflict` was declined by the client, and is not offered.
    `configured` and `host_name` (encoded) are what every client may be told, unless there are `conditional`
    options: those are put among `options` for each client.
    """

    mac: bytes
    address: int
    ip_address: IPv4Address
    addresses: frozenset[int]
    subnet: IPv4Network
    server_mac: bytes
    server_id: int
    server_id_option: bytes
    server_addresses: frozenset[int]
    mtu: int
    in_conflict: bool
    host_name: bytes
    configured: ConfiguredOptions | None
    options: Mapping[int, bytes]
    conditional: ConditionalOptions


def reservation_of(
    service: DhcpService | None, defaults: Defaults, *, in_conflict: bool = False, default_route: bool = True
) -> Reservation | SilenceReason:
    """Work out the reservation of a port, or why it has none.

    `service` is None for a port without an IPv4 address; `default_route` is False for a second NIC (see
    `default_route_port`).
    """
    if service is None:
        return SilenceReason.NO_ADDRESS
    server, server_id = service.server, service.server_address
    if server is None or server_id is None or not isinstance(service.cidr, IPv4Network):
        return SilenceReason.NO_SERVER
    # The MTU of the network may be less than when the options were set.
    extras = [extra for extra in _extras(service.extra_dhcp_opts) if not exceeds_mtu(extra, service.mtu)]
    options = _options(service, defaults, default_route, extras)
    special = [extra for extra in extras if extra.conditions or extra.container]
    return Reservation(
        mac=mac_octets(service.mac_address),
        address=int(service.address),
        ip_address=service.address,
        addresses=_numbers(service.addresses),
        subnet=service.cidr,
        server_mac=mac_octets(server.mac_address),
        server_id=int(server_id),
        server_id_option=encode_option(Option.SERVER_ID, server_id.packed),
        server_addresses=_numbers(server.addresses),
        mtu=service.mtu,
        in_conflict=in_conflict,
        host_name=encode_option(Option.HOST_NAME, options[Option.HOST_NAME]),
        configured=None if special else configured_options(_without_host_name(options)),
        options=options if special else {},
        conditional=conditional_options(special) if special else NOTHING_CONDITIONAL,
    )


def default_route_port(nics: Iterable[Port], subnets: Mapping[str, Subnet]) -> str | None:
    """Give the id of the port that a machine has its default route by: the first that is told one, if any.

    `nics` are the ports of the machine. First is the one created first. A later NIC is given a default route
    by asking for it: `extra_dhcp_opts` with `router`.
    """
    told = (nic.id for nic in sorted(nics, key=_age) if _tells_default_route(nic, subnets))
    return next(told, None)


def _age(port: Port) -> tuple[datetime, str]:
    return port.created_at or datetime.min.replace(tzinfo=UTC), port.id


def _tells_default_route(port: Port, subnets: Mapping[str, Subnet]) -> bool:
    """Tell whether every client of a port is told a default route, were it a machine's only port."""
    served = served_address(port, subnets)
    if served is None:
        return False
    own = {extra.number: extra.value for extra in _extras(_of_default_route(port.extra_dhcp_opts))}
    routes = own.get(Option.CLASSLESS_ROUTES)
    if own.get(Option.ROUTER) or (routes and has_default_route(routes)):
        return True
    return Option.ROUTER not in own and gateway_of(served[1]) is not None


def told_routes(
    port: Port, subnets: Mapping[str, Subnet], takes_default_route: bool
) -> tuple[HostRoute, ...]:
    """Give the routes that every client of a port is told, its default route among them.

    `subnets` are those of its network. A nexthop of 0.0.0.0 says that a destination is on the link.
    """
    served = served_address(port, subnets)
    if served is None:
        return ()
    _, subnet = served
    gateway = gateway_of(subnet) if takes_default_route else None
    options = {
        Option.ROUTER: gateway.packed if gateway else b"",
        Option.CLASSLESS_ROUTES: subnet_routes(subnet, other_cidrs(subnet, subnets.values())),
    }
    for extra in _extras(_of_default_route(port.extra_dhcp_opts)):
        set_option(extra, options)
    routes = completed_routes(options).get(Option.CLASSLESS_ROUTES)
    if routes or not options[Option.ROUTER]:
        return decode_routes(routes or b"")
    return (HostRoute(ANY, IPv4Address(options[Option.ROUTER][:4])),)


def _of_default_route(opts: Iterable[ExtraDhcpOption]) -> tuple[ExtraDhcpOption, ...]:
    """Choose those that say, under no condition, whether there is a default route.

    Only these are read: a machine may have hundreds of ports with dozens of options each.
    """
    return tuple(opt for opt in opts if "," not in opt.opt_name and _number_of(opt) in DEFAULT_ROUTE)


def _number_of(opt: ExtraDhcpOption) -> int | None:
    try:
        return option_number(opt.opt_name.strip())
    except ValueError:
        return None


def mac_octets(address: MacAddress) -> bytes:
    """Give a MAC address as it is on the wire."""
    return int(address).to_bytes(6, "big")


def _numbers(addresses: Iterable[IPv4Address]) -> frozenset[int]:
    return frozenset(map(int, addresses))


def _extras(opts: tuple[ExtraDhcpOption, ...]) -> list[ExtraOption]:
    """Give a port's own options.

    What the API would refuse today, but let through before, is left out: one option must not cost the lease,
    and thousands must not cost the time of others.
    """
    extras = []
    for opt in opts[:MAX_EXTRA_DHCP_OPTS]:
        try:
            extras += [parse_extra_dhcp_opt(opt)] if opt.ip_version == 4 else []
        except InvalidDhcpOption:
            continue
    return [extra for extra in extras if extra.number != Option.CLIENT_ID or extra.container]


def _options(
    service: DhcpService, defaults: Defaults, default_route: bool, extras: list[ExtraOption]
) -> dict[int, bytes]:
    """Give what every client of the port may be told; defaults, network, subnet, port, later ones winning."""
    options = _defaults(defaults) | _of_network(service) | _of_subnet(service, default_route)
    options[Option.HOST_NAME] = service.host_name.encode()
    for extra in extras:
        if not extra.conditions and not extra.container:
            set_option(extra, options)
    return options


def _without_host_name(options: Mapping[int, bytes]) -> dict[int, bytes]:
    return {number: value for number, value in options.items() if number != Option.HOST_NAME}


def set_option(extra: ExtraOption, options: dict[int, bytes]) -> None:
    """Put an option among others; one that is withheld is empty, and so is neither told nor made up."""
    options[extra.number] = extra.value or b""


def _defaults(defaults: Defaults) -> dict[int, bytes]:
    options: dict[int, bytes] = {Option.LEASE_TIME: defaults.lease_time_s.to_bytes(4, "big")}
    servers = [server.packed for server in defaults.dns_servers if server != NO_DNS_SERVER]
    if servers:
        options[Option.DNS_SERVER] = b"".join(servers)
    if defaults.domain:
        options[Option.DOMAIN_NAME] = defaults.domain.encode()
    return options


def _of_network(service: DhcpService) -> dict[int, bytes]:
    options: dict[int, bytes] = {}
    if service.mtu >= MIN_MTU:
        options[Option.MTU] = min(service.mtu, MAX_MTU).to_bytes(2, "big")
    if domain := service.dns_domain.rstrip("."):
        options[Option.DOMAIN_NAME] = domain.encode()
    return options


def _of_subnet(service: DhcpService, default_route: bool) -> dict[int, bytes]:
    options: dict[int, bytes] = {Option.SUBNET_MASK: service.cidr.netmask.packed}
    if service.cidr.prefixlen <= MAX_BROADCAST_BITS:
        options[Option.BROADCAST] = service.cidr.broadcast_address.packed
    servers = [server for server in service.dns_nameservers if isinstance(server, IPv4Address)]
    if servers:
        named = (server.packed for server in servers if server != NO_DNS_SERVER)
        options[Option.DNS_SERVER] = b"".join(named)
    if default_route and (gateway := gateway_of(service)):
        options[Option.ROUTER] = gateway.packed
    if routes := subnet_routes(service, service.other_cidrs):
        options[Option.CLASSLESS_ROUTES] = routes
    return options
