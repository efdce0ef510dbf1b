"""An open database, and what is said of one that is ill: always with the way out. SHELL."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine

from osken_apps.errors import OskenAppsError
from osken_apps.store.engines import file_uri, files_of, log_of
from osken_apps.store.schema import NEWEST_VERSION

CHECKPOINT_TIMEOUT_S = 0.1
RESTART = "put that right and restart the controller"


class StoreUnusable(OskenAppsError):
    """The database must not or cannot be used; says why, and the way out."""


class Database:
    """An open database: the id of its store, its file, whether it was made just now.

    `read_only` is empty or says why nothing can be written, and the way out.
    """

    def __init__(
        self, engine: Engine, store_id: str, path: Path, made: bool = False, read_only: str = ""
    ) -> None:
        self.engine = engine
        self.store_id = store_id
        self.path = path
        self.made = made
        self.read_only = read_only
        self._file = _identity(path)

    def __str__(self) -> str:
        return f"{self.path}, schema {NEWEST_VERSION}, store {self.store_id}"

    @property
    def trouble(self) -> str:
        """Why it must not be used, and the way out; empty: it may. A removed file loses what is written."""
        return vanished(self.path) if _identity(self.path) != self._file else ""

    def log(self) -> tuple[int, int] | None:
        """Give size and time of SQLite's log, whoever has written it; None: nothing is in it."""
        try:
            status = os.stat(log_of(self.path))
        except OSError:
            return None
        return (status.st_size, status.st_mtime_ns) if status.st_size else None

    def checkpoint(self) -> bool:
        """Bring what is committed from SQLite's log into the file; tell whether readers let all of it go.

        Raises sqlite3.Error.
        """
        if self.read_only:
            return False
        with closing(
            sqlite3.connect(file_uri(self.path, "mode=rw"), timeout=CHECKPOINT_TIMEOUT_S, uri=True)
        ) as connection:
            # One that a reader holds up raises nothing (sqlite.org/pragma.html#pragma_wal_checkpoint).
            busy, logged, copied = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy or 0 <= logged == copied


def _identity(path: Path) -> tuple[int, int] | None:
    """Give what tells a file from another one of the same name; None: there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def corrupt(path: Path, reason: str) -> str:
    """Say that a database is corrupt, and the way out."""
    return f"{path} is corrupt: {reason}; {restore(path)}"


def vanished(path: Path) -> str:
    """Say that the file of a database is not there any more, and the way out."""
    return f"{path} was removed or replaced while the controller ran; {restore(path)}"


def restore(path: Path) -> str:
    """Say how a backup is restored."""
    _, log, index, _ = files_of(path)
    remove = f"rm -f {log} {index}"  # the log of one database must not meet another one
    return f"to restore a backup: stop the controller, {remove}, cp BACKUP {path}, start the controller"
