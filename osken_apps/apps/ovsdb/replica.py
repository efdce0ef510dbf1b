"""The replica of a host's OVSDB: the few columns that we need, kept by python-ovs's Idl. SHELL.

Owns what is asked for, the bound on what a host may have of it, and the end of it all. Source: RFC 7047,
ovs-vswitchd.conf.db(5).
"""

from typing import Any, TypeVar

import ovs.db.custom_index
import ovs.db.data
import ovs.db.idl
import ovs.db.types
import ovs.jsonrpc
import ovs.reconnect
import ovs.timeval

from osken_apps.apps import runtime
from osken_apps.apps.ovsdb.stream import JsonConnection
from osken_apps.errors import OskenAppsError

PROBE_INTERVAL_MS = 5000
ROWS_PER_TURN = 50
MAX_OCTETS = 1 << 26  # some 30,000 interfaces with their ports
VALUE_OCTETS = 100  # what a value costs beside its text, about
SHARED = {"type", "admin_state", "link_state", "mtu", "tag", "vlan_mode"}  # whose values are few
MAPS = ("external_ids", "options")
PARTS = {"ports": "Port", "interfaces": "Interface"}  # what a row is made of, by column
MAX_COMMON = 10_000

R = TypeVar("R")


def _map(key: str = "string") -> dict[str, Any]:
    return {"type": {"key": key, "value": "string", "min": 0, "max": "unlimited"}}


def _references(table: str) -> dict[str, Any]:
    return {"type": {"key": {"type": "uuid", "refTable": table}, "min": 0, "max": "unlimited"}}


def _optional(kind: str) -> dict[str, Any]:
    return {"type": {"key": kind, "min": 0, "max": 1}}


STRING = {"type": "string"}
# Neither `statistics` nor `status`: Open vSwitch writes them all the time.
SCHEMA = {
    "name": "Open_vSwitch",
    "version": "8.0.0",
    "tables": {
        "Open_vSwitch": {
            "columns": {
                "bridges": _references("Bridge"),
                "manager_options": _references("Manager"),
                "ovs_version": _optional("string"),
                "external_ids": _map(),
                "other_config": _map(),
            },
            "isRoot": True,
        },
        "Manager": {"columns": {"target": STRING}},
        "Bridge": {
            "columns": {
                "name": STRING,
                "datapath_id": _optional("string"),
                "datapath_type": STRING,
                "fail_mode": _optional("string"),
                "protocols": {"type": {"key": "string", "min": 0, "max": "unlimited"}},
                "controller": _references("Controller"),
                "ports": _references("Port"),
            }
        },
        "Controller": {
            "columns": {
                "target": STRING,
                "connection_mode": _optional("string"),
                "inactivity_probe": _optional("integer"),
                "max_backoff": _optional("integer"),
            }
        },
        "Port": {
            "columns": {
                "name": STRING,
                "tag": _optional("integer"),
                "vlan_mode": _optional("string"),
                "interfaces": _references("Interface"),
                "external_ids": _map(),
            }
        },
        "Interface": {
            "columns": {
                "name": STRING,
                "type": STRING,
                "options": _map(),
                "ofport_request": _optional("integer"),
                "error": _optional("string"),
                "admin_state": _optional("string"),
                "link_state": _optional("string"),
                "mtu": _optional("integer"),
                "external_ids": _map(),
            }
        },
    },
}


class OvsdbError(OskenAppsError):
    """A transaction failed, or the session ended."""


class Replica(ovs.db.idl.Idl):
    """An Idl that keeps what a row shows until it changes: a Row makes a value anew each time it is read."""

    server_tables: dict[str, Any] | None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._shown: dict[Any, Any] = {}
        self._octets_of: dict[Any, int] = {}
        self._octets = 0
        self._rows = 0
        super().__init__(*arguments, **options)

    def cooperative_yield(self) -> None:
        """Let others have their turn; called by the Idl for each row of an update."""
        self._rows += 1
        if self._rows % ROWS_PER_TURN == 0:
            runtime.pause()

    def forget(self) -> None:
        """Let go of all rows: they, their tables and this refer to each other."""
        for table in (*self.tables.values(), *(self.server_tables or {}).values()):
            table.rows.clear()
            table.rows.table = table.idl = None
        self.tables.clear()
        self.server_tables = None
        self._outstanding_txns.clear()
        self._shown.clear()
        self._octets_of.clear()

    def notify(self, event: str, row: ovs.db.idl.Row, _updates: Any = None) -> None:
        """Forget what a row showed that is new, changed or gone; called by the Idl. Raises OvsdbError."""
        self._shown.pop(row.uuid, None)
        self._octets -= self._octets_of.pop(row.uuid, 0)
        if event != ovs.db.idl.ROW_DELETE:
            _share(row)
            octets = self._octets_of[row.uuid] = _octets(row)
            self._octets += octets
            if self._octets > MAX_OCTETS:
                raise OvsdbError(f"its database is larger than {MAX_OCTETS >> 20} MiB")

    def shown(self, row: ovs.db.idl.Row, kind: type[R]) -> R:
        """Give what a row shows. Raises OvsdbError if it is none of Open vSwitch's: a set for a name, say."""
        found: R | None = self._shown.get(row.uuid)
        if found is None:
            try:
                found = kind(row)  # type: ignore[call-arg]
            except (TypeError, ValueError, AttributeError, LookupError) as error:
                raise OvsdbError(
                    f"a row of {row._table.name} is not as Open vSwitch's are: {error}"
                ) from error
            self._shown[row.uuid] = found
            self._share_with_parts(row)
        return found

    def _share_with_parts(self, row: ovs.db.idl.Row) -> None:
        """Let a row name its parts by the UUIDs that are theirs, and a port have its interface's name."""
        for column, table in PARTS.items():
            datum = row._data.get(column)
            for atom in datum.values if datum is not None else ():
                part = self.tables[table].rows.get(atom.value)
                if part is not None:
                    atom.value = part.uuid
                    if table == "Interface" and part._data["name"] == row._data["name"]:
                        row._data["name"] = part._data["name"]


def _no_index_class(_table: object) -> None:
    """Make no class for the indexes of a table: we have none, and a class is a cycle, with all it refers to.

    One that the collector meets alive is put away and never freed (`memory`); and each takes time to make.
    """


ovs.db.custom_index.IndexEntryClass = _no_index_class


def _share(row: ovs.db.idl.Row) -> None:
    """Let equal values of most rows be one object, for all hosts, and equal keys of maps.

    A value only where a column has one at most and has it: the Idl puts another in its place, and changes
    sets, maps and what is empty where they are.
    """
    data = row._data
    for name in SHARED:
        datum = data.get(name)  # not what the Idl makes for a column that is not there
        if datum is not None and len(datum.values) == 1:
            (atom,) = datum.values
            data[name] = _shared((name, atom.value), datum)
    for name in MAPS:
        datum = data.get(name)
        if datum is not None:
            datum.values = {_shared(key.value, key): value for key, value in datum.values.items()}


def _shared(key: Any, value: Any) -> Any:
    return _common.setdefault(key, value) if key in _common or len(_common) < MAX_COMMON else value


_common: dict[Any, Any] = {}  # values by column and value, keys of maps; never more than MAX_COMMON


def _octets(row: ovs.db.idl.Row) -> int:
    """Give about how much memory a row takes."""
    octets = 0
    for datum in row._data.values():
        octets += VALUE_OCTETS * (1 + len(datum.values))
        if datum.type.key.type is not ovs.db.types.UuidType:
            octets += sum(_length(atom) for pair in datum.values.items() for atom in pair)
    return octets


def _length(atom: Any) -> int:
    return len(atom.value) if atom is not None and isinstance(atom.value, str) else 0


def replica_on(stream: JsonConnection) -> Replica:
    """Make an Idl that speaks over an accepted stream instead of dialling."""
    name = stream.name
    helper = ovs.db.idl.SchemaHelper(schema_json=SCHEMA)
    helper.register_all()
    idl = Replica(name, helper, leader_only=False)
    now = ovs.timeval.msec()
    reconnect = ovs.reconnect.Reconnect(now)
    reconnect.set_name(name)
    reconnect.set_quiet(True)
    reconnect.set_passive(True, now)
    reconnect.set_max_tries(0)
    reconnect.set_probe_interval(PROBE_INTERVAL_MS)
    reconnect.enable(now)
    reconnect.connected(now)
    idl._session = ovs.jsonrpc.Session(reconnect, stream, [name])
    return idl
