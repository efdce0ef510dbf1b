"""Port security: what a guarded port sends is its own, before anything else hears it. PURE.

Everything else that it sends is dropped: other addresses, tags, the packets of a router or of a DHCP server.
(But for what our own DHCP server is asked from an address that the port had before: `dhcp` has it taken.)
A machine may find out whether an address of its own is taken (RFC 5227, 2.1.1; RFC 4862, 5.4) before it uses
it.
"""

from collections.abc import Iterator
from ipaddress import IPv4Network

from osken_apps.model.addresses import IPNetwork, MacAddress, mac_address
from osken_apps.model.snapshot import BoundPort
from osken_apps.openflow.actions import Ct, PopVlan, SetBit, SetField
from osken_apps.openflow.fields import UNTAGGED, Field, Masked
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.pipeline.feature import Feature, PlannedBridge
from osken_apps.pipeline.headers import (
    ANY_IPV4,
    ANY_IPV6,
    ARP,
    ARP_REQUEST,
    BROADCAST,
    DHCP_CLIENT_PORT,
    DHCP_SERVER_PORT,
    DHCPV6_CLIENT_PORT,
    DHCPV6_SERVER_PORT,
    FIRST_FRAGMENT,
    HOP_BY_HOP,
    ICMP,
    ICMP_REDIRECT,
    ICMP_ROUTER_ADVERTISEMENT,
    ICMPV6,
    IGMP,
    IPV4,
    IPV6,
    LINK_MULTICAST,
    LISTENER_KINDS,
    MULTICAST_IPV6,
    NEIGHBOR_ADVERTISEMENT,
    NEIGHBOR_SOLICITATION,
    NO_NEXT_HEADER,
    RARP,
    REDIRECT,
    ROUTER_ADVERTISEMENT,
    ROUTER_SOLICITATION,
    UDP,
    UDP_OVER_IPV6,
    Values,
    icmpv6,
    of_link,
    of_listeners,
    within,
)
from osken_apps.pipeline.stage import Role, Rule
from osken_apps.pipeline.stages import (
    CLASSIFY,
    GUARD,
    LOOKUP,
    ND,
    SENDER,
    SENDER_GROUPS,
    SERVICES,
    UNSPECIFIED,
)

NO_OPTION = mac_address(0)
HAS_ADDRESS: Values = {Field.REG0: Masked(0, 1 << UNSPECIFIED)}
HAS_NONE: Values = {Field.REG0: Masked(1 << UNSPECIFIED, 1 << UNSPECIFIED)}

GUARDED_IN = Rule(
    32, "guarded_in", CLASSIFY, 20,
    "Everything that a guarded port sends is first asked whose it is; a priority tag is no tag.",
)  # fmt: skip
GUARDED_TAGGED = Rule(
    33, "guarded_tagged", CLASSIFY, 19, "A guarded port sends no tags of its own.",
)  # fmt: skip
OWN_ARP = Rule(
    34, "own_arp", GUARD, 90, "ARP names the sender's own MAC and an address of its own with that MAC.",
)  # fmt: skip
ARP_PROBE = Rule(
    35, "arp_probe", GUARD, 90, "A machine asks whether an address of its own is taken already (RFC 5227).",
)  # fmt: skip
OWN_RARP = Rule(
    36, "own_rarp", GUARD, 90, "A machine that has moved is announced by its hypervisor.",
)  # fmt: skip
UNSPECIFIED_IPV6 = Rule(
    37, "unspecified_ipv6", GUARD, 70,
    "A machine without an IPv6 address yet: duplicate address detection, and what else that may say.",
)  # fmt: skip
DHCP_CLIENT = Rule(
    38, "dhcp_client", GUARD, 60, "A machine without an IPv4 address yet looks for a DHCP server.",
)  # fmt: skip
OWN_IPV4 = Rule(39, "own_ipv4", GUARD, 50, "IPv4 from an address of the port.")
OWN_IPV6 = Rule(40, "own_ipv6", GUARD, 50, "IPv6 from an address of the port.")
NO_ROUTER = Rule(
    41, "no_router", ND, 100, "Only routers advertise themselves, and redirect.",
)  # fmt: skip
NO_TARGET = Rule(
    179, "no_target", ND, 90,
    "Neighbor discovery that gives an option twice: Open vSwitch shows neither its target nor its options.",
)  # fmt: skip
HIDDEN = Rule(
    180, "hidden", ND, 95,
    "The first fragment shows what is sent (RFC 7112), and neighbor discovery comes whole (RFC 6980).",
)  # fmt: skip
OWN_DAD = Rule(
    42, "own_dad", ND, 80, "A machine asks whether an address of its own is taken already (RFC 4862, 5.4).",
)  # fmt: skip
OWN_NA = Rule(
    43, "own_na", ND, 80, "A neighbor advertisement is about an address of the port, with its own MAC.",
)  # fmt: skip
OWN_NS = Rule(
    44, "own_ns", ND, 80, "A neighbor solicitation tells no other MAC than the sender's own.",
)  # fmt: skip
OTHER_ND = Rule(45, "other_nd", ND, 60, "Any other neighbor discovery is forged.")
OWN_LISTENING = Rule(
    46, "own_listening", ND, 60, "A machine tells what it listens to, and looks for a router.",
)  # fmt: skip
NO_ADDRESS = Rule(47, "no_address", ND, 50, "Nothing else is said without an address.")
IPV6_ON = Rule(48, "ipv6_on", ND, 10, "What is no neighbor discovery goes on.")
NO_DHCP_SERVER = Rule(
    53, "no_dhcp_server", SERVICES, 30,
    "No machine serves DHCP: clients take answers from any port, so nothing is sent to theirs.",
)  # fmt: skip
NO_IPV4_ROUTER = Rule(
    184, "no_ipv4_router", SERVICES, 30,
    "As no_router: neither does a machine advertise a router of IPv4 (RFC 1256), nor redirect (RFC 792).",
)  # fmt: skip
DHCP_ELSEWHERE = Rule(
    54, "dhcp_elsewhere", SERVICES, 25,
    "Requests to a DHCP server that is not ours go out, whatever the rules say.",
)  # fmt: skip
ARP_ON = Rule(55, "arp_on", SERVICES, 20, "ARP needs no rule.")
IGMP_ON = Rule(177, "igmp_on", SERVICES, 20, "IGMP needs no rule.")
STATELESS_SENT = Rule(
    56, "stateless_sent", SERVICES, 15, "What a port of stateless groups sends is judged as it is.",
)  # fmt: skip
TRACK_SENT = Rule(
    57, "track_sent", SERVICES, 10, "Find the connection, and judge by the rules.",
)  # fmt: skip


class PortSecurity(Feature):
    """What every guarded port sends is looked at."""

    name = "port_security"
    stages = (GUARD, ND, SERVICES)
    rules = (
        GUARDED_IN, GUARDED_TAGGED, OWN_ARP, ARP_PROBE, OWN_RARP, UNSPECIFIED_IPV6, DHCP_CLIENT, OWN_IPV4,
        OWN_IPV6, NO_ROUTER, NO_TARGET, HIDDEN, OWN_DAD, OWN_NA, OWN_NS, OTHER_ND, OWN_LISTENING, NO_ADDRESS,
        IPV6_ON, NO_DHCP_SERVER, NO_IPV4_ROUTER, DHCP_ELSEWHERE, ARP_ON, IGMP_ON, STATELESS_SENT, TRACK_SENT,
    )  # fmt: skip

    def bridge_flows(self, bridge: PlannedBridge) -> Iterator[Flow]:
        """Give what is the same for all guarded ports of a host that has one."""
        if bridge.role is Role.INTEGRATION and bridge.snapshot.is_guarded:
            yield from _neighbor_discovery()
            yield from _hidden()
            yield from _services()

    def port_flows(self, bound: BoundPort, max_meters: int) -> Iterator[Flow]:
        """Give what one guarded port may send."""
        if bound.guard is None:
            return
        sender: Values = {Field.IN_PORT: bound.ofport}
        network = SetField(Field.REG6, bound.segment.local_vlan)
        yield GUARDED_IN.flow(Match.of(sender | {Field.VLAN_VID: UNTAGGED}), network, goto=GUARD)
        yield GUARDED_IN.flow(Match.of(sender | {Field.VLAN_VID: 0}), PopVlan(), network, goto=GUARD)
        yield GUARDED_TAGGED.flow(Match.of(sender))
        for mac in sorted({own.mac_address for own in bound.guard.addresses}, key=int):
            yield from _of_mac(sender | {Field.ETH_SRC: mac}, mac)
        for own in bound.guard.addresses:
            yield from _of_address(sender | {Field.ETH_SRC: own.mac_address}, own.mac_address, own.network)
        if not bound.guard.stateful:
            for family in (IPV4, IPV6):
                yield STATELESS_SENT.flow(Match.of(sender | family), goto=SENDER_GROUPS)


def _of_mac(sender: Values, mac: MacAddress) -> Iterator[Flow]:
    """Give what a machine may say with one of its MAC addresses."""
    yield OWN_RARP.flow(Match.of(sender | RARP | {Field.ARP_SHA: mac}), goto=LOOKUP)
    yield UNSPECIFIED_IPV6.flow(
        Match.of(sender | ICMPV6 | {Field.IPV6_SRC: ANY_IPV6, Field.IPV6_DST: LINK_MULTICAST}),
        SetBit(Field.REG0, UNSPECIFIED, True),
        goto=ND,
    )
    client: Values = {Field.UDP_SRC: DHCP_CLIENT_PORT, Field.UDP_DST: DHCP_SERVER_PORT}
    nobody: Values = {Field.IPV4_SRC: ANY_IPV4, Field.IPV4_DST: BROADCAST}
    yield DHCP_CLIENT.flow(Match.of(sender | UDP | nobody | client), goto=SERVICES)
    solicitation = sender | _nd(NEIGHBOR_SOLICITATION) | HAS_ADDRESS
    for option in (mac, NO_OPTION):
        yield OWN_NS.flow(Match.of(solicitation | {Field.ND_SLL: option}), goto=LOOKUP)


def _of_address(sender: Values, mac: MacAddress, network: IPNetwork) -> Iterator[Flow]:
    """Give what a machine may say with one of its addresses."""
    if isinstance(network, IPv4Network):
        arp = sender | ARP | {Field.ARP_SHA: mac}
        probe: Values = {Field.ARP_OP: ARP_REQUEST, Field.ARP_SPA: ANY_IPV4}
        yield OWN_ARP.flow(Match.of(arp | within(Field.ARP_SPA, network)), goto=SERVICES)
        if network.prefixlen:
            yield ARP_PROBE.flow(Match.of(arp | probe | within(Field.ARP_TPA, network)), goto=SERVICES)
        yield OWN_IPV4.flow(Match.of(sender | IPV4 | within(Field.IPV4_SRC, network)), goto=SERVICES)
        return
    yield OWN_IPV6.flow(Match.of(sender | IPV6 | within(Field.IPV6_SRC, network)), goto=ND)
    target = within(Field.ND_TARGET, network)
    question = sender | _nd(NEIGHBOR_SOLICITATION) | HAS_NONE | {Field.ND_SLL: NO_OPTION}
    yield OWN_DAD.flow(Match.of(question | target), goto=LOOKUP)
    for option in (mac, NO_OPTION):
        answer = sender | _nd(NEIGHBOR_ADVERTISEMENT) | HAS_ADDRESS | {Field.ND_TLL: option}
        yield OWN_NA.flow(Match.of(answer | target), goto=LOOKUP)


def _neighbor_discovery() -> Iterator[Flow]:
    for kind in (ROUTER_ADVERTISEMENT, REDIRECT):
        yield NO_ROUTER.flow(Match.of(icmpv6(kind)))
    for kind in (NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT):
        yield NO_TARGET.flow(Match.of(_nd(kind) | {Field.ND_TARGET: ANY_IPV6}))
        yield OTHER_ND.flow(Match.of(icmpv6(kind)))
    to_routers = of_link(ROUTER_SOLICITATION) | within(Field.IPV6_DST, MULTICAST_IPV6)
    for to_all in (*map(of_listeners, LISTENER_KINDS), to_routers):
        yield OWN_LISTENING.flow(Match.of(to_all), goto=LOOKUP)
    yield NO_ADDRESS.flow(Match.of(HAS_NONE))
    yield IPV6_ON.flow(Match(), goto=SERVICES)


def _hidden() -> Iterator[Flow]:
    """Drop what hides itself in fragments: what Open vSwitch does not see of a header, it takes for 0.

    Of headers that are cut off, its userspace datapath shows no protocol, the kernel's that none follows.
    """
    yield HIDDEN.flow(Match.of(IPV6 | {Field.IP_PROTO: HOP_BY_HOP}))
    yield HIDDEN.flow(Match.of(IPV6 | FIRST_FRAGMENT | {Field.IP_PROTO: NO_NEXT_HEADER}))
    yield HIDDEN.flow(Match.of(UDP_OVER_IPV6 | FIRST_FRAGMENT | {Field.UDP_DST: 0}))
    for kind in (0, ROUTER_SOLICITATION, NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT):
        yield HIDDEN.flow(Match.of(icmpv6(kind) | FIRST_FRAGMENT))


def _services() -> Iterator[Flow]:
    yield NO_DHCP_SERVER.flow(Match.of(UDP | {Field.UDP_DST: DHCP_CLIENT_PORT}))
    yield NO_DHCP_SERVER.flow(Match.of(UDP_OVER_IPV6 | {Field.UDP_DST: DHCPV6_CLIENT_PORT}))
    for kind in (ICMP_REDIRECT, ICMP_ROUTER_ADVERTISEMENT):
        yield NO_IPV4_ROUTER.flow(Match.of(ICMP | {Field.ICMP_TYPE: kind}))
    yield DHCP_ELSEWHERE.flow(
        Match.of(UDP | {Field.UDP_SRC: DHCP_CLIENT_PORT, Field.UDP_DST: DHCP_SERVER_PORT}), goto=LOOKUP
    )
    yield DHCP_ELSEWHERE.flow(
        Match.of(UDP_OVER_IPV6 | {Field.UDP_SRC: DHCPV6_CLIENT_PORT, Field.UDP_DST: DHCPV6_SERVER_PORT}),
        goto=LOOKUP,
    )
    yield ARP_ON.flow(Match.of(ARP), goto=LOOKUP)
    yield IGMP_ON.flow(Match.of(IGMP), goto=LOOKUP)
    for family in (IPV4, IPV6):
        yield TRACK_SENT.flow(Match.of(family), Ct(Field.REG6, SENDER.table_id), via=(SENDER,))


def _nd(kind: int) -> Values:
    return of_link(kind) | {Field.ICMPV6_CODE: 0}
