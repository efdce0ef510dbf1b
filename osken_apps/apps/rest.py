"""The os-ken application that owns the REST process and the link to it. SHELL.

The process serves REST and owns the database; what it commits arrives here as changes of intent, and what the
switches show goes back as reports. If it dies, or does not answer for a while, it is started again; traffic
and DHCP go on from memory. Nothing here waits for the process but the tasks of the link itself.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from os_ken.base.app_manager import OSKenApp

from osken_apps.apps import runtime
from osken_apps.apps.host_reports import host_reports
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.intent import Gap, Intent
from osken_apps.apps.outbox import Outbox
from osken_apps.apps.queries import Handlers, Queries
from osken_apps.apps.rest_process import RestProcess
from osken_apps.failures import Failures
from osken_apps.link import (
    Changes,
    FromController,
    HostReports,
    Link,
    LinkClosed,
    Message,
    Ping,
    PortReports,
    Query,
    Serving,
    SnapshotPart,
    SnapshotWanted,
)
from osken_apps.model.changes import Deleted, PortReport
from osken_apps.model.resources import Port

LOG = logging.getLogger(__name__)

FIRST_RESTART_S = 1.0
LAST_RESTART_S = 30.0
BEAT_S = 2.0
MAX_SILENT_BEATS = 15
STARTED_BADLY = 2  # the process said on stderr what is wrong with its configuration


class RestApp(OSKenApp):
    """Runs the REST process and keeps fabric and store in step."""

    def __init__(
        self,
        hosts: Hosts,
        config_file: Path,
        api_socket: Any,
        queries: Handlers,
        forget_port: Callable[[str], None],
        started: Callable[[], None],
        give_up: Callable[[], None],
        **_: Any,
    ) -> None:
        super().__init__()
        self.failures = Failures()
        self._hosts = hosts
        self._config_file = config_file
        self._api_socket = api_socket
        self._queries = Queries(queries, self._put, self.failures)
        self._forget_port = forget_port
        self._started = started
        self._give_up = give_up
        self._intent = Intent(hosts.fabric, self.failures)
        self._outbox = Outbox()
        self._something_to_send = runtime.once()
        self._process: RestProcess | None = None
        self._silent_beats = 0
        self._stopping = False

    def start(self) -> Any:
        """Start the REST process."""
        super().start()
        runtime.spawn(self._beat)
        return runtime.spawn(self._run)

    def stop(self) -> None:
        """End the REST process and wait until it has ended."""
        self._stopping = True
        if self._process:
            self._process.terminate()
            self._process.ended()
        super().stop()

    def report(self, reports: list[PortReport]) -> None:
        """Tell the store what was observed, soon; if the process dies, its successor is told anew."""
        self._put(PortReports(tuple(reports)))

    def _put(self, message: FromController) -> None:
        """Have a message sent when the process reads; waits for nothing."""
        if self._process:
            self._outbox.put(message)
            if not self._something_to_send.ready():
                self._something_to_send.send()

    def _run(self) -> None:
        restart_s = FIRST_RESTART_S
        while not self._stopping:
            try:
                status, answered = self._serve_one_process()
            except OSError as error:
                LOG.error("cannot start the REST process: %s", error)
                status, answered = None, False
            if self._stopping:
                return
            if status == STARTED_BADLY and not self._hosts.fabric.inventory.loaded:
                self._give_up()
                return
            restart_s = FIRST_RESTART_S if answered else min(2 * restart_s, LAST_RESTART_S)
            LOG.error("the REST process ended with status %s; starting it again in %.0f s", status, restart_s)
            runtime.sleep(restart_s)

    def _serve_one_process(self) -> tuple[int | None, bool]:
        """Start a process and serve its link to the end; give its exit status, and whether it ever spoke."""
        self._outbox, self._silent_beats = Outbox(), 0
        self._intent = Intent(self._hosts.fabric, self.failures)
        store_id = self._hosts.fabric.inventory.store_id
        self._process = process = RestProcess(self._config_file, self._api_socket, store_id)
        writer, answered = runtime.spawn(self._write, process.link), False
        try:
            while True:
                message = process.link.receive()
                answered, self._silent_beats = True, 0
                self._take(message)
                runtime.pause()  # a snapshot is many messages, and the next may be here already
        except LinkClosed:
            LOG.debug("the REST process closed the link")
        except Exception:
            LOG.exception("the link to the REST process broke")
        finally:
            status = process.ended()
            self._process = None
            writer.kill()
            process.close()
        return status, answered

    def _write(self, link: Link) -> None:
        """Send what waits, for as long as the link lives; the only one who waits for the process to read."""
        try:
            while True:
                self._something_to_send = runtime.once()  # what is put from here on is noticed
                while message := self._outbox.take():
                    link.send(message)
                self._something_to_send.wait()
        except LinkClosed as error:
            LOG.debug("the REST process is gone: %s", error)

    def _take(self, message: Message) -> None:
        """Take a message; what breaks about it is only its own."""
        try:
            match message:
                case Serving(store):
                    LOG.info("the REST process serves %s", store)
                    self._started()
                case SnapshotPart():
                    self._hosts.wake(self._intent.take_part(message))
                case Changes():
                    self._hosts.wake(self._intent.take_changes(message))
                    for change in message.changes:
                        if isinstance(change, Deleted) and change.kind is Port:
                            self._forget_port(change.id)
                case Query():
                    self._queries.take(message)
        except Gap:
            LOG.warning("a change of the store was missed; asking for all there is")
            self._put(SnapshotWanted())
        except Exception as error:
            self.failures.note("a message of the REST process was not understood", error)

    def _beat(self) -> None:
        """Tell of the hosts now and then, and see whether the process still answers."""
        while not self._stopping:
            try:
                if reports := host_reports(self._hosts):
                    self._put(HostReports(reports))
            except Exception as error:
                self.failures.note("the hosts were not reported", error)
            self._put(Ping())
            self._watch_silence()
            runtime.sleep(BEAT_S)

    def _watch_silence(self) -> None:
        """Kill a process that was silent for too many beats; not seconds: we may have slept ourselves."""
        self._silent_beats += 1
        if self._process and self._silent_beats > MAX_SILENT_BEATS:
            LOG.error("the REST process has not answered for %.0f s", MAX_SILENT_BEATS * BEAT_S)
            self._silent_beats = 0
            self._process.kill()
