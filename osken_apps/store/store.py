"""The store: transactions over the database, and listeners that are told of every commit in order. SHELL."""

import random
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from osken_apps.model.changes import Change
from osken_apps.store.database import WRITES, open_engine, telling_unavailable
from osken_apps.store.transaction import Sources, Transaction
from osken_apps.store.view import View
from osken_apps.store.writer import WriterQueue

Listener = Callable[[int, tuple[Change, ...]], None]

SYSTEM_SOURCES = Sources(now=lambda: datetime.now(UTC), random_bits=random.SystemRandom().getrandbits)


class Store:
    """All networks, subnets, ports and quotas; may be used from several threads."""

    def __init__(self, url: str, sources: Sources = SYSTEM_SOURCES) -> None:
        """Open the database. Raises ConfigurationError."""
        self._engine = open_engine(url)
        self._sources = sources
        # A turn lasts from the start of a write to the end of its listeners: they see commits in order.
        self._writers = WriterQueue()
        self._listeners: list[Listener] = []
        self._sequence = 0  # of the last commit that changed anything

    @contextmanager
    def read(self) -> Iterator[View]:
        """Open a read transaction. Raises StoreUnavailable."""
        with telling_unavailable(), self._engine.connect() as connection:
            yield View(connection)

    @contextmanager
    def moment(self) -> Iterator[tuple[int, View]]:
        """Open a read transaction between two commits; gives the number of the last one, too.

        It may stay open for long: nobody waits for it. Raises StoreUnavailable.
        """
        with telling_unavailable(), self._engine.connect() as connection:
            with self._writers.turn():
                view = View(connection)
                view.begin()
                sequence = self._sequence
            yield sequence, view

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Open a write transaction; an exception undoes it. Raises StoreUnavailable, Conflict."""
        with self._writers.turn():
            transaction = yield from self._written()
            if transaction.changes:
                self._sequence += 1
                for listener in self._listeners:
                    listener(self._sequence, transaction.changes)

    def listen(self, listener: Listener) -> None:
        """Have `listener` called with number and changes of each later commit, in order; it must not wait."""
        with self._writers.turn():
            self._listeners.append(listener)

    def close(self) -> None:
        """Close the database's connections."""
        self._engine.dispose()

    def _written(self) -> Generator[Transaction, None, Transaction]:
        with telling_unavailable(), self._engine.connect() as connection:
            writing = connection.execution_options(**{WRITES: True})
            with writing.begin():
                transaction = Transaction(writing, self._sources)
                yield transaction
        return transaction
