"""Store, switches and OVSDB in any order, with faults: at every quiet point the desired is installed."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from osken_apps.apps.bridge import Bridge
from osken_apps.apps.reconcile import HostReconciler
from osken_apps.apps.switchboard import Switchboard
from osken_apps.model.addresses import mac_address
from osken_apps.model.changes import Deleted, PortReport, Snapshot, Upserted
from osken_apps.model.fabric import Fabric
from osken_apps.model.resources import FixedIp, Network, Port, PortStatus, Subnet
from osken_apps.model.snapshot import Layout
from osken_apps.pipeline.desired import FlowEncoder
from osken_apps.pipeline.meters import desired_meters
from osken_apps.pipeline.tags import DEAD_TAG
from tests.model.switch import Ovsdb, SwitchBridge, SwitchConnection

LAYOUT = Layout("br-int", (("default", "br-eth2"),))
HOSTS = ("a", "b")
NETWORKS = ("n1", "n2", "n3")
PORTS = tuple(f"{number}0000000-port" for number in range(1, 6))
MAX_PASSES = 60

hosts = st.sampled_from(HOSTS)
bridges = st.sampled_from(LAYOUT.bridges)
network_ids = st.sampled_from(NETWORKS)
port_ids = st.sampled_from(PORTS)


@dataclass
class Machine:
    """A host as it really is."""

    bridges: dict[str, SwitchBridge]
    ovsdb: Ovsdb
    connections: dict[str, SwitchConnection] = field(default_factory=dict)


def machine(name: str) -> Machine:
    made = {
        "br-int": SwitchBridge({"int-br-eth2": 1}),
        "br-eth2": SwitchBridge({"eth2": 1, "phy-br-eth2": 2}),
    }
    return Machine(made, Ovsdb(name, tuple(bridge.datapath_id for bridge in made.values())))


def network(network_id: str, segmentation_id: int) -> Network:
    return Network(id=network_id, project_id="p", physical_network="default", segmentation_id=segmentation_id)


class Interleavings(RuleBasedStateMachine):
    """The controller between a store and two hosts; every rule is something that can happen."""

    def __init__(self) -> None:
        super().__init__()
        self.networks: dict[str, Network] = {}
        self.ports: dict[str, Port] = {}
        self.machines = {name: machine(name) for name in HOSTS}
        self.segmentation_ids = iter(range(1000, 3000))
        self.next_ofport = 10
        self.start_controller()

    def start_controller(self) -> None:
        """A controller that knows nothing but the store's snapshot; the switches connect anew."""
        self.awake: set[str] = set()
        self.reports: list[PortReport] = []
        self.switchboard = Switchboard(Fabric(LAYOUT), self.awake.add)
        self.reconcilers = {
            name: HostReconciler(name, self.switchboard, lambda bridge, snapshot: None, self.reports.extend)
            for name in HOSTS
        }
        subnets = tuple(self.subnet(network_id) for network_id in self.networks)
        servers = tuple(self.server(network_id) for network_id in self.networks)
        intent = Snapshot(tuple(self.networks.values()), subnets, (*self.ports.values(), *servers))
        self.awake |= self.switchboard.fabric.load(intent)
        for machine in self.machines.values():
            machine.connections.clear()

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
        self.awake |= self.switchboard.fabric.apply(changes)

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
            address = IPv4Address(f"10.0.0.{10 + PORTS.index(port_id)}")
            self.ports[port_id] = Port(
                id=port_id,
                project_id="p",
                network_id=network_id,
                mac_address=mac_address("fa:16:3e:00:00:02"),
                fixed_ips=(FixedIp(f"s-{network_id}", address),),
            )
        if port_id in self.ports:
            self.ports[port_id] = replace(self.ports[port_id], requested_host=host, admin_state_up=up)
            self.tell(Upserted(self.ports[port_id]))

    @rule(port_id=port_ids)
    def port_is_deleted(self, port_id: str) -> None:
        if self.ports.pop(port_id, None):
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
    def store_takes_the_reports(self) -> None:
        for report in self.reports:
            port = self.ports.get(report.port_id)
            if port:
                self.ports[port.id] = replace(port, binding=report.binding, status=report.status)
                self.tell(Upserted(self.ports[port.id]))
        self.reports.clear()

    # -- the switches

    @rule(host=hosts, bridge=bridges)
    def bridge_connects(self, host: str, bridge: str) -> None:
        machine = self.machines[host]
        connection = SwitchConnection(machine.bridges[bridge], bridge)
        connection.on_gone = lambda: self.switchboard.disconnected(connection)  # type: ignore[arg-type]
        machine.connections[bridge] = connection
        self.switchboard.connected(connection, host)  # type: ignore[arg-type]

    @rule(host=hosts, bridge=bridges, restarted=st.booleans())
    def bridge_is_cut_off(self, host: str, bridge: str, restarted: bool) -> None:
        machine = self.machines[host]
        if restarted:
            machine.bridges[bridge].restart()
        connection = machine.connections.pop(bridge, None)
        if connection:
            connection.close()
            self.switchboard.disconnected(connection)  # type: ignore[arg-type]

    @rule(host=hosts, port_id=port_ids, name=st.sampled_from(("tap", "vnet")))
    def interface_is_plugged(self, host: str, port_id: str, name: str) -> None:
        machine = self.machines[host]
        interface = f"{name}{port_id[:11]}"
        machine.bridges["br-int"].ports[interface] = self.next_ofport
        machine.ovsdb.iface_ids[interface] = port_id
        self.next_ofport += 1
        self.machine_changed(host)

    @rule(host=hosts, data=st.data())
    def interface_is_unplugged(self, host: str, data: st.DataObject) -> None:
        machine = self.machines[host]
        if machine.ovsdb.iface_ids:
            interface = data.draw(st.sampled_from(sorted(machine.ovsdb.iface_ids)))
            del machine.bridges["br-int"].ports[interface], machine.ovsdb.iface_ids[interface]
            machine.ovsdb.tags.pop(interface, None)
            machine.ovsdb.ours.discard(interface)
            self.machine_changed(host)

    @rule(host=hosts)
    def ports_are_renumbered(self, host: str) -> None:
        ports = self.machines[host].bridges["br-int"].ports
        for interface in ports:
            if interface != "int-br-eth2":
                ports[interface] = self.next_ofport
                self.next_ofport += 1
        self.machine_changed(host)

    def machine_changed(self, host: str) -> None:
        """Let the controller hear of it, where it is connected."""
        bridge = self.switchboard.bridges.get(host, {}).get("br-int")
        if bridge:
            bridge.ports_changed = True
            self.awake.add(host)
        if host in self.switchboard.sessions:
            self.ovsdb_connects(host)

    @rule(host=hosts)
    def ovsdb_connects(self, host: str) -> None:
        view = self.machines[host].ovsdb.view()
        self.switchboard.session_shows(self.machines[host].ovsdb, host, view.datapath_ids)  # type: ignore[arg-type]
        self.awake |= self.switchboard.fabric.observe_interfaces(host, view.interfaces)

    @rule(host=hosts)
    def ovsdb_is_cut_off(self, host: str) -> None:
        self.switchboard.session_ended(self.machines[host].ovsdb, host)  # type: ignore[arg-type]

    # -- other hands, faults, restarts

    @rule(host=hosts, bridge=bridges)
    def someone_deletes_flows_and_an_audit_follows(self, host: str, bridge: str) -> None:
        self.machines[host].bridges[bridge].flows.clear()
        self.reconcilers[host].audit()
        self.awake.add(host)

    @rule(host=hosts, data=st.data())
    def someone_sets_a_tag(self, host: str, data: st.DataObject) -> None:
        ovsdb = self.machines[host].ovsdb
        if ovsdb.iface_ids:
            ovsdb.tags[data.draw(st.sampled_from(sorted(ovsdb.iface_ids)))] = 77
            self.awake.add(host)

    @rule(host=hosts, bridge=bridges, fault=st.sampled_from(("refused", "unanswered", "gone")))
    def next_request_fails(self, host: str, bridge: str, fault: str) -> None:
        connection = self.machines[host].connections.get(bridge)
        if connection:
            connection.fault = fault

    @rule(host=hosts)
    def next_transaction_fails(self, host: str) -> None:
        self.machines[host].ovsdb.fault = True

    @rule()
    def controller_restarts(self) -> None:
        self.start_controller()

    # -- the controller works

    @precondition(lambda self: self.awake)
    @rule(data=st.data())
    def a_host_is_looked_at(self, data: st.DataObject) -> None:
        self.look_at(data.draw(st.sampled_from(sorted(self.awake))))

    def look_at(self, host: str) -> None:
        self.awake.discard(host)
        if not self.reconcilers[host].attempt():
            self.awake.add(host)

    @rule()
    def it_becomes_quiet(self) -> None:
        for _ in range(MAX_PASSES):
            if not self.awake and not self.reports:
                break
            for host in sorted(self.awake):
                self.look_at(host)
            self.store_takes_the_reports()
        assert not self.awake, "the controller never comes to rest"
        for host in HOSTS:
            self.check(host)

    def check(self, host: str) -> None:
        fabric, machine = self.switchboard.fabric, self.machines[host]
        if not fabric.ready(host):
            return
        snapshot = fabric.snapshot(host)
        vlans = [segment.local_vlan for segment in snapshot.segments]
        assert len(set(vlans)) == len(vlans)
        for bridge in self.live_bridges(host):
            real = machine.bridges[bridge.name]
            assert real.flows == FlowEncoder().flows(bridge.name, LAYOUT, snapshot)
            assert real.meters == desired_meters(bridge.name, LAYOUT, snapshot)
        if host in self.switchboard.sessions and len(self.live_bridges(host)) == 2:
            self.check_against_the_machine(host)

    def live_bridges(self, host: str) -> list[Bridge]:
        """The bridges that are connected; each must have been brought to what it should have."""
        bridges = list(self.switchboard.bridges.get(host, {}).values())
        assert all(bridge.installed is not None for bridge in bridges), "a bridge is stuck"
        return bridges

    def check_against_the_machine(self, host: str) -> None:
        """With everything connected, what is plugged and up is bound and tagged; all else of ours is dead."""
        machine = self.machines[host]
        bound = {item.interface: item for item in self.switchboard.fabric.snapshot(host).ports}
        for interface, iface_id in machine.ovsdb.iface_ids.items():
            port = self.ports.get(iface_id)
            tag = machine.ovsdb.tags.get(interface)
            if interface in bound:
                assert port is not None
                assert port.admin_state_up
                assert port.requested_host in ("", host)
                assert tag == bound[interface].segment.local_vlan
                assert port.status is PortStatus.ACTIVE
                assert port.binding is not None
                assert port.binding.host == host
            elif port is not None:
                assert tag == DEAD_TAG
                assert not self.must_be_bound(host, iface_id)

    def must_be_bound(self, host: str, port_id: str) -> bool:
        """Tell whether no other interface claims a port that is up and may be here."""
        port = self.ports[port_id]
        claims = list(self.claims(port_id))
        return port.admin_state_up and port.requested_host in ("", host) and claims == [host]

    def claims(self, port_id: str) -> Iterator[str]:
        for name, machine in self.machines.items():
            yield from (name for iface_id in machine.ovsdb.iface_ids.values() if iface_id == port_id)

    @initialize()
    def something_to_begin_with(self) -> None:
        for network_id in NETWORKS[:2]:
            self.network_is_made_or_renumbered(network_id)
        for host in HOSTS:
            for bridge in LAYOUT.bridges:
                self.bridge_connects(host, bridge)
            self.ovsdb_connects(host)
        for port_id, host in zip(PORTS, "aabb", strict=False):
            self.port_is_made_or_changed(port_id, NETWORKS[PORTS.index(port_id) % 2], "", True)
            self.interface_is_plugged(host, port_id, "vnet")

    def teardown(self) -> None:
        self.it_becomes_quiet()

    @invariant()
    def no_report_names_a_port_that_the_store_never_had(self) -> None:
        assert all(report.port_id in PORTS for report in self.reports)


Interleavings.TestCase.settings = settings(
    max_examples=200,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestInterleavings = Interleavings.TestCase
