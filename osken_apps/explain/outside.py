"""Causes of an address that no port here has: whether a port has a way out to it, and by what. PURE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from osken_apps.dhcp.classless_routes import ON_LINK, gateway_of
from osken_apps.dhcp.reservation import default_route_port, told_routes
from osken_apps.explain.cause import Case, Cause, Certainty, Found, VerdictState
from osken_apps.explain.words import listed
from osken_apps.model.addresses import IPAddress
from osken_apps.model.dhcp_service import served_address
from osken_apps.model.resources import HostRoute, Port, Subnet


@dataclass(frozen=True, slots=True)
class Way:
    """How a port's machine reaches an address: on the link, or by a next hop; neither: it does not.

    `subnet` is the one that it begins in; None: the port has no address of that version.
    """

    subnet: Subnet | None
    is_on_link: bool = False
    hop: IPAddress | None = None


def way_out(
    port: Port, subnets: Sequence[Subnet], address: IPAddress, takes_default_route: bool = True
) -> Way:
    """Give the way to an address from a port: as DHCP tells its machine or, without that, by its subnets.

    `subnets` are those of its network. `takes_default_route` is False where its machine has another port
    for that.
    """
    known = {subnet.id: subnet for subnet in subnets}
    served = served_address(port, known)
    if served and isinstance(address, IPv4Address):
        _, subnet = served
        return _way(subnet, address, told_routes(port, known, takes_default_route))
    own = {fixed_ip.subnet_id for fixed_ip in port.fixed_ips}
    same = [it for it in subnets if it.id in own and it.cidr.version == address.version]
    ways = [_way(subnet, address, _routes(subnet)) for subnet in same]
    return max(ways, key=lambda way: (way.is_on_link, way.hop is not None), default=Way(None))


def _routes(subnet: Subnet) -> tuple[HostRoute, ...]:
    """Give the routes of a subnet; one to everywhere only stands in for a gateway, as in what DHCP tells."""
    others = tuple(route for route in subnet.host_routes if route.destination.prefixlen)
    gateway, everywhere = gateway_of(subnet), subnet.cidr.supernet(new_prefix=0)
    return (*others, HostRoute(everywhere, gateway)) if gateway else others


def _way(subnet: Subnet, address: IPAddress, routes: Sequence[HostRoute]) -> Way:
    """Give the way that the longest prefix has, of a subnet and of routes."""
    known = (HostRoute(subnet.cidr, ON_LINK), *routes)
    found = [route for route in known if address in route.destination]
    longest = max(found, key=lambda route: route.destination.prefixlen, default=None)
    if longest is None:
        return Way(subnet)
    if longest.nexthop == ON_LINK:
        return Way(subnet, is_on_link=True)
    return Way(subnet, hop=longest.nexthop)


def takes_default_route(port: Port, nics: Sequence[Port], subnets: Mapping[str, Subnet]) -> bool:
    """Tell whether a machine has its default route by a port, if by any; `nics` are its ports."""
    return default_route_port(nics, subnets) in (None, port.id)


def _way_of(case: Case) -> Way:
    """Give the way to the address that is asked about; there is none, if none is."""
    address, seen = case.facts.outside_address, case.seen
    if address is None:
        return Way(None)
    return way_out(seen.port, seen.subnets, address, case.facts.takes_default_route)


def _no_way_out(case: Case) -> Found | None:
    address, way = case.facts.outside_address, _way_of(case)
    if address is None or way.is_on_link or way.hop:
        return None
    if way.subnet is None:
        why = f"{case.seen.called} has no IPv{address.version} address"
    elif gateway_of(way.subnet) is None:
        why = f"it is outside {way.subnet.cidr}, which has no gateway"
    else:
        return None
    return Found({"address": str(address), "why": why}, (case.store(why),))


def _not_told(case: Case) -> Found | None:
    address, way = case.facts.outside_address, _way_of(case)
    if way.is_on_link or way.hop or way.subnet is None or gateway_of(way.subnet) is None:
        return None
    why = "that has its default route by another port"
    if case.facts.takes_default_route:
        why = "the port's extra_dhcp_opts withhold it"
    return Found({"address": str(address), "why": why}, (case.store(f"{case.seen.called}: {why}"),))


def _nobody_has(case: Case) -> Found | None:
    address = case.facts.outside_address
    if not _way_of(case).is_on_link:
        return None
    who = "only something on the wire"
    if case.facts.paired:
        who = f"only {_paired(case)} (by allowed_address_pairs) or something on the wire"
    says = f"no port of {case.seen.network_called} has {address}"
    return Found({"address": str(address), "who": who}, (case.store(says),))


def _gateway_absent(case: Case) -> Found | None:
    way = _way_of(case)
    if way.subnet is None or way.hop is None:
        return None
    where = "no port here: it must be on the wire, where it cannot be seen from here"
    if case.facts.paired:
        where = f"no port's own: it is at {_paired(case)} (by allowed_address_pairs), or on the wire"
    says = f"no port of {case.seen.network_called} has {way.hop}"
    words = {"address": str(case.facts.outside_address), "subnet": str(way.subnet.cidr)}
    return Found({**words, "gateway": str(way.hop), "where": where}, (case.store(says),))


def _paired(case: Case) -> str:
    return listed(port.name or port.id for port in case.facts.paired)


NO_WAY_OUT = Cause(
    "no_way_out", "{port} has no way to {address}: {why}",
    "openstack subnet set --gateway ADDRESS SUBNET, and bring a router that has it",
    "the gateways and routes of its subnets", _no_way_out,
)  # fmt: skip
NOT_TOLD = Cause(
    "not_told", "DHCP tells {port}'s machine no way to {address}: {why}",
    "openstack port set --extra-dhcp-option name=router,value=ADDRESS {id}, if it is to have one",
    "the gateways and routes of its subnet, its extra_dhcp_opts, and its machine's ports", _not_told,
)  # fmt: skip
NOBODY_HAS = Cause(
    "nobody_has", "No port of {network} has {address}: {who} can answer for it",
    "see whether it is the address that you mean: openstack port list --network {network_id}",
    "the addresses of the network's ports", _nobody_has, VerdictState.UNKNOWN,
)  # fmt: skip
GATEWAY_ABSENT = Cause(
    "gateway_absent", "{address} is outside {subnet}, and its gateway {gateway} is {where}",
    "see whether it is there, from inside {port}: arping {gateway}",
    "the gateways and routes of its subnets, and the addresses of its network's ports", _gateway_absent,
    VerdictState.UNKNOWN, Certainty.LIKELY,
)  # fmt: skip

#: What keeps a port from an address that no port has.
OUTSIDE = (NO_WAY_OUT, NOT_TOLD, NOBODY_HAS, GATEWAY_ABSENT)
