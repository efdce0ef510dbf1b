"""The thread that tells Nova what was noted: in order, in batches, again until it answers. SHELL.

It lives in the process that owns the database: there an event is noted with its change, in the same
transaction, and a Nova that is slow or away holds this thread and nothing else. A request begins when the
one before it has ended, so that what comes meanwhile goes together, and nothing overtakes. What Nova answered
is forgotten; a process that ends between an answer and that says the batch once more, which Nova takes well.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from osken_apps.backoff import Backoff
from osken_apps.errors import StoreUnavailable
from osken_apps.failures import Failures
from osken_apps.model.changes import Change, Deleted, Upserted
from osken_apps.model.resources import Port
from osken_apps.networking.server_events import ServerEvent
from osken_apps.nova.endpoint import NovaRefuses, NovaUnavailable
from osken_apps.store.server_events import Noted
from osken_apps.store.store import Store

LOG = logging.getLogger(__name__)

EVENTS_A_REQUEST = 100
FIRST_BACKOFF_S = 0.5
LAST_BACKOFF_S = 10.0
LOG_IN_S = 60.0  # a token is renewed in its last two minutes
MAX_AGE = timedelta(minutes=10)  # Nova itself gives up after five

Say = Callable[[Sequence[ServerEvent]], None]


def _now() -> datetime:
    return datetime.now(UTC)


def _sleep(seconds: float) -> None:
    threading.Event().wait(seconds)


class Notifier:
    """Tells Nova what the store has noted."""

    def __init__(
        self,
        store: Store,
        say: Say,
        log_in: Callable[[], None],
        failures: Failures,
        now: Callable[[], datetime] = _now,
        sleep: Callable[[float], None] = _sleep,
    ) -> None:
        self._store = store
        self._say = say
        self._log_in = log_in
        self._failures = failures
        self._now = now
        self._sleep = sleep
        self._is_let_in = True  # until we know better
        self._something_noted = threading.Event()
        store.listen(self._committed)

    def run(self) -> None:
        """Tell for ever; what an earlier process has noted comes first."""
        while True:
            self._something_noted.clear()  # what is noted from here on is noticed
            self.tell()
            self.be_ready()
            self._something_noted.wait(LOG_IN_S)

    def be_ready(self) -> None:
        """Log in before there is anything to tell: no server waits for that then."""
        try:
            self._log_in()
        except NovaUnavailable as error:
            if self._is_let_in:
                LOG.warning("Nova could not be told of its servers' ports now: %s", error)
            self._is_let_in = False
        except Exception as error:
            self._failures.note("Nova cannot be logged in to", error)
        else:
            self._is_let_in = True

    def tell(self) -> None:
        """Tell all that is noted, until Nova has answered it or it is too old."""
        backoff = Backoff(FIRST_BACKOFF_S, LAST_BACKOFF_S)
        while True:
            try:
                if not self._tell_some():
                    return
            except (NovaUnavailable, StoreUnavailable) as error:
                if not backoff.has_failed:
                    LOG.warning("Nova cannot be told of its servers' ports, it is tried again: %s", error)
                self._sleep(backoff.failed())
            except Exception as error:
                self._failures.note("Nova was not told", error)
                self._sleep(LAST_BACKOFF_S)
            else:
                backoff.succeeded()

    def _tell_some(self) -> bool:
        """Tell a batch; give whether there was one. Raises NovaUnavailable, StoreUnavailable."""
        with self._store.read() as view:
            noted = view.server_events(EVENTS_A_REQUEST)
        if not noted:
            return False
        fresh = [item for item in noted if self._now() - item.made_at <= MAX_AGE]
        if len(fresh) < len(noted):
            LOG.error("%d events were not told to Nova: they are too old now", len(noted) - len(fresh))
        self._say_all(fresh)
        with self._store.write(lazy=True) as transaction:
            transaction.forget_server_events([item.number for item in noted])
        return True

    def _say_all(self, noted: Sequence[Noted]) -> None:
        """Tell events together; one that Nova refuses must not take the others with it."""
        events = without_repetitions([item.event for item in noted])
        if not events:
            return
        try:
            self._say(events)
        except NovaRefuses as error:
            if len(events) == 1:
                LOG.error("Nova refuses %s: %s", events[0], error)
                return
            for item in noted:
                self._say_all([item])

    def _committed(self, _sequence: int, changes: tuple[Change, ...]) -> None:
        if any(_is_of_port(change) for change in changes):
            self._something_noted.set()


def without_repetitions(events: Sequence[ServerEvent]) -> list[ServerEvent]:
    """Leave out what is said again of a port with nothing else of it in between."""
    last: dict[str, ServerEvent] = {}
    kept = []
    for event in events:
        if last.get(event.port_id) != event:
            kept.append(event)
        last[event.port_id] = event
    return kept


def _is_of_port(change: Change) -> bool:
    match change:
        case Upserted(resource):
            return isinstance(resource, Port)
        case Deleted(kind, _):
            return kind is Port
