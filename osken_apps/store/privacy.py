"""Who may read a database: its owner alone, since it holds what passwords are checked by. SHELL."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from osken_apps.store.database import RESTART, StoreUnusable
from osken_apps.store.engines import files_of

FILE_MODE = 0o600
OTHERS_BITS = 0o777 & ~FILE_MODE


def exposed(path: Path) -> tuple[Path, ...]:
    """Give the files of a database that others may use and that we can take from them, changing nothing.

    Raises StoreUnusable if everybody may read one and we cannot end that: another user's, or one on a file
    system that is read-only.
    """
    return tuple(_exposed(path))


def make_private(path: Path) -> None:
    """Take a database from those who are not its owner. Raises StoreUnusable as `exposed` does."""
    for file in exposed(path):
        try:
            file.chmod(FILE_MODE)
        except OSError as error:
            if file.stat().st_mode & stat.S_IROTH:
                raise _everybody_may_read(file) from error


def give_to_owner_of_directory(file: Path) -> None:
    """Give what root makes to whom its directory is: who runs the controller is to use it. Raises OSError."""
    if os.geteuid() == 0:
        directory = file.parent.stat()
        os.chown(file, directory.st_uid, directory.st_gid)


def _exposed(path: Path) -> Iterator[Path]:
    for file in files_of(path):  # SQLite gives a log the mode of its database, but keeps one that is left
        with suppress(FileNotFoundError):
            status = file.stat()
            if _can_change(file, status):
                if status.st_mode & OTHERS_BITS:
                    yield file
            elif status.st_mode & stat.S_IROTH:
                raise _everybody_may_read(file)


def _can_change(file: Path, status: os.stat_result) -> bool:
    is_read_only = os.statvfs(file).f_flag & os.ST_RDONLY
    return os.geteuid() in (0, status.st_uid) and not is_read_only


def _everybody_may_read(file: Path) -> StoreUnusable:
    return StoreUnusable(f"everybody may read {file}: chmod o-rwx {file}; {RESTART}")
