"""Actions as values, and their text in the syntax of `ovs-ofctl dump-flows`. PURE.

Source: ovs-actions(7).
"""

from dataclasses import dataclass

from osken_apps.openflow.fields import Exact, Field

OFPP_IN_PORT = 0xFFFFFFF8
OFPP_NORMAL = 0xFFFFFFFA
OFPP_CONTROLLER = 0xFFFFFFFD
OFPCML_NO_BUFFER = 0xFFFF

PORT_NAMES = {OFPP_IN_PORT: "IN_PORT", OFPP_NORMAL: "NORMAL", OFPP_CONTROLLER: "CONTROLLER"}


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
class OutputField:
    """Send the packet to the port whose number a field has."""

    field: Field

    def text(self) -> str:
        """Give the action in ovs-ofctl's words."""
        return f"output:{self.field.value.nxm_name}[]"


@dataclass(frozen=True, slots=True)
class SetField:
    """Overwrite a field."""

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
                return f"load:{_number(self.value)}->{self.field.value.nxm_name}[]"


@dataclass(frozen=True, slots=True)
class SetBit:
    """Overwrite one bit of a field."""

    field: Field
    bit: int
    value: bool

    def text(self) -> str:
        """Give the action in ovs-ofctl's words."""
        return f"load:{_number(int(self.value))}->{self.field.value.nxm_name}[{self.bit}]"


@dataclass(frozen=True, slots=True)
class Move:
    """Copy one header field into another of the same width."""

    source: Field
    destination: Field

    def text(self) -> str:
        """Give the action in ovs-ofctl's words."""
        return f"move:{self.source.value.nxm_name}[]->{self.destination.value.nxm_name}[]"


@dataclass(frozen=True, slots=True)
class Push:
    """Put the value of a field on the stack."""

    field: Field

    def text(self) -> str:
        """Give the action in ovs-ofctl's words."""
        return f"push:{self.field.value.nxm_name}[]"


@dataclass(frozen=True, slots=True)
class Pop:
    """Take the value on the top of the stack into a field."""

    field: Field

    def text(self) -> str:
        """Give the action in ovs-ofctl's words."""
        return f"pop:{self.field.value.nxm_name}[]"


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


@dataclass(frozen=True, slots=True)
class Resubmit:
    """Have the packet looked up in another table, and come back.

    `original`: by the addresses, protocol and ports that the first packet of its connection had.
    """

    table_id: int
    original: bool = False

    def text(self) -> str:
        """Give the action in ovs-ofctl's words."""
        return f"resubmit(,{self.table_id}{',ct' if self.original else ''})"


@dataclass(frozen=True, slots=True)
class Ct:
    """Have the connection tracked in the zone whose number a field has, and go on in a table.

    `commit` makes it known, which a connection is not by its first packet alone.
    """

    zone: Field
    table_id: int
    commit: bool = False

    def text(self) -> str:
        """Give the action in ovs-ofctl's words."""
        commit = "commit," if self.commit else ""
        return f"ct({commit}table={self.table_id},zone={self.zone.value.nxm_name}[0..15])"


@dataclass(frozen=True, slots=True)
class CtClear:
    """Forget what is known of the connection, as of a packet that the host itself has tracked."""

    def text(self) -> str:
        """Give the action in ovs-ofctl's words."""
        return "ct_clear"


@dataclass(frozen=True, slots=True)
class Conjunction:
    """Fulfil one of several conditions that must all be (ovs-fields(7), conjunctive match)."""

    conj_id: int
    clause: int
    clauses: int

    def text(self) -> str:
        """Give the action in ovs-ofctl's words."""
        return f"conjunction({self.conj_id},{self.clause}/{self.clauses})"


Action = (
    Output | OutputField | SetField | SetBit | Move | Push | Pop | PushVlan | PopVlan
    | Resubmit | Ct | CtClear | Conjunction
)  # fmt: skip

NORMAL = Output(OFPP_NORMAL)
IN_PORT = Output(OFPP_IN_PORT)
CONTROLLER = Output(OFPP_CONTROLLER, max_len=OFPCML_NO_BUFFER)


def _number(value: Exact) -> str:
    return f"{int(value):#x}" if int(value) else "0"
