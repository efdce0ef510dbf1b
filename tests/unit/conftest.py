"""What holds for unit tests: a commit does not wait for the disk, which takes longer than most of them."""

from collections.abc import Iterator

import pytest

from osken_apps.store import engines

AS_SHIPPED = {name: getattr(engines, name) for name in ("DURABLY", "LAZILY")}


@pytest.fixture(scope="session", autouse=True)
def hurried_commits() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in AS_SHIPPED:
            patch.setattr(engines, name, "OFF")
        yield


@pytest.fixture
def durable_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commits wait for the disk, as they do where nobody tests."""
    for name, value in AS_SHIPPED.items():
        monkeypatch.setattr(engines, name, value)
