"""The edge where bridges connect: accepting them, and looking at the time for all of them. SHELL."""

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any

from os_ken.base.app_manager import OSKenApp

from osken_apps.apps import runtime
from osken_apps.apps.admission import Admission
from osken_apps.apps.connection import Connection, Observer
from osken_apps.apps.edge import Edge, PlainEdge
from osken_apps.apps.listening import accept_for_ever
from osken_apps.apps.looking import look_for_ever
from osken_apps.apps.memory import endings
from osken_apps.apps.peers import Peers
from osken_apps.apps.switch import SwitchObserver
from osken_apps.failures import Failures

LOG = logging.getLogger(__name__)

MAX_CONNECTIONS = 8192


class OpenFlowServer:
    """Serves the switches that connect to a listening socket, a task each."""

    def __init__(self, listening_socket: Any, observer: Observer, edge: Edge | None = None) -> None:
        self._socket = listening_socket
        self._edge = edge or PlainEdge()
        self._observer = observer
        self._connections: set[Connection] = set()
        self._failures = Failures()
        self._errors: Counter[str] = Counter()  # of connections that have ended

    @property
    def errors(self) -> Counter[str]:
        """How many errors switches sent, by the name of their type."""
        return sum((connection.errors for connection in self._connections), Counter(self._errors))

    def start(self) -> None:
        """Start to accept connections."""
        runtime.spawn_for_ever(look_for_ever, self._connections, self._failures)
        runtime.spawn_for_ever(accept_for_ever, self._socket, Admission(MAX_CONNECTIONS), self._serve)

    def _serve(self, sock: Any, address: Any, known: Callable[[], None]) -> None:
        with suppress(OSError):
            sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)  # an answer to a packet-in waits for nothing
        try:
            transport, certified = self._edge.open(sock, address)
        except OSError:  # which the edge has told
            return
        connection = Connection(transport, address, self._failures, certified)
        self._connections.add(connection)
        try:
            connection.serve(self._observer, known)
        except Exception as error:
            self._failures.note("a connection ended by an error of ours", error)
        finally:
            self._edge.close(transport)
            self._connections.discard(connection)
            self._errors += connection.errors
            endings.note(connection)


class OpenFlowApp(OSKenApp):
    """The os-ken application for the bridges."""

    def __init__(self, peers: Peers, openflow_socket: Any, openflow_edge: Edge) -> None:
        super().__init__()
        self._server = OpenFlowServer(openflow_socket, SwitchObserver(peers), openflow_edge)

    def start(self) -> None:
        """Start to accept bridges."""
        super().start()
        self._server.start()

    @property
    def errors(self) -> Counter[str]:
        """How many errors switches sent, by the name of their type."""
        return self._server.errors
