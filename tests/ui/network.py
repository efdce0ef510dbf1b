"""A network of its own for a browser: it ends what it loads whenever an interface of the machine comes or
goes, and labs beside it make and remove interfaces all the time.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OURS = Path("/proc/thread-self/ns/net")
CLONE_NEWNET = 0x40000000  # unshare(2)


@contextmanager
def own_network() -> Iterator[None]:
    """Be, with every process that is started meanwhile, where there is a loopback interface and nothing else.

    Whoever is not root stays where it is.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open(OURS, os.O_RDONLY)
    try:
        if libc.unshare(CLONE_NEWNET) != 0:
            yield
            return
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            yield
        finally:
            if libc.setns(before, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "the network from before")
    finally:
        os.close(before)
