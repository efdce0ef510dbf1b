"""The controller follows the store by snapshots and commits, and notices what it missed."""

from typing import Any

import pytest

from osken_apps.apps.intent import Gap, Intent
from osken_apps.failures import Failures
from osken_apps.link import Changes, SnapshotPart
from osken_apps.model.changes import Deleted, Snapshot, Upserted
from osken_apps.model.claims import Place
from osken_apps.model.fabric import Fabric
from osken_apps.model.resources import Binding, MacAddress, Network, Port
from tests.golden.scenarios import LAYOUT
from tests.model.loading import load


@pytest.fixture
def fabric() -> Fabric:
    return Fabric(LAYOUT, failed=Failures().note)


@pytest.fixture
def intent(fabric: Fabric) -> Intent:
    return Intent(fabric)


def network(network_id: str) -> Network:
    return Network(network_id, "default", physical_network="default", segmentation_id=1000)


def part(sequence: int, *network_ids: str, last: bool = False) -> SnapshotPart:
    return SnapshotPart(sequence, Snapshot(tuple(map(network, network_ids))), last)


def change(sequence: int, network_id: str) -> Changes:
    return Changes(sequence, (Upserted(network(network_id)),))


def test_hosts_keep_what_was_until_a_snapshot_is_whole(fabric: Fabric, intent: Intent) -> None:
    load(fabric, Snapshot((network("old"),)))
    fabric.host("host1")
    assert intent.take_part(part(0, "a")) == set()
    assert list(fabric.inventory.networks) == ["old"]
    assert intent.take_part(part(0, "b", last=True)) == {"host1"}
    assert list(fabric.inventory.networks) == ["a", "b"]


def test_a_snapshot_that_is_begun_again_leaves_nothing_of_the_first(fabric: Fabric, intent: Intent) -> None:
    intent.take_part(part(0, "a", "b"))
    intent.take_part(part(1, "b"))
    intent.take_part(part(1, last=True))
    assert list(fabric.inventory.networks) == ["b"]


def test_changes_follow_their_snapshot(fabric: Fabric, intent: Intent) -> None:
    intent.take_part(part(5, "a", last=True))
    intent.take_changes(change(6, "b"))
    intent.take_changes(Changes(7, (Deleted(Network, "a"),)))
    assert list(fabric.inventory.networks) == ["b"]


def test_a_change_that_the_snapshot_contains_is_not_taken_twice(fabric: Fabric, intent: Intent) -> None:
    intent.take_part(part(5, last=True))
    intent.take_changes(change(5, "a"))
    assert list(fabric.inventory.networks) == []


def test_after_a_gap_no_change_counts_until_the_next_snapshot(fabric: Fabric, intent: Intent) -> None:
    intent.take_part(part(5, "a", last=True))
    with pytest.raises(Gap):
        intent.take_changes(change(7, "c"))
    intent.take_changes(change(8, "d"))
    assert list(fabric.inventory.networks) == ["a"]
    intent.take_part(part(8, "a", "b", "c", "d", last=True))
    intent.take_changes(change(9, "e"))
    assert list(fabric.inventory.networks) == ["a", "b", "c", "d", "e"]


def test_the_store_s_id_and_its_deleted_ports_come_with_the_snapshot(fabric: Fabric, intent: Intent) -> None:
    intent.take_part(SnapshotPart(0, Snapshot(store_id="4711"), last=False))
    intent.take_part(SnapshotPart(0, Snapshot(departed_ports=frozenset({"p1", "p2"})), last=False))
    intent.take_part(part(0, "a", last=True))
    assert (fabric.inventory.store_id, set(fabric.inventory.departed)) == ("4711", {"p1", "p2"})


def test_what_breaks_about_one_port_of_a_snapshot_costs_that_port(
    fabric: Fabric, intent: Intent, monkeypatch: pytest.MonkeyPatch
) -> None:
    placement = fabric._placement
    for name in ("place", "decide"):
        taken = getattr(placement, name)

        def breaking(what: Any, *more: Any, taken: Any = taken) -> Any:
            if "broken" in repr(what):
                raise RuntimeError("this port breaks")
            return taken(what, *more)

        monkeypatch.setattr(placement, name, breaking)
    ports = [
        Port(
            port_id,
            "default",
            network_id="a",
            mac_address=MacAddress(number),
            binding=Binding("host1", 1, port_id),
        )
        for number, port_id in enumerate(("broken", "whole"))
    ]
    intent.take_part(part(0, "a"))
    assert intent.take_part(SnapshotPart(0, Snapshot(tuple(ports)), last=True)) == {"host1"}
    assert fabric.inventory.loaded
    assert fabric.claims.place_of("whole") == Place("host1", "whole")
    assert fabric.claims.place_of("broken") is None
