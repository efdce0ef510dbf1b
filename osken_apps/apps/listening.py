"""Listening sockets: binding them with a clear error, and accepting for ever. SHELL."""

import errno
import itertools
import logging
import resource
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from osken_apps.apps import runtime
from osken_apps.apps.admission import Admission, Guest
from osken_apps.apps.complaints import complain
from osken_apps.apps.transport import plain
from osken_apps.config import Endpoint
from osken_apps.errors import ConfigurationError

LOG = logging.getLogger(__name__)

BACKLOG = 1024
RETRY_S = 1.0
ACCEPTS_PER_TURN = 16
OUT_OF = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

#: Is given the socket, its peer's address, and what to call once the peer has shown who it is.
Serve = Callable[[Any, Any, Callable[[], None]], None]


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


def accept_for_ever(sock: Any, admission: Admission, serve: Serve) -> None:
    """Serve each connection that there is room for in a task of its own, and close it in the end.

    Running out of descriptors ends nothing, and a thousand that dial at once hold up nobody.
    """
    listener = plain(sock)
    for number in itertools.count(1):
        try:
            connection, address = listener.accept()
        except BlockingIOError:
            runtime.wait_ready(listener.fileno(), read=True)
            continue
        except OSError as error:
            if error.errno in OUT_OF:
                complain(LOG, "", "cannot accept a connection: %s", str(error))
                runtime.sleep(RETRY_S)
            continue  # else it is that connection's error, and it is gone
        guest = admission.enter(address[0], partial(_shut, connection))
        if guest is None:
            complain(LOG, address[0], "a connection from %s is refused: there are too many", address[0])
            connection.close()
        else:
            runtime.spawn(_serve, connection, address, admission, guest, serve)
        if number % ACCEPTS_PER_TURN == 0:
            runtime.pause()


def _serve(connection: Any, address: Any, admission: Admission, guest: Guest, serve: Serve) -> None:
    try:
        serve(connection, address, partial(admission.know, guest))
    finally:
        admission.leave(guest)
        connection.close()


def _shut(connection: Any) -> None:
    with suppress(OSError):  # it has ended already
        connection.shutdown(socket.SHUT_RDWR)


def allow_many_sockets() -> None:
    """Raise the soft limit of open files to the hard one: a host takes three sockets."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
