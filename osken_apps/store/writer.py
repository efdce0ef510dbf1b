"""One writer at a time, in the order in which they came. SHELL."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from osken_apps.errors import StoreUnavailable

WRITER_TIMEOUT_S = 10.0


class WriterQueue:
    """A lock for whoever has waited longest: one project's many writes do not pass another's one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._taken = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Have the only turn. Raises StoreUnavailable when it does not come in time."""
        self._take()
        try:
            yield
        finally:
            self._give()

    def _take(self) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(WRITER_TIMEOUT_S):
            return
        with self._lock:
            if not mine.is_set():
                self._waiting.remove(mine)
                raise StoreUnavailable("another change is taking too long")

    def _give(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False
