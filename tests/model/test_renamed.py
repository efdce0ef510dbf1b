"""A host that was renamed is the host that it was, also where no controller saw it."""

from dataclasses import replace

import pytest

from osken_apps.apps.host import Host
from osken_apps.apps.host_reports import host_reports
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.peers import Peers
from osken_apps.model.changes import HostIdentity, PortReport, Snapshot
from osken_apps.model.claims import Place
from osken_apps.model.fabric import Fabric
from osken_apps.model.local_vlans import DEAD_TAG
from osken_apps.model.resources import Binding, Port, PortStatus
from tests.golden.scenarios import LAYOUT
from tests.model.loading import load
from tests.model.switch import Ovsdb, SwitchBridge, SwitchConnection, new_datapath_ids
from tests.model.test_networks_apart import NETWORKS, OVERLAY, Site, at_rest, port, tap

P1 = port(1, NETWORKS[1])
PINNED = replace(P1, requested_host="h")
EVERY_NETWORK = (*NETWORKS.values(), OVERLAY)
SYSTEM_ID = "system-id of h"
KNOWN = HostIdentity("h", SYSTEM_ID)


def served(one: Port = P1) -> Site:
    """Give a host that is as it should be."""
    site = Site(one)
    site.plug(10, one)
    at_rest(site)
    return site


def tables(site: Site) -> tuple[object, object]:
    return {name: dict(bridge.flows) for name, bridge in site.bridges.items()}, dict(site.ovsdb.tags)


def restart(site: Site, *intent: Snapshot) -> None:
    """Start a controller to which nothing has connected yet."""
    site.hosts = Hosts(Fabric(LAYOUT), site._serve)
    site.peers = Peers(site.hosts)
    site.fabric = site.hosts.fabric
    for snapshot in intent:
        load(site.fabric, snapshot)


def connect(site: Site, description: str = "h") -> None:
    for name in site.bridges:
        site.connect(name, description)


def kept(one: Port, *identities: HostIdentity) -> Snapshot:
    """Give what the store tells of a port at host h, and of hosts."""
    bound = replace(one, binding=Binding("h", 1, tap(one)), status=PortStatus.ACTIVE)
    return Snapshot((*EVERY_NETWORK, bound), "s", identities=identities)


def looked_at(site: Site) -> Host:
    """Have all hosts brought to what they should be; give the one with the session."""
    for host in [host for host in site.hosts.by_name.values() if host.reconciler]:
        host.reconciler.attempt()  # type: ignore[union-attr]
        site.show_if_it_did()
    found = site.peers._sessions[site.ovsdb]  # type: ignore[index]
    assert found
    return found


def is_dead(site: Site, one: Port = P1) -> bool:
    return site.ovsdb.tags[tap(one)] == DEAD_TAG


@pytest.mark.parametrize("one", [P1, replace(P1, port_security_enabled=True), PINNED])
def test_a_host_that_was_renamed_while_no_controller_ran_keeps_its_ports(
    one: Port, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    site = served(one)
    before = tables(site)
    site.ovsdb.host = "h2"
    site.start(kept(one, KNOWN))
    assert (looked_at(site).name, list(site.fabric.hosts)) == ("h2", ["h2"])
    assert (tables(site), site.reports[one.id].binding) == (before, Binding("h2", 1, tap(one)))
    assert "host h is called h2 now" in caplog.messages
    assert not [line for line in caplog.messages if "moved from" in line]


@pytest.mark.parametrize("described", ["h", "h2"])
def test_it_does_so_where_its_bridges_connect_before_its_session(described: str) -> None:
    site = served(PINNED)
    before = tables(site)
    site.ovsdb.host = "h2"
    restart(site, kept(PINNED, KNOWN))
    connect(site, described)
    site.hosts.by_name[described].reconciler.attempt()  # type: ignore[union-attr]
    site.show()
    assert (looked_at(site).name, list(site.hosts.by_name), tables(site)) == ("h2", ["h2"], before)


def test_it_does_so_where_it_connects_before_the_store_is_known() -> None:
    site = served()
    before = tables(site)
    site.ovsdb.host = "h2"
    restart(site)
    site.show()
    connect(site)
    load(site.fabric, kept(P1, KNOWN))
    site.peers.know_again()
    assert (looked_at(site).name, list(site.fabric.hosts), tables(site)) == ("h2", ["h2"], before)


def test_a_host_that_was_renamed_while_it_was_away_is_the_one_that_it_was() -> None:
    site = served(PINNED)
    before = tables(site)
    for connection in site.connections.values():
        site.peers.disconnected(connection)  # type: ignore[arg-type]
    site.peers.session_ended(site.ovsdb)  # type: ignore[arg-type]
    site.ovsdb.host = "h2"
    site.show()
    connect(site)
    assert (looked_at(site).name, list(site.hosts.by_name), tables(site)) == ("h2", ["h2"], before)


def test_a_wish_for_a_name_of_before_means_its_host_also_after_a_restart() -> None:
    site = served(PINNED)
    site.ovsdb.host = "h2"
    site.start(kept(PINNED, HostIdentity("h2", SYSTEM_ID, ("h",))))
    assert (looked_at(site).name, is_dead(site)) == ("h2", False)


def test_a_host_that_has_its_name_of_before_again_has_what_the_store_recorded_by_it() -> None:
    site = served()
    restart(site, kept(P1, HostIdentity("h2", SYSTEM_ID, ("h",))))
    site.show()
    assert list(site.fabric.hosts) == ["h"]
    assert site.fabric.claims.place_of(P1.id) == Place("h", tap(P1))


def test_a_host_that_is_renamed_keeps_what_is_wanted_there() -> None:
    site = served(PINNED)
    before = tables(site)
    site.ovsdb.host = "h2"
    site.show()
    assert (looked_at(site).name, tables(site)) == ("h2", before)
    assert not looked_at(site).conditions


@pytest.mark.parametrize("binding", ["h", "h2"])
@pytest.mark.parametrize("looked", ["not at all", "at once", "settled", "gone", "unseen"])
@pytest.mark.parametrize("one", [P1, replace(P1, port_security_enabled=True), PINNED])
def test_a_dp_desc_that_says_a_name_of_before_makes_no_other_host(
    one: Port, looked: str, binding: str
) -> None:
    site = served(one)
    before = tables(site)
    site.ovsdb.host = "h2"
    bound = replace(one, binding=Binding(binding, 1, tap(one)), status=PortStatus.ACTIVE)
    renamed = HostIdentity("h2", SYSTEM_ID, ("h",))
    restart(site, Snapshot((*EVERY_NETWORK, bound), "s", identities=(renamed,)))
    connect(site)
    host = site.hosts.by_name["h"]
    if looked != "not at all":
        host.reconciler.attempt()  # type: ignore[union-attr]
    if looked == "settled":
        site.hosts._settle(host, host.changes)
        host.reconciler.attempt()  # type: ignore[union-attr]
    if looked == "gone":
        for connection in site.connections.values():
            site.peers.disconnected(connection)  # type: ignore[arg-type]
        site.hosts._away(host, host.last_contact)
        connect(site)
    if looked == "unseen":  # what OVSDB has before ovs-vswitchd is connected to it
        ids, site.ovsdb.datapath_ids = site.ovsdb.datapath_ids, ()
        site.show()
        site.ovsdb.datapath_ids = ids
    site.show()
    site.hosts._settle(host, host.changes)
    assert (looked_at(site).name, is_dead(site, one), site.ovsdb.tags) == ("h2", False, before[1])
    assert (list(site.hosts.by_name), list(site.fabric.hosts)) == (["h2"], ["h2"])
    assert looked_at(site).reconciler
    assert site.ovsdb.tags == before[1]


def test_nor_where_open_vswitch_restarts_and_its_bridges_connect_first() -> None:
    site = served(PINNED)
    site.ovsdb.host = "h2"
    site.show()
    looked_at(site)
    for connection in site.connections.values():
        site.peers.disconnected(connection)  # type: ignore[arg-type]
    site.peers.session_ended(site.ovsdb)  # type: ignore[arg-type]
    connect(site)
    site.hosts.by_name["h"].reconciler.attempt()  # type: ignore[union-attr]
    written = site.ovsdb.written
    site.show()
    looked_at(site)
    assert (is_dead(site), site.ovsdb.written, list(site.fabric.hosts)) == (False, written, ["h2"])


def test_a_host_whose_bridges_turn_out_to_be_of_another_is_none() -> None:
    site = served(PINNED)
    restart(site, kept(PINNED, KNOWN))
    connect(site, "x")
    site.hosts.by_name["x"].reconciler.attempt()  # type: ignore[union-attr]
    site.show()
    assert (list(site.hosts.by_name), list(site.fabric.hosts)) == (["h"], ["h"])
    assert (looked_at(site).name, is_dead(site)) == ("h", False)


def test_another_machine_that_is_called_so_is_left_alone() -> None:
    site = served(PINNED)
    site.ovsdb.host = "h2"
    site.show()
    looked_at(site)
    other = SwitchConnection(SwitchBridge({}), "br-int", "192.0.2.7")
    site.peers.connected(other, "h")  # type: ignore[arg-type]
    site.show()
    assert sorted(site.hosts.by_name) == ["h", "h2"]


def test_it_is_so_where_both_connect_before_the_store_is_known() -> None:
    site = served(PINNED)
    site.ovsdb.host = "h2"
    restart(site)
    site.show()
    connect(site)
    other = SwitchConnection(SwitchBridge({}), "br-int", "192.0.2.7")
    site.peers.connected(other, "h")  # type: ignore[arg-type]
    load(site.fabric, kept(PINNED, HostIdentity("h2", SYSTEM_ID, ("h",))))
    site.peers.know_again()
    assert sorted(site.hosts.by_name) == ["h", "h2"]
    assert site.fabric.names.name_now("h") == "h"


def clone(site: Site) -> Ovsdb:
    """Give the database of another machine with the same system-id, which has no interface of the port."""
    other = Ovsdb("clone", new_datapath_ids(2), "192.0.2.98")
    other.system_id = site.ovsdb.system_id
    return other


@pytest.mark.parametrize("one", [P1, PINNED], ids=["wanted anywhere", "wanted there"])
@pytest.mark.parametrize("waited", [False, True])
def test_a_clone_does_not_take_the_ports_of_the_host_that_it_was_made_of(waited: bool, one: Port) -> None:
    site = served(one)
    restart(site, kept(one, KNOWN))
    if waited:
        site.hosts.wait_no_longer()
    other = clone(site)
    site.peers.session_shows(other, other.view())  # type: ignore[arg-type]
    assert sorted(site.fabric.hosts) == ["clone", "h"]


def test_a_host_that_is_connected_is_not_renamed_by_another() -> None:
    site = served()
    site.start(kept(P1, KNOWN), "br-eth2", ovsdb=False)  # as host h, by what it says itself
    other = clone(site)
    other.iface_ids = dict(site.ovsdb.iface_ids)
    site.peers.session_shows(other, other.view())  # type: ignore[arg-type]
    assert sorted(site.hosts.by_name) == ["clone", "h"]


@pytest.mark.parametrize("others", [(HostIdentity("h2", "t"),), (HostIdentity("h3", SYSTEM_ID),)])
def test_who_has_a_name_of_his_own_or_the_system_id_of_two_is_not_taken_for_another(
    others: tuple[HostIdentity, ...],
) -> None:
    site = served()
    site.ovsdb.host = "h2"
    site.start(kept(P1, KNOWN, *others))
    assert sorted(site.fabric.hosts) == ["h", "h2"]


def test_a_system_id_says_nothing_where_certificates_say_who_is_who() -> None:
    site = served()
    site.ovsdb.host = site.ovsdb.certified = "h2"
    site.start(kept(P1, KNOWN))
    assert sorted(site.fabric.hosts) == ["h", "h2"]


def test_a_host_that_is_forgotten_is_not_known_again() -> None:
    site = Site()
    site.peers.session_ended(site.ovsdb)  # type: ignore[arg-type]
    for connection in site.connections.values():
        site.peers.disconnected(connection)  # type: ignore[arg-type]
    assert not site.hosts.forget("h")
    assert site.fabric.names.known_as("h2", SYSTEM_ID) == ""


@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize("waited", [False, True])
def test_what_is_recorded_by_a_name_of_before_is_the_hosts_also_before_its_session_comes(
    guarded: bool, waited: bool
) -> None:
    one = replace(P1, port_security_enabled=guarded)
    site = Site(one)
    site.plug_interface("vnet0", one.id, 10)
    at_rest(site)
    before = tables(site)
    bound = replace(one, binding=Binding("h", 1, "vnet0"), status=PortStatus.ACTIVE)
    restart(site, Snapshot((*EVERY_NETWORK, bound), "s", identities=(HostIdentity("h2", SYSTEM_ID, ("h",)),)))
    site.reports.clear()
    connect(site, "h2")
    host = site.hosts.by_name["h2"]
    if waited:
        site.hosts._settle(host, host.changes)
    assert host.reconciler and host.reconciler.attempt()  # type: ignore[attr-defined]
    reported = {one.id: PortReport(one.id, Binding("h2", 1, "vnet0"), PortStatus.ACTIVE, "")}
    assert (tables(site), site.reports) == (before, reported if waited else {})


def test_a_host_that_is_away_is_not_forgotten_while_a_port_is_recorded_by_a_name_of_before() -> None:
    site = served()
    restart(site, kept(P1, HostIdentity("h2", SYSTEM_ID, ("h",))))
    connect(site, "h2")
    for connection in site.connections.values():
        site.peers.disconnected(connection)  # type: ignore[arg-type]
    host = site.hosts.by_name["h2"]
    site.hosts._away(host, host.last_contact)
    assert list(site.fabric.hosts) == ["h2"]
    assert [report.bound_ports for report in host_reports(site.peers)] == [1]


def test_a_machine_that_has_a_hosts_name_of_before_has_what_is_recorded_by_that_name() -> None:
    site = served()
    restart(site, kept(P1, HostIdentity("h2", SYSTEM_ID, ("h",))))
    recorded = site.fabric.recorded_at
    assert [port.id for port in recorded(site.fabric.host("h2"))] == [P1.id]
    assert [port.id for port in recorded(site.fabric.host("h"))] == [P1.id]
    assert list(recorded(site.fabric.host("h2"))) == []


def test_a_name_of_before_that_the_store_has_as_a_hosts_is_that_ones_as_long_as_it_is_waited_for() -> None:
    site = served(PINNED)
    bound = replace(PINNED, binding=Binding("h2", 1, tap(PINNED)), status=PortStatus.ACTIVE)
    hosts = (HostIdentity("h2", SYSTEM_ID, ("h",)), HostIdentity("h"))
    restart(site, Snapshot((*EVERY_NETWORK, bound), "s", identities=hosts))
    assert site.fabric.as_wanted(bound).requested_host == "h"
    connect(site, "h2")
    site.hosts.wait_no_longer()
    assert site.fabric.as_wanted(bound).requested_host == "h2"
    site.hosts.by_name["h2"].reconciler.attempt()  # type: ignore[union-attr]
    assert site.fabric.claims.place_of(PINNED.id) == Place("h2", tap(PINNED))
