"""Flows as values, and their text in the syntax of `ovs-ofctl dump-flows`. PURE.

The text is the one that ovs-ofctl prints by default (OpenFlow 1.0 with Nicira extensions), so a rendered
flow and a line of a live dump compare as strings.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from osken_apps.openflow.actions import Action
from osken_apps.openflow.match import Match


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
