"""Who gets what a machine sends: each sentence of the guard and of the groups as a row, on real switches.

A row is: the sender, what it sends, and who gets it. Rows below one title are one story: connections that
began earlier in it are known. Frames that leave a host are seen on the wire, too; what a host does not know
the receiver of goes to its ports that are not guarded, and to its trunk: of host2 to free and trunk.
"""

from dataclasses import dataclass

import pytest
from scapy.all import Ether, ICMPv6NDOptSrcLLAddr, Packet, Raw

from tests.ovs.security.cast import (
    ALICE,
    BLUE1,
    BLUE2,
    BOB,
    CAROL,
    EVERYBODY,
    FREE,
    MUTE,
    PLAIN,
    ROUTER,
    ROUTER1,
    STRANGER,
    THERE,
    WEB,
    enter,
    own_ipv6,
)  # fmt: skip
from tests.ovs.security.frames import (
    arp,
    arp_probe,
    behind_options,
    dad,
    dhcp,
    dhcpv6_reply,
    fragments,
    fragments6,
    gratuitous_arp,
    gre,
    igmp,
    igmp_report,
    long_udp,
    long_udp6,
    mld_report,
    neighbor_advertisement,
    neighbor_solicitation,
    ping,
    ping6,
    pong,
    rarp,
    redirect,
    redirect4,
    router_advertisement,
    router_advertisement4,
    router_discovery,
    router_solicitation,
    sctp,
    sctp6,
    tagged,
    tcp,
    udp,
    unreachable,
    vrrp,
)  # fmt: skip
from tests.ovs.security.hosts import World

NOBODY = ""
RED_HERE = "alice bob carol web mute plain router1 router2 free trunk wire"
ALICE6 = ALICE.but(ip6=own_ipv6("alice"))
BOB6 = BOB.but(ip6=own_ipv6("bob"))
PLAIN6 = PLAIN.but(ip6=own_ipv6("plain"))
FREE6 = FREE.but(ip6=own_ipv6("free"))
ROUTER6 = ROUTER.but(ip6=ROUTER1.ip6)


def others(*besides: str) -> str:
    """Name everybody of the network but some."""
    return " ".join(name for name in RED_HERE.split() if name not in besides)


@dataclass(frozen=True)
class Row:
    """One frame, or the fragments of one packet. `moved`: a MAC address is elsewhere since the row before."""

    sender: str
    what: str
    frame: Packet | list[bytes]
    receivers: str
    moved: bool = False

    @property
    def frames(self) -> list[bytes]:
        return self.frame if isinstance(self.frame, list) else [bytes(self.frame)]


row = Row


STORIES: dict[str, list[Row]] = {
    "what a guarded port sends is its own": [
        row("alice", "a ping to bob", ping(ALICE, BOB), "bob"),
        row("alice", "a ping to carol on the other host", ping(ALICE, CAROL), "carol wire"),
        row("alice", "a ping with bob's address", ping(ALICE.but(ip=BOB.ip), CAROL), NOBODY),
        row("alice", "a ping with bob's MAC", ping(ALICE.but(mac=BOB.mac), CAROL), NOBODY),
        row("alice", "a ping with nobody's address", ping(ALICE.but(ip="10.0.0.77"), CAROL), NOBODY),
        row("alice", "a ping6 to bob", ping6(ALICE6, BOB6), "bob"),
        row("alice", "a ping6 with bob's address", ping6(ALICE6.but(ip6=BOB6.ip6), BOB6), NOBODY),
        row("alice", "a tagged frame", tagged(1, ping(ALICE, BOB)), NOBODY),
        row("alice", "a frame tagged with another network", tagged(2, ping(ALICE, BOB)), NOBODY),
        row("alice", "a frame with a priority tag", tagged(0, ping(ALICE, BOB)), "bob"),
        row("alice", "two tags", tagged(0, tagged(1, ping(ALICE, BOB))), NOBODY),
        row("alice", "LLDP", Ether(src=ALICE.mac, dst=BOB.mac, type=0x88CC) / Raw(bytes(46)), NOBODY),
    ],
    "ARP": [
        row("alice", "a question", arp(ALICE, BOB.ip), others("alice")),
        row("alice", "an answer", arp(ALICE, BOB.ip, op=2), others("alice")),
        row("alice", "GARP", gratuitous_arp(ALICE), others("alice")),
        row("alice", "GARP of bob's address", gratuitous_arp(ALICE.but(ip=BOB.ip)), NOBODY),
        row("alice", "an answer for bob", arp(ALICE, CAROL.ip, op=2, psrc=BOB.ip), NOBODY),
        row("alice", "an answer with bob's MAC inside", arp(ALICE, CAROL.ip, op=2, hwsrc=BOB.mac), NOBODY),
        row("alice", "a probe of her address (RFC 5227)", arp_probe(ALICE, ALICE.ip), others("alice")),
        row("alice", "a probe of bob's, on which he would give it up", arp_probe(ALICE, BOB.ip), NOBODY),
        row("alice", "RARP, after she has moved", rarp(ALICE), others("alice")),
        row("alice", "RARP for bob", rarp(ALICE.but(mac=BOB.mac)), NOBODY),
        row("wire", "a question from the wire", tagged(1000, arp(THERE, BOB.ip)), others("wire")),
    ],
    "neighbor discovery": [
        row("alice", "DAD of her address", dad(ALICE, ALICE6.ip6), others("alice")),
        row("alice", "DAD of her link-local address", dad(ALICE, ALICE.ip6), others("alice")),
        row("alice", "DAD of bob's", dad(ALICE, BOB6.ip6), NOBODY),
        row("alice", "a question", neighbor_solicitation(ALICE, BOB.ip6), others("alice")),
        row("alice", "one with bob's MAC inside", neighbor_solicitation(ALICE, BOB.ip6, BOB.mac), NOBODY),
        row("alice", "one with bob's MAC inside twice",
            neighbor_solicitation(ALICE, BOB.ip6, BOB.mac) / ICMPv6NDOptSrcLLAddr(lladdr=BOB.mac), NOBODY),
        row("alice", "one through a router", neighbor_solicitation(ALICE, BOB.ip6, hlim=64), NOBODY),
        row("alice", "an answer", neighbor_advertisement(ALICE, BOB, ALICE.ip6), "bob"),
        row("alice", "an answer for carol", neighbor_advertisement(ALICE, BOB, CAROL.ip6), NOBODY),
        row("alice", "with carol's MAC", neighbor_advertisement(ALICE, BOB, ALICE.ip6, CAROL.mac), NOBODY),
        row("alice", "through a router", neighbor_advertisement(ALICE, BOB, ALICE.ip6, hlim=64), NOBODY),
        row("alice", "a router advertisement", router_advertisement(ALICE), NOBODY),
        row("alice", "a redirect", redirect(ALICE, BOB), NOBODY),
        row("alice", "a router solicitation: routers are not guarded", router_solicitation(ALICE),
            "free trunk wire"),
        row("alice", "MLD", mld_report(ALICE), others("alice")),
        row("alice", "MLD without an address", mld_report(ALICE.but(ip6="::")), others("alice")),
        row("wire", "a router's advertisement", tagged(1000, router_advertisement(THERE)), others("wire")),
        row("wire", "a redirect", tagged(1000, redirect(THERE, BOB)), "free trunk"),
        row("mute", "MLD, with no rule at all", mld_report(MUTE), others("mute")),
        row("mute", "IGMP, with no rule at all", igmp_report(MUTE), others("mute")),
        row("alice", "IGMP with bob's address", igmp_report(ALICE.but(ip=BOB.ip)), NOBODY),
        row("mute", "IGMP to a machine: that takes a rule", igmp(MUTE, FREE), NOBODY),
        row("mute", "MLD to a machine", mld_report(MUTE, FREE), NOBODY),
        row("mute", "a router solicitation to a machine", router_solicitation(MUTE, FREE), NOBODY),
        row("alice", "IGMP to a machine, by her rule", igmp(ALICE, FREE), "free wire"),
        row("wire", "IGMP to a machine", tagged(1000, igmp(THERE, BOB)), "free trunk"),
        row("wire", "MLD to a machine", tagged(1000, mld_report(THERE, BOB)), "free trunk"),
        row("wire", "an answer",
            tagged(1000, neighbor_advertisement(THERE, BOB, THERE.ip6)), "bob free trunk"),
        row("wire", "one through a router",
            tagged(1000, neighbor_advertisement(THERE, BOB, THERE.ip6, hlim=64)), "free trunk"),
        row("wire", "a question through a router",
            tagged(1000, neighbor_solicitation(THERE, BOB.ip6, hlim=64)), "free trunk"),
        row("free", "an answer to a MAC that several may have, through a router",
            neighbor_advertisement(FREE, ROUTER6, FREE.ip6, hlim=64), "trunk wire"),
    ],
    "DHCP": [
        row("alice", "a DISCOVER, with no server of ours here",
            dhcp(ALICE.but(ip="0.0.0.0"), "discover", 68, 67, EVERYBODY), "free trunk wire"),
        row("alice", "an OFFER", dhcp(ALICE, "offer", 67, 68, BOB), NOBODY),
        row("alice", "an OFFER from another port", dhcp(ALICE, "offer", 4000, 68, BOB), NOBODY),
        row("alice", "an OFFER to everybody", dhcp(ALICE, "offer", 67, 68, EVERYBODY), NOBODY),
        row("wire", "an OFFER of a server there", tagged(1000, dhcp(THERE, "offer", 67, 68, WEB)),
            "web free trunk"),
    ],
    "a virtual router (VRRP) by address pairs": [
        row("router1", "GARP of the shared address", gratuitous_arp(ROUTER), others("router1")),
        row("router1", "a ping from it", ping(ROUTER, BOB), "bob"),
        row("router1", "with its own MAC, which has no pair", ping(ROUTER1.but(ip=ROUTER.ip), BOB), NOBODY),
        row("router1", "VRRP", vrrp(ROUTER1), "alice bob carol router2 free trunk wire"),
        row("alice", "a ping to it: here it spoke last", ping(ALICE, ROUTER), "router1"),
        row("carol", "a ping to it from the other host: to each that may have it", ping(CAROL, ROUTER),
            "router1 router2 trunk wire"),
        row("router2", "GARP: it has taken over", gratuitous_arp(ROUTER), others("router2")),
        row("alice", "a ping to it", ping(ALICE, ROUTER), "router1 router2 trunk wire", moved=True),
        row("alice", "GARP of it", gratuitous_arp(ROUTER), NOBODY),
        row("alice", "a neighbor advertisement to its MAC", neighbor_advertisement(ALICE, ROUTER6, ALICE.ip6),
            "router1 router2 trunk wire"),
        row("alice", "whether it is still there",
            neighbor_solicitation(ALICE, ROUTER6.ip6, to=ROUTER6), "router1 router2 trunk wire"),
        row("alice", "a redirect of it", redirect(ALICE, ROUTER6), NOBODY),
    ],
    "who may talk": [
        row("alice", "TCP 80 to web", tcp(ALICE, WEB), "web"),
        row("alice", "TCP 81 to web", tcp(ALICE, WEB, 81), NOBODY),
        row("alice", "a ping to web", ping(ALICE, WEB), "web"),
        row("wire", "TCP 80 to web", tagged(1000, tcp(THERE, WEB)), "web free trunk"),
        row("wire", "a ping to web", tagged(1000, ping(THERE, WEB)), "web free trunk"),
        row("wire", "one from elsewhere", tagged(1000, ping(THERE.but(ip="192.0.2.1"), WEB)), "free trunk"),
        row("wire", "a ping to alice", tagged(1000, ping(THERE, ALICE)), "free trunk"),
        row("web", "TCP to alice", tcp(WEB, ALICE), NOBODY),
        row("web", "DNS to free", udp(WEB, FREE), "free wire"),
        row("alice", "a ping to mute", ping(ALICE, MUTE), NOBODY),
        row("mute", "a ping to free", ping(MUTE, FREE), NOBODY),
        row("mute", "ARP", arp(MUTE, ALICE.ip), others("mute")),
        row("alice", "GRE to bob", gre(ALICE, BOB), "bob"),
        row("alice", "GRE to web", gre(ALICE, WEB), NOBODY),
        row("free", "a ping to alice", ping(FREE, ALICE), "trunk wire"),
        row("alice", "a broadcast", udp(ALICE, EVERYBODY), "bob carol router1 router2 plain free trunk wire"),
        row("wire", "a broadcast", tagged(1000, udp(THERE, EVERYBODY)), "plain free trunk"),
        row("wire", "a solicitation of routers, which belongs to no connection",
            tagged(1000, router_discovery(THERE)), "free trunk"),
        row("free", "the same", router_discovery(FREE), "trunk wire"),
        row("alice", "the same", router_discovery(ALICE), NOBODY),
        row("free", "one to a MAC that several may have", router_discovery(FREE, ROUTER), "trunk wire"),
    ],
    "answers": [
        row("alice", "a ping to free", ping(ALICE, FREE), "free wire"),
        row("free", "the answer", pong(FREE, ALICE), "alice trunk wire"),
        row("free", "an answer that nobody asked for", pong(FREE, BOB), "trunk wire"),
        row("alice", "TCP to web", tcp(ALICE, WEB), "web"),
        row("web", "its answer", tcp(WEB, ALICE, 40000, "SA", 80), "alice"),
        row("alice", "her acknowledgement", tcp(ALICE, WEB, 80, "A"), "web"),
        row("web", "one with another port", tcp(WEB, ALICE, 40001, "SA", 80), NOBODY),
        row("alice", "UDP to free", udp(ALICE, FREE), "free wire"),
        row("free", "that the port is closed", unreachable(FREE, ALICE, udp(ALICE, FREE)),
            "alice trunk wire"),
        row("free", "a better way", redirect4(FREE, ALICE, udp(ALICE, FREE)), "alice trunk wire"),
        row("bob", "the same: he is no router", redirect4(BOB, ALICE, udp(ALICE, FREE)), NOBODY),
        row("free", "the same of what never was", unreachable(FREE, ALICE, udp(ALICE, FREE, 99)),
            "trunk wire"),
    ],
    "a stateless group": [
        row("plain", "UDP to free", udp(PLAIN, FREE, 5353), "free wire"),
        row("free", "an answer, for which there is no rule", udp(FREE, PLAIN, 40000, 5353), "trunk wire"),
        row("alice", "DNS to plain", udp(ALICE, PLAIN), "plain"),
        row("plain", "its answer", udp(PLAIN, ALICE, 40000, 53), "alice"),
        row("plain", "TCP 22", tcp(PLAIN, FREE, 22), NOBODY),
        row("plain", "a router solicitation of IPv4", router_discovery(PLAIN, FREE), "free wire"),
        row("plain", "a router advertisement of IPv4", router_advertisement4(PLAIN, FREE), NOBODY),
        row("plain", "a redirect of IPv4", redirect4(PLAIN, FREE, udp(FREE, PLAIN)), NOBODY),
        row("alice", "TCP to plain", tcp(ALICE, PLAIN), NOBODY),
        row("plain", "TCP 80 to web, whose group knows connections", tcp(PLAIN, WEB), "web"),
        row("web", "an answer, for which plain has no rule", tcp(WEB, PLAIN, 40000, "SA", 80), NOBODY),
    ],
    "SCTP": [
        row("alice", "SCTP 5000 to web", sctp(ALICE, WEB), "web"),
        row("web", "the answer", sctp(WEB, ALICE, 40000, 5000), "alice"),
        row("alice", "SCTP 5002 to web", sctp(ALICE, WEB, 5002), NOBODY),
        row("web", "SCTP of its own", sctp(WEB, ALICE, 5000, 40000), NOBODY),
        row("wire", "SCTP to alice, who may open it to everybody", tagged(1000, sctp(THERE, ALICE)),
            "free trunk"),
        row("wire", "the same again", tagged(1000, sctp(THERE, ALICE)), "free trunk"),
        row("wire", "SCTP over IPv6", tagged(1000, sctp6(THERE, ALICE)), "free trunk"),
        row("free", "SCTP over IPv6", sctp6(FREE6, ALICE6), "trunk wire"),
        row("alice", "the same to free", sctp6(ALICE6, FREE6), "free wire"),
        row("free", "the answer", sctp6(FREE6, ALICE6, 40000, 5000), "alice trunk wire"),
        row("alice", "SCTP to there", sctp(ALICE, THERE), "wire", moved=True),
        row("wire", "the answer", tagged(1000, sctp(THERE, ALICE, 40000, 5000)), "alice"),
    ],
    "fragments": [
        row("alice", "a long packet to bob", fragments(long_udp(ALICE, BOB)), "bob"),
        row("web", "one to DNS at free", fragments(long_udp(WEB, FREE)), "free wire"),
        row("web", "one to another port", fragments(long_udp(WEB, FREE, 54)), NOBODY),
        row("alice", "a long broadcast: who refuses the first fragment gets the others, which are of no use",
            fragments(long_udp(ALICE, EVERYBODY)), others("alice")),
        row("mute", "one whose first fragment may not leave", fragments(long_udp(MUTE, EVERYBODY)), NOBODY),
        row("alice", "a long packet of IPv6 to bob", fragments6(long_udp6(ALICE6, BOB6)), "bob"),
    ],
    "fragments of IPv6 from a stateless group": [
        row("plain", "a long packet", fragments6(long_udp6(PLAIN6, FREE6)), "free wire"),
        row("plain", "one behind another header", fragments6(behind_options(long_udp6(PLAIN6, FREE6))),
            "free wire"),
        row("plain", "a DHCPv6 server's message", dhcpv6_reply(PLAIN6, FREE6), NOBODY),
        row("plain", "one of which the first fragment does not show the ports",
            fragments6(behind_options(dhcpv6_reply(PLAIN6, FREE6)), 8)[:1], NOBODY),
        row("plain", "one of which it ends within a header",
            fragments6(behind_options(dhcpv6_reply(PLAIN6, FREE6), 16), 8)[:1], NOBODY),
        row("plain", "a redirect of which it does not show the type",
            fragments6(behind_options(redirect(PLAIN, FREE)), 8)[:1], NOBODY),
        row("plain", "a neighbor solicitation of which it does not show the option",
            fragments6(neighbor_solicitation(PLAIN, FREE6.ip6, BOB.mac), 24)[:1], NOBODY),
        row("plain", "an advertisement of which it does not show the option",
            fragments6(neighbor_advertisement(PLAIN, FREE, PLAIN.ip6, BOB.mac), 24)[:1], NOBODY),
    ],
    "others": [
        row("blue1", "a ping to blue2: MAC learning floods it, also to what no controller has seen",
            ping(BLUE1, BLUE2), "blue2 trunk stranger wire"),
        row("blue1", "a ping to alice", ping(BLUE1, ALICE), "blue2 trunk stranger wire"),
        row("stranger", "a ping to alice", ping(STRANGER, ALICE), NOBODY),
        row("stranger", "a broadcast", arp(STRANGER, ALICE.ip), NOBODY),
        row("trunk", "a ping to free, in the network's tag here", tagged(2, ping(THERE, FREE)), "free"),
        row("trunk", "to a MAC of the other network", tagged(1, ping(THERE, BLUE2)),
            "blue1 blue2 stranger wire"),
        row("free", "what is for nobody that is known", udp(FREE, STRANGER), "trunk wire"),
    ],
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def cast(world: World) -> None:
    enter(world)


@pytest.mark.parametrize("story", STORIES)
def test_each_frame_reaches_whom_it_may_and_nobody_else(world: World, story: str) -> None:
    for host in world.hosts.values():
        host.flush()
    wrong = []
    for row in STORIES[story]:
        if row.moved:
            world.learn()
        receivers = world.send(row.sender, *row.frames)
        receivers.pop(row.sender, None) if row.sender == "wire" else None
        if set(receivers) != set(row.receivers.split()):
            wrong.append(
                f"{row.sender}: {row.what}: for {row.receivers or '-'}, got by {' '.join(receivers)}"
            )
    assert not wrong, "\n".join(wrong)
