"""What a connection's octets pass through: a socket, or what stands on one. SHELL.

Readers and senders know the three calls below and nothing of sockets, so that TLS fits beneath them.
"""

from typing import Any, Protocol


class Transport(Protocol):
    """A stream of octets that never waits."""

    def fileno(self) -> int:
        """Give the descriptor to wait for."""

    def recv(self, size: int, /) -> bytes:
        """Give what has come, `size` octets or a little more; nothing at the end of the stream.

        Nothing that has come is kept back: the descriptor alone tells whether there is more.
        Raises BlockingIOError, OSError.
        """

    def send(self, data: bytes | bytearray, /) -> int:
        """Take what fits now and give how many octets; what is left is offered again before anything else.

        Raises BlockingIOError, OSError.
        """

    def shutdown(self, how: int, /) -> None:
        """End the stream, so that whoever waits for it wakes. Raises OSError."""


def plain(sock: Any) -> Any:
    """Give the system's socket, never to wait, of one that may be eventlet's; it is a transport itself."""
    system = getattr(sock, "fd", sock)
    system.setblocking(False)
    return system
