"""The stages that several features share. PURE.

Of a guarded network nothing is left to MAC learning. What a guarded port sends goes by `guard`, `nd` and
`services` (whose is it?), `sender` to `sender_verdict` (may it leave?), `lookup` and `replicate` (for whom is
it?), `admit` to `receiver_verdict` (may it come in?), `commit` and `deliver`; what others send begins at
`lookup`.

Registers: REG0 has bits (below), REG4 the number of the group that is asked, REG6 the network's local VLAN,
which is the zone of its connections, and REG7 the receiving port, 0 for all that are not known.
"""

from osken_apps.openflow.fields import Field
from osken_apps.pipeline.stage import Role, Stage

PERMITTED = 0  # bit of REG0: a rule permits it
UNSPECIFIED = 1  # bit of REG0: the sender has no IPv6 address yet
SEVERAL = 2  # bit of REG0: each receiver gets one of its own, the connection is not theirs alone

_ADDRESSES = frozenset(
    {
        Field.IN_PORT, Field.ETH_SRC, Field.ETH_DST, Field.ETH_TYPE, Field.IP_PROTO, Field.IPV4_SRC,
        Field.IPV4_DST, Field.IPV6_SRC, Field.IPV6_DST, Field.UDP_SRC, Field.UDP_DST,
    }
)  # fmt: skip
_ARP = frozenset({Field.ARP_OP, Field.ARP_SPA, Field.ARP_TPA, Field.ARP_SHA, Field.ARP_THA})
_ANSWERS = _ARP | {Field.ETH_SRC, Field.ETH_DST, Field.IPV4_SRC, Field.IPV4_DST, Field.ICMP_TYPE}
_TRACKED = frozenset({Field.CT_STATE, Field.ETH_TYPE, Field.IP_PROTO, Field.ICMPV6_TYPE, Field.IP_FRAG})
_REMOTE = frozenset(
    {
        Field.REG4, Field.CONJ_ID, Field.ETH_SRC, Field.ETH_DST, Field.ETH_TYPE, Field.IP_PROTO,
        Field.IPV4_SRC, Field.IPV4_DST, Field.IPV6_SRC, Field.IPV6_DST, Field.TCP_DST, Field.UDP_DST,
        Field.SCTP_DST, Field.ICMP_TYPE, Field.ICMP_CODE, Field.ICMPV6_TYPE, Field.ICMPV6_CODE,
    }
)  # fmt: skip
_SWAPPED = frozenset(
    {
        Field.ETH_SRC, Field.ETH_DST, Field.IPV4_SRC, Field.IPV4_DST, Field.IPV6_SRC, Field.IPV6_DST,
        Field.SCTP_SRC, Field.SCTP_DST,
    }
)  # fmt: skip

CLASSIFY = Stage(
    "classify", Role.INTEGRATION, 0, "dropped: this is so before the first flow is there",
    matches=frozenset(
        {
            Field.IN_PORT, Field.VLAN_VID, Field.ETH_SRC, Field.ETH_TYPE,
            Field.IP_PROTO, Field.IPV4_DST, Field.UDP_DST, Field.ICMP_TYPE, Field.ICMP_CODE,
            Field.ARP_OP, Field.ARP_SPA, Field.ARP_TPA, Field.ARP_SHA,
        }
    ),
    sets=_ANSWERS | {Field.VLAN_VID, Field.REG6},
)  # fmt: skip
GUARD = Stage(
    "guard", Role.INTEGRATION, 5, "dropped: it is not from an address of the port",
    matches=_ADDRESSES | _ARP, sets=frozenset({Field.REG0}), entered_from=(CLASSIFY,),
)  # fmt: skip
ND = Stage(
    "nd", Role.INTEGRATION, 6, "dropped: there is no such packet",
    matches=_ADDRESSES | {
        Field.REG0, Field.IP_FRAG, Field.IP_TTL, Field.ICMPV6_TYPE, Field.ICMPV6_CODE, Field.ND_TARGET,
        Field.ND_SLL, Field.ND_TLL,
    },
    entered_from=(GUARD,),
)  # fmt: skip
SERVICES = Stage(
    "services", Role.INTEGRATION, 7, "dropped: there is no such packet",
    matches=_ADDRESSES | _ARP | {Field.ICMP_TYPE, Field.ICMP_CODE}, sets=_ANSWERS,
    entered_from=(GUARD, ND),
)  # fmt: skip
DHCP = Stage(
    "dhcp", Role.INTEGRATION, 10, "dropped: no port of this host has DHCP",
    matches=frozenset(), entered_from=(CLASSIFY, SERVICES),
)  # fmt: skip
SENDER = Stage(
    "sender", Role.INTEGRATION, 20, "dropped: its connection cannot be tracked",
    matches=_TRACKED, sets=frozenset({Field.REG0}), entered_from=(SERVICES,),
)  # fmt: skip
SENDER_GROUPS = Stage(
    "sender_groups", Role.INTEGRATION, 21, "dropped: the port has no group",
    matches=frozenset({Field.IN_PORT}), sets=frozenset({Field.REG4}), entered_from=(SERVICES, SENDER),
)  # fmt: skip
SENT = Stage(
    "sent", Role.INTEGRATION, 22, "not permitted",
    matches=_TRACKED, sets=_SWAPPED, entered_from=(SENDER_GROUPS,),
)  # fmt: skip
SENDER_VERDICT = Stage(
    "sender_verdict", Role.INTEGRATION, 35, "dropped: no rule of the sender's groups permits it",
    matches=frozenset({Field.REG0}), sets=frozenset({Field.REG0}), entered_from=(SENDER, SENDER_GROUPS),
)  # fmt: skip
LOOKUP = Stage(
    "lookup", Role.INTEGRATION, 40, "dropped: the network is not guarded",
    matches=frozenset(
        {
            Field.REG6, Field.ETH_DST, Field.ETH_TYPE, Field.IP_PROTO, Field.IP_FRAG, Field.IP_TTL,
            Field.IPV4_DST, Field.IPV6_DST, Field.ICMPV6_TYPE, Field.CT_STATE,
        }
    ),
    sets=frozenset({Field.REG7}), entered_from=(CLASSIFY, GUARD, ND, SERVICES, SENDER_VERDICT),
)  # fmt: skip
REPLICATE = Stage(
    "replicate", Role.INTEGRATION, 42, "dropped: the network is not guarded",
    matches=frozenset({Field.REG6, Field.ETH_DST}), sets=frozenset({Field.REG0, Field.REG7}),
    entered_from=(LOOKUP,),
)  # fmt: skip
ADMIT = Stage(
    "admit", Role.INTEGRATION, 50, "dropped: no rule can permit what is neither ARP nor IP",
    matches=frozenset(
        {
            Field.REG7, Field.ETH_TYPE, Field.IP_PROTO, Field.IP_TTL, Field.IPV4_DST, Field.IPV6_DST,
            Field.ICMPV6_TYPE, Field.UDP_SRC, Field.UDP_DST, Field.CT_STATE,
        }
    ),
    entered_from=(LOOKUP, REPLICATE),
)  # fmt: skip
RECEIVER = Stage(
    "receiver", Role.INTEGRATION, 60, "dropped: its connection cannot be tracked",
    matches=_TRACKED, sets=frozenset({Field.REG0}), entered_from=(ADMIT,),
)  # fmt: skip
RECEIVER_GROUPS = Stage(
    "receiver_groups", Role.INTEGRATION, 61, "dropped: the port has no group",
    matches=frozenset({Field.REG7}), sets=frozenset({Field.REG4}), entered_from=(ADMIT, RECEIVER),
)  # fmt: skip
RECEIVED = Stage(
    "received", Role.INTEGRATION, 62, "not permitted",
    matches=_TRACKED | {Field.REG7}, sets=_SWAPPED, entered_from=(RECEIVER_GROUPS,),
)  # fmt: skip
EGRESS_RULES = Stage(
    "egress_rules", Role.INTEGRATION, 30, "not permitted by this group",
    matches=_REMOTE, sets=frozenset({Field.REG0}), entered_from=(SENT, RECEIVED),
)  # fmt: skip
INGRESS_RULES = Stage(
    "ingress_rules", Role.INTEGRATION, 31, "not permitted by this group",
    matches=_REMOTE, sets=frozenset({Field.REG0}), entered_from=(SENT, RECEIVED),
)  # fmt: skip
RECEIVER_VERDICT = Stage(
    "receiver_verdict", Role.INTEGRATION, 65, "dropped: no rule of the receiver's groups permits it",
    matches=frozenset({Field.REG0}), sets=frozenset({Field.REG0}), entered_from=(RECEIVER, RECEIVER_GROUPS),
)  # fmt: skip
COMMIT = Stage(
    "commit", Role.INTEGRATION, 70, "dropped: there is no such packet",
    matches=frozenset({Field.CT_STATE, Field.ETH_TYPE, Field.IP_FRAG, Field.REG0}),
    entered_from=(LOOKUP, REPLICATE, ADMIT, RECEIVER_VERDICT),
)  # fmt: skip
COMMITTED = Stage(
    "committed", Role.INTEGRATION, 71, "dropped: its connection cannot be tracked",
    matches=_TRACKED, entered_from=(COMMIT,),
)  # fmt: skip
DELIVER = Stage(
    "deliver", Role.INTEGRATION, 72, "dropped: there is no such packet",
    matches=frozenset({Field.REG6, Field.REG7}), sets=frozenset({Field.VLAN_VID}),
    entered_from=(COMMIT, COMMITTED),
)  # fmt: skip

TUNNEL_CLASSIFY = Stage(
    "classify", Role.TUNNEL, 0, "dropped: it is of no network that this host has and shares with the sender",
    matches=frozenset({Field.IN_PORT, Field.VLAN_VID, Field.TUN_ID, Field.TUN_SRC, Field.CONJ_ID}),
    sets=frozenset({Field.REG0, Field.TUN_ID, Field.VLAN_VID}),
)  # fmt: skip
REMOTE = Stage(
    "remote", Role.TUNNEL, 20, "dropped: no other host has a machine that it may be for",
    matches=_ARP | {
        Field.REG0, Field.TUN_ID, Field.ETH_DST, Field.ETH_TYPE, Field.IP_PROTO, Field.IPV6_SRC,
        Field.ICMPV6_TYPE, Field.ND_TARGET,
    },
    sets=_ANSWERS | {Field.TUN_DST, Field.IPV6_SRC, Field.IPV6_DST, Field.ICMPV6_TYPE},
    entered_from=(TUNNEL_CLASSIFY,),
)  # fmt: skip
ADVERTISE = Stage(
    "advertise", Role.TUNNEL, 25, "dropped: there is no such packet",
    matches=frozenset({Field.ETH_TYPE, Field.IP_PROTO, Field.ICMPV6_TYPE}),
    sets=frozenset({Field.ND_RESERVED, Field.ND_OPTIONS_TYPE, Field.ND_TLL}), entered_from=(REMOTE,),
)  # fmt: skip
ANSWERED = Stage(
    "answered", Role.TUNNEL, 30, "dropped: there is no such packet",
    matches=frozenset({Field.REG0, Field.TUN_ID}), sets=frozenset({Field.VLAN_VID}),
    entered_from=(REMOTE, ADVERTISE),
)  # fmt: skip

PHYSICAL_CLASSIFY = Stage(
    "classify", Role.PHYSICAL, 0,
    "dropped: this is so before both ends of the link to the integration bridge are known",
    matches=frozenset({Field.IN_PORT, Field.VLAN_VID}), sets=frozenset({Field.VLAN_VID}),
)  # fmt: skip
