"""Who may be connected: slots are bounded, and nobody keeps out the others."""

from dataclasses import dataclass, field
from random import Random

import pytest

from osken_apps.apps.admission import CROWD, PATIENCE_S, Admission, Guest

HOST, OTHER, CROWDED = "192.0.2.1", "192.0.2.2", "192.0.2.66"


@dataclass
class House:
    """An admission, a clock that stands still, and who was closed in which order."""

    most: int = 200
    most_newcomers: int = 100
    now: float = 0.0
    closed: list[str] = field(default_factory=list)
    random: Random = field(default_factory=lambda: Random(1))

    def __post_init__(self) -> None:
        self.admission = Admission(
            self.most, self.most_newcomers, lambda: self.now, lambda number: self.random.randrange(number)
        )

    def enter(self, name: str, address: str = HOST) -> Guest | None:
        return self.admission.enter(address, lambda: self.closed.append(name))

    def known(self, name: str, address: str = HOST) -> Guest:
        guest = self.enter(name, address)
        assert guest
        self.admission.know(guest)
        return guest


@pytest.fixture
def house() -> House:
    return House()


def fill(house: House, count: int) -> None:
    """Let in newcomers of as many addresses."""
    for number in range(count):
        assert house.enter(f"n{number}", f"198.51.100.{number}")


def test_beyond_the_bound_chance_says_which_newcomer_makes_room_while_all_are_young(house: House) -> None:
    fill(house, house.most_newcomers)
    house.random = Random(7)
    place = Random(7).randrange(house.most_newcomers)
    assert house.enter("one more")
    assert str(house.admission) == "100 of at most 200 connections, 100 of at most 100 newcomers"
    assert house.closed == [f"n{place}"]


@pytest.mark.parametrize("network", ["2001:db8:0:1", "2001:db8:0:2"])
def test_a_flood_from_all_addresses_of_a_network_keeps_out_few_of_any_network(network: str) -> None:
    """A host is known as soon as ten more of the flood have come; a hundred newcomers have a place."""
    house = House()
    closed_hosts = 0
    for number in range(100):
        host = house.enter("a host", f"{network}:8000::{number:x}")
        assert host
        for flooding in range(10):
            assert house.enter("flood", f"2001:db8:0:1::{number:x}:{flooding}")
        closed_hosts += house.closed.count("a host")
        house.closed.clear()
        house.admission.know(host)
        house.admission.leave(host)
    assert closed_hosts < 20


def test_the_oldest_newcomer_makes_room_once_it_was_waited_for(house: House) -> None:
    fill(house, house.most_newcomers)
    house.now = PATIENCE_S
    assert house.enter("one more")
    assert house.closed == ["n0"]


def test_who_is_known_takes_no_place_of_newcomers_and_stays(house: House) -> None:
    for number in range(house.most_newcomers):
        house.known(f"k{number}", f"203.0.113.{number}")
    fill(house, house.most - house.most_newcomers)
    house.now = PATIENCE_S * 10
    for number in range(3):
        assert house.enter(f"one more {number}")
    assert house.closed == ["n0", "n1", "n2"]


def test_where_all_are_known_the_next_is_refused(house: House) -> None:
    for number in range(house.most):
        house.known(f"k{number}", f"203.0.113.{number}")
    house.now = PATIENCE_S * 10
    assert house.enter("one more") is None
    assert house.closed == []


def test_a_crowd_of_newcomers_makes_room_for_others_at_once_and_not_for_itself(house: House) -> None:
    for number in range(house.most_newcomers):
        assert house.enter(f"c{number}", CROWDED)
    assert house.enter("a host", HOST)
    assert house.enter("another", OTHER)
    assert house.closed == ["c99", "c98"]
    assert house.enter("c", CROWDED) is None


def test_a_crowd_of_known_ones_makes_room_for_others(house: House) -> None:
    for number in range(house.most):
        house.known(f"c{number}", CROWDED)
    assert house.enter("a host", HOST)
    assert house.closed == ["c199"]
    assert house.enter("c", CROWDED) is None


def test_who_leaves_makes_room(house: House) -> None:
    guests = [house.enter(f"n{number}", CROWDED) for number in range(house.most_newcomers)]
    for guest in guests:
        assert guest
        house.admission.leave(guest)
        house.admission.leave(guest)
    assert str(house.admission) == "0 of at most 200 connections, 0 of at most 100 newcomers"
    fill(house, house.most_newcomers)


def test_a_host_with_many_bridges_is_no_crowd(house: House) -> None:
    for number in range(CROWD):
        house.known(f"k{number}", HOST)
    fill(house, house.most_newcomers)
    assert house.enter("one more", OTHER)
    assert house.closed[0].startswith("n")
