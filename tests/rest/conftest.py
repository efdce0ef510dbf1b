"""One live server for the tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rest.server import NO_QUOTAS, Server, running, write_config


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server with an empty database."""
    state_dir: Path = tmp_path_factory.mktemp("state")
    with running(write_config(state_dir, NO_QUOTAS)) as started:
        yield started
