"""One OVSDB session: a host that dialled us with set-manager, seen through python-ovs's Idl. SHELL.

Owns what a host's rows mean to us, the writing of tags, and the deadlines. Source: RFC 7047,
ovs-vswitchd.conf.db(5).
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import ovs.db.idl

from osken_apps.apps import runtime
from osken_apps.apps.ovsdb.bridges import write_bridge
from osken_apps.apps.ovsdb.poller import Poller
from osken_apps.apps.ovsdb.replica import OvsdbError, R, replica_on
from osken_apps.apps.ovsdb.rows import BridgeRow, ControllerRow, InterfaceRow, PortRow, RootRow
from osken_apps.apps.ovsdb.stream import JsonConnection
from osken_apps.apps.transport import Transport
from osken_apps.model.conditions import BridgeFacts, HostFacts, PortFacts
from osken_apps.model.host import Interface
from osken_apps.model.tunnel_bridge import BridgeChange
from osken_apps.pipeline.tags import TaggedPort, mark_of

LOG = logging.getLogger(__name__)

WAKE_INTERVAL_MS = 60_000
DEADLINE_LOOK_MS = 1000
FIRST_VIEW_S = 10.0  # a peer that shows no host for so long is none
MESSAGE_S = 20.0  # from the first octet of a message to its last: the longest may take 3 Mbit/s
TRANSACTION_TIMEOUT_S = 10.0
PROBE_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class HostView:
    """What a session shows of its host."""

    system_id: str
    hostname: str
    datapath_ids: tuple[int, ...]
    interfaces: tuple[Interface, ...]
    tagged_ports: tuple[TaggedPort, ...]
    facts: HostFacts
    version: str = ""

    def written(self, bridge: str, tags: Mapping[str, int], mark: str) -> "HostView":
        """Give what the session shows once the tags of ports of a bridge are written, and nothing else is."""

        def row(port: TaggedPort) -> TaggedPort:
            tag = tags.get(port.name)
            return port if tag is None else TaggedPort(port.name, tag, mark_of(tag, mark))

        def interface(shown: Interface) -> Interface:
            tag = tags.get(shown.name)
            return shown if tag is None else replace(shown, tag=tag, mark=mark_of(tag, mark))

        def facts(shown: BridgeFacts) -> BridgeFacts:
            if shown.name != bridge:
                return shown
            ports = (
                replace(port, tag=tags[port.name]) if port.name in tags else port for port in shown.ports
            )
            return replace(shown, ports=tuple(ports))

        return replace(
            self,
            interfaces=tuple(map(interface, self.interfaces)),
            tagged_ports=tuple(map(row, self.tagged_ports)),
            facts=replace(self.facts, bridges=tuple(map(facts, self.facts.bridges))),
        )


class OvsdbSession:
    """A live session; `run` serves it until it ends."""

    def __init__(
        self, transport: Transport, address: Any, integration_bridge: str, certified: str = ""
    ) -> None:
        self.address = address
        self.certified = certified
        self._integration_bridge = integration_bridge
        self._stream = JsonConnection(transport, f"tcp:{address[0]}:{address[1]}")
        self._idl = replica_on(self._stream)
        self._updating = runtime.lock()
        self._ended = False
        self._began = runtime.clock()
        self._unfinished_since: float | None = None
        self._viewed_at = -1
        self._view: HostView | None = None
        self._pending: dict[ovs.db.idl.Transaction, runtime.Once] = {}
        self.began_at = datetime.now(UTC).replace(microsecond=0)
        self._received = 0
        self._heard: runtime.Once | None = None

    def __str__(self) -> str:
        return f"OVSDB session from {self.address[0]}:{self.address[1]}"

    def run(self, changed: Callable[[], None]) -> None:
        """Serve the session; call `changed` after each change of the replica.

        Raises OvsdbError if the peer sends what it must not, or does not send what it must in time.
        """
        seqno = self._idl.change_seqno
        try:
            while True:
                with self._updating:
                    self._idl.run()
                self._hear()
                self._finish_transactions()
                if self._idl.change_seqno != seqno:
                    seqno = self._idl.change_seqno
                    changed()
                if not self._idl._session.is_connected():
                    break
                poller = Poller()
                self._idl.wait(poller)
                poller.timer_wait(DEADLINE_LOOK_MS if self._looks_at_deadlines() else WAKE_INTERVAL_MS)
                poller.block()
        finally:
            self.close()
            self._idl.forget()
        if self._stream.fault:
            raise OvsdbError(self._stream.fault)

    def close(self) -> None:
        """End the session; whoever waits for a transaction is told."""
        self._ended = True
        self._idl.close()
        for event in self._pending.values():
            event.send(None)
        self._pending.clear()

    def _looks_at_deadlines(self) -> bool:
        """Tell whether the peer owes us something. Raises OvsdbError if it is too late."""
        now = runtime.clock()
        owes_host = self.view() is None
        if owes_host and now > self._began + FIRST_VIEW_S:
            raise OvsdbError(f"it showed no host for {FIRST_VIEW_S:.0f} s")
        if not self._stream.unfinished:
            self._unfinished_since = None
        elif self._unfinished_since is None:
            self._unfinished_since = now
        elif now > self._unfinished_since + MESSAGE_S:
            raise OvsdbError(f"a message of it had no end for {MESSAGE_S:.0f} s")
        return owes_host or self._stream.unfinished

    def view(self) -> HostView | None:
        """Give what the session shows, whole; None until it shows a host with a name."""
        if self._viewed_at != self._idl.change_seqno and not (self._updating.locked() or self._ended):
            self._viewed_at, self._view = self._idl.change_seqno, self._look()
        return self._view

    def _look(self) -> HostView | None:
        for root in self._rows("Open_vSwitch", RootRow):
            if root.hostname or root.system_id:
                bridges = self._rows("Bridge", BridgeRow)
                numbers = sorted(bridge.datapath_id for bridge in bridges if bridge.datapath_id is not None)
                managers = tuple(sorted(row.target for row in self._idl.tables["Manager"].rows.values()))
                facts = HostFacts(
                    root.hostname,
                    root.system_id,
                    tuple(sorted(map(self._facts_of, bridges), key=lambda bridge: bridge.name)),
                    managers,
                    tunnel_address=root.tunnel_address,
                )
                interfaces, ports = self._ports()
                return HostView(
                    root.system_id,
                    root.hostname,
                    tuple(numbers),
                    interfaces,
                    ports,
                    facts,
                    root.version,
                )
        return None

    def _facts_of(self, bridge: BridgeRow) -> BridgeFacts:
        controllers = (self._idl.shown(row, ControllerRow).facts for row in bridge.controllers)
        ports = (self._port_facts(self._idl.shown(row, PortRow)) for row in bridge.ports)
        return replace(
            bridge.facts,
            controllers=tuple(sorted(controllers, key=lambda controller: controller.target)),
            ports=tuple(sorted(ports, key=lambda port: port.name)),
        )

    def _port_facts(self, port: PortRow) -> PortFacts:
        interfaces = tuple(self._idl.shown(row, InterfaceRow).facts for row in port.interfaces)
        return port.show(interfaces)

    def set_tags(self, tags: Mapping[str, int | None], mark: str) -> None:
        """Write the tags of ports of the integration bridge in one transaction, and wait until it is done.

        None takes the tag off, and the mark. Raises OvsdbError.
        """

        def write(_transaction: ovs.db.idl.Transaction) -> None:
            for port in self._integration_ports():
                if port.tagged.name in tags:
                    port.write_tag(tags[port.tagged.name], mark)

        self._transact("tags", write)

    def write_bridge(self, change: BridgeChange) -> None:
        """Make the tunnel bridge or put it right in one transaction, and wait until it is done.

        Raises OvsdbError.
        """
        self._transact(change.bridge, lambda transaction: write_bridge(self._idl, transaction, change))

    def _transact(self, what: str, write: Callable[[ovs.db.idl.Transaction], None]) -> None:
        """Write within one transaction, and wait until it is done. Raises OvsdbError."""
        with self._updating:
            if self._ended:
                raise OvsdbError(f"{self} ended")
            transaction = ovs.db.idl.Transaction(self._idl)
            try:
                write(transaction)
                status = transaction.commit()
            except BaseException:
                transaction.abort()  # the Idl has one at a time: left open it would be the session's last
                raise
        status = self._outcome(transaction, status)
        if status not in (transaction.SUCCESS, transaction.UNCHANGED):
            reason = transaction.get_error() or transaction.status_to_string(status)
            raise OvsdbError(f"{self}: writing {what} failed: {reason}")

    def probe(self) -> None:
        """Ask the peer for a sign of life. Raises OvsdbError if it gives none."""
        heard = self._heard = runtime.once()
        self._idl._session.send(ovs.jsonrpc.Message.create_request("echo", []))
        if not runtime.wait_within(PROBE_TIMEOUT_S, heard):
            raise OvsdbError(f"{self} gives no sign of life")

    def _hear(self) -> None:
        """Note that something came from the peer."""
        received = self._stream.received_bytes
        if received != self._received and self._heard and not self._heard.ready():
            self._heard.send()
        self._received = received

    def _outcome(self, transaction: ovs.db.idl.Transaction, status: str) -> str:
        """Wait for the end of a transaction. Raises OvsdbError."""
        if status != transaction.INCOMPLETE:
            return status
        event = self._pending[transaction] = runtime.once()
        try:
            with runtime.within(TRANSACTION_TIMEOUT_S, OvsdbError(f"{self}: no answer to a transaction")):
                answer: str | None = event.wait()
        finally:
            self._pending.pop(transaction, None)
        if answer is None:
            raise OvsdbError(f"{self} ended")
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
            tagged = port.tagged
            ports.append(tagged)
            for row in port.interfaces:
                facts = self._idl.shown(row, InterfaceRow).facts
                interfaces.append(
                    Interface(facts.name, facts.iface_id, tagged.tag, tagged.mark, facts.is_trunk)
                )
        return tuple(interfaces), tuple(ports)

    def _integration_ports(self) -> list[PortRow]:
        for bridge in self._rows("Bridge", BridgeRow):
            if bridge.name == self._integration_bridge:
                return [self._idl.shown(row, PortRow) for row in bridge.ports]
        return []

    def _rows(self, table: str, kind: type[R]) -> list[R]:
        return [self._idl.shown(row, kind) for row in self._idl.tables[table].rows.values()]
