"""One raw OVSDB transaction (RFC 7047): thousands of rows in seconds, where ovs-vsctl takes minutes."""

import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from osken_apps.lab import LabError

TIMEOUT_S = 120.0

Operation = dict[str, Any]


def transact(server: Path, database: str, operations: Sequence[Operation]) -> None:
    """Run a transaction on the server that listens at a unix socket. Raises LabError."""
    request = {"method": "transact", "params": [database, *operations], "id": 1}
    decoder = json.JSONDecoder()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(TIMEOUT_S)
        sock.connect(str(server))
        sock.sendall(json.dumps(request).encode())
        text = ""
        while True:
            data = sock.recv(1 << 20)
            if not data:
                raise LabError(f"{server} closed the connection")
            text += data.decode()
            try:
                answer, _ = decoder.raw_decode(text)
                break
            except json.JSONDecodeError:
                continue
    failures = [result for result in answer["result"] or [answer] if result and result.get("error")]
    if failures:
        raise LabError(f"{database}: {failures[0]}")


def insert(table: str, row: Mapping[str, Any], name: str) -> Operation:
    """Insert a row that other operations refer to by name."""
    return {"op": "insert", "table": table, "row": row, "uuid-name": name}


def add_to_set(table: str, name: str, column: str, references: Sequence[str]) -> Operation:
    """Add rows of the same transaction to a column of the row of that name."""
    members = ["set", [["named-uuid", reference] for reference in references]]
    return {
        "op": "mutate", "table": table, "where": [["name", "==", name]],
        "mutations": [[column, "insert", members]],
    }  # fmt: skip


def as_map(values: Mapping[str, Any]) -> list[Any]:
    """Write a map column."""
    return ["map", [[key, str(value)] for key, value in values.items()]]
