"""The queue between the controller's reports and the database: the newest of each port and host. SHELL."""

import logging
import threading
from collections.abc import Iterable
from itertools import islice

from osken_apps.backoff import Backoff
from osken_apps.errors import StoreUnavailable
from osken_apps.failures import Failures
from osken_apps.model.changes import PortReport
from osken_apps.model.known_hosts import MAX_KNOWN_HOSTS, FormerName, KnownHost
from osken_apps.networking.bindings import record
from osken_apps.store.store import Store

LOG = logging.getLogger(__name__)

FIRST_BACKOFF_S = 0.1
LAST_BACKOFF_S = 10.0
# Thousands of ports report at once when the controller starts: requests get their turn in between.
REPORTS_A_COMMIT = 500


Observed = PortReport | KnownHost | FormerName


def _key(observed: Observed) -> tuple[bool, str]:
    """Say what an observation is of, and whether that is a port: a newer one of the same takes its place."""
    return (True, observed.port_id) if isinstance(observed, PortReport) else (False, observed.name)


class Recorder:
    """Writes what was observed to a store; while it cannot, keeps the newest of each port and host."""

    def __init__(self, failures: Failures) -> None:
        self._failures = failures
        self._waiting: dict[tuple[bool, str], Observed] = {}
        self._changed = threading.Condition()
        self._recording = threading.Lock()  # while what was taken is not recorded or put back

    def add(self, observed: Iterable[Observed]) -> None:
        """Take reports of ports, and what is to be kept of hosts, to record soon; waits for nothing."""
        with self._changed:
            # A port keeps its place in the queue, or one that flaps would never be recorded.
            self._waiting.update((_key(one), one) for one in observed)
            self._forget_surplus()
            self._changed.notify()

    def run(self, store: Store) -> None:
        """Record what comes, for ever."""
        backoff = Backoff(FIRST_BACKOFF_S, LAST_BACKOFF_S)
        while True:
            self._wait()
            try:
                with self._recording:
                    self._record_next(store)
            except StoreUnavailable as error:
                if not backoff.has_failed:
                    LOG.warning("%d reports wait: %s", len(self._waiting), error)
                # Only time helps: a report that comes meanwhile must not cut the wait short.
                threading.Event().wait(backoff.failed())
            else:
                backoff.succeeded()

    def forget(self, host: str) -> None:
        """Have nothing recorded any more that makes a host known or binds a port to it."""
        with self._recording, self._changed:
            for key, one in list(self._waiting.items()):
                if isinstance(one, PortReport):
                    self._waiting[key] = one.without(host)
                elif isinstance(one, KnownHost) and one.name == host:
                    del self._waiting[key]

    def record(self, store: Store, reports: tuple[Observed, ...]) -> None:
        """Record reports; one that can never be recorded is dropped. Raises StoreUnavailable."""
        try:
            with store.write(lazy=True) as transaction:
                record(transaction, [report for report in reports if isinstance(report, PortReport)])
                for host in reports:
                    if isinstance(host, KnownHost):
                        transaction.keep_host(host)
                    elif isinstance(host, FormerName):
                        transaction.forget_host(host.name)
        except StoreUnavailable:
            raise
        except Exception as error:
            # One report that breaks must neither end all recording nor take the others with it.
            if len(reports) == 1:
                self._failures.note("a report is dropped", error, reports[0])
                return
            for report in reports:
                self.record(store, (report,))

    def _record_next(self, store: Store) -> None:
        """Record what has waited longest; puts it back where that cannot be. Raises StoreUnavailable."""
        reports = self._next()
        try:
            self.record(store, reports)
        except StoreUnavailable:
            self._keep(reports)
            raise

    def _wait(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)

    def _next(self) -> tuple[Observed, ...]:
        with self._changed:
            reports = tuple(islice(self._waiting.values(), REPORTS_A_COMMIT))
            for report in reports:
                del self._waiting[_key(report)]
            return reports

    def _forget_surplus(self) -> None:
        """Forget of too many hosts those that came first: strangers make up any number of names."""
        if len(self._waiting) > MAX_KNOWN_HOSTS:
            hosts = [key for key in self._waiting if not key[0]]
            for key in hosts[:-MAX_KNOWN_HOSTS]:
                del self._waiting[key]

    def _keep(self, reports: tuple[Observed, ...]) -> None:
        """Put reports back to the front; a newer one of the same port or host stays."""
        with self._changed:
            self._waiting = {_key(report): report for report in reports} | self._waiting
