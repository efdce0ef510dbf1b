"""One writer at a time, by turns between projects. SHELL."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from osken_apps.errors import StoreUnavailable
from osken_apps.fair_queue import FairQueue

WRITER_TIMEOUT_S = 10.0


class WriterQueue:
    """A lock that goes to each project in turn, and of a project to whoever has waited longest.

    Many writes of one project hold up another's no longer than one of them takes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = FairQueue()
        self._taken = False

    @contextmanager
    def turn(self, project_id: str = "") -> Iterator[None]:
        """Have the only turn. Raises StoreUnavailable when it does not come in time."""
        self._take(project_id)
        try:
            yield
        finally:
            self._give()

    def _take(self, project_id: str) -> None:
        with self._lock:
            mine = threading.Event()
            self._waiting.put(project_id, mine)
            if not self._taken:
                self._taken = True
                self._waiting.take().set()
        if mine.wait(WRITER_TIMEOUT_S):
            return
        with self._lock:
            if not mine.is_set():
                self._waiting.remove(project_id, mine)
                raise StoreUnavailable("another change is taking too long")

    def _give(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.take().set()
            else:
                self._taken = False
