"""What a host is looked at again for, and what needs no other look."""

from collections.abc import Callable

import pytest

from osken_apps.apps.reconcile import HostReconciler
from osken_apps.model.changes import Deleted
from osken_apps.model.resources import Port, PortStatus
from osken_apps.openflow.reading import read_flow
from osken_apps.pipeline.features.switching import DELIVER_SEVERAL
from tests.golden.scenarios import VM1
from tests.model.test_interleavings import Interleavings
from tests.model.test_trouble import World


def reconciler(world: World) -> HostReconciler:
    made = world.hosts.by_name["h"].reconciler
    assert isinstance(made, HostReconciler)
    return made


def is_awake(world: World) -> bool:
    return reconciler(world)._wakeup.is_set


def show(world: World) -> None:
    world.peers.session_shows(world.ovsdb, world.ovsdb.view())  # type: ignore[arg-type]


def writing(world: World, monkeypatch: pytest.MonkeyPatch, also: Callable[[], None] = lambda: None) -> None:
    """Have the database show what is written as it is, and what `also` does with it."""
    write = world.ovsdb.set_tags

    def set_tags(tags: dict[str, int | None], mark: str) -> None:
        write(tags, mark)
        also()
        show(world)

    monkeypatch.setattr(world.ovsdb, "set_tags", set_tags)


def test_a_tag_that_was_written_wakes_no_other_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    writing(world, monkeypatch)
    world.plug(tap1=VM1.id)
    assert is_awake(world)
    assert world.attempt()
    assert world.ovsdb.tags == {"tap1": 1}
    assert world.reports[VM1.id].status is PortStatus.ACTIVE
    assert not is_awake(world)
    assert world.hosts.fabric.host("h").interfaces["tap1"].tag == 1


def test_a_port_whose_tag_the_next_session_shows_first_is_active() -> None:
    walk = Interleavings()
    walk.something_to_begin_with()
    walk.controller.look_at("a")
    walk.ovsdb_is_cut_off("a")
    walk.it_becomes_quiet()
    walk.ovsdb_connects("a")
    assert "a" in walk.controller.awake
    walk.it_becomes_quiet()
    assert {port.status for port in walk.ports.values()} == {PortStatus.ACTIVE}


def test_another_hand_that_writes_meanwhile_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    writing(world, monkeypatch, lambda: world.ovsdb.iface_ids.update(tap2=world.second.id))
    world.plug(tap1=VM1.id)
    assert world.attempt()
    assert is_awake(world)


def test_a_tag_that_another_hand_changes_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    writing(world, monkeypatch)
    world.plug(tap1=VM1.id)
    assert world.attempt()
    world.ovsdb.tags["tap1"] = 9
    show(world)
    assert is_awake(world)


def test_a_local_vlan_that_is_given_back_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.plug(tap1=VM1.id)
    assert world.attempt()
    writing(world, monkeypatch)
    world.hosts.wake(world.hosts.fabric.apply([Deleted(Port, VM1.id)]))
    assert world.attempt()
    assert world.ovsdb.tags == {"tap1": 4095}
    assert is_awake(world)


@pytest.mark.parametrize("is_cut", [False, True])
def test_the_time_to_connect_ends_with_a_look_only_where_a_bridge_is_missing(is_cut: bool) -> None:
    world = World()
    assert world.attempt()
    host = world.hosts.by_name["h"]
    if is_cut:
        physical = host.bridges["br-eth2"].connection
        world.peers.disconnected(physical)
        assert world.attempt()
        assert world.trouble == ""
    world.hosts._settle(host, host.changes)
    assert is_awake(world) is is_cut
    assert world.attempt()
    assert ("br-eth2" in world.trouble) is is_cut


def test_a_trunk_that_is_not_known_yet_gets_frames_with_their_networks_tags_only() -> None:
    walk = Interleavings()
    walk.something_to_begin_with()
    walk.trunk_is_declared_or_not_any_more("b")
    walk.stranger_is_plugged("b", "")
    walk.it_becomes_quiet()
    flows = walk.machines["b"].bridges["br-int"].flows
    before = {key: body for key, body in flows.items() if body.cookie == DELIVER_SEVERAL.cookie}
    walk.controller_restarts()
    for bridge in ("br-int", "br-eth2"):
        walk.bridge_connects("b", bridge, described=True)
    walk.settle()
    ways = {key: (read_flow(key, before[key]).flow, read_flow(key, flows[key]).flow) for key in before}
    assert ways
    for was, now in ways.values():
        assert now.actions[:2] == was.actions[:2]  # where the tag is put on
        assert set(now.actions) == set(was.actions)
