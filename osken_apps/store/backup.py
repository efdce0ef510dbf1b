"""Copies of the database that are whole, whatever is written meanwhile. SHELL."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from osken_apps.errors import OskenAppsError
from osken_apps.store.engines import database_file, file_uri
from osken_apps.store.privacy import FILE_MODE


class BackupFailed(OskenAppsError):
    """There is no backup; says why."""


def back_up(database: str, target: Path, overwrite: bool = False) -> None:
    """Copy the database of a URL to a file, also while a controller runs on it.

    The file is there when it is whole, and never before. Raises BackupFailed, ConfigurationError.
    """
    path = database_file(database)
    if not path.is_file():
        raise BackupFailed(f"there is no database {path}")
    if target.exists() and not overwrite:
        raise BackupFailed(f"{target} exists; --force overwrites it")
    try:
        copy_database(path, target)
    except sqlite3.Error as error:
        raise BackupFailed(f"{path}: {error}") from error
    except OSError as error:
        raise BackupFailed(f"{target}: {error.strerror}") from error


def copy_database(path: Path, target: Path) -> None:
    """Copy an SQLite file with all that is committed. Raises sqlite3.Error, OSError."""
    new = target.with_name(f".{target.name}.new")
    new.unlink(missing_ok=True)
    try:
        os.close(os.open(new, os.O_CREAT | os.O_EXCL, FILE_MODE))
        with (
            closing(sqlite3.connect(file_uri(path, "mode=ro"), uri=True)) as source,
            closing(sqlite3.connect(new)) as copy,
        ):
            source.backup(copy)
        with new.open("rb") as written:
            os.fsync(written.fileno())
        new.replace(target)
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)
