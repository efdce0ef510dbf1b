"""A simulated OVSDB server of one host: octets in, octets out. No socket and no clock.

Owns the rows that a controller reads, tells monitors what changes, and counts writes. Source: RFC 7047 and
ovsdb-server(7) for `monitor_cond`, `monitor_cond_since` and the database `_Server`.
"""

import itertools
import json
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

Json = Any
Row = dict[str, Json]
Change = tuple[str, str, Row | None, Row]  # table, row's uuid, its values before (None: new), its values now

NO_TRANSACTION = str(uuid.UUID(int=0))
COMPOSITE = {
    "bridges": "set",
    "ports": "set",
    "interfaces": "set",
    "controller": "set",
    "manager_options": "set",
    "protocols": "set",
    "options": "map",
    "external_ids": "map",
    "other_config": "map",
}
EMPTY = (["set", []], ["map", []], "")
PEERS = {
    "int-br-eth2": "phy-br-eth2",
    "phy-br-eth2": "int-br-eth2",
    "patch-tun": "patch-int",
    "patch-int": "patch-tun",
}
TUNNEL = {"csum": "true", "key": "flow", "remote_ip": "flow"}  # what the controller gives a port for tunnels
FILLER = json.dumps({"columns": {"other_config": {"type": {"key": "string", "min": 0, "max": "unlimited"}}}})
MODELS = ["clustered", "relay", "standalone"]
SERVER_SCHEMA = {
    "name": "_Server",
    "version": "1.2.0",
    "tables": {
        "Database": {
            "columns": {
                "name": {"type": "string"},
                "model": {"type": {"key": {"type": "string", "enum": ["set", MODELS]}}},
                "connected": {"type": "boolean"},
                "leader": {"type": "boolean"},
                **{name: {"type": {"min": 0, "key": key}} for name, key in
                   (("schema", "string"), ("sid", "uuid"), ("cid", "uuid"), ("index", "integer"))},
            }
        }
    },
}  # fmt: skip
# A real server tells whoever asks for it the whole schema, about 16,000 octets: so does this one.
DATABASES: dict[str, Row] = {
    str(uuid.UUID(int=index + 1)): {
        "name": name,
        "model": "standalone",
        "connected": True,
        "leader": True,
        "schema": FILLER * copies,
    }
    for index, (name, copies) in enumerate({"_Server": 8, "Open_vSwitch": 165}.items())
}


@dataclass(frozen=True)
class Monitor:
    """What one monitor asked for: the method, and the columns by table."""

    method: str
    columns: dict[str, list[str]]


class SimulatedDatabase:
    """The OVSDB server of one host. `received` counts requests by method, echoes left out."""

    def __init__(
        self, hostname: str, bridges: dict[str, tuple[int, list[tuple[str, str]]]], tunnel_address: str = ""
    ) -> None:
        """Make the rows: by bridge its datapath id, and the name and iface-id of each of its ports."""
        self._tunnel_address = tunnel_address
        self.tables: dict[str, dict[str, Row]] = {
            name: {} for name in ("Open_vSwitch", "Manager", "Bridge", "Controller", "Port", "Interface")
        }
        self.received: Counter[str] = Counter()
        self.writes = 0
        self.changed_at = 0.0
        self._numbers = itertools.count(uuid.uuid5(uuid.NAMESPACE_DNS, hostname).int >> 32 << 32)
        self._monitors: dict[str, tuple[Json, Monitor]] = {}
        self._buffer = ""
        self._now = 0.0
        made = [self._bridge(name, *bridge) for name, bridge in bridges.items()]
        ids = ["map", [["hostname", hostname], ["system-id", f"id-of-{hostname}"]]]
        managers = _references([self._insert("Manager", {"target": "tcp:127.0.0.1:6640"})])
        config = ["map", [["local_ip", tunnel_address]] if tunnel_address else []]
        row = {"bridges": _references(made), "manager_options": managers, "external_ids": ids}
        row |= {"other_config": config, "ovs_version": "3.1.0"}
        self._insert("Open_vSwitch", row)

    def connected(self) -> bytes:
        """Begin a session: a server says nothing first."""
        self._buffer = ""
        self._monitors.clear()
        return b""

    def feed(self, data: bytes, now: float) -> bytes:
        """Take octets that arrived at `now`; give what to answer."""
        self._now = now
        self._buffer += data.decode()
        answers = []
        while self._buffer:
            try:
                request, end = json.JSONDecoder().raw_decode(self._buffer)
            except json.JSONDecodeError:
                break
            self._buffer = self._buffer[end:].lstrip()
            answers.append(self._take(request))
        return b"".join(answers)

    def plug(self, bridge_name: str, name: str, iface_id: str) -> bytes:
        """Add a port with its interface to a bridge; give what monitors are told."""
        row_id, bridge = next(
            item for item in self.tables["Bridge"].items() if item[1]["name"] == bridge_name
        )
        interface = self._interface(name, iface_id)
        port = self._port(name, interface)
        before = dict(bridge)
        bridge["ports"] = ["set", [*bridge["ports"][1], ["uuid", port]]]
        return self._told(
            [
                ("Interface", interface, None, self.tables["Interface"][interface]),
                ("Port", port, None, self.tables["Port"][port]),
                ("Bridge", row_id, before, bridge),
            ]
        )

    def tags(self) -> dict[str, int]:
        """Give the tag of each port that has one."""
        return {row["name"]: row["tag"] for row in self.tables["Port"].values() if row["tag"] != ["set", []]}

    def _insert(self, table: str, row: Row) -> str:
        row_id = str(uuid.UUID(int=next(self._numbers)))
        self.tables[table][row_id] = row
        return row_id

    def _interface(self, name: str, iface_id: str) -> str:
        ids = [["iface-id", iface_id], ["iface-status", "active"]] if iface_id else []
        peer, kind = PEERS.get(name), name.removeprefix("tun-")
        options = [["peer", peer]] if peer else []
        if kind != name:
            options = [list(item) for item in {**TUNNEL, "local_ip": self._tunnel_address}.items()]
        row = {
            "name": name,
            "type": "patch" if peer else kind if kind != name else "",
            "options": ["map", options],
            "external_ids": ["map", ids],
            "error": ["set", []],
            "ofport": ["set", []],
            "admin_state": "up",
            "link_state": "up",
            "mtu": 1500,
        }
        return self._insert("Interface", row)

    def _port(self, name: str, interface: str) -> str:
        row = {"name": name, "tag": ["set", []], "vlan_mode": ["set", []]}
        row |= {"interfaces": _references([interface])}
        return self._insert("Port", row | {"external_ids": ["map", []], "other_config": ["map", []]})

    def _bridge(self, name: str, datapath_id: int, ports: list[tuple[str, str]]) -> str:
        made = [self._port(port, self._interface(port, iface_id)) for port, iface_id in [(name, ""), *ports]]
        controller = {"target": "tcp:127.0.0.1:6653", "connection_mode": "out-of-band"}
        row = {
            "name": name,
            "datapath_id": f"{datapath_id:016x}",
            "datapath_type": "",
            "protocols": ["set", []],
            "controller": _references([self._insert("Controller", controller)]),
            "ports": _references(made),
            "external_ids": ["map", []],
            "other_config": ["map", [["disable-in-band", "true"]]],
            "fail_mode": "secure",
        }
        return self._insert("Bridge", row)

    def _take(self, request: Json) -> bytes:
        method, params, request_id = request.get("method"), request.get("params"), request.get("id")
        if method is None or request_id is None:
            return b""
        if method == "echo":
            return _answer(request_id, params)
        self.received[method] += 1
        if method == "get_schema":
            known = params == ["_Server"]
            return _answer(request_id, SERVER_SCHEMA) if known else _refuse(request_id, "unknown database")
        if method in ("monitor", "monitor_cond", "monitor_cond_since"):
            return self._monitor(request_id, method, params)
        if method == "transact":
            return self._transact(request_id, params[1:])
        if method in ("set_db_change_aware", "monitor_cancel"):
            return _answer(request_id, {})
        return _refuse(request_id, "unknown method")

    def _monitor(self, request_id: Json, method: str, params: list[Json]) -> bytes:
        database, monitor_id, requests = params[:3]
        columns = {table: _columns(request) for table, request in requests.items()}
        tables = {"Database": DATABASES} if database == "_Server" else self.tables
        if database != "_Server":
            self._monitors[json.dumps(monitor_id)] = (monitor_id, Monitor(method, columns))
        first = "new" if method == "monitor" else "initial"
        shown: Json = {}
        for table, names in columns.items():
            rows = {
                row_id: {first: _shown(row, names, method == "monitor")}
                for row_id, row in tables[table].items()
            }
            if rows:
                shown[table] = rows
        return _answer(request_id, [False, NO_TRANSACTION, shown] if method.endswith("since") else shown)

    def _transact(self, request_id: Json, operations: list[Json]) -> bytes:
        changes: list[Change] = []
        results = [self._operate(operation, changes) for operation in operations]
        if changes:
            self.writes += 1
            self.changed_at = self._now
        return self._told(changes) + _answer(request_id, results)

    def _operate(self, operation: Json, changes: list[Change]) -> Json:
        if operation["op"] in ("comment", "wait", "assert"):
            return {}
        table = self.tables[operation["table"]]
        chosen = [(row_id, row) for row_id, row in table.items() if _meets(row_id, row, operation["where"])]
        if operation["op"] == "select":
            return {"rows": [{"_uuid": ["uuid", row_id], **row} for row_id, row in chosen]}
        for row_id, row in chosen:
            before = dict(row)
            row |= operation.get("row", {})
            for column, mutator, value in operation.get("mutations", ()):
                row[column] = _mutated(row[column], mutator, value)
            changes.append((operation["table"], row_id, before, row))
        return {"count": len(chosen)}

    def _told(self, changes: list[Change]) -> bytes:
        """Make the notifications of changes for every monitor."""
        told = []
        whole = {(table, row_id): now for table, row_id, _, now in changes}
        first = {(table, row_id): before for table, row_id, before, _ in reversed(changes)}
        for monitor_id, monitor in self._monitors.values() if changes else ():
            updates: dict[str, Json] = {}
            for (table, row_id), now in whole.items():
                before = first[table, row_id]
                names = monitor.columns.get(table)
                if names is not None:
                    updates.setdefault(table, {})[row_id] = _update(monitor.method, names, before, now)
            last = [NO_TRANSACTION] if monitor.method.endswith("since") else []
            method = {"monitor": "update", "monitor_cond": "update2"}.get(monitor.method, "update3")
            told.append(_message({"id": None, "method": method, "params": [monitor_id, *last, updates]}))
        return b"".join(told)


def _message(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _answer(request_id: Json, result: Json) -> bytes:
    return _message({"id": request_id, "result": result, "error": None})


def _refuse(request_id: Json, error: str) -> bytes:
    return _message({"id": request_id, "result": None, "error": error})


def _references(row_ids: list[str]) -> Json:
    return ["set", [["uuid", row_id] for row_id in row_ids]]


def _columns(request: Json) -> list[str]:
    columns: list[str] = (request[0] if isinstance(request, list) else request)["columns"]
    return columns


def _shown(row: Row, names: list[str], defaults: bool) -> Row:
    """Give the columns asked for; the newer methods leave out what has its default value."""
    return {name: _wire(row[name]) for name in names if name in row and (defaults or row[name] not in EMPTY)}


def _wire(value: Json) -> Json:
    """Write a set of one element as that element, as a server does."""
    single = isinstance(value, list) and value[0] == "set" and len(value[1]) == 1
    return value[1][0] if single else value


def _update(method: str, names: list[str], before: Row | None, now: Row) -> Json:
    """Say what became of a row, in the words of the monitor's method."""
    if before is None:
        return {"new" if method == "monitor" else "insert": _shown(now, names, method == "monitor")}
    changed = [name for name in names if before.get(name) != now.get(name)]
    if method == "monitor":
        return {"old": _shown(before, changed, True), "new": _shown(now, names, True)}
    return {"modify": {name: _wire(_changed(name, before[name], now[name])) for name in changed}}


def _changed(name: str, before: Json, now: Json) -> Json:
    """Give a column's new value, or what differs if it can hold several."""
    kind = COMPOSITE.get(name)
    if kind is None:
        return now
    return [kind, [item for item in now[1] if item not in before[1]] + _gone(kind, before[1], now[1])]


def _gone(kind: str, before: list[Json], now: list[Json]) -> list[Json]:
    kept = [item[0] for item in now] if kind == "map" else now
    return [item for item in before if (item[0] if kind == "map" else item) not in kept]


def _meets(row_id: str, row: Row, where: Json) -> bool:
    shown: Row = {"_uuid": ["uuid", row_id], **row}
    return all(function == "==" and shown[column] == value for column, function, value in where)


def _mutated(value: Json, mutator: str, argument: Json) -> Json:
    kind, items = value
    if kind == "map" and mutator == "insert":
        held = {item[0] for item in items}
        return [kind, [*items, *(item for item in argument[1] if item[0] not in held)]]
    if mutator == "insert":
        return [kind, [*items, *(item for item in argument[1] if item not in items)]]
    gone = argument[1] if argument[0] == "set" else [item[0] for item in argument[1]]
    return [kind, [item for item in items if (item[0] if kind == "map" else item) not in gone]]
