"""The flows of a bridge beside those that it should have, with rules, ports and counters. PURE."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from osken_apps.model.flow_state import FlowState
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.reading import read_flow
from osken_apps.openflow.wire import CountedFlow, FlowKey, encode_flow
from osken_apps.pipeline.document import rule_of
from osken_apps.pipeline.stage import Rule


@dataclass(frozen=True, slots=True)
class Compared:
    """A flow in ovs-ofctl's words. `rule` is None if it is not ours; `counted` is what is installed of it."""

    table_id: int
    priority: int
    cookie: int
    text: str
    state: FlowState
    rule: Rule | None
    port_id: str = ""
    counted: CountedFlow | None = None


def compared(
    desired: Iterable[tuple[Flow, str]], installed: Mapping[FlowKey, CountedFlow] | None
) -> Iterator[Compared]:
    """Compare what a bridge should have, with the port of each, with what it has; None: that is not known.

    One that does something else than it should is both: that is foreign, and what it should do is missing.
    """
    left = dict(installed or {})
    for flow, port_id in desired:
        key, body = encode_flow(flow)
        counted = left.get(key)
        state = FlowState.UNKNOWN if installed is None else FlowState.MISSING
        if counted is not None and counted.body == body:
            del left[key]
            state = FlowState.INSTALLED
        else:
            counted = None
        rule = rule_of(flow.cookie)
        yield Compared(flow.table_id, flow.priority, flow.cookie, flow.text(), state, rule, port_id, counted)
    for key, counted in left.items():
        cookie = counted.body.cookie
        text = read_flow(key, counted.body).text()
        yield Compared(
            key.table_id, key.priority, cookie, text, FlowState.FOREIGN, rule_of(cookie), counted=counted
        )
