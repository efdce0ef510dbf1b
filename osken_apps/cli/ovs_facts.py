"""What ovs-vsctl shows of a host, read into the value that `conditions` judges. PURE.

Source: ovs-vsctl(8), `--format=json`; RFC 7047, 5.1, for what a value looks like.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from osken_apps.model.conditions import (
    TRUNK_KEY,
    BridgeFacts,
    ControllerFacts,
    HostFacts,
    InterfaceFacts,
    PortFacts,
    tunnel_address,
)

Row = Mapping[str, Any]

TABLES = {
    "Open_vSwitch": "external_ids,other_config,bridges,manager_options",
    "Manager": "_uuid,target",
    "Bridge": "_uuid,name,fail_mode,protocols,datapath_type,controller,ports",
    "Controller": "_uuid,target,is_connected,connection_mode",
    "Port": "_uuid,name,tag,vlan_mode,interfaces,external_ids",
    "Interface": "_uuid,name,type,options,error,admin_state,link_state,mtu,external_ids",
}


def command() -> list[str]:
    """Give the command that shows all of it, as of one moment."""
    words = ["ovs-vsctl", "--timeout=10", "--format=json"]
    for table, columns in TABLES.items():
        words += ["--", f"--columns={columns}", "list", table]
    return words


def host_facts(output: str, way_to_controller: str = "") -> HostFacts:
    """Read what the command printed. Raises ValueError when it is something else."""
    tables = [_rows(table) for table in _documents(output)]
    if len(tables) != len(TABLES):
        raise ValueError(f"{len(tables)} tables, not {len(TABLES)}")
    roots, managers, bridges, controllers, ports, interfaces = tables
    (root,) = roots.values()
    targets = {uuid: ControllerFacts(*_controller(row)) for uuid, row in controllers.items()}
    plugs = {uuid: _interface(row) for uuid, row in interfaces.items()}
    port_facts = {uuid: _port(row, plugs) for uuid, row in ports.items()}
    return HostFacts(
        hostname=root["external_ids"].get("hostname", ""),
        system_id=root["external_ids"].get("system-id", ""),
        bridges=tuple(_bridge(bridges[uuid], targets, port_facts) for uuid in _set(root["bridges"])),
        managers=tuple(managers[uuid]["target"] for uuid in _set(root["manager_options"])),
        way_to_controller=way_to_controller,
        tunnel_address=tunnel_address(root["other_config"], root["external_ids"]),
    )


def _documents(text: str) -> Iterator[Any]:
    """Give the JSON values that stand one after the other in a text."""
    decoder, position = json.JSONDecoder(), 0
    while text[position:].strip():
        position += len(text[position:]) - len(text[position:].lstrip())
        document, position = decoder.raw_decode(text, position)
        yield document


def _rows(table: Any) -> dict[str, Row]:
    """Give the rows of a table by their uuid, each a value by column."""
    found: dict[str, Row] = {}
    for number, cells in enumerate(table["data"]):
        row = {name: _value(cell) for name, cell in zip(table["headings"], cells, strict=True)}
        found[row.get("_uuid", str(number))] = row
    return found


def _value(cell: Any) -> Any:
    match cell:
        case ["uuid", text]:
            return text
        case ["set", cells]:
            return tuple(_value(item) for item in cells)
        case ["map", pairs]:
            return {_value(key): _value(value) for key, value in pairs}
    return cell


def _set(value: Any) -> tuple[Any, ...]:
    """Give the members of a set; a set of one is written as that one."""
    return value if isinstance(value, tuple) else (value,)


def _optional(value: Any) -> Any:
    """Give the only member of a set that has one at most, None of an empty one."""
    return next(iter(_set(value)), None)


def _controller(row: Row) -> tuple[str, bool | None, bool]:
    return row["target"], row["is_connected"], _optional(row["connection_mode"]) != "out-of-band"


def _bridge(row: Row, targets: Mapping[str, ControllerFacts], ports: Mapping[str, PortFacts]) -> BridgeFacts:
    return BridgeFacts(
        row["name"],
        _optional(row["fail_mode"]) or "",
        _set(row["protocols"]),
        row["datapath_type"],
        tuple(targets[uuid] for uuid in _set(row["controller"])),
        tuple(ports[uuid] for uuid in _set(row["ports"])),
    )


def _port(row: Row, interfaces: Mapping[str, InterfaceFacts]) -> PortFacts:
    return PortFacts(
        row["name"],
        tuple(interfaces[uuid] for uuid in _set(row["interfaces"])),
        _optional(row["tag"]),
        _optional(row["vlan_mode"]) or "",
        row["external_ids"].get("iface-id", ""),
    )


def _interface(row: Row) -> InterfaceFacts:
    ids = row["external_ids"]
    return InterfaceFacts(
        row["name"],
        row["type"],
        row["options"].get("peer", ""),
        _optional(row["error"]) or "",
        _is_up(row["admin_state"]),
        _is_up(row["link_state"]),
        _optional(row["mtu"]),
        ids.get("iface-id", ""),
        ids.get("attached-mac", ""),
        ids.get(TRUNK_KEY) == "true",
    )


def _is_up(state: Any) -> bool | None:
    shown = _optional(state)
    return None if shown is None else shown == "up"
