"""One OVSDB session: a host that dialled us with set-manager, seen through python-ovs's Idl. SHELL.

Owns the replica of the few columns that we need and the writing of tags. Source: RFC 7047,
ovs-vswitchd.conf.db(5).
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import eventlet
import ovs.db.idl
import ovs.jsonrpc
import ovs.reconnect
import ovs.stream
import ovs.timeval
from eventlet.event import Event
from ovs.poller import Poller

from osken_apps.apps.ovsdb_stream import JsonConnection
from osken_apps.errors import OskenAppsError
from osken_apps.model.fabric import Interface
from osken_apps.pipeline.tags import DEAD_TAG, TaggedPort

LOG = logging.getLogger(__name__)

PROBE_INTERVAL_MS = 5000
WAKE_INTERVAL_MS = 60_000
TRANSACTION_TIMEOUT_S = 10.0
MARK = "osken-net-port"  # external_ids key of the port rows that we have tagged


R = TypeVar("R")


def _map(key: str = "string") -> dict[str, Any]:
    return {"type": {"key": key, "value": "string", "min": 0, "max": "unlimited"}}


def _references(table: str) -> dict[str, Any]:
    return {"type": {"key": {"type": "uuid", "refTable": table}, "min": 0, "max": "unlimited"}}


SCHEMA = {
    "name": "Open_vSwitch",
    "version": "8.0.0",
    "tables": {
        "Open_vSwitch": {
            "columns": {"bridges": _references("Bridge"), "external_ids": _map()},
            "isRoot": True,
        },
        "Bridge": {
            "columns": {
                "name": {"type": "string"},
                "datapath_id": {"type": {"key": "string", "min": 0, "max": 1}},
                "ports": _references("Port"),
            }
        },
        "Port": {
            "columns": {
                "name": {"type": "string"},
                "tag": {"type": {"key": "integer", "min": 0, "max": 1}},
                "interfaces": _references("Interface"),
                "external_ids": _map(),
            }
        },
        "Interface": {"columns": {"name": {"type": "string"}, "external_ids": _map()}},
    },
}


class OvsdbError(OskenAppsError):
    """A transaction failed, or the session ended."""


@dataclass(frozen=True, slots=True)
class HostView:
    """What a session shows of its host."""

    hostname: str
    datapath_ids: tuple[int, ...]
    interfaces: tuple[Interface, ...]
    tagged_ports: tuple[TaggedPort, ...]


class OvsdbSession:
    """A live session; `run` serves it until it ends."""

    def __init__(self, sock: Any, address: Any, integration_bridge: str) -> None:
        self.address = address
        self._integration_bridge = integration_bridge
        self._idl = _idl(sock, f"tcp:{address[0]}:{address[1]}")
        self._viewed_at = -1
        self._view: HostView | None = None
        self._pending: dict[ovs.db.idl.Transaction, Event] = {}

    def __str__(self) -> str:
        return f"OVSDB session from {self.address[0]}:{self.address[1]}"

    def run(self, changed: Callable[[], None]) -> None:
        """Serve the session; call `changed` after each change of the replica."""
        seqno = self._idl.change_seqno
        try:
            while True:
                self._idl.run()
                self._finish_transactions()
                if self._idl.change_seqno != seqno:
                    seqno = self._idl.change_seqno
                    changed()
                if not self._idl._session.is_connected():
                    return
                poller = Poller()
                self._idl.wait(poller)
                poller.timer_wait(WAKE_INTERVAL_MS)
                poller.block()
        finally:
            self.close()

    def close(self) -> None:
        """End the session; whoever waits for a transaction is told."""
        self._idl.close()
        for event in self._pending.values():
            event.send_exception(OvsdbError(f"{self} ended"))
        self._pending.clear()

    def view(self) -> HostView | None:
        """Give what the session shows; None until it shows a host with a name."""
        if self._viewed_at != self._idl.change_seqno:
            self._viewed_at, self._view = self._idl.change_seqno, self._look()
        return self._view

    def _look(self) -> HostView | None:
        for root in self._rows("Open_vSwitch", _Root):
            if root.hostname:
                datapath_ids = (bridge.datapath_id for bridge in self._rows("Bridge", _Bridge))
                known = tuple(sorted(number for number in datapath_ids if number is not None))
                return HostView(root.hostname, known, *self._ports())
        return None

    def set_tags(self, tags: Mapping[str, int]) -> None:
        """Write the tags of ports of the integration bridge in one transaction, and wait until it is done.

        Raises OvsdbError.
        """
        transaction = ovs.db.idl.Transaction(self._idl)
        for port in self._integration_ports():
            if port.tagged.name in tags:
                port.row.tag = tags[port.tagged.name]
                port.row.setkey("external_ids", MARK, "true")
        status = self._commit(transaction)
        if status not in (transaction.SUCCESS, transaction.UNCHANGED):
            raise OvsdbError(f"{self}: writing tags failed: {transaction.status_to_string(status)}")

    def _commit(self, transaction: ovs.db.idl.Transaction) -> str:
        status: str = transaction.commit()
        if status != transaction.INCOMPLETE:
            return status
        event = self._pending[transaction] = Event()
        with eventlet.Timeout(TRANSACTION_TIMEOUT_S, OvsdbError(f"{self}: no answer to a transaction")):
            answer: str = event.wait()
        return answer

    def _finish_transactions(self) -> None:
        for transaction, event in list(self._pending.items()):
            status = transaction.commit()
            if status != transaction.INCOMPLETE:
                del self._pending[transaction]
                event.send(status)

    def _ports(self) -> tuple[tuple[Interface, ...], tuple[TaggedPort, ...]]:
        interfaces, ports = [], []
        for port in self._integration_ports():
            ports.append(port.tagged)
            live = port.tagged.tag if port.tagged.ours and port.tagged.tag != DEAD_TAG else None
            for row in port.interfaces:
                interface = self._idl.shown(row, _Interface)
                interfaces.append(Interface(interface.name, interface.iface_id, live))
        return tuple(interfaces), tuple(ports)

    def _integration_ports(self) -> list["_Port"]:
        for bridge in self._rows("Bridge", _Bridge):
            if bridge.name == self._integration_bridge:
                return [self._idl.shown(row, _Port) for row in bridge.ports]
        return []

    def _rows(self, table: str, kind: type[R]) -> list[R]:
        return [self._idl.shown(row, kind) for row in self._idl.tables[table].rows.values()]


class _Root:
    """What the row of Open_vSwitch shows."""

    def __init__(self, row: ovs.db.idl.Row) -> None:
        ids = row.external_ids
        self.hostname: str = ids.get("hostname") or ids.get("system-id") or ""


class _Bridge:
    """What a row of Bridge shows."""

    def __init__(self, row: ovs.db.idl.Row) -> None:
        self.name: str = row.name
        self.datapath_id = int(row.datapath_id[0], 16) if row.datapath_id else None
        self.ports: list[ovs.db.idl.Row] = row.ports


class _Port:
    """What a row of Port shows."""

    def __init__(self, row: ovs.db.idl.Row) -> None:
        self.row = row
        self.tagged = TaggedPort(row.name, row.tag[0] if row.tag else None, MARK in row.external_ids)
        self.interfaces: list[ovs.db.idl.Row] = row.interfaces


class _Interface:
    """What a row of Interface shows."""

    def __init__(self, row: ovs.db.idl.Row) -> None:
        self.name: str = row.name
        self.iface_id: str = row.external_ids.get("iface-id", "")


class _Replica(ovs.db.idl.Idl):
    """An Idl that keeps what a row shows until it changes: a Row makes a value anew each time it is read."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._shown: dict[Any, Any] = {}
        super().__init__(*arguments, **options)

    def notify(self, _event: str, row: ovs.db.idl.Row, _updates: Any = None) -> None:
        """Forget what a row showed that is new, changed or gone; called by the Idl."""
        self._shown.pop(row.uuid, None)

    def shown(self, row: ovs.db.idl.Row, kind: type[R]) -> R:
        """Give what a row shows."""
        found: R | None = self._shown.get(row.uuid)
        if found is None:
            found = self._shown[row.uuid] = kind(row)  # type: ignore[call-arg]
        return found


def _idl(sock: Any, name: str) -> _Replica:
    """Make an Idl that speaks over an accepted socket instead of dialling."""
    helper = ovs.db.idl.SchemaHelper(schema_json=SCHEMA)
    helper.register_all()
    idl = _Replica(name, helper, leader_only=False)
    now = ovs.timeval.msec()
    reconnect = ovs.reconnect.Reconnect(now)
    reconnect.set_name(name)
    reconnect.set_quiet(True)
    reconnect.set_passive(True, now)
    reconnect.set_max_tries(0)
    reconnect.set_probe_interval(PROBE_INTERVAL_MS)
    reconnect.enable(now)
    reconnect.connected(now)
    sock.setblocking(False)
    stream = ovs.stream.Stream(sock, name, 0)
    idl._session = ovs.jsonrpc.Session(reconnect, JsonConnection(stream), [name])
    return idl
