"""The controller as it is, and a socket that says how much it keeps: `python -m tests.bench.scale.counted`.

Resident memory tells of the allocator as much as of us: it goes on growing for some thousand connections, as
what is freed leaves holes, while the number of blocks in use stays what it was. So these are counted, after a
collection of what is young: a cycle that was put away alive and then became garbage still counts.
"""

import gc
import sys
from pathlib import Path

from osken_apps.apps import runtime
from osken_apps.cli import main

SOCKET = "blocks"  # beside the configuration


def tell(path: Path) -> None:
    """Give whoever connects the number of blocks that Python has in use, for ever."""
    listener = runtime.socket.socket(runtime.socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    while True:
        connection, _ = listener.accept()
        gc.collect()
        connection.sendall(str(sys.getallocatedblocks()).encode())
        connection.close()


def install(path: Path) -> None:
    """Have the controller tell, once it has its loop."""
    original = runtime.install

    def installed() -> None:
        original()
        runtime.spawn(tell, path)

    runtime.install = installed


if __name__ == "__main__":
    install(Path(sys.argv[-1]).with_name(SOCKET))
    sys.exit(main())
