"""Port security: what a guarded port may send from, and what its groups are. PURE."""

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from osken_apps.model.addresses import IPNetwork, MacAddress, host_network, network_of
from osken_apps.model.allocation import eui64_address
from osken_apps.model.resources import Port
from osken_apps.model.security_groups import SecurityGroupRule

LINK_LOCAL = IPv6Network("fe80::/64")


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """A MAC address with an address or a prefix that a port may send from with it."""

    mac_address: MacAddress
    network: IPNetwork


@dataclass(frozen=True, slots=True)
class Guard:
    """How a bound port is guarded: its own addresses, and the numbers of its groups, in order.

    `stateful`: who may speak may be answered. A port of no group sends and gets only what every machine
    needs.
    """

    addresses: tuple[OwnAddress, ...]
    groups: tuple[int, ...] = ()
    stateful: bool = True


@dataclass(frozen=True, slots=True)
class Member:
    """What a remote group has of a port: an address or prefix, or, for a port that may have any of a family,
    all of these from its MAC address alone.
    """

    network: IPNetwork
    mac_address: MacAddress | None = None


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class GroupPolicy:
    """The rules of a group, and the members of the groups and address groups that they name, by id.

    All hosts that need it share one, until something of it changes; then there is another one.
    """

    number: int
    rules: tuple[SecurityGroupRule, ...]
    members: dict[str, frozenset[Member]]


def is_guarded(port: Port) -> bool:
    """Tell whether what a port sends and gets is looked at: not of one of the network itself."""
    return port.port_security_enabled and not port.is_of_network


def link_local(address: MacAddress) -> IPv6Address:
    """Give the IPv6 link-local address that follows from a MAC address (RFC 4291, 2.5.6)."""
    return eui64_address(LINK_LOCAL, address)


def own_addresses(port: Port) -> tuple[OwnAddress, ...]:
    """Give what a port may send from: its addresses, its pairs, and the link-local addresses of its MACs."""
    own = _pairs(port)
    macs = {port.mac_address, *(pair.mac_address for pair in own)}
    own |= {OwnAddress(mac, host_network(link_local(mac))) for mac in macs}
    return tuple(sorted(own, key=_position))


def members_of(port: Port) -> frozenset[Member]:
    """Give what a port is in the groups that it belongs to."""
    return frozenset(
        Member(pair.network, None if pair.network.prefixlen else pair.mac_address) for pair in _pairs(port)
    )


def _pairs(port: Port) -> set[OwnAddress]:
    fixed = {OwnAddress(port.mac_address, host_network(fixed.ip_address)) for fixed in port.fixed_ips}
    pairs = port.allowed_address_pairs
    return fixed | {OwnAddress(pair.mac_address, network_of(pair.ip_address)) for pair in pairs}


def _position(own: OwnAddress) -> tuple[int, int, int, int]:
    network = own.network
    return int(own.mac_address), network.version, int(network.network_address), network.prefixlen
