"""Copies of the database that are whole, whatever is written meanwhile. SHELL."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import exc

from osken_apps.errors import OskenAppsError
from osken_apps.files import led_to, new_file_beside, on_disk
from osken_apps.store import schema
from osken_apps.store.engines import (
    READ_ONLY_PRAGMAS,
    cause,
    database_file,
    file_uri,
    files_of,
    unchanging_engine,
)

WAIT_S = 10.0
ALONE = (
    ": another program has it to itself, as a controller does that found its disk full: make room and restart"
    " it, or stop it, and try again"
)


class BackupFailed(OskenAppsError):
    """There is no backup; says why."""


def back_up(database: str, target: Path, overwrite: bool = False) -> None:
    """Copy the database of a URL to a file, also while a controller runs on it.

    The file is there when it is whole and was looked at, and never before. Raises BackupFailed,
    ConfigurationError.
    """
    path = database_file(database)
    try:
        _check_place(path, target, overwrite)
    except OSError as error:
        raise BackupFailed(f"{error.filename}: {error.strerror}") from error
    copy_database(path, target, lambda copy: _check(copy, path))


def copy_database(path: Path, target: Path, check: Callable[[Path], None] = lambda copy: None) -> None:
    """Copy an SQLite file with all that is committed; what `check` raises of the copy leaves the target.

    A symbolic link stays, and the file that it names is written. Raises BackupFailed.
    """
    try:
        place = led_to(target)
        with new_file_beside(place) as new:
            with closing(_opened(path)) as source:
                _copy(source, new, target)
            check(new)
            on_disk(new)
            new.replace(place)
            on_disk(place.parent)
    except OSError as error:
        raise BackupFailed(f"{target}: {error.strerror}") from error


def _check_place(path: Path, target: Path, overwrite: bool) -> None:
    if not path.is_file():
        raise BackupFailed(f"there is no database {path}")
    if led_to(target) in files_of(path):
        raise BackupFailed(f"{target} is the database itself, or its log")
    if not target.exists():
        return
    if not target.is_file():
        raise BackupFailed(f"{target} is no regular file")
    if not overwrite:
        raise BackupFailed(f"{target} exists; --force overwrites it")


def _opened(path: Path) -> sqlite3.Connection:
    """Open a database at one moment. Raises BackupFailed, also when it cannot be read within 10 s."""
    try:
        try:
            return _begun(path, "mode=ro")
        except sqlite3.OperationalError as error:
            if _is_busy(error):
                raise
        # To read takes a file beside it, for which a full disk has no room, unless nobody else may read.
        return _begun(path, "mode=rw", READ_ONLY_PRAGMAS)
    except sqlite3.Error as error:
        raise BackupFailed(f"{path}: {error}{ALONE if _is_busy(error) else ''}") from error


def _begun(path: Path, how: str, pragmas: tuple[str, ...] = ()) -> sqlite3.Connection:
    source = sqlite3.connect(file_uri(path, how), timeout=WAIT_S, uri=True, isolation_level=None)
    try:
        for statement in (*pragmas, "BEGIN", "SELECT count(*) FROM sqlite_master"):
            source.execute(statement).fetchall()
    except sqlite3.Error:
        source.close()
        raise
    return source


def _is_busy(error: sqlite3.Error) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _copy(source: sqlite3.Connection, new: Path, target: Path) -> None:
    """Copy what a transaction sees. Raises BackupFailed: what fails from now on is the copy."""
    try:
        with closing(sqlite3.connect(new)) as copy:
            source.backup(copy)
    except sqlite3.Error as error:
        raise BackupFailed(f"{target}: {error}") from error


def _check(copy: Path, path: Path) -> None:
    """Refuse a copy that would be no use. Raises BackupFailed."""
    engine = unchanging_engine(copy)
    try:
        with engine.connect() as connection:
            if not schema.version(connection, schema.tables(connection)):
                raise BackupFailed(f"{path} holds no networks of ours: it is empty, or another program's")
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    except exc.DBAPIError as error:
        raise BackupFailed(f"{path}: {cause(error)}") from error
    finally:
        engine.dispose()
    if found != "ok":
        raise BackupFailed(f"{path} is corrupt: {found}")
