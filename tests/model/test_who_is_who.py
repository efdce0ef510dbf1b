"""Each connection is of the host whose machine it comes from, whatever the machines are called meanwhile."""

import pytest

from osken_apps.apps import runtime
from osken_apps.apps.host import Host
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.peers import Peers
from osken_apps.apps.reader import Nobody
from osken_apps.model.changes import HostIdentity, Snapshot
from osken_apps.model.claims import Place
from osken_apps.model.fabric import Fabric
from osken_apps.model.local_vlans import DEAD_TAG
from osken_apps.model.resources import Binding
from tests.golden.scenarios import LAYOUT
from tests.model.by_hand import ByHand
from tests.model.loading import load
from tests.model.switch import Ovsdb, SwitchConnection, new_datapath_ids
from tests.model.test_interleavings import PORTS, Interleavings, machine
from tests.model.test_networks_apart import NETWORKS, OVERLAY, Site, port
from tests.unit.hub_thread import in_a_hub

BRIDGES = ("br-int", "br-eth2")


def of_networks(*names: str, described: bool = True) -> Interleavings:
    """Have machines, each with one interface; those of two that are next to each other are of two networks.

    If described, their bridges say in dp-desc what host they are of.
    """
    site = Interleavings()
    for network_id in ("n1", "n3"):
        site.network_is_made_or_renumbered(network_id)
    for number, (name, port_id) in enumerate(zip(names, PORTS, strict=False)):
        site.machines[name] = machine(name)
        for bridge in BRIDGES:
            site.bridge_connects(name, bridge, described)
        site.ovsdb_connects(name)
        site.port_is_made_or_changed(port_id, ("n1", "n3")[number % 2], "", True)
        site.plug(name, "vnet0", port_id)
    site.settle()
    return site


def standing(site: Interleavings, names: tuple[str, ...]) -> list[object]:
    """Give, by machine, the tags and flows that it has."""
    machines = [site.machines[name] for name in names]
    return [
        (dict(it.ovsdb.tags), {name: dict(it.bridges[name].flows) for name in BRIDGES}) for it in machines
    ]


def hosts_of(site: Interleavings, name: str) -> list[str]:
    """Name the hosts that what a machine has connected is served as: its session's first."""
    peers, it = site.controller.peers, site.machines[name]
    session = peers._sessions[it.ovsdb]  # type: ignore[index]
    bridges = [peers.bridge_of(it.connections[bridge]) for bridge in BRIDGES]  # type: ignore[arg-type]
    return [host.name if host else "" for host in (session, *(bridge and bridge.host for bridge in bridges))]


@pytest.mark.parametrize("names", [("a", "b"), ("a", "b", "c")])
@pytest.mark.parametrize("seen", [True, False])
def test_hosts_that_take_each_others_names_keep_what_is_theirs(names: tuple[str, ...], seen: bool) -> None:
    site = of_networks(*names)
    before = standing(site, names)
    called = dict(zip(reversed(names), (*reversed(names[:-1]), names[-1]), strict=True))
    for name, new_name in called.items():
        site.host_is_renamed(name, new_name)
        if seen:
            site.settle()
    assert {name: hosts_of(site, name) for name in names} == {name: [called[name]] * 3 for name in names}
    site.settle()
    assert standing(site, names) == before
    bound = [site.ports[port_id].binding for port_id, _ in zip(PORTS, names, strict=False)]
    assert [it and it.host for it in bound] == [called[name] for name in names]
    assert [site.controller.fabric.names.former_names(name) for name in names] == [()] * len(names)


@pytest.mark.parametrize("described", [True, False])
def test_so_they_do_where_their_databases_were_away_meanwhile(described: bool) -> None:
    site = of_networks("a", "b", described=described)
    before = standing(site, ("a", "b"))
    for name, new_name in (("a", "b"), ("b", "a")):
        site.ovsdb_is_cut_off(name)
        site.machines[name].ovsdb.host = new_name
    site.settle()
    for name in "ab":
        site.ovsdb_connects(name)
        site.settle()
    assert [hosts_of(site, name) for name in "ab"] == [["b"] * 3, ["a"] * 3]
    assert standing(site, ("a", "b")) == before


@pytest.mark.parametrize("order", ["ab", "ba"])
@pytest.mark.parametrize("pinned", ["a", "b"])
def test_a_wish_for_a_name_means_who_is_called_so_once_they_have_swapped(order: str, pinned: str) -> None:
    site = of_networks("a", "b")
    number = "ab".index(pinned)
    site.port_is_made_or_changed(PORTS[number], ("n1", "n3")[number], pinned, True)
    site.settle()
    for name in order:
        site.host_is_renamed(name, "b" if name == "a" else "a")
    site.settle()
    assert site.controller.fabric.claims.place_of(PORTS[number]) is None
    assert site.machines[pinned].ovsdb.tags == {"vnet0": DEAD_TAG}


def test_a_wish_for_a_name_of_before_means_the_new_machine_that_has_it() -> None:
    site = of_networks("a")
    site.host_is_renamed("a", "c")
    site.port_is_made_or_changed(PORTS[0], "n1", "a", True)
    site.settle()
    assert site.controller.fabric.claims.place_of(PORTS[0]) == Place("c", "vnet0")
    site.machines["b"].ovsdb.host = "a"
    site.ovsdb_connects("b")
    assert site.controller.fabric.claims.place_of(PORTS[0]) is None


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_a_name_of_before_is_that_of_a_machine_whose_bridges_say_it_also_after_a_restart(order: str) -> None:
    site = of_networks("b")
    for name in "ab":
        site.host_is_renamed("b", name)
    for bridge in BRIDGES:
        site.bridge_is_cut_off("b", bridge, restarted=False)
    for name in order:
        for bridge in BRIDGES:
            site.bridge_connects(name, bridge, described=True)
    site.interface_is_plugged("a", PORTS[0], "tap")
    site.machine_moves_and_its_wish_does_not_follow_yet(PORTS[0], "b")
    site.it_becomes_quiet()  # where a controller that has just started is asked, too
    assert [host.former_names for host in site.identities] == [(), ()]


@pytest.mark.parametrize("pinned", ["", "a"])
def test_nor_does_a_restart_cut_off_the_ports_of_such_a_machine(pinned: str) -> None:
    site = of_networks("b")
    for name in "ab":
        site.host_is_renamed("b", name)
    site.ovsdb_is_cut_off("b")
    for bridge in BRIDGES:
        site.bridge_is_cut_off("b", bridge, restarted=False)
        site.bridge_connects("a", bridge, described=True)
    site.interface_is_plugged("a", PORTS[0], "tap")
    site.port_is_made_or_changed(PORTS[0], "n1", pinned, True)
    site.settle()
    before = standing(site, ("a",))
    site.start_controller()
    for bridge in BRIDGES:
        site.bridge_connects("a", bridge, described=True)
    host = site.controller.hosts.by_name["a"]
    site.controller.hosts._settle(host, host.changes)
    site.look_at("a")
    assert (site.controller.fabric.claims.place_of(PORTS[0]), standing(site, ("a",))) == (
        Place("a", "tap10000000-po"),
        before,
    )


def test_a_bridge_that_connected_anew_between_them_is_its_machines_too() -> None:
    site = of_networks("a", "b")
    site.host_is_renamed("b", "a")
    site.bridge_connects("b", "br-int", described=True)
    site.host_is_renamed("a", "b")
    assert [hosts_of(site, name) for name in "ab"] == [["b"] * 3, ["a"] * 3]


def cut_off(site: Site) -> None:
    for connection in site.connections.values():
        site.peers.disconnected(connection)  # type: ignore[arg-type]
    site.peers.session_ended(site.ovsdb)  # type: ignore[arg-type]


def test_a_machine_that_has_the_name_of_one_that_went_just_now_has_nothing_of_it() -> None:
    site = Site()
    site.attempt()
    cut_off(site)
    before = site.fabric.shown("h")
    assert before.first_flow_vlans
    other = Ovsdb("h", new_datapath_ids(2))
    other.system_id = "another"
    site.peers.session_shows(other, other.view())  # type: ignore[arg-type]
    assert site.fabric.shown("h") is not before
    assert (site.fabric.shown("h").first_flow_vlans, site.hosts.by_name["h"].system_id) == ({}, "another")


def test_what_the_store_recorded_by_a_name_of_before_is_nobodys_when_its_host_is_forgotten() -> None:
    one = port(1, NETWORKS[1], binding=Binding("h", 1, "tap10000000-po"))
    site = Site()
    cut_off(site)
    renamed = HostIdentity("h2", "s", ("h",))
    intent = Snapshot((*NETWORKS.values(), OVERLAY, one), "s", identities=(renamed,))
    site.hosts = Hosts(Fabric(LAYOUT), site._serve)
    site.peers = Peers(site.hosts)
    load(site.hosts.fabric, intent)
    assert site.hosts.fabric.claims.place_of(one.id) == Place("h2", "tap10000000-po")
    assert not site.hosts.forget("h2")
    assert site.hosts.fabric.claims.place_of(one.id) is None


def test_a_host_that_was_forgotten_and_returns_under_another_name_is_served() -> None:
    site = Site()
    cut_off(site)
    host = site.hosts.by_name["h"]
    site.hosts._away(host, host.last_contact)
    assert list(site.fabric.hosts) == []
    for name in site.bridges:
        site.connect(name, "h")
    site.ovsdb.host = "h2"
    site.show()
    assert list(site.hosts.by_name) == ["h2"]


class Served(ByHand):
    """A reconciler whose task waits, and can only be ended."""

    def run(self) -> None:
        """Wait for ever."""
        runtime.once().wait()


class ServedSite(Site):
    """A host that is served by a task."""

    def _serve(self, host: Host) -> Served:
        return Served(host, self.hosts, lambda bridge, snapshot: None, self._take)


def test_a_bridge_that_comes_in_the_moment_in_which_its_host_is_given_up_is_served() -> None:
    def work(_hub: object) -> None:
        site = ServedSite()
        runtime.sleep(0)
        cut_off(site)
        host = site.hosts.by_name["h"]
        runtime.spawn(site.hosts._away, host, host.last_contact)
        runtime.spawn(site.connect, "br-int")
        runtime.sleep(0.01)
        served = site.hosts.by_name["h"]
        assert served.alive
        assert served.reconciler is not None

    in_a_hub(work)


def test_a_system_id_that_comes_or_changes_later_is_the_hosts_all_the_same() -> None:
    site = Site()
    site.attempt()
    for system_id in ("", "first", "second"):
        site.ovsdb.system_id = system_id
        site.show()
        assert site.hosts.by_name["h"].system_id == system_id
    site.ovsdb.host = "h2"
    site.show()
    assert list(site.hosts.by_name) == ["h2"]
    assert site.fabric.names.former_names("h2") == ("h",)


def test_a_bridge_that_is_believed_no_more_is_answered_no_more() -> None:
    site = Site()
    site.peers.disconnected(site.connections["br-int"])  # type: ignore[arg-type]
    stranger = SwitchConnection(site.bridges["br-int"], "br-int", "198.51.100.1")
    site.peers.connected(stranger, None)  # type: ignore[arg-type]
    assert site.peers.bridge_of(stranger) is not None  # type: ignore[arg-type]
    stranger.answer_packet_ins("what answers for its host")
    site.connect("br-int")
    assert site.peers.bridge_of(stranger) is None  # type: ignore[arg-type]
    assert isinstance(stranger.handler, Nobody)
