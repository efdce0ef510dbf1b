"""The os-ken application that owns the REST process. SHELL.

The process serves REST and owns the database; what it commits arrives here as changes of intent, and what the
switches show goes back as reports. If it dies, or does not answer for a while, it is started again; traffic
and DHCP go on from memory.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from os_ken.base.app_manager import OSKenApp

from osken_apps.apps import runtime
from osken_apps.apps.answering.queries import Knows
from osken_apps.apps.host_reports import host_reports
from osken_apps.apps.peers import Peers
from osken_apps.apps.rest_link import RestLink
from osken_apps.apps.rest_process import RestProcess
from osken_apps.backoff import Backoff
from osken_apps.failures import Failures
from osken_apps.link import STARTED_BADLY, HostReports, Link, Ping, PortReports
from osken_apps.model.changes import PortReport
from osken_apps.model.counts import ControllerCounts

LOG = logging.getLogger(__name__)

FIRST_RESTART_S = 1.0
LAST_RESTART_S = 30.0
BEAT_S = 2.0
MAX_SILENT_BEATS = 15
GATHER_S = 0.05  # what changes of hosts within it is told at once
MOST_OF_THE_TIME = 20  # telling of hosts takes no more than this part of it


class RestApp(OSKenApp):
    """Keeps a REST process running, and the fabric in step with its store."""

    def __init__(
        self,
        *,
        peers: Peers,
        config_file: Path,
        api_socket: Any,
        knows: Knows,
        forget_port: Callable[[str], None],
        started: Callable[[str], None],
        give_up: Callable[[], None],
        metrics_socket: Any,
        counts: Callable[[], ControllerCounts] | None,
    ) -> None:
        super().__init__()
        self.failures = Failures()
        self._peers = peers
        self._start_process: Callable[[], RestProcess] = lambda: RestProcess(
            config_file, api_socket, peers.hosts.fabric.inventory.store_id, metrics_socket
        )
        self._link_over: Callable[[Link], RestLink] = lambda link: RestLink(
            link, peers, knows, forget_port, started, self.failures
        )
        self._give_up = give_up
        self._counts = counts
        self._process: RestProcess | None = None
        self._link: RestLink | None = None
        self._stopping = False
        self._telling = runtime.lock()

    def start(self) -> Any:
        """Start the REST process."""
        super().start()
        runtime.spawn_for_ever(self._beat)
        runtime.spawn_for_ever(self._tell_news)
        return runtime.spawn_for_ever(self._run)

    def stop(self) -> None:
        """End the REST process and wait until it has ended."""
        self._stopping = True
        if self._process:
            self._process.terminate()
            self._process.ended()
        super().stop()

    def reload(self) -> None:
        """Have the process read its certificates and its policy again."""
        if self._process:
            self._process.reload()

    def report(self, reports: list[PortReport]) -> None:
        """Tell the store what was observed, soon; if the process dies, its successor is told anew."""
        if self._link:
            self._link.put(PortReports(tuple(reports)))

    def _run(self) -> None:
        backoff = Backoff(FIRST_RESTART_S, LAST_RESTART_S)
        while not self._stopping:
            status, has_spoken = self._serve_one_process()
            if self._stopping:
                return
            if status == STARTED_BADLY and not self._peers.hosts.fabric.inventory.loaded:
                self._give_up()
                return
            if has_spoken:
                backoff.succeeded()
            restart_s = backoff.failed()
            LOG.error("the REST process ended with status %s; starting it again in %.0f s", status, restart_s)
            runtime.sleep(restart_s)

    def _serve_one_process(self) -> tuple[int | None, bool]:
        """Start a process and serve it to its end; give its exit status, and whether it ever spoke."""
        try:
            self._process = process = self._start_process()
        except OSError as error:
            LOG.error("the REST process cannot be started: %s", error)
            return None, False
        self._link = link = self._link_over(process.link)
        try:
            link.serve()
            return process.ended(), link.has_spoken
        finally:
            self._process = self._link = None
            process.close()

    def _beat(self) -> None:
        """Tell of the hosts now and then, and see whether the process still answers."""
        while not self._stopping:
            if link := self._link:  # which may be over when the hosts were told of
                self._tell_of_hosts(link)
                link.put(Ping())
                self._watch_silence(link)
            runtime.sleep(BEAT_S)

    def _tell_news(self) -> None:
        """Tell of the hosts whenever something of them has changed."""
        gather_s = GATHER_S
        while not self._stopping:
            self._peers.hosts.news.wait()
            runtime.sleep(gather_s)
            began_at = runtime.clock()
            if self._link:
                self._tell_of_hosts(self._link)
            gather_s = min(BEAT_S, max(GATHER_S, MOST_OF_THE_TIME * (runtime.clock() - began_at)))

    def _tell_of_hosts(self, link: RestLink) -> None:
        try:
            with self._telling:  # or what is told last might be what was found first
                reports = host_reports(self._peers, runtime.pause)
                counts = self._counts() if self._counts else None
                link.put(HostReports(reports, self._peers.hosts.all_had_time, counts))
        except Exception as error:
            self.failures.note("the hosts were not reported", error)

    def _watch_silence(self, link: RestLink) -> None:
        """Kill a process that was silent for too many beats: not seconds, as we may have slept ourselves, nor
        those in which we did not listen, as a snapshot takes long where thousands of hosts want something.
        """
        link.silent_beats += not link.is_taking
        if self._process and link is self._link and link.silent_beats > MAX_SILENT_BEATS:
            LOG.error("the REST process has not answered for %.0f s", MAX_SILENT_BEATS * BEAT_S)
            link.silent_beats = 0
            self._process.kill()
