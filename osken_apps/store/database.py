"""The connection to the database: how it is opened, locked, upgraded, and how its trouble is told.

Upgrades are a numbered list here instead of alembic: the schema is one page, a step is a few
statements, and the controller upgrades by itself when it starts, with no tool for operators to run.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc, insert, select, update

from osken_apps.errors import ConfigurationError, StoreUnavailable
from osken_apps.store.tables import METADATA, SCHEMA_VERSION

BUSY_TIMEOUT_MS = 2000
POOL_TIMEOUT_S = 5
POOL_SIZE = 16
WRITES = "osken_apps_writes"

PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -16384",
)

# Step n (from 0) brings a database of version n + 1 to version n + 2; a new database needs none.
MIGRATIONS: tuple[Callable[[Connection], None], ...] = ()
NEWEST_VERSION = len(MIGRATIONS) + 1


def open_engine(url: str) -> Engine:
    """Open the database and bring its schema up to date.

    Raises ConfigurationError for a URL that cannot be used or a schema newer than this program.
    """
    try:
        engine = create_engine(url, pool_size=POOL_SIZE, pool_timeout=POOL_TIMEOUT_S, pool_use_lifo=True)
    except (exc.ArgumentError, ImportError) as error:
        raise ConfigurationError(f"[database] connection: {error}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            _upgrade(connection)
    except exc.DatabaseError as error:
        raise ConfigurationError(f"[database] connection: {error.orig}: {url}") from error
    return engine


def _prepare_sqlite(dbapi_connection: Any, _record: Any) -> None:
    """Leave transactions to us (the driver would begin them too late) and set the pragmas."""
    dbapi_connection.isolation_level = None
    for pragma in PRAGMAS:
        dbapi_connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once if the transaction writes, so that nothing it read can change."""
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _upgrade(connection: Connection) -> None:
    SCHEMA_VERSION.create(connection, checkfirst=True)
    version = connection.scalar(select(SCHEMA_VERSION.c.version))
    if version is None:
        METADATA.create_all(connection)
        connection.execute(insert(SCHEMA_VERSION).values(version=NEWEST_VERSION))
        return
    if version > NEWEST_VERSION:
        raise ConfigurationError(
            f"[database] connection: schema {version} is newer than this program's {NEWEST_VERSION}"
        )
    for step in MIGRATIONS[version - 1 :]:
        step(connection)
    connection.execute(update(SCHEMA_VERSION).values(version=NEWEST_VERSION))


@contextmanager
def telling_unavailable() -> Iterator[None]:
    """Turn a database that is locked, gone, full or broken into StoreUnavailable."""
    try:
        yield
    except (exc.IntegrityError, exc.ProgrammingError):
        raise
    except (exc.DBAPIError, exc.TimeoutError) as error:
        cause = getattr(error, "orig", None) or error
        raise StoreUnavailable(str(cause).splitlines()[0]) from error


def violated_columns(error: exc.IntegrityError) -> frozenset[str]:
    """Give the columns of the unique constraint that a statement violated."""
    return frozenset(re.findall(r"\w+\.(\w+)", str(error.orig)))
