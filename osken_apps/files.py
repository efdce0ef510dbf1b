"""Files that are written whole or not at all. SHELL."""

import errno
import os
from pathlib import Path


def write_whole(path: Path, octets: bytes, mode: int) -> None:
    """Write a file so that nobody reads half of it, with a mode whatever the umask.

    A symbolic link stays, and the file that it names is written. Raises OSError, also where a device, a pipe
    or a directory is: a file would take its place.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    target = path.resolve()
    new = target.with_name(f".{target.name}.new")
    new.unlink(missing_ok=True)
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(octets)
        new.replace(target)
    except OSError:
        new.unlink(missing_ok=True)
        raise
