"""Listening sockets, bound with a clear error. SHELL."""

import socket
from typing import Any

from osken_apps.config import Endpoint
from osken_apps.errors import ConfigurationError

BACKLOG = 1024


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
