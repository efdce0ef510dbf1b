"""Accepting for ever. SHELL."""

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

LOG = logging.getLogger(__name__)

RETRY_S = 1.0
ACCEPTS_PER_TURN = 16
OUT_OF = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

#: Is given the socket, its peer's address, and what to call once the peer has shown who it is.
Serve = Callable[[Any, Any, Callable[[], None]], None]


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
        is_full = admission.is_full
        guest = admission.enter(address[0], partial(_shut, connection))
        if guest is None:
            complain(
                LOG, address[0], "a connection from %s is refused: there are %s", address[0], str(admission)
            )
            connection.close()
        else:
            if is_full:
                words = "one makes room for a connection from %s, as there are %s"
                complain(LOG, "", words, address[0], str(admission))
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
