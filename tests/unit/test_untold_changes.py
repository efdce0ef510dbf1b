"""What a command changes is told by the process that serves the database, which did not change it itself."""

import threading
from pathlib import Path

import pytest

from osken_apps.cli import main
from osken_apps.errors import StoreUnavailable
from osken_apps.model.accounts import Project
from osken_apps.model.changes import Change, Deleted, Upserted
from osken_apps.model.resources import Network
from osken_apps.model.security_groups import SecurityGroup
from osken_apps.networking.security_groups import default_group_id
from osken_apps.store import following, untold_changes
from osken_apps.store.following import follow_commands
from osken_apps.store.store import Store
from tests.unit.for_ever import for_ever
from tests.unit.rest_client import client_of, config_of, store_of

PATIENCE_S = 10.0

Told = list[tuple[int, tuple[Change, ...]]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Give the store of a process that serves a database."""
    return store_of(config_of(tmp_path))


@pytest.fixture
def command(store: Store) -> Store:
    """Give that of a command beside it."""
    assert store.database
    return Store(f"sqlite:///{store.database.path}", is_served_elsewhere=True)


@pytest.fixture
def told(store: Store) -> Told:
    """Give what is told of the store from now on."""
    told: Told = []
    store.listen(lambda sequence, changes: told.append((sequence, changes)))
    return told


def made(store: Store, number: int) -> Network:
    """Make a network."""
    with store.write() as transaction:
        return transaction.create(Network(transaction.new_id(), "p", segmentation_id=number))


def deleted(store: Store, network: Network) -> None:
    """Delete a network."""
    with store.write() as transaction:
        transaction.delete(network)


def test_what_a_command_changed_is_told_once_and_as_it_is_now(
    store: Store, command: Store, told: Told
) -> None:
    own = made(store, 1)
    with store.read() as view:
        assert view.network(own.id) == own
    first, second = made(command, 2), made(command, 3)
    deleted(command, own)
    deleted(command, first)
    for _ in range(2):
        store.tell_untold()
    changes = (Upserted(second), Deleted(Network, own.id), Deleted(Network, first.id))
    assert [sequence for sequence, _ in told] == [1, 2]
    assert told[0][1] == (Upserted(own),)
    assert sorted(told[1][1], key=str) == sorted(changes, key=str)


def test_what_a_command_changed_before_is_not_told(store: Store, command: Store) -> None:
    made(command, 1)
    assert store.database
    later, told = Store(f"sqlite:///{store.database.path}"), []
    later.listen(lambda *commit: told.append(commit))
    later.tell_untold()
    assert told == []


def test_no_more_is_noted_than_a_process_that_serves_reads_in_time(
    store: Store, command: Store, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(untold_changes, "MAX_NOTES", 3)
    networks = [made(command, number) for number in range(1, 6)]
    store.tell_untold()
    assert told == [(1, tuple(map(Upserted, networks[2:])))]


def test_they_are_looked_for_again_where_the_database_could_not_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Locked:
        looks = 0
        has_looked_again = threading.Event()

        def tell_untold(self) -> None:
            self.looks += 1
            if self.looks == 2:
                self.has_looked_again.set()
            raise StoreUnavailable("it is locked")

    monkeypatch.setattr(following, "LOOK_S", 0.0)
    locked = Locked()
    with for_ever(follow_commands, locked) as end:
        is_well = locked.has_looked_again.wait(PATIENCE_S)
        monkeypatch.setattr(Locked, "tell_untold", end)
    assert is_well


def test_a_project_that_a_command_deletes_is_counted_no_more(tmp_path: Path) -> None:
    root = client_of(tmp_path, "authentication = headers").as_user("default", "admin")
    with root.store.write() as transaction:
        transaction.accounts.add(Project("id-demo", "demo"))
    root.get("/security-groups?project_id=id-demo")
    revision = root.get("/changes")["revision"]
    before = root.get("/overview")["counts"]
    assert main(["project", "delete", "demo", "--config-file", str(tmp_path / "osken-net.conf")]) == 0
    root.store.tell_untold()
    after = root.get("/overview")["counts"]
    gone = {kind: before[kind]["total"] - after[kind]["total"] for kind in before if kind != "agents"}
    assert {kind: number for kind, number in gone.items() if number} == {
        "security_groups": 1,
        "security_group_rules": 4,
    }
    told = root.get(f"/changes?since={revision}")["changes"]
    assert {"kind": "security_group", "op": "deleted", "id": default_group_id("id-demo")} in told
    with root.store.read() as view:
        assert view.one(SecurityGroup, default_group_id("id-demo")) is None
