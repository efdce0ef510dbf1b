"""Listening sockets: binding them with a clear error, and accepting for ever. SHELL."""

import logging
import resource
import socket
from collections.abc import Callable
from typing import Any

import eventlet

from osken_apps.config import Endpoint
from osken_apps.errors import ConfigurationError

LOG = logging.getLogger(__name__)

BACKLOG = 1024
RETRY_S = 1.0


def listen(section: str, endpoint: Endpoint) -> Any:
    """Bind and listen. Raises ConfigurationError that names the section of the configuration."""
    try:
        family, _, _, _, address = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)[
            0
        ]
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        raise ConfigurationError(
            f"{section} host={endpoint.host} port={endpoint.port}: {error.strerror or error}"
        ) from error
    return sock


def accept_for_ever(sock: Any, serve: Callable[[Any, Any], None]) -> None:
    """Serve each connection in a greenthread of its own; running out of descriptors ends nothing."""
    while True:
        try:
            connection, address = sock.accept()
        except OSError as error:
            LOG.error("cannot accept a connection: %s", error)
            eventlet.sleep(RETRY_S)
            continue
        eventlet.spawn(serve, connection, address)


def allow_many_sockets() -> None:
    """Raise the soft limit of open files to the hard one: a host takes three sockets."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
