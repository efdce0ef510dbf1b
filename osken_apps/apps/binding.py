"""Listening sockets, bound with a clear error, also to an address that this machine has only later. SHELL."""

import errno
import socket
from typing import Any

from osken_apps.config import Endpoint
from osken_apps.errors import ConfigurationError, NotNow

BACKLOG = 1024
#: Linux's options that allow an address which is not there yet; the socket module has no names for them.
FREEBIND = {
    socket.AF_INET: (socket.IPPROTO_IP, 15),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 78),
}


def listen(section: str, endpoint: Endpoint) -> Any:
    """Bind and listen. Raises ConfigurationError that names the section of the configuration, or NotNow.

    Where the machine has no such address, as at a boot before the network is up, it is listened at all the
    same: whoever calls is answered once it is there.
    """
    where = f"{section} host={endpoint.host} port={endpoint.port}"
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        family, _, _, _, address = found[0]
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            sock.setsockopt(*FREEBIND[family], 1)
            sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        is_passing = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        kind = NotNow if is_passing else ConfigurationError
        raise kind(f"{where}: {error.strerror or error}") from error
    return sock


def is_early(sock: Any) -> bool:
    """Tell whether the machine lacked the address that a socket listens at."""
    return bool(sock.getsockopt(*FREEBIND[sock.family]))
