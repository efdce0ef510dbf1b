"""What others can cause as often as they like is done ever more rarely."""

from itertools import pairwise

from osken_apps.apps.throttle import FIRST_GAP_S, LAST_GAP_S, Throttle


def times(asked_at: list[float]) -> list[float]:
    """Give when it is done."""
    throttle = Throttle()
    waits = ((now, throttle.ask(now)) for now in asked_at)
    return [now + wait_s for now, wait_s in waits if wait_s is not None]


def test_what_comes_rarely_is_done_at_once() -> None:
    assert times([100.0, 110.0, 120.0]) == [100.0, 110.0, 120.0]


def test_what_comes_while_it_waits_is_done_with_it() -> None:
    assert times([100.0, 100.1, 100.2, 100.9]) == [100.0, 101.0]


def test_a_storm_is_answered_ever_more_rarely_and_never_not() -> None:
    done = times([number / 10 for number in range(6000)])  # ten minutes
    gaps = [round(later - earlier, 1) for earlier, later in pairwise(done)]
    assert gaps[:7] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]
    assert set(gaps[7:]) == {LAST_GAP_S}


def test_after_a_quiet_time_it_is_done_at_once_again() -> None:
    storm = [number / 10 for number in range(300)]
    assert times([*storm, 1000.0, 1000.1])[-2:] == [1000.0, 1000.0 + FIRST_GAP_S]
