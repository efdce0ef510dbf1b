"""Ports that a test knows before something listens there."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

HERE = "127.0.0.1"


@contextmanager
def reserved(count: int) -> Iterator[list[int]]:
    """Give ports of the loopback address that nobody gets by chance, and at which one may listen by number.

    A socket that is bound keeps the kernel from giving its port away. Another one is bound there beside it
    if both have SO_REUSEADDR and none listens yet (socket(7)); servers have it.
    """
    with ExitStack() as stack:
        socks = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in socks:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((HERE, 0))
        yield [sock.getsockname()[1] for sock in socks]
