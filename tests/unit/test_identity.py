"""Which host a session or a bridge is, and who is refused."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from osken_apps.model.identity import Identities
from osken_apps.model.shown_identity import BridgeIdentity, Refused, SessionIdentity
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
    assert "second" in known.end_session("first") | known.end_bridge("b1")
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


def test_a_host_without_a_session_is_what_its_dp_desc_says_until_its_session_comes() -> None:
    known = Identities()
    known.show_bridge("b1", bridge(1, description="a"))
    known.show_bridge("b2", bridge(2, "br-eth2", description="a"))
    assert [known.host_of_bridge(key) for key in ("b1", "b2")] == ["a", "a"]
    assert "b1" in known.show_session("s", session("A", "a", 2))
    assert [known.host_of_bridge(key) for key in ("b1", "b2")] == [None, "a"]
    refused = known.why_not("b1")
    assert refused is not None
    assert "does not show a bridge of datapath id 0000000000000001" in refused.reason
    known.show_session("s", session("A", "a", 1, 2))
    assert known.host_of_bridge("b1") == "a"


def test_of_two_machines_with_one_dp_desc_the_first_is_the_host_until_it_is_gone() -> None:
    known = Identities()
    known.show_bridge("a1", bridge(1, description="h"))
    known.show_bridge("b2", bridge(4, "br-eth2", "h", THERE))
    known.show_bridge("b1", bridge(3, "br-int", "h", THERE))
    known.show_bridge("a2", bridge(2, "br-eth2", "h"))
    assert [known.host_of_bridge(key) for key in ("a1", "a2", "b1", "b2")] == ["h", "h", None, None]
    assert known.why_not("b2") == Refused(
        "h",
        "its dp-desc says h, but that is the host at 192.0.2.1, whose bridge br-int, datapath"
        " 0000000000000001, came first; this one is at 192.0.2.2, and no OVSDB session shows it",
        "h",
    )
    assert known.rival("b2") == "a1"
    assert known.end_bridge("a1") >= {"b1", "b2"}  # which are told of their next rival
    assert (known.rival("b2"), known.host_of_bridge("b2")) == ("a2", None)
    assert known.end_bridge("a2") >= {"b1", "b2"}
    assert [known.host_of_bridge(key) for key in ("b1", "b2")] == ["h", "h"]
    assert known.refused() == []


def test_a_dp_desc_is_not_that_of_a_host_whose_session_has_ended() -> None:
    known = of_a_session_that_ended()
    known.end_bridge("b2")
    known.show_bridge("b3", bridge(3, "br-eth2", "a", THERE))
    known.show_bridge("b2", bridge(2, "br-eth2", "a"))
    assert [known.host_of_bridge(key) for key in ("b1", "b2", "b3")] == ["a", "a", None]


def test_a_bridge_that_its_session_shows_may_come_from_any_address() -> None:
    known = Identities()
    known.show_bridge("b1", bridge(1, description="a"))
    known.show_bridge("b2", bridge(2, "br-eth2", "a", THERE))
    assert known.host_of_bridge("b2") is None
    assert known.show_session("s", session("A", "a", 1, 2)) >= {"b1", "b2"}
    assert [known.host_of_bridge(key) for key in ("b1", "b2")] == ["a", "a"]
    known.end_session("s")
    assert [known.host_of_bridge(key) for key in ("b1", "b2")] == ["a", "a"]


def test_a_session_with_the_name_of_a_host_known_by_dp_desc_is_refused_until_its_bridges_are_gone() -> None:
    known = Identities()
    for key, identity in (("b1", bridge(1)), ("b2", bridge(2, "br-eth2"))):
        known.show_bridge(key, replace(identity, description="a"))
    known.show_session("s", session("B", "a", 3, address=THERE))
    assert known.host_of_session("s") is None
    assert [known.host_of_bridge(key) for key in ("b1", "b2")] == ["a", "a"]
    assert known.refused() == [
        (
            "s",
            Refused(
                "a",
                "its host name a is that of host a, whose bridge br-int, datapath 0000000000000001 at"
                " 192.0.2.1, it does not show; this one is at 192.0.2.2, system-id B",
                "a",
            ),
        )
    ]
    assert known.rival("s") == "b1"
    assert "s" in known.end_bridge("b1")  # who is told of its next rival
    assert known.rival("s") == "b2"
    assert "s" in known.end_bridge("b2")
    assert known.host_of_session("s") == "a"


def test_a_session_that_waits_for_bridges_is_let_in_when_one_that_it_shows_comes() -> None:
    known = Identities()
    known.show_bridge("b1", bridge(1, description="a"))
    known.show_session("s", session("A", "a", 2))
    assert known.host_of_session("s") is None
    assert known.show_bridge("b2", bridge(2, "br-eth2", description="a")) >= {"s", "b1", "b2"}
    assert known.host_of_session("s") == "a"
    assert [known.host_of_bridge(key) for key in ("b1", "b2")] == [None, "a"]


def test_a_session_whose_certificate_names_its_host_is_not_refused_for_a_dp_desc() -> None:
    known = Identities()
    known.show_bridge("b1", bridge(1, description="a"))
    known.show_session("s", replace(session("A", "a", 2), certified=True))
    assert (known.host_of_session("s"), known.host_of_bridge("b1")) == ("a", None)


def of_a_session_that_ended() -> Identities:
    """Give what is known of host a: two bridges that are connected, and a session that showed them."""
    known = Identities()
    known.show_session("s", session("A", "a", 1, 2))
    known.show_bridge("b1", bridge(1))
    known.show_bridge("b2", bridge(2, "br-eth2"))
    known.end_session("s")
    return known


def test_bridges_stay_where_their_session_showed_them_when_it_has_ended() -> None:
    known = of_a_session_that_ended()
    assert [known.host_of_bridge(key) for key in ("b1", "b2")] == ["a", "a"]
    known.show_session("again", session("A", "a", 1, 2))
    assert [known.host_of_bridge(key) for key in ("b1", "b2")] == ["a", "a"]
    assert known.refused() == []


def test_what_a_session_showed_of_a_bridge_is_forgotten_with_its_connection() -> None:
    known = of_a_session_that_ended()
    known.end_bridge("b1")
    known.show_bridge("b1", bridge(1))
    assert (known.host_of_bridge("b1"), known.why_not("b1")) == (None, None)


@pytest.mark.parametrize(
    ("again", "placed"),
    [
        (session("A", "a", 1), ["a", None]),
        (session("A", "c", 1, 2), ["c", "c"]),
        (session("C", "c", 1), ["c", "a"]),
        (session("A", "a"), ["a", "a"]),
        (session("A", "a", 3), ["a", "a"]),
        (session("C", "a", 3), ["a", "a"]),
        (session("A", "c", 3), ["a", "a"]),
        (replace(session("A", "a", 3), certified=True), [None, None]),
    ],
    ids=[
        "another bridge only", "renamed", "of another host", "none as yet", "other bridges",
        "another host of that name", "another host of that system-id", "certified",
    ],
)  # fmt: skip
def test_where_a_session_that_comes_next_has_the_bridges(again: SessionIdentity, placed: list[str]) -> None:
    known = of_a_session_that_ended()
    assert known.show_session("again", again) >= {"again"}
    assert [known.host_of_bridge(key) for key in ("b1", "b2")] == placed
    known.end_session("again")
    assert [known.host_of_bridge(key) for key in ("b1", "b2")] == placed


def test_a_session_that_shows_no_bridge_at_first_is_refused_when_it_shows_others() -> None:
    known = of_a_session_that_ended()
    known.show_session("again", session("A", "a"))
    assert known.host_of_session("again") == "a"
    known.show_session("again", session("A", "a", 3))
    assert (known.host_of_session("again"), known.host_of_bridge("b1")) == (None, "a")


def test_hosts_that_swapped_names_while_their_sessions_were_away_are_served() -> None:
    known = Identities()
    for system_id, name, number in (("A", "a", 1), ("B", "b", 2)):
        known.show_session(system_id, session(system_id, name, number))
        known.show_bridge(f"b{number}", bridge(number))
    for system_id in "AB":
        known.end_session(system_id)
    known.show_session("A", session("A", "b", 1))
    assert known.host_of_session("A") is None
    assert known.show_session("B", session("B", "a", 2)) >= {"A", "B", "b1", "b2"}
    assert [known.host_of_session(key) for key in "AB"] == ["b", "a"]
    assert [known.host_of_bridge(key) for key in ("b1", "b2")] == ["b", "a"]


def test_hosts_whose_bridges_say_each_others_names_are_served() -> None:
    known = Identities()
    known.show_bridge("b1", bridge(1, description="b"))
    known.show_bridge("b2", bridge(2, description="a"))
    known.show_session("A", session("A", "a", 1))
    assert known.host_of_session("A") is None
    assert known.show_session("B", session("B", "b", 2)) >= {"A", "B", "b1", "b2"}
    assert [known.host_of_session(key) for key in "AB"] == ["a", "b"]
    assert [known.host_of_bridge(key) for key in ("b1", "b2")] == ["a", "b"]


def test_a_bridge_that_was_not_believed_is_not_when_its_session_has_ended() -> None:
    known = Identities()
    known.show_session("s", session("A", "a", 1))
    known.show_bridge("b1", bridge(1))
    known.show_bridge("stranger", bridge(1, address=THERE))
    known.end_session("s")
    known.end_bridge("b1")
    assert known.host_of_bridge("stranger") is None


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
    assert [known.host_of_bridge(key) for key in ("stranger", "twin")] == [None, "a"]
    known.end_bridge("twin")
    assert known.host_of_bridge("stranger") == "a"


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
        self.last: dict[str, SessionIdentity] = {}  # the session of a bridge that ended

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
        ended, was_believed = self.shown.pop(key), self.told_sessions.pop(key) is not None
        before = {bridge: host for bridge, host in self.told_bridges.items() if host}
        self.heard(self.known.end_session(key))
        for bridge, host in before.items():
            datapath_id = self.connected[bridge].datapath_id
            if was_believed and datapath_id in ended.datapath_ids:
                self.last[bridge] = ended
            taken = {("datapath id", datapath_id), ("host name", host)} | {*ended.names_of_host()}
            if not any(taken & identity.names() for identity in self.believed()):
                assert self.told_bridges[bridge] == host, "a bridge lost its host with its session"

    def believed(self) -> list[SessionIdentity]:
        """Give what the sessions show that are believed."""
        return [identity for key, identity in self.shown.items() if self.known.host_of_session(key)]

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
        self.last.pop(key, None)
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
            assert self.shown[key].names() & set(names) or self.is_kept_out(key)
            assert self.known.why_not(key) is not None

    def is_kept_out(self, key: str) -> bool:
        """Tell whether a bridge without a session has a name of a session that does not show it."""
        identity, rival = self.shown[key], str(self.known.rival(key))
        datapath_id, host = self.connected[rival].datapath_id, self.told_bridges[rival]
        assert host is not None
        assert datapath_id not in identity.datapath_ids
        last = self.last.get(rival)
        assert not any(
            other.host != host and (not last or last.system_id == other.system_id)
            for other in self.shown.values()
            if datapath_id in other.datapath_ids
        )
        assert not any(datapath_id in other.datapath_ids for other in self.believed())
        return identity.host == host or identity.system_id == self.last[rival].system_id

    @invariant()
    def a_session_that_shows_bridges_shows_all_that_its_host_has(self) -> None:
        for identity in self.believed():
            for key, host in self.told_bridges.items():
                if identity.datapath_ids and host == identity.host:
                    assert self.connected[key].datapath_id in identity.datapath_ids

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

    @invariant()
    def by_dp_desc_a_host_has_one_address_and_nobody_waits_for_it_in_vain(self) -> None:
        addresses: dict[str, set[str]] = {}
        shown = {number for identity in self.believed() for number in identity.datapath_ids}
        hosts = {identity.host for identity in self.believed()}
        for key, identity in self.connected.items():
            described = identity.description
            if not described or identity.datapath_id in shown or key in self.last or described in hosts:
                continue
            if self.known.host_of_bridge(key):
                addresses.setdefault(described, set()).add(identity.address)
            else:
                rival = self.known.rival(key)
                assert rival in self.connected
                assert rival != key
                assert self.known.why_not(key) is not None
        assert all(len(found) == 1 for found in addresses.values())


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
