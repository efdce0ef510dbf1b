"""Complaints: each kind of a source is logged once, then counted, and no stranger writes into the log."""

import logging

import pytest

from osken_apps.apps.complaints import MAX_DETAIL, Complaints
from osken_apps.printable import excerpt
from osken_apps.repeats import MAX_KINDS

LOG = logging.getLogger("tests.complaints")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def complaints(clock: Clock) -> Complaints:
    return Complaints(clock, interval_s=60.0)


def test_the_same_complaint_is_logged_once_and_its_number_after_a_minute(
    complaints: Complaints, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(1000):
        complaints.complain(LOG, "192.0.2.1", "%s sent an error: %s", "br-int", number)
    clock.now = 59.0
    complaints.tell_again()
    assert caplog.messages == ["br-int sent an error: 0"]
    clock.now = 60.0
    complaints.tell_again()
    assert caplog.messages[1:] == ["br-int sent an error: 999 (999 times more)"]


def test_what_goes_on_is_logged_once_a_minute_and_what_ended_is_new_when_it_begins_again(
    complaints: Complaints, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for second in range(300):
        clock.now = float(second)
        complaints.tell_again()
        complaints.complain(LOG, "192.0.2.1", "%s is odd", "br-int")
    assert len(caplog.messages) == 5
    caplog.clear()
    for later in (360.0, 420.0, 480.0):
        clock.now = later
        complaints.tell_again()
    assert caplog.messages == ["br-int is odd (60 times more)"]
    complaints.complain(LOG, "192.0.2.1", "%s is odd", "br-int")
    assert caplog.messages[1:] == ["br-int is odd"]


def test_other_words_and_other_sources_are_other_complaints(
    complaints: Complaints, caplog: pytest.LogCaptureFixture
) -> None:
    complaints.complain(LOG, "192.0.2.1", "odd: %d", 1)
    complaints.complain(LOG, "192.0.2.2", "odd: %d", 2)
    complaints.complain(LOG, "192.0.2.1", "late: %d", 3)
    complaints.complain(LOG, "192.0.2.1", "odd: %d", 4, about="br-int")
    assert caplog.messages == ["odd: 1", "odd: 2", "late: 3", "odd: 4"]


def test_no_number_of_sources_takes_more_than_a_bounded_memory(
    complaints: Complaints, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    for number in range(MAX_KINDS + 10):
        complaints.complain(LOG, str(number), "odd")
    assert len(complaints._repeats._told) == MAX_KINDS + 1


def test_a_network_of_ipv6_is_one_source(complaints: Complaints, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(1000):
        complaints.complain(LOG, f"2001:db8::{number:x}", "odd")
    complaints.complain(LOG, "2001:db8:0:1::1", "odd")
    complaints.complain(LOG, "::ffff:192.0.2.1", "odd")
    complaints.complain(LOG, "192.0.2.1", "odd")
    assert caplog.messages == ["odd"] * 3


def test_newcomers_beyond_the_bound_are_counted_as_one_source(
    complaints: Complaints, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(MAX_KINDS + 100):
        complaints.complain(LOG, f"source {number}", "%d is odd", number)
    assert len(caplog.messages) == MAX_KINDS + 1
    complaints.complain(LOG, "source 0", "%d is odd", 0)
    complaints.complain(LOG, "another", "late")
    caplog.clear()
    clock.now = 60.0
    complaints.tell_again()
    assert caplog.messages == ["0 is odd (1 times more)", f"{MAX_KINDS + 99} is odd (99 times more)"]


def test_a_complaint_may_have_another_level(
    complaints: Complaints, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(2):
        complaints.complain(LOG, "192.0.2.1", "here", level=logging.INFO)
    clock.now = 60.0
    complaints.tell_again()
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("INFO", "here"),
        ("INFO", "here (1 times more)"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("br-int", "br-int"),
        ("br\nERROR all is lost", "br\\nERROR all is lost"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\udc80", "\\udc80"),
        ("Brücke", "Brücke"),
        (b"tap\xff\0", "tap�\\x00"),
        ("x" * 64, "x" * 64),
        ("x" * 1_000_000, "x" * 64 + "…"),
        (b"x" * 1_000_000, "x" * 64 + "…"),
    ],
)
def test_a_stranger_s_text_is_cut_and_escaped(text: str | bytes, expected: str) -> None:
    assert excerpt(text) == expected


def test_details_are_cut_and_escaped_and_numbers_stay_numbers(
    complaints: Complaints, caplog: pytest.LogCaptureFixture
) -> None:
    complaints.complain(LOG, "192.0.2.1", "%s has port %08x", "a\nb" + "c" * 1000, 255)
    assert caplog.messages == ["a\\nb" + "c" * (MAX_DETAIL - 3) + "… has port 000000ff"]
