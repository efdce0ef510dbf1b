"""Matches, actions and flows as values, and their text in the syntax of `ovs-ofctl dump-flows`. PURE.

The text is the one that ovs-ofctl prints by default (OpenFlow 1.0 with Nicira extensions), so a rendered
flow and a line of a live dump compare as strings.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from osken_apps.openflow.fields import (
    ETH_TYPE_ARP,
    ETH_TYPE_IPV4,
    ETH_TYPE_RARP,
    IP_PROTO_ICMP,
    IP_PROTO_UDP,
    Exact,
    Field,
    Value,
)

OFPP_IN_PORT = 0xFFFFFFF8
OFPP_NORMAL = 0xFFFFFFFA
OFPP_CONTROLLER = 0xFFFFFFFD
OFPCML_NO_BUFFER = 0xFFFF

PORT_NAMES = {OFPP_IN_PORT: "IN_PORT", OFPP_NORMAL: "NORMAL", OFPP_CONTROLLER: "CONTROLLER"}

PROTOCOL_WORDS: tuple[tuple[str, dict[Field, int]], ...] = (
    ("udp", {Field.ETH_TYPE: ETH_TYPE_IPV4, Field.IP_PROTO: IP_PROTO_UDP}),
    ("icmp", {Field.ETH_TYPE: ETH_TYPE_IPV4, Field.IP_PROTO: IP_PROTO_ICMP}),
    ("arp", {Field.ETH_TYPE: ETH_TYPE_ARP}),
    ("rarp", {Field.ETH_TYPE: ETH_TYPE_RARP}),
    ("ip", {Field.ETH_TYPE: ETH_TYPE_IPV4}),
)
TEXT_ORDER = (
    Field.IN_PORT, Field.VLAN_VID, Field.ETH_SRC, Field.ETH_DST, Field.ETH_TYPE,
    Field.IPV4_SRC, Field.IPV4_DST, Field.ARP_SPA, Field.ARP_TPA, Field.ARP_OP, Field.ARP_SHA, Field.ARP_THA,
    Field.IP_PROTO, Field.UDP_SRC, Field.UDP_DST, Field.ICMP_TYPE, Field.ICMP_CODE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Match:
    """What packets a flow is for: values of header fields, whole or masked; no field, any packet."""

    fields: frozenset[tuple[Field, Value]] = frozenset()

    @classmethod
    def of(cls, values: dict[Field, Value]) -> "Match":
        """Make a match from values by field."""
        return cls(frozenset(values.items()))

    @property
    def names(self) -> frozenset[Field]:
        """The fields that are matched."""
        return frozenset(field for field, _ in self.fields)

    def text(self) -> str:
        """Give the match in ovs-ofctl's words, such as `udp,in_port=3,tp_dst=67`."""
        values = dict(self.fields)
        words = []
        for word, implied in PROTOCOL_WORDS:
            if all(values.get(field) == value for field, value in implied.items()):
                words.append(word)
                values = {field: value for field, value in values.items() if field not in implied}
                break
        for field in TEXT_ORDER:
            if field in values:
                words.append(field.value.text(values[field]))
        return ",".join(words)


@dataclass(frozen=True, slots=True)
class Output:
    """Send the packet to a port, a number or one of OpenFlow's reserved ports."""

    ofport: int
    max_len: int = 0

    def text(self) -> str:
        """Give the action in ovs-ofctl's words."""
        if self.ofport == OFPP_CONTROLLER:
            return f"CONTROLLER:{self.max_len}"
        return PORT_NAMES.get(self.ofport, f"output:{self.ofport}")


@dataclass(frozen=True, slots=True)
class SetField:
    """Overwrite a header field."""

    field: Field
    value: Exact

    def text(self) -> str:
        """Give the action in ovs-ofctl's words."""
        match self.field:
            case Field.VLAN_VID:
                return f"mod_vlan_vid:{self.value}"
            case Field.ETH_SRC | Field.ETH_DST | Field.IPV4_SRC | Field.IPV4_DST:
                return f"mod_{self.field.value.match_name}:{self.value}"
            case _:
                number = f"{int(self.value):#x}" if int(self.value) else "0"
                return f"load:{number}->{self.field.value.nxm_name}[]"


@dataclass(frozen=True, slots=True)
class Move:
    """Copy one header field into another of the same width."""

    source: Field
    destination: Field

    def text(self) -> str:
        """Give the action in ovs-ofctl's words."""
        return f"move:{self.source.value.nxm_name}[]->{self.destination.value.nxm_name}[]"


@dataclass(frozen=True, slots=True)
class PushVlan:
    """Put an 802.1Q header in front; a SetField of VLAN_VID follows."""

    def text(self) -> str:
        """Give nothing: OpenFlow 1.0 has no such action, its mod_vlan_vid pushes where there is no tag."""
        return ""


@dataclass(frozen=True, slots=True)
class PopVlan:
    """Take the 802.1Q header off."""

    def text(self) -> str:
        """Give the action in ovs-ofctl's words."""
        return "strip_vlan"


Action = Output | SetField | Move | PushVlan | PopVlan

NORMAL = Output(OFPP_NORMAL)
IN_PORT = Output(OFPP_IN_PORT)
CONTROLLER = Output(OFPP_CONTROLLER, max_len=OFPCML_NO_BUFFER)


@dataclass(frozen=True, slots=True)
class Flow:
    """An entry of a flow table; with neither action nor next table it drops.

    `meter_id` is a meter that the packet must pass first; OpenFlow 1.0 knows no meters, so the text has none.
    """

    table_id: int
    priority: int
    match: Match
    actions: tuple[Action, ...]
    cookie: int
    meter_id: int | None = None
    goto_table: int | None = None

    def text(self) -> str:
        """Give the flow as a line of `ovs-ofctl dump-flows` without its counters."""
        words = ",".join(filter(None, [f"priority={self.priority}", self.match.text()]))
        steps = [action.text() for action in self.actions]
        if self.goto_table is not None:
            steps.append(f"resubmit(,{self.goto_table})")
        actions = ",".join(filter(None, steps)) or "drop"
        return f"cookie={self.cookie:#x}, table={self.table_id}, {words} actions={actions}"


def ordered(flows: Iterable[Flow]) -> list[Flow]:
    """Order a flow table for reading: by table, falling priority, then text."""
    return sorted(flows, key=lambda flow: (flow.table_id, -flow.priority, flow.text()))
