"""The store: transactions over the database, and listeners that are told of every commit in order."""

import random
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from osken_apps.errors import StoreUnavailable
from osken_apps.model.changes import Change, Snapshot
from osken_apps.store.database import WRITES, open_engine, telling_unavailable
from osken_apps.store.transaction import Sources, Transaction
from osken_apps.store.view import View

WRITER_TIMEOUT_S = 10

Listener = Callable[[tuple[Change, ...]], None]

SYSTEM_SOURCES = Sources(now=lambda: datetime.now(UTC), random_bits=random.SystemRandom().getrandbits)


class Store:
    """All networks, subnets, ports and quotas; may be used from several threads."""

    def __init__(self, url: str, sources: Sources = SYSTEM_SOURCES) -> None:
        """Open the database. Raises ConfigurationError."""
        self._engine = open_engine(url)
        self._sources = sources
        # Held from the start of a write to the end of its listeners: they see commits in order.
        self._writer = threading.Lock()
        self._listeners: list[Listener] = []

    @contextmanager
    def read(self) -> Iterator[View]:
        """Open a read transaction. Raises StoreUnavailable."""
        with telling_unavailable(), self._engine.connect() as connection:
            yield View(connection)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Open a write transaction; an exception undoes it. Raises StoreUnavailable, Conflict."""
        with self._sole_writer():
            transaction = yield from self._written()
            if transaction.changes:
                for listener in self._listeners:
                    listener(transaction.changes)

    def subscribe(self, listener: Listener) -> Snapshot:
        """Give what is now; `listener` is called with the changes of every later commit, in order."""
        with self._sole_writer():
            with self.read() as view:
                snapshot = view.snapshot()
            self._listeners.append(listener)
            return snapshot

    def close(self) -> None:
        """Close the database's connections."""
        self._engine.dispose()

    @contextmanager
    def _sole_writer(self) -> Iterator[None]:
        if not self._writer.acquire(timeout=WRITER_TIMEOUT_S):
            raise StoreUnavailable("another change is taking too long")
        try:
            yield
        finally:
            self._writer.release()

    def _written(self) -> Generator[Transaction, None, Transaction]:
        with telling_unavailable(), self._engine.connect() as connection:
            writing = connection.execution_options(**{WRITES: True})
            with writing.begin():
                transaction = Transaction(writing, self._sources)
                yield transaction
        return transaction
