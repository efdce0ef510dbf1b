"""A lab of three hosts with an address each for tunnels; each test starts with nothing plugged."""

from collections.abc import Iterator

import pytest

from osken_apps.lab import Lab
from osken_apps.lab.controller import LabController
from tests.e2e.conftest import API_PORT, World
from tests.slot import lab_name


@pytest.fixture(scope="package")
def underlay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Lab.up(lab_name("tun"), hosts=3, state_dir=tmp_path_factory.mktemp("lab")) as lab:
        lab.make_underlay()
        world = World(lab, LabController(lab, API_PORT + 4, {"DEFAULT": "audit_interval = 2"}))
        lab.connect()
        world.start_controller()
        yield world
        world.controller.stop()


@pytest.fixture
def tunnels(underlay: World) -> Iterator[World]:
    yield underlay
    underlay.remove_all()
