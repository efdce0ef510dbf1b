"""What holds for unit tests: no file is on a disk, and to check a password costs next to nothing.

Either takes longer than most tests; a few look at what is shipped.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from osken_apps.accounts import passwords
from osken_apps.store import engines
from tests.unit.rest_client import close_stores

CHEAP = {
    (engines, "DURABLY"): "OFF",
    (engines, "LAZILY"): "OFF",
    (passwords, "_HASHER"): passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
}
AS_SHIPPED = {(module, name): getattr(module, name) for module, name in CHEAP}

IN_MEMORY = Path("/dev/shm")  # the files of one test are small, and gone when it has passed
ENOUGH = 256 << 20

if os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ENOUGH:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


@pytest.fixture(scope="session", autouse=True)
def cheap() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for (module, name), value in CHEAP.items():
            patch.setattr(module, name, value)
        yield


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close the databases that a test has opened: a collection of garbage may be long in coming."""
    yield
    close_stores()


@pytest.fixture
def as_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have both as they are where nobody tests."""
    for (module, name), value in AS_SHIPPED.items():
        monkeypatch.setattr(module, name, value)
