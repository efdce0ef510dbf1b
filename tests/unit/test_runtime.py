"""What we need of an event loop keeps its word."""

from collections.abc import Callable
from contextlib import suppress

import eventlet
import pytest
from eventlet.green import socket

from osken_apps.apps import runtime
from osken_apps.failures import Failures
from tests.unit.hub_thread import in_a_hub


def in_a_loop(work: Callable[[], object]) -> None:
    in_a_hub(lambda hub: work())


def test_a_task_that_raises_is_logged_and_nobody_else_ends(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "_failures", Failures())

    def work() -> None:
        done = runtime.once()
        runtime.spawn(int, "no number")
        runtime.spawn(int, "no number, again")
        runtime.spawn(done.send, 7)
        assert done.wait() == 7

    in_a_loop(work)
    assert caplog.messages == ["int ended by an error"]
    assert "ValueError" in caplog.text


def test_of_the_time_in_which_the_loop_is_behind_a_second_counts_for_each_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each look of the loop comes three seconds late."""

    def later(seconds: float, work: Callable[..., object], *arguments: object) -> None:
        nonlocal now
        now += seconds + 3.0
        work(*arguments)

    now, done = 0.0, list[float]()
    monkeypatch.setattr(runtime, "spawn_after", later)
    runtime.spawn_after_rounds(2.5, lambda: done.append(now))
    assert done == [2.5 + 3 * 3.0]


def test_what_happens_in_time_was_waited_for_and_what_does_not_was_not() -> None:
    def work() -> None:
        early, late = runtime.once(), runtime.once()
        runtime.spawn_after(0.01, early.send)
        assert runtime.wait_within(10.0, early)
        assert not runtime.wait_within(0.01, late)
        late.send()
        assert runtime.wait_within(None, late)

    in_a_loop(work)


def test_work_that_waits_for_too_long_raises_the_given_error() -> None:
    def work() -> None:
        with pytest.raises(KeyError, match="late"), runtime.within(0.01, KeyError("late")):
            runtime.sleep(10.0)
        with runtime.within(10.0, KeyError("late")):
            runtime.pause()

    in_a_loop(work)


def test_a_signal_wakes_its_task_once_however_often_it_is_set() -> None:
    def work() -> None:
        signal, woken = runtime.Signal(), []

        def wait() -> None:
            while True:
                signal.wait()
                woken.append(1)

        task = runtime.spawn(wait)
        runtime.pause()
        for _ in range(3):
            signal.set()
        for _ in range(5):
            runtime.pause()
        assert len(woken) == 1
        signal.set()
        runtime.pause()
        runtime.pause()
        assert len(woken) == 2
        task.kill()

    in_a_loop(work)


def test_a_signal_that_was_set_before_is_not_waited_for() -> None:
    def work() -> None:
        signal = runtime.Signal()
        signal.set()
        signal.wait()

    in_a_loop(work)


def test_a_signal_is_waited_for_no_longer_than_said_and_then_it_is_as_before() -> None:
    def work() -> None:
        signal = runtime.Signal()
        signal.wait(0.001)
        assert not signal.is_set
        signal.set()
        signal.clear()
        signal.wait(0.001)
        runtime.spawn_after(0.001, signal.set)
        signal.wait(10.0)
        began_at = runtime.clock()
        signal.wait(0.05)  # and nothing of the wait before wakes it
        assert runtime.clock() - began_at >= 0.04

    in_a_loop(work)


def test_a_task_that_gave_up_a_signal_is_not_woken_by_it_elsewhere() -> None:
    def work() -> None:
        signal, later, seen = runtime.Signal(), runtime.once(), list[str]()

        def wait() -> None:
            with suppress(KeyError), runtime.within(0.001, KeyError()):
                signal.wait()
            seen.append("gave up")
            later.wait()
            seen.append("went on")

        runtime.spawn(wait)
        while not seen:
            runtime.sleep(0.001)
        signal.set()
        for _ in range(5):
            runtime.pause()
        assert seen == ["gave up"]
        later.send()
        while len(seen) < 2:
            runtime.pause()

    in_a_loop(work)


@pytest.mark.parametrize("seconds", [None, 10.0])
def test_a_descriptor_that_is_ready_for_both_wakes_its_task_once(seconds: float | None) -> None:
    def work() -> None:
        ours, other = socket.socketpair()
        other.send(b"x")
        for _ in range(3):
            runtime.wait_ready(ours.fileno(), read=True, write=True, seconds=seconds)
        runtime.sleep(0.01)

    in_a_loop(work)


def test_a_descriptor_that_is_not_ready_is_waited_for_so_long_and_nothing_stays() -> None:
    def work() -> None:
        ours, _other = socket.socketpair()
        runtime.wait_ready(ours.fileno(), read=True, seconds=0.01)
        hub = eventlet.hubs.get_hub()
        assert ours.fileno() not in hub.listeners[hub.READ]

    in_a_loop(work)


def test_a_watch_calls_until_it_is_stopped() -> None:
    def work() -> None:
        ours, other = socket.socketpair()
        calls: list[int] = []
        watch = runtime.Watch(ours.fileno(), calls.append)
        other.send(b"x")
        while len(calls) < 3:
            runtime.pause()
        watch.stop()
        watch.stop()
        seen = len(calls)
        runtime.sleep(0.01)
        assert (len(calls), set(calls)) == (seen, {ours.fileno()})

    in_a_loop(work)


def test_a_lock_is_held_by_one_task_at_a_time() -> None:
    def work() -> None:
        lock, order = runtime.lock(), []

        def hold(name: str) -> None:
            with lock:
                order.append(name)
                runtime.pause()
                order.append(name)

        for name in ("a", "b"):
            runtime.spawn(hold, name)
        while len(order) < 4:
            runtime.pause()
        assert order == ["a", "a", "b", "b"]
        assert not lock.locked()

    in_a_loop(work)
