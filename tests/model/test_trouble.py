"""What keeps a host from what it should be is shown, as long as it does; a port's trouble is that port's."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from greenlet import GreenletExit

from osken_apps.apps import host_conditions, hosts, peers, runtime
from osken_apps.apps.complaints import Complaints
from osken_apps.apps.connection import SwitchError
from osken_apps.apps.host import Bridge, Host
from osken_apps.apps.host_reports import host_reports
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.ovsdb.session import OvsdbError
from osken_apps.apps.peers import Peers
from osken_apps.apps.reconcile import HostReconciler
from osken_apps.model.changes import PortReport, Snapshot, Upserted
from osken_apps.model.conditions import Condition, InterfaceFacts, PortFacts
from osken_apps.model.fabric import Fabric
from osken_apps.model.paired import Paired
from osken_apps.model.resources import Binding, Network, NetworkType, PortStatus
from osken_apps.model.tunnel_bridge import BridgeChange
from osken_apps.openflow import codec
from osken_apps.openflow.codec import MessageType
from osken_apps.openflow.wire import encode_flow
from osken_apps.pipeline.announcements import announcements
from osken_apps.pipeline.desired import desired_flows
from tests.golden.scenarios import LAYOUT, NET1, NET2, SCENARIOS, SERVER1, SUBNET1, VM1
from tests.model import switch
from tests.model.by_hand import ByHand
from tests.model.loading import load
from tests.model.switch import Ovsdb, SwitchBridge, SwitchConnection, flushed


class World:
    """A host of two ports, and what the controller says of it."""

    def __init__(self, max_meters: int = 262144) -> None:
        self.reports: dict[str, PortReport] = {}
        self.hosts = Hosts(Fabric(LAYOUT), self.serve)
        self.peers = Peers(self.hosts)
        self.second = replace(VM1, id="00000000-02", mac_address=VM1.mac_address, fixed_ips=())
        load(self.hosts.fabric, Snapshot((NET1, SUBNET1, VM1, self.second, SERVER1)))
        self.bridge = SwitchBridge({"int-br-eth2": 1, "tap1": 2, "tap2": 3})
        self.connection = SwitchConnection(self.bridge, "br-int", max_meters=max_meters)
        physical = SwitchBridge({"phy-br-eth2": 2, "eth2": 1})
        self.ovsdb = Ovsdb("h", (self.bridge.datapath_id, physical.datapath_id))
        self.peers.session_shows(self.ovsdb, self.ovsdb.view())  # type: ignore[arg-type]
        self.physical = SwitchConnection(physical, "br-eth2")
        for connection in (self.connection, self.physical):
            self.peers.connected(connection, None)  # type: ignore[arg-type]

    def serve(self, host: Host) -> HostReconciler:
        return ByHand(host, self.hosts, lambda bridge, snapshot: None, self.report)

    def report(self, reports: list[PortReport]) -> None:
        ports = self.hosts.fabric.inventory.ports
        for report in reports:
            self.reports[report.port_id] = report
            told = {"binding": report.binding, "status": report.status, "waits_for": report.waits_for}
            self.hosts.fabric.apply([Upserted(replace(ports[report.port_id], **told))])  # type: ignore[arg-type]

    def plug(self, **iface_ids: str) -> None:
        self.ovsdb.iface_ids.update(iface_ids)
        self.peers.session_shows(self.ovsdb, self.ovsdb.view())  # type: ignore[arg-type]

    def attempt(self) -> bool:
        reconciler = self.hosts.by_name["h"].reconciler
        assert isinstance(reconciler, HostReconciler)
        return reconciler.attempt()

    @property
    def trouble(self) -> str:
        (report,) = host_reports(self.peers)
        return report.trouble


def test_a_switch_that_refuses_is_its_host_s_trouble_until_it_takes_the_flows() -> None:
    world = World()
    world.connection.fault = "refused"
    assert not world.attempt()
    assert world.trouble == "refused"
    assert world.attempt()
    assert world.trouble == ""


def test_a_pass_that_fails_again_and_again_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.plug(tap1=VM1.id)
    assert world.attempt()
    for fault in ("refused", "refused", "refused", "", "refused"):
        world.connection.fault = fault
        world.bridge.flows.clear()
        world.hosts.by_name["h"].reconciler.audit()  # type: ignore[union-attr]
        world.attempt()
    assert caplog.messages.count("host h: refused") == 2


def test_a_stranger_that_connects_again_and_again_is_complained_of_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints = Complaints(lambda: 0.0)
    monkeypatch.setattr(peers, "complain", complaints.complain)
    world = World()
    for _ in range(100):
        stranger = SwitchConnection(SwitchBridge({}), "br-foo", "198.51.100.1")
        world.peers.connected(stranger, "h")  # type: ignore[arg-type]
        second = SwitchConnection(SwitchBridge({}), "br-int", "198.51.100.1")
        world.peers.connected(second, "h")  # type: ignore[arg-type]
        world.peers.disconnected(second)  # type: ignore[arg-type]
    told = [message for message in caplog.messages if "left alone" in message or "is refused" in message]
    assert len(told) == 2


@pytest.mark.parametrize(
    ("bridge", "port", "sentence"),
    [
        (
            "br-int",
            InterfaceFacts("int-br-eth2", type="patch", peer="phy-br-eht2"),
            "peer phy-br-eht2 does not exist",
        ),
        ("br-int", InterfaceFacts("int-br-eth2", type="internal"), "is of type internal, not a patch port"),
        ("br-eth2", InterfaceFacts("eth2", admin_up=False), "eth2 of bridge br-eth2 is down"),
    ],
)
def test_a_port_whose_way_to_the_wire_is_cut_is_not_active(
    monkeypatch: pytest.MonkeyPatch, bridge: str, port: InterfaceFacts, sentence: str
) -> None:
    world = World()
    world.plug(tap1=VM1.id)
    assert world.attempt()
    assert world.reports[VM1.id].status is PortStatus.ACTIVE
    others = (it for it in switch.GOOD_BRIDGES if it.name != bridge)
    good = next(it for it in switch.GOOD_BRIDGES if it.name == bridge)
    kept = (it for it in good.ports if it.name != port.name)
    wrong = replace(good, ports=(*kept, PortFacts(port.name, interfaces=(port,))))
    monkeypatch.setattr(switch, "GOOD_BRIDGES", (*others, wrong))
    world.plug()
    assert world.attempt()
    assert world.reports[VM1.id].status is PortStatus.DOWN
    assert sentence in world.reports[VM1.id].waits_for


def test_what_a_pass_changes_of_what_is_shown_is_news_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    news: list[None] = []
    monkeypatch.setattr(world.hosts.news, "set", lambda: news.append(None))
    told = []
    for fault in ("refused", "refused", "", ""):
        world.connection.fault = fault
        world.attempt()
        told.append(len(news))
    assert told == [1, 1, 2, 2]


def test_a_table_that_is_full_leaves_the_ports_that_stand_and_blames_the_one_that_does_not() -> None:
    world = World()
    world.plug(tap1=VM1.id)
    assert world.attempt()
    assert world.reports[VM1.id].status is PortStatus.ACTIVE

    world.connection.full_at = len(world.bridge.flows) + 2
    world.plug(tap2=world.second.id)
    assert not world.attempt()
    assert world.reports[VM1.id].status is PortStatus.ACTIVE
    assert world.reports[world.second.id].status is PortStatus.DOWN
    assert world.reports[world.second.id].waits_for == "the table is full"

    world.connection.full_at = 1_000_000
    assert world.attempt()
    assert world.reports[world.second.id].status is PortStatus.ACTIVE


def test_of_a_port_whose_flows_are_refused_in_part_nothing_stays_when_it_goes() -> None:
    """Open vSwitch leaves out of a bundle what it refuses, and does the rest."""
    world = World()
    assert world.attempt()
    before = dict(world.bridge.flows)
    world.plug(tap1=VM1.id)
    assert world.attempt()
    of_port = [key for key in world.bridge.flows if key not in before]
    for refused in of_port:
        world = World()
        world.connection.refuses = {refused}
        world.plug(tap1=VM1.id)
        world.attempt()
        world.ovsdb.iface_ids.clear()
        world.plug()
        world.attempt()
        assert world.attempt()
        assert world.bridge.flows == before
        assert world.hosts.by_name["h"].tallies.repairs == 0


def test_a_bridge_that_cannot_be_read_keeps_no_other_from_its_flows_and_is_asked_again_later() -> None:
    world = World()
    world.plug(tap1=VM1.id)
    world.physical.fault = "refused"
    assert not world.attempt()
    assert world.bridge.flows and world.reports[VM1.id].status is PortStatus.DOWN
    reconciler = world.hosts.by_name["h"].reconciler
    assert isinstance(reconciler, HostReconciler) and not reconciler._wakeup.is_set
    assert world.attempt()
    assert world.reports[VM1.id].status is PortStatus.ACTIVE


def refuses(_change: BridgeChange) -> None:
    """Write no bridge."""
    raise OvsdbError("a constraint is violated")


def with_tunnels(world: World) -> SwitchConnection:
    """Plug in the first port, and the second one in a network over tunnels; give br-tun."""
    overlay = Network(id="n", project_id="p", network_type=NetworkType.VXLAN, segmentation_id=7)
    world.hosts.fabric.apply([Upserted(overlay), Upserted(replace(world.second, network_id=overlay.id))])
    tunnel = SwitchConnection(SwitchBridge({"patch-int": 1, "tun-vxlan": 2}), "br-tun")
    world.ovsdb.datapath_ids += (tunnel.id,)
    world.ovsdb.tunnel_address = "192.0.2.1"
    world.plug(tap1=VM1.id, tap2=world.second.id)
    world.peers.connected(tunnel, None)  # type: ignore[arg-type]
    return tunnel


@pytest.mark.parametrize("is_bare", [True, False])
@pytest.mark.parametrize("broken", ["br-eth2", "br-tun", "the writing of br-tun"])
def test_a_bridge_that_cannot_be_as_it_should_costs_what_hangs_on_it(broken: str, is_bare: bool) -> None:
    world = World()
    world.bridge.ports["patch-tun"] = 9
    if not is_bare:
        assert world.attempt()
    tunnel = with_tunnels(world)
    with pytest.MonkeyPatch.context() as patch:
        if broken == "the writing of br-tun":
            patch.setattr(world.ovsdb, "write_bridge", refuses)
        else:
            connection = tunnel if broken == "br-tun" else world.physical
            patch.setattr(connection, "full_at", 0)
            connection.bridge_in_memory.restart()
            world.hosts.by_name["h"].reconciler.audit()  # type: ignore[union-attr]
        stands, waits = VM1.id, world.second.id
        if broken == "br-eth2":
            stands, waits = waits, stands
        for _ in range(2):
            assert not world.attempt()
            assert not world.hosts.by_name["h"].in_order
        assert world.trouble in ("the table is full", "a constraint is violated")
        found = {id: (report.status, report.waits_for) for id, report in world.reports.items()}
        assert found == {stands: (PortStatus.ACTIVE, ""), waits: (PortStatus.DOWN, world.trouble)}
        assert world.ovsdb.tags.keys() == {"tap1", "tap2"}
        assert 4095 not in world.ovsdb.tags.values()
    assert world.attempt()
    assert world.trouble == ""
    assert {report.status for report in world.reports.values()} == {PortStatus.ACTIVE}


def test_a_tunnel_bridge_that_has_gone_and_cannot_be_made_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.bridge.ports["patch-tun"] = 9
    tunnel = with_tunnels(world)
    assert world.attempt()
    monkeypatch.setattr(world.ovsdb, "write_bridge", refuses)
    world.ovsdb.links.clear()
    world.plug()
    world.peers.disconnected(tunnel)  # type: ignore[arg-type]
    assert not world.attempt()
    found = {id: report.waits_for for id, report in world.reports.items()}
    assert found == {VM1.id: "", world.second.id: "bridge br-tun of host h to connect to the controller"}


def test_a_port_that_came_from_another_host_is_announced_while_it_is_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    later: list[Callable[[], object]] = []
    monkeypatch.setattr(runtime, "spawn_after", lambda _, work, *given: later.append(lambda: work(*given)))

    def sent() -> list[bytes]:
        return [message for message in world.connection.sent if message[1] == MessageType.PACKET_OUT]

    world.plug(tap1=VM1.id, tap2=world.second.id)
    world.hosts.fabric.host("h").arrivals.update((VM1.id, "elsewhere"))
    world.connection.fault = "refused"
    assert not world.attempt()
    later.clear()
    assert world.attempt()
    (frame,) = announcements(VM1, Paired())
    message = codec.packet_out_as_received(2, frame)
    first, *again = later
    first()
    assert sent() == [message]
    again[0]()
    assert sent() == [message] * 2
    world.plug(tap1="")  # a frame of it would say that it has come back
    again[-1]()
    assert sent() == [message] * 2
    assert world.hosts.fabric.host("h").arrivals == {"elsewhere"}


def test_a_switch_of_few_meters_gives_the_bridge_its_meter_and_every_port_its_flows() -> None:
    world = World(max_meters=18)
    world.plug(tap1=VM1.id, tap2=world.second.id)
    assert world.attempt()
    assert sorted(world.bridge.meters) == [1, 18]
    assert all(report.status is PortStatus.ACTIVE for report in world.reports.values())
    assert world.trouble == (
        "its switch has 18 meters, too few for each port to have its own: 1 ports are held back together only"
    )


def test_a_switch_that_refuses_its_meters_is_used_without() -> None:
    world = World()
    world.connection.takes_meters = False
    world.plug(tap1=VM1.id, tap2=world.second.id)
    assert not world.attempt()
    assert world.attempt()
    assert (world.bridge.meters, len(world.bridge.flows) > 0) == ({}, True)
    assert all(report.status is PortStatus.ACTIVE for report in world.reports.values())
    assert world.trouble == (
        "its switch has no meters, too few for each port to have its own: 2 ports are held back by nothing"
    )


@pytest.mark.parametrize(
    "broken",
    [
        ("reconcile.host_snapshot", "port_reporter.host_snapshot"),
        ("port_reporter.port_reports",),
        ("host_conditions.HostConditions.look",),
    ],
)
def test_what_breaks_a_pass_and_its_report_is_the_host_s_trouble_and_tried_again(
    broken: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    world.plug(tap1=VM1.id)
    with monkeypatch.context() as patch:
        for name in broken:
            patch.setattr(f"osken_apps.apps.{name}", lambda *_: 1 / 0)
        for _ in range(3):
            assert not world.attempt()
    assert world.trouble == "an error of the controller; see its log"
    assert sum("could not be told" in record.message for record in caplog.records) == 1
    assert world.attempt()
    assert world.trouble == ""
    assert world.reports[VM1.id].status is PortStatus.ACTIVE


def test_a_host_is_served_on_after_an_error_that_its_report_met_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        if len(waits) > 2:
            raise GreenletExit
        raise ZeroDivisionError

    waits: list[float | None] = []
    world = World()
    world.plug(tap1=VM1.id)
    reconciler = world.hosts.by_name["h"].reconciler
    monkeypatch.setattr(runtime.Signal, "wait", lambda _, seconds: waits.append(seconds))
    for module in ("reconcile", "port_reporter"):
        monkeypatch.setattr(f"osken_apps.apps.{module}.host_snapshot", broken)
    with pytest.raises(GreenletExit):
        HostReconciler.run(reconciler)  # type: ignore[arg-type]
    assert waits == [None, 0.5, 1.0]


def test_two_hosts_of_one_name_the_second_is_refused_and_both_say_so() -> None:
    world = World()
    other = Ovsdb("h", (SwitchBridge({}).datapath_id,), "192.0.2.66")
    other.system_id = "another"
    world.peers.session_shows(other, other.view())  # type: ignore[arg-type]
    assert world.attempt()
    first, second = host_reports(world.peers)
    assert (first.system_id, first.refused) == ("system-id of h", "")
    assert "192.0.2.66" in first.trouble
    assert (second.system_id, second.refused, second.bridges) == ("another", "192.0.2.66", ())
    assert second.trouble.startswith("its host name h is that of host h (system-id system-id of h)")

    other.host = "elsewhere"
    world.peers.session_shows(other, other.view())  # type: ignore[arg-type]
    assert [(report.host, report.trouble) for report in host_reports(world.peers)] == [
        ("elsewhere", ""),
        ("h", ""),
    ]


def test_flows_of_others_are_named_with_what_takes_them_away() -> None:
    world = World()
    foreign = replace(desired_flows("br-int", LAYOUT, SCENARIOS["idle"])[0], cookie=0xABC, priority=100)
    key, body = encode_flow(foreign)
    world.bridge.flows[key] = body
    assert world.attempt()
    assert world.bridge.flows[key] == body
    (report,) = host_reports(world.peers)
    assert report.conditions == (
        (
            "foreign_flows",
            "bridge br-int has 1 flows of others (cookies 0xabc, highest priority 100): they may take frames"
            " before ours do",
            "ovs-ofctl -O OpenFlow14 del-flows br-int cookie=0xabc/-1",
        ),
    )


def guarded(world: World) -> None:
    """Let the second port be guarded, and the first one not."""
    first, second = (
        replace(VM1, port_security_enabled=False),
        replace(world.second, port_security_enabled=True),
    )
    world.hosts.fabric.apply([Upserted(first), Upserted(second)])
    world.plug(tap1=VM1.id, tap2=second.id)


def test_a_datapath_that_cannot_track_connections_leaves_guarded_ports_dead_until_it_can() -> None:
    world = World()
    guarded(world)
    world.connection.can_track = False
    assert not world.attempt()
    assert world.attempt()
    assert world.ovsdb.tags == {"tap1": 1, "tap2": 4095}
    assert world.reports[VM1.id].status is PortStatus.ACTIVE
    waiting = world.reports[world.second.id]
    assert (waiting.status, waiting.binding) == (PortStatus.DOWN, None)
    assert "tracks connections" in waiting.waits_for
    assert "connection tracking" in world.trouble
    world.connection.close()
    world.peers.disconnected(world.connection)  # type: ignore[arg-type]
    world.peers.connected(SwitchConnection(world.bridge, "br-int"), None)  # type: ignore[arg-type]
    assert world.attempt()
    assert world.trouble == ""
    assert world.reports[world.second.id].status is PortStatus.ACTIVE


def test_a_local_vlan_s_connections_are_forgotten_when_another_network_has_it_and_at_no_other_time() -> None:
    world = World()
    guarded(world)
    assert world.attempt()
    assert flushed(world.connection) == [1]
    assert world.attempt()
    assert flushed(world.connection) == []
    world.ovsdb.iface_ids.clear()
    world.plug()
    assert world.attempt()
    world.hosts.fabric.apply([Upserted(NET2), Upserted(replace(world.second, network_id=NET2.id))])
    world.plug(tap2=world.second.id)
    assert world.attempt()
    assert flushed(world.connection) == [1]
    world.ovsdb.iface_ids.clear()
    world.plug()
    assert world.attempt()
    world.hosts.fabric.apply([Upserted(replace(world.second, network_id=NET2.id))])
    world.plug(tap2=world.second.id)
    assert world.attempt()
    assert flushed(world.connection) == []


def test_what_the_store_has_as_bound_is_not_forgotten_when_the_controller_is_new() -> None:
    world = World()
    guarded(world)
    assert world.attempt()
    assert flushed(world.connection) == [1]
    world.hosts.fabric.host("h").zones.clear()
    assert world.attempt()
    assert flushed(world.connection) == []


def undeclared(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Have every host's integration bridge show so many interfaces of which nobody says what they are."""
    integration, *others = sorted(switch.GOOD_BRIDGES, key=lambda bridge: bridge.name != "br-int")
    ports = (PortFacts(f"tap{each}", interfaces=(InterfaceFacts(f"tap{each}"),)) for each in range(number))
    crowded = replace(integration, ports=(*integration.ports, *ports))
    monkeypatch.setattr(switch, "GOOD_BRIDGES", (crowded, *others))


def test_how_often_conditions_are_compared_grows_with_their_number_and_not_with_its_square(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, compared = World(), [0]
    is_equal = Condition.__eq__

    def counted(one: Condition, other: object) -> bool:
        compared[0] += 1
        return is_equal(one, other)

    for number in (200, 201):
        with monkeypatch.context() as patch:
            undeclared(patch, number)
            world.plug()
        monkeypatch.setattr(Condition, "__eq__", counted)
        assert world.attempt()
        assert len(world.hosts.by_name["h"].conditions) == number
    assert compared[0] < 10 * 201


def test_where_what_is_wrong_cannot_be_found_ports_are_served_and_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    world = World()
    undeclared(monkeypatch, 1)
    world.plug(tap1=VM1.id)
    assert world.attempt()
    monkeypatch.setattr(host_conditions, "conditions", broken)
    world.plug(tap2=world.second.id)
    assert world.attempt()
    assert world.reports[world.second.id].status is PortStatus.ACTIVE


@pytest.fixture
def in_one_minute(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all that a test does of hosts logged as within one minute."""
    monkeypatch.setattr(hosts, "complain", Complaints(lambda: 0.0).complain)
    caplog.set_level("INFO")


@pytest.mark.usefixtures("in_one_minute")
def test_hosts_without_ports_under_any_names_are_told_of_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bridge, "meter_drops", Mock(side_effect=SwitchError("no counters")))
    world = World()
    overlay = Network(id="n9", project_id="p", network_type=NetworkType.VXLAN, segmentation_id=9)
    elsewhere = replace(VM1, id="90000000-port", network_id="n9", binding=Binding("other", 1, "tap9"))
    load(world.hosts.fabric, Snapshot((overlay, elsewhere), store_id="s"))
    undeclared(monkeypatch, 5)
    for number in range(20):
        bridge = SwitchBridge({"int-br-eth2": 1, "lost": 2, "tap9": 3})
        stranger = Ovsdb(f"made-up-{number}", (bridge.datapath_id,), "198.51.100.1")
        stranger.iface_ids = {"lost": "99999999-of-another-database", "tap9": elsewhere.id}
        stranger.tags, stranger.marks = {"lost": 7}, {"lost": "s"}
        stranger.tunnel_address = f"198.51.100.{number + 1}"
        world.peers.session_shows(stranger, stranger.view())  # type: ignore[arg-type]
        world.peers.connected(SwitchConnection(bridge, "br-int", "198.51.100.1"), None)  # type: ignore[arg-type]
        reconciler = world.hosts.by_name[stranger.host].reconciler
        assert isinstance(reconciler, HostReconciler)
        reconciler.attempt()
    told = [message for message in caplog.messages if "made-up-" in message]
    for words in ("carry traffic of ports", "its counters tell nothing", "br-tun: written"):
        assert len([message for message in told if words in message]) == 1
    assert len(told) < 15


@pytest.mark.usefixtures("in_one_minute")
def test_of_a_host_without_ports_each_bridge_and_each_kind_of_condition_is_told(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    bridge, physical = SwitchBridge({"int-br-eth2": 1}), SwitchBridge({})
    stranger = Ovsdb("new", (bridge.datapath_id, physical.datapath_id), "198.51.100.1")
    undeclared(monkeypatch, 1)
    bridges = tuple(replace(each, fail_mode="") for each in switch.GOOD_BRIDGES)
    monkeypatch.setattr(switch, "GOOD_BRIDGES", bridges)
    world.peers.session_shows(stranger, stranger.view())  # type: ignore[arg-type]
    for name, one in (("br-int", bridge), ("br-eth2", physical)):
        world.peers.connected(SwitchConnection(one, name, "198.51.100.1"), None)  # type: ignore[arg-type]
    reconciler = world.hosts.by_name["new"].reconciler
    assert isinstance(reconciler, HostReconciler)
    assert reconciler.attempt()
    told = [message for message in caplog.messages if message.startswith("host new: ")]
    conditions = [condition.sentence for condition in world.hosts.by_name["new"].conditions]
    assert len(conditions) == 3
    for sentence in conditions:
        assert any(sentence in message for message in told)
    for name in ("br-int", "br-eth2"):
        assert f"host new: {name}: 0 flows of ours found" in told
    connections = [one.connection for one in world.hosts.by_name["new"].bridges.values()]
    for connection in connections:
        world.peers.disconnected(connection)
    for name in ("br-int", "br-eth2"):
        assert f"host new: bridge {name} disconnected" in caplog.messages


def test_strangers_that_give_no_sign_of_life_to_their_rivals_are_told_of_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "complain", Complaints(lambda: 0.0).complain)
    monkeypatch.setattr(runtime, "spawn", lambda work, *given: work(*given))
    caplog.set_level("INFO")
    world = World()
    for number in range(20):
        for datapath_id in (2 * number, 2 * number + 1):
            silent = Ovsdb(f"made-up-{number}", (1000 + datapath_id,), "198.51.100.1")
            silent.system_id, silent.answers = f"{datapath_id}", False
            world.peers.session_shows(silent, silent.view())  # type: ignore[arg-type]
    assert len([message for message in caplog.messages if "waits for its place" in message]) == 1


def test_each_bridge_of_an_address_that_waits_for_its_host_is_told(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "complain", Complaints(lambda: 0.0).complain)
    world = World()
    monkeypatch.setattr(runtime, "spawn_after", lambda _delay_s, work, *given: work(*given))
    for name in ("br-int", "br-eth2") * 2:
        nameless = SwitchConnection(SwitchBridge({}), name, "198.51.100.1")
        world.peers.connected(nameless, None)  # type: ignore[arg-type]
    for name in ("br-int", "br-eth2"):
        assert len([message for message in caplog.messages if f"its bridge {name} waits" in message]) == 1


def test_of_where_a_host_has_come_from_no_more_is_kept_than_of_what_was_connected_last() -> None:
    world = World()
    physical = SwitchBridge({})
    for number in range(1, 51):
        again = SwitchConnection(physical, "br-int", f"198.51.100.{number}")
        world.peers.connected(again, "named")  # type: ignore[arg-type]
        world.peers.disconnected(again)  # type: ignore[arg-type]
    assert world.hosts.by_name["named"].addresses == {"198.51.100.50"}


@pytest.mark.usefixtures("in_one_minute")
def test_of_a_host_without_ports_what_broke_a_pass_is_told_after_one_that_was_cut_short(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.connection.on_change = lambda: setattr(world.hosts.by_name["h"], "session", Mock())
    assert not world.attempt()
    world.connection.on_change = lambda: None
    world.hosts.by_name["h"].session = world.ovsdb  # type: ignore[assignment]
    world.connection.fault = "refused"
    world.hosts.by_name["h"].reconciler.audit()  # type: ignore[union-attr]
    assert not world.attempt()
    assert "host h: refused" in caplog.messages


def test_of_very_many_conditions_of_a_host_some_are_logged_and_the_rest_is_counted(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO")
    world = World()
    world.plug(tap1=VM1.id)
    assert world.attempt()
    caplog.clear()
    with monkeypatch.context() as patch:
        undeclared(patch, 50)
        world.plug()
    assert world.attempt()
    told = [message for message in caplog.messages if message.startswith("host h: ")]
    assert (len(told), told[-1]) == (21, "host h: 30 more are wrong")
    caplog.clear()
    world.plug()
    assert world.attempt()
    assert "host h: 30 more are wrong no more" in caplog.messages


def test_what_was_refused_is_trouble_until_nothing_is_refused_for_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def pass_time(seconds: float) -> None:
        nonlocal now
        now += seconds
        for timer in [timer for timer in timers if timer[0] <= now]:
            timers.remove(timer)
            timer[1](*timer[2:])

    now, timers = 0.0, list[Any]()
    world = World()
    monkeypatch.setattr(runtime, "clock", lambda: now)
    monkeypatch.setattr(runtime, "spawn_after", lambda after_s, *work: timers.append((now + after_s, *work)))
    for _ in range(2):
        for _ in range(10):
            world.hosts.refused_by_certificate("h", "198.51.100.1", "expired")
            pass_time(30.0)
            assert (world.trouble, len(timers)) == ("expired", 1)
        world.hosts.news.clear()
        pass_time(30.0)
        assert (world.trouble, timers, world.hosts.news.is_set) == ("", [], True)


def test_a_host_is_away_once_the_loop_has_got_round_often_enough_since_it_went(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However late each round comes: what has dialled since was served in one of them."""
    timers = list[Callable[[], object]]()
    world = World()
    monkeypatch.setattr(runtime, "spawn_after", lambda _, work, *given: timers.append(lambda: work(*given)))
    monkeypatch.setattr(world.hosts, "let_settle", lambda _host: None)
    host = world.hosts.by_name["h"]
    world.peers.session_ended(world.ovsdb)  # type: ignore[arg-type]
    for connection in (world.connection, world.physical):
        world.peers.disconnected(connection)  # type: ignore[arg-type]
    rounds = 0
    while host.reconciler:
        timers.pop(0)()
        rounds += 1
    assert rounds == hosts.AWAY_S / runtime.ROUND_S


def test_a_host_has_had_its_time_to_connect_once_the_loop_has_got_round_often_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its other bridges may have dialled long ago: among thousands they wait for their turn."""
    timers = list[Callable[[], object]]()
    world = World()
    monkeypatch.setattr(runtime, "spawn_after", lambda _, work, *given: timers.append(lambda: work(*given)))
    world.peers.disconnected(world.physical)  # type: ignore[arg-type]
    rounds = 0
    while not world.hosts.by_name["h"].settled:
        timers.pop(0)()
        rounds += 1
    assert rounds == hosts.SETTLE_S / runtime.ROUND_S
