"""Two hosts in memory, each with a machine of one network, and what the controller explains of them.

The switches, the databases and the time are a test's; all between them and a verdict is the product's.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from osken_apps.apps import host as host_module
from osken_apps.apps import hosts, runtime
from osken_apps.apps.answering import switches as answers
from osken_apps.apps.answering.facts import Gatherer
from osken_apps.apps.dhcp import Dhcp
from osken_apps.apps.host import Host
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.peers import Peers
from osken_apps.apps.reconcile import HostReconciler
from osken_apps.dhcp.reservation import Defaults
from osken_apps.explain.causes import Explanation, explain_address, explain_outside, explain_reach
from osken_apps.explain.facts import Facts, FrameFacts
from osken_apps.model.changes import Deleted, PortReport, Snapshot, Upserted, rank
from osken_apps.model.conditions import HostFacts, InterfaceFacts, PortFacts
from osken_apps.model.fabric import Fabric
from osken_apps.model.resources import Port, PortStatus
from osken_apps.openflow import codec
from osken_apps.openflow.codec import MessageType
from osken_apps.openflow.meter import BAND_STATS, METER_STATS
from osken_apps.openflow.port_stats import OFPMP_PORT_STATS, PORT_STATS
from osken_apps.ovsdb.host_view import HostView
from osken_apps.pipeline.probe import PROBE_COOKIE
from osken_apps.questions import FactsOfFrame, FactsOfPort
from tests.bench.fake_switch import packet_in
from tests.golden.scenarios import LAYOUT, NET1, SERVER1, SUBNET1
from tests.model.by_hand import ByHand
from tests.model.loading import load
from tests.model.switch import Ovsdb, SwitchBridge, SwitchConnection
from tests.unit.explain_facts import NOW, machine
from tests.unit.hub_thread import in_a_hub

STARTED = NOW - 10_000
OFPORT = 2
NEVER = 3600.0


def _port(number: int) -> Port:
    """Make a port that was never bound."""
    made = machine(number, f"host{number}", port_security_enabled=False)
    return replace(made, binding=None, status=PortStatus.DOWN)


VM1, VM2 = _port(1), _port(2)

Edit = Callable[[HostFacts], HostFacts]


class Database(Ovsdb):
    """A host's database; `edits` are what somebody has done to it, `macs` what interfaces say of machines."""

    def __init__(self, host: str, datapath_ids: tuple[int, ...], address: str) -> None:
        super().__init__(host, datapath_ids, address)
        self.edits: list[Edit] = []
        self.macs: dict[str, str] = {}
        self.is_connected = True
        self.links: dict[Any, Any] = {}

    def view(self) -> HostView:
        """Give what the database shows."""
        shown = super().view()
        for name in self.iface_ids:
            self.links["br-int", name] = PortFacts(
                name, interfaces=(self._tap(name),), tag=self.tags.get(name)
            )
        facts = replace(shown.facts, bridges=self._bridges())
        for edit in self.edits:
            facts = edit(facts)
        return replace(shown, facts=facts)

    def _tap(self, name: str) -> InterfaceFacts:
        mac = self.macs.get(name, "")
        return InterfaceFacts(
            name,
            admin_up=True,
            link_up=True,
            mtu=1500,
            iface_id=self.iface_ids[name],
            attached_mac=mac,
        )


class Switch(SwitchConnection):
    """A connection to a bridge that counts, or that answers nothing any more and does not say so.

    `received` is what came from its machine, `packets` what the flows of a rule have taken, by cookie,
    `dropped` what meters have, by id.
    """

    is_mute = False
    answers_probes = False

    def __init__(self, bridge: SwitchBridge, name: str, address: str) -> None:
        super().__init__(bridge, name, address)
        self.received = 0
        self.packets: dict[int, int] = {}
        self.dropped: dict[int, int] = {}

    def request(self, build: Callable[[int], bytes]) -> list[bytes]:
        """Answer, or wait for what does not come."""
        if self.is_mute:
            runtime.sleep(NEVER)
        message = build(1)
        kind = codec.MULTIPART.unpack_from(message, codec.HEADER.size)[0] if len(message) > 8 else 0
        if message[1] == MessageType.MULTIPART_REQUEST and kind == OFPMP_PORT_STATS:
            stats = PORT_STATS.pack(PORT_STATS.size, OFPORT, 0, 0, self.received, 0, *[0] * 6)
            body = codec.MULTIPART.pack(kind, 0) + stats
            return [codec.message(MessageType.MULTIPART_REPLY, 1, body)]
        return super().request(build)

    def send(self, message: bytes) -> bool:
        """Take a message that nobody waits for."""
        if message[1] == MessageType.FLOW_MOD:
            self._flow_mod(message)
        return super().send(message)

    def _take(self, message: bytes) -> Iterator[bytes]:
        if message[1] == MessageType.FLOW_MOD:
            self._flow_mod(message)
            self.packets[PROBE_COOKIE] = int(self.answers_probes)
        yield from super()._take(message)

    def _flow_stats(self) -> Iterator[bytes]:
        for entry in super()._flow_stats():
            cookie = codec.FLOW_STATS.unpack_from(entry)[-3]
            counted = self.packets.get(cookie, 0).to_bytes(8, "big")
            yield entry[: codec.FLOW_STATS.size - 16] + counted + entry[codec.FLOW_STATS.size - 8 :]

    def _meter_stats(self) -> Iterator[bytes]:
        for meter_id in self.bridge_in_memory.meters:
            length = METER_STATS.size + BAND_STATS.size
            fixed = METER_STATS.pack(meter_id, length, 0, 0, 0, 0, 0)
            yield fixed + BAND_STATS.pack(self.dropped.get(meter_id, 0), 0)


@dataclass
class OneHost:
    """A host: its bridges, their connections and its database."""

    name: str
    bridges: dict[str, SwitchBridge]
    connections: dict[str, Switch]
    database: Database


def _snapshot(resources: Iterable[Any]) -> Snapshot:
    return Snapshot(tuple(sorted(resources, key=lambda resource: rank(type(resource)))))


class TwoHosts:
    """The controller with two hosts, `vm1` plugged into the one and `vm2` into the other."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *resources: Any) -> None:
        """Have it all as it should be; `resources` are in the store in place of those with their ids."""
        self.monkeypatch = monkeypatch
        self.now = STARTED
        self.due: list[tuple[float, Callable[[], object]]] = []
        self.all: list[OneHost] = []
        self._spawn_after = runtime.spawn_after
        monkeypatch.setattr(time, "time", lambda: self.now)
        for module in (host_module, hosts):
            monkeypatch.setattr(module, "now", lambda: datetime.fromtimestamp(self.now, UTC))
        monkeypatch.setattr(runtime, "spawn_after", self._later)
        self.hosts = Hosts(Fabric(LAYOUT), self._serve)
        self.peers = Peers(self.hosts)
        self.dhcp = Dhcp(self.hosts, Defaults(3600, "openstacklocal", ()))
        self.gatherer = Gatherer(self.hosts, self.dhcp)
        stored = {one.id: one for one in (NET1, SUBNET1, SERVER1, VM1, VM2, *resources)}
        load(self.hosts.fabric, _snapshot(stored.values()))
        self.host1, self.host2 = (self.begin(number) for number in (1, 2))
        for host, port in ((self.host1, VM1), (self.host2, VM2)):
            self.plug(host, port.id)
        self.now = NOW

    def _later(self, seconds: float, work: Callable[..., object], *arguments: object) -> Any:
        if not seconds:
            return self._spawn_after(seconds, work, *arguments)
        self.due.append((self.now + seconds, lambda: work(*arguments)))
        return None

    def _serve(self, host: Host) -> HostReconciler:
        def answer(bridge: Any, snapshot: Any) -> None:
            bridge.connection.answer_packet_ins(self.dhcp.handler(bridge, snapshot))

        return ByHand(host, self.hosts, answer, self._report)

    def _report(self, reports: list[PortReport]) -> None:
        """Have the store say what it is told, as the one on the disk does."""
        ports = self.hosts.fabric.inventory.ports
        for report in reports:
            told = {"binding": report.binding, "status": report.status, "waits_for": report.waits_for}
            self.intend(replace(ports[report.port_id], **told))  # type: ignore[arg-type]

    def begin(self, number: int, *connected: str) -> OneHost:
        """Have a host connect, with all its bridges or with these."""
        bridges = {
            "br-int": SwitchBridge({"int-br-eth2": 1, f"tap{number}": OFPORT}),
            "br-eth2": SwitchBridge({"eth2": 1, "phy-br-eth2": 2}),
        }
        address = f"192.0.2.{number}"
        ids = tuple(bridge.datapath_id for bridge in bridges.values())
        connections = {name: Switch(bridge, name, address) for name, bridge in bridges.items()}
        host = OneHost(f"host{number}", bridges, connections, Database(f"host{number}", ids, address))
        self.all.append(host)
        self.show(host)
        for name in connected or bridges:
            self.peers.connected(connections[name], None)  # type: ignore[arg-type]
        return host

    # -- what happens

    def port(self, port: Port) -> Port:
        """Give a port as the store has it now."""
        return self.hosts.fabric.inventory.ports[port.id]

    def intend(self, *resources: Any) -> None:
        """Have the store say something else."""
        self.hosts.fabric.apply([Upserted(resource) for resource in resources])

    def change(self, port: Port, **values: Any) -> None:
        """Have the store say something else of a port."""
        self.intend(replace(self.port(port), **values))
        self.look()

    def delete(self, resource: Any) -> None:
        """Have the store know something no more."""
        self.hosts.fabric.apply([Deleted(type(resource), resource.id)])
        self.look()

    def show(self, host: OneHost) -> None:
        """Have a host's session tell what its database has."""
        self.peers.session_shows(host.database, host.database.view())  # type: ignore[arg-type]

    def edit(self, host: OneHost, *edits: Edit) -> None:
        """Do something to a host's database."""
        host.database.edits += edits
        self.show(host)
        self.look()

    def plug(self, host: OneHost, port_id: str, interface: str = "") -> None:
        """Plug a port in, as the interface that the host has or another one."""
        if interface:
            host.bridges["br-int"].ports[interface] = max(host.bridges["br-int"].ports.values()) + 1
            self.hosts.by_name[host.name].bridges["br-int"].ports_changed = True
        host.database.iface_ids[interface or f"tap{host.name[-1]}"] = port_id
        self.show(host)
        self.look()

    def unplug(self, host: OneHost) -> None:
        """Unplug all."""
        host.database.iface_ids.clear()
        for key in [key for key in host.database.links if key[1].startswith("tap")]:
            del host.database.links[key]
        self.show(host)
        self.look()

    def look(self) -> None:
        """Have every host brought to what it should be, and looked at once it is."""
        for _ in range(2):
            for name in list(self.hosts.by_name):
                self.attempt(name)
            for host in self.all:
                if host.database.is_connected:
                    self.show(host)

    def attempt(self, name: str) -> None:
        """Make one pass over a host."""
        reconciler = self.hosts.by_name[name].reconciler
        if isinstance(reconciler, HostReconciler):
            reconciler.wake()
            reconciler.attempt()

    def wait(self, seconds: float) -> None:
        """Let time pass, and what is due be done."""
        until = self.now + seconds
        while due := [it for it in self.due if it[0] <= until]:
            first = min(due, key=lambda it: it[0])
            self.due.remove(first)
            self.now, work = first
            work()
        self.now = until
        self.look()

    def send_dhcp(self, host: OneHost, *frames: bytes) -> None:
        """Let DHCP of a host's machine come to the controller."""
        handler: Any = host.connections["br-int"].handler
        for frame in frames:
            handler.answer(packet_in(OFPORT, frame))
            handler.after_answers()

    def disconnect(self, host: OneHost, *bridges: str) -> None:
        """Cut a host's bridges off; without names all of it."""
        for name in bridges or host.connections:
            host.connections[name].alive = False
            self.peers.disconnected(host.connections[name])  # type: ignore[arg-type]
        if not bridges:
            host.database.is_connected = False
            self.peers.session_ended(host.database)  # type: ignore[arg-type]

    # -- what is said of it

    def facts(self, *arguments: Any) -> Facts:
        """Gather what is known for a `FactsOfPort`."""
        found = self.ask_port(*arguments)
        assert found
        return found

    def ask_port(self, *arguments: Any) -> Facts | None:
        """Likewise of ports that may not be known."""
        found: list[Facts | None] = []
        in_a_hub(lambda _hub: found.append(self.gatherer.port_facts(FactsOfPort(*arguments))))
        return found[0]

    def frame_facts(self, *arguments: Any) -> FrameFacts:
        """Gather what is known for a question of a frame."""
        found: list[FrameFacts | None] = []
        in_a_hub(lambda _hub: found.append(self.gatherer.frame_facts(FactsOfFrame(*arguments))))
        assert found[0]
        return found[0]

    def why_no_address(self, probe: bool = False) -> Explanation:
        """Ask why the first machine has no address."""
        return explain_address(self.facts(VM1.id, "", "", 0, probe))

    def why_not_reached(
        self, protocol: str = "", number: int = 0, probe: bool = False, to: str = VM2.id
    ) -> Explanation:
        """Ask why the first machine does not reach the second, or another."""
        return explain_reach(self.facts(VM1.id, to, protocol, number, probe))

    def why_not_out(self, address: Any) -> Explanation:
        """Ask why the first machine does not reach an address that no port has."""
        facts = self.facts(VM1.id, "", "", 0, False, address)
        return explain_outside(replace(facts, outside_address=address))

    @contextmanager
    def short_wait(self) -> Any:
        """Wait a moment only for what switches do not answer."""
        with self.monkeypatch.context() as patched:
            patched.setattr(answers, "SWITCHES_WAIT_S", 0.1)
            yield
