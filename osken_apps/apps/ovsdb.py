"""The os-ken application that hosts reach with set-manager. SHELL.

Accepts OVSDB sessions and tells fabric and switchboard what they show.
"""

import logging
from typing import Any

from os_ken.base.app_manager import OSKenApp
from os_ken.lib import hub

from osken_apps.apps.listening import accept_for_ever
from osken_apps.apps.ovsdb_session import HostView, OvsdbSession
from osken_apps.apps.switchboard import Switchboard

LOG = logging.getLogger(__name__)


class OvsdbApp(OSKenApp):
    """Serves OVSDB sessions, a greenthread each."""

    def __init__(self, switchboard: Switchboard, ovsdb_socket: Any, **_: Any) -> None:
        super().__init__()
        self._switchboard = switchboard
        self._socket = ovsdb_socket

    def start(self) -> Any:
        """Start to accept sessions."""
        super().start()
        return hub.spawn(accept_for_ever, self._socket, self._serve)

    def _serve(self, sock: Any, address: Any) -> None:
        session = OvsdbSession(sock, address, self._switchboard.fabric.layout.integration_bridge)
        watch = _Watch(session, self._switchboard)
        try:
            session.run(watch.changed)
        finally:
            watch.ended()


class _Watch:
    """Follows one session and tells what is new."""

    def __init__(self, session: OvsdbSession, switchboard: Switchboard) -> None:
        self._session = session
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
        self._switchboard.session_shows(self._session, view.hostname, view.datapath_ids)
        fabric = self._switchboard.fabric
        self._switchboard.wake(fabric.observe_interfaces(view.hostname, view.interfaces))

    def ended(self) -> None:
        """Note that the session ended, or is no longer that of this host name."""
        if self._view:
            LOG.info("OVSDB session of %s ended", self._view.hostname)
            self._switchboard.session_ended(self._session, self._view.hostname)
