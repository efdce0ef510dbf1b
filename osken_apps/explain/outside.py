"""Causes of an address that no port here has: whether a port has a way out to it, and by what. PURE."""

from osken_apps.explain.cause import Case, Cause, Certainty, Found, VerdictState
from osken_apps.model.addresses import IPAddress
from osken_apps.model.resources import Subnet


def next_hop(subnet: Subnet, address: IPAddress) -> IPAddress | None:
    """Give where the machines of a subnet are told to send what is for an address outside of it.

    A host route to everywhere only stands in for a gateway, as in what DHCP tells.
    """
    routes = [route for route in subnet.host_routes if address in route.destination]
    longest = max(routes, key=lambda route: route.destination.prefixlen, default=None)
    if longest is None or (longest.destination.prefixlen == 0 and subnet.gateway_ip):
        return subnet.gateway_ip
    return longest.nexthop


def way_out(subnets: tuple[Subnet, ...], address: IPAddress) -> Subnet | None:
    """Give the subnet by which an address is reached: that it is in, else one that has a next hop to it."""
    same = [subnet for subnet in subnets if subnet.cidr.version == address.version]
    within = [subnet for subnet in same if address in subnet.cidr]
    leading = [subnet for subnet in same if next_hop(subnet, address) is not None]
    return next(iter([*within, *leading, *same]), None)


def _subnet(case: Case, address: IPAddress) -> Subnet | None:
    own = {fixed_ip.subnet_id for fixed_ip in case.seen.port.fixed_ips}
    return way_out(tuple(subnet for subnet in case.seen.subnets if subnet.id in own), address)


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
    says = f"no port of {case.seen.network_called} has {address}"
    return Found({"address": str(address)}, (case.store(says),))


def _gateway_absent(case: Case) -> Found | None:
    address = case.facts.outside_address
    subnet = _subnet(case, address) if address else None
    if address is None or subnet is None or address in subnet.cidr:
        return None
    hop = next_hop(subnet, address)
    says = f"no port of {case.seen.network_called} has {hop}"
    words = {"address": str(address), "subnet": str(subnet.cidr), "gateway": str(hop)}
    return Found(words, (case.store(says),))


NO_WAY_OUT = Cause(
    "no_way_out", "{port} has no way to {address}: {why}",
    "openstack subnet set --gateway ADDRESS SUBNET, and bring a router that has it",
    "the gateways and routes of its subnets", _no_way_out,
)  # fmt: skip
NOBODY_HAS = Cause(
    "nobody_has", "No port of {network} has {address}: only something on the wire can answer for it",
    "see whether it is the address that you mean: openstack port list --network {network_id}",
    "the addresses of the network's ports", _nobody_has, VerdictState.UNKNOWN,
)  # fmt: skip
GATEWAY_ABSENT = Cause(
    "gateway_absent", "{address} is outside {subnet}, and its gateway {gateway} is no port here: it must be"
    " on the wire, where it cannot be seen from here",
    "see whether it is there, from inside {port}: arping {gateway}",
    "the gateways and routes of its subnets, and the addresses of its network's ports", _gateway_absent,
    VerdictState.UNKNOWN, Certainty.LIKELY,
)  # fmt: skip

#: What keeps a port from an address that no port has.
OUTSIDE = (NO_WAY_OUT, NOBODY_HAS, GATEWAY_ABSENT)
