"""The two hosts of the packet tests, with guarded ports and others."""

from collections.abc import Iterator

import pytest

from tests.ovs.security.hosts import World, two_hosts


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with two_hosts(tmp_path_factory.mktemp("w")) as made:
        yield made
