"""What the controller is told: a snapshot in parts while commits go on, and no commit twice or never."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osken_apps.link import Changes, SnapshotPart
from osken_apps.model.changes import Deleted, Upserted
from osken_apps.model.resources import Network
from osken_apps.store import feed as feed_module
from osken_apps.store.feed import Feed
from osken_apps.store.store import Store
from tests.examples import examples
from tests.unit.rest_client import store_at
from tests.whole import of_kind


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = store_at(f"sqlite:///{tmp_path}/osken-net.db")
    yield opened
    opened.close()


def make(store: Store, number: int) -> None:
    with store.write() as transaction:
        transaction.create(
            Network(f"n{number}", "default", physical_network="default", segmentation_id=number)
        )


def delete(store: Store, number: int) -> None:
    with store.write() as transaction:
        network = transaction.network(f"n{number}")
        assert network is not None
        transaction.delete(network)


def rename(store: Store, number: int) -> None:
    with store.write() as transaction:
        network = transaction.network(f"n{number}")
        assert network is not None
        transaction.update(network, replace(network, name=network.name + "+"))


class Follower:
    """A controller that follows by the rules of the link."""

    def __init__(self) -> None:
        self.networks: dict[str, Network] = {}
        self.sequence: int | None = None
        self._loading: dict[str, Network] = {}
        self._loading_sequence: int | None = None

    def take(self, message: SnapshotPart | Changes) -> None:
        if isinstance(message, Changes):
            assert self.sequence is not None and message.sequence == self.sequence + 1
            self.sequence = message.sequence
            for change in message.changes:
                if isinstance(change, Upserted):
                    assert isinstance(change.resource, Network)
                    self.networks[change.resource.id] = change.resource
                elif isinstance(change, Deleted):
                    del self.networks[change.id]
            return
        if message.sequence != self._loading_sequence:
            self._loading, self._loading_sequence = {}, message.sequence
        self._loading |= {network.id: network for network in of_kind(Network, message.part)}
        if message.last:
            self.networks, self.sequence, self._loading_sequence = self._loading, message.sequence, None


def follow(feed: Feed, follower: Follower) -> None:
    """Take all there is."""
    while message := feed.take():
        follower.take(message)


def held(store: Store) -> dict[str, Network]:
    with store.read() as view:
        return {network.id: network for network in view.networks()}


def test_commits_while_a_snapshot_is_told_follow_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "RESOURCES_A_PART", 2)
    for number in range(5):
        make(store, number)
    feed, follower = Feed(store, lambda: None), Follower()
    while not isinstance(first := feed.take(), SnapshotPart) or not of_kind(Network, first.part):
        pass
    assert len(of_kind(Network, first.part)) == 2
    follower.take(first)
    make(store, 5)
    delete(store, 4)
    rename(store, 0)
    follow(feed, follower)
    assert follower.networks == held(store)


def test_a_controller_that_does_not_read_costs_a_bounded_queue_and_gets_a_snapshot(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "MAX_QUEUED_CHANGES", 3)
    feed, follower = Feed(store, lambda: None), Follower()
    follow(feed, follower)
    for number in range(10):
        make(store, number)
        assert len(feed._commits) <= 3
    follow(feed, follower)
    assert follower.networks == held(store)


def test_whoever_commits_wakes_whoever_tells(store: Store) -> None:
    woken: list[int] = []
    Feed(store, lambda: woken.append(1))
    make(store, 1)
    assert woken == [1]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["make", "delete", "rename"]), st.integers(0, 7)),
        st.tuples(st.sampled_from(["take", "all", "again"]), st.just(0)),
    ),
    max_size=40,
)


@settings(**examples(50))
@given(STEPS)
def test_whatever_happens_meanwhile_the_controller_ends_with_what_the_store_holds(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    store = store_at(f"sqlite:///{tmp_path_factory.mktemp('store')}/osken-net.db")
    feed, follower = Feed(store, lambda: None), Follower()
    patched = pytest.MonkeyPatch()
    patched.setattr(feed_module, "RESOURCES_A_PART", 2)
    patched.setattr(feed_module, "MAX_QUEUED_CHANGES", 4)
    try:
        for step, number in steps:
            exists = f"n{number}" in held(store)
            if step == "make" and not exists:
                make(store, number)
            elif step == "delete" and exists:
                delete(store, number)
            elif step == "rename" and exists:
                rename(store, number)
            elif step == "take" and (message := feed.take()):
                follower.take(message)
            elif step == "all":
                follow(feed, follower)
                assert follower.networks == held(store)
            elif step == "again":
                feed.start_over()
        follow(feed, follower)
        assert follower.networks == held(store)
    finally:
        patched.undo()
        store.close()
