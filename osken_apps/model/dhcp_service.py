"""What the DHCP of a port depends on: of the port, its network, its subnet and the server. PURE."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from osken_apps.model.addresses import IPAddress, IPNetwork, MacAddress
from osken_apps.model.resources import ExtraDhcpOption, HostRoute, Network, Port, Subnet


@dataclass(frozen=True, slots=True)
class DhcpServer:
    """A network's DHCP server: its MAC address and its IPv4 addresses."""

    mac_address: MacAddress
    addresses: tuple[IPv4Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DhcpService:
    """The DHCP service of a port: what it may be told, and the server that tells it.

    `address` is the one that is told, `addresses` are all of the port. `server` is None until the network's
    DHCP port exists, `server_address` as long as that has none on the subnet. `other_cidrs` are those of the
    network's other IPv4 subnets, with DHCP or without: they are on the link, too.
    """

    mac_address: MacAddress
    address: IPv4Address
    addresses: tuple[IPv4Address, ...]
    host_name: str
    extra_dhcp_opts: tuple[ExtraDhcpOption, ...]
    mtu: int
    dns_domain: str
    cidr: IPNetwork
    gateway_ip: IPAddress | None
    dns_nameservers: tuple[IPAddress, ...]
    host_routes: tuple[HostRoute, ...]
    server: DhcpServer | None
    server_address: IPv4Address | None
    other_cidrs: tuple[IPv4Network, ...] = ()


def serves_dhcp(subnets: Iterable[Subnet]) -> bool:
    """Tell whether a network of these subnets has a DHCP server for IPv4."""
    return any(subnet.enable_dhcp and subnet.ip_version == 4 for subnet in subnets)


def dhcp_server(server: Port | None) -> DhcpServer | None:
    """Give what the port of a DHCP server says of it."""
    return DhcpServer(server.mac_address, _ipv4_addresses(server)) if server else None


def dhcp_service(
    port: Port, network: Network, subnets: Mapping[str, Subnet], server: Port | None
) -> DhcpService | None:
    """Give the service of a port, if it has an IPv4 address that DHCP serves."""
    served = served_address(port, subnets)
    if served is None:
        return None
    address, subnet = served
    return _service(port, address, network, subnet, server, other_cidrs(subnet, subnets.values()))


def served_address(port: Port, subnets: Mapping[str, Subnet]) -> tuple[IPv4Address, Subnet] | None:
    """Choose the IPv4 address of a port that DHCP serves, and its subnet: the first on one with DHCP."""
    for fixed_ip in port.fixed_ips:
        subnet = subnets.get(fixed_ip.subnet_id)
        if subnet and subnet.enable_dhcp and isinstance(fixed_ip.ip_address, IPv4Address):
            return fixed_ip.ip_address, subnet
    return None


def subnets_on_link(port: Port, subnets: Iterable[Subnet]) -> set[str]:
    """Give the ids of the subnets of a port's network that its machine reaches without a router.

    These are its own and, where DHCP serves it, all of IPv4: it is told of them (`other_cidrs`).
    """
    own = {fixed_ip.subnet_id for fixed_ip in port.fixed_ips}
    known = {subnet.id: subnet for subnet in subnets}
    if served_address(port, known) is None:
        return own
    return own | {subnet.id for subnet in known.values() if subnet.ip_version == 4}


def _service(
    port: Port,
    address: IPv4Address,
    network: Network,
    subnet: Subnet,
    server: Port | None,
    other_cidrs: tuple[IPv4Network, ...],
) -> DhcpService:
    return DhcpService(
        mac_address=port.mac_address,
        address=address,
        addresses=_ipv4_addresses(port),
        host_name=port.host_name(address),
        extra_dhcp_opts=port.extra_dhcp_opts,
        mtu=network.mtu,
        dns_domain=network.dns_domain,
        cidr=subnet.cidr,
        gateway_ip=subnet.gateway_ip,
        dns_nameservers=subnet.dns_nameservers,
        host_routes=subnet.host_routes,
        server=dhcp_server(server),
        server_address=_address_on(server, subnet.id) if server else None,
        other_cidrs=other_cidrs,
    )


def _ipv4_addresses(port: Port) -> tuple[IPv4Address, ...]:
    addresses = (fixed_ip.ip_address for fixed_ip in port.fixed_ips)
    return tuple(address for address in addresses if isinstance(address, IPv4Address))


def other_cidrs(subnet: Subnet, subnets: Iterable[Subnet]) -> tuple[IPv4Network, ...]:
    """Give the ranges of IPv4 subnets but that of one of them."""
    cidrs = {it.cidr for it in subnets if isinstance(it.cidr, IPv4Network)}
    return tuple(sorted(cidrs - {subnet.cidr}))


def _address_on(port: Port, subnet_id: str) -> IPv4Address | None:
    for fixed_ip in port.fixed_ips:
        if fixed_ip.subnet_id == subnet_id and isinstance(fixed_ip.ip_address, IPv4Address):
            return fixed_ip.ip_address
    return None
