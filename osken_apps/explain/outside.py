"""Causes of an address that no port here has: whether a port has a way out to it, and by what. PURE."""

from collections.abc import Sequence

from osken_apps.explain.cause import Case, Cause, Certainty, Found, VerdictState
from osken_apps.explain.words import listed
from osken_apps.model.addresses import IPAddress
from osken_apps.model.dhcp_service import subnets_on_link
from osken_apps.model.resources import Port, Subnet


def next_hop(subnet: Subnet, address: IPAddress) -> IPAddress | None:
    """Give where the machines of a subnet are told to send what is for an address outside of it.

    A host route to everywhere only stands in for a gateway, as in what DHCP tells.
    """
    routes = [route for route in subnet.host_routes if address in route.destination]
    longest = max(routes, key=lambda route: route.destination.prefixlen, default=None)
    if longest is None or (longest.destination.prefixlen == 0 and subnet.gateway_ip):
        return subnet.gateway_ip
    return longest.nexthop


def way_out(port: Port, subnets: Sequence[Subnet], address: IPAddress) -> Subnet | None:
    """Give the subnet of a port's network by which an address is reached: one on the link that it is in, else
    one of the port's own, with a next hop to it if there is one.
    """
    on_link = subnets_on_link(port, subnets)
    within = [subnet for subnet in subnets if subnet.id in on_link and address in subnet.cidr]
    own = {fixed_ip.subnet_id for fixed_ip in port.fixed_ips}
    same = [it for it in subnets if it.id in own and it.cidr.version == address.version]
    leading = [subnet for subnet in same if next_hop(subnet, address) is not None]
    return next(iter([*within, *leading, *same]), None)


def _subnet(case: Case, address: IPAddress) -> Subnet | None:
    return way_out(case.seen.port, case.seen.subnets, address)


def _no_way_out(case: Case) -> Found | None:
    address = case.facts.outside_address
    if address is None:
        return None
    subnet = _subnet(case, address)
    if subnet is None:
        why = f"{case.seen.called} has no IPv{address.version} address"
    elif address not in subnet.cidr and next_hop(subnet, address) is None:
        why = f"it is outside {subnet.cidr}, which has no gateway"
    else:
        return None
    return Found({"address": str(address), "why": why}, (case.store(why),))


def _nobody_has(case: Case) -> Found | None:
    address = case.facts.outside_address
    subnet = _subnet(case, address) if address else None
    if address is None or subnet is None or address not in subnet.cidr:
        return None
    who = "only something on the wire"
    if case.facts.paired:
        who = f"only {_paired(case)} (by allowed_address_pairs) or something on the wire"
    says = f"no port of {case.seen.network_called} has {address}"
    return Found({"address": str(address), "who": who}, (case.store(says),))


def _gateway_absent(case: Case) -> Found | None:
    address = case.facts.outside_address
    subnet = _subnet(case, address) if address else None
    if address is None or subnet is None or address in subnet.cidr:
        return None
    hop = next_hop(subnet, address)
    where = "no port here: it must be on the wire, where it cannot be seen from here"
    if case.facts.paired:
        where = f"no port's own: it is at {_paired(case)} (by allowed_address_pairs), or on the wire"
    says = f"no port of {case.seen.network_called} has {hop}"
    words = {"address": str(address), "subnet": str(subnet.cidr), "gateway": str(hop), "where": where}
    return Found(words, (case.store(says),))


def _paired(case: Case) -> str:
    return listed(port.name or port.id for port in case.facts.paired)


NO_WAY_OUT = Cause(
    "no_way_out", "{port} has no way to {address}: {why}",
    "openstack subnet set --gateway ADDRESS SUBNET, and bring a router that has it",
    "the gateways and routes of its subnets", _no_way_out,
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
OUTSIDE = (NO_WAY_OUT, NOBODY_HAS, GATEWAY_ABSENT)
