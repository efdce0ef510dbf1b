"""The replica of a host's OVSDB: the rows that we read, as they were last shown. PURE.

What the server tells at once is taken at once or not at all: nobody sees half of it. There is a bound on how
much a host may have. Source: ovsdb-server(7), update2.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from osken_apps.errors import Malformed
from osken_apps.model.shared import shared_text
from osken_apps.ovsdb.json_texts import Json
from osken_apps.ovsdb.tables import TABLES, R, Row, Table, Uuid, changed_row, new_row
from osken_apps.printable import excerpt, value_excerpt

ROWS_A_STEP = 50
MAX_OCTETS = 1 << 26  # some 30,000 interfaces with their ports
VALUE_OCTETS = 100  # what a value costs beside its text, about


class Replica:
    """The rows by table and UUID."""

    def __init__(self) -> None:
        self._rows: dict[type[Row], dict[Uuid, Row]] = {table.row: {} for table in TABLES.values()}
        self._octets = 0

    def rows(self, kind: type[R]) -> Mapping[Uuid, R]:
        """Give the rows of a table."""
        return cast(Mapping[Uuid, R], self._rows[kind])

    def taking(self, updates: Json) -> Iterator[None]:
        """Take what the server tells, a few rows a step; the last step shows them. Raises Malformed."""
        if not isinstance(updates, dict):
            raise Malformed("what it tells of its tables is no object")
        taken: list[tuple[type[Row], Uuid, Row | None]] = []
        octets = self._octets
        for name, changes in updates.items():
            table = TABLES.get(name)
            if table is None or not isinstance(changes, dict):
                raise Malformed(f"it tells of {excerpt(name)}, which was not asked for")
            rows = self._rows[table.row]
            for uuid, change in changes.items():
                before = rows.get(uuid)
                now = _after(table, before, change)
                taken.append((table.row, Uuid(shared_text(uuid)), now))
                octets += (_octets(uuid, now) if now else 0) - (_octets(uuid, before) if before else 0)
                if octets > MAX_OCTETS:
                    raise Malformed(f"its database is larger than {MAX_OCTETS >> 20} MiB")
                if len(taken) % ROWS_A_STEP == 0:
                    yield
        self._octets = octets
        for kind, uuid, row in taken:
            if row is None:
                self._rows[kind].pop(uuid, None)
            else:
                self._rows[kind][uuid] = row


def _after(table: Table, before: Row | None, change: Json) -> Row | None:
    """Give a row after what the server tells of it; None: it is gone. Raises Malformed."""
    match change:
        case {"initial": dict(sent)} | {"insert": dict(sent)}:
            return new_row(table, sent)
        case {"modify": dict(sent)} if before is not None:
            return changed_row(table, before, sent)
        case {"delete": _}:
            return None
    raise Malformed(f"what it tells of a row of {table.name} cannot be: {value_excerpt(change)}")


def _octets(uuid: str, row: Row) -> int:
    """Give about how much memory a row takes."""
    octets = VALUE_OCTETS * (1 + len(row)) + len(uuid)
    for value in row:
        if isinstance(value, str):
            octets += len(value)
        elif value and isinstance(value, dict):
            octets += 2 * VALUE_OCTETS * len(value) + len("".join(value)) + len("".join(value.values()))
        elif value and isinstance(value, tuple):
            octets += VALUE_OCTETS * len(value) + len("".join(value))
    return octets
