"""Whose turn it is to be audited, and when."""

from itertools import islice

import pytest

from osken_apps.apps.audit import turns


def test_hosts_are_spread_over_the_interval() -> None:
    assert list(islice(turns(lambda: ("a", "b", "c"), 60), 4)) == [
        (20, "a"),
        (20, "b"),
        (20, "c"),
        (20, "a"),
    ]


def test_a_thousand_hosts_take_longer_than_the_interval() -> None:
    hosts = [str(number) for number in range(1000)]
    assert sum(pause_s for pause_s, _ in islice(turns(lambda: hosts, 60), 1000)) == pytest.approx(200)


def test_a_host_that_comes_later_has_its_turn() -> None:
    hosts: list[str] = []
    coming = turns(lambda: hosts, 60)
    assert next(coming) == (60, None)
    hosts.append("a")
    assert next(coming) == (60, "a")
