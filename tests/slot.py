"""Several runs of the tests stand beside each other on one machine by slots: `TEST_SLOT=1 make test`.

A slot has names of labs and ports of its own; so has each worker of a run that has several.
"""

import fcntl
import os
import string
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SLOTS_A_WORKER = 10
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
SLOT = int(os.environ.get("TEST_SLOT", "0")) + WORKER * SLOTS_A_WORKER
PORTS_A_SLOT = 20


def lab_name(name: str) -> str:
    """Name a lab of this slot; names are short."""
    return name + string.ascii_lowercase[SLOT] if SLOT else name


def slot_port(number: int) -> int:
    """Give this slot's TCP port for what the first slot has at `number`."""
    return number + SLOT * PORTS_A_SLOT


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Keep other slots from something that the machine has once."""
    with Path(f"/run/osken-test-{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
