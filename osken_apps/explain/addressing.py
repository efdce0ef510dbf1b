"""Causes of a port that has no address: its subnets, and its DHCP server. PURE."""

from osken_apps.explain.cause import Case, Cause, Found
from osken_apps.explain.words import listed
from osken_apps.model.resources import FixedIp, Port

LARGER_POOL = "give the subnet a larger pool, or delete ports that are not used"


def _no_subnet(case: Case) -> Found | None:
    if case.seen.subnets:
        return None
    return Found(evidence=(case.store(f"network {case.seen.network_called} has no subnet"),))


def _no_address(case: Case) -> Found | None:
    if case.seen.port.fixed_ips:
        return None
    return Found(evidence=(case.store(f"port {case.seen.called} has no fixed_ips"),))


def ipv4_of(port: Port) -> list[FixedIp]:
    """Give the IPv4 addresses of a port."""
    return [fixed_ip for fixed_ip in port.fixed_ips if fixed_ip.ip_address.version == 4]


def _only_ipv6(case: Case) -> Found | None:
    if ipv4_of(case.seen.port) or not case.seen.port.fixed_ips:
        return None
    addresses = listed(str(fixed_ip.ip_address) for fixed_ip in case.seen.port.fixed_ips)
    return Found({"addresses": addresses}, (case.store(f"{case.seen.called} has {addresses}"),))


def _dhcp_off(case: Case) -> Found | None:
    addresses = ipv4_of(case.seen.port)
    if not addresses or case.seen.served:
        return None
    subnet = case.seen.subnet_of(addresses[0].subnet_id)
    name = (subnet.name or str(subnet.cidr)) if subnet else addresses[0].subnet_id
    words = {
        "subnet": name,
        "subnet_id": addresses[0].subnet_id,
        "address": str(addresses[0].ip_address),
    }
    return Found(words, (case.store(f"enable_dhcp of subnet {name} is false"),))


def _no_server(case: Case) -> Found | None:
    if case.seen.served is None or case.seen.server is not None:
        return None
    return Found(evidence=(case.store(f"{case.seen.network_called} has no port of a DHCP server"),))


def _server_no_address(case: Case) -> Found | None:
    served, server = case.seen.served, case.seen.server
    if served is None or server is None:
        return None
    _, subnet = served
    if subnet.id in {it.subnet_id for it in server.fixed_ips}:
        return None
    evidence = case.store(f"the DHCP server of {case.seen.network_called} has none")
    return Found({"subnet": subnet.name or str(subnet.cidr)}, (evidence,))


NO_SUBNET = Cause(
    "no_subnet", "{port} has no address because its network {network} has no subnet",
    "openstack subnet create --network {network_id} --subnet-range CIDR NAME", "the network's subnets",
    _no_subnet,
)  # fmt: skip
NO_ADDRESS = Cause(
    "no_address", "{port} has no address: none was given when it was made, or its subnet is gone",
    "openstack port set --fixed-ip subnet=SUBNET {id}", "the port's fixed_ips", _no_address,
)  # fmt: skip
ONLY_IPV6 = Cause(
    "only_ipv6", "{port} has no IPv4 address, only {addresses}, which DHCP does not tell: it must be"
    " configured by hand or by a router's advertisements",
    "openstack port set --fixed-ip subnet=SUBNET {id}", "the port's fixed_ips", _only_ipv6,
)  # fmt: skip
DHCP_OFF = Cause(
    "dhcp_off", "DHCP is off on subnet {subnet}: {port}'s address {address} must be configured by hand",
    "openstack subnet set --dhcp {subnet_id}", "enable_dhcp of the subnet", _dhcp_off,
)  # fmt: skip
NO_SERVER = Cause(
    "no_server", "{network} has no DHCP server yet: it gets one with the first port that is bound, if a pool"
    " has an address left", LARGER_POOL, "the ports of the network", _no_server,
)  # fmt: skip
SERVER_NO_ADDRESS = Cause(
    "server_no_address", "The DHCP server of {network} has no address on {subnet}: its pool is full",
    LARGER_POOL, "the fixed_ips of the DHCP server's port", _server_no_address,
)  # fmt: skip
#: What an address needs before anything is plugged in, in order.
WANTED = (NO_SUBNET, NO_ADDRESS, ONLY_IPV6, DHCP_OFF)
#: What tells it: a server is made with the first port that is plugged in.
SERVED = (NO_SERVER, SERVER_NO_ADDRESS)
