"""Copies of the database that can be restored."""

import os
import resource
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from osken_apps.cli import main
from osken_apps.errors import ConfigurationError
from osken_apps.failures import Failures
from osken_apps.model.resources import Network
from osken_apps.store import backup, checkpoints, writer
from osken_apps.store.backup import BackupFailed, back_up
from osken_apps.store.checkpoints import Checkpoints, keep_checkpoints
from osken_apps.store.database import restore
from osken_apps.store.engines import looking_engine, reading_engine
from osken_apps.store.privacy import make_private
from osken_apps.store.store import Store
from tests.unit.for_ever import for_ever
from tests.unit.rest_client import store_at
from tests.whole import whole


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "osken-net.db"


@pytest.fixture
def store(path: Path) -> Store:
    return store_at(f"sqlite:///{path}")


def make(store: Store, number: int) -> None:
    with store.write() as transaction:
        transaction.create(
            Network(f"n{number}", "default", physical_network="default", segmentation_id=number)
        )


def held(path: Path) -> list[str]:
    """Give the networks of a database file that stands alone, as it is."""
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [name for (name,) in connection.execute("SELECT id FROM networks ORDER BY sequence")]


def test_a_backup_has_all_that_was_committed_and_serves_in_its_place(
    store: Store, path: Path, tmp_path: Path
) -> None:
    make(store, 1)
    with store.read() as view:
        view.begin()  # a reader keeps the log from the file
        make(store, 2)
        back_up(f"sqlite:///{path}", tmp_path / "backup")
    assert held(tmp_path / "backup") == ["n1", "n2"]
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600
    restored = Store(f"sqlite:///{tmp_path / 'backup'}")
    with store.read() as view, restored.read() as other:
        assert whole(view) == whole(other)


def test_a_backup_does_not_overwrite_unless_it_is_told_to(store: Store, path: Path, tmp_path: Path) -> None:
    make(store, 1)
    target = tmp_path / "backup"
    target.write_text("precious")
    with pytest.raises(BackupFailed, match="--force"):
        back_up(f"sqlite:///{path}", target)
    assert target.read_text() == "precious"
    back_up(f"sqlite:///{path}", target, overwrite=True)
    assert held(target) == ["n1"]


def test_a_backup_goes_where_a_link_leads_and_the_link_stays(
    store: Store, path: Path, tmp_path: Path
) -> None:
    make(store, 1)
    (target := tmp_path / "real").write_text("precious")
    (link := tmp_path / "link").symlink_to(target)
    back_up(f"sqlite:///{path}", link, overwrite=True)
    assert (held(target), link.is_symlink()) == (["n1"], True)
    link.unlink()
    link.symlink_to(tmp_path / "nowhere" / "file")
    with pytest.raises(BackupFailed, match=f"{link}: No such file or directory"):
        back_up(f"sqlite:///{path}", link, overwrite=True)
    link.unlink()
    link.symlink_to(link)
    with pytest.raises(BackupFailed, match=f"{link}: Too many levels of symbolic links"):
        back_up(f"sqlite:///{path}", link, overwrite=True)
    assert link.is_symlink()


def test_a_backup_that_fails_leaves_nothing(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(BackupFailed, match="not a database"):
        back_up(f"sqlite:///{path}", tmp_path / "backup")
    with pytest.raises(BackupFailed, match="No such file or directory"):
        back_up(f"sqlite:///{path}", tmp_path / "nowhere" / "backup")
    with pytest.raises(BackupFailed, match="there is no database"):
        back_up(f"sqlite:///{tmp_path}/none.db", tmp_path / "backup")
    for address in ("postgresql://host/x", "sqlite://"):
        with pytest.raises(ConfigurationError):
            back_up(address, tmp_path / "backup")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")


def corrupt(path: Path) -> None:
    Store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'networks'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (Path.touch, "holds no networks of ours"),
        (of_another_program, "holds no networks of ours"),
        (corrupt, "is corrupt"),
    ],
)
def test_what_could_not_be_restored_is_not_put_over_a_backup(
    path: Path, tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    target = tmp_path / "backup"
    target.write_text("precious")
    spoil(path)
    with pytest.raises(BackupFailed, match=f"{path} {said}"):
        back_up(f"sqlite:///{path}", target, overwrite=True)
    assert target.read_text() == "precious"


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal"])
def test_the_database_itself_is_no_place_for_its_backup(
    store: Store, path: Path, tmp_path: Path, end: str
) -> None:
    make(store, 1)
    (tmp_path / "link").symlink_to(path)
    for target in (path.with_name(path.name + end), tmp_path / "link"):
        with pytest.raises(BackupFailed, match="is the database itself"):
            back_up(f"sqlite:///{path}", target, overwrite=True)
    make(store, 2)
    with store.read() as view:
        assert [network.id for network in view.networks()] == ["n1", "n2"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_regular_file_is_no_place_for_a_backup(
    store: Store, path: Path, tmp_path: Path, overwrite: bool
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for target in (tmp_path / "pipe", tmp_path):
        with pytest.raises(BackupFailed, match=f"{target} is no regular file"):
            back_up(f"sqlite:///{path}", target, overwrite)
    assert (tmp_path / "pipe").is_fifo()


def test_of_a_target_that_takes_no_more_it_is_the_target_that_is_named(
    store: Store, path: Path, tmp_path: Path
) -> None:
    make(store, 1)
    target = tmp_path / "place" / "backup"
    target.parent.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        with pytest.raises(BackupFailed, match=f"{target}: disk I/O error"):
            back_up(f"sqlite:///{path}", target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert os.listdir(target.parent) == []


def test_a_database_that_a_controller_has_to_itself_is_not_waited_for_for_ever(
    store: Store, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(store, 1)
    store.close()
    monkeypatch.setattr(backup, "WAIT_S", 0.01)
    read_only = reading_engine(path)
    with read_only.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM networks")
        with pytest.raises(BackupFailed, match=f"{path}: database is locked: .*stop it"):
            back_up(f"sqlite:///{path}", tmp_path / "backup")
    read_only.dispose()
    back_up(f"sqlite:///{path}", tmp_path / "backup")
    assert held(tmp_path / "backup") == ["n1"]


def test_a_database_beside_which_nothing_can_be_made_is_copied_with_its_log(
    store: Store, path: Path, tmp_path: Path
) -> None:
    make(store, 1)
    full = tmp_path / "full"
    full.mkdir()
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", full)
    (full / f"{path.name}-shm").symlink_to("nowhere/shm")  # SQLite cannot make it, as on a full disk
    assert held(full / path.name) == []
    back_up(f"sqlite:///{full / path.name}", tmp_path / "backup")
    assert held(tmp_path / "backup") == ["n1"]


def test_of_two_backups_to_one_place_each_is_whole(
    store: Store, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, begun = tmp_path / "backup", backup._copy

    def overtaken(source: sqlite3.Connection, new: Path, at: Path) -> None:
        monkeypatch.setattr(backup, "_copy", begun)
        make(store, 2)
        back_up(f"sqlite:///{path}", target)
        assert held(target) == ["n1", "n2"]
        begun(source, new, at)

    make(store, 1)
    monkeypatch.setattr(backup, "_copy", overtaken)
    back_up(f"sqlite:///{path}", target)
    assert held(target) == ["n1"]
    assert sorted(os.listdir(tmp_path)) == ["backup", path.name, f"{path.name}-shm", f"{path.name}-wal"]


def test_a_backup_that_is_terminated_leaves_nothing(
    store: Store, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def terminated(*_: object) -> None:
        assert [name for name in os.listdir(place) if name.endswith(".new")]
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGHUP)  # the second one does not disturb the end

    monkeypatch.setattr(backup, "_copy", terminated)
    (tmp_path / "conf").write_text(f"[database]\nconnection = sqlite:///{path}\n")
    (place := tmp_path / "place").mkdir()
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        main(["backup", "--config-file", str(tmp_path / "conf"), str(place / "backup")])
    assert (ended.value.code, os.listdir(place)) == (143, [])
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_backup_that_is_to_outlive_its_terminal_does(
    store: Store, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hung_up(*of: Any) -> None:
        signal.raise_signal(signal.SIGHUP)
        begun(*of)

    begun = backup._copy
    monkeypatch.setattr(backup, "_copy", hung_up)
    (tmp_path / "conf").write_text(f"[database]\nconnection = sqlite:///{path}\n")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup has it
    try:
        assert main(["backup", "--config-file", str(tmp_path / "conf"), str(tmp_path / "backup")]) == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_file_alone_is_a_backup_after_a_checkpoint(store: Store, path: Path, tmp_path: Path) -> None:
    for number in range(1, 4):
        make(store, number)
        store.checkpoint()
        shutil.copy(path, tmp_path / "copy")
        assert held(tmp_path / "copy") == [f"n{one}" for one in range(1, number + 1)]


def test_checkpoints_come_by_themselves_while_writes_go_on_slowly(
    store: Store, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "LOOK_S", 0.005)
    with for_ever(keep_checkpoints, store, Failures()) as end:
        for number in range(1, 6):
            make(store, number)
            done: list[str] = []
            while f"n{number}" not in done:
                with store._writers.turn():  # no checkpoint falls into the copy
                    shutil.copy(path, tmp_path / "copy")
                if (tmp_path / "copy").stat().st_size > 0:
                    done = held(tmp_path / "copy")
            assert done == [f"n{one}" for one in range(1, number + 1)]
        monkeypatch.setattr(Checkpoints, "look", end)


def test_what_a_command_writes_comes_into_the_file_as_well(store: Store, path: Path) -> None:
    looks = Checkpoints(store, Failures())
    make(Store(f"sqlite:///{path}", is_served_elsewhere=True), 1)
    for _ in range(2):
        looks.look()
    assert held(path) == ["n1"]


def test_the_log_of_a_database_that_a_link_leads_to_is_beside_the_file(
    store: Store, path: Path, tmp_path: Path
) -> None:
    (link := tmp_path / "link.db").symlink_to(path)
    linked = Store(f"sqlite:///{link}")
    looks = Checkpoints(linked, Failures())
    make(linked, 1)
    with looking_engine(link).connect() as connection:
        assert list(connection.exec_driver_sql("SELECT id FROM networks").scalars()) == ["n1"]
    for _ in range(2):
        looks.look()
    assert held(path) == ["n1"]


def test_what_is_beside_a_database_that_a_link_leads_to_is_known_by_the_file(
    store: Store, path: Path, tmp_path: Path
) -> None:
    make(store, 1)
    (link := tmp_path / "link.db").symlink_to(path)
    log = Path(f"{path}-wal")
    assert f"rm -f {log} {path}-shm," in restore(link)
    log.chmod(0o644)
    make_private(link)
    assert log.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BackupFailed, match="is the database itself, or its log"):
        back_up(f"sqlite:///{link}", log, overwrite=True)


def test_what_is_in_the_file_is_not_brought_there_again_while_a_reader_keeps_the_log(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, made = Checkpoints(store, Failures()), [0]
    checkpoint = store.checkpoint

    def counted() -> bool:
        made[0] += 1
        return checkpoint()

    monkeypatch.setattr(store, "checkpoint", counted)
    make(store, 1)
    with store.read() as view:
        view.begin()
        for _ in range(5):
            looks.look()
    assert made == [1]


def test_a_checkpoint_that_a_reader_held_up_is_made_after_it(store: Store, path: Path) -> None:
    looks = Checkpoints(store, Failures())
    with store.read() as view:
        view.begin()
        make(store, 1)
        for _ in range(3):
            looks.look()
        assert held(path) == []
    looks.look()
    assert held(path) == ["n1"]


def test_a_reader_of_the_last_commit_holds_up_no_checkpoint(store: Store, path: Path) -> None:
    make(store, 1)
    with store.read() as view:
        view.begin()
        assert store.checkpoint()
        assert held(path) == ["n1"]


def test_a_checkpoint_that_failed_is_made_at_the_next_look(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = Failures()
    looks = Checkpoints(store, failures)
    make(store, 1)
    with monkeypatch.context() as patch:
        patch.setattr(writer, "WRITER_TIMEOUT_S", 0.001)
        with store._writers.turn():
            for _ in range(2):
                looks.look()
    assert failures.counts.total() == 1
    assert held(path) == []
    looks.look()
    assert held(path) == ["n1"]


def test_a_checkpoint_comes_at_last_although_writes_go_on(store: Store, path: Path) -> None:
    looks = Checkpoints(store, Failures())
    for number in range(1, checkpoints.MAX_LOOKS + 1):
        assert held(path) == []
        make(store, number)
        looks.look()
    assert len(held(path)) == checkpoints.MAX_LOOKS


def test_a_reader_holds_up_no_checkpoint_for_long_and_no_writer(store: Store) -> None:
    make(store, 1)
    with store.read() as view:
        view.begin()
        make(store, 2)
        store.checkpoint()
        make(store, 3)
        assert [network.id for network in view.networks()] == ["n1"]
