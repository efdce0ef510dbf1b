"""Which flow of a table takes a frame, as Open vSwitch's classifier finds it. PURE.

Source: ovs-fields(7), conjunctive match. Flows of one table that match the same bits of the same fields are
together, so that a lookup costs as much as there are such shapes.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from osken_apps.openflow.actions import Conjunction
from osken_apps.openflow.fields import OFPVID_PRESENT, UNTAGGED, Field, Value, masked
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.reading import Read, read_flow
from osken_apps.openflow.wire import MATCH_HEADER, OXM, FlowBody, FlowKey
from osken_apps.trace.frame import Frame

Shape = tuple[tuple[Field, int], ...]
Numbers = Callable[[Field], int]
T = TypeVar("T")


class Lookup(ABC):
    """The flows of a bridge."""

    @abstractmethod
    def matching(self, table_id: int, number: Numbers) -> Iterator[Flow]:
        """Give the flows of a table whose match a frame of these numbers meets, in no order."""

    def lookup(self, table_id: int, frame: Frame) -> Flow | None:
        """Give the flow of a table that takes a frame."""
        hard: Flow | None = None
        soft: list[Flow] = []
        for flow in self.matching(table_id, frame.number):
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
        found = [flow for flow in self.matching(table_id, numbers) if not _conjunctions(flow)]
        return max(found, key=lambda flow: flow.priority, default=None)


class _Shapes(Generic[T]):
    """Things of one table by the bits that they match."""

    def __init__(self) -> None:
        self._entries: dict[Shape, dict[tuple[int, ...], list[T]]] = {}

    def add(self, wanted: Sequence[tuple[Field, int, int]], thing: T) -> None:
        shape = tuple([(field, mask) for field, _, mask in wanted])
        entries = self._entries.setdefault(shape, {})
        entries.setdefault(tuple([number for _, number, _ in wanted]), []).append(thing)

    def matching(self, number: Numbers) -> Iterator[T]:
        for shape, entries in self._entries.items():
            yield from entries.get(tuple([number(field) & mask for field, mask in shape]), ())


class Tables(Lookup):
    """Flows as values."""

    def __init__(self, flows: Iterable[Flow]) -> None:
        self._tables: dict[int, _Shapes[Flow]] = {}
        for flow in flows:
            wanted = [_wanted(field, value) for field, value in flow.match.fields]
            self._tables.setdefault(flow.table_id, _Shapes()).add(wanted, flow)

    def matching(self, table_id: int, number: Numbers) -> Iterator[Flow]:
        """Give the flows of a table whose match a frame of these numbers meets, in no order."""
        return self._tables[table_id].matching(number) if table_id in self._tables else iter(())


class WireTables(Lookup):
    """Flows as a switch has told them, of which only those are read that a frame meets.

    `odd` counts those that were met, or might have been, and that cannot be understood: they are left out.
    """

    def __init__(self, flows: Iterable[tuple[FlowKey, FlowBody]]) -> None:
        self._told: dict[int, list[tuple[FlowKey, FlowBody]]] = {}
        for key, body in flows:
            self._told.setdefault(key.table_id, []).append((key, body))
        self._tables: dict[int, _Shapes[tuple[FlowKey, FlowBody]]] = {}
        self._read: dict[FlowKey, Read] = {}
        self.odd = 0

    def matching(self, table_id: int, number: Numbers) -> Iterator[Flow]:
        """Give the flows of a table whose match a frame of these numbers meets, in no order."""
        if table_id not in self._tables:
            self._tables[table_id] = self._shaped(table_id)
        for key, body in self._tables[table_id].matching(number):
            if key not in self._read:
                self._read[key] = read_flow(key, body)
                self.odd += bool(self._read[key].unknown)
            if not self._read[key].unknown:
                yield self._read[key].flow

    def _shaped(self, table_id: int) -> _Shapes[tuple[FlowKey, FlowBody]]:
        shapes: _Shapes[tuple[FlowKey, FlowBody]] = _Shapes()
        for key, body in self._told.get(table_id, ()):
            wanted = read_match(key.match)
            if wanted is None:
                self.odd += 1
            else:
                shapes.add(wanted, (key, body))
        return shapes


_WHOLE = {field: 0x1FFF if field is Field.VLAN_VID else (1 << field.value.bits) - 1 for field in Field}


def _wanted(field: Field, value: Value) -> tuple[Field, int, int]:
    """Give the number that a match asks for, and the bits of it that count."""
    exact, mask = masked(value, field.value.mask_bits or field.value.bits)
    number = int(exact)
    if field is Field.VLAN_VID:
        tci = 0 if number == UNTAGGED else number | OFPVID_PRESENT
        return field, tci, _WHOLE[field] if mask is None else mask | OFPVID_PRESENT
    return field, number, _WHOLE[field] if mask is None else mask


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


def _headers() -> dict[bytes, tuple[Field, bool, int]]:
    """Give by its header on the wire each field, whether a mask follows, and the octets of its value."""
    found = {}
    for field in Field:
        spec = field.value
        octets = spec.bits // 8
        for has_mask in (False, True):
            header = OXM.pack(spec.oxm_class, spec.number << 1 | has_mask, octets << has_mask)
            found[header] = field, has_mask, octets
    return found


_HEADERS = _headers()


def read_match(match: bytes) -> list[tuple[Field, int, int]] | None:
    """Read what a match on the wire asks for: fields, each with the number and the bits of it that count.

    None: it asks for a field that ours never do. It is as `_wanted` gives it of the match as a value.
    """
    wanted = []
    at, end = MATCH_HEADER.size, MATCH_HEADER.unpack_from(match)[1]
    while at < end:
        known = _HEADERS.get(match[at : at + OXM.size])
        if known is None:
            return None
        field, has_mask, octets = known
        at += OXM.size
        number = int.from_bytes(match[at : at + octets], "big")
        at += octets
        if has_mask:
            wanted.append((field, number, int.from_bytes(match[at : at + octets], "big")))
            at += octets
        else:
            wanted.append((field, number, _WHOLE[field]))
    return wanted
