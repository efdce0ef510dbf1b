"""Which flow of a table takes a frame, as Open vSwitch's classifier finds it. PURE.

Source: ovs-fields(7), conjunctive match. Flows of one table that match the same bits of the same fields are
together, so that a lookup costs as much as there are such shapes.
"""

from collections.abc import Callable, Iterable, Iterator

from osken_apps.openflow.actions import Conjunction
from osken_apps.openflow.fields import OFPVID_PRESENT, UNTAGGED, Field, Value, masked
from osken_apps.openflow.flow import Flow
from osken_apps.trace.frame import Frame

Shape = tuple[tuple[Field, int], ...]
Entries = dict[tuple[int, ...], list[Flow]]


class Tables:
    """The flows of a bridge."""

    def __init__(self, flows: Iterable[Flow]) -> None:
        self._tables: dict[int, dict[Shape, Entries]] = {}
        for flow in flows:
            wanted = [_wanted(field, value) for field, value in flow.match.fields]
            shape = tuple((field, mask) for field, _, mask in wanted)
            entries = self._tables.setdefault(flow.table_id, {}).setdefault(shape, {})
            entries.setdefault(tuple(number for _, number, _ in wanted), []).append(flow)

    def lookup(self, table_id: int, frame: Frame) -> Flow | None:
        """Give the flow of a table that takes a frame."""
        hard: Flow | None = None
        soft: list[Flow] = []
        for flow in self._matching(table_id, frame.number):
            if _conjunctions(flow):
                soft.append(flow)
            elif hard is None or flow.priority > hard.priority:
                hard = flow
        soft = [flow for flow in soft if hard is None or flow.priority > hard.priority]
        for conj_id in _fulfilled(soft):
            found = self._with_conj_id(table_id, frame, conj_id)
            if found:
                return found
        return hard

    def _with_conj_id(self, table_id: int, frame: Frame, conj_id: int) -> Flow | None:
        numbers = frame.having({Field.CONJ_ID: conj_id}).number
        found = [flow for flow in self._matching(table_id, numbers) if not _conjunctions(flow)]
        return max(found, key=lambda flow: flow.priority, default=None)

    def _matching(self, table_id: int, number: Callable[[Field], int]) -> Iterator[Flow]:
        for shape, entries in self._tables.get(table_id, {}).items():
            yield from entries.get(tuple([number(field) & mask for field, mask in shape]), ())


def _wanted(field: Field, value: Value) -> tuple[Field, int, int]:
    """Give the number that a match asks for, and the bits of it that count."""
    exact, mask = masked(value, field.value.mask_bits or field.value.bits)
    number = int(exact)
    if field is Field.VLAN_VID:
        tci = 0 if number == UNTAGGED else number | OFPVID_PRESENT
        return field, tci, 0x1FFF if mask is None else mask | OFPVID_PRESENT
    return field, number, (1 << field.value.bits) - 1 if mask is None else mask


def _conjunctions(flow: Flow) -> list[Conjunction]:
    return [action for action in flow.actions if isinstance(action, Conjunction)]


def _fulfilled(flows: Iterable[Flow]) -> Iterator[int]:
    """Give the ids of conjunctions of which every clause is fulfilled, by falling priority."""
    by_priority: dict[int, dict[tuple[int, int], set[int]]] = {}
    for flow in flows:
        for conjunction in _conjunctions(flow):
            clauses = by_priority.setdefault(flow.priority, {})
            clauses.setdefault((conjunction.conj_id, conjunction.clauses), set()).add(conjunction.clause)
    for _, found in sorted(by_priority.items(), reverse=True):
        yield from sorted(conj_id for (conj_id, of), clauses in found.items() if len(clauses) == of)
