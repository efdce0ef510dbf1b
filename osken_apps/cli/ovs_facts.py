"""What ovs-vsctl shows of a host, read as the rows of its OVSDB that an OVSDB session would show. PURE.

Source: ovs-vsctl(8), `--format=json`.
"""

import json
from collections.abc import Iterator
from dataclasses import replace

from osken_apps.model.conditions import HostFacts
from osken_apps.ovsdb.host_view import HostViewer
from osken_apps.ovsdb.json_texts import Json
from osken_apps.ovsdb.replica import Replica
from osken_apps.ovsdb.tables import TABLES, RootRow, Uuid

IS_CONNECTED = "is_connected"  # no session asks for it: it changes with every connection

Rows = dict[str, dict[str, Json]]


def command() -> list[str]:
    """Give the command that shows all of it, as of one moment."""
    words = ["ovs-vsctl", "--timeout=10", "--format=json"]
    for name, table in TABLES.items():
        columns = ["_uuid", *table.columns, *([IS_CONNECTED] if name == "Controller" else ())]
        words += ["--", f"--columns={','.join(columns)}", "list", name]
    return words


def host_facts(output: str, way_to_controller: str = "") -> HostFacts:
    """Read what the command printed. Raises ValueError or Malformed when it is something else."""
    rows = dict(zip(TABLES, map(_rows, _documents(output)), strict=True))
    connected = {Uuid(uuid): row.pop(IS_CONNECTED, False) is True for uuid, row in rows["Controller"].items()}
    replica = Replica()
    shown = {name: {uuid: {"insert": row} for uuid, row in of.items()} for name, of in rows.items()}
    for _ in replica.taking(shown):
        pass
    (root,) = replica.rows(RootRow).values()
    facts = HostViewer(("",), connected).view_of(replica, root).facts
    return replace(facts, way_to_controller=way_to_controller)


def _documents(text: str) -> Iterator[Json]:
    """Give the JSON values that stand one after the other in a text."""
    decoder, position = json.JSONDecoder(), 0
    while text[position:].strip():
        position += len(text[position:]) - len(text[position:].lstrip())
        document, position = decoder.raw_decode(text, position)
        yield document


def _rows(table: Json) -> Rows:
    """Give the rows of a table by their UUID. Raises ValueError."""
    match table:
        case {"headings": list(headings), "data": list(rows)}:
            return dict(_row(headings, cells) for cells in rows)
    raise ValueError("it is no table")


def _row(headings: list[Json], cells: Json) -> tuple[str, dict[str, Json]]:
    match dict(zip(headings, cells if isinstance(cells, list) else (), strict=True)):
        case {"_uuid": ["uuid", str(uuid)], **row}:
            return uuid, row
    raise ValueError("a row has no UUID")
