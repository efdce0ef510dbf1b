"""Opening the database of a store: which one it is, whether it may be used, and for what. SHELL.

A database is made only where there is none and none was known; whatever else is wrong is told with the way
out, and changes nothing. Where nothing can be written (a full disk, above all) it is opened for reading.
"""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, exc

from osken_apps.errors import ConfigurationError
from osken_apps.files import new_file_beside, on_disk
from osken_apps.store import schema
from osken_apps.store.backup import BackupFailed, copy_database
from osken_apps.store.database import RESTART, Database, StoreUnusable, corrupt, restore, vanished
from osken_apps.store.engines import (
    UPGRADE_PRAGMAS,
    WRITES,
    cause,
    database_file,
    engine_of,
    is_corrupt,
    log_of,
    looking_engine,
    reading_engine,
    sqlite_code,
    unchanging_engine,
)
from osken_apps.store.privacy import exposed, give_to_owner_of_directory, make_private

LOG = logging.getLogger(__name__)

MAGIC = b"SQLite format 3\0"
CANNOT_WRITE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
)


def open_database(text: str, expected_id: str) -> Database:
    """Open the database of a URL; make it where there is none; bring its schema up to date.

    `expected_id` is the id of the store that it must be, since a controller runs with it: then nothing is
    made, and nothing brought up to date; empty: any, also a new one. Raises ConfigurationError for a URL that
    cannot be used, StoreUnusable for a database that cannot.
    """
    path = database_file(text)
    made = _find_or_make(path, expected_id)
    try:
        store_id = _brought_up_to_date(path, under_controller=bool(expected_id))
        database = Database(engine_of(path), store_id, path, made)
    except exc.DBAPIError as error:
        if is_corrupt(error):
            raise StoreUnusable(corrupt(path, cause(error))) from error
        if sqlite_code(error) not in CANNOT_WRITE:
            raise StoreUnusable(f"{path}: {cause(error)}; {RESTART}") from error
        database = _opened_read_only(path, cause(error))
    if expected_id and database.store_id != expected_id:
        database.engine.dispose()
        raise StoreUnusable(
            f"{path} holds store {database.store_id}, but this controller runs with store"
            f" {expected_id}; put that one back, or restart the controller to use this one"
        )
    return database


def look_at_database(text: str) -> str:
    """Say which database a URL names and what will be done with it, and change nothing.

    Raises ConfigurationError, StoreUnusable.
    """
    path = database_file(text)
    if not _is_there(path):
        return f"{path} is not there, and will be made"
    found, _ = _looked_at(path)
    later = "" if found == schema.NEWEST_VERSION else f", will be brought to {schema.NEWEST_VERSION}"
    private = ", will be its owner's alone" if exposed(path) else ""
    return f"{path}, schema {found}{later}{private}"


def check_up_to_date(text: str) -> None:
    """Refuse a database that opening would upgrade, perhaps under an older controller that runs on it.

    Changes nothing. Raises ConfigurationError, StoreUnusable.
    """
    path = database_file(text)
    if _is_there(path):
        found, lacks_tables = _looked_at(path)
        if found != schema.NEWEST_VERSION or lacks_tables:
            raise _of_older_program(path, found)


def _of_older_program(path: Path, found: int) -> StoreUnusable:
    newest = schema.NEWEST_VERSION
    what = "without all tables" if found == newest else f"of schema {found} where this one has {newest}"
    return StoreUnusable(
        f"{path} is an older program's, {what}; restart the controller, it brings the database up to date"
    )


def _looked_at(path: Path) -> tuple[int, bool]:
    """Give the schema of a database of ours, and whether it lacks tables. Raises StoreUnusable."""
    engine = looking_engine(path)
    try:
        with engine.connect() as connection:
            found, there = _schema_of(connection, path)
            return found, schema.lacks_tables(there)
    except exc.DBAPIError as error:
        wrong = corrupt(path, cause(error)) if is_corrupt(error) else f"{path}: {cause(error)}"
        raise StoreUnusable(wrong) from error
    finally:
        engine.dispose()


def _find_or_make(path: Path, expected_id: str) -> bool:
    """See that there is a file that may be our database; tell whether it was made for that."""
    if not _is_there(path):
        if expected_id:
            raise StoreUnusable(vanished(path))
        return _made(path)
    make_private(path)
    return False


def _is_there(path: Path) -> bool:
    """Tell whether there is a database. Raises ConfigurationError, StoreUnusable: it is something else."""
    try:
        with path.open("rb") as file:
            start = file.read(len(MAGIC))
    except FileNotFoundError:
        return False
    except IsADirectoryError as error:
        raise ConfigurationError(f"[database] connection: {path}: {error.strerror}") from error
    except OSError as error:
        raise StoreUnusable(f"{path}: {error.strerror}; {RESTART}") from error
    if not start:
        raise StoreUnusable(f"{path} is empty; {restore(path)}; or rm -f {path} to begin with nothing")
    if start != MAGIC:
        raise StoreUnusable(f"{path} is not a database; {restore(path)}")
    return True


def _made(path: Path) -> bool:
    """Make a database beside its place and move it there when it is whole.

    Raises ConfigurationError, StoreUnusable.
    """
    log = log_of(path)
    if log.exists():
        raise StoreUnusable(f"{log} is there without {path}; {restore(path)}; or rm -f {log} to begin anew")
    try:
        with new_file_beside(path) as new:
            give_to_owner_of_directory(new)
            with _upgrading(new) as engine, _transaction(engine) as connection:
                schema.create(connection)
            _put_in_place(new, path)
    except OSError as error:
        raise ConfigurationError(f"[database] connection: {path}: {error.strerror}") from error
    except exc.DBAPIError as error:
        raise ConfigurationError(f"[database] connection: {path}: {cause(error)}") from error
    return True


def _put_in_place(new: Path, path: Path) -> None:
    """Give a new file its name, but never in place of a file that is there."""
    try:
        os.link(new, path)
    except FileExistsError:
        pass  # another process was faster: its database is as good
    except OSError:  # a file system without hard links
        new.rename(path)
    on_disk(path.parent)


def _brought_up_to_date(path: Path, under_controller: bool) -> str:
    """Bring an older schema up to date; give the id of the store. Raises DBAPIError, StoreUnusable.

    Not under a controller that runs with it: that one is of an older program than this.
    """
    with _upgrading(path) as engine:
        with engine.connect() as connection:
            found, there = _schema_of(connection, path)
            if found == schema.NEWEST_VERSION and not schema.lacks_tables(there):
                return _store_id(connection, path)
        if under_controller:
            raise _of_older_program(path, found)
        with _transaction(engine) as connection:
            found, _ = _schema_of(connection, path)  # another process may have been faster
            if found == schema.NEWEST_VERSION:
                schema.add_tables(connection)
            else:
                _keep_copy(path, found)
                schema.upgrade(connection, found)
                _check_references(connection, path)
            return _store_id(connection, path)


def _keep_copy(path: Path, found: int) -> None:
    """Keep a copy of a database that is upgraded: the older program cannot read it afterwards."""
    copy = path.with_name(f"{path.name}.schema-{found}")
    try:
        copy_database(path, copy)
    except BackupFailed as error:
        raise StoreUnusable(
            f"{path} must be brought from schema {found} to {schema.NEWEST_VERSION}, and no copy of it could"
            f" be made: {error}; {RESTART}"
        ) from error
    LOG.warning("%s is brought to schema %d; %s is as it was", path, schema.NEWEST_VERSION, copy)


def _schema_of(connection: Connection, path: Path) -> tuple[int, frozenset[str]]:
    """Give the schema of a database of ours, and its tables. Raises StoreUnusable."""
    there = schema.tables(connection)
    found = schema.version(connection, there)
    _check(found, there, path)
    return found, there


def _check(found: int, tables: frozenset[str], path: Path) -> None:
    """Refuse a database that is not ours, or of a newer program. Raises StoreUnusable."""
    if found > schema.NEWEST_VERSION:
        raise StoreUnusable(
            f"{path} has schema {found}, newer than this program's {schema.NEWEST_VERSION};"
            f" run the newer program, or restore a backup that was made before it"
        )
    if found == 0 and tables:
        raise StoreUnusable(f"{path} is a database of another program; {RESTART}")
    if found == 0:
        raise StoreUnusable(f"{path} holds nothing, as a copy without its log; {restore(path)}")


def _store_id(connection: Connection, path: Path) -> str:
    """Give the id of the store. Raises StoreUnusable if it has none."""
    if found := schema.store_id(connection):
        return found
    raise StoreUnusable(corrupt(path, "the store has no id"))


def _check_references(connection: Connection, path: Path) -> None:
    """Check the foreign keys, which were not enforced meanwhile. Raises StoreUnusable."""
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise StoreUnusable(corrupt(path, f"a row of {broken[0]} refers to no row of {broken[2]}"))


def _opened_read_only(path: Path, reason: str) -> Database:
    """Open a file that cannot be written now. Raises StoreUnusable."""
    log = log_of(path)
    ways: list[Callable[[], Engine]] = [lambda: reading_engine(path)]
    if not log.exists() or not log.stat().st_size:  # else what is in the log would be missing
        ways.append(lambda: unchanging_engine(path))
    for way in ways:
        engine = way()
        try:
            with engine.connect() as connection:
                found, _ = _schema_of(connection, path)
                if found == schema.NEWEST_VERSION:
                    told = f"{path} is open for reading only: {reason}; {RESTART}"
                    return Database(engine, _store_id(connection, path), path, read_only=told)
                reason = f"schema {found} cannot be brought to {schema.NEWEST_VERSION}: {reason}"
        except exc.DBAPIError:
            pass  # the other way, if there is one
        engine.dispose()
    raise StoreUnusable(f"{path}: {reason}; {RESTART}")


@contextmanager
def _upgrading(path: Path) -> Iterator[Engine]:
    engine = engine_of(path, UPGRADE_PRAGMAS)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        writing = connection.execution_options(**{WRITES: True})
        with writing.begin():
            yield writing
