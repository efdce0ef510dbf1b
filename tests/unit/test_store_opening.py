"""Which database is opened, for what, and what is said of one that is ill."""

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine

from osken_apps.errors import ConfigurationError, StoreUnavailable
from osken_apps.model.changes import Snapshot
from osken_apps.model.resources import Network, Port, Subnet
from osken_apps.store import opening, schema
from osken_apps.store.forms import METADATA
from osken_apps.store.store import Store
from tests.whole import of_kind, whole

SCHEMA_1 = Path(__file__).with_name("data") / "schema-1.sql"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "osken-net.db"


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def opened(path: Path, expected_id: str = "") -> Store:
    return Store(url(path), expected_id=expected_id)


def made(path: Path) -> str:
    """Make a database with a network; give the id of its store."""
    store = opened(path)
    with store.write() as transaction:
        transaction.create(Network("n1", "default", physical_network="default", segmentation_id=1000))
        store_id = transaction.store_id()
    store.close()
    return store_id


@pytest.mark.parametrize("user", [0, 1000])
def test_a_database_that_root_makes_is_of_whom_its_directory_is(
    path: Path, monkeypatch: pytest.MonkeyPatch, user: int
) -> None:
    given: list[tuple[str, int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "chown", lambda file, uid, gid: given.append((Path(file).parent.name, uid, gid)))
    opened(path).close()
    owner = path.parent.stat()
    assert given == ([(path.parent.name, owner.st_uid, owner.st_gid)] if user == 0 else [])
    assert path.is_file()


def network_ids(store: Store) -> list[str]:
    with store.read() as view:
        return [network.id for network in view.networks()]


def trouble(store: Store) -> str:
    """Give what a store says that cannot be used at all."""
    with pytest.raises(StoreUnavailable) as refused, store.read():
        pass
    with pytest.raises(StoreUnavailable), store.write():
        pass
    return str(refused.value)


def test_a_new_database_is_said_and_is_its_owner_s_alone(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened(path).close()
    assert f"there was no database; made a new one: {path}" in caplog.text
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == [path.name]


def test_a_database_is_made_where_a_file_can_have_one_name_only(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    opened(path).close()
    assert os.listdir(path.parent) == [path.name]


def test_of_two_that_make_a_database_at_once_both_have_the_first(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, first = schema.create, []

    def overtaken(connection: Connection) -> None:
        monkeypatch.setattr(schema, "create", create)
        first.append(made(path))
        create(connection)

    monkeypatch.setattr(schema, "create", overtaken)
    store = opened(path)
    with store.read() as view:
        assert [view.store_id()] == first
    store.close()
    assert os.listdir(path.parent) == [path.name]


def test_an_old_database_is_opened_quietly_and_others_cannot_read_it_any_more(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made(path)
    path.chmod(0o644)
    caplog.clear()
    store = opened(path)
    assert network_ids(store) == ["n1"]
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    assert caplog.text == ""


def test_a_store_keeps_its_id_and_no_other_has_it(path: Path) -> None:
    first = made(path)
    assert network_ids(opened(path, first)) == ["n1"]
    assert made(path.with_name("other.db")) != first


def test_another_store_than_the_one_expected_is_not_served(path: Path) -> None:
    made(path)
    assert "but this controller runs with store 4711" in trouble(opened(path, "4711"))


def test_a_database_that_vanished_is_not_made_anew(path: Path) -> None:
    store_id = made(path)
    path.unlink()
    assert "was removed or replaced" in trouble(opened(path, store_id))
    assert not path.exists()


def test_a_file_that_is_taken_away_is_not_used_and_not_made_until_it_is_back(path: Path) -> None:
    made(path)
    store = opened(path)
    path.rename(path.with_name("away"))
    assert "was removed or replaced" in trouble(store)
    assert not path.exists()
    path.with_name("away").rename(path)
    assert network_ids(store) == ["n1"]


def no_bytes(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_bytes(b"this is no database, but it is long enough to be read" * 40)


def garbage_behind_the_magic(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:16] + random.Random(1).randbytes(20_000))


def a_foreign_database(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")


def a_copy_without_its_log(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA journal_mode = WAL")


def a_newer_schema(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE schema_version SET version = 99")
        connection.commit()


def a_log_alone(path: Path) -> None:
    path.rename(path.with_name(path.name + "-wal"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_bytes, "is empty"),
        (text, "is not a database"),
        (garbage_behind_the_magic, "is corrupt: file is not a database"),
        (a_foreign_database, "is a database of another program"),
        (a_copy_without_its_log, "holds nothing"),
        (a_newer_schema, f"has schema 99, newer than this program's {schema.NEWEST_VERSION}"),
        (a_log_alone, "is there without"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_with_the_way_out_and_not_touched(
    path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], None], said: str
) -> None:
    made(path)
    spoil(path)
    before = {file.name: file.read_bytes() for file in path.parent.iterdir() if "-shm" not in file.name}
    caplog.clear()
    store = opened(path)
    reason = trouble(store)
    assert said in reason and str(path) in reason
    assert "restore" in reason or "restart" in reason
    (line,) = caplog.messages
    assert line in reason and "\n" not in line
    store.close()
    after = {file.name: file.read_bytes() for file in path.parent.iterdir() if "-shm" not in file.name}
    assert {name: data for name, data in after.items() if data} == {
        name: data for name, data in before.items() if data
    }


def test_a_database_that_turns_out_to_be_corrupt_is_not_used_any_more(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made(path)
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'networks'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    store = opened(path)
    with pytest.raises(StoreUnavailable):
        network_ids(store)
    assert "is corrupt: " in trouble(store)
    assert caplog.text.count("to restore a backup") == 1


READS_ON_A_FULL_DISK = """
import os, resource, sys
from pathlib import Path
from osken_apps.errors import StoreUnavailable
from osken_apps.store.store import Store

for name in os.listdir(Path(sys.argv[1]).parent):
    if name.endswith("-shm"):
        os.unlink(Path(sys.argv[1]).parent / name)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
store = Store(f"sqlite:///{sys.argv[1]}")
with store.read() as view:
    print([network.id for network in view.networks()])
try:
    with store.write():
        pass
except StoreUnavailable as error:
    print(error)
"""


@pytest.mark.parametrize("killed", [False, True])
def test_where_nothing_can_be_written_a_database_is_still_read(path: Path, killed: bool) -> None:
    made(path)
    if killed:  # what it committed last is in the log alone
        write = (
            "import os\n"
            "from osken_apps.model.resources import Network\n"
            "from osken_apps.store.store import Store\n"
            f"with Store('{url(path)}').write() as transaction:\n"
            "    transaction.create(Network('n2', 'default', physical_network='other'))\n"
            "os._exit(9)"
        )
        subprocess.run([sys.executable, "-c", write], check=False)
    done = subprocess.run(
        [sys.executable, "-c", READS_ON_A_FULL_DISK, str(path)], capture_output=True, text=True, check=False
    )
    ids, _, refused = done.stdout.partition("\n")
    assert ids == str(["n1", "n2"] if killed else ["n1"]), done.stderr
    assert f"{path} is open for reading only" in refused and "restart the controller" in refused


def test_a_database_of_schema_1_is_brought_up_to_date_with_all_that_it_holds(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA_1.read_text())
    store = opened(path)
    with store.read() as view:
        snapshot = whole(view)
        assert view.quotas("project") == {"port": 7}
    assert snapshot.store_id and snapshot.departed_ports == frozenset()
    assert [network.id for network in of_kind(Network, snapshot)] == ["n1", "n2"]
    assert [subnet.id for subnet in of_kind(Subnet, snapshot)] == ["s1", "s2", "s3"]
    bound = next(port for port in of_kind(Port, snapshot) if port.id == "p2")
    assert bound.binding is not None
    assert (bound.binding.host, bound.waits_for) == ("host1", "the tag")
    assert [[str(ip.ip_address) for ip in port.fixed_ips] for port in of_kind(Port, snapshot)] == [
        ["2001:db8::5", "10.0.0.5"],
        ["10.1.0.2"],
        ["10.1.0.3"],
    ]
    store.close()
    assert path.with_name("osken-net.db.schema-1").exists()
    assert f"{path} is brought to schema {schema.NEWEST_VERSION}" in caplog.text


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("UPDATE schema_version SET version = 4", "of schema 4 where this one has 5"),
        ("DROP TABLE host_identities", "without all tables"),
    ],
)
def test_an_older_database_is_not_brought_up_to_date_under_the_controller_that_runs_with_it(
    path: Path, left_out: str, said: str
) -> None:
    store_id = made(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(left_out)
        connection.commit()
        before = list(connection.iterdump())
    refused = trouble(opened(path, store_id))
    assert said in refused and "restart the controller" in refused
    with closing(sqlite3.connect(path)) as connection:
        assert list(connection.iterdump()) == before


def test_a_database_that_another_process_brings_up_to_date_meanwhile_is_so_once_and_its_copy_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA_1.read_text())
    others: list[str] = []
    transaction = opening._transaction

    def after_another(engine: Engine) -> AbstractContextManager[Connection]:
        if not others:
            others.append("")  # the other one's own transaction
            with opened(path).read() as view:
                others[0] = view.store_id()
        return transaction(engine)

    monkeypatch.setattr(opening, "_transaction", after_another)
    store = opened(path)
    with store.read() as view:
        assert [view.store_id()] == others
    with closing(sqlite3.connect(path.with_name("osken-net.db.schema-1"))) as connection:
        assert connection.execute("SELECT version FROM schema_version").fetchone() == (1,)


def test_an_upgraded_database_is_as_one_that_is_made_today(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA_1.read_text())
    store = opened(path)
    assert store.database is not None
    with store.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_an_upgraded_database_still_refuses_what_refers_to_nothing(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA_1.read_text())
        connection.execute("INSERT INTO fixed_ips VALUES ('s1', '0a000009', 'nobody', 0)")
        connection.commit()
    assert "a row of fixed_ips refers to no row of ports" in trouble(opened(path))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version FROM schema_version").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////no/such/directory/x.db",
        "sqlite:////tmp",
        "oracle://scott:tiger@host/x",
        "postgresql://scott:tiger@host/x",
        "sqlite+nonsense:///x.db",
    ],
)
def test_a_database_that_cannot_be_meant_is_a_configuration_error_without_a_password(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"\[database\] connection") as error:
        Store(address)
    assert "tiger" not in str(error.value) and "\n" not in str(error.value)


def test_a_snapshot_says_which_store_it_is_of(path: Path) -> None:
    store_id = made(path)
    with opened(path).read() as view:
        parts = list(view.parts(10))
        assert [part.store_id for part in parts if part.store_id] == [view.store_id()] == [store_id]
        assert Snapshot(tuple(view.networks())) in parts


def test_a_database_of_another_user_that_everybody_may_read_is_not_used(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(path)
    path.chmod(0o644)

    def refuse(_path: Path, _mode: int) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refuse)
    assert f"everybody may read {path}: chmod o-rwx {path}" in trouble(opened(path))


def test_a_database_that_everybody_may_read_is_taken_from_them(path: Path) -> None:
    made(path)
    path.chmod(0o644)
    opened(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_sqlite_left_beside_a_database_is_taken_from_others_too(path: Path) -> None:
    made(path)
    with closing(sqlite3.connect(path)) as killed, closing(sqlite3.connect(path)) as reader:
        killed.execute("PRAGMA journal_mode = WAL")
        reader.execute("SELECT count(*) FROM networks").fetchone()
        killed.execute("UPDATE counters SET last = last")
        killed.commit()
        left = [path.with_name(path.name + end) for end in ("-wal", "-shm")]
        for file in left:
            file.chmod(0o644)
        opened(path).close()
        assert [file.stat().st_mode & 0o777 for file in left] == [0o600, 0o600]
