"""The os-ken application that hosts reach with set-manager. SHELL.

Accepts OVSDB sessions and tells fabric and switchboard what they show.
"""

import logging
from collections.abc import Callable
from typing import Any

from os_ken.base.app_manager import OSKenApp
from os_ken.lib import hub

from osken_apps.apps.admission import Admission
from osken_apps.apps.complaints import complain
from osken_apps.apps.listening import accept_for_ever
from osken_apps.apps.ovsdb_replica import OvsdbError
from osken_apps.apps.ovsdb_session import HostView, OvsdbSession
from osken_apps.apps.switchboard import Switchboard
from osken_apps.failures import Failures

LOG = logging.getLogger(__name__)

MAX_SESSIONS = 4096


class OvsdbApp(OSKenApp):
    """Serves OVSDB sessions, a greenthread each."""

    def __init__(self, switchboard: Switchboard, ovsdb_socket: Any, **_: Any) -> None:
        super().__init__()
        self._switchboard = switchboard
        self._socket = ovsdb_socket
        self._failures = Failures()

    def start(self) -> Any:
        """Start to accept sessions."""
        super().start()
        return hub.spawn(accept_for_ever, self._socket, Admission(MAX_SESSIONS), self._serve)

    def _serve(self, sock: Any, address: Any, known: Callable[[], None]) -> None:
        session = OvsdbSession(sock, address, self._switchboard.fabric.layout.integration_bridge)
        watch = _Watch(session, self._switchboard, known)
        try:
            session.run(watch.changed)
        except OvsdbError as error:
            complain(LOG, address[0], "%s: %s; disconnecting", session, str(error))
        except Exception as error:
            self._failures.note("an OVSDB session ended by an error of ours", error)
        finally:
            watch.ended()


class _Watch:
    """Follows one session and tells what is new."""

    def __init__(self, session: OvsdbSession, switchboard: Switchboard, known: Callable[[], None]) -> None:
        self._session = session
        self._known = known
        self._switchboard = switchboard
        self._view: HostView | None = None

    def changed(self) -> None:
        """Look at the session again."""
        view = self._session.view()
        if view is None or view == self._view:
            return
        if self._view is None or self._view.hostname != view.hostname:
            self.ended()  # under the name that the host had before
            LOG.info("OVSDB session of %s began, from %s", view.hostname, self._session.address[0])
        self._view = view
        self._known()
        self._switchboard.session_shows(self._session, view.hostname, view.datapath_ids)
        fabric = self._switchboard.fabric
        self._switchboard.wake(fabric.observe_interfaces(view.hostname, view.interfaces))

    def ended(self) -> None:
        """Note that the session ended, or is no longer that of this host name."""
        if self._view:
            LOG.info("OVSDB session of %s ended", self._view.hostname)
            self._switchboard.session_ended(self._session, self._view.hostname)
