"""The connections to the database: their settings, how a transaction begins, how trouble is told. SHELL.

A transaction that writes takes SQLite's write lock at its very beginning, by BEGIN IMMEDIATE, so that nothing
it read can change before it commits; one that reads sees one moment.
"""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, exc, make_url

from osken_apps.errors import ConfigurationError, StoreUnavailable

BUSY_TIMEOUT_MS = 2000
POOL_TIMEOUT_S = 5
POOL_SIZE = 80  # more than the API has threads; opened when they are needed
WRITES = "osken_apps_writes"
LAZY = "osken_apps_lazy"  # a commit that may be lost when the power fails, since it can be made again
DURABLY, LAZILY = "FULL", "NORMAL"  # what `PRAGMA synchronous` is for either kind of commit

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -16384",
)
# A table that is made anew is dropped and renamed meanwhile; what refers to it is checked at the end.
UPGRADE_PRAGMAS = ("PRAGMA foreign_keys = OFF",)
# The index of the write-ahead log is kept in memory: nothing is written, not even to read.
READ_ONLY_PRAGMAS = ("PRAGMA locking_mode = EXCLUSIVE", "PRAGMA query_only = ON")


def database_file(text: str) -> Path:
    """Give the file of the database that a URL names. Raises ConfigurationError, which shows no password."""
    try:
        url = make_url(text)
        url.get_dialect()
    except exc.ArgumentError as error:
        raise ConfigurationError(f"[database] connection: {error}") from None
    if url.get_backend_name() != "sqlite":
        raise ConfigurationError(f"[database] connection: {url.get_backend_name()}, where only sqlite works")
    name = url.database or ""
    if not name or name.startswith((":", "file:")):
        raise ConfigurationError(f"[database] connection: {url} names no file")
    return Path(name)


def files_of(path: Path) -> tuple[Path, Path, Path, Path]:
    """Name the file of a database, where a link leads, and what SQLite has beside it: log, the log's index,
    journal.
    """
    file = os.path.realpath(path)
    return Path(file), Path(f"{file}-wal"), Path(f"{file}-shm"), Path(f"{file}-journal")


def log_of(path: Path) -> Path:
    """Name SQLite's log of a database."""
    return files_of(path)[1]


def file_uri(path: Path, how: str) -> str:
    """Give the URI by which SQLite opens a file in a certain way, such as `mode=ro`."""
    return f"file:{quote(str(path))}?{how}"


def engine_of(path: Path, pragmas: tuple[str, ...] = PRAGMAS) -> Engine:
    """Make an engine over an SQLite file."""
    return _file_engine(path, "mode=rw", (f"PRAGMA synchronous = {DURABLY}", *pragmas), POOL_SIZE)


def reading_engine(path: Path) -> Engine:
    """Make an engine that writes nothing and has an SQLite file to itself, where nothing can be written."""
    return _file_engine(path, "mode=rw", READ_ONLY_PRAGMAS, 1)


def unchanging_engine(path: Path) -> Engine:
    """Make an engine over an SQLite file that nobody changes: it needs no lock, no log and no space."""
    return _file_engine(path, "immutable=1", ("PRAGMA query_only = ON",), POOL_SIZE)


def looking_engine(path: Path) -> Engine:
    """Make an engine that writes nothing, over an SQLite file that others may be changing."""
    if not log_of(path).exists():
        return unchanging_engine(path)
    return _file_engine(path, "mode=ro", ("PRAGMA query_only = ON",), 1)


def _file_engine(path: Path, how: str, pragmas: tuple[str, ...], connections: int) -> Engine:
    """Make an engine over an SQLite file that must be there: SQLite makes none."""

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(file_uri(path, how), uri=True, check_same_thread=False)

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        pool_use_lifo=True,
    )
    _prepare_sqlite(engine, pragmas)
    return engine


def _prepare_sqlite(engine: Engine, pragmas: tuple[str, ...]) -> None:
    """Leave transactions to us (the driver would begin them too late) and set the pragmas."""

    def connected(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None
        dbapi_connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        for pragma in pragmas:
            dbapi_connection.execute(pragma)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", _begin_sqlite)


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(WRITES):
        connection.exec_driver_sql(f"PRAGMA synchronous = {LAZILY if options.get(LAZY) else DURABLY}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")


def cause(error: exc.SQLAlchemyError) -> str:
    """Give in one line what the driver said."""
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def sqlite_code(error: exc.DBAPIError) -> int:
    """Give SQLite's primary result code (sqlite.org/rescode.html); 0 for what has none."""
    return int(getattr(error.orig, "sqlite_errorcode", 0)) & 0xFF


def is_corrupt(error: exc.DBAPIError) -> bool:
    """Tell whether the file itself is broken."""
    return sqlite_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@contextmanager
def telling_unavailable() -> Iterator[None]:
    """Turn a database that is locked, gone, full or broken into StoreUnavailable.

    What can never succeed, however long one waits, stays what it is.
    """
    try:
        yield
    except (exc.IntegrityError, exc.ProgrammingError, exc.DataError):
        raise
    except (exc.DBAPIError, exc.TimeoutError) as error:
        raise StoreUnavailable(cause(error)) from error


def violated(error: exc.IntegrityError) -> tuple[str, frozenset[str]]:
    """Give the name of the constraint that a statement violated, or its columns: SQLite tells only these."""
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    return name, frozenset(re.findall(r"\w+\.(\w+)", "" if name else str(error.orig)))
