"""The difference between the flows that a switch has and those it should have. PURE."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from osken_apps.openflow.codec import FlowBody, FlowKey, FlowModCommand

FlowTable = Mapping[FlowKey, FlowBody]


@dataclass(frozen=True, slots=True)
class Difference:
    """What to send: flows to add (or overwrite: same key) and flows to delete."""

    add: tuple[tuple[FlowKey, FlowBody], ...]
    delete: tuple[tuple[FlowKey, FlowBody], ...]

    def __bool__(self) -> bool:
        return bool(self.add or self.delete)

    def __len__(self) -> int:
        return len(self.add) + len(self.delete)

    def steps(self) -> Iterable[tuple[FlowModCommand, FlowKey, FlowBody]]:
        """Give the flow-mods in order; an added flow replaces one of the same key and keeps traffic going."""
        for key, body in self.add:
            yield FlowModCommand.ADD, key, body
        for key, body in self.delete:
            yield FlowModCommand.DELETE_STRICT, key, body


def difference(installed: FlowTable, desired: FlowTable) -> Difference:
    """Compare by key; a flow with another body (actions or cookie) is sent again."""
    return Difference(
        add=tuple((key, body) for key, body in desired.items() if installed.get(key) != body),
        delete=tuple((key, body) for key, body in installed.items() if key not in desired),
    )
