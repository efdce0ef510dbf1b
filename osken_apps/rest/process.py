"""The process that owns the database and serves REST: `process CONFIG_FILE LISTEN_FD LINK_FD`.

Started by the controller, with native threads only. The controller holds the listening socket, so a
restart of this process loses no connection. Without the controller it ends.
"""

import gc
import logging
import os
import signal
import socket
import sys
import threading
from itertools import islice
from pathlib import Path
from types import FrameType

from waitress.server import create_server

from osken_apps.config import Config, load
from osken_apps.errors import ApiError, ConfigurationError
from osken_apps.link import Answer, Changes, HostReports, Link, LinkClosed, PortReports, snapshot_parts
from osken_apps.model.changes import Change, PortReport
from osken_apps.rest.hosts import Hosts
from osken_apps.rest.questions import Questions
from osken_apps.rest.wsgi import MOST_BODY_BYTES, application
from osken_apps.store.reports import record
from osken_apps.store.store import Store

LOG = logging.getLogger(__name__)

LONGEST_BACKOFF_S = 10.0
FIRST_BACKOFF_S = 0.1
STARTED_BADLY = 2
NICENESS = 10  # where processors are short, DHCP goes first
# Thousands of ports report at once when the controller starts: requests get their turn in between.
REPORTS_A_COMMIT = 500
GC_THRESHOLD = 100_000
MOST_CONNECTIONS = 1000
# The application refuses less than this in the API's own form; this is what is read at all.
MOST_RECEIVED_BYTES = 4 * MOST_BODY_BYTES
# What a client does not read waits in a file; only beyond this does it hold up the thread that answers.
MOST_UNREAD_BYTES = 256 * 1024 * 1024


class Recorder:
    """Writes port reports to the store; while it cannot, keeps the newest of each port."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, PortReport] = {}
        self._changed = threading.Condition()

    def add(self, reports: tuple[PortReport, ...]) -> None:
        """Take reports to record soon."""
        with self._changed:
            for report in reports:
                self._waiting.pop(report.port_id, None)
                self._waiting[report.port_id] = report
            self._changed.notify()

    def run(self) -> None:
        """Record what comes, for ever."""
        backoff_s = FIRST_BACKOFF_S
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                reports = tuple(islice(self._waiting.values(), REPORTS_A_COMMIT))
                for report in reports:
                    del self._waiting[report.port_id]
            if self._recorded(reports):
                backoff_s = FIRST_BACKOFF_S
                continue
            with self._changed:
                newer = self._waiting
                self._waiting = {report.port_id: report for report in reports} | newer
                # Only time helps: a report that comes meanwhile must not cut the wait short.
            threading.Event().wait(backoff_s)
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)

    def _recorded(self, reports: tuple[PortReport, ...]) -> bool:
        try:
            with self._store.write() as transaction:
                record(transaction, reports)
        except ApiError as error:
            LOG.warning("%d port reports wait: %s", len(reports), error)
            return False
        except Exception:
            # One report that breaks must neither end all recording nor take the others with it.
            if len(reports) == 1:
                LOG.exception("a port report is dropped: %s", reports)
                return True
            return all(self._recorded((report,)) for report in reports)
        return True


def receive(link: Link, recorder: Recorder, hosts: Hosts, questions: Questions) -> None:
    """Take the controller's messages until it is gone, then stop the process."""
    try:
        while True:
            match link.receive():
                case PortReports(reports):
                    recorder.add(reports)
                case HostReports(host_reports):
                    hosts.replace(host_reports)
                case Answer() as answer:
                    questions.take(answer)
    except LinkClosed:
        os.kill(os.getpid(), signal.SIGTERM)


def serve(config: Config, listener: socket.socket, link: Link) -> None:
    """Serve until SIGTERM. Raises ConfigurationError when the database cannot be opened."""
    signal.signal(signal.SIGTERM, _stop)
    os.nice(NICENESS)
    store, hosts, questions = Store(config.database), Hosts(), Questions(link.send)
    try:
        tell_changes(store, link)
        recorder = Recorder(store)
        for target, arguments in (
            (recorder.run, ()),
            (receive, (link, recorder, hosts, questions)),
        ):
            threading.Thread(target=target, args=arguments, daemon=True).start()
        server = create_server(
            application(store, config, hosts, questions),
            sockets=[listener],
            threads=config.api.threads,
            ident=None,
            clear_untrusted_proxy_headers=True,
            asyncore_use_poll=True,
            connection_limit=MOST_CONNECTIONS,
            outbuf_high_watermark=MOST_UNREAD_BYTES,
            max_request_body_size=MOST_RECEIVED_BYTES,
        )
        server.run()
    finally:
        store.close()


def tell_changes(store: Store, link: Link) -> None:
    """Send what is, and from then on every change, over the link."""

    def tell(changes: tuple[Change, ...]) -> None:
        try:
            link.send(Changes(changes))
        except LinkClosed:
            # The receiving thread sees the same and stops the process; the commit stands.
            LOG.info("a change was not told: the controller is gone")

    snapshot = store.subscribe(tell)
    for part in snapshot_parts(snapshot):
        link.send(part)


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Unwind the main thread; the server finishes the requests that it has begun."""
    raise SystemExit(0)


def _make_directory(state_dir: Path) -> None:
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"[DEFAULT] state_dir: {error}") from error


def main(arguments: list[str]) -> int:
    """Run the process."""
    config_file, listen_fd, link_fd = arguments
    # A list makes containers by the ten thousand and no cycles: do not look for any every 700.
    gc.set_threshold(GC_THRESHOLD)
    # The terminal's SIGINT is the controller's to handle: it ends this process when it ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        config = load(Path(config_file))
        _make_directory(config.state_dir)
        logging.basicConfig(
            level=logging.DEBUG if config.debug else logging.INFO,
            format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        )
        # It warns of every request that does not find an idle thread at once.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        listener = socket.socket(fileno=int(listen_fd))
        serve(config, listener, Link(socket.socket(fileno=int(link_fd))))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return STARTED_BADLY
    except LinkClosed:
        LOG.info("the controller is gone")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
