"""When SQLite's log goes into the database's file, so that a copy of the file alone is a backup. SHELL."""

import threading

from osken_apps.failures import Failures
from osken_apps.store.store import Store

LOOK_S = 2.0
MAX_LOOKS = 30


class Checkpoints:
    """Makes a checkpoint whenever nothing was written for a look, and every 30 looks."""

    def __init__(self, store: Store, failures: Failures) -> None:
        self._store = store
        self._failures = failures
        self._seen = store.log()
        self._kept: tuple[int, int] | None = None  # the log of which all is in the file
        self._looks = 0  # since the last checkpoint

    def look(self) -> None:
        """Make a checkpoint if it is time; one that was not made is tried again at the next look."""
        log, self._looks = self._store.log(), self._looks + 1
        is_time = log == self._seen or self._looks >= MAX_LOOKS
        if log not in (None, self._kept) and is_time and self._made():
            self._kept, self._looks = log, 0
        self._seen = log

    def _made(self) -> bool:
        try:
            return self._store.checkpoint()
        except Exception as error:
            self._failures.note("no checkpoint was made", error)
            return False


def keep_checkpoints(store: Store, failures: Failures) -> None:
    """Look for ever."""
    checkpoints = Checkpoints(store, failures)
    while True:
        threading.Event().wait(LOOK_S)
        checkpoints.look()
