"""A host from which nothing is taken away, and one of a database of yesterday: no two networks meet there."""

from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address
from typing import Any

import pytest

from osken_apps.apps.complaints import MAX_DETAIL
from osken_apps.apps.host import Host
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.peers import Peers
from osken_apps.apps.reconcile import HostReconciler
from osken_apps.model.addresses import mac_address
from osken_apps.model.changes import Deleted, PortReport, Snapshot, Upserted
from osken_apps.model.claims import Place
from osken_apps.model.conditions import Code
from osken_apps.model.fabric import Fabric
from osken_apps.model.fabric_view import raised
from osken_apps.model.host import Interface
from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.model.local_vlans import DEAD_TAG
from osken_apps.model.resources import AddressPair, Binding, FixedIp, Network, NetworkType, Port, PortStatus
from osken_apps.model.snapshot import Layout
from osken_apps.openflow.actions import Conjunction, Output, PopVlan, SetField
from osken_apps.openflow.fields import UNTAGGED, Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.reading import read_flow
from osken_apps.openflow.wire import FlowBody, FlowKey, encode_flow
from osken_apps.pipeline.desired import desired_flows
from osken_apps.pipeline.document import rule_of
from osken_apps.pipeline.features.dead import DEAD_DROP
from osken_apps.pipeline.stale import values_set
from tests.golden.scenarios import LAYOUT
from tests.model.by_hand import ByHand
from tests.model.loading import load
from tests.model.switch import Ovsdb, SwitchBridge, SwitchConnection, flushed, new_datapath_ids

NETWORKS = {
    number: Network(
        id=f"n{number}", project_id="p", physical_network="default", segmentation_id=1000 + number
    )
    for number in range(1, 5)
}
OVERLAY = Network(id="n9", project_id="p", network_type=NetworkType.VXLAN, segmentation_id=9)
LOST = "99999999-of-another-database"


def port(number: int, network: Network, guarded: bool = False, binding: Binding | None = None) -> Port:
    return Port(
        id=f"{number}0000000-port",
        project_id="p",
        network_id=network.id,
        mac_address=mac_address(f"fa:16:3e:00:00:{number:02x}"),
        fixed_ips=(FixedIp("s", IPv4Address(f"10.0.0.{number}")),),
        port_security_enabled=guarded,
        binding=binding,
    )


def tap(item: Port) -> str:
    return f"tap{item.id[:11]}"


class Site:
    """One host, which outlives controllers and databases; `failed` is told of errors that cost one port."""

    failed = staticmethod(raised)

    def __init__(self, *ports: Port, networks: tuple[Network, ...] = (*NETWORKS.values(), OVERLAY)) -> None:
        self.bridges = {
            "br-int": SwitchBridge({"int-br-eth2": 1, "patch-tun": 2}),
            "br-eth2": SwitchBridge({"eth2": 1, "phy-br-eth2": 2}),
            "br-tun": SwitchBridge({"patch-int": 1, "tun-vxlan": 2}),
        }
        self.ovsdb = Ovsdb("h", tuple(bridge.datapath_id for bridge in self.bridges.values()))
        self.ovsdb.tunnel_address = "192.0.2.1"
        self.connections: dict[str, SwitchConnection] = {}
        self.reports: dict[str, PortReport] = {}
        self.start(Snapshot((*networks, *ports), store_id="s"))

    def start(self, intent: Snapshot, *bridges: str, ovsdb: bool = True, layout: Layout = LAYOUT) -> None:
        """Start a controller with a database; the host connects, or these bridges of it."""
        self.hosts = Hosts(Fabric(layout, failed=self.failed), self._serve)
        self.peers = Peers(self.hosts)
        self.fabric = self.hosts.fabric
        load(self.fabric, intent)
        if ovsdb:
            self.show()
        for name in bridges or self.bridges:
            self.connect(name)

    def _serve(self, host: Host) -> HostReconciler:
        return ByHand(host, self.hosts, lambda bridge, snapshot: None, self._take)

    def _take(self, reports: list[PortReport]) -> None:
        self.reports.update({report.port_id: report for report in reports})

    def connect(self, name: str, description: str = "h") -> None:
        self.connections[name] = SwitchConnection(self.bridges[name], name)
        self.peers.connected(self.connections[name], description)  # type: ignore[arg-type]

    def show(self) -> None:
        self.peers.session_shows(self.ovsdb, self.ovsdb.view())  # type: ignore[arg-type]

    def attempt(self) -> bool:
        reconciler = self.hosts.by_name["h"].reconciler
        assert isinstance(reconciler, HostReconciler)
        done = reconciler.attempt()
        self.show_if_it_did()
        return done

    def show_if_it_did(self) -> None:
        if self.ovsdb in self.peers._sessions:
            self.show()

    def plug(self, ofport: int, *ports: Port) -> None:
        for number, item in enumerate(ports, ofport):
            self.plug_interface(tap(item), item.id, number)

    def plug_interface(self, name: str, iface_id: str, ofport: int, tag: int | None = None) -> None:
        """Plug an interface; one with a tag carries what a controller of before gave it."""
        self.bridges["br-int"].ports[name] = ofport
        self.ovsdb.iface_ids[name] = iface_id
        if tag is not None:
            self.ovsdb.tags[name], self.ovsdb.marks[name] = tag, "s"
        self._look_at_ports()

    def unplug(self, item: Port) -> None:
        name = tap(item)
        del self.bridges["br-int"].ports[name], self.ovsdb.iface_ids[name]
        self.ovsdb.tags.pop(name, None)
        self._look_at_ports()

    def _look_at_ports(self) -> None:
        for bridge in self.hosts.by_name["h"].bridges.values():
            bridge.ports_changed = True
        self.hosts.wake(["h"])
        self.show_if_it_did()

    def flows(self, bridge: str, *rules: str) -> list[Flow]:
        """Give the flows of some rules that a bridge has."""
        found = [read_flow(key, body).flow for key, body in self.bridges[bridge].flows.items()]
        return [flow for flow in found if (rule := rule_of(flow.cookie)) and rule.name in rules]

    def sends_in(self, name: str) -> set[object]:
        """Give the VLANs of the wire in which an interface's frames leave; tunnel ids as texts."""
        tag = self.ovsdb.tags.get(name)
        sent: set[object] = set()
        for flow in self.flows("br-eth2", "local_to_provider"):
            if matched(flow, Field.VLAN_VID) == tag:
                sent.add(set_by(flow, Field.VLAN_VID))
        for flow in self.flows("br-tun", "local_to_segment"):
            if matched(flow, Field.VLAN_VID) == tag:
                sent.add(f"tunnel {set_by(flow, Field.TUN_ID)}")
        return sent

    def hears(self, name: str) -> set[object]:
        """Give the VLANs of the wire whose frames come to an interface's tag."""
        tag = self.ovsdb.tags.get(name)
        heard: set[object] = set()
        for flow in self.flows("br-int", "provider_to_local", "provider_to_guarded"):
            if tag in (set_by(flow, Field.VLAN_VID), set_by(flow, Field.REG6)):
                vid = matched(flow, Field.VLAN_VID)
                heard |= {None if vid == UNTAGGED else vid} if matched(flow, Field.IN_PORT) == 1 else set()
        return heard


def matched(flow: Flow, field: Field) -> object:
    return dict(flow.match.fields).get(field)


def set_by(flow: Flow, field: Field) -> object:
    if field is Field.VLAN_VID and any(isinstance(action, PopVlan) for action in flow.actions):
        return None
    return next((act.value for act in flow.actions if isinstance(act, SetField) and act.field is field), -1)


P1, P2, P3 = (port(number, NETWORKS[number]) for number in (1, 2, 3))
P9 = port(9, OVERLAY)


def keeping(*ports: Port) -> Site:
    """Give a host with an interface that the database does not know, and with these ports."""
    site = Site(*ports)
    site.plug_interface("tap-lost", LOST, 40, tag=7)
    site.plug(10, *ports)
    assert site.attempt()
    assert site.hosts.by_name["h"].troubles["kept"]
    return site


@pytest.mark.parametrize("left", [P1, P9, replace(P1, port_security_enabled=True)], ids=lambda it: it.id[0])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_local_vlan_whose_flows_are_kept_is_no_other_networks(left: Port, restarted: bool) -> None:
    site = keeping(left)
    site.unplug(left)
    assert site.attempt()
    if restarted:
        site.start(Snapshot((*NETWORKS.values(), OVERLAY, left, P3), store_id="s"))
    site.fabric.apply([Upserted(P3)])
    site.plug(20, P3)
    assert site.attempt()
    assert (site.sends_in(tap(P3)), site.hears(tap(P3))) == ({1003}, {1003})


def test_a_network_that_comes_back_has_the_local_vlan_that_its_flows_name() -> None:
    site = keeping(P1)
    tag = site.ovsdb.tags[tap(P1)]
    site.unplug(P1)
    assert site.attempt()
    site.start(Snapshot((*NETWORKS.values(), P1, P3), store_id="s"))
    site.plug(20, P3, P1)
    assert site.attempt()
    assert site.ovsdb.tags[tap(P1)] == tag
    assert (site.sends_in(tap(P1)), site.hears(tap(P1))) == ({1001}, {1001})


def test_before_ovsdb_has_shown_a_host_no_local_vlan_changes_its_network_either() -> None:
    site = Site(P1, P3)
    site.plug(10, P1)
    assert site.attempt()
    site.start(Snapshot((*NETWORKS.values(), P1, P3), store_id="s"), ovsdb=False)
    assert site.attempt()
    site.unplug(P1)
    assert site.attempt()
    site.plug(20, P3)
    assert site.attempt()
    (bound,) = host_snapshot(site.fabric, "h").ports
    assert bound.segment.network_id == P3.network_id
    led = {
        matched(flow, Field.VLAN_VID): set_by(flow, Field.VLAN_VID)
        for flow in site.flows("br-eth2", "local_to_provider")
    }
    assert led[bound.segment.local_vlan] == 1003


def test_what_a_bridge_has_that_is_not_connected_counts() -> None:
    site = Site(P1, P3)
    site.plug(10, P1)
    assert site.attempt()
    physical = site.connections["br-eth2"]
    physical.fault, physical.on_gone = "gone", lambda: site.peers.disconnected(physical)  # type: ignore[arg-type]
    site.unplug(P1)
    assert not site.attempt()
    site.plug(20, P3)
    assert site.attempt()
    assert site.sends_in(tap(P3)) == set()
    site.connect("br-eth2")
    assert site.attempt()
    assert site.sends_in(tap(P3)) == {1003}


P2 = port(2, NETWORKS[2])
OF_N1, OF_N2 = {1001}, {1002}


@pytest.mark.parametrize("left", [P1, P9], ids=lambda it: it.network_id)
@pytest.mark.parametrize("guarded", [False, True])
def test_until_all_bridges_were_read_no_network_has_a_local_vlan_that_the_store_told(
    left: Port, guarded: bool
) -> None:
    left, two, three = (replace(one, port_security_enabled=guarded) for one in (left, P2, P3))
    site = Site(left, two, three)
    site.plug(10, left)
    assert site.attempt()
    site.bridges["br-int"].restart()  # made anew, with another port; the other bridges keep their flows
    site.bridges["br-int"].ports = {"int-br-eth2": 1, "patch-tun": 2, tap(two): 10}
    site.ovsdb.iface_ids, site.ovsdb.tags, site.ovsdb.marks = {tap(two): two.id}, {}, {}
    bound = replace(left, binding=Binding("h", 1, tap(left)), status=PortStatus.ACTIVE)
    site.start(Snapshot((*NETWORKS.values(), OVERLAY, bound, two, three), store_id="s"), "br-int")
    assert site.attempt()
    site.fabric.apply([Upserted(left)])  # as the store says it now
    site.plug(12, three)
    assert site.attempt()
    assert [site.sends_in(tap(item)) for item in (two, three)] == [set(), set()]
    for name in ("br-eth2", "br-tun"):
        site.connect(name)
    at_rest(site)
    assert [site.sends_in(tap(item)) for item in (two, three)] == [{1002}, {1003}]
    site.unplug(two)
    site.unplug(three)
    assert site.attempt()
    site.plug(20, left)
    assert site.attempt()
    assert site.ovsdb.tags[tap(left)] == 1  # which is free again


@pytest.mark.parametrize("ovsdb", [True, False])
def test_for_a_bridge_that_a_host_does_not_have_nothing_waits(ovsdb: bool) -> None:
    site = Site(P1, P3)
    site.plug(10, P1)
    assert site.attempt()
    site.unplug(P1)
    site.ovsdb.links = {key: link for key, link in site.ovsdb.links.items() if key[0] != "br-tun"}
    bound = replace(P1, binding=Binding("h", 1, tap(P1)), status=PortStatus.ACTIVE)
    site.start(Snapshot((*NETWORKS.values(), bound, P3), store_id="s"), "br-int", "br-eth2", ovsdb=ovsdb)
    assert site.attempt()
    site.fabric.apply([Upserted(P1)])
    site.show()
    assert site.attempt()
    site.plug(20, P3)
    at_rest(site)
    assert site.ovsdb.tags[tap(P3)] == 1


def yesterday(site: Site, *ports: Port, flows: bool = True, ovsdb_first: bool = True) -> None:
    """Start a controller with a database in which there are only these ports; a reboot left no flows."""
    if not flows:
        for bridge in site.bridges.values():
            bridge.restart()
    site.start(Snapshot((*NETWORKS.values(), OVERLAY, *ports), store_id="s"), ovsdb=ovsdb_first)
    assert site.attempt()
    if not ovsdb_first:
        site.show()
        assert site.attempt()
    assert site.hosts.by_name["h"].troubles["kept"]


@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize("ovsdb", [False, True])
def test_a_port_that_was_elsewhere_yesterday_stays_as_it_is_while_it_is_awaited_there(
    guarded: bool, ovsdb: bool
) -> None:
    one = port(1, NETWORKS[1], guarded)
    site = Site(one)
    site.plug(10, one)
    at_rest(site)
    flows = {name: dict(bridge.flows) for name, bridge in site.bridges.items()}
    yesterday = Snapshot((*NETWORKS.values(), replace(one, binding=Binding("other", 7, "tap"))), store_id="s")
    site.start(yesterday, ovsdb=ovsdb)
    host = site.hosts.by_name["h"]
    site.hosts._settle(host, host.changes)
    assert site.attempt()
    for name, bridge in site.bridges.items():
        assert flows[name].items() <= bridge.flows.items()
    assert site.ovsdb.tags == {tap(one): 1}
    why = "which have not connected since the start" if ovsdb else "its OVSDB has not shown"
    assert why in host.troubles["kept"]
    site.show()
    site.hosts.wait_no_longer()
    at_rest(site)
    assert {name: bridge.flows for name, bridge in site.bridges.items()} == flows
    assert (site.ovsdb.tags, site.hosts.by_name["h"].troubles.get("kept", "")) == ({tap(one): 1}, "")


@pytest.mark.parametrize("change", [{"admin_state_up": False}, {"requested_host": "other"}])
def test_what_is_switched_off_or_wanted_where_it_is_awaited_is_dead_elsewhere(change: dict[str, Any]) -> None:
    site = Site(P1)
    site.plug(10, P1)
    at_rest(site)
    yesterday = replace(P1, binding=Binding("other", 7, "tap"), **change)
    site.start(Snapshot((*NETWORKS.values(), yesterday), store_id="s"))
    assert site.attempt()
    assert site.ovsdb.tags == {tap(P1): DEAD_TAG}


def test_a_port_that_is_where_it_was_awaited_is_dead_elsewhere() -> None:
    site = Site(P1)
    site.plug(10, P1)
    at_rest(site)
    site.start(Snapshot((*NETWORKS.values(), replace(P1, binding=Binding("other", 7, "tap"))), store_id="s"))
    assert site.attempt()
    other = Ovsdb("other", new_datapath_ids(2), "192.0.2.2")
    other.iface_ids["tap"] = P1.id
    site.peers.session_shows(other, other.view())  # type: ignore[arg-type]
    bridge = SwitchBridge({"int-br-eth2": 1, "tap": 2}, datapath_id=other.datapath_ids[0])
    site.peers.connected(SwitchConnection(bridge, "br-int", "192.0.2.2"), None)  # type: ignore[arg-type]
    site.hosts.by_name["other"].reconciler.attempt()  # type: ignore[union-attr]
    assert site.attempt()
    assert site.ovsdb.tags == {tap(P1): DEAD_TAG}


@pytest.mark.parametrize("flows", [True, False])
@pytest.mark.parametrize("ovsdb_first", [True, False])
def test_a_database_of_yesterday_gives_no_network_the_local_vlan_that_another_has(
    flows: bool, ovsdb_first: bool
) -> None:
    site = Site(P1, P2)
    site.plug(10, P2)
    assert site.attempt()
    site.plug(20, P1)
    assert site.attempt()
    assert [site.ovsdb.tags[tap(item)] for item in (P1, P2)] == [2, 1]
    yesterday(site, replace(P1, binding=Binding("h", 1, tap(P1))), flows=flows, ovsdb_first=ovsdb_first)
    assert [site.ovsdb.tags[tap(item)] for item in (P1, P2)] == [2, 1]
    assert (site.sends_in(tap(P1)), site.hears(tap(P1))) == (OF_N1, OF_N1)
    of_lost = OF_N2 if flows else set()
    assert (site.sends_in(tap(P2)), site.hears(tap(P2))) == (of_lost, of_lost)


def test_a_port_that_is_plugged_then_has_no_local_vlan_of_what_is_kept_either() -> None:
    site = Site(P2)
    site.plug(10, P2)
    assert site.attempt()
    recalled = replace(P1, binding=Binding("h", 1, tap(P1)))
    yesterday(site, recalled)
    site.plug(20, P1)
    assert site.attempt()
    assert (site.sends_in(tap(P1)), site.hears(tap(P1))) == (OF_N1, OF_N1)
    assert (site.sends_in(tap(P2)), site.hears(tap(P2))) == (OF_N2, OF_N2)


@pytest.mark.parametrize("guarded", [False, True])
def test_who_joins_a_network_of_what_is_kept_shares_its_local_vlan(guarded: bool) -> None:
    old, new = port(2, NETWORKS[2], guarded), port(4, NETWORKS[2], guarded)
    site = Site(old)
    site.plug_interface("tap-other", "", 5)
    site.plug(10, old)
    assert site.attempt()
    yesterday(site, new)
    site.plug(20, new)
    assert site.attempt()
    assert site.ovsdb.tags[tap(new)] == site.ovsdb.tags[tap(old)]
    assert (site.sends_in(tap(new)), site.hears(tap(new))) == (OF_N2, OF_N2)


def test_a_tag_of_another_hand_is_put_right_and_not_believed_after_a_restart() -> None:
    site = Site(P1)
    site.plug(10, P1)
    assert site.attempt()
    site.ovsdb.tags[tap(P1)] = 77
    site.start(Snapshot((*NETWORKS.values(), replace(P1, binding=Binding("h", 1, tap(P1)))), store_id="s"))
    assert site.attempt()
    assert site.ovsdb.tags[tap(P1)] == 1


def test_a_network_that_gets_another_id_leaves_the_local_vlan_of_flows_that_are_kept() -> None:
    site = keeping(P1)
    moved = replace(NETWORKS[1], segmentation_id=1004)
    site.fabric.apply([Upserted(moved)])
    site._look_at_ports()
    assert site.attempt()
    assert (site.sends_in(tap(P1)), site.hears(tap(P1))) == ({1004}, {1004})


def gone_and_back(site: Site, *names: str) -> None:
    """Let a host be away until it is gone; these bridges of it connect again, and no session."""
    host = site.hosts.by_name["h"]
    site.peers.session_ended(site.ovsdb)  # type: ignore[arg-type]
    for connection in list(site.connections.values()):
        connection.alive = False
        site.peers.disconnected(connection)  # type: ignore[arg-type]
    site.hosts._away(host, host.last_contact)
    for bridge in site.bridges.values():
        bridge.restart()
    for name in names:
        site.connect(name)


@pytest.mark.parametrize("guarded", [False, True])
def test_after_a_reboot_no_interface_is_what_one_of_its_name_was_before(guarded: bool) -> None:
    one, other = port(1, NETWORKS[1], guarded), port(2, NETWORKS[2], guarded)
    site = Site(one, other)
    for number, (name, item) in enumerate({"vnet0": one, "vnet1": other}.items(), 10):
        site.plug_interface(name, item.id, number)
    assert site.attempt()
    site.fabric.apply([Upserted(replace(one, binding=Binding("h", 1, "vnet0"), status=PortStatus.ACTIVE))])
    gone_and_back(site)
    site.bridges["br-int"].ports = {"int-br-eth2": 1, "patch-tun": 2, "vnet0": 3}
    site.ovsdb.iface_ids = {"vnet0": other.id}
    for name in site.bridges:
        site.connect(name)
    assert site.attempt()
    site.bridges["br-int"].ports_changed = True
    assert site.attempt()
    assert site.bridges["br-int"].flows == {}
    assert site.fabric.claims.place_of(one.id) == Place("h", "vnet0")  # others may be on their way to it
    site.show()
    assert site.attempt()
    (bound,) = host_snapshot(site.fabric, "h").ports
    assert (bound.port_id, bound.interface, bound.ofport) == (other.id, "vnet0", 3)
    assert (site.sends_in("vnet0"), site.hears("vnet0")) == ({1002}, {1002})


def test_a_host_that_comes_back_without_ovsdb_is_served_by_what_it_showed_when_its_time_is_over() -> None:
    site = Site(P1)
    site.plug(10, P1)
    assert site.attempt()
    site.fabric.apply([Upserted(replace(P1, binding=Binding("h", 1, tap(P1)), status=PortStatus.ACTIVE))])
    gone_and_back(site, *site.bridges)
    assert site.attempt()
    assert site.bridges["br-int"].flows == {}
    host = site.hosts.by_name["h"]
    site.hosts._settle(host, host.changes)
    assert site.attempt()
    assert (site.sends_in(tap(P1)), site.hears(tap(P1))) == ({1001}, {1001})


def test_flows_of_a_host_that_comes_back_stay_until_it_has_shown_what_it_has() -> None:
    site = Site(P1)
    site.plug(10, P1)
    assert site.attempt()
    site.fabric.apply([Upserted(replace(P1, binding=Binding("h", 1, tap(P1)), status=PortStatus.ACTIVE))])
    before = {name: dict(bridge.flows) for name, bridge in site.bridges.items()}
    gone_and_back(site)
    for name, flows in before.items():
        site.bridges[name].flows = dict(flows)
        site.connect(name)
        assert site.attempt()
    site.show()
    assert site.attempt()
    assert {name: bridge.flows for name, bridge in site.bridges.items()} == before


OVERLAYS = {number: replace(OVERLAY, id=f"n{number}", segmentation_id=number) for number in (7, 8, 9)}


def elsewhere(site: Site, **plugged: tuple[Port, ...]) -> None:
    """Have other hosts, by name, show these ports; each is reached where its name says."""
    for name, ports in plugged.items():
        ofports = {tap(item): number for number, item in enumerate(ports, 10)}
        site.hosts.wake(site.fabric.observe_bridge(name, "br-int", {"patch-tun": 2, **ofports}))
        shown = [Interface(tap(item), item.id) for item in ports]
        site.hosts.wake(site.fabric.observe_interfaces(name, shown))
        site.hosts.wake(site.fabric.observe_tunnel_address(name, f"192.0.2.{ord(name)}"))


def at_rest(site: Site) -> None:
    """Make a pass, and see that another one, which reads all again, finds nothing to do."""
    assert site.attempt()
    changes: list[str] = []
    for name, connection in site.connections.items():
        connection.on_change = partial(changes.append, name)
    site.hosts.by_name["h"].reconciler.audit()  # type: ignore[union-attr]
    assert site.attempt()
    assert changes == []


def heard_from(site: Site) -> list[set[int]]:
    """Give by peer the ids of networks in which it is heard."""
    return [
        {action.conj_id for action in flow.actions if isinstance(action, Conjunction)}
        for flow in site.flows("br-tun", "peer_in")
    ]


def test_a_network_that_is_new_to_a_peer_is_heard_beside_those_that_are_not_known() -> None:
    here = {number: port(number, network) for number, network in OVERLAYS.items()}
    there = {number: replace(item, id=f"{number}1111111-port") for number, item in here.items()}
    site = Site(*here.values(), *there.values(), networks=tuple(OVERLAYS.values()))
    elsewhere(site, b=(there[8], there[9]))
    site.plug(10, here[8], here[9])
    at_rest(site)
    assert heard_from(site) == [{8, 9}]
    left = [item for item in (*here.values(), *there.values()) if item.network_id != "n8"]
    site.start(Snapshot((OVERLAYS[7], OVERLAYS[9], *left), store_id="s"))
    elsewhere(site, b=(there[7], there[9]))
    site.plug(20, here[7])
    at_rest(site)
    assert site.hosts.by_name["h"].troubles["kept"]
    assert heard_from(site) == [{7, 8, 9}]
    elsewhere(site, b=(there[9],))
    at_rest(site)
    assert heard_from(site) == [{8, 9}]


def test_a_machine_that_moves_is_reached_at_its_new_host_all_the_same() -> None:
    moves = port(5, OVERLAY)
    site = Site(P9, moves)
    site.plug_interface("tap-lost", LOST, 40, tag=7)
    site.plug(10, P9)
    elsewhere(site, b=(moves,))
    at_rest(site)
    elsewhere(site, b=(), c=(moves,))
    at_rest(site)
    (to_mac,) = site.flows("br-tun", "to_known_mac")
    assert set_by(to_mac, Field.TUN_DST) == IPv4Address(f"192.0.2.{ord('c')}")
    (to_each,) = site.flows("br-tun", "to_unknown_mac")
    peers = {action.value for action in to_each.actions if isinstance(action, SetField)}
    assert IPv4Address(f"192.0.2.{ord('c')}") in peers


def receivers(site: Site) -> set[object]:
    """Give the ports that get a copy of what is for everybody."""
    (to_each,) = site.flows("br-int", "to_each")
    return {it.value for it in to_each.actions if isinstance(it, SetField) and it.field is Field.REG7}


@pytest.mark.parametrize("was_guarded", [True, False])
def test_a_guarded_port_that_joins_what_is_kept_is_guarded_and_both_hear_everybody(was_guarded: bool) -> None:
    old, new = port(2, NETWORKS[2], was_guarded), port(4, NETWORKS[2], True)
    site = Site(old)
    site.plug(10, old)
    assert site.attempt()
    yesterday(site, new)
    site.plug(20, new)
    at_rest(site)
    assert receivers(site) == {1, 10, 20}
    assert site.flows("br-int", "provider_to_local") == []
    assert {set_by(flow, Field.REG7) for flow in site.flows("br-int", "known_mac")} == {20} | (
        {10} if was_guarded else set()
    )
    (unknown,) = site.flows("br-int", "deliver_unknown")
    assert (Output(10) in unknown.actions) is not was_guarded


def test_a_number_that_another_port_has_now_brings_it_nothing_of_the_one_before() -> None:
    before, now = port(1, NETWORKS[1], True), port(3, NETWORKS[3], True)
    site = keeping(before)
    site.unplug(before)
    assert site.attempt()
    site.fabric.apply([Upserted(now)])
    site.plug(10, now)
    at_rest(site)
    of_port = [
        flow
        for flow in (read_flow(*item).flow for item in site.bridges["br-int"].flows.items())
        if matched(flow, Field.IN_PORT) == 10
    ]
    wanted = desired_flows("br-int", LAYOUT, host_snapshot(site.fabric, "h"))
    assert {flow.text() for flow in of_port} == {
        flow.text() for flow in wanted if matched(flow, Field.IN_PORT) == 10
    }


@pytest.mark.parametrize("is_late", [False, True])
def test_a_local_vlan_that_was_given_before_ovsdb_showed_who_has_it_is_given_up(is_late: bool) -> None:
    site = Site()
    site.plug_interface("tap-lost", LOST, 40, tag=1)
    site.start(Snapshot((*NETWORKS.values(), P1), store_id="s"), ovsdb=False)
    site.plug(10, P1)
    assert site.attempt()
    if is_late:
        site.hosts.wake(site.fabric.expect_no_more("h"))
        assert site.attempt()
    site.show()
    check_that_they_are_apart(site, tag=1)


@pytest.mark.parametrize("others", [(), (P2,)], ids=len)
def test_a_local_vlan_that_was_given_while_ovsdb_was_cut_off_is_given_up(others: tuple[Port, ...]) -> None:
    site, tag = Site(P1, P2), len(others) + 1
    site.plug(20, *others)
    assert site.attempt()
    site.peers.session_ended(site.ovsdb)  # type: ignore[arg-type]
    site.plug_interface("tap-lost", LOST, 40, tag=tag)
    site.plug(10, P1)
    assert site.attempt()
    assert site.fabric.host("h").local_vlans["n1"] == tag
    site.show()
    check_that_they_are_apart(site, tag)
    assert [site.sends_in(tap(other)) for other in others] == [{1002} for _ in others]


def test_a_local_vlan_is_no_other_networks_while_the_device_that_has_it_is_away() -> None:
    site = Site(P1)
    site.plug_interface("tap-lost", LOST, 40, tag=1)
    del site.bridges["br-int"].ports["tap-lost"]
    site.plug(10, P1)
    assert site.attempt()
    site.plug_interface("tap-lost", LOST, 41)
    check_that_they_are_apart(site, tag=1)


@pytest.mark.parametrize("was_there", [False, True])
@pytest.mark.parametrize("bridge", ["br-int", "br-eth2"])
def test_what_ovsdb_shows_in_the_middle_of_a_pass_waits_for_the_next(was_there: bool, bridge: str) -> None:
    site = Site(P1)
    if was_there:
        assert site.attempt()
        site.peers.session_ended(site.ovsdb)  # type: ignore[arg-type]
    else:
        site.start(Snapshot((*NETWORKS.values(), P1), store_id="s"), ovsdb=False)
    site.plug_interface("tap-lost", LOST, 40, tag=1)
    site.plug(10, P1)

    def show() -> None:
        site.connections[bridge].on_change = lambda: None
        site.show()

    site.connections[bridge].on_change = show
    assert not site.attempt()
    assert site.ovsdb.tags == {"tap-lost": 1}
    assert not site.reports
    check_that_they_are_apart(site, tag=1)


def check_that_they_are_apart(site: Site, tag: int) -> None:
    """Check that a pass leaves what is lost its tag, and leads to it nothing of a network that is known."""
    assert site.attempt()
    assert site.ovsdb.tags["tap-lost"] == tag
    assert (site.sends_in("tap-lost"), site.hears("tap-lost")) == (set(), set())
    assert (site.sends_in(tap(P1)), site.hears(tap(P1))) == ({1001}, {1001})


def led_to(site: Site, ofport: int) -> dict[str, set[object]]:
    """Give by rule the VLANs of this host in which something is led to a port by what is done."""
    rules = ("known_mac", "to_holders", "to_each", "deliver_unknown")
    ways = {Output(ofport), SetField(Field.REG7, ofport)}
    vlans = {
        rule: {matched(flow, Field.REG6) for flow in site.flows("br-int", rule) if ways & {*flow.actions}}
        for rule in rules
    }
    return {rule: found for rule, found in vlans.items() if found}


@pytest.mark.parametrize("was_guarded", [True, False])
def test_a_number_that_another_port_has_now_leads_nobody_of_the_network_before_to_it(
    was_guarded: bool,
) -> None:
    stays = port(2, NETWORKS[1], True)
    pair = AddressPair("10.0.0.2", stays.mac_address)
    before = replace(port(1, NETWORKS[1], was_guarded), allowed_address_pairs=(pair,) if was_guarded else ())
    now = port(3, NETWORKS[3], True)
    site = Site(before, stays)
    site.plug(10, before, stays)
    assert site.attempt()
    tag = site.ovsdb.tags[tap(stays)]
    of_stays = led_to(site, 11)
    assert of_stays and all(vlans == {tag} for vlans in of_stays.values())
    yesterday(site, now)
    site.unplug(before)
    site.plug(10, now)
    at_rest(site)
    of_now = site.ovsdb.tags[tap(now)]
    assert of_now != tag
    assert led_to(site, 10) == {"known_mac": {of_now}, "to_each": {of_now}}
    assert led_to(site, 11) == of_stays
    assert led_to(site, 1).get("to_each") == {tag, of_now}


def told(site: Site, *rules: str) -> list[tuple[object, object]]:
    """Give what flows of some rules of br-tun match of a machine, and whom they name for it."""
    return [
        (
            matched(flow, Field.ARP_TPA) or matched(flow, Field.ETH_DST),
            flow.actions[0].value if isinstance(flow.actions[0], SetField) else set_by(flow, Field.ETH_SRC),
        )
        for flow in site.flows("br-tun", *rules)
    ]


def test_an_address_that_a_machine_here_has_now_is_answered_for_nobody_else() -> None:
    old, other = port(5, OVERLAY), port(6, OVERLAY)
    new = replace(port(7, OVERLAY), fixed_ips=old.fixed_ips)
    site = Site(P9, old, other)
    site.plug_interface("tap-lost", LOST, 40, tag=7)
    site.plug(10, P9)
    elsewhere(site, b=(old, other))
    at_rest(site)
    of_other = (other.fixed_ips[0].ip_address, other.mac_address)
    assert told(site, "arp_known") == [(old.fixed_ips[0].ip_address, old.mac_address), of_other]
    site.fabric.apply([Deleted(Port, old.id), Deleted(Port, other.id), Upserted(new)])
    elsewhere(site, b=())
    site.plug(20, new)
    at_rest(site)
    assert told(site, "arp_known") == [of_other]  # nobody else is known to have it


def test_a_mac_address_that_one_machine_has_leads_to_none_of_before() -> None:
    moves = port(5, OVERLAY)
    pair = AddressPair("10.0.0.5", moves.mac_address)
    sharing = replace(port(6, OVERLAY), allowed_address_pairs=(pair,))
    site = Site(P9, moves, sharing)
    site.plug_interface("tap-lost", LOST, 40, tag=7)
    site.plug(10, P9)
    elsewhere(site, b=(moves,), d=(sharing,))
    at_rest(site)
    assert [mac for mac, _ in told(site, "to_shared_mac")] == [moves.mac_address]
    site.fabric.apply([Upserted(replace(sharing, allowed_address_pairs=()))])
    elsewhere(site, b=(), c=(moves,), d=(sharing,))
    at_rest(site)
    assert told(site, "to_shared_mac") == []
    of_moves = (moves.mac_address, IPv4Address(f"192.0.2.{ord('c')}"))
    assert of_moves in told(site, "to_known_mac")


SHARED_RULES = ("untracked_shared", "track_shared", "shared_mac", "to_holders")


def of_shared(site: Site) -> dict[str, set[object]]:
    """Give by rule the MAC addresses that several machines may have."""
    found = {rule: {matched(it, Field.ETH_DST) for it in site.flows("br-int", rule)} for rule in SHARED_RULES}
    return {rule: macs for rule, macs in found.items() if macs}


@pytest.mark.parametrize("is_shared", [True, False])
def test_what_is_for_a_mac_address_of_a_pair_comes_to_whoever_has_it_still(is_shared: bool) -> None:
    mine, lasting = (mac_address(f"00:00:5e:00:01:{number:02x}") for number in (1, 2))
    pairs = tuple(AddressPair("10.0.0.100", mac) for mac in (mine, lasting))
    one, other = (replace(port(number, NETWORKS[1], True), allowed_address_pairs=pairs) for number in (1, 2))
    site = Site(one, other)
    site.plug_interface("tap-lost", LOST, 40, tag=7)
    site.plug(10, *((one, other) if is_shared else (one,)))
    assert site.attempt()
    left = replace(one, allowed_address_pairs=pairs[1:])
    yesterday(site, left)
    at_rest(site)
    macs = {mine, lasting} if is_shared else {lasting}
    assert of_shared(site) == dict.fromkeys(SHARED_RULES, macs)
    led = {matched(flow, Field.ETH_DST): flow.actions for flow in site.flows("br-int", "to_holders")}
    to_one, to_other = SetField(Field.REG7, 10), SetField(Field.REG7, 11)
    assert {mac for mac, actions in led.items() if to_one in actions} == {lasting}
    assert {mac for mac, actions in led.items() if to_other in actions} == (macs if is_shared else set())


def meant(site: Site) -> set[tuple[object, ...]]:
    """Give the flows of br-int; in which order there are copies is no matter."""
    flows = [read_flow(*item).flow for item in site.bridges["br-int"].flows.items()]
    return {(it.cookie, it.match, frozenset(it.actions), it.goto_table) for it in flows}


@pytest.mark.parametrize("network", [NETWORKS[1], OVERLAY], ids=lambda it: it.id)
@pytest.mark.parametrize("is_apart", [True, False])
def test_beside_guarded_ports_that_are_not_known_others_are_served_as_before(
    network: Network, is_apart: bool
) -> None:
    guarded, open_port = port(1, network, True), port(2, NETWORKS[2] if is_apart else network)
    site = Site(guarded, open_port)
    site.plug(10, guarded, open_port)
    at_rest(site)
    before = meant(site)
    yesterday(site, open_port)
    at_rest(site)
    assert meant(site) == before


def tables(site: Site) -> dict[str, dict[FlowKey, FlowBody]]:
    return {name: dict(bridge.flows) for name, bridge in site.bridges.items()}


def showing_its_link(one: Port) -> Site:
    """Give a host at rest with a port, whose OVSDB shows the link to the physical bridge."""
    site = Site(one)
    site.ovsdb.iface_ids["int-br-eth2"] = ""
    site.plug(10, one)
    at_rest(site)
    return site


def in_any_order(site: Site) -> dict[str, dict[FlowKey, list[str]]]:
    """Give what the flows do, to whichever receiver first."""
    return {
        name: {item[0]: sorted(act.text() for act in read_flow(*item).flow.actions) for item in flows.items()}
        for name, flows in tables(site).items()
    }


@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize("known", [True, False], ids=["ports are known", "none is"])
def test_a_host_goes_on_when_the_configuration_has_lost_its_physical_bridge(
    guarded: bool, known: bool
) -> None:
    one = port(1, NETWORKS[1], guarded)
    site = showing_its_link(one)
    before, tags = tables(site), dict(site.ovsdb.tags)
    intent = Snapshot((*NETWORKS.values(), one), store_id="s") if known else Snapshot()
    site.start(intent, layout=replace(LAYOUT, bridge_mappings=()))
    at_rest(site)
    assert site.hosts.by_name["h"].troubles["kept"]
    assert (tables(site), site.ovsdb.tags) == (before, tags)


LOST_MAPPINGS = {"none": (), "misspelt": (("default", "br-eht2"),), "renamed": (("dflt", "br-eth2"),)}


@pytest.mark.parametrize("mappings", LOST_MAPPINGS.values(), ids=LOST_MAPPINGS)
@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize("ovsdb", [False, True])
def test_it_does_so_without_the_stores_word_and_whatever_is_mapped_now(
    guarded: bool, ovsdb: bool, mappings: tuple[tuple[str, str], ...]
) -> None:
    one, two = port(1, NETWORKS[1], guarded), port(2, NETWORKS[2], guarded)
    site = Site(one, two)
    site.plug(10, two)
    at_rest(site)
    site.plug(20, one)
    at_rest(site)
    before = in_any_order(site)
    layout = replace(LAYOUT, bridge_mappings=mappings)
    site.start(Snapshot((*NETWORKS.values(), one, two), store_id="s"), ovsdb=ovsdb, layout=layout)
    site.hosts.wake(site.fabric.expect_no_more("h"))
    site.connections["br-int"].sent.clear()
    at_rest(site)
    assert in_any_order(site) == before
    assert flushed(site.connections["br-int"]) == []


def test_a_wire_that_another_network_may_have_had_is_none_of_a_lost_network() -> None:
    one, two = port(1, NETWORKS[1], True), port(2, NETWORKS[2], True)
    twin = replace(NETWORKS[1], id="twin", physical_network="other")
    site = Site(one, two)
    site.plug(10, one)
    at_rest(site)
    moved = replace(two, network_id=twin.id)
    layout = replace(LAYOUT, bridge_mappings=())
    site.start(Snapshot((*NETWORKS.values(), twin, one, moved), store_id="s"), ovsdb=False, layout=layout)
    site.unplug(one)
    site.plug(20, moved)
    assert site.attempt()
    (bound,) = host_snapshot(site.fabric, "h").ports
    assert (bound.segment.network_id, bound.segment.local_vlan) == (twin.id, 2)


@pytest.mark.parametrize("guarded", [(False, False), (True, True), (True, False)], ids=str)
def test_what_else_changes_is_followed_where_a_physical_network_has_no_bridge_any_more(
    guarded: tuple[bool, bool],
) -> None:
    one, two = (port(number, NETWORKS[1], is_guarded) for number, is_guarded in enumerate(guarded, 1))
    site = Site(one, two)
    site.plug(10, one, two)
    at_rest(site)
    before, heard = tables(site), site.hears(tap(one))
    site.start(
        Snapshot((*NETWORKS.values(), one, two), store_id="s"), layout=replace(LAYOUT, bridge_mappings=())
    )
    at_rest(site)
    for changed in (replace(two, mac_address=mac_address("fa:16:3e:00:00:99")), two):
        site.hosts.wake(site.fabric.apply([Upserted(changed)]))
        at_rest(site)
        known = [flow for flow in site.flows("br-int", "known_mac") if set_by(flow, Field.REG7) == 11]
        assert [matched(flow, Field.ETH_DST) for flow in known] == [changed.mac_address] * any(guarded)
    assert tables(site) == before
    site.hosts.wake(site.fabric.apply([Deleted(Port, two.id)]))
    at_rest(site)
    flows = [read_flow(*item).flow for item in site.bridges["br-int"].flows.items()]
    dead = [flow for flow in flows if matched(flow, Field.IN_PORT) == 11]
    assert all(flow.actions == () for flow in dead)
    assert not any(Output(11) in flow.actions or 11 in values_set(flow, Field.REG7) for flow in flows)
    assert site.hears(tap(one)) == heard == {1001}
    for rule, leads in (("to_each", SetField(Field.REG7, 1)), ("deliver_unknown", Output(1))):
        assert all(leads in flow.actions for flow in site.flows("br-int", rule))


def test_a_link_that_goes_on_without_its_mapping_is_not_said_to_carry_nothing() -> None:
    site = Site(P1)
    site.plug(10, P1)
    at_rest(site)
    site.start(Snapshot((*NETWORKS.values(), P1), store_id="s"), layout=replace(LAYOUT, bridge_mappings=()))
    at_rest(site)
    codes = {condition.code for condition in site.hosts.by_name["h"].conditions}
    assert Code.INTERFACE_UNDECLARED not in codes


def test_a_link_that_was_dead_carries_frames_again_when_its_bridge_is_mapped() -> None:
    site = Site(P1)
    site.ovsdb.iface_ids["int-br-eth2"] = ""
    site.start(Snapshot(store_id="s"), layout=replace(LAYOUT, bridge_mappings=()))
    at_rest(site)
    assert site.ovsdb.tags["int-br-eth2"] == DEAD_TAG
    site.start(Snapshot((*NETWORKS.values(), P1), store_id="s"))
    at_rest(site)
    assert site.ovsdb.tags["int-br-eth2"] is None


OF_EITHER_KIND = (P1, P9, replace(P1, port_security_enabled=True))


@pytest.mark.parametrize("lost", OF_EITHER_KIND, ids=lambda it: it.id[0])
def test_an_interface_that_is_named_for_a_port_that_is_not_known_is_not_dead_before_ovsdb_shows_it(
    lost: Port,
) -> None:
    site = Site(lost)
    site.plug(10, lost)
    at_rest(site)
    before = tables(site)
    site.start(Snapshot(store_id="s"), ovsdb=False)
    assert site.attempt()
    assert tables(site) == before
    site.show()
    at_rest(site)
    assert f"{tap(lost)} carry traffic" in site.hosts.by_name["h"].troubles["kept"]
    assert tables(site) == before


@pytest.mark.parametrize("lost", OF_EITHER_KIND, ids=lambda it: it.id[0])
@pytest.mark.parametrize("name", ["tap10000000-po", "eth-vm"])
def test_a_host_whose_ports_cannot_be_seen_keeps_what_its_flows_lead_to(lost: Port, name: str) -> None:
    site = Site(lost, P3)
    site.plug_interface(name, lost.id, 10)
    at_rest(site)
    before = tables(site)
    site.start(Snapshot((*NETWORKS.values(), P3), store_id="s"), ovsdb=False)
    assert site.attempt()
    host = site.hosts.by_name["h"]
    site.hosts._settle(host, host.changes)
    at_rest(site)
    assert host.troubles["kept"].startswith("its OVSDB has not shown who")
    assert tables(site) == before
    site.show()
    at_rest(site)
    assert host.troubles["kept"].startswith(f"{name} carry traffic")
    assert tables(site) == before


@pytest.mark.parametrize("known", OF_EITHER_KIND, ids=lambda it: it.id[0])
@pytest.mark.parametrize("late", [True, False], ids=["OVSDB late", "OVSDB never"])
def test_what_carried_frames_is_not_dead_before_ovsdb_shows_it_though_its_network_is_known(
    known: Port, late: bool
) -> None:
    lost = replace(known, id="77777777-lost", mac_address=mac_address("fa:16:3e:00:00:77"))
    site = Site(known, lost)
    site.plug(10, known, lost)
    at_rest(site)
    before, tags = in_any_order(site), dict(site.ovsdb.tags)
    bound = replace(known, binding=Binding("h", 1, tap(known)), status=PortStatus.ACTIVE)
    site.start(Snapshot((*NETWORKS.values(), OVERLAY, bound), store_id="s"), ovsdb=False)
    assert site.attempt()
    host = site.hosts.by_name["h"]
    site.hosts._settle(host, host.changes)
    at_rest(site)
    assert tap(lost) in host.troubles["kept"]
    if late:
        site.show()
        at_rest(site)
        assert host.troubles["kept"].startswith(f"{tap(lost)} carry traffic")
    assert (in_any_order(site), site.ovsdb.tags) == (before, tags)


@pytest.mark.parametrize("one", OF_EITHER_KIND, ids=lambda it: it.id[0])
@pytest.mark.parametrize(
    ("iface_id", "restarted"),
    [("", False), ("", True), (LOST, False)],
    ids=["none", "none, restarted", "lost"],
)
def test_an_interface_that_is_its_port_no_more_is_dead_and_nothing_is_kept_for_it(
    one: Port, iface_id: str, restarted: bool
) -> None:
    site = Site(one, P3)
    site.plug(10, one, P3)
    at_rest(site)
    if restarted:
        site.start(Snapshot((*NETWORKS.values(), OVERLAY, one, P3), store_id="s"))
        at_rest(site)
    tag = site.ovsdb.tags[tap(one)]
    site.ovsdb.iface_ids[tap(one)] = iface_id
    site.show()
    at_rest(site)
    assert (site.ovsdb.tags[tap(one)], site.sends_in(tap(one))) == (DEAD_TAG, set())
    assert "kept" not in site.hosts.by_name["h"].troubles
    site.ovsdb.iface_ids[tap(one)] = one.id
    site.show()
    at_rest(site)
    assert site.ovsdb.tags[tap(one)] == tag


def test_an_interface_that_got_another_iface_id_while_no_controller_ran_is_taken_for_a_lost_port_s() -> None:
    site = Site(P1, P3)
    site.plug(10, P1, P3)
    at_rest(site)
    before, tags = in_any_order(site), dict(site.ovsdb.tags)
    site.ovsdb.iface_ids[tap(P1)] = LOST
    for _ in range(2):  # whichever controller comes
        site.start(Snapshot((*NETWORKS.values(), OVERLAY, P1, P3), store_id="s"))
        at_rest(site)
        assert (in_any_order(site), site.ovsdb.tags) == (before, tags)
        assert site.hosts.by_name["h"].troubles["kept"].startswith(f"{tap(P1)} carry traffic")


def test_what_was_made_dead_by_mistake_is_alive_again_where_it_is_known_to_carry_a_port() -> None:
    site = Site(P1, P3)
    site.plug(10, P1)
    site.plug(11, P3)
    at_rest(site)
    before = tables(site)
    key, body = encode_flow(DEAD_DROP.flow(Match.of({Field.IN_PORT: 11})))
    site.bridges["br-int"].flows[key] = body
    site.start(Snapshot((*NETWORKS.values(), P1), store_id="s"))
    at_rest(site)
    assert tables(site) == before


@pytest.mark.parametrize("guarded", [False, True])
def test_a_host_goes_on_when_the_bridge_of_its_physical_network_is_misspelled(guarded: bool) -> None:
    one = port(1, NETWORKS[1], guarded)
    site = showing_its_link(one)
    before, tags = tables(site), dict(site.ovsdb.tags)
    wrong = replace(LAYOUT, bridge_mappings=(("default", "br-eht2"),))
    site.start(Snapshot((*NETWORKS.values(), one), store_id="s"), layout=wrong)
    at_rest(site)
    assert "gives the bridge br-eht2, which is not there" in site.hosts.by_name["h"].troubles["kept"]
    assert (tables(site), site.ovsdb.tags) == (before, tags)
    host = site.hosts.by_name["h"]
    site.hosts._settle(host, host.changes)
    at_rest(site)
    assert site.reports[one.id].waits_for == "bridge br-eht2 of host h to connect to the controller"


def test_what_nobody_has_any_more_goes_when_ovsdb_shows_that() -> None:
    site = Site(P1)
    site.plug(10, P1)
    at_rest(site)
    site.start(Snapshot(tuple(NETWORKS.values()), store_id="s"), ovsdb=False)
    assert site.attempt()
    host = site.hosts.by_name["h"]
    site.hosts._settle(host, host.changes)
    site.unplug(P1)
    at_rest(site)
    assert site.flows("br-eth2", "local_to_provider")
    site.show()
    at_rest(site)
    assert (host.troubles.get("kept"), site.flows("br-eth2", "local_to_provider")) == (None, [])


def test_who_joins_the_network_of_what_is_kept_costs_that_no_connection() -> None:
    old, new = port(2, NETWORKS[2], True), port(4, NETWORKS[2], True)
    site = Site(old)
    site.plug(10, old)
    at_rest(site)
    yesterday(site, new, P1)
    site.plug(20, new)
    at_rest(site)
    assert site.ovsdb.tags[tap(new)] == site.ovsdb.tags[tap(old)]
    assert flushed(site.connections["br-int"]) == []
    site.plug(30, P1)
    at_rest(site)
    assert flushed(site.connections["br-int"]) == [site.ovsdb.tags[tap(P1)]]


@pytest.mark.parametrize("waited", [False, True])
@pytest.mark.parametrize("guarded", [False, True])
def test_without_ovsdb_a_port_that_was_deleted_while_no_controller_ran_is_dead(
    guarded: bool, waited: bool
) -> None:
    one, two = port(1, NETWORKS[1], guarded), port(2, NETWORKS[2], guarded)
    site = Site(one, two)
    site.plug(10, one, two)
    at_rest(site)
    bound = replace(two, binding=Binding("h", 2, tap(two)), status=PortStatus.ACTIVE)
    intent = Snapshot((*NETWORKS.values(), OVERLAY, bound), store_id="s", departed_ports=frozenset({one.id}))
    site.start(intent, ovsdb=False)
    if waited:
        site.hosts.wake(site.fabric.expect_no_more("h"))
    at_rest(site)
    dead = {matched(flow, Field.IN_PORT) for flow in site.flows("br-int", "dead_drop")}
    assert (dead, site.hosts.by_name["h"].troubles.get("kept")) == ({10}, None)


def test_of_many_interfaces_that_are_kept_some_are_named_and_the_log_has_room_for_the_remedy() -> None:
    site = keeping()
    for number in range(50, 70):
        site.plug_interface(f"tap{number:011}", f"{number}{LOST[2:]}", number, tag=7)
    assert site.attempt()
    kept = site.hosts.by_name["h"].troubles["kept"]
    assert "and 11 more carry traffic" in kept
    assert len(kept) < MAX_DETAIL
