"""What a rule of a security group may say, and the form in which it is kept. PURE."""

from dataclasses import replace
from ipaddress import ip_interface
from typing import TypeVar

from osken_apps.errors import BadRequest
from osken_apps.model.security_groups import PROTOCOLS, Ethertype, Permission

P = TypeVar("P", bound=Permission)

ANY_PROTOCOL = "any"
PROTOCOLS_WITH_PORTS = ("dccp", "sctp", "tcp", "udp", "udplite")
ICMP, ICMPV6 = PROTOCOLS["icmp"], PROTOCOLS["ipv6-icmp"]
NUMBERS_WITH_PORTS = frozenset(PROTOCOLS[name] for name in PROTOCOLS_WITH_PORTS)
OF_IPV6_ONLY = frozenset(
    PROTOCOLS[name]
    for name in ("ipv6-encap", "ipv6-frag", "ipv6-icmp", "ipv6-nonxt", "ipv6-opts", "ipv6-route")
)
MAX_PROTOCOL = 255
MAX_PORT = 65535
MAX_ICMP = 255
WORDS_OF_FAMILY = {"icmp": "ipv6-icmp", "icmpv6": "ipv6-icmp", "1": "58"}  # of a rule for IPv6


class SecurityGroupRuleInvalidProtocol(BadRequest):
    """No protocol has that name or number."""

    def __init__(self, protocol: object) -> None:
        super().__init__(
            f"Security group rule protocol {protocol} not supported. Only protocol values"
            f" {sorted(PROTOCOLS)} and integer representations [0 to {MAX_PROTOCOL}] are supported."
        )


class SecurityGroupRuleInvalidEtherType(BadRequest):
    """There are two families."""

    def __init__(self, ethertype: object) -> None:
        super().__init__(
            f"Security group rule for ethertype '{ethertype}' not supported. Allowed values are"
            f" {[str(known) for known in Ethertype]}."
        )


class SecurityGroupInvalidPortValue(BadRequest):
    """No port has that number."""

    def __init__(self, port: object) -> None:
        super().__init__(f"Invalid value for port {port}")


class SecurityGroupInvalidPortRange(BadRequest):
    """One end of the range is missing, or they are the wrong way round."""

    def __init__(self) -> None:
        super().__init__("For TCP/UDP protocols, port_range_min must be <= port_range_max")


class SecurityGroupInvalidProtocolForPort(BadRequest):
    """The protocol has no ports."""

    def __init__(self, protocol: object) -> None:
        names = ", ".join(name.upper() for name in PROTOCOLS_WITH_PORTS)
        super().__init__(
            f"Ports cannot be specified for protocol {protocol}. Ports are only supported for {names}."
        )


class SecurityGroupProtocolRequiredWithPorts(BadRequest):
    """Which ports are meant depends on the protocol."""

    def __init__(self) -> None:
        super().__init__("Must also specify protocol if port range is given.")


class SecurityGroupInvalidIcmpValue(BadRequest):
    """No type or code of ICMP has that number."""

    def __init__(self, field: str, attribute: str, value: int) -> None:
        super().__init__(f"Invalid value for ICMP {field} ({attribute}) {value}. It must be 0 to {MAX_ICMP}.")


class SecurityGroupMissingIcmpType(BadRequest):
    """What a code means depends on the type."""

    def __init__(self, code: int) -> None:
        super().__init__(
            f"ICMP code (port-range-max) {code} is provided but ICMP type (port-range-min) is missing."
        )


class SecurityGroupRuleParameterConflict(BadRequest):
    """The prefix is of the other family."""

    def __init__(self, ethertype: str, cidr: str) -> None:
        super().__init__(f"Conflicting value ethertype {ethertype} for CIDR {cidr}")


class SecurityGroupEthertypeConflictWithProtocol(BadRequest):
    """The other family has that protocol."""

    def __init__(self, ethertype: str, protocol: str) -> None:
        super().__init__(f"Invalid ethertype {ethertype} for protocol {protocol}.")


class SecurityGroupMultipleRemoteEntites(BadRequest):
    """The remote ones are described in two ways."""

    def __init__(self) -> None:
        super().__init__(
            "Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided."
        )


class InvalidCIDR(BadRequest):
    """It is no address and no prefix."""

    def __init__(self, prefix: object) -> None:
        super().__init__(f"Invalid CIDR {prefix} given as IP prefix.")


def checked(permission: P) -> P:
    """Give a permission in the form that is kept. Raises BadRequest for one that means nothing."""
    # As in Neutron the range of all ports is none before it is asked whether the protocol has ports.
    permission = _canonical(permission)
    _check_ports(permission)
    _check_family(permission)
    remotes = (
        permission.remote_ip_prefix,
        permission.remote_group_id,
        permission.remote_address_group_id,
    )
    if sum(remote is not None for remote in remotes) > 1:
        raise SecurityGroupMultipleRemoteEntites
    return permission


def key_of(permission: Permission) -> tuple[object, ...]:
    """Give what two permissions of one group do not share: the same for those that permit the same."""
    prefix = permission.prefix
    return (
        permission.direction,
        permission.ethertype,
        permission.protocol_number,
        permission.port_range_min,
        permission.port_range_max,
        prefix if prefix is None or prefix.prefixlen else None,
        permission.remote_group_id,
        permission.remote_address_group_id,
    )


def _canonical(permission: P) -> P:
    """Write ICMP as its family does, and leave out a range that is all there are."""
    protocol = permission.protocol
    if permission.ethertype is Ethertype.IPV6 and protocol is not None:
        protocol = WORDS_OF_FAMILY.get(protocol, protocol)
    ports: tuple[int | None, int | None] = (permission.port_range_min, permission.port_range_max)
    if ports == (1, MAX_PORT):
        ports = (None, None)
    return replace(permission, protocol=protocol, port_range_min=ports[0], port_range_max=ports[1])


def _number(protocol: str) -> int:
    known = PROTOCOLS.get(protocol)
    return int(protocol) if known is None else known


def _check_ports(permission: Permission) -> None:
    low, high = permission.port_range_min, permission.port_range_max
    if low is None and high is None:
        return
    if permission.protocol is None:
        raise SecurityGroupProtocolRequiredWithPorts
    number = _number(permission.protocol)
    if number in (ICMP, ICMPV6):
        _check_icmp(low, high)
    elif number not in NUMBERS_WITH_PORTS:
        raise SecurityGroupInvalidProtocolForPort(permission.protocol)
    elif 0 in (low, high):
        raise SecurityGroupInvalidPortValue(0)
    elif low is None or high is None or low > high:
        raise SecurityGroupInvalidPortRange


def _check_icmp(kind: int | None, code: int | None) -> None:
    for field, attribute, value in (("type", "port_range_min", kind), ("code", "port_range_max", code)):
        if value is not None and value > MAX_ICMP:
            raise SecurityGroupInvalidIcmpValue(field, attribute, value)
    if kind is None and code is not None:
        raise SecurityGroupMissingIcmpType(code)


def _check_family(permission: Permission) -> None:
    prefix, ethertype = permission.remote_ip_prefix, permission.ethertype
    if prefix is not None and f"IPv{ip_interface(prefix).version}" != ethertype:
        raise SecurityGroupRuleParameterConflict(ethertype, prefix)
    protocol = permission.protocol
    if protocol is not None and ethertype is Ethertype.IPV4 and _number(protocol) in OF_IPV6_ONLY:
        raise SecurityGroupEthertypeConflictWithProtocol(ethertype, protocol)
