"""The os-ken application that hosts reach with set-manager. SHELL.

Accepts OVSDB sessions and tells what they show.
"""

import logging
from collections.abc import Callable
from typing import Any

from os_ken.base.app_manager import OSKenApp

from osken_apps.apps import runtime
from osken_apps.apps.admission import Admission
from osken_apps.apps.complaints import complain
from osken_apps.apps.edge import Edge
from osken_apps.apps.listening import accept_for_ever
from osken_apps.apps.looking import look_for_ever
from osken_apps.apps.memory import endings
from osken_apps.apps.ovsdb.session import OvsdbError, OvsdbSession
from osken_apps.apps.peers import Peers
from osken_apps.failures import Failures
from osken_apps.ovsdb.host_view import HostView

LOG = logging.getLogger(__name__)

MAX_SESSIONS = 4096
NOT_ITS_CERTIFICATE = (
    "its certificate is of {0}, and it says that it is {1}: give it one of {1}, or set"
    " external_ids:hostname={0}"
)


class OvsdbApp(OSKenApp):
    """Serves OVSDB sessions, a task each."""

    def __init__(self, peers: Peers, ovsdb_socket: Any, ovsdb_edge: Edge) -> None:
        super().__init__()
        self._peers = peers
        self._socket = ovsdb_socket
        self._edge = ovsdb_edge
        self._failures = Failures()
        self._sessions: set[OvsdbSession] = set()

    def start(self) -> Any:
        """Start to accept sessions."""
        super().start()
        runtime.spawn_for_ever(look_for_ever, self._sessions, self._failures)
        return runtime.spawn_for_ever(accept_for_ever, self._socket, Admission(MAX_SESSIONS), self._serve)

    def _serve(self, sock: Any, address: Any, known: Callable[[], None]) -> None:
        try:
            transport, certified = self._edge.open(sock, address)
        except OSError:  # which the edge has told
            return
        layout = self._peers.hosts.fabric.layout
        session = OvsdbSession(transport, address, layout.all_bridges, certified)
        shown: list[HostView] = []

        def changed() -> None:
            view = session.view()
            if view is not None and [view] != shown:
                self._refuse_another_host(session, view)
                shown[:] = [view]
                known()
                self._peers.session_shows(session, view)

        self._sessions.add(session)
        try:
            session.run(changed)
        except OvsdbError as error:
            complain(LOG, address[0], "%s: %s; disconnecting", session, str(error))
        except Exception as error:
            self._failures.note("an OVSDB session ended by an error of ours", error)
        finally:
            self._edge.close(transport)
            self._sessions.discard(session)
            self._peers.session_ended(session)
            endings.note(session)

    def _refuse_another_host(self, session: OvsdbSession, view: HostView) -> None:
        """Let a session show no other host than that of its certificate. Raises OvsdbError."""
        name = view.hostname or view.system_id
        if session.certified not in ("", name):
            trouble = NOT_ITS_CERTIFICATE.format(session.certified, name)
            self._peers.hosts.refused_by_certificate(session.certified, session.address[0], trouble)
            raise OvsdbError(trouble)
