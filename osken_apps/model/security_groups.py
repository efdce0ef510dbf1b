"""Security groups, their rules, and address groups, as values. PURE.

Names and meanings are those of the Networking API v2.0. Numbers come from the database and are never used
again, so flows that hang on them are the same on every host and after every restart.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from osken_apps.model.addresses import IPNetwork, network_of
from osken_apps.model.kind import INDEX, LENGTH, kind
from osken_apps.model.shared import Shared
from osken_apps.model.standard import Standard


class Direction(StrEnum):
    """Which way a rule looks: from the port's machine, or to it."""

    EGRESS = "egress"
    INGRESS = "ingress"


class Ethertype(StrEnum):
    """Which family of addresses a rule is for."""

    IPV4 = "IPv4"
    IPV6 = "IPv6"


# The protocols that have a name in the API, by the number that they have (IANA, Assigned Internet Protocol
# Numbers).
PROTOCOLS = {
    "ah": 51, "dccp": 33, "egp": 8, "esp": 50, "gre": 47, "hopopt": 0, "icmp": 1, "icmpv6": 58, "igmp": 2,
    "ip": 0, "ipip": 4, "ipv6-encap": 41, "ipv6-frag": 44, "ipv6-icmp": 58, "ipv6-nonxt": 59,
    "ipv6-opts": 60, "ipv6-route": 43, "ospf": 89, "pgm": 113, "rsvp": 46, "sctp": 132, "tcp": 6, "udp": 17,
    "udplite": 136, "vrrp": 112,
}  # fmt: skip


# Protocols whose ports no flow can match: a rule for them permits nothing.
WITHOUT_MATCH_OF_PORTS = ("dccp", "udplite", "33", "136")
# Headers of IPv6 that come before others: flows show what is behind them (ovs-fields(7), nw_proto).
BEFORE_OTHERS = ("ah", "ipv6-opts", "ipv6-route", "43", "51", "60")


@kind("security_group", "security_groups", quota=10)
@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup(Standard):
    """What a port that belongs to it may send and be sent: what a rule of it permits, and nothing else.

    `stateful`: who may speak may be answered.
    """

    stateful: bool = True
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission(Standard):
    """Permits what it describes; no value means any.

    `protocol` is a name or a number as it was given, in lower case. Of ICMP the range's lower end is the type
    and its upper end the code. `remote_ip_prefix` may have host bits.
    """

    direction: Direction
    ethertype: Ethertype = Ethertype.IPV4
    protocol: str | None = field(default=None, metadata={LENGTH: 16, INDEX: True})
    port_range_min: int | None = None
    port_range_max: int | None = None
    remote_ip_prefix: str | None = field(default=None, metadata={LENGTH: 64})
    remote_group_id: str | None = field(default=None, metadata={LENGTH: 36, INDEX: True})
    remote_address_group_id: str | None = field(default=None, metadata={LENGTH: 36, INDEX: True})

    @property
    def protocol_number(self) -> int | None:
        """The protocol's number in the header of IP; None: any, as which the API has 0, too."""
        if self.protocol is None:
            return None
        known = PROTOCOLS.get(self.protocol)
        return (int(self.protocol) if known is None else known) or None

    @property
    def is_closed(self) -> bool:
        """Tell whether it permits nothing because no flow can match what it describes."""
        if self.protocol in BEFORE_OTHERS:
            return self.ethertype is Ethertype.IPV6
        return self.protocol in WITHOUT_MATCH_OF_PORTS and self.port_range_min is not None

    @property
    def prefix(self) -> IPNetwork | None:
        """The remote prefix without host bits; None: any."""
        return None if self.remote_ip_prefix is None else network_of(self.remote_ip_prefix)

    @property
    def remote_id(self) -> str | None:
        """The group or address group whose members are the remote ones."""
        return self.remote_group_id or self.remote_address_group_id


@kind("security_group_rule", "security_group_rules", quota=100)
@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroupRule(Permission):
    """A permission of a group's members.

    `set_number` is the same for all rules of one group with one remote group or address group, one direction
    and one ethertype: the `number` of the first of them; 0 for a rule that names neither. `by_default` are
    those that the group was made with.
    """

    security_group_id: Shared
    number: int = 0
    set_number: int = 0
    by_default: bool = False


@kind("address_group", "address_groups", quota=10)
@dataclass(frozen=True, slots=True, kw_only=True)
class AddressGroup(Standard):
    """Addresses and prefixes that rules name together."""

    addresses: tuple[IPNetwork, ...] = ()


# Who a rule of a new group permits, where it is the group itself.
PARENT = "PARENT"


@kind("default_security_group_rule", "default_security_group_rules", quota=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultSecurityGroupRule(Permission):
    """A permission that new groups are made with: the default groups of projects, all others, or both.

    It is no project's; `remote_group_id` may be the word PARENT. Hosts need not know of it.
    """

    used_in_default_sg: bool = False
    used_in_non_default_sg: bool = True
