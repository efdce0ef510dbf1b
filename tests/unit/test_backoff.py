"""What failed is tried again later and later, and after a success soon again."""

from osken_apps.backoff import Backoff


def test_each_wait_is_twice_as_long_up_to_the_last_and_a_success_begins_again() -> None:
    backoff = Backoff(0.5, 3.0)
    assert [backoff.failed() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert backoff.has_failed
    backoff.succeeded()
    assert not backoff.has_failed
    assert [backoff.failed() for _ in range(2)] == [0.5, 1.0]
