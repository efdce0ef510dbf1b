"""The frames of the packet tests: each by a name, made for a sender and one whom it is for."""

import struct
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address

from scapy.all import (
    ARP,
    BOOTP,
    DHCP,
    GRE,
    ICMP,
    IP,
    SCTP,
    TCP,
    UDP,
    Dot1Q,
    Ether,
    ICMPv6EchoRequest,
    ICMPv6MLReport,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_Redirect,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPOption_Router_Alert,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    Packet,
    PadN,
    Raw,
)

BROADCAST = "ff:ff:ff:ff:ff:ff"


@dataclass(frozen=True)
class Machine:
    """Who sends or gets a frame."""

    mac: str
    ip: str = "0.0.0.0"
    ip6: str = "::"

    def but(self, **changes: str) -> "Machine":
        """Give this machine with something forged."""
        return replace(self, **changes)


ALL_ROUTERS_4 = Machine("01:00:5e:00:00:02", "224.0.0.2")


def link_local(mac: str) -> str:
    """Give the link-local address of a MAC, by hand: with ff:fe in the middle and one bit turned."""
    octets = [int(part, 16) for part in mac.split(":")]
    octets[0] ^= 2
    words = [*octets[:3], 0xFF, 0xFE, *octets[3:]]
    return str(IPv6Address(b"\xfe\x80" + bytes(6) + bytes(words)))


def ether(sender: Machine, receiver: Machine) -> Packet:
    return Ether(src=sender.mac, dst=receiver.mac)


def ip(sender: Machine, receiver: Machine, **more: object) -> Packet:
    return ether(sender, receiver) / IP(src=sender.ip, dst=receiver.ip, **more)


def ip6(sender: Machine, receiver: Machine, **more: object) -> Packet:
    return ether(sender, receiver) / IPv6(src=sender.ip6, dst=receiver.ip6, **more)


def tcp(sender: Machine, receiver: Machine, dport: int = 80, flags: str = "S", sport: int = 40000) -> Packet:
    return ip(sender, receiver) / TCP(sport=sport, dport=dport, flags=flags, seq=1000, ack=2000)


def udp(sender: Machine, receiver: Machine, dport: int = 53, sport: int = 40000) -> Packet:
    return ip(sender, receiver) / UDP(sport=sport, dport=dport) / Raw(b"data")


def sctp(sender: Machine, receiver: Machine, dport: int = 5000, sport: int = 40000) -> Packet:
    return ip(sender, receiver) / SCTP(sport=sport, dport=dport) / Raw(b"\1\0\0\x14" + bytes(16))


def sctp6(sender: Machine, receiver: Machine, dport: int = 5000, sport: int = 40000) -> Packet:
    return ip6(sender, receiver) / SCTP(sport=sport, dport=dport) / Raw(b"\1\0\0\x14" + bytes(16))


def ping(sender: Machine, receiver: Machine, number: int = 1) -> Packet:
    return ip(sender, receiver) / ICMP(type=8, id=7, seq=number) / Raw(b"ping")


def pong(sender: Machine, receiver: Machine, number: int = 1) -> Packet:
    return ip(sender, receiver) / ICMP(type=0, id=7, seq=number) / Raw(b"ping")


def ping6(sender: Machine, receiver: Machine) -> Packet:
    return ip6(sender, receiver) / ICMPv6EchoRequest(id=7, seq=1, data=b"ping")


def redirect4(sender: Machine, receiver: Machine, about: Packet) -> Packet:
    """Tell, by ICMP, a better way for a packet that the receiver sent."""
    return ip(sender, receiver) / ICMP(type=5, code=1, gw=sender.ip) / about[IP]


def router_advertisement4(sender: Machine, receiver: Machine) -> Packet:
    """Advertise a router by ICMP (RFC 1256)."""
    message = struct.pack("!BBHII", 1, 2, 1800, int(IPv4Address(sender.ip)), 0)
    return ip(sender, receiver, ttl=1) / ICMP(type=9) / Raw(message)


def router_discovery(sender: Machine, receiver: Machine = ALL_ROUTERS_4) -> Packet:
    """Ask for routers by ICMP (RFC 1256): none of its messages belongs to a connection."""
    return ip(sender, receiver, ttl=1) / ICMP(type=10)


def gre(sender: Machine, receiver: Machine) -> Packet:
    return ip(sender, receiver) / GRE() / Raw(b"inside")


def vrrp(sender: Machine) -> Packet:
    group = Machine("01:00:5e:00:00:12", "224.0.0.18")
    return ip(sender, group, proto=112, ttl=255) / Raw(b"\x21\x07\x64\x01\0\1\0\0" + bytes(12))


def unreachable(sender: Machine, receiver: Machine, about: Packet) -> Packet:
    """An ICMP error about a packet that the receiver sent."""
    return ip(sender, receiver) / ICMP(type=3, code=3) / about[IP]


def fragments(whole: Packet, size: int = 1200) -> list[bytes]:
    """Cut an IPv4 packet with a long payload."""
    header = Ether(src=whole.src, dst=whole.dst)
    return [bytes(header / piece) for piece in whole[IP].fragment(fragsize=size)]


def fragments6(whole: Packet, size: int = 1280) -> list[bytes]:
    """Cut what follows the header of IPv6, also where one would better not."""
    following, rest = IPv6(bytes(whole[IPv6])).nh, bytes(whole[IPv6])[len(IPv6()) :]
    header = Ether(src=whole.src, dst=whole.dst) / IPv6(
        src=whole[IPv6].src, dst=whole[IPv6].dst, hlim=whole[IPv6].hlim
    )
    pieces = [
        IPv6ExtHdrFragment(nh=following, offset=at // 8, m=at + size < len(rest), id=len(rest))
        / Raw(rest[at : at + size])
        for at in range(0, len(rest), size)
    ]
    return [bytes(header / piece) for piece in pieces]


def behind_options(message: Packet, octets: int = 8) -> Packet:
    """Put an IPv6 header of destination options of a length in, which say nothing (RFC 8200, 4.6)."""
    header = Ether(src=message.src, dst=message.dst) / message[IPv6].copy()
    inside = header[IPv6].payload
    header[IPv6].remove_payload()
    return header / IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(octets - 4))]) / inside


def dhcpv6_reply(sender: Machine, receiver: Machine) -> Packet:
    return ip6(sender, receiver) / UDP(sport=547, dport=546) / Raw(b"\7" + bytes(7))


def long_udp6(sender: Machine, receiver: Machine) -> Packet:
    return ip6(sender, receiver) / UDP(sport=40001, dport=53) / Raw(bytes(2000))


def long_udp(sender: Machine, receiver: Machine, dport: int = 53) -> Packet:
    return ip(sender, receiver, id=dport) / UDP(sport=40001, dport=dport) / Raw(bytes(3000))


def arp(sender: Machine, about: str, op: int = 1, **forged: str) -> Packet:
    """Ask for an address, or (op 2) tell one."""
    values: dict[str, object] = {"op": op, "hwsrc": sender.mac, "psrc": sender.ip, "pdst": about}
    return Ether(src=sender.mac, dst=BROADCAST) / ARP(**(values | forged))


def gratuitous_arp(sender: Machine) -> Packet:
    return arp(sender, sender.ip)


def arp_probe(sender: Machine, about: str) -> Packet:
    return arp(sender, about, psrc="0.0.0.0")


def rarp(sender: Machine) -> Packet:
    header = Ether(src=sender.mac, dst=BROADCAST, type=0x8035)
    return header / ARP(op=3, hwsrc=sender.mac, psrc="0.0.0.0", hwdst=sender.mac, pdst="0.0.0.0")


def solicited(address: str) -> Machine:
    """Give the solicited-node multicast group of an address (RFC 4291, 2.7.1)."""
    last = IPv6Address(address).packed[-3:]
    group = IPv6Address(b"\xff\x02" + bytes(9) + b"\1\xff" + last)
    return Machine("33:33:ff:" + ":".join(f"{octet:02x}" for octet in last), ip6=str(group))


ALL_NODES = Machine("33:33:00:00:00:01", ip6="ff02::1")
ALL_ROUTERS = Machine("33:33:00:00:00:02", ip6="ff02::2")


def dad(sender: Machine, target: str) -> Packet:
    return ip6(sender.but(ip6="::"), solicited(target), hlim=255) / ICMPv6ND_NS(tgt=target)


def neighbor_solicitation(
    sender: Machine, target: str, option: str | None = None, hlim: int = 255, to: Machine | None = None
) -> Packet:
    """A question for all that may have the address, or `to` one of which it is known (RFC 4861, 7.3.3)."""
    message = ip6(sender, to or solicited(target), hlim=hlim) / ICMPv6ND_NS(tgt=target)
    return message / ICMPv6NDOptSrcLLAddr(lladdr=sender.mac if option is None else option)


def neighbor_advertisement(
    sender: Machine, receiver: Machine, target: str, option: str | None = None, hlim: int = 255
) -> Packet:
    message = ip6(sender, receiver, hlim=hlim) / ICMPv6ND_NA(tgt=target, R=0, S=1)
    return message / ICMPv6NDOptDstLLAddr(lladdr=sender.mac if option is None else option)


def router_advertisement(sender: Machine) -> Packet:
    return ip6(sender, ALL_NODES, hlim=255) / ICMPv6ND_RA()


def router_solicitation(sender: Machine, receiver: Machine = ALL_ROUTERS) -> Packet:
    return ip6(sender, receiver, hlim=255) / ICMPv6ND_RS()


def redirect(sender: Machine, receiver: Machine) -> Packet:
    return ip6(sender, receiver, hlim=255) / ICMPv6ND_Redirect(tgt=sender.ip6, dst="2001:db8::1")


MDNS = Machine("33:33:00:00:00:fb", ip6="ff02::fb")


def mld_report(sender: Machine, receiver: Machine = MDNS) -> Packet:
    return ip6(sender, receiver, hlim=1) / ICMPv6MLReport(mladdr=MDNS.ip6)


def igmp(sender: Machine, receiver: Machine) -> Packet:
    """An IGMPv2 membership report (RFC 2236, 2), with the router alert option."""
    message = bytes.fromhex("1600 09 04 e0 00 00 fb".replace(" ", ""))
    return ip(sender, receiver, proto=2, ttl=1, options=[IPOption_Router_Alert()]) / Raw(message)


def igmp_report(sender: Machine) -> Packet:
    return igmp(sender, Machine("01:00:5e:00:00:fb", "224.0.0.251"))


def dhcp(sender: Machine, kind: str, sport: int, dport: int, receiver: Machine) -> Packet:
    op = 1 if dport == 67 else 2
    header = ip(sender, receiver) / UDP(sport=sport, dport=dport)
    return header / BOOTP(op=op, chaddr=bytes(16)) / DHCP(options=[("message-type", kind), "end"])


def tagged(vid: int, packet: Packet) -> Packet:
    """Put an 802.1Q header in."""
    inner = packet.payload
    return Ether(src=packet.src, dst=packet.dst) / Dot1Q(vlan=vid, type=packet.type) / inner
