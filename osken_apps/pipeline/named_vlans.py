"""What installed flows tell: the local VLANs that they name, the wires that they lead to, who is alive. PURE.

A controller that has just started, or one from whose host nothing is taken away, learns from this which
local VLAN is free.
"""

from collections.abc import Callable, Mapping

from osken_apps.model.host import Named
from osken_apps.model.resources import TUNNEL_TYPES
from osken_apps.model.snapshot import Layout, Wire, bridge_at_far_end, tunnel_port
from osken_apps.openflow.actions import PopVlan, SetField
from osken_apps.openflow.difference import FlowTable
from osken_apps.openflow.fields import UNTAGGED, Field, Value
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.reading import read_flow
from osken_apps.openflow.wire import FlowBody, FlowKey
from osken_apps.pipeline.features.dead import DEAD_DROP
from osken_apps.pipeline.features.isolation import LOCAL_TO_PROVIDER, PROVIDER_TO_LOCAL
from osken_apps.pipeline.features.switching import PROVIDER_TO_GUARDED, UNKNOWN_MAC
from osken_apps.pipeline.features.tunnels import (
    LOCAL_TO_SEGMENT,
    SEGMENT_TO_LOCAL,
    TUNNEL_TO_LOCAL,
    TYPE_NUMBERS,
)

Values = Mapping[Field, Value]
Found = tuple[Value | None, Wire | None]  # as a flow has it, if it does


def named_vlans(bridge: str, layout: Layout, ofports: Mapping[str, int], flows: FlowTable) -> Named:
    """Give the local VLANs that flows of a bridge name; `ofports` are its ports."""
    names = {number: name for name, number in ofports.items()}
    named = (named_by(key, body, bridge, layout, names) for key, body in flows.items())
    return frozenset((vlan, wire) for vlan, wire in named if vlan is not None)


def carrying(ofports: Mapping[str, int], flows: FlowTable) -> dict[str, int]:
    """Give the ports of an integration bridge that are not dead by its flows; without any flow all are."""
    drops = (read_flow(key, body).flow for key, body in flows.items() if body.cookie == DEAD_DROP.cookie)
    dead = {dict(flow.match.fields).get(Field.IN_PORT) for flow in drops}
    return {name: ofport for name, ofport in ofports.items() if flows and ofport not in dead}


def named_by(
    key: FlowKey, body: FlowBody, bridge: str, layout: Layout, names: Mapping[int, str]
) -> tuple[int | None, Wire | None]:
    """Give the local VLAN that a flow of a bridge names, and where it leads; `names` are those of ports."""
    read = _READERS.get(body.cookie)
    vlan, wire = read(read_flow(key, body).flow, bridge, layout, names) if read else (None, None)
    return _number(vlan), wire


def _from_wire(flow: Flow, bridge: str, layout: Layout, names: Mapping[int, str]) -> Found:
    matched, done = dict(flow.match.fields), _set(flow)
    way = bridge_at_far_end(_name(names, matched))
    vlan = done.get(Field.VLAN_VID, done.get(Field.REG6))
    return vlan, Wire(way, _number(matched.get(Field.VLAN_VID))) if way else None


def _in_match(flow: Flow, bridge: str, layout: Layout, names: Mapping[int, str]) -> Found:
    matched = dict(flow.match.fields)
    return matched.get(Field.VLAN_VID, matched.get(Field.REG6)), None


def _to_wire(flow: Flow, bridge: str, layout: Layout, names: Mapping[int, str]) -> Found:
    is_untagged = any(isinstance(action, PopVlan) for action in flow.actions)
    number = None if is_untagged else _number(_set(flow).get(Field.VLAN_VID))
    return dict(flow.match.fields).get(Field.VLAN_VID), Wire(bridge, number)


def _to_segment(flow: Flow, bridge: str, layout: Layout, names: Mapping[int, str]) -> Found:
    done = _set(flow)
    way = _TUNNELS.get(done.get(Field.REG0), "")
    return dict(flow.match.fields).get(Field.VLAN_VID), Wire(way, _number(done.get(Field.TUN_ID)))


def _from_segment(flow: Flow, bridge: str, layout: Layout, names: Mapping[int, str]) -> Found:
    matched = dict(flow.match.fields)
    way = _name(names, matched)
    wire = Wire(way, _number(matched.get(Field.CONJ_ID))) if way in _TUNNELS.values() else None
    return _set(flow).get(Field.VLAN_VID), wire


def _set(flow: Flow) -> Values:
    return {action.field: action.value for action in flow.actions if isinstance(action, SetField)}


def _name(names: Mapping[int, str], matched: Values) -> str:
    number = matched.get(Field.IN_PORT)
    return names.get(number, "") if isinstance(number, int) else ""


def _number(value: Value | None) -> int | None:
    return value if isinstance(value, int) and value != UNTAGGED else None


_TUNNELS: dict[Value | None, str] = {TYPE_NUMBERS[kind]: tunnel_port(kind) for kind in TUNNEL_TYPES}
_READERS: dict[int, Callable[[Flow, str, Layout, Mapping[int, str]], Found]] = {
    PROVIDER_TO_LOCAL.cookie: _from_wire,
    PROVIDER_TO_GUARDED.cookie: _from_wire,
    TUNNEL_TO_LOCAL.cookie: _in_match,
    UNKNOWN_MAC.cookie: _in_match,
    LOCAL_TO_PROVIDER.cookie: _to_wire,
    LOCAL_TO_SEGMENT.cookie: _to_segment,
    SEGMENT_TO_LOCAL.cookie: _from_segment,
}
