"""The end of a REST process that does not end by itself, without one."""

import time
from typing import Any

import eventlet
import eventlet.green.time
import pytest

from osken_apps.apps import rest_process, runtime
from osken_apps.apps.rest_process import RestProcess
from tests.unit.hub_thread import in_a_hub


class Link:
    def close(self) -> None: ...


def test_it_is_killed_in_time_although_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_process, "STOP_TIMEOUT_S", 0.1)
    wall = iter([time.time()])
    monkeypatch.setattr(eventlet.green.time, "time", lambda: next(wall, 0.0))

    def work(_hub: object) -> None:
        process: Any = RestProcess.__new__(RestProcess)
        process.link = Link()
        process._process = runtime.subprocess.Popen(["sleep", "60"])
        with eventlet.Timeout(10):
            assert process.ended() == -9

    in_a_hub(work)
