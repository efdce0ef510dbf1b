"""Writing the tunnel bridge into a host's OVSDB, within a transaction. SHELL (rows are python-ovs's).

Rows are added to sets that others write, too; none of these is written whole.
"""

from collections.abc import Mapping
from typing import Any

import ovs.db.idl

from osken_apps.apps.ovsdb.replica import OvsdbError
from osken_apps.model.tunnel_bridge import BridgeChange, PortWish

OF_CONTROLLER = ("target", "connection_mode", "inactivity_probe", "max_backoff")


def write_bridge(idl: ovs.db.idl.Idl, transaction: ovs.db.idl.Transaction, change: BridgeChange) -> None:
    """Make the bridge of a change, or put it right. Raises OvsdbError where one that it needs is gone."""
    bridges = {row.name: row for row in idl.tables["Bridge"].rows.values()}
    like = _bridge(bridges, change.like)
    if change.make:
        _make_bridge(idl, transaction, change, like)
    else:
        bridge = _bridge(bridges, change.bridge)
        if change.secure:
            bridge.fail_mode = "secure"
        if change.controllers:
            bridge.controller = [_copy_of(row, idl, transaction) for row in like.controller]
    for wish in change.ports:
        if wish.bridge in bridges:
            _write_port(idl, transaction, bridges[wish.bridge], wish)


def _bridge(bridges: Mapping[str, Any], name: str) -> Any:
    if name not in bridges:
        raise OvsdbError(f"bridge {name} is gone")
    return bridges[name]


def _make_bridge(
    idl: ovs.db.idl.Idl, transaction: ovs.db.idl.Transaction, change: BridgeChange, like: Any
) -> None:
    name = change.bridge
    bridge = transaction.insert(idl.tables["Bridge"])
    bridge.name, bridge.fail_mode = name, "secure"
    bridge.datapath_type, bridge.protocols = like.datapath_type, like.protocols
    bridge.controller = [_copy_of(row, idl, transaction) for row in like.controller]
    wishes = [PortWish(name, name, "internal", ()), *(wish for wish in change.ports if wish.bridge == name)]
    bridge.ports = [_make_port(idl, transaction, wish) for wish in wishes]
    for root in idl.tables["Open_vSwitch"].rows.values():
        root.addvalue("bridges", bridge)


def _copy_of(controller: Any, idl: ovs.db.idl.Idl, transaction: ovs.db.idl.Transaction) -> Any:
    values = {column: getattr(controller, column) for column in OF_CONTROLLER}
    copy = transaction.insert(idl.tables["Controller"])
    for column, value in values.items():
        setattr(copy, column, value)
    return copy


def _write_port(
    idl: ovs.db.idl.Idl, transaction: ovs.db.idl.Transaction, bridge: Any, wish: PortWish
) -> None:
    port = next((port for port in bridge.ports if port.name == wish.name), None)
    if port is not None and len(port.interfaces) == 1:
        (interface,) = port.interfaces
        interface.type = wish.type
        interface.options = {**interface.options, **dict(wish.options)}
        return
    if port is not None:
        bridge.delvalue("ports", port)
    bridge.addvalue("ports", _make_port(idl, transaction, wish))


def _make_port(idl: ovs.db.idl.Idl, transaction: ovs.db.idl.Transaction, wish: PortWish) -> Any:
    interface = transaction.insert(idl.tables["Interface"])
    interface.name, interface.type, interface.options = wish.name, wish.type, dict(wish.options)
    if wish.ofport:
        interface.ofport_request = wish.ofport
    port = transaction.insert(idl.tables["Port"])
    port.name, port.interfaces = wish.name, [interface]
    return port
