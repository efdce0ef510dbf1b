"""What changes while a switch is waited for costs nothing but what it changes."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest

from osken_apps.apps import hosts
from osken_apps.apps.answering.probe import answers_arp
from osken_apps.apps.answering.switches import Answers
from osken_apps.apps.complaints import Complaints
from osken_apps.apps.connection import SwitchGone
from osken_apps.apps.reader import Nobody
from osken_apps.apps.reconcile import HostReconciler
from osken_apps.apps.switch import SwitchObserver
from osken_apps.model.changes import Deleted, Upserted
from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.model.preparation import stale_zones
from osken_apps.model.reports import port_reports
from osken_apps.model.resources import (
    Binding,
    InactiveBinding,
    Network,
    NetworkType,
    Port,
    PortStatus,
    Subnet,
)
from osken_apps.openflow import codec
from osken_apps.openflow.actions import NORMAL
from osken_apps.openflow.codec import FlowModCommand
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import encode_flow
from tests.golden.scenarios import NET1, SERVER1, SUBNET1, VM1
from tests.model import two_hosts
from tests.model.switch import Ovsdb, SwitchConnection
from tests.model.test_trouble import World
from tests.model.two_hosts import TwoHosts

FLOW_OF_OTHERS = encode_flow(Flow(0, 5, Match(), (NORMAL,), cookie=1))
OVERLAY = Network(id="overlay", project_id="p", network_type=NetworkType.VXLAN, segmentation_id=7)
ADDRESS = VM1.fixed_ips[0].ip_address


def once(work: Callable[[], object]) -> Callable[[], None]:
    """Give what does this when it is called first."""
    left = [work]
    return lambda: [do() for do in left[:] if left.pop()] and None


def delete_network(world: World) -> None:
    ports = (Deleted(Port, port.id) for port in (VM1, world.second, SERVER1))
    world.hosts.wake(
        world.hosts.fabric.apply([*ports, Deleted(Subnet, SUBNET1.id), Deleted(Network, NET1.id)])
    )


def delete_overlay(world: World) -> None:
    gone = [Deleted(Port, world.second.id), Deleted(Network, OVERLAY.id)]
    world.hosts.wake(world.hosts.fabric.apply(gone))


def settle(world: World) -> None:
    assert isinstance(ADDRESS, IPv4Address)
    world.hosts.wake(world.hosts.fabric.settle(VM1.id))


@pytest.mark.parametrize("happens", [delete_network, delete_overlay, settle])
def test_a_pass_ends_well_whatever_is_gone_while_it_waits(happens: Callable[[World], None]) -> None:
    world = World()
    world.hosts.fabric.apply([Upserted(OVERLAY), Upserted(replace(world.second, network_id=OVERLAY.id))])
    assert isinstance(ADDRESS, IPv4Address)
    world.hosts.fabric.decline(VM1.id, ADDRESS)
    world.ovsdb.tunnel_address = "192.0.2.1"
    world.plug(tap1=VM1.id, tap2=world.second.id)
    world.connection.on_change = once(lambda: happens(world))
    for _ in range(2):
        assert world.attempt()
        assert world.trouble == ""


def test_a_conflict_that_is_settled_meanwhile_is_waited_for_no_more() -> None:
    world = World()
    assert isinstance(ADDRESS, IPv4Address)
    world.hosts.fabric.decline(VM1.id, ADDRESS)
    world.plug(tap1=VM1.id)
    assert world.attempt()
    assert world.reports[VM1.id].waits_for.startswith(f"{ADDRESS} to be free")
    world.bridge.restart()
    world.hosts.by_name["h"].reconciler.audit()  # type: ignore[union-attr]
    world.connection.on_change = once(lambda: settle(world))
    assert world.attempt()
    assert (world.reports[VM1.id].status, world.reports[VM1.id].waits_for) == (PortStatus.ACTIVE, "")


def test_a_bridge_that_has_no_local_port_yet_is_of_its_host_once_it_has() -> None:
    world = World()
    world.peers.disconnected(world.connection)  # type: ignore[arg-type]
    connection = SwitchConnection(world.bridge, "")
    world.peers.connected(connection, None)  # type: ignore[arg-type]
    observer = SwitchObserver(world.peers)
    for name, bridges in (("", ["br-eth2"]), ("br-foo", ["br-eth2"]), ("br-int", ["br-eth2", "br-int"])):
        connection.bridge = name
        observer.ports_changed(connection)  # type: ignore[arg-type]
        assert sorted(world.hosts.by_name["h"].bridges) == bridges


def reconciler_of(world: World) -> HostReconciler:
    made = world.hosts.by_name["h"].reconciler
    assert isinstance(made, HostReconciler)
    return made


@pytest.mark.parametrize("iface_id", ["", VM1.id])
def test_a_host_that_is_renamed_while_it_is_waited_for_reports_by_its_new_name_only(iface_id: str) -> None:
    def rename() -> None:
        world.ovsdb.host = "h.example.org"
        world.plug()

    world = World()
    reconciler = reconciler_of(world)
    world.plug(tap1=iface_id)
    world.connection.on_change = once(rename)
    assert reconciler.attempt()
    assert (world.reports, set(world.hosts.fabric.hosts)) == ({}, {"h.example.org"})
    assert reconciler.attempt()
    bindings = [report.binding for report in world.reports.values()]
    assert [binding and binding.host for binding in bindings] == ["h.example.org"] * bool(iface_id)
    assert set(world.hosts.fabric.hosts) == {"h.example.org"}


def test_a_host_that_is_forgotten_is_served_no_more_and_not_known_again() -> None:
    world = World()
    assert world.attempt()
    host, reconciler = world.hosts.by_name["h"], reconciler_of(world)
    world.peers.session_ended(world.ovsdb)  # type: ignore[arg-type]
    for bridge in list(host.bridges.values()):
        world.peers.disconnected(bridge.connection)
    assert world.hosts.forget("h") == ""
    assert host.reconciler is None
    reconciler.attempt()
    assert world.hosts.fabric.hosts == {}


def test_asking_about_a_host_that_is_not_known_makes_none() -> None:
    fabric = World().hosts.fabric
    known = set(fabric.hosts)
    snapshot = host_snapshot(fabric, "nobody")
    assert port_reports(fabric, snapshot, ()) == []
    assert not fabric.ready("nobody")
    assert stale_zones(fabric, "nobody") == []
    assert set(fabric.hosts) == known


def gone_when_asked(site: TwoHosts, ports: Iterable[Port]) -> None:
    """Have these ports deleted, and their network if all of its are, when a switch is asked next."""
    gone = [Deleted(Port, port.id) for port in ports]
    whole = [Deleted(Subnet, SUBNET1.id), Deleted(Network, NET1.id)] if len(gone) > 2 else []
    for connection in (site.host1.connections["br-int"], site.host2.connections["br-int"]):
        connection.on_request = lambda: site.hosts.fabric.apply([*gone, *whole]) and None


@pytest.mark.parametrize(
    "gone", [(two_hosts.VM1,), (two_hosts.VM2,), (two_hosts.VM1, two_hosts.VM2, SERVER1)]
)
def test_of_a_port_that_is_gone_before_its_switch_has_answered_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, gone: tuple[Port, ...]
) -> None:
    site = TwoHosts(monkeypatch)
    gone_when_asked(site, gone)
    assert site.ask_port(two_hosts.VM1.id, two_hosts.VM2.id) is None


def test_a_frame_is_followed_without_the_ports_that_are_gone_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = TwoHosts(monkeypatch)
    gone_when_asked(site, (two_hosts.VM1, two_hosts.VM2, SERVER1))
    facts = site.frame_facts(
        "host1", "tap1", [int(two_hosts.VM1.mac_address), int(two_hosts.VM2.mac_address)]
    )
    assert facts.ports == ()


@pytest.mark.parametrize(("name", "change"), [("br-int", 1), ("br-int", 2), ("br-eth2", 1)])
@pytest.mark.parametrize("is_bare", [True, False])
def test_a_pass_whose_bridge_goes_half_way_says_nothing_and_lets_nothing_pass(
    name: str, change: int, is_bare: bool
) -> None:
    """The changes of the integration bridge are its meters, then its flows.

    Where nobody has a flow nothing passes: a tag is written at once.
    """

    def goes() -> None:
        seen.append(len(bridge.flows))
        if len(seen) == change:
            connection.alive = False
            world.peers.disconnected(connection)  # type: ignore[arg-type]

    world = World()
    world.plug(tap1=VM1.id)
    host = world.hosts.by_name["h"]
    connection: Any = host.bridges[name].connection
    bridge, seen = connection.bridge_in_memory, list[int]()
    connection.on_change = goes
    if not is_bare:
        world.physical.bridge_in_memory.flows.update([FLOW_OF_OTHERS])
    there = dict(bridge.flows)
    assert not world.attempt()
    assert (bridge.flows, world.reports) == (there, {})
    assert world.ovsdb.tags == {"tap1": 1 if is_bare else 4095}
    assert not host.in_order


def test_tags_are_written_once_where_no_bridge_has_a_flow_yet(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "complain", Complaints().complain)
    world = World()
    world.plug(tap1=VM1.id)
    with caplog.at_level(logging.INFO):
        assert world.attempt()
        world.plug(tap2=world.second.id)
        assert world.attempt()
    written = [message for message in caplog.messages if message.startswith("host h: tags")]
    assert written == [f"host h: tags {tags}" for tags in ({"tap1": 1}, {"tap2": 4095}, {"tap2": 1})]
    assert world.ovsdb.tags == {"tap1": 1, "tap2": 1}


def test_a_port_stays_dead_until_the_integration_bridge_is_back_and_has_its_flows() -> None:
    world = World()
    assert world.attempt()
    world.peers.disconnected(world.connection)  # type: ignore[arg-type]
    world.ovsdb.tags = {"tap1": 7}
    world.plug(tap1=VM1.id)
    assert world.attempt()
    assert (world.ovsdb.tags, world.reports) == ({"tap1": 4095}, {})
    world.plug()
    world.peers.connected(SwitchConnection(world.bridge, "br-int"), None)  # type: ignore[arg-type]
    assert world.attempt()
    assert (world.ovsdb.tags, world.reports[VM1.id].status) == ({"tap1": 1}, PortStatus.ACTIVE)
    assert world.hosts.by_name["h"].tallies.repairs == 0


class Moving(World):
    """A world in which another host's session shows the integration bridge, too, and waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.plug(tap1=VM1.id)
        self.other = Ovsdb("o", (self.bridge.datapath_id,), "192.0.2.77")
        self.peers.session_shows(self.other, self.other.view())  # type: ignore[arg-type]

    def move(self) -> None:
        """Have it be the other host's, which looks at it at once."""
        self.ovsdb.datapath_ids = (self.physical.id,)
        self.plug()
        self.attempt_other()

    def attempt_other(self) -> None:
        reconciler = self.hosts.by_name["o"].reconciler
        assert isinstance(reconciler, HostReconciler)
        assert reconciler.attempt()


@pytest.mark.parametrize("request_number", [1, 2, 3, 4, 5])
def test_a_bridge_that_is_another_host_s_meanwhile_gets_no_more_from_this_one(request_number: int) -> None:
    """It is asked for its flows, for its meters, for what these count, to take meters, to take flows."""

    def moves() -> None:
        seen.append(1)
        if len(seen) == request_number:
            world.move()

    world, seen = Moving(), list[int]()
    world.connection.on_done = moves
    world.attempt()
    assert len(seen) >= request_number
    for _ in range(2):
        bridge = world.hosts.by_name["o"].bridges["br-int"]
        assert bridge.installed is not None
        assert (bridge.installed.flows, bridge.installed.meters) == (world.bridge.flows, world.bridge.meters)
        world.attempt_other()


def test_nor_are_its_packet_ins_answered_for_this_one_any_more() -> None:
    world = Moving()
    bridge = world.hosts.by_name["h"].bridges["br-int"]
    world.move()
    handler = world.connection.handler
    bridge.answer_packet_ins(Nobody())
    assert not bridge.send(b"")
    assert (world.connection.handler, world.connection.sent) == (handler, [])


def moves_once(world: Moving) -> None:
    """Have the integration bridge be the other host's once the next request is done."""

    def moves() -> None:
        world.connection.on_done = lambda: None
        world.move()

    world.connection.on_done = moves


def test_nor_is_what_it_has_told_as_this_one_s() -> None:
    world, answers = Moving(), Answers()
    assert world.attempt()
    bridge = world.hosts.by_name["h"].bridges["br-int"]
    of_flows, of_port = answers.flows("h", "br-int", bridge), answers.counted(bridge, 2)
    moves_once(world)
    assert len(answers.wait()) == 2
    assert [it().why_not for it in (of_flows, of_port)] == [  # type: ignore[union-attr]
        "bridge br-int is not of host h any more"
    ] * 2


def test_nor_is_a_machine_of_its_asked_whether_it_is_there() -> None:
    world = Moving()
    assert world.attempt()
    bridge = world.hosts.by_name["h"].bridges["br-int"]
    moves_once(world)
    with pytest.raises(SwitchGone):
        answers_arp(bridge, 2, VM1.mac_address, IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2"))
    last = world.connection.sent[-1]
    assert codec.FLOW_MOD.unpack_from(last, codec.HEADER.size)[3] == FlowModCommand.DELETE_STRICT


def test_who_has_a_port_is_decided_again_where_its_wish_is_another_and_not_where_it_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A start reports thousands of ports, and each report comes back as a change of the store."""
    world = World()
    fabric, decided = world.hosts.fabric, list[str]()
    decide = fabric._placement._decide
    monkeypatch.setattr(
        fabric._placement, "_decide", lambda port_id: [decided.append(port_id), decide(port_id)][1]
    )
    port = fabric.inventory.ports[VM1.id]
    for changed, expected in (
        (replace(port, binding=Binding("h", 9, "tap"), status=PortStatus.ACTIVE), []),
        (replace(port, requested_host="elsewhere"), [port.id]),
        (replace(port, requested_host="elsewhere", inactive_bindings=(InactiveBinding("h"),)), [port.id]),
    ):
        decided.clear()
        fabric.apply([Upserted(changed)])
        assert decided == expected
    fabric.put_aside([port.id])
    decided.clear()
    fabric.apply([Upserted(replace(changed, binding=Binding("h", 9, "tap")))])
    assert decided == [port.id]  # an error of ours may have kept it from being decided
