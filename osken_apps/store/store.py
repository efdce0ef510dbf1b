"""The store: transactions over the database, and listeners that are told of every commit in order. SHELL.

A database that cannot be used makes a store that says so to whoever asks, with the way out; what does not
need it goes on.
"""

import logging
import random
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from sqlalchemy import exc

from osken_apps.errors import StoreUnavailable
from osken_apps.model.changes import Change, Deleted, Upserted
from osken_apps.model.counts import Durations, Histogram
from osken_apps.store.allocator import Sources
from osken_apps.store.cache import Cache
from osken_apps.store.database import Database, StoreUnusable, corrupt
from osken_apps.store.engines import LAZY, WRITES, cause, is_corrupt, telling_unavailable
from osken_apps.store.opening import open_database
from osken_apps.store.transaction import Transaction
from osken_apps.store.view import View
from osken_apps.store.writer import WriterQueue

LOG = logging.getLogger(__name__)

COMMIT_BOUNDS_S = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0)

Listener = Callable[[int, tuple[Change, ...]], None]

SYSTEM_SOURCES = Sources(now=lambda: datetime.now(UTC), random_bits=random.SystemRandom().getrandbits)


class Store:
    """All networks, subnets, ports and quotas; may be used from several threads.

    `database` is None if it could not be opened.
    """

    def __init__(
        self,
        url: str,
        sources: Sources = SYSTEM_SOURCES,
        expected_id: str = "",
        note_events: bool = False,
        closed_for: str = "",
        is_served_elsewhere: bool = False,
    ) -> None:
        """Open the database, which must be of the store of that id if one is given.

        `note_events`: with each change of a port what its server is to be told of it is kept. `closed_for`
        says why it is not to be opened, if it is not. `is_served_elsewhere`: there is, or may be, a process
        that serves it, which is to tell of what is changed here.

        Raises ConfigurationError; a database that cannot be used is logged, and each transaction raises
        StoreUnavailable.
        """
        self.database: Database | None = None
        self._commits = Histogram(COMMIT_BOUNDS_S)
        self._trouble = ""
        self._sources = sources
        self._note_events = note_events
        self._is_served_elsewhere = is_served_elsewhere
        self._cache = Cache()
        # A turn lasts from the start of a write to the end of its listeners: they see commits in order.
        self._writers = WriterQueue()
        self._listeners: list[Listener] = []
        self._sequence = 0  # of the last commit that changed anything
        self._untold = 0  # the last change of a command that is known of
        try:
            if closed_for:
                raise StoreUnusable(closed_for)
            self.database = open_database(url, expected_id)
        except StoreUnusable as error:
            self._give_up(str(error))
            return
        if self.database.made:
            LOG.warning("there was no database; made a new one: %s", self.database)
        if self.database.read_only:
            LOG.error("%s", self.database.read_only)
        with suppress(StoreUnavailable):
            self._untold = self._newest_untold()

    @property
    def commit_durations(self) -> Durations:
        """How long transactions that wrote took, each from its turn on."""
        return self._commits.durations

    def __str__(self) -> str:
        return str(self.database) if self.database else f"no database: {self._trouble}"

    @contextmanager
    def read(self) -> Iterator[View]:
        """Open a read transaction. Raises StoreUnavailable."""
        with self._telling(), self._usable().engine.connect() as connection:
            yield View(connection, self._cache)

    @contextmanager
    def moment(self) -> Iterator[tuple[int, View]]:
        """Open a read transaction between two commits; gives the number of the last one, too.

        It may stay open for long: nobody waits for it. Raises StoreUnavailable.
        """
        with self._telling(), self._usable().engine.connect() as connection:
            with self._writers.turn():
                view = View(connection, self._cache)
                view.begin()
                sequence = self._sequence
            yield sequence, view

    @contextmanager
    def write(self, lazy: bool = False, project_id: str = "") -> Iterator[Transaction]:
        """Open a write transaction; an exception undoes it. Raises StoreUnavailable, Conflict.

        What was committed outlives a power failure, unless it is `lazy`: then it may have to be made again.
        Projects have it in turn; empty: what is nobody's.
        """
        with self._writers.turn(project_id):
            began_at = time.monotonic()
            transaction = yield from self._written(lazy)
            self._commits.observe(time.monotonic() - began_at)
            self._tell(transaction.changes)

    def tell_untold(self) -> None:
        """Tell listeners what commands have changed since the last time. Raises StoreUnavailable."""
        if self._newest_untold() == self._untold:
            return
        with self._writers.turn():
            with self.read() as view:
                newest, changes = view.newest_untold(), view.untold_since(self._untold)
            self._untold = newest
            self._tell(changes)

    def listen(self, listener: Listener) -> None:
        """Have `listener` called with number and changes of each later commit, in order; it must not wait."""
        with self._writers.turn():
            self._listeners.append(listener)

    def log(self) -> tuple[int, int] | None:
        """Give what tells whether anybody has written to the database's log since it was asked for last.

        None: nothing is in the log, or none of it can be brought into the file.
        """
        try:
            return self._writable().log()
        except StoreUnavailable:
            return None

    def checkpoint(self) -> bool:
        """Bring what is committed from the log into the database's file; tell whether all of it is there.

        Raises StoreUnavailable, sqlite3.Error.
        """
        with self._writers.turn():
            return self._usable().checkpoint()

    def close(self) -> None:
        """Close the database's connections."""
        if self.database:
            self.database.engine.dispose()

    def _written(self, lazy: bool) -> Generator[Transaction, None, Transaction]:
        with self._telling(), self._writable().engine.connect() as connection:
            writing = connection.execution_options(**{WRITES: True, LAZY: lazy})
            with writing.begin():
                transaction = Transaction(writing, self._cache, self._sources, self._note_events)
                yield transaction
                transaction.flush()
                if self._is_served_elsewhere:
                    transaction.note_untold()
        return transaction

    def _newest_untold(self) -> int:
        with self.read() as view:
            return view.newest_untold()

    def _tell(self, changes: tuple[Change, ...]) -> None:
        """Have what is committed known by all; in the turn of who wrote it."""
        if changes:
            for change in changes:
                self._forget(change)
            self._sequence += 1
            for listener in self._listeners:
                listener(self._sequence, changes)

    def _forget(self, change: Change) -> None:
        match change:
            case Upserted(resource):
                self._cache.forget(type(resource), resource.id)
            case Deleted(kind, id):
                self._cache.bury(kind, id)

    def _usable(self) -> Database:
        if self.database is None or self._trouble:
            raise StoreUnavailable(self._trouble)
        if trouble := self.database.trouble:
            raise StoreUnavailable(trouble)
        return self.database

    def _writable(self) -> Database:
        database = self._usable()
        if database.read_only:
            raise StoreUnavailable(database.read_only)
        return database

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Tell what a database does not do now; one that is corrupt is not used any more."""
        with telling_unavailable():
            try:
                yield
            except exc.DBAPIError as error:
                if self.database and is_corrupt(error) and not self._trouble:
                    self._give_up(corrupt(self.database.path, cause(error)))
                raise

    def _give_up(self, trouble: str) -> None:
        self._trouble = trouble
        LOG.error("%s", trouble)
