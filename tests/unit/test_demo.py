"""What `make demo` does before there is a lab."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from osken_apps.demo import __main__ as demo
from osken_apps.lab import LabError


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give what demos do to labs, of which none is made."""
    happened: list[str] = []

    @contextmanager
    def up(*_: object, **__: object) -> Iterator[None]:
        happened.append("up")
        raise LabError("this is no machine for it")
        yield

    monkeypatch.setattr(sys, "argv", ["demo"])
    monkeypatch.setattr(demo, "LAB", f"test-{os.getpid()}")
    monkeypatch.setattr(demo, "take_down", lambda _: happened.append("taken down"))
    monkeypatch.setattr(demo.Lab, "up", up)
    monkeypatch.setattr(demo.signal, "signal", lambda *_: None)
    return happened


def test_a_demo_that_is_up_is_not_taken_down_by_the_next(
    done: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with demo._alone():
        assert demo.main() == 1
    assert capsys.readouterr().err.startswith("demo: another is up on this machine: end it first, by Ctrl-C")
    assert done == []


def test_what_an_interrupted_demo_left_is_taken_down(done: list[str]) -> None:
    assert [demo.main(), demo.main()] == [1, 1]
    assert done == ["taken down", "up"] * 2
