"""os-ken's OpenFlow handler on our own listening socket and with our own Connection. SHELL."""

import logging
from collections.abc import Callable
from contextlib import closing
from typing import Any

from os_ken import cfg
from os_ken.base.app_manager import OSKenApp
from os_ken.controller.ofp_handler import OFPHandler
from os_ken.lib import hub

from osken_apps.apps.admission import Admission
from osken_apps.apps.connection import Connection
from osken_apps.apps.listening import accept_for_ever

LOG = logging.getLogger(__name__)

MAX_CONNECTIONS = 8192
ECHO_INTERVAL_S = 5.0
MAX_UNREPLIED_ECHOES = 2  # more than these: os-ken looks after sending the third


class OpenFlowApp(OFPHandler):
    """Accepts bridges; one that leaves three echo requests unanswered is dead."""

    def __init__(self, openflow_socket: Any, **_: Any) -> None:
        super().__init__()
        self._socket = openflow_socket
        cfg.CONF.set_override("echo_request_interval", ECHO_INTERVAL_S)
        cfg.CONF.set_override("maximum_unreplied_echo_requests", MAX_UNREPLIED_ECHOES)

    def start(self) -> Any:
        """Start to accept connections."""
        OSKenApp.start(self)
        return hub.spawn(accept_for_ever, self._socket, Admission(MAX_CONNECTIONS), self._serve)

    def _serve(self, sock: Any, address: Any, known: Callable[[], None]) -> None:
        known()
        with closing(Connection(sock, address)) as connection:
            connection.serve()
