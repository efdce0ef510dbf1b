"""Pairs of sockets whose buffers are ours to know: a kernel's default may be any."""

from typing import Any

from eventlet.green import socket

BUFFER = 1 << 16  # Linux takes twice as much, and no more


def small_pair() -> tuple[Any, Any]:
    """Give two connected sockets that take little before somebody reads it."""
    pair = socket.socketpair()
    for sock in pair:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    return pair
