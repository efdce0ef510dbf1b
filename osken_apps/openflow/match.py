"""Matches as values, and their text in the syntax of `ovs-ofctl dump-flows`. PURE.

The order of words is Open vSwitch's own.
"""

from dataclasses import dataclass

from osken_apps.openflow.fields import (
    ETH_TYPE_ARP,
    ETH_TYPE_IPV4,
    ETH_TYPE_IPV6,
    ETH_TYPE_RARP,
    IP_PROTO_ICMP,
    IP_PROTO_ICMPV6,
    IP_PROTO_SCTP,
    IP_PROTO_TCP,
    IP_PROTO_UDP,
    Field,
    Value,
)

STATE_ORDER = (Field.CONJ_ID, Field.CT_STATE)
PROTOCOL_WORDS: dict[tuple[Value | None, Value | None], str] = {
    (ETH_TYPE_IPV4, None): "ip",
    (ETH_TYPE_IPV4, IP_PROTO_ICMP): "icmp",
    (ETH_TYPE_IPV4, IP_PROTO_TCP): "tcp",
    (ETH_TYPE_IPV4, IP_PROTO_UDP): "udp",
    (ETH_TYPE_IPV4, IP_PROTO_SCTP): "sctp",
    (ETH_TYPE_IPV6, None): "ipv6",
    (ETH_TYPE_IPV6, IP_PROTO_ICMPV6): "icmp6",
    (ETH_TYPE_IPV6, IP_PROTO_TCP): "tcp6",
    (ETH_TYPE_IPV6, IP_PROTO_UDP): "udp6",
    (ETH_TYPE_IPV6, IP_PROTO_SCTP): "sctp6",
    (ETH_TYPE_ARP, None): "arp",
    (ETH_TYPE_RARP, None): "rarp",
}
FIELD_ORDER = (
    Field.REG0, Field.REG4, Field.REG6, Field.REG7,
    Field.TUN_ID, Field.TUN_SRC, Field.TUN_DST,
    Field.IN_PORT, Field.VLAN_VID, Field.ETH_SRC, Field.ETH_DST, Field.ETH_TYPE,
    Field.IPV6_SRC, Field.IPV6_DST, Field.IPV4_SRC, Field.IPV4_DST, Field.ARP_SPA, Field.ARP_TPA,
    Field.ARP_OP, Field.IP_PROTO, Field.ARP_SHA, Field.ARP_THA, Field.IP_TTL, Field.IP_FRAG,
    Field.ICMP_TYPE, Field.ICMP_CODE, Field.ICMPV6_TYPE, Field.ICMPV6_CODE,
    Field.ND_TARGET, Field.ND_SLL, Field.ND_TLL,
    Field.TCP_SRC, Field.TCP_DST, Field.UDP_SRC, Field.UDP_DST, Field.SCTP_SRC, Field.SCTP_DST,
)  # fmt: skip

_POSITIONS = {field: position for position, field in enumerate(Field)}


def _position(item: tuple[Field, Value]) -> int:
    return _POSITIONS[item[0]]


@dataclass(frozen=True, slots=True)
class Match:
    """What packets a flow is for: values of header fields, whole or masked; no field, any packet.

    The fields are in the order of `Field`, so that matches of one meaning are equal.
    """

    fields: tuple[tuple[Field, Value], ...] = ()

    @classmethod
    def of(cls, values: dict[Field, Value]) -> "Match":
        """Make a match from values by field."""
        return cls(tuple(sorted(values.items(), key=_position)))

    @property
    def names(self) -> tuple[Field, ...]:
        """The fields that are matched, in the order of `Field`."""
        return tuple([field for field, _ in self.fields])

    def text(self) -> str:
        """Give the match in ovs-ofctl's words, such as `udp,in_port=3,tp_dst=67`."""
        values = dict(self.fields)
        words = [field.value.text(values[field]) for field in STATE_ORDER if field in values]
        eth_type, ip_proto = values.get(Field.ETH_TYPE), values.get(Field.IP_PROTO)
        for key, implied in (
            ((eth_type, ip_proto), (Field.ETH_TYPE, Field.IP_PROTO)),
            ((eth_type, None), (Field.ETH_TYPE,)),
        ):
            if key in PROTOCOL_WORDS:
                words.append(PROTOCOL_WORDS[key])
                values = {field: value for field, value in values.items() if field not in implied}
                break
        words += (field.value.text(values[field]) for field in FIELD_ORDER if field in values)
        return ",".join(words)
