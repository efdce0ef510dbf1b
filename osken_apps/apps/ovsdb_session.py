"""One OVSDB session: a host that dialled us with set-manager, seen through python-ovs's Idl. SHELL.

Owns the replica of the few columns that we need and the writing of tags. Source: RFC 7047,
ovs-vswitchd.conf.db(5).
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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
            while self._idl._session.is_connected():
                self._idl.run()
                self._finish_transactions()
                if self._idl.change_seqno != seqno:
                    seqno = self._idl.change_seqno
                    changed()
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
        for row in list(self._idl.tables["Open_vSwitch"].rows.values()):
            name = row.external_ids.get("hostname") or row.external_ids.get("system-id")
            if name:
                return HostView(name, *self._bridges(row))
        return None

    def set_tags(self, tags: Mapping[str, int]) -> None:
        """Write the tags of ports of the integration bridge in one transaction, and wait until it is done.

        Raises OvsdbError.
        """
        transaction = ovs.db.idl.Transaction(self._idl)
        for port in self._integration_ports():
            if port.name in tags:
                port.tag = tags[port.name]
                port.setkey("external_ids", MARK, "true")
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

    def _bridges(
        self, root: ovs.db.idl.Row
    ) -> tuple[tuple[int, ...], tuple[Interface, ...], tuple[TaggedPort, ...]]:
        datapath_ids = tuple(int(bridge.datapath_id[0], 16) for bridge in root.bridges if bridge.datapath_id)
        interfaces, ports = [], []
        for port in self._integration_ports():
            tag, ours = port.tag[0] if port.tag else None, MARK in port.external_ids
            ports.append(TaggedPort(port.name, tag, ours))
            live = tag if ours and tag != DEAD_TAG else None
            for row in port.interfaces:
                interfaces.append(Interface(row.name, row.external_ids.get("iface-id", ""), live))
        return datapath_ids, tuple(interfaces), tuple(ports)

    def _integration_ports(self) -> list[ovs.db.idl.Row]:
        for bridge in self._idl.tables["Bridge"].rows.values():
            if bridge.name == self._integration_bridge:
                return list(bridge.ports)
        return []


def _idl(sock: Any, name: str) -> ovs.db.idl.Idl:
    """Make an Idl that speaks over an accepted socket instead of dialling."""
    helper = ovs.db.idl.SchemaHelper(schema_json=SCHEMA)
    helper.register_all()
    idl = ovs.db.idl.Idl(name, helper, leader_only=False)
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
