"""What we write into a host's OVSDB, as the operations of one transaction. PURE.

Rows are added to sets that others write, too, and keys to maps: none of these is written whole.
Source: RFC 7047, 5.2.
"""

from collections.abc import Iterable, Mapping

from osken_apps.errors import Malformed
from osken_apps.model.host import mark_of
from osken_apps.model.tunnel_bridge import BridgeChange, PortWish
from osken_apps.ovsdb.json_texts import Json
from osken_apps.ovsdb.replica import Replica
from osken_apps.ovsdb.tables import BridgeRow, ControllerRow, InterfaceRow, PortRow, Uuid

MARK = "osken-net-port"  # external_ids key of the port rows that a controller has tagged: for which store

NO_IN_BAND = {"disable-in-band": "true"}  # what of other_config keeps Open vSwitch's own flows away

Operations = list[Json]


def tag_operations(tags: Mapping[Uuid, int | None], mark: str) -> Operations:
    """Give port rows their tags with the mark, as access ports of these; None takes tag and mark off.

    With a tag and no vlan_mode a port is an access port (ovs-vswitchd.conf.db(5)).
    """
    operations: Operations = []
    for row, tag in tags.items():
        marks = {} if tag is None else {MARK: mark_of(tag, mark)}
        access: dict[str, Json] = {"tag": tag, "vlan_mode": _set(()), "trunks": _set(())}
        operations.append(_update("Port", row, {"tag": _set(())} if tag is None else access))
        operations.append(_mutate("Port", row, _put("external_ids", (MARK,), marks)))
    return operations


def bridge_operations(change: BridgeChange, replica: Replica) -> Operations:
    """Make the bridge of a change, or put it right. Raises Malformed where one that it needs is gone."""
    return _Bridges(replica).operations(change)


class _Bridges:
    """Makes the operations of a change of bridges, with names for the rows that are new."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._bridges = {row.name: uuid for uuid, row in replica.rows(BridgeRow).items()}
        self._operations: Operations = []

    def operations(self, change: BridgeChange) -> Operations:
        like = self._bridge(change.like)
        if change.make:
            self._make_bridge(change, like)
        else:
            bridge = self._bridge(change.bridge)
            row: dict[str, Json] = {"fail_mode": "secure"} if change.secure else {}
            if change.controllers:
                row["controller"] = self._copies_of_controllers(like)
            if row:
                self._operations.append(_update("Bridge", bridge, row))
            if change.in_band:
                self._operations.append(
                    _mutate("Bridge", bridge, _put("other_config", NO_IN_BAND, NO_IN_BAND))
                )
        for wish in change.ports:
            if wish.bridge in self._bridges:
                self._write_port(self._bridges[wish.bridge], wish)
        return self._operations

    def _bridge(self, name: str) -> Uuid:
        if name not in self._bridges:
            raise Malformed(f"bridge {name} is gone")
        return self._bridges[name]

    def _make_bridge(self, change: BridgeChange, like: Uuid) -> None:
        name, model = change.bridge, self._replica.rows(BridgeRow)[like]
        own = [wish for wish in change.ports if wish.bridge == name]
        wishes = [PortWish(name, name, "internal", ()), *own]
        row = {
            "name": name,
            "fail_mode": "secure",
            "datapath_type": model.datapath_type,
            "protocols": _set(model.protocols),
            "controller": self._copies_of_controllers(like),
            "ports": _set(self._insert_port(wish) for wish in wishes),
            "other_config": _map(NO_IN_BAND),
        }
        bridge = self._insert("Bridge", row)
        self._operations.append(
            {"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [_add("bridges", bridge)]}
        )

    def _copies_of_controllers(self, bridge: Uuid) -> Json:
        controllers = self._replica.rows(ControllerRow)
        dialled = self._replica.rows(BridgeRow)[bridge].controller
        rows = (controllers[uuid]._asdict() for uuid in dialled if uuid in controllers)
        return _set(
            self._insert("Controller", {name: value for name, value in row.items() if value is not None})
            for row in rows
        )

    def _write_port(self, bridge: Uuid, wish: PortWish) -> None:
        port = self._port_of(bridge, wish.name)
        if port is not None:
            interfaces = self._replica.rows(PortRow)[port].interfaces
            if len(interfaces) == 1 and interfaces[0] in self._replica.rows(InterfaceRow):
                self._put_right(interfaces[0], wish)
                return
            self._operations.append(_mutate("Bridge", bridge, [["ports", "delete", ["uuid", port]]]))
        self._operations.append(_mutate("Bridge", bridge, [_add("ports", self._insert_port(wish))]))

    def _port_of(self, bridge: Uuid, name: str) -> Uuid | None:
        ports = self._replica.rows(PortRow)
        members = self._replica.rows(BridgeRow)[bridge].ports
        return next((uuid for uuid in members if uuid in ports and ports[uuid].name == name), None)

    def _put_right(self, interface: Uuid, wish: PortWish) -> None:
        options = dict(wish.options)
        self._operations.append(_update("Interface", interface, {"type": wish.type}))
        self._operations.append(_mutate("Interface", interface, _put("options", options, options)))

    def _insert_port(self, wish: PortWish) -> Json:
        row = {"name": wish.name, "type": wish.type, "options": _map(dict(wish.options))}
        if wish.ofport:
            row["ofport_request"] = wish.ofport
        interface = self._insert("Interface", row)
        return self._insert("Port", {"name": wish.name, "interfaces": interface})

    def _insert(self, table: str, row: Mapping[str, Json]) -> Json:
        name = f"row{len(self._operations)}"
        self._operations.append({"op": "insert", "table": table, "row": row, "uuid-name": name})
        return ["named-uuid", name]


def _where(row: Uuid) -> Json:
    return [["_uuid", "==", ["uuid", row]]]


def _update(table: str, row: Uuid, columns: Mapping[str, Json]) -> Json:
    return {"op": "update", "table": table, "where": _where(row), "row": columns}


def _mutate(table: str, row: Uuid, mutations: list[Json]) -> Json:
    return {"op": "mutate", "table": table, "where": _where(row), "mutations": mutations}


def _add(column: str, row: Json) -> Json:
    return [column, "insert", _set([row])]


def _put(column: str, keys: Iterable[str], values: Mapping[str, str]) -> list[Json]:
    """Give keys of a map new values, or none: what is inserted does not replace what is there."""
    mutations: list[Json] = [[column, "delete", _set(keys)]]
    return [*mutations, [column, "insert", _map(values)]] if values else mutations


def _set(values: Iterable[Json]) -> Json:
    return ["set", list(values)]


def _map(values: Mapping[str, str]) -> Json:
    return ["map", [list(pair) for pair in values.items()]]
