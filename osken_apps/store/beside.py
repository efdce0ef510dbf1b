"""New files that take a name when they are whole, and are nobody's until then. SHELL."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from osken_apps.store.privacy import BESIDE


@contextmanager
def new_file_beside(path: Path) -> Iterator[Path]:
    """Give an empty file in a path's directory, its owner's alone, that no other process knows.

    At the end it is gone, if it has not got its name by then. Raises OSError.
    """
    descriptor, name = tempfile.mkstemp(".new", f".{path.name}.", path.parent)
    os.close(descriptor)
    new = Path(name)
    try:
        yield new
    finally:
        for end in BESIDE:
            with suppress(OSError):
                new.with_name(new.name + end).unlink(missing_ok=True)


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
