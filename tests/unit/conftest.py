"""What holds for unit tests: no file is on a disk, and to check a password costs next to nothing.

Either takes longer than most tests; a few look at what is shipped. It is imported where tests run, and not by
the process that waits for those.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

IN_MEMORY = Path("/dev/shm")  # the files of one test are small, and gone when it has passed
ENOUGH = 256 << 20

if os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ENOUGH:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


@pytest.fixture(scope="session", autouse=True)
def cheap() -> Iterator[None]:
    from tests.unit.cheap import CHEAP

    with pytest.MonkeyPatch.context() as patch:
        for (module, name), value in CHEAP.items():
            patch.setattr(module, name, value)
        yield


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close the databases that a test has opened: a collection of garbage may be long in coming."""
    from tests.unit.cheap import close_databases

    yield
    close_databases()


@pytest.fixture
def as_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all of it as it is where nobody tests."""
    from tests.unit.cheap import AS_SHIPPED

    for (module, name), value in AS_SHIPPED.items():
        monkeypatch.setattr(module, name, value)
