"""The os-ken application that hosts reach with set-manager. SHELL.

Accepts OVSDB sessions and tells fabric and switchboard what they show.
"""

import logging
from typing import Any

from os_ken.base.app_manager import OSKenApp
from os_ken.lib import hub

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
        return hub.spawn(self._accept)

    def _accept(self) -> None:
        while True:
            sock, address = self._socket.accept()
            hub.spawn(self._serve, sock, address)

    def _serve(self, sock: Any, address: Any) -> None:
        session = OvsdbSession(sock, address, self._switchboard.fabric.layout.integration_bridge)
        watch = _Watch(session, self._switchboard)
        try:
            session.run(watch.changed)
        finally:
            watch.ended()


class _Watch:
    """Follows one session: tells what is new, and logs an unknown iface-id once."""

    def __init__(self, session: OvsdbSession, switchboard: Switchboard) -> None:
        self._session = session
        self._switchboard = switchboard
        self._view: HostView | None = None
        self._refused = False

    def changed(self) -> None:
        """Look at the session again."""
        view = self._session.view()
        if view is None or view == self._view or self._refused:
            return
        if self._view is None:
            LOG.info("OVSDB session of %s began, from %s", view.hostname, self._session.address[0])
        if not self._switchboard.session_shows(self._session, view.hostname, view.datapath_ids):
            LOG.warning(
                "%s: host %s has a session already, this one is left alone", self._session, view.hostname
            )
            self._refused = True
            return
        self._view = view
        fabric = self._switchboard.fabric
        self._switchboard.wake(fabric.observe_interfaces(view.hostname, view.interfaces))

    def ended(self) -> None:
        """Note that the session ended."""
        if self._view:
            LOG.info("OVSDB session of %s ended", self._view.hostname)
            self._switchboard.session_ended(self._session, self._view.hostname)
