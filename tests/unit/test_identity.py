"""Which host a session or a bridge is, and who is refused."""

from itertools import permutations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from osken_apps.model.identity import BridgeIdentity, Identities, SessionIdentity
from tests.examples import examples

HERE, THERE = "192.0.2.1", "192.0.2.2"


def session(
    system_id: str = "A", hostname: str = "a", *datapath_ids: int, address: str = HERE
) -> SessionIdentity:
    return SessionIdentity(system_id, hostname, frozenset(datapath_ids), address)


def bridge(
    datapath_id: int, name: str = "br-int", description: str | None = None, address: str = HERE
) -> BridgeIdentity:
    return BridgeIdentity(datapath_id, name, description, address)


@pytest.mark.parametrize("order", list(permutations(("session", "br-int", "br-eth2"))), ids=" ".join)
def test_a_host_is_its_session_and_the_bridges_that_it_shows(order: tuple[str, ...]) -> None:
    known = Identities()
    for what in order:
        if what == "session":
            known.show_session("s", session("A", "a", 1, 2))
        else:
            known.show_bridge(what, bridge(1 if what == "br-int" else 2, what))
    assert known.host_of_session("s") == "a"
    assert [known.host_of_bridge(name) for name in ("br-int", "br-eth2")] == ["a", "a"]
    assert known.refused() == []


@pytest.mark.parametrize(
    "second",
    [session("B", "a", 3), session("A", "b", 3), session("B", "b", 1)],
    ids=["name", "system-id", "datapath id"],
)
def test_the_second_of_any_name_is_refused_until_the_first_is_gone(second: SessionIdentity) -> None:
    known = Identities()
    known.show_session("first", session("A", "a", 1))
    known.show_bridge("b1", bridge(1))
    assert known.show_session("second", second) >= {"second"}
    assert (known.host_of_session("first"), known.host_of_session("second")) == ("a", None)
    assert known.host_of_bridge("b1") == "a"
    assert known.rival("second") == "first"
    ((key, refused),) = known.refused()
    assert (key, refused.rival) == ("second", "a")
    assert "second" in known.end_session("first")
    assert known.host_of_session("second") == second.host


def test_a_host_that_takes_the_name_of_another_is_refused_and_served_when_it_is_put_right() -> None:
    known = Identities()
    known.show_session("s1", session("A", "a", 1))
    known.show_session("s2", session("B", "b", 2, address=THERE))
    known.show_bridge("b2", bridge(2, address=THERE))
    concerned = known.show_session("s2", session("B", "a", 2, address=THERE))
    assert concerned >= {"s2", "b2"}
    assert (known.host_of_session("s1"), known.host_of_session("s2")) == ("a", None)
    assert known.host_of_bridge("b2") is None
    assert known.show_session("s2", session("B", "b", 2, address=THERE)) >= {"s2", "b2"}
    assert (known.host_of_session("s2"), known.host_of_bridge("b2")) == ("b", "b")


def test_a_host_without_a_session_is_what_its_dp_desc_says_until_a_session_of_that_name_comes() -> None:
    known = Identities()
    known.show_bridge("b1", bridge(1, description="a"))
    assert known.host_of_bridge("b1") == "a"
    assert "b1" in known.show_session("s", session("A", "a", 2))
    assert known.host_of_bridge("b1") is None
    refused = known.why_not("b1")
    assert refused is not None
    assert "does not show a bridge of datapath id 0000000000000001" in refused.reason
    known.show_session("s", session("A", "a", 1, 2))
    assert known.host_of_bridge("b1") == "a"


def test_a_bridge_of_whom_nobody_knows_waits_and_is_not_refused() -> None:
    known = Identities()
    known.show_bridge("b1", bridge(1))
    assert (known.host_of_bridge("b1"), known.why_not("b1")) == (None, None)


def test_the_first_connection_of_a_datapath_id_keeps_it() -> None:
    known = Identities()
    known.show_bridge("b1", bridge(1, description="a"))
    known.show_bridge("stranger", bridge(1, description="a", address=THERE))
    known.show_bridge("twin", bridge(9, description="a"))
    assert [known.host_of_bridge(key) for key in ("b1", "stranger", "twin")] == ["a", None, None]
    assert {key for key, _ in known.refused()} == {"stranger", "twin"}
    known.end_bridge("b1")
    assert [known.host_of_bridge(key) for key in ("stranger", "twin")] == ["a", None]


def test_a_bridge_from_its_session_s_address_takes_the_place_of_strangers() -> None:
    known = Identities()
    known.show_session("s", session("A", "a", 1))
    for stranger in ("stranger1", "stranger2"):
        known.show_bridge(stranger, bridge(1, address=THERE))
    assert known.host_of_bridge("stranger1") == "a"
    assert known.show_bridge("b1", bridge(1)) >= {"b1", "stranger1"}
    assert [known.host_of_bridge(key) for key in ("b1", "stranger1", "stranger2")] == ["a", None, None]
    known.show_bridge("stranger3", bridge(1, address=THERE))
    assert known.host_of_bridge("b1") == "a"


class Identified(RuleBasedStateMachine):
    """Whatever hosts say, in any order: nobody shares a name, and nobody waits for a name that is free."""

    sessions = Bundle("sessions")
    bridges = Bundle("bridges")

    def __init__(self) -> None:
        super().__init__()
        self.known = Identities()
        self.number = 0
        self.shown: dict[str, SessionIdentity] = {}
        self.connected: dict[str, BridgeIdentity] = {}
        self.told_sessions: dict[str, str | None] = {}
        self.told_bridges: dict[str, str | None] = {}

    identities = st.builds(
        SessionIdentity,
        st.sampled_from("AB"),
        st.sampled_from("ab"),
        st.frozensets(st.integers(1, 4), max_size=2),
        st.sampled_from((HERE, THERE)),
    )
    bridge_identities = st.builds(
        BridgeIdentity,
        st.integers(1, 4),
        st.sampled_from(("br-int", "br-eth2")),
        st.sampled_from((None, "a", "b")),
        st.sampled_from((HERE, THERE)),
    )

    @rule(target=sessions, identity=identities)
    def session_begins(self, identity: SessionIdentity) -> str:
        self.number += 1
        return self.show(f"s{self.number}", identity)

    @rule(key=sessions, identity=identities)
    def session_changes(self, key: str, identity: SessionIdentity) -> None:
        self.show(key, identity)

    def show(self, key: str, identity: SessionIdentity) -> str:
        self.shown[key] = identity
        self.told_sessions.setdefault(key, None)
        self.heard(self.known.show_session(key, identity))
        return key

    @rule(key=consumes(sessions))
    def session_ends(self, key: str) -> None:
        del self.shown[key], self.told_sessions[key]
        self.heard(self.known.end_session(key))

    @rule(target=bridges, identity=bridge_identities)
    def bridge_connects(self, identity: BridgeIdentity) -> str:
        self.number += 1
        key = f"b{self.number}"
        self.connected[key] = identity
        self.told_bridges[key] = None
        self.heard(self.known.show_bridge(key, identity))
        return key

    @rule(key=consumes(bridges))
    def bridge_goes(self, key: str) -> None:
        del self.connected[key], self.told_bridges[key]
        self.heard(self.known.end_bridge(key))

    def heard(self, concerned: set[object]) -> None:
        """Follow only what was said to be concerned, as the controller does."""
        for key in concerned & self.shown.keys():
            self.told_sessions[str(key)] = self.known.host_of_session(key)
        for key in concerned & self.connected.keys():
            self.told_bridges[str(key)] = self.known.host_of_bridge(key)

    @invariant()
    def who_follows_what_was_told_knows_all(self) -> None:
        assert self.told_sessions == {key: self.known.host_of_session(key) for key in self.shown}
        assert self.told_bridges == {key: self.known.host_of_bridge(key) for key in self.connected}

    @invariant()
    def no_two_share_a_name_and_nobody_waits_in_vain(self) -> None:
        believed = [key for key in self.shown if self.known.host_of_session(key)]
        names = [name for key in believed for name in self.shown[key].names()]
        assert len(set(names)) == len(names)
        for key in self.shown.keys() - set(believed):
            assert self.shown[key].names() & set(names)
            assert self.known.why_not(key) is not None

    @invariant()
    def a_bridge_has_one_place_and_is_where_its_session_is(self) -> None:
        placed = {key: host for key in self.connected if (host := self.known.host_of_bridge(key))}
        places = [(host, self.connected[key].name) for key, host in placed.items()]
        assert len(set(places)) == len(places)
        assert len({self.connected[key].datapath_id for key in placed}) == len(placed)
        owners = {
            number: identity.host
            for key, identity in self.shown.items()
            if self.known.host_of_session(key)
            for number in identity.datapath_ids
        }
        for key, host in placed.items():
            assert owners.get(self.connected[key].datapath_id, host) == host


Identified.TestCase.settings = settings(**examples(60), stateful_step_count=25)
TestIdentified = Identified.TestCase


def test_over_tls_a_bridge_is_of_the_host_that_its_certificate_names_whatever_it_says() -> None:
    known = Identities()
    known.show_session("victim", SessionIdentity("A", "a", frozenset(), HERE, certified=True))
    known.show_bridge("own", BridgeIdentity(1, "br-int", None, HERE, certified="a"))
    known.show_bridge("spoofed", BridgeIdentity(1, "br-int", "a", THERE, certified="evil"))
    assert known.host_of_bridge("own") == "a"
    assert known.host_of_bridge("spoofed") == "evil"
    assert known.refused() == []


def test_over_tls_a_system_id_of_another_refuses_nobody() -> None:
    known = Identities()
    known.show_session("thief", SessionIdentity("A", "evil", frozenset(), THERE, certified=True))
    known.show_session("owner", SessionIdentity("A", "a", frozenset(), HERE, certified=True))
    assert (known.host_of_session("thief"), known.host_of_session("owner")) == ("evil", "a")


def test_over_tls_the_second_bridge_of_a_name_waits_for_the_first() -> None:
    known = Identities()
    known.show_bridge("first", BridgeIdentity(1, "br-int", None, HERE, certified="a"))
    known.show_bridge("second", BridgeIdentity(2, "br-int", None, HERE, certified="a"))
    assert known.host_of_bridge("second") is None
    assert "second" in known.end_bridge("first")
