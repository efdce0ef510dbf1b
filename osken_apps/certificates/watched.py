"""Files that are read again when they change. SHELL."""

from collections.abc import Iterable
from pathlib import Path

LOOK_INTERVAL_S = 10.0  # between two looks

Stamp = tuple[int, int, int, int] | int | None  # both times, inode and size; or why there are none


class WatchedFiles:
    """Tells when one of some files is another one than before."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = tuple(files)
        self._seen = self._stamps()

    def have_changed(self) -> bool:
        """Tell whether one has changed since this was asked last."""
        before, self._seen = self._seen, self._stamps()
        return self._seen != before

    def _stamps(self) -> list[Stamp]:
        return [_stamp(file) for file in self._files]


def _stamp(file: Path) -> Stamp:
    try:
        found = file.stat()
    except OSError as error:
        return error.errno
    # The second time changes with the mode and the owner, too: what could not be read can be now.
    return found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size
