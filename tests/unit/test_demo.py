"""What `make demo` does before there is a lab."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from osken_apps.demo import __main__ as demo
from osken_apps.demo import story
from osken_apps.lab import LabError
from osken_apps.lab.controller import Api


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


@pytest.mark.parametrize(("inherited", "ends"), [(signal.SIG_DFL, True), (signal.SIG_IGN, False)])
def test_a_terminal_that_is_gone_ends_the_demo_with_its_lab_unless_nohup_says_no(
    done: list[str], monkeypatch: pytest.MonkeyPatch, inherited: signal.Handlers, ends: bool
) -> None:
    handled: dict[int, object] = {}
    monkeypatch.setattr(demo.signal, "signal", handled.__setitem__)
    monkeypatch.setattr(
        demo.signal, "getsignal", {signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: inherited}.__getitem__
    )
    demo.main()
    assert (handled[signal.SIGTERM], signal.SIGHUP in handled) == (demo._end, ends)


def test_the_client_of_a_demo_asks_the_demos_api_whatever_else_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OS_CLOUD", "OS_USERNAME", "http_proxy"):
        monkeypatch.setenv(name, "another")
    found = story.surroundings(Api(1234))
    said = {name: value for name, value in found.items() if name.startswith("OS_")}
    assert said == {"OS_AUTH_TYPE": "none", "OS_ENDPOINT": "http://127.0.0.1:1234"}
    assert found["no_proxy"] == "127.0.0.1" and found["PATH"] == os.environ["PATH"]
