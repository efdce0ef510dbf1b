"""A host whose OVSDB is away, or that never had any, is the same host as long as its bridges are here."""

import pytest

from osken_apps.apps import hosts, peers
from osken_apps.apps.complaints import Complaints
from osken_apps.apps.host_reports import host_reports
from osken_apps.apps.hosts import AWAY_S
from osken_apps.model.resources import Binding, PortStatus
from tests.model.switch import Ovsdb, SwitchBridge, SwitchConnection
from tests.model.two_hosts import VM1, VM2, Database, OneHost, TwoHosts


def stop_ovsdb(world: TwoHosts, host: OneHost) -> None:
    """Have a host's session end, and all pass that is due then."""
    host.database.is_connected = False
    world.peers.session_ended(host.database)  # type: ignore[arg-type]
    world.look()
    world.wait(AWAY_S + 1)


def all_flows(world: TwoHosts) -> list[object]:
    return [dict(bridge.flows) for host in world.all for bridge in host.bridges.values()]


def reported(world: TwoHosts) -> dict[tuple[str, str], tuple[bool, str]]:
    """Give whether hosts are alive and what they say, by name and the address of one that is refused."""
    return {(it.host, it.refused): (it.alive, it.trouble) for it in host_reports(world.peers)}


def test_a_host_whose_ovsdb_is_away_is_served_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    world = TwoHosts(monkeypatch)
    flows = all_flows(world)
    stop_ovsdb(world, world.host1)
    assert world.hosts.by_name["host1"].alive
    assert (world.port(VM1).binding, world.port(VM1).status) == (
        Binding("host1", 1, "tap1"),
        PortStatus.ACTIVE,
    )
    assert all_flows(world) == flows
    assert world.host1.connections["br-int"].handler is not None  # which answers DHCP
    world.host1.bridges["br-int"].flows.clear()
    reconciler = world.hosts.by_name["host1"].reconciler
    assert reconciler is not None
    reconciler.audit()
    world.look()
    assert all_flows(world) == flows
    world.host1.database.is_connected = True
    world.look()
    assert all_flows(world) == flows
    assert reported(world) == {("host1", ""): (True, ""), ("host2", ""): (True, "")}


def test_a_migration_to_another_host_is_not_decided_by_an_ovsdb_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = TwoHosts(monkeypatch)
    world.plug(world.host2, VM1.id, "tapX")  # waits for its machine to speak there
    stop_ovsdb(world, world.host1)
    assert world.port(VM1).binding == Binding("host1", 1, "tap1")
    assert world.host2.database.tags["tapX"] == 4095


def test_an_ovsdb_that_starts_and_shows_no_datapath_ids_as_yet_disturbs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = TwoHosts(monkeypatch)
    flows = all_flows(world)
    stop_ovsdb(world, world.host1)
    ids, world.host1.database.datapath_ids = world.host1.database.datapath_ids, ()
    world.host1.database.is_connected = True
    world.look()
    assert world.hosts.by_name["host1"].session is world.host1.database  # type: ignore[comparison-overlap]
    assert world.hosts.by_name["host1"].bridges.keys() == {"br-int", "br-eth2"}
    world.host1.database.datapath_ids = ids
    world.look()
    assert all_flows(world) == flows
    assert reported(world) == {("host1", ""): (True, ""), ("host2", ""): (True, "")}


def test_a_clone_that_waits_gets_nothing_while_the_first_one_s_ovsdb_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = TwoHosts(monkeypatch)
    flows = all_flows(world)
    clone = Database("host1", (9001, 9002), "192.0.2.9")
    world.peers.session_shows(clone, clone.view())  # type: ignore[arg-type]
    stop_ovsdb(world, world.host1)
    assert all_flows(world) == flows
    assert world.port(VM1).binding == Binding("host1", 1, "tap1")
    alive, trouble = reported(world)["host1", ""]
    assert alive
    assert "another that uses its names is refused: its host name host1 is that of host host1" in trouble
    assert "whose bridge br-" in reported(world)["host1", "192.0.2.9"][1]


def test_a_session_does_not_take_the_bridges_of_a_host_that_its_dp_desc_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = TwoHosts(monkeypatch)
    world.disconnect(world.host1)
    for connection in world.host1.connections.values():
        connection.alive = True
        world.peers.connected(connection, "host1")  # type: ignore[arg-type]
    world.look()
    flows, binding = all_flows(world), world.port(VM1).binding
    other = Database("host1", (9001, 9002), "192.0.2.9")
    world.peers.session_shows(other, other.view())  # type: ignore[arg-type]
    world.wait(40)
    assert (all_flows(world), world.port(VM1).binding) == (flows, binding)
    assert world.hosts.by_name["host1"].session is None
    assert "is refused" in reported(world)["host1", ""][1]
    assert "it does not show" in reported(world)["host1", "192.0.2.9"][1]


def test_a_host_that_was_renamed_while_its_ovsdb_was_away_takes_its_bridges_and_ports_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = TwoHosts(monkeypatch)
    flows = all_flows(world)
    stop_ovsdb(world, world.host1)
    world.host1.database.host = "host1.example.org"
    world.host1.database.is_connected = True
    world.look()
    assert world.port(VM1).binding == Binding("host1.example.org", 1, "tap1")
    assert (world.host1.database.tags, all_flows(world)) == ({"tap1": 1}, flows)
    assert world.hosts.by_name.keys() == {"host1.example.org", "host2"}


def test_a_renamed_host_takes_a_bridge_along_that_its_dp_desc_has_placed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = TwoHosts(monkeypatch)
    flows = all_flows(world)
    stop_ovsdb(world, world.host1)
    world.disconnect(world.host1, "br-eth2")
    world.host1.connections["br-eth2"].alive = True
    world.peers.connected(world.host1.connections["br-eth2"], "new")  # type: ignore[arg-type]
    world.look()
    assert world.hosts.by_name["new"].bridges.keys() == {"br-eth2"}
    world.host1.database.host = "new"
    world.host1.database.is_connected = True
    world.look()
    world.wait(AWAY_S + 1)
    assert world.port(VM1).binding == Binding("new", 1, "tap1")
    assert all_flows(world) == flows
    new = world.hosts.by_name["new"]
    assert {name: bridge.host for name, bridge in new.bridges.items()} == {"br-int": new, "br-eth2": new}
    assert world.hosts.by_name.keys() == {"new", "host2"}


def test_a_host_takes_the_name_that_another_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    world = TwoHosts(monkeypatch)
    flows = all_flows(world)
    stop_ovsdb(world, world.host1)
    world.host1.database.host = "host2"
    world.host1.database.is_connected = True
    world.look()
    assert world.port(VM1).binding == Binding("host1", 1, "tap1")
    world.host2.database.host = "host3"
    world.look()
    assert [world.port(port).binding for port in (VM1, VM2)] == [
        Binding("host2", 1, "tap1"),
        Binding("host3", 1, "tap2"),
    ]
    assert all_flows(world) == flows
    assert world.hosts.by_name.keys() == {"host2", "host3"}


def told_of_hosts(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Give what is told of hosts that come and go."""
    loggers = peers.LOG.name, hosts.LOG.name
    return [record.message for record in caplog.records if record.name in loggers]


def test_a_stranger_of_many_names_is_told_of_once_and_a_host_with_ports_always(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    complaints = Complaints(lambda: 0.0)
    for module in (peers, hosts):
        monkeypatch.setattr(module, "complain", complaints.complain)
    world = TwoHosts(monkeypatch)
    caplog.set_level("INFO")
    for number in range(50):
        session = Ovsdb(f"stranger{number}", (), "198.51.100.1")
        world.peers.session_shows(session, session.view())  # type: ignore[arg-type]
        bridge = SwitchConnection(SwitchBridge({}), "br-int", "198.51.100.1")
        world.peers.connected(bridge, f"stranger{number}")  # type: ignore[arg-type]
        world.peers.disconnected(bridge)  # type: ignore[arg-type]
        world.peers.session_ended(session)  # type: ignore[arg-type]
    world.wait(AWAY_S + 1)
    told = [line for line in told_of_hosts(caplog) if "stranger" in line]
    assert len(told) == 4
    assert told[0] == "host stranger0 is here: its OVSDB session from 198.51.100.1 began"
    caplog.clear()
    another = Ovsdb("another", (), "192.0.2.77")
    world.peers.session_shows(another, another.view())  # type: ignore[arg-type]
    assert told_of_hosts(caplog) == ["host another is here: its OVSDB session from 192.0.2.77 began"]
    caplog.clear()
    for _ in range(3):
        world.peers.session_ended(world.host1.database)  # type: ignore[arg-type]
        world.peers.session_shows(world.host1.database, world.host1.database.view())  # type: ignore[arg-type]
    assert len(told_of_hosts(caplog)) == 3
