"""Which host a name means: hosts are renamed, also while nobody sees them."""

import pytest

from osken_apps.model import host_names
from osken_apps.model.changes import HostIdentity
from osken_apps.model.host_names import HostNames


def names_of(*identities: HostIdentity) -> HostNames:
    made = HostNames()
    made.keep(identities)
    return made


A = HostIdentity("a", "s")


def test_a_host_is_known_by_its_system_id_where_its_name_is_new() -> None:
    names = names_of(A, HostIdentity("b", "t"), HostIdentity("c"))
    assert [names.known_as("new", system_id) for system_id in ("s", "t", "u", "")] == ["a", "b", "", ""]


@pytest.mark.parametrize("other", [HostIdentity("b", "t"), HostIdentity("b"), HostIdentity("b", "s")])
def test_a_name_that_is_known_is_that_hosts_whatever_system_id_it_shows(other: HostIdentity) -> None:
    assert names_of(A, other).known_as("b", "s") == ""


def test_a_system_id_of_several_hosts_says_nothing() -> None:
    assert names_of(A, HostIdentity("clone", "s")).known_as("new", "s") == ""


def test_a_host_is_called_what_it_was_called_last() -> None:
    names = names_of(HostIdentity("c", "s", ("a", "b")))
    assert ([names.name_now(name) for name in "abcx"], names.former_names("c")) == (
        ["c", "c", "c", "x"],
        ("a", "b"),
    )
    names.rename("c", "a")
    assert ([names.name_now(name) for name in "abc"], names.former_names("a")) == (["a"] * 3, ("b", "c"))


def test_what_the_store_has_does_not_undo_a_renaming_that_it_has_not_heard_of() -> None:
    names = names_of(HostIdentity("a", "s", ("z",)))
    names.rename("a", "b")
    names.keep([HostIdentity("a", "s", ("z",))])
    assert (names.name_now("a"), names.name_now("z"), names.known_as("new", "s")) == ("b", "b", "b")


def test_nor_does_it_give_a_host_what_the_one_was_called_that_had_its_name() -> None:
    names = names_of()
    names.show("a", "s")
    names.show("b", "t")
    names.keep([HostIdentity("a", "t", ("b", "c"))])
    assert (names.name_now("b"), names.name_now("c"), names.former_names("a")) == ("b", "c", ())


def test_a_former_name_is_none_where_another_host_has_it() -> None:
    renamed = HostIdentity("b", "s", ("a",))
    assert names_of(renamed, HostIdentity("a", "t")).name_now("a") == "a"
    assert names_of(renamed, A).name_now("a") == names_of(renamed, HostIdentity("a")).name_now("a") == "b"


def test_a_former_name_goes_to_the_machine_that_shows_it() -> None:
    names = names_of(HostIdentity("b", "s", ("a",)))
    names.show("a", "s")
    names.show("a", "")
    assert names.name_now("a") == "b"
    names.show("a", "t")
    assert names.name_now("a") == "a"


def test_who_takes_a_name_does_not_take_what_its_last_host_was_called() -> None:
    names = names_of(HostIdentity("b", "t", ("old",)), A)
    names.rename("a", "b")
    assert (names.name_now("old"), names.former_names("b")) == ("old", ("a",))


def test_a_host_that_is_forgotten_was_never_called_anything() -> None:
    names = names_of(HostIdentity("b", "s", ("a",)))
    names.forget("b")
    assert (names.name_now("a"), names.known_as("new", "s")) == ("a", "")


def test_of_very_many_names_of_a_host_the_newest_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_names, "MAX_FORMER_NAMES", 2)
    names = names_of(A)
    for name, new_name in ("ab", "bc", "cd"):
        names.rename(name, new_name)
    assert names.former_names("d") == ("b", "c")
