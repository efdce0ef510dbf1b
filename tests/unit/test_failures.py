"""An exception that repeats is logged once, and counted."""

import logging

import pytest

from osken_apps.failures import Failures


def note(failures: Failures, what: str, error: type[Exception]) -> None:
    try:
        raise error("number 5")
    except Exception as caught:
        failures.note(what, caught)


def test_a_kind_is_logged_with_its_traceback_once_and_then_now_and_then(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures = Failures()
    for _ in range(100):
        note(failures, "a message broke", ValueError)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 3
    assert [record.exc_info is not None for record in caplog.records] == [True, False, False]
    assert caplog.messages[2] == "a message broke, for the 100th time: ValueError('number 5')"
    assert list(failures.counts.values()) == [100]


def test_another_error_or_another_thing_is_another_kind(caplog: pytest.LogCaptureFixture) -> None:
    failures = Failures()
    note(failures, "a message broke", ValueError)
    note(failures, "a message broke", KeyError)
    note(failures, "a query broke", KeyError)
    assert caplog.messages == ["a message broke", "a message broke", "a query broke"]
