"""The difference between the flows that a switch has and those it should have. PURE."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from osken_apps.openflow.codec import FlowModCommand
from osken_apps.openflow.wire import FlowBody, FlowKey

FlowTable = Mapping[FlowKey, FlowBody]


class MadeTable(FlowTable):
    """A flow table that is made whenever it is looked at."""

    __slots__ = ()

    def whole(self) -> dict[FlowKey, FlowBody]:
        """Make it."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Difference:
    """What to send: flows to add (or overwrite: same key) and flows to delete."""

    add: tuple[tuple[FlowKey, FlowBody], ...] = ()
    delete: tuple[tuple[FlowKey, FlowBody], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.add or self.delete)

    def steps(self) -> Iterable[tuple[FlowModCommand, FlowKey, FlowBody]]:
        """Give the flow-mods in order; an added flow replaces one of the same key and keeps traffic going."""
        for key, body in self.add:
            yield FlowModCommand.ADD, key, body
        for key, body in self.delete:
            yield FlowModCommand.DELETE_STRICT, key, body

    def apart(self, owner: Callable[[FlowKey], str | None]) -> Iterator[tuple[str | None, "Difference"]]:
        """Give it in parts: what has no owner, what each owner adds, and last what goes."""
        parts: dict[str | None, list[tuple[FlowKey, FlowBody]]] = {None: []}
        for key, body in self.add:
            parts.setdefault(owner(key), []).append((key, body))
        for name, added in parts.items():
            if added:
                yield name, Difference(tuple(added))
        if self.delete:
            yield None, Difference((), self.delete)

    def applied_to(self, installed: FlowTable) -> dict[FlowKey, FlowBody]:
        """Give the flows that are there after it."""
        gone = {key for key, _ in self.delete}
        return {key: body for key, body in installed.items() if key not in gone} | dict(self.add)

    @classmethod
    def joined(cls, parts: Iterable["Difference"]) -> "Difference":
        """Put parts together again."""
        listed = list(parts)
        return cls(
            tuple(item for part in listed for item in part.add),
            tuple(item for part in listed for item in part.delete),
        )


def difference(installed: FlowTable, desired: FlowTable) -> Difference:
    """Compare by key; a flow with another body (actions or cookie) is sent again."""
    installed, desired = looked_up(installed), looked_up(desired)
    if not installed:
        return Difference(tuple(desired.items()))
    if installed == desired:  # nearly always, and told the fastest
        return Difference()
    return Difference(
        add=tuple((key, body) for key, body in desired.items() if installed.get(key) != body),
        delete=tuple((key, body) for key, body in installed.items() if key not in desired),
    )


def looked_up(table: FlowTable) -> FlowTable:
    """Give a table in which one flow is found as fast as another."""
    return table.whole() if isinstance(table, MadeTable) else table
