"""Random frames from what a scenario knows: its addresses, networks and ports, and what it does not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from random import Random

from osken_apps.model.snapshot import HostSnapshot
from osken_apps.openflow.fields import Exact, Field, Value, masked
from osken_apps.openflow.match import Match
from osken_apps.trace.frame import ENDS, OF_A_BRIDGE, Frame
from tests.ovs.security.frames import link_local

EXTRA_MACS = (
    "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", "01:00:5e:00:00:12", "01:80:c2:00:00:00", "01:80:c2:00:00:0e",
    "01:80:c2:00:00:10", "00:e0:2b:00:00:04", "01:00:0c:cc:cc:cc", "00:00:5e:00:01:07", "02:00:00:00:00:99",
)  # fmt: skip
EXTRA_IPV4 = ("0.0.0.0", "255.255.255.255", "10.10.30.100", "10.10.30.77", "192.0.2.1", "224.0.0.18")
EXTRA_IPV6 = ("::", "ff02::1", "ff02::fb", "ff02::1:ff00:302", "2001:db8::a", "2001:db8::c", "2001:db8:9::1")
PORTS = (0, 22, 53, 67, 68, 80, 546, 547, 5001, 8000, 8007, 8010, 65535)
ETH_TYPES = (0x0800,) * 6 + (0x86DD,) * 4 + (0x0806,) * 4 + (0x8035, 0x88B5)
IPV4_PROTOCOLS, IPV6_PROTOCOLS = (1, 2, 6, 6, 17, 17, 47, 132), (6, 17, 58, 58, 58, 58, 132)
PORTED = (6, 17, 132)
ICMPV6_TYPES = (1, 128, 129, 130, 131, 132, 133, 134, 135, 135, 135, 136, 136, 137, 143)

LATER = 3


@dataclass(frozen=True)
class Vocabulary:
    """What frames are made of."""

    macs: Sequence[int]
    ipv4: Sequence[int]
    ipv6: Sequence[int]
    vids: Sequence[int]
    tunnel_ids: Sequence[int]
    peers: Sequence[int]


def vocabulary(snapshot: HostSnapshot) -> Vocabulary:
    """Give the words of a scenario."""
    macs, ipv4 = set(map(_mac, EXTRA_MACS)), {int(IPv4Address(text)) for text in EXTRA_IPV4}
    ipv6 = {int(IPv6Address(text)) for text in EXTRA_IPV6}
    for bound in snapshot.ports:
        macs.add(int(bound.mac_address))
        ipv6.add(int(IPv6Address(link_local(mac_text(int(bound.mac_address))))))
        if bound.guard:
            own = [address.network.network_address for address in bound.guard.addresses]
            ipv4 |= {int(address) for address in own if isinstance(address, IPv4Address)}
            ipv6 |= {int(address) for address in own if isinstance(address, IPv6Address)}
        if bound.server:
            macs.add(int(bound.server.mac_address))
            ipv4 |= {int(address) for address in bound.server.addresses}
    peers = {int(IPv4Address("192.0.2.9"))}
    for reach in snapshot.reaches:
        peers |= {int(peer) for peer in reach.peers}
        for remote in reach.ports:
            macs.add(int(remote.mac_address))
            ipv4 |= {int(known) for known in remote.known if isinstance(known, IPv4Address)}
            ipv6 |= {int(known) for known in remote.known if isinstance(known, IPv6Address)}
    vids = {0, 7, 4095} | {segment.local_vlan for segment in snapshot.segments}
    vids |= {segment.segmentation_id for segment in snapshot.segments if segment.segmentation_id}
    ids = {6} | {segment.segmentation_id or 0 for segment in snapshot.segments}
    return Vocabulary(
        *(sorted(words) for words in (macs, ipv4, ipv6, {vid for vid in vids if vid < 4096}, ids, peers))
    )


def _mac(text: str) -> int:
    return int(text.replace(":", ""), 16)


def mac_text(mac: int) -> str:
    """Give a MAC address as text."""
    return ":".join(f"{octet:02x}" for octet in mac.to_bytes(6, "big"))


def random_frame(dice: Random, words: Vocabulary, mac: int, address: int, wanted: Match) -> Frame:
    """Make a frame that a flow may be for; `mac` and `address` (IPv4) are those of the sender."""
    asked = {field: _one_of(dice, field, value) for field, value in wanted.fields if field not in OF_A_BRIDGE}
    values: dict[Field, Exact] = {
        Field.ETH_SRC: mac,
        Field.ETH_DST: dice.choice(words.macs),
        Field.ETH_TYPE: asked.get(Field.ETH_TYPE, dice.choice(ETH_TYPES)),
    }
    if dice.random() < 0.15:
        values[Field.VLAN_VID] = dice.choice(words.vids)
    match values[Field.ETH_TYPE]:
        case 0x0800:
            values |= {
                Field.IPV4_SRC: address,
                Field.IPV4_DST: dice.choice(words.ipv4),
                Field.IP_PROTO: asked.get(Field.IP_PROTO, dice.choice(IPV4_PROTOCOLS)),
                Field.IP_TTL: 64,
            }
            values |= {Field.IP_FRAG: dice.choice((1, LATER))} if dice.random() < 0.05 else {}
        case 0x86DD:
            link = int(IPv6Address(link_local(mac_text(mac))))
            values |= {
                Field.IPV6_SRC: link if dice.random() < 0.7 else dice.choice(words.ipv6),
                Field.IPV6_DST: dice.choice(words.ipv6),
                Field.IP_PROTO: asked.get(Field.IP_PROTO, dice.choice(IPV6_PROTOCOLS)),
                Field.IP_TTL: dice.choice((64, 255, 255)),
            }
        case 0x0806 | 0x8035:
            values |= {
                Field.ARP_OP: dice.choice((1, 1, 2, 3)),
                Field.ARP_SPA: address,
                Field.ARP_TPA: dice.choice(words.ipv4),
                Field.ARP_SHA: mac if dice.random() < 0.8 else dice.choice(words.macs),
                Field.ARP_THA: dice.choice((0, dice.choice(words.macs))),
            }
    may_be = {*values, Field.IP_FRAG} if Field.IP_PROTO in values else set(values)
    values |= {field: number for field, number in asked.items() if field in may_be}
    if values.get(Field.IP_FRAG) != LATER:
        values |= _payload(dice, words, asked, values, mac)
    return Frame.of(values)


def _one_of(dice: Random, field: Field, value: Value) -> int:
    """Give a number that a match of a field takes."""
    bits = field.value.mask_bits or field.value.bits
    exact, mask = masked(value, bits)
    free = 0 if mask is None else ~mask & (1 << min(bits, 16)) - 1
    return int(exact) | dice.getrandbits(16) & free


def _payload(
    dice: Random, words: Vocabulary, asked: dict[Field, int], values: Mapping[Field, Exact], mac: int
) -> dict[Field, Exact]:
    made: dict[Field, Exact] = {}
    protocol, is_ipv6 = values.get(Field.IP_PROTO, 0), values[Field.ETH_TYPE] == 0x86DD
    if protocol in PORTED:
        made = {field: dice.choice(PORTS) for field in ENDS[int(protocol)]}
    elif protocol == 1 and not is_ipv6:
        made = {Field.ICMP_TYPE: dice.choice((0, 3, 8)), Field.ICMP_CODE: dice.choice((0, 0, 1))}
    elif protocol == 58 and is_ipv6:
        kind = asked.get(Field.ICMPV6_TYPE, dice.choice(ICMPV6_TYPES))
        made = {Field.ICMPV6_TYPE: kind, Field.ICMPV6_CODE: dice.choice((0, 0, 0, 1))}
        if kind in (135, 136) and not made[Field.ICMPV6_CODE]:
            made[Field.ND_TARGET] = dice.choice(words.ipv6)
            option = Field.ND_SLL if kind == 135 else Field.ND_TLL
            made[option] = dice.choice((0, mac, dice.choice(words.macs)))
    return made | {field: number for field, number in asked.items() if field in made}
