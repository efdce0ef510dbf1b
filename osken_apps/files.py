"""Files that are written whole or not at all: a new one takes the name when it is whole. SHELL."""

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

END = ".new"


@contextmanager
def new_file_beside(path: Path) -> Iterator[Path]:
    """Give an empty file in a path's directory, its owner's alone, that no other process uses.

    At the end it is gone, with what has its name and more, if it has not got another name by then; what
    others left that were killed is gone before. Raises OSError.
    """
    _remove_left(path)
    descriptor, new = _locked_file(path)
    try:
        yield new
    finally:
        _remove(new)
        os.close(descriptor)


def write_whole(path: Path, octets: bytes, mode: int) -> None:
    """Write a file so that nobody reads half of it, with a mode whatever the umask, and it outlives a crash.

    A symbolic link stays, and the file that it names is written. Raises OSError, also where a device, a pipe
    or a directory is: a file would take its place.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    target = led_to(path)
    with new_file_beside(target) as new:
        new.chmod(mode)
        new.write_bytes(octets)
        on_disk(new)
        new.replace(target)
    on_disk(target.parent)


def led_to(path: Path) -> Path:
    """Give the path that symbolic links lead to, whether a file is there or not. Raises OSError."""
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return target


def on_disk(path: Path) -> None:
    """Wait until a file, or the names in a directory, outlive a power failure. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot wait for the names in a directory
            raise
    finally:
        os.close(descriptor)


def _locked_file(path: Path) -> tuple[int, Path]:
    """Make a file that is locked for as long as its descriptor is open."""
    while True:
        descriptor, name = tempfile.mkstemp(END, f".{path.name}.", path.parent)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            os.unlink(name)
            os.close(descriptor)
            raise
        if os.fstat(descriptor).st_nlink:
            return descriptor, Path(name)
        os.close(descriptor)  # who removes what was left came between


def _remove_left(path: Path) -> None:
    """Remove new files of a path that nobody holds any more."""
    for left in path.parent.iterdir():
        if left.name.startswith(f".{path.name}.") and left.name.endswith(END):
            with suppress(OSError), left.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(left)


def _remove(new: Path) -> None:
    """Remove a new file, and what a database has beside it."""
    for found in list(new.parent.iterdir()):
        if found.name.startswith(new.name):
            with suppress(OSError):
                found.unlink(missing_ok=True)
