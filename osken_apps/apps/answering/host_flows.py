"""The flows that a host has beside those that it should have, for whoever asks through the API. SHELL.

Its bridges are read side by side; one that does not answer in time makes its own part unknown and no other.
"""

from typing import Any

from osken_apps.apps import runtime
from osken_apps.apps.answering.side_by_side import side_by_side
from osken_apps.apps.host import Bridge
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.switch_requests import read_flow_counts
from osken_apps.model.flow_state import is_asked_for
from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.model.turns import in_turns
from osken_apps.openflow.wire import CountedFlow, FlowKey
from osken_apps.pipeline.comparison import Compared, compared
from osken_apps.pipeline.desired import owned_flows
from osken_apps.pipeline.document import NOT_OURS
from osken_apps.questions import HostFlows

WAIT_S = 1.2  # for all of a host's bridges; then there is time left to say what they told
MAX_FLOWS = 100_000


def host_flows(hosts: Hosts, about: HostFlows) -> dict[str, Any]:
    """Give the flows of a host's bridges as the API shows them, those that are asked for.

    `silent` are bridges that do not say what they have: also one that is asked for and that the host has not,
    and of a host that is not back since the start all that it must have. `more` is how many flows are not
    told, being too many.
    """
    fabric, host, bridge = hosts.fabric, about.host, about.bridge
    if not fabric.ready(host):
        silent = [bridge] if bridge else list(fabric.layout.bridges)
        return {"flows": [], "silent": silent, "more": 0}
    snapshot = host_snapshot(fabric, host)
    asked = [bridge] if bridge else fabric.layout.all_bridges
    names = [name for name in fabric.layout.all_bridges if name in asked and name in snapshot.ofports]
    served = hosts.by_name.get(host)
    connected = {name: served.bridges[name] for name in names if served and name in served.bridges}
    installed = side_by_side(list(connected), lambda name: _installed(connected[name]), WAIT_S)
    rows: list[dict[str, Any]] = []
    more = 0
    for name in names:
        desired = owned_flows(name, fabric.layout, snapshot, runtime.pause)
        for flow in in_turns(compared(desired, installed.get(name)), runtime.pause):
            if not _is_asked_for(flow, about):
                continue
            if len(rows) < MAX_FLOWS:
                rows.append(_shown(name, flow))
            else:
                more += 1
    expected = (name for name in asked if name in names or name in (bridge, *fabric.layout.bridges))
    return {"flows": rows, "silent": [name for name in expected if name not in installed], "more": more}


def _is_asked_for(flow: Compared, about: HostFlows) -> bool:
    return (
        (not about.rule or (flow.rule is not None and flow.rule.name == about.rule))
        and about.port_id in ("", flow.port_id)
        and is_asked_for(flow.state, about.state)
    )


def _installed(bridge: Bridge) -> dict[FlowKey, CountedFlow]:
    """Read what a bridge has. Raises SwitchError, Malformed."""
    return {flow.key: flow for flow in read_flow_counts(bridge)}


def _shown(bridge: str, flow: Compared) -> dict[str, Any]:
    counted = flow.counted
    return {
        "bridge": bridge,
        "table": flow.table_id,
        "priority": flow.priority,
        "cookie": f"{flow.cookie:#x}",
        "rule": flow.rule.name if flow.rule else "",
        "meaning": flow.rule.meaning if flow.rule else NOT_OURS,
        "port_id": flow.port_id,
        "state": flow.state.value,
        "packets": counted.packets if counted else None,
        "bytes": counted.octets if counted else None,
        "age": counted.age_s if counted else None,
        "flow": flow.text,
    }
