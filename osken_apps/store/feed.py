"""What the controller is told of the store: all there is, in parts, then every commit, without a gap. SHELL.

Commits never wait for the controller: they queue here, and where it reads so slowly that too many have come
together, they make room for another snapshot. A snapshot is read part by part in one read transaction, while
all else goes on; what is committed meanwhile is told after it.
"""

from collections import deque
from collections.abc import Callable, Generator
from threading import Lock

from osken_apps.failures import Failures
from osken_apps.link import Changes, SnapshotPart
from osken_apps.model.changes import Change, Snapshot
from osken_apps.store.store import Store

RESOURCES_A_PART = 200  # what the controller takes in some milliseconds
MAX_QUEUED_CHANGES = 100_000

Parts = Generator[SnapshotPart, None, None]


class Feed:
    """The messages for the controller, one after the other; `wake` is called when there may be one."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake
        self._lock = Lock()
        self._failures = Failures()
        self._commits: deque[Changes] = deque()
        self._queued_changes = 0
        self._starts_over = True
        self._parts: Parts | None = None
        store.listen(self._committed)

    def start_over(self) -> None:
        """Tell everything again."""
        with self._lock:
            self._starts_over = True
        self._wake()

    def take(self) -> Changes | SnapshotPart | None:
        """Give the next message, None if there is none; for one thread.

        Raises StoreUnavailable; then the next call begins another snapshot.
        """
        part = self._next_part()
        return part if part is not None else self._next_commit()

    def _next_part(self) -> SnapshotPart | None:
        if self._starts_over:
            self._abandon()
            self._starts_over = False
            self._parts = self._snapshot()
        try:
            return next(self._parts, None) if self._parts else None
        except BaseException:
            self._starts_over = True
            raise

    def _next_commit(self) -> Changes | None:
        with self._lock:
            if self._starts_over or not self._commits:
                return None
            commit = self._commits.popleft()
            self._queued_changes -= len(commit.changes)
            return commit

    def _snapshot(self) -> Parts:
        with self._store.moment() as (sequence, view):
            self._forget_until(sequence)
            for part in view.parts(RESOURCES_A_PART, self._failures):
                yield SnapshotPart(sequence, part, last=False)
        yield SnapshotPart(sequence, Snapshot(), last=True)

    def _abandon(self) -> None:
        """End the read transaction of a snapshot that is not wanted any more."""
        if self._parts:
            self._parts.close()

    def _forget_until(self, sequence: int) -> None:
        """Forget the commits that a snapshot of that moment contains."""
        with self._lock:
            while self._commits and self._commits[0].sequence <= sequence:
                self._queued_changes -= len(self._commits.popleft().changes)

    def _committed(self, sequence: int, changes: tuple[Change, ...]) -> None:
        with self._lock:
            self._commits.append(Changes(sequence, changes))
            self._queued_changes += len(changes)
            if self._queued_changes > MAX_QUEUED_CHANGES:
                self._commits.clear()
                self._queued_changes = 0
                self._starts_over = True
        self._wake()
