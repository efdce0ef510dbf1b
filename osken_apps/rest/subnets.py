"""Subnets: their attributes, what a request of one means, and who may make it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from osken_apps.errors import DNSNameServersExhausted, HostRoutesExhausted, InvalidInput
from osken_apps.model.addresses import IPNetwork
from osken_apps.model.kind import KINDS
from osken_apps.model.resources import AllocationPool, HostRoute, Network, Subnet
from osken_apps.networking import subnets
from osken_apps.networking.state import State
from osken_apps.networking.subnets import NewSubnet, SubnetRequest
from osken_apps.rest.address_types import ADDRESS, CIDR, parse_cidr
from osken_apps.rest.attribute import NAME, Attribute, nothing, standard
from osken_apps.rest.collection import Around, Collection, request_of
from osken_apps.rest.rules import MEMBER, NETWORK_OWNER, NETWORK_READER, READER
from osken_apps.rest.types import BOOLEAN, UUID, choice, list_of, not_null, optional, parse_integer, record
from osken_apps.rest.validation import Values
from osken_apps.store.selection import Among

MAX_POOLS = 64
MAX_DNS_SERVERS = 5
MAX_HOST_ROUTES = 20
MAX_SERVICE_TYPES = 20


def _parse_own_cidr(value: Any) -> IPNetwork:
    """Take a subnet's range, which Neutron converts before it looks at it. Raises InvalidInput."""
    try:
        return parse_cidr(value)
    except ValueError:
        raise InvalidInput(f"{value} is not in a CIDR format") from None


OWN_CIDR = replace(CIDR, parse=_parse_own_cidr, filter_schema=CIDR.schema)
POOL = record({"start": ADDRESS, "end": ADDRESS}, ("start", "end"), AllocationPool)
ROUTE = record({"destination": CIDR, "nexthop": ADDRESS}, ("destination", "nexthop"), HostRoute)
IPV6_MODE = not_null(choice("dhcpv6-stateful", "dhcpv6-stateless", "slaac"))

ATTRIBUTES = (
    *standard(),
    Attribute("network_id", UUID, put=False, required=True, filter=True, sort=True, column="network_id"),
    Attribute(
        "ip_version", choice(4, 6, convert=parse_integer), put=False, required=True, filter=True, sort=True
    ),
    Attribute("cidr", OWN_CIDR, put=False, required=True, filter=True, sort=True, column="cidr"),
    Attribute("gateway_ip", optional(ADDRESS), filter=True, sort=True),
    Attribute("allocation_pools", list_of(POOL, MAX_POOLS, unique=False, null=False)),
    Attribute(
        "dns_nameservers", list_of(ADDRESS, MAX_DNS_SERVERS, too_many=DNSNameServersExhausted), default=()
    ),
    Attribute("host_routes", list_of(ROUTE, MAX_HOST_ROUTES, too_many=HostRoutesExhausted), default=()),
    Attribute("enable_dhcp", BOOLEAN, default=True, filter=True, sort=True),
    Attribute("ipv6_ra_mode", IPV6_MODE, put=False, filter=True, sort=True),
    Attribute("ipv6_address_mode", IPV6_MODE, put=False, filter=True, sort=True),
    Attribute("service_types", list_of(NAME, MAX_SERVICE_TYPES), default=()),
    Attribute("subnetpool_id", optional(UUID), default=None, put=False, filter=True, sort=True, get=nothing),
    Attribute(
        "router:external",
        BOOLEAN,
        post=False,
        put=False,
        filter=True,
        get=lambda subnet, context: subnet.network_id in context.external_networks,
    ),
    Attribute(
        "shared",
        BOOLEAN,
        post=False,
        put=False,
        filter=True,
        hidden=True,
        get=lambda subnet, context: subnet.network_id in context.shared_networks,
    ),
)

POLICY = {
    "create_subnet": NETWORK_OWNER,
    "get_subnet": f"{READER} or rule:network_shared or rule:network_external or {NETWORK_READER}",
    "update_subnet": f"{MEMBER} or {NETWORK_OWNER}",
    "delete_subnet": f"{MEMBER} or {NETWORK_OWNER}",
}


def _create(state: State, project_id: str, values: Values, _around: Around) -> Subnet:
    new = request_of(NewSubnet, ATTRIBUTES, values)
    return subnets.create(state, project_id, new, request_of(SubnetRequest, ATTRIBUTES, values))


def _conclude(state: State, made: Sequence[Subnet], _around: Around) -> None:
    subnets.conclude(state, made)


def _update(state: State, subnet: Subnet, values: Values, _around: Around) -> Subnet:
    return subnets.update(state, subnet, request_of(SubnetRequest, ATTRIBUTES, values))


def _delete(state: State, subnet: Subnet, around: Around) -> None:
    subnets.delete(state, subnet, around.terms)


def _context(view: Any, resources: Sequence[Subnet] | None) -> Mapping[str, Any]:
    """Read which networks are external and, for a list, which are shared: only a filter asks for that."""
    shared = view.networks(Among("shared", (True,))) if resources is None else []
    return {
        "external_networks": _ids(view.networks(Among("external", (True,)))),
        "shared_networks": _ids(shared),
    }


def _ids(networks: Iterable[Network]) -> frozenset[str]:
    return frozenset(network.id for network in networks)


SUBNETS = Collection(
    KINDS[Subnet], ATTRIBUTES, POLICY, _create, _update, _delete, _context, conclude=_conclude
)
