"""Store, switches and OVSDB in any order, with faults: at every quiet point the desired is installed."""

from dataclasses import dataclass, field, replace
from functools import cache
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from osken_apps.apps.foreign_changes import have_read
from osken_apps.apps.host import Bridge, Host
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.peers import Peers
from osken_apps.model.addresses import mac_address
from osken_apps.model.changes import Deleted, HostIdentity, PortReport, Snapshot, Upserted
from osken_apps.model.fabric import Fabric
from osken_apps.model.host import ShownHost
from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.model.local_vlans import DEAD_TAG
from osken_apps.model.preparation import note_found, prepare
from osken_apps.model.resources import (
    FixedIp,
    InactiveBinding,
    Network,
    NetworkType,
    Port,
    PortStatus,
    Subnet,
)
from osken_apps.model.snapshot import HostSnapshot, Layout
from osken_apps.openflow import wire
from osken_apps.openflow.difference import FlowTable
from osken_apps.pipeline.desired import FlowEncoder, desired_meters
from osken_apps.pipeline.features.isolation import INTEGRATION_NORMAL
from osken_apps.pipeline.features.switching import DELIVER_SEVERAL, TO_EACH
from osken_apps.pipeline.features.tunnels import PEER_IN, TO_EACH_HOST, TO_UNKNOWN_MAC
from osken_apps.pipeline.named_vlans import carrying, named_vlans
from tests.examples import examples
from tests.model.by_hand import ByHand
from tests.model.loading import load
from tests.model.switch import Ovsdb, SwitchBridge, SwitchConnection, count_anew


@pytest.fixture(autouse=True)
def encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encode each flow once: thousands of hosts have the same."""
    monkeypatch.setattr(wire, "encode_flow", cache(wire.encode_flow))


LAYOUT = Layout("br-int", (("default", "br-eth2"),))
HOSTS = ("a", "b")
NETWORKS = ("n1", "n2", "n3")
OVERLAYS = ("n2",)  # over tunnels
LINKS = ("int-br-eth2", "patch-tun")
PORTS = tuple(f"{number}0000000-port" for number in range(1, 6))
LOST = "tap-lost"  # an interface of a port that the store does not know
MAX_PASSES = 60
#: What may happen in the middle of a pass.
MEANWHILE = (
    "plugged", "unplugged", "renumbered", "down", "deleted", "network", "cut off", "connected", "OVSDB",
    "no OVSDB", "other hand", "renamed", "names swapped", "another's", "time", "restored", "spoke",
    "forgotten",
)  # fmt: skip

hosts = st.sampled_from(HOSTS)
bridges = st.sampled_from(LAYOUT.all_bridges)
network_ids = st.sampled_from(NETWORKS)
port_ids = st.sampled_from(PORTS)


@dataclass
class Machine:
    """A host as it really is."""

    bridges: dict[str, SwitchBridge]
    ovsdb: Ovsdb
    connections: dict[str, SwitchConnection] = field(default_factory=dict)
    descriptions: dict[str, str | None] = field(default_factory=dict)  # dp-desc, as the bridges connected


def machine(name: str) -> Machine:
    made = {
        "br-int": SwitchBridge({"int-br-eth2": 1, "patch-tun": 2}),
        "br-eth2": SwitchBridge({"eth2": 1, "phy-br-eth2": 2}),
        "br-tun": SwitchBridge({"patch-int": 1, "tun-vxlan": 2}),
    }
    return Machine(made, Ovsdb(name, tuple(bridge.datapath_id for bridge in made.values())))


def network(network_id: str, segmentation_id: int) -> Network:
    if network_id in OVERLAYS:
        kind = NetworkType.VXLAN
        return Network(id=network_id, project_id="p", network_type=kind, segmentation_id=segmentation_id)
    return Network(id=network_id, project_id="p", physical_network="default", segmentation_id=segmentation_id)


class ManualReconciler(ByHand):
    """A reconciler that looks when the test says so."""

    def __init__(self, host: Host, hosts: Hosts, reports: list[PortReport], woken: dict[Host, None]) -> None:
        super().__init__(host, hosts, lambda bridge, snapshot: None, reports.extend)
        self._woken = woken

    def wake(self) -> None:
        super().wake()
        self._woken[self._host] = None

    def follow(self) -> None:
        super().follow()
        self._woken[self._host] = None


class Controller:
    """A controller without sockets and clock, over machines that connect when the test says so."""

    def __init__(self) -> None:
        self.woken: dict[Host, None] = {}  # some of which may have ended since
        self.passing: set[Host] = set()
        self.reports: list[PortReport] = []
        self.hosts = Hosts(
            Fabric(LAYOUT), lambda host: ManualReconciler(host, self.hosts, self.reports, self.woken)
        )
        self.peers = Peers(self.hosts)
        self.fabric = self.hosts.fabric

    def connect_bridge(self, machine: Machine, bridge: str, description: str | None) -> None:
        connection = SwitchConnection(machine.bridges[bridge], bridge, machine.ovsdb.address[0])
        connection.on_gone = lambda: self.peers.disconnected(connection)  # type: ignore[arg-type]
        self.cut_off(machine, bridge)
        machine.connections[bridge] = connection
        machine.descriptions[bridge] = description
        self.peers.connected(connection, description)  # type: ignore[arg-type]

    def cut_off(self, machine: Machine, bridge: str) -> None:
        connection = machine.connections.pop(bridge, None)
        if connection:
            connection.close()

    def show(self, machine: Machine) -> None:
        self.peers.session_shows(machine.ovsdb, machine.ovsdb.view())  # type: ignore[arg-type]

    def wait(self) -> None:
        """Let the time pass that hosts are given: to connect, and to come back."""
        self.hosts.wait_no_longer()
        for host in list(self.hosts.by_name.values()):
            if not host.settled:
                self.hosts._settle(host, host.changes)
            self.hosts._away(host, host.last_contact)

    @property
    def awake(self) -> dict[str, Host]:
        """The hosts that are to be looked at, by the names that they have now."""
        return {host.name: host for host in self.woken if host.reconciler}

    def look_at(self, name: str) -> None:
        host = self.awake.get(name)
        if host is None:
            return  # it was looked at while another was waited for
        del self.woken[host]
        self.passing.add(host)
        if not host.reconciler.attempt():  # type: ignore[union-attr]
            self.woken[host] = None
        self.passing.remove(host)

    def snapshot(self, name: str) -> HostSnapshot:
        return host_snapshot(self.fabric, name)


Backup = tuple[
    dict[str, Network], dict[str, Port], set[str], dict[str, str], tuple[HostIdentity, ...]
]  # and the addresses and identities of hosts


class Interleavings(RuleBasedStateMachine):
    """The controller between a store and two hosts; every rule is something that can happen."""

    def __init__(self) -> None:
        super().__init__()
        count_anew()
        self.networks: dict[str, Network] = {}
        self.ports: dict[str, Port] = {}
        self.deleted: set[str] = set()
        self.addresses: dict[str, str] = {}
        self.machines = {name: machine(name) for name in HOSTS}
        self.identities: tuple[HostIdentity, ...] = ()
        self.backup: Backup = {}, {}, set(), {}, ()
        self.bound_as: dict[
            tuple[str, str], tuple[int, str]
        ] = {}  # host, interface: tag and network, at rest
        self.came_unseen: dict[str, ShownHost] = {}  # host: as what it was known when LOST was not seen
        self.is_store_away = False  # it tells nothing of what becomes of it
        self.segmentation_ids = iter(range(1000, 3000))
        self.next_ofport = 10
        self.start_controller()

    def start_controller(self) -> None:
        """A controller that knows nothing but the store's snapshot; the switches connect anew."""
        self.controller, self.is_store_away = Controller(), False
        load(self.controller.fabric, self.intent())
        for machine in self.machines.values():
            machine.connections.clear()

    def intent(self) -> Snapshot:
        subnets = tuple(self.subnet(network_id) for network_id in self.networks)
        servers = tuple(self.server(network_id) for network_id in self.networks)
        ports = (*self.ports.values(), *servers)
        return Snapshot(
            (*self.networks.values(), *subnets, *ports),
            store_id="the-store",
            departed_ports=frozenset(self.deleted),
            tunnel_addresses=tuple(self.addresses.items()),
            identities=self.identities,
        )

    def subnet(self, network_id: str) -> Subnet:
        return Subnet(
            id=f"s-{network_id}", project_id="p", network_id=network_id, cidr=IPv4Network("10.0.0.0/24")
        )

    def server(self, network_id: str) -> Port:
        return Port(
            id=f"dhcp-{network_id}",
            project_id="p",
            network_id=network_id,
            mac_address=mac_address("fa:16:3e:00:00:01"),
            fixed_ips=(FixedIp(f"s-{network_id}", IPv4Address("10.0.0.2")),),
            device_owner="network:dhcp",
        )

    def tell(self, *changes: Upserted | Deleted) -> None:
        if not self.is_store_away:
            self.controller.hosts.wake(self.controller.fabric.apply(changes))

    # -- the store

    @rule(network_id=network_ids)
    def network_is_made_or_renumbered(self, network_id: str) -> None:
        made = network(network_id, next(self.segmentation_ids))
        new = network_id not in self.networks
        self.networks[network_id] = made
        self.tell(Upserted(made))
        if new:
            self.tell(Upserted(self.subnet(network_id)), Upserted(self.server(network_id)))

    @rule(port_id=port_ids, network_id=network_ids, host=st.sampled_from(("", *HOSTS)), up=st.booleans())
    def port_is_made_or_changed(self, port_id: str, network_id: str, host: str, up: bool) -> None:
        if port_id not in self.ports and network_id in self.networks:
            number = 10 + PORTS.index(port_id)
            self.ports[port_id] = Port(
                id=port_id,
                project_id="p",
                network_id=network_id,
                mac_address=mac_address(f"fa:16:3e:00:00:{number}"),  # of one port only, as in the API
                fixed_ips=(FixedIp(f"s-{network_id}", IPv4Address(f"10.0.0.{number}")),),
            )
        if port_id in self.ports:
            self.ports[port_id] = replace(self.ports[port_id], requested_host=host, admin_state_up=up)
            self.tell(Upserted(self.ports[port_id]))

    @rule(first=network_ids, second=network_ids)
    def networks_swap_segmentation_ids(self, first: str, second: str) -> None:
        swapped = first in self.networks and second in self.networks
        if swapped and first != second and (first in OVERLAYS) == (second in OVERLAYS):
            a, b = self.networks[first], self.networks[second]
            changed = (
                replace(a, segmentation_id=next(self.segmentation_ids)),
                replace(b, segmentation_id=a.segmentation_id),
                replace(a, segmentation_id=b.segmentation_id),
            )
            for network in changed:
                self.networks[network.id] = network
                self.tell(Upserted(network))

    @rule(network_id=network_ids)
    def network_goes_up_or_down(self, network_id: str) -> None:
        if network_id in self.networks:
            known = self.networks[network_id]
            self.networks[network_id] = replace(known, admin_state_up=not known.admin_state_up)
            self.tell(Upserted(self.networks[network_id]))

    @rule(port_id=port_ids, ways=st.sampled_from(((), *((host,) for host in HOSTS))))
    def port_may_move_or_not_any_more(self, port_id: str, ways: tuple[str, ...]) -> None:
        if port_id in self.ports:
            inactive = tuple(InactiveBinding(host) for host in ways)
            self.ports[port_id] = replace(self.ports[port_id], inactive_bindings=inactive)
            self.tell(Upserted(self.ports[port_id]))

    @rule(port_id=port_ids, host=hosts)
    def machine_moves_and_its_wish_does_not_follow_yet(self, port_id: str, host: str) -> None:
        if port_id in self.ports:
            other = next(other for other in HOSTS if other != host)
            self.port_is_made_or_changed(port_id, self.ports[port_id].network_id, other, True)
            self.port_may_move_or_not_any_more(port_id, (host,))
            self.interface_is_plugged(host, port_id, "tap")
            for name in sorted(self.controller.awake):
                self.look_at(name)
            self.machine_speaks(host, port_id)

    @rule(port_id=port_ids)
    def port_is_deleted(self, port_id: str) -> None:
        if self.ports.pop(port_id, None):
            self.deleted.add(port_id)
            self.tell(Deleted(Port, port_id))

    @rule(network_id=network_ids)
    def network_is_deleted_if_unused(self, network_id: str) -> None:
        used = any(port.network_id == network_id for port in self.ports.values())
        if network_id in self.networks and not used:
            del self.networks[network_id]
            self.tell(
                Deleted(Port, f"dhcp-{network_id}"),
                Deleted(Subnet, f"s-{network_id}"),
                Deleted(Network, network_id),
            )

    @rule()
    def store_is_away(self) -> None:
        self.is_store_away = True

    @precondition(lambda self: self.is_store_away)
    @rule()
    def store_is_back(self) -> None:
        self.is_store_away = False
        self.controller.hosts.wake(load(self.controller.fabric, self.intent()))
        self.controller.peers.know_again()

    @rule(name=st.sampled_from((*HOSTS, "c")))
    def agent_is_deleted(self, name: str) -> None:
        if self.is_store_away or self.controller.hosts.forget(name):
            return
        for port in self.ports.values():
            if port.binding and port.binding.host == name:
                unbound = replace(port, binding=None, status=PortStatus.DOWN, waits_for="")
                self.ports[port.id] = unbound
        self.tell(*(Upserted(port) for port in self.ports.values()))
        self.addresses.pop(name, None)
        self.identities = tuple(host for host in self.identities if host.name != name)

    @rule()
    def store_takes_the_reports(self) -> None:
        if self.is_store_away:
            return
        for report in self.controller.reports:
            port = self.ports.get(report.port_id)
            if port:
                self.ports[port.id] = replace(
                    port, binding=report.binding, status=report.status, waits_for=report.waits_for
                )
                self.tell(Upserted(self.ports[port.id]))
        self.controller.reports.clear()
        addresses = self.controller.fabric.tunnel_peers.addresses
        self.addresses = {name: str(addresses.of(name) or "") for name in self.controller.fabric.hosts}
        self.identities = tuple(
            HostIdentity(name, host.system_id, self.controller.fabric.names.former_names(name))
            for name, host in self.controller.hosts.by_name.items()
        )

    @rule()
    def backup_is_taken(self) -> None:
        networks, ports, deleted = dict(self.networks), dict(self.ports), set(self.deleted)
        self.backup = networks, ports, deleted, dict(self.addresses), self.identities

    @precondition(lambda self: self.backup[0])
    @rule()
    def backup_is_restored(self) -> None:
        networks, ports, deleted, addresses, self.identities = self.backup
        self.networks, self.ports, self.deleted = dict(networks), dict(ports), set(deleted)
        self.addresses = dict(addresses)
        self.start_controller()

    # -- the switches

    @rule(host=hosts, bridge=bridges, described=st.booleans())
    def bridge_connects(self, host: str, bridge: str, described: bool = False) -> None:
        self.controller.connect_bridge(self.machines[host], bridge, host if described else None)

    @rule(host=hosts, bridge=bridges, other=hosts, other_bridge=bridges, described=st.booleans())
    def bridges_swap_datapath_ids(
        self, host: str, bridge: str, other: str, other_bridge: str, described: bool
    ) -> None:
        """Two that connect anew with each other's; one with itself gets its own again."""
        ends = ((host, bridge), (other, other_bridge))
        for name, of in ends:
            self.controller.cut_off(self.machines[name], of)
        one, two = (self.machines[name].bridges[of] for name, of in ends)
        one.datapath_id, two.datapath_id = two.datapath_id, one.datapath_id
        for name in dict.fromkeys((host, other)):
            machine = self.machines[name]
            machine.ovsdb.datapath_ids = tuple(it.datapath_id for it in machine.bridges.values())
            self.machine_changed(name)
        for name, of in ends:
            self.bridge_connects(name, of, described)

    @rule()
    def datapath_ids_are_taken_for_the_other_s(self) -> None:
        """Their databases show each other's, or their own again; connections stay."""
        one, two = (self.machines[name].ovsdb for name in HOSTS)
        one.datapath_ids, two.datapath_ids = two.datapath_ids, one.datapath_ids
        for name in HOSTS:
            self.machine_changed(name)

    @rule(host=hosts, bridge=bridges, restarted=st.booleans())
    def bridge_is_cut_off(self, host: str, bridge: str, restarted: bool) -> None:
        machine = self.machines[host]
        if restarted:
            machine.bridges[bridge].restart()
        self.controller.cut_off(machine, bridge)

    @rule(host=hosts, port_id=port_ids, name=st.sampled_from(("tap", "vnet")))
    def interface_is_plugged(self, host: str, port_id: str, name: str) -> None:
        self.plug(host, f"{name}{port_id[:11]}", port_id)

    @rule(host=hosts, iface_id=st.sampled_from(("", "no-port")))
    def stranger_is_plugged(self, host: str, iface_id: str) -> None:
        self.plug(host, "stranger", iface_id)

    @rule(host=hosts, tag=st.integers(1, 4))
    def port_of_another_database_is_there(self, host: str, tag: int) -> None:
        """What a controller tagged for a port that the store has lost, or what is left of that."""
        machine = self.machines[host]
        if LOST in machine.ovsdb.iface_ids:
            self.vanish(host, LOST)
        elif tag not in self.used_at(host):  # or it would be in a network already
            machine.ovsdb.tags[LOST], machine.ovsdb.marks[LOST] = tag, "the-store"
            self.bound_as[host, LOST] = tag, "lost"
            self.came_unseen.pop(host, None)
            if not self.believed(machine):
                self.came_unseen[host] = self.controller.fabric.shown(self.name_of(host) or host)
            self.plug(host, LOST, "of-another-database")

    def used_at(self, host: str) -> set[int | None]:
        """Give the local VLANs that interfaces have, that flows name, or that were given out."""
        machine, fabric, name = self.machines[host], self.controller.fabric, self.name_of(host)
        used = set(machine.ovsdb.tags.values())
        for known in [fabric.shown(name)] if name else fabric.hosts.values():  # any may be this machine
            used |= set(known.local_vlans.values())
        for bridge, real in machine.bridges.items():
            used |= {vlan for vlan, _ in named_vlans(bridge, LAYOUT, real.ports, real.flows)}
        return used

    @rule(host=hosts)
    def trunk_is_declared_or_not_any_more(self, host: str) -> None:
        self.machines[host].ovsdb.trunks ^= {"stranger"}
        self.machine_changed(host)

    def plug(self, host: str, interface: str, iface_id: str) -> None:
        machine = self.machines[host]
        if interface not in machine.ovsdb.iface_ids:
            machine.bridges["br-int"].ports[interface] = self.next_ofport
            self.next_ofport += 1
        machine.ovsdb.iface_ids[interface] = iface_id
        self.machine_changed(host)

    @rule(host=hosts, data=st.data())
    def interface_is_unplugged(self, host: str, data: st.DataObject) -> None:
        machine = self.machines[host]
        if machine.ovsdb.iface_ids:
            self.vanish(host, data.draw(st.sampled_from(sorted(machine.ovsdb.iface_ids))))

    def vanish(self, host: str, interface: str) -> None:
        machine = self.machines[host]
        if interface in machine.ovsdb.iface_ids:
            del machine.bridges["br-int"].ports[interface], machine.ovsdb.iface_ids[interface]
            machine.ovsdb.tags.pop(interface, None)
            machine.ovsdb.marks.pop(interface, None)
            self.machine_changed(host)

    @rule(host=hosts)
    def ports_are_renumbered(self, host: str) -> None:
        ports = self.machines[host].bridges["br-int"].ports
        for interface in ports:
            if interface not in LINKS:
                ports[interface] = self.next_ofport
                self.next_ofport += 1
        self.machine_changed(host)

    @rule(host=hosts, port_id=port_ids)
    def machine_speaks(self, host: str, port_id: str) -> None:
        """What a waiting interface's announcement brings."""
        name = self.name_of(host)
        if name:
            waiting = {waiting.port_id for waiting in self.controller.snapshot(name).waiting}
            if port_id in waiting:
                self.controller.hosts.wake(self.controller.fabric.hear_guest(name, port_id))

    @rule(host=hosts, name=st.sampled_from((*HOSTS, "c")))
    def host_is_renamed(self, host: str, name: str) -> None:
        self.machines[host].ovsdb.host = name
        self.machine_changed(host)

    @rule(first=hosts, described=st.booleans(), data=st.data())
    def hosts_swap_names(self, first: str, described: bool, data: st.DataObject) -> None:
        names = {host: machine.ovsdb.host for host, machine in self.machines.items()}
        cut = data.draw(st.booleans(), "their OVSDB is away meanwhile")
        for host in HOSTS if cut else ():
            self.ovsdb_is_cut_off(host)
        for host in (first, *(other for other in HOSTS if other != first)):
            for bridge in LAYOUT.all_bridges if described else ():
                self.bridge_connects(host, bridge, described)
            self.host_is_renamed(host, next(name for other, name in names.items() if other != host))
        for host in HOSTS if cut else ():
            self.ovsdb_connects(host)

    @rule(host=hosts, looked_at=st.booleans())
    def controller_restarts_and_bridges_come_before_their_session(self, host: str, looked_at: bool) -> None:
        self.store_takes_the_reports()
        self.start_controller()
        for bridge in LAYOUT.all_bridges:
            self.bridge_connects(host, bridge, described=True)
        for name in sorted(self.controller.awake) if looked_at else ():
            self.look_at(name)
        self.ovsdb_connects(host)

    def machine_changed(self, host: str) -> None:
        """Let the controller hear of it, where it is connected."""
        machine, peers = self.machines[host], self.controller.peers
        connection = machine.connections.get("br-int")
        bridge = peers.bridge_of(connection) if connection else None  # type: ignore[arg-type]
        if bridge:
            bridge.ports_changed = True
            peers.hosts.wake([bridge.host.name])
        if machine.ovsdb in peers._sessions:
            self.ovsdb_connects(host)

    @rule(host=hosts, number=st.integers(0, 2))
    def tunnel_address_changes(self, host: str, number: int) -> None:
        own = HOSTS.index(host) * 10
        self.machines[host].ovsdb.tunnel_address = f"192.0.2.{own + number}" if number else ""
        self.machine_changed(host)

    @rule(host=hosts)
    def ovsdb_connects(self, host: str) -> None:
        self.controller.show(self.machines[host])

    @rule(host=hosts)
    def ovsdb_is_cut_off(self, host: str) -> None:
        self.controller.peers.session_ended(self.machines[host].ovsdb)  # type: ignore[arg-type]

    @rule()
    def time_passes(self) -> None:
        self.controller.wait()

    def name_of(self, host: str) -> str | None:
        """Give the name by which the controller has a machine's integration bridge."""
        connection = self.machines[host].connections.get("br-int")
        bridge = self.controller.peers.bridge_of(connection) if connection else None  # type: ignore[arg-type]
        return bridge.host.name if bridge else None

    # -- other hands, faults, restarts

    @rule(host=hosts, bridge=bridges)
    def someone_deletes_flows_and_an_audit_follows(self, host: str, bridge: str) -> None:
        self.machines[host].bridges[bridge].flows.clear()
        for served in self.controller.hosts.served().values():
            assert served.reconciler
            served.reconciler.audit()

    @rule(host=hosts, bridge=bridges)
    def someone_deletes_flows_and_the_switch_tells(self, host: str, bridge: str) -> None:
        machine = self.machines[host]
        machine.bridges[bridge].flows.clear()
        connection = machine.connections.get(bridge)
        served = self.controller.peers.bridge_of(connection) if connection else None  # type: ignore[arg-type]
        if served:
            assert connection
            assert connection.monitored or served.installed is None, "it is believed, and does not tell"
            have_read(self.controller.hosts, served)

    @rule(host=hosts, data=st.data())
    def someone_sets_a_tag(self, host: str, data: st.DataObject) -> None:
        ovsdb = self.machines[host].ovsdb
        if ovsdb.iface_ids:
            ovsdb.tags[data.draw(st.sampled_from(sorted(ovsdb.iface_ids)))] = 77
            self.machine_changed(host)

    @rule(host=hosts, bridge=bridges, fault=st.sampled_from(("refused", "unanswered", "gone")))
    def next_request_fails(self, host: str, bridge: str, fault: str) -> None:
        connection = self.machines[host].connections.get(bridge)
        if connection:
            connection.fault = fault

    @rule(
        host=hosts, bridge=bridges, other=hosts, port_id=port_ids, what=st.sampled_from(MEANWHILE),
        of=st.sampled_from(("OVSDB", "a bridge")), done=st.booleans(), looked=st.booleans(),
    )  # fmt: skip
    def something_happens_while_the_next_request_waits(
        self, host: str, bridge: str, other: str, port_id: str, what: str, of: str, done: bool, looked: bool
    ) -> None:
        """Before it is done, or when its answer is on its way; then other hosts may be looked at, too."""
        machine = self.machines[host]
        asked = machine.ovsdb if of == "OVSDB" else machine.connections.get(bridge)
        if asked is None:
            return

        def happen() -> None:
            asked.on_request = asked.on_done = lambda: None
            self.happen(what, host, bridge, other, port_id)
            for name, other_host in sorted(self.controller.awake.items()) if done and looked else ():
                if other_host not in self.controller.passing:
                    self.look_at(name)

        if done:
            asked.on_done = happen
        else:
            asked.on_request = happen

    def happen(self, what: str, host: str, bridge: str, other: str, port_id: str) -> None:
        match what:
            case "plugged":
                self.interface_is_plugged(other, port_id, "tap")
            case "unplugged":
                self.vanish(other, f"vnet{port_id[:11]}")
            case "renumbered":
                self.ports_are_renumbered(other)
            case "down":
                self.port_is_made_or_changed(port_id, NETWORKS[0], "", False)
            case "deleted":
                self.port_is_deleted(port_id)
            case "network":
                self.network_is_made_or_renumbered(NETWORKS[0])
            case "cut off":
                self.bridge_is_cut_off(other, bridge, True)
            case "connected":
                self.bridge_connects(other, bridge)
            case "other hand":
                self.someone_deletes_flows_and_the_switch_tells(host, bridge)
            case "OVSDB":
                self.ovsdb_connects(other)
            case "no OVSDB":
                self.ovsdb_is_cut_off(other)
            case "renamed":
                self.host_is_renamed(other, "c")
            case "names swapped":
                a, b = (self.machines[name].ovsdb.host for name in HOSTS)
                self.host_is_renamed(HOSTS[0], b)
                self.host_is_renamed(HOSTS[1], a)
            case "another's":
                self.datapath_ids_are_taken_for_the_other_s()
            case "time":
                self.time_passes()
            case "restored":
                self.store_is_away()
                self.store_is_back()
            case "spoke":
                self.machine_speaks(other, port_id)
            case "forgotten":
                self.agent_is_deleted(other)

    @rule(host=hosts)
    def next_transaction_fails(self, host: str) -> None:
        self.machines[host].ovsdb.fault = True

    @rule()
    def controller_restarts(self) -> None:
        self.start_controller()

    # -- the controller works

    @precondition(lambda self: self.controller.awake)
    @rule(data=st.data())
    def a_host_is_looked_at(self, data: st.DataObject) -> None:
        self.look_at(data.draw(st.sampled_from(sorted(self.controller.awake))))

    def look_at(self, name: str) -> None:
        """Look at a host, and note whether its OVSDB has not shown the port of another database yet."""
        for host, machine in self.machines.items():
            known = self.controller.fabric.shown(name)
            unseen = LOST in machine.ovsdb.iface_ids and LOST not in known.interfaces
            if unseen and self.name_of(host) == name:
                self.came_unseen.setdefault(host, known)
        self.controller.look_at(name)

    @rule()
    def it_becomes_quiet(self) -> None:
        self.settle()
        for host in HOSTS:
            self.check(host)
        if all("br-int" in host.bridges for host in self.controller.hosts.served().values()):
            self.check_against_a_fresh_controller()

    def settle(self) -> None:
        """Let all be done that is to be done, until nothing changes any more."""
        if self.is_store_away:
            self.store_is_back()
        for _ in range(MAX_PASSES):
            self.controller.wait()
            if not self.controller.awake and not self.controller.reports and not self.told_wrong_ids():
                break
            for name in sorted(self.controller.awake):
                self.look_at(name)
            self.store_takes_the_reports()
        assert not self.controller.awake, "the controller never comes to rest"

    def told_wrong_ids(self) -> bool:
        """Have databases show the datapath ids that there are; tell whether one has shown others."""
        wrong = [
            (name, ids)
            for name, machine in self.machines.items()
            if machine.ovsdb.datapath_ids != (ids := tuple(it.datapath_id for it in machine.bridges.values()))
        ]
        for name, ids in wrong:
            self.machines[name].ovsdb.datapath_ids = ids
        for name, _ in wrong:
            self.machine_changed(name)
        return bool(wrong)

    def check_who_it_is(self, machine: Machine) -> None:
        """What a machine has connected is of one host, and of the names that it had no other is left over."""
        hosts, peers = self.controller.hosts, self.controller.peers
        served = peers._sessions.get(machine.ovsdb)  # type: ignore[call-overload]
        if served is None:
            return
        for connection in machine.connections.values():
            bridge = peers.bridge_of(connection)  # type: ignore[arg-type]
            assert bridge is None or bridge.host is served
        for former in hosts.fabric.names.former_names(served.name):
            assert former not in hosts.fabric.hosts or hosts.by_name[former].alive

    def check(self, host: str) -> None:
        machine, name = self.machines[host], self.name_of(host)
        self.check_who_it_is(machine)
        if name is None or not self.controller.fabric.ready(name):
            return
        snapshot = self.controller.snapshot(name)
        vlans = [segment.local_vlan for segment in snapshot.segments]
        assert len(set(vlans)) == len(vlans)
        for bridge in self.live_bridges(name):
            real = bridge.connection.bridge_in_memory  # type: ignore[attr-defined]
            wanted = FlowEncoder().flows(bridge.name, LAYOUT, snapshot)
            if snapshot.takes_away:
                assert real.flows == wanted
                assert real.meters == desired_meters(bridge.name, LAYOUT, snapshot)
            else:
                self.check_what_is_kept(host, snapshot, bridge.name, real, wanted)
        shown = self.controller.hosts.by_name[name].session is machine.ovsdb
        if shown and len(self.live_bridges(name)) == len(LAYOUT.all_bridges):
            self.check_against_the_machine(host, snapshot)

    def check_what_is_kept(
        self, host: str, snapshot: HostSnapshot, name: str, real: SwitchBridge, wanted: FlowTable
    ) -> None:
        """All that is wanted is there, and each local VLAN and each wire of a network leads to the other."""
        shared = {
            TO_EACH.cookie,
            DELIVER_SEVERAL.cookie,
            PEER_IN.cookie,
            TO_EACH_HOST.cookie,
            TO_UNKNOWN_MAC.cookie,
            INTEGRATION_NORMAL.cookie,
        }
        for key, body in wanted.items():
            assert body.cookie in shared or real.flows.get(key) == body
        wires = {segment.local_vlan: LAYOUT.wire_of(segment) for segment in snapshot.segments}
        networks = {segment.local_vlan: segment.network_id for segment in snapshot.segments}
        for interface in snapshot.left_alone:
            tag, network_id = self.bound_as.get((host, interface), (0, ""))
            is_real = tag == self.machines[host].ovsdb.tags.get(interface)
            if is_real and self.can_be_known(host, snapshot.host, interface, tag) and real.flows:
                assert networks.get(tag, network_id) == network_id, "a port of another network has its tag"
        for vlan, way in named_vlans(name, LAYOUT, real.ports, real.flows):
            if way and (vlan in wires or way in wires.values()):
                assert wires.get(vlan) == way

    def can_be_known(self, host: str, name: str, interface: str, tag: int) -> bool:
        """Tell whether OVSDB has shown that an interface has a tag, and no flows gave that away before.

        A controller that starts and finds such flows takes a port of another database for one of their
        network: that they were sent while OVSDB was cut off, it cannot know.
        """
        known = self.controller.fabric.host(name)
        came_unseen = interface == LOST and self.came_unseen.get(host, known) is not known
        return known.interfaces[interface].tag == tag and not came_unseen

    def live_bridges(self, name: str) -> list[Bridge]:
        """The bridges that are connected; each must have been brought to what it should have."""
        bridges = list(self.controller.hosts.by_name[name].bridges.values())
        assert all(bridge.installed is not None for bridge in bridges), "a bridge is stuck"
        return bridges

    def check_against_the_machine(self, host: str, snapshot: HostSnapshot) -> None:
        """With everything connected, what is plugged and up is bound and tagged; all else is dead."""
        machine = self.machines[host]
        bound = {item.interface: item for item in snapshot.ports}
        dead = {name for name, _ in snapshot.dead}
        for interface, iface_id in machine.ovsdb.iface_ids.items():
            port = self.ports.get(iface_id)
            tag = machine.ovsdb.tags.get(interface)
            if interface in bound:
                segment = bound[interface].segment
                self.bound_as[host, interface] = segment.local_vlan, segment.network_id
                assert port is not None
                assert port.admin_state_up
                assert self.is_wanted_at(port, snapshot.host) or self.may_move_to(port, snapshot.host)
                assert tag == bound[interface].segment.local_vlan
                reached = not bound[interface].segment.is_tunnel or snapshot.tunnel_address is not None
                assert (port.status is PortStatus.ACTIVE) == reached
                assert port.binding is not None
                assert port.binding.host == snapshot.host
            elif interface in snapshot.left_alone:
                assert tag not in (None, DEAD_TAG)
            elif interface in machine.ovsdb.trunks:
                assert tag != DEAD_TAG
            else:
                assert interface in dead
                assert tag == DEAD_TAG
                assert port is None or not self.must_be_bound(snapshot.host, iface_id), snapshot

    def must_be_bound(self, name: str, port_id: str) -> bool:
        """Tell whether no other interface claims a port that is up and may be here, or may claim it yet."""
        port, fabric = self.ports[port_id], self.controller.fabric
        if fabric._placement._is_awaited(fabric.claims.place_of(port_id)):
            return False
        claims = fabric.claimants_of(port_id)
        own = self.controller.fabric.host(name).claims.get(port_id, ())
        wanted = self.is_wanted_at(port, name)
        return fabric.is_up(port) and wanted and claims == [name] and len(own) == 1

    def is_wanted_at(self, port: Port, name: str) -> bool:
        """Tell whether a port is wanted at a host, which may be meant by a name that it had before."""
        return port.requested_host in ("", name, *self.controller.fabric.other_names(name))

    def may_move_to(self, port: Port, name: str) -> bool:
        """Tell whether a port has an inactive binding at a host, likewise."""
        names = (name, *self.controller.fabric.other_names(name))
        return any(binding.host in names for binding in port.inactive_bindings)

    def check_against_a_fresh_controller(self) -> None:
        """What many events led to is what a controller decides that has just started."""
        if any(map(self.is_of_two_machines, self.controller.hosts.served().values())):
            return  # as a session said that has ended since: of what bridges say themselves none is so
        fresh = Controller()
        load(fresh.fabric, self.intent())
        for is_believed in (True, False):
            for machine in self.machines.values():
                if machine.ovsdb in self.controller.peers._sessions and self.believed(machine) == is_believed:
                    fresh.show(machine)
            for machine in self.machines.values():
                self.connect_again(fresh, machine, is_believed)
        fresh.wait()
        for name, host in self.controller.hosts.served().items():
            assert fresh.hosts.by_name[name].bridges.keys() == host.bridges.keys()
            for served in fresh.hosts.by_name[name].bridges.values():
                ofports = served.connection.ofports()
                fresh.fabric.observe_bridge(name, served.name, ofports, served.connection.max_meters)
                flows = served.connection.bridge_in_memory.flows  # type: ignore[attr-defined]
                named = named_vlans(served.name, LAYOUT, ofports, flows)
                note_found(fresh.fabric, name, served.name, named, carrying(ofports, flows))
        served_now = self.controller.hosts.served().items()
        remembered = {  # what a session showed that has ended since is not known to a fresh one
            port_id
            for name, host in served_now
            if host.session is None
            for port_id in self.controller.fabric.host(name).claims
        }
        for name, host in served_now:
            if self.controller.fabric.ready(name) and "br-int" in host.bridges:
                prepare(fresh.fabric, name)
                known_host = self.controller.fabric.host(name)
                recalls = host.session is None and known_host.interfaces  # trunks, too
                if not recalls and not remembered & known_host.claims.keys():
                    told, known = self.essence(fresh, name), self.essence(self.controller, name)
                    assert told == known, (told, known)

    def is_of_two_machines(self, host: Host) -> bool:
        """Tell whether a host without a session has bridges of both machines."""
        addresses = {bridge.connection.address[0] for bridge in host.bridges.values()}
        return host.session is None and len(addresses) > 1

    def connect_again(self, fresh: Controller, machine: Machine, served: bool) -> None:
        """Have a machine's bridges that are served, or those that are not, connect to a fresh controller.

        Where a session that has ended showed them, it cannot know: their dp-desc says so there.
        """
        for name, connection in machine.connections.items():
            bridge = self.controller.peers.bridge_of(connection)  # type: ignore[arg-type]
            if not connection.closed and bool(bridge) == served:
                description = bridge.host.name if bridge else machine.descriptions[name]
                copy = SwitchConnection(machine.bridges[name], name, machine.ovsdb.address[0])
                fresh.peers.connected(copy, description)  # type: ignore[arg-type]

    def believed(self, machine: Machine) -> bool:
        return bool(self.controller.peers._sessions.get(machine.ovsdb))  # type: ignore[call-overload]

    def essence(self, controller: Controller, name: str) -> object:
        snapshot = controller.snapshot(name)
        return (
            [(bound.port_id, bound.interface, bound.ofport, bound.segment) for bound in snapshot.ports],
            snapshot.waiting,
            snapshot.dead,
            snapshot.trunks,
        )

    @initialize(behind_one_address=st.booleans())
    def something_to_begin_with(self, behind_one_address: bool = True) -> None:
        for number, machine in enumerate(self.machines.values()):
            machine.ovsdb.address = ("192.0.2.1" if behind_one_address else f"192.0.2.{1 + number}", 50000)
        for network_id in NETWORKS[:2]:
            self.network_is_made_or_renumbered(network_id)
        for host in HOSTS:
            for bridge in LAYOUT.all_bridges:
                self.bridge_connects(host, bridge)
            self.ovsdb_connects(host)
            self.tunnel_address_changes(host, 1)
        for port_id, host in zip(PORTS, "aabb", strict=False):
            self.port_is_made_or_changed(port_id, NETWORKS[PORTS.index(port_id) % 2], "", True)
            self.interface_is_plugged(host, port_id, "vnet")

    def teardown(self) -> None:
        self.it_becomes_quiet()

    @invariant()
    def no_report_names_a_port_that_the_store_never_had(self) -> None:
        assert all(report.port_id in PORTS for report in self.controller.reports)


Interleavings.TestCase.settings = settings(
    **examples(200),
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestInterleavings = Interleavings.TestCase
