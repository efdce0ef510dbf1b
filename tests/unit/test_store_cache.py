"""Resources are not made of their rows again and again, and never of a row that was undone."""

from dataclasses import replace
from pathlib import Path

import pytest

from osken_apps.model.resources import Network
from osken_apps.store import cache as cache_module
from osken_apps.store.cache import Cache
from osken_apps.store.selection import Among
from osken_apps.store.store import Store
from tests.unit.rest_client import store_at
from tests.unit.test_store_transactions import make_subnet


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "osken-net.db"


@pytest.fixture
def store(path: Path) -> Store:
    return store_at(f"sqlite:///{path}")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the ids of the resources that are made of rows."""
    ids: list[str] = []
    put = Cache.put

    def counted(cache: Cache, resource: Network) -> None:
        ids.append(resource.id)
        put(cache, resource)

    monkeypatch.setattr(Cache, "put", counted)
    return ids


def fill(store: Store, count: int) -> None:
    with store.write() as transaction:
        for number in range(count):
            transaction.create(
                Network(f"n{number}", "default", physical_network="default", segmentation_id=number)
            )


def rename(store: Store, name: str) -> None:
    with store.write() as transaction:
        network = transaction.network("n0")
        assert network is not None
        transaction.update(network, replace(network, name=name))


def names(store: Store, *conditions: Among) -> list[str]:
    with store.read() as view:
        return [network.name for network in view.networks(*conditions)]


def cached(store: Store) -> dict[str, object]:
    return store._cache._kinds[Network]  # type: ignore[return-value]


def test_what_was_read_is_not_made_again_until_it_changes(store: Store, made: list[str]) -> None:
    fill(store, 3)
    names(store)
    made.clear()
    names(store)
    names(store, Among("id", ("n0", "n1")))
    assert made == []
    rename(store, "new")
    made.clear()
    assert names(store) == ["new", "", ""]
    assert made == ["n0"]


def test_more_than_there_is_room_for_costs_only_what_is_too_much(
    store: Store, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "MAX_RESOURCES", 10)
    fill(store, 13)
    for _ in range(5):
        made.clear()
        assert len(names(store)) == 13
        assert len(cached(store)) == 10
    assert len(made) <= 4


def test_old_and_deleted_rows_are_not_kept(store: Store) -> None:
    fill(store, 2)
    for number in range(20):
        names(store)
        rename(store, str(number))
    names(store)
    assert len(cached(store)) == 2
    with store.write() as transaction:
        network = transaction.network("n0")
        assert network is not None
        transaction.delete(network)
    assert list(cached(store)) == ["n1"]


def test_what_was_undone_is_not_taken_for_what_came_after_with_the_same_revision(store: Store) -> None:
    fill(store, 1)
    with pytest.raises(RuntimeError), store.write() as transaction:
        network = transaction.network("n0")
        assert network is not None
        transaction.update(network, replace(network, name="undone"))
        assert [network.name for network in transaction.networks()] == ["undone"]
        assert transaction.network("n0") == transaction.networks()[0]
        raise RuntimeError
    rename(store, "done")
    assert names(store) == names(store, Among("id", ("n0",))) == ["done"]


def test_what_another_process_changed_is_seen(store: Store, path: Path) -> None:
    fill(store, 1)
    names(store)
    rename(Store(f"sqlite:///{path}"), "other")
    assert names(store) == ["other"]


def test_a_transaction_sees_the_subnets_that_it_makes_and_deletes(store: Store) -> None:
    subnet = make_subnet(store)
    with store.write() as transaction:
        assert transaction.subnets_of("n1") == [subnet]
        second = transaction.create(replace(subnet, id="s2"))
        assert transaction.subnets_of("n1") == [subnet, second]
        transaction.delete(second)
        assert transaction.subnets_of("n1") == [subnet]
        assert transaction.subnet("s2") is None
