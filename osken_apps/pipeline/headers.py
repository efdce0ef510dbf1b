"""What several features match: the headers of protocols, and their numbers. PURE."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from osken_apps.model.addresses import IPNetwork, mac_address
from osken_apps.openflow.fields import (
    ETH_TYPE_ARP,
    ETH_TYPE_IPV4,
    ETH_TYPE_IPV6,
    ETH_TYPE_RARP,
    IP_PROTO_ICMP,
    IP_PROTO_ICMPV6,
    IP_PROTO_IGMP,
    IP_PROTO_SCTP,
    IP_PROTO_UDP,
    CtState,
    Field,
    IpFrag,
    Masked,
    Value,
)

Values = dict[Field, Value]

MULTICAST_IPV4, MULTICAST_IPV6 = IPv4Network("224.0.0.0/4"), IPv6Network("ff00::/8")
ARP: Values = {Field.ETH_TYPE: ETH_TYPE_ARP}
RARP: Values = {Field.ETH_TYPE: ETH_TYPE_RARP}
IPV4: Values = {Field.ETH_TYPE: ETH_TYPE_IPV4}
IPV6: Values = {Field.ETH_TYPE: ETH_TYPE_IPV6}
ICMP = IPV4 | {Field.IP_PROTO: IP_PROTO_ICMP}
IGMP = IPV4 | {Field.IPV4_DST: MULTICAST_IPV4, Field.IP_PROTO: IP_PROTO_IGMP}
ICMPV6 = IPV6 | {Field.IP_PROTO: IP_PROTO_ICMPV6}
UDP = IPV4 | {Field.IP_PROTO: IP_PROTO_UDP}
UDP_OVER_IPV6 = IPV6 | {Field.IP_PROTO: IP_PROTO_UDP}
SCTP = IPV4 | {Field.IP_PROTO: IP_PROTO_SCTP}
SCTP_OVER_IPV6 = IPV6 | {Field.IP_PROTO: IP_PROTO_SCTP}

HOP_BY_HOP, NO_NEXT_HEADER = 0, 59  # of IPv6, where a protocol's number stands
ARP_REQUEST, ARP_REPLY = 1, 2
DHCP_SERVER_PORT, DHCP_CLIENT_PORT = 67, 68
DHCPV6_CLIENT_PORT, DHCPV6_SERVER_PORT = 546, 547
ICMP_REDIRECT, ICMP_ROUTER_ADVERTISEMENT = 5, 9
MLD_QUERY, MLD_REPORT, MLD_DONE, MLD_REPORT_V2 = 130, 131, 132, 143
ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT = 133, 134
NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT, REDIRECT = 135, 136, 137
LISTENER_KINDS = (MLD_QUERY, MLD_REPORT, MLD_DONE, MLD_REPORT_V2)
ND_HOP_LIMIT = 255  # what has it comes from the link itself (RFC 4861, 7.1)
EVERYBODY, GROUP_BIT = 0xFFFFFFFFFFFF, 1 << 40  # of MAC addresses
MULTICAST: Values = {Field.ETH_DST: Masked(mac_address(GROUP_BIT), GROUP_BIT)}
ANY_IPV4, BROADCAST = IPv4Address("0.0.0.0"), IPv4Address("255.255.255.255")
ANY_IPV6, LINK_MULTICAST = IPv6Address("::"), IPv6Network("ff02::/16")

UNTRACKED: Values = {Field.CT_STATE: Masked(0, CtState.TRK)}
INVALID: Values = {Field.CT_STATE: Masked(CtState.TRK | CtState.INV, CtState.TRK | CtState.INV)}
VALID: Values = {Field.CT_STATE: Masked(CtState.TRK, CtState.TRK | CtState.INV)}
KNOWN: Values = {Field.CT_STATE: Masked(CtState.TRK, CtState.TRK | CtState.INV | CtState.NEW)}
FIRST_FRAGMENT: Values = {Field.IP_FRAG: IpFrag.ANY}
LATER_FRAGMENT: Values = {Field.IP_FRAG: IpFrag.ANY | IpFrag.LATER}
FRAGMENTS = (FIRST_FRAGMENT, LATER_FRAGMENT)


def within(field: Field, network: IPNetwork) -> Values:
    """Ask that a field is an address of a network; of any, nothing is asked."""
    return {field: network} if network.prefixlen else {}


def icmpv6(kind: int) -> Values:
    """Match a type of ICMPv6 message."""
    return ICMPV6 | {Field.ICMPV6_TYPE: kind}


def of_link(kind: int) -> Values:
    """Match a type of neighbor discovery that has come through no router."""
    return icmpv6(kind) | {Field.IP_TTL: ND_HOP_LIMIT}


def of_listeners(kind: int) -> Values:
    """Match a type of MLD, all of which is for groups (RFC 3810, 5)."""
    return icmpv6(kind) | within(Field.IPV6_DST, MULTICAST_IPV6)
