"""What holds for unit tests: commits do not wait for the disk, and to check a password costs next to nothing.

Either takes longer than most tests; a few look at what is shipped.
"""

from collections.abc import Iterator

import pytest

from osken_apps.accounts import passwords
from osken_apps.store import engines

CHEAP = {
    (engines, "DURABLY"): "OFF",
    (engines, "LAZILY"): "OFF",
    (passwords, "_HASHER"): passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
}
AS_SHIPPED = {(module, name): getattr(module, name) for module, name in CHEAP}


@pytest.fixture(scope="session", autouse=True)
def cheap() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for (module, name), value in CHEAP.items():
            patch.setattr(module, name, value)
        yield


@pytest.fixture
def as_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have both as they are where nobody tests."""
    for (module, name), value in AS_SHIPPED.items():
        monkeypatch.setattr(module, name, value)
