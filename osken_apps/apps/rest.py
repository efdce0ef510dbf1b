"""The os-ken application that owns the REST process and the link to it. SHELL.

The process serves REST and owns the database; what it commits arrives here as changes of intent, and what the
switches show goes back as reports. If it dies, it is started again; traffic and DHCP go on from memory.
"""

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import eventlet
from os_ken.base.app_manager import OSKenApp
from os_ken.lib import hub

from osken_apps.apps.agents import HostContacts
from osken_apps.apps.switchboard import Switchboard
from osken_apps.link import (
    Answer,
    Changes,
    HostReports,
    Link,
    LinkClosed,
    Message,
    PortReports,
    Query,
    SnapshotPart,
)
from osken_apps.model.changes import Deleted, PortReport, Snapshot
from osken_apps.model.resources import Port

LOG = logging.getLogger(__name__)

RESTART_INTERVAL_S = 1.0
HOST_REPORT_INTERVAL_S = 2.0
STOP_TIMEOUT_S = 5.0
STARTED_BADLY = 2  # the process said on stderr what is wrong with its configuration

Queries = Mapping[str, Callable[..., Any]]


class RestApp(OSKenApp):
    """Runs the REST process and keeps fabric and store in step."""

    def __init__(
        self,
        switchboard: Switchboard,
        config_file: Path,
        api_socket: Any,
        queries: Queries,
        forget_port: Callable[[str], None],
        give_up: Callable[[], None],
        **_: Any,
    ) -> None:
        super().__init__()
        self._switchboard = switchboard
        self._config_file = config_file
        self._api_socket = api_socket
        self._queries = queries
        self._forget_port = forget_port
        self._give_up = give_up
        self._contacts = HostContacts(switchboard)
        self._link: Link | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._parts: list[Snapshot] = []
        self._stopping = False

    def start(self) -> Any:
        """Start the REST process."""
        super().start()
        hub.spawn(self._report_hosts)
        return hub.spawn(self._run)

    def stop(self) -> None:
        """End the REST process and wait until it has ended."""
        self._stopping = True
        self._end_process()
        super().stop()

    def report(self, reports: list[PortReport]) -> None:
        """Tell the store what was observed; lost if the process is gone, as its successor is told anew."""
        self._send(PortReports(tuple(reports)))

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._serve_one_process()
            except Exception:
                LOG.exception("the link to the REST process broke")
            self._link = None
            if self._stopping:
                return
            status = self._end_process()
            if status == STARTED_BADLY and not self._switchboard.fabric.inventory.loaded:
                self._give_up()
                return
            LOG.error("the REST process ended with status %s; starting it again", status)
            eventlet.sleep(RESTART_INTERVAL_S)

    def _end_process(self) -> int | None:
        """See to it that the process has ended; give its exit status."""
        process = self._process
        if process is None:
            return None
        try:
            if self._stopping:
                process.terminate()
            return process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _serve_one_process(self) -> None:
        ours, theirs = socket.socketpair()
        os.set_blocking(theirs.fileno(), True)  # eventlet made it non-blocking; the process has real threads
        descriptors = (self._api_socket.fileno(), theirs.fileno())
        command = [sys.executable, "-m", "osken_apps.rest.process", str(self._config_file)]
        self._process = subprocess.Popen([*command, *map(str, descriptors)], pass_fds=descriptors)
        theirs.close()
        self._link = link = Link(ours)
        self._parts = []
        try:
            while True:
                self._take(link.receive())
        except LinkClosed:
            LOG.debug("the REST process closed the link")
        finally:
            ours.close()

    def _take(self, message: Message) -> None:
        fabric = self._switchboard.fabric
        match message:
            case SnapshotPart(part, last):
                self._parts.append(part)
                if last:
                    self._switchboard.wake(fabric.load(_joined(self._parts)))
                    self._parts = []
            case Changes(changes):
                self._switchboard.wake(fabric.apply(changes))
                for change in changes:
                    if isinstance(change, Deleted) and change.kind is Port:
                        self._forget_port(change.id)
            case Query(number, name, arguments):
                self._send(Answer(number, self._queries[name](*arguments)))

    def _report_hosts(self) -> None:
        while not self._stopping:
            reports = self._contacts.reports()
            if reports:
                self._send(HostReports(reports))
            eventlet.sleep(HOST_REPORT_INTERVAL_S)

    def _send(self, message: Message) -> None:
        link = self._link
        if link:
            try:
                link.send(message)
            except LinkClosed as error:
                LOG.debug("the REST process is gone: %s", error)


def _joined(parts: list[Snapshot]) -> Snapshot:
    return Snapshot(
        tuple(network for part in parts for network in part.networks),
        tuple(subnet for part in parts for subnet in part.subnets),
        tuple(port for part in parts for port in part.ports),
    )
