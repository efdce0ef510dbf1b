"""The OpenFlow session: octets in, events and octets out, whatever the other end is."""

import struct
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osken_apps.liveness import ECHO_INTERVAL_S, ECHO_S, STEP_S
from osken_apps.openflow import exchanges, ports
from osken_apps.openflow.codec import HEADER, MIN_PACKET_IN_OCTETS, MessageType, barrier_request, message
from osken_apps.openflow.events import Answered, Ended, Event, Odd, PortsChanged, Refused, Unanswered, Up
from osken_apps.openflow.exchanges import ANSWER_S, WHOLE_ANSWER_S
from osken_apps.openflow.framing import FULL_READ
from osken_apps.openflow.session import Session
from osken_apps.openflow.states import INPUT_OF_TYPE, TABLE, Input, State
from tests.bench.scale.openflow_switch import SimulatedSwitch

DATAPATH_ID = 0xABC
OFPORTS = {"int-br-eth2": 1, "tap1": 7}
MOST = 1000


def switch() -> SimulatedSwitch:
    return SimulatedSwitch("br-int", DATAPATH_ID, OFPORTS)


def hello(version: int = 5, elements: bytes = struct.pack("!HHI", 1, 8, 1 << 5)) -> bytes:
    return HEADER.pack(version, MessageType.HELLO, HEADER.size + len(elements), 1) + elements


def features(datapath_id: int = DATAPATH_ID, auxiliary_id: int = 0) -> bytes:
    return message(
        MessageType.FEATURES_REPLY, 1, struct.pack("!QIBB2xII", datapath_id, 0, 254, auxiliary_id, 0, 0)
    )


def port(number: int, name: str) -> bytes:
    return struct.pack("!IH2x6s2x16sII", number, 40, bytes(6), name.encode(), 0, 0)


def port_status(reason: int, number: int, name: str) -> bytes:
    return message(MessageType.PORT_STATUS, 0, struct.pack("!B7x", reason) + port(number, name))


def packet_in(number: int = 0) -> bytes:
    return message(MessageType.PACKET_IN, 0, number.to_bytes(MIN_PACKET_IN_OCTETS, "big"))


def error(xid: int, error_type: int = 1, code: int = 6) -> bytes:
    return message(MessageType.ERROR, xid, struct.pack("!HH", error_type, code))


def multipart(xid: int, kind: int, body: bytes, more: bool = False) -> bytes:
    return message(MessageType.MULTIPART_REPLY, xid, struct.pack("!HH4x", kind, more) + body)


def split(data: bytes) -> Iterator[bytes]:
    while data:
        length = HEADER.unpack_from(data)[2]
        yield data[:length]
        data = data[length:]


def reason(event: Event) -> str:
    """Give why a session ended."""
    assert isinstance(event, Ended), event
    return event.words % event.details


def all_of(session: Session, data: bytes = b"") -> list[Event]:
    """Feed octets and give all that follows; packet-ins are left out."""
    session.feed(data)
    events: list[Event] = []
    while session.has_more():
        session.take_packet_ins()
        events += session.take_messages(MOST)
    return events + session.take_messages(MOST)


def session_in(state: State) -> Session:
    """Give a session that has come so far, with nothing left to send."""
    session, peer = Session(0.0), switch()
    steps = {State.HELLO: 0, State.FEATURES: 1, State.DESCRIPTION: 2, State.UP: 3, State.ENDED: 0}[state]
    wire = peer.connected()
    for _ in range(steps):
        all_of(session, wire)
        wire = peer.feed(session.to_send(), 0.0)
    if state is State.ENDED:
        all_of(session, error(0))
    assert session.state is state
    session.to_send()
    return session


@pytest.fixture
def up() -> Session:
    return session_in(State.UP)


# -- the handshake


@given(st.data())
def test_the_handshake_tells_who_the_switch_is_however_its_octets_are_cut(data: st.DataObject) -> None:
    session, peer = Session(0.0), switch()
    events: list[Event] = []
    wire = peer.connected()
    for _ in range(4):
        cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=4)))
        for begin, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
            events += all_of(session, wire[begin:end])
        wire = peer.feed(session.to_send(), 0.0)
    assert events == [Up()]
    assert (session.datapath_id, session.description, session.max_meters) == (DATAPATH_ID, None, 262144)
    assert (session.ports.bridge, session.ports.by_name()) == ("br-int", OFPORTS)


def test_ours_speaks_first_and_lists_openflow_1_4_alone() -> None:
    assert Session(0.0).to_send() == bytes.fromhex("0500 0010 00000000 0001 0008 00000020")


# What each input is on the wire, in a state that expects it or not.
WIRE: dict[Input, Callable[[Session], bytes]] = {
    Input.HELLO: lambda session: hello(),
    Input.ERROR: lambda session: error(0),
    Input.ECHO_REQUEST: lambda session: message(MessageType.ECHO_REQUEST, 1, b"there?"),
    Input.ECHO_REPLY: lambda session: message(MessageType.ECHO_REPLY, 1),
    Input.FEATURES_REPLY: lambda session: features(),
    Input.PACKET_IN: lambda session: packet_in(),
    Input.FLOW_REMOVED: lambda session: message(MessageType.FLOW_REMOVED, 0, bytes(48)),
    Input.PORT_STATUS: lambda session: port_status(0, 9, "tap9"),
    Input.MULTIPART_REPLY: lambda session: multipart(session.begin(0.0), 1, b""),
    Input.BARRIER_REPLY: lambda session: message(MessageType.BARRIER_REPLY, 1),
    Input.ROLE_STATUS: lambda session: struct.pack("!BBHI", 5, 30, 24, 0) + bytes(16),
    Input.TABLE_STATUS: lambda session: struct.pack("!BBHI", 5, 31, 24, 0) + bytes(16),
    Input.BUNDLE_CONTROL: lambda session: message(MessageType.BUNDLE_CONTROL, 1, bytes(8)),
    Input.OTHER: lambda session: struct.pack("!BBHI", 5, 99, 8, 0),
}


@pytest.mark.parametrize("state", [state for state in State if state is not State.ENDED])
@pytest.mark.parametrize("what", WIRE)
def test_every_message_moves_every_state_as_the_table_says(state: State, what: Input) -> None:
    session = session_in(state)
    events = all_of(session, WIRE[what](session))
    expected = TABLE[state].get(what)
    if expected is not None:
        assert session.state is expected
        assert not any(isinstance(event, Ended) for event in events)
    elif state is State.UP:
        assert session.state is State.UP
        assert [type(event) for event in events] == [Odd]
    else:
        assert session.state is State.ENDED
        assert [type(event) for event in events] == [Ended]


def test_the_table_knows_every_state_and_every_input() -> None:
    assert set(TABLE) == set(State)
    assert set(WIRE) | {Input.DESCRIBED} == set(Input)
    assert set(INPUT_OF_TYPE) == {what.value for what in Input} - {-1, -2}


def test_a_session_that_has_ended_takes_nothing_more() -> None:
    session = session_in(State.ENDED)
    assert all_of(session, hello() + packet_in()) == []
    assert session.look(1e9) == []
    assert session.to_send() == b""


BITMAP_1_0_AND_1_4 = struct.pack("!HHI", 1, 8, 1 << 1 | 1 << 5)
UNKNOWN_ELEMENT = struct.pack("!HH", 77, 7) + bytes(3 + 1)


@pytest.mark.parametrize(
    "wire",
    [
        hello(5, b""),
        hello(6, b""),
        hello(5),
        hello(6, BITMAP_1_0_AND_1_4),
        hello(4, BITMAP_1_0_AND_1_4),
        hello(6, UNKNOWN_ELEMENT + BITMAP_1_0_AND_1_4),
        hello(6, struct.pack("!HHII", 1, 12, 1 << 5, 1) + bytes(4)),
        hello(6, struct.pack("!HHII", 1, 12, 1 << 5, 1)),
    ],
)
def test_a_hello_that_leads_to_openflow_1_4_is_taken(wire: bytes) -> None:
    session = session_in(State.HELLO)
    assert all_of(session, wire) == []
    assert session.to_send() == bytes.fromhex("0505 0008 00000001")


@pytest.mark.parametrize(
    ("wire", "spoken"),
    [
        (hello(1, b""), "1.0"),
        (hello(4, b""), "1.3"),
        (hello(4, UNKNOWN_ELEMENT), "1.3"),
        (hello(6, struct.pack("!HHI", 1, 8, 1 << 1 | 1 << 4)), "1.0, 1.3"),
        (hello(5, struct.pack("!HHI", 1, 8, 1 << 6)), "1.5"),
        (hello(5, struct.pack("!HHI", 1, 8, 0)), "none"),
        (hello(5, struct.pack("!HHII", 1, 12, 0, 1 << 5)), "0x25"),
        (hello(0, b""), "0x0"),
    ],
)
def test_a_hello_that_leads_elsewhere_is_answered_and_the_reason_names_what_is_spoken(
    wire: bytes, spoken: str
) -> None:
    session = session_in(State.HELLO)
    remedy = "ovs-vsctl add bridge BRIDGE protocols OpenFlow14"
    assert list(map(reason, all_of(session, wire))) == [f"it speaks OpenFlow {spoken} and not 1.4 ({remedy})"]
    answer = session.to_send()
    assert answer[0] == min(wire[0], 5)
    assert (answer[1], answer[8:12]) == (MessageType.ERROR, bytes(4))


@pytest.mark.parametrize(
    "elements",
    [
        b"\0",
        bytes(3),
        struct.pack("!HH", 1, 4),
        struct.pack("!HH", 1, 3),
        struct.pack("!HH", 1, 0),
        struct.pack("!HHI", 1, 9, 0),
        struct.pack("!HHIH", 1, 10, 1 << 5, 0),
        BITMAP_1_0_AND_1_4 + b"\0\1",
        struct.pack("!HH", 77, 0) * 2,
    ],
)
def test_a_hello_whose_lengths_are_wrong_ends_the_session(elements: bytes) -> None:
    events = all_of(session_in(State.HELLO), hello(5, elements))
    assert [type(event) for event in events] == [Ended]


@pytest.mark.parametrize("state", [State.FEATURES, State.DESCRIPTION, State.UP])
def test_a_message_of_another_version_ends_the_session(state: State) -> None:
    events = all_of(session_in(state), struct.pack("!BBHI", 4, 2, 8, 0))
    assert list(map(reason, events)) == ["it sent a message of OpenFlow version 0x4"]


def test_an_auxiliary_connection_is_refused() -> None:
    events = all_of(session_in(State.FEATURES), features(auxiliary_id=1))
    assert list(map(reason, events)) == ["it is an auxiliary connection, of which there is no use here"]


@pytest.mark.parametrize("wire", [features()[:-1], message(MessageType.FEATURES_REPLY, 1)])
def test_features_that_are_cut_end_the_session(wire: bytes) -> None:
    wire = HEADER.pack(5, MessageType.FEATURES_REPLY, len(wire), 1) + wire[8:]
    (ended,) = all_of(session_in(State.FEATURES), wire)
    assert isinstance(ended, Ended)


def described(session: Session, **answers: bytes) -> list[Event]:
    """Answer the three questions, which have the xids 2 to 4, in their order."""
    default = {
        "ports": multipart(2, 13, port(ports.OFPP_LOCAL, "br-int")),
        "description": multipart(3, 0, bytes(256 * 3 + 32 + 256)),
        "meters": multipart(4, 11, struct.pack("!IIIBB2x", 8, 0, 0, 0, 0)),
    }
    return all_of(session, b"".join((default | answers).values()))


def test_a_switch_without_meters_is_served_and_that_is_said() -> None:
    session = session_in(State.DESCRIPTION)
    odd, up = described(session, meters=error(4, 1, 2))
    words = "bad request, bad multipart (type 1, code 2)"
    assert odd == Odd("has no meters (%s): what it sends to the controller passes none", (words,))
    assert (up, session.max_meters) == (Up(), 0)


@pytest.mark.parametrize("name", ["ports", "description"])
def test_a_switch_that_refuses_to_describe_itself_is_not_served(name: str) -> None:
    (ended,) = described(session_in(State.DESCRIPTION), **{name: error({"ports": 2, "description": 3}[name])})
    assert "refuses to tell its ports" in reason(ended)


@pytest.mark.parametrize(
    ("octets", "text"), [(b"host7", "host7"), (b"a\nb\xff\0c", "a\\nb\ufffd"), ("Größe".encode(), "Größe")]
)
def test_the_description_is_the_operator_s_if_there_is_one_and_printable(octets: bytes, text: str) -> None:
    session = session_in(State.DESCRIPTION)
    described(session, description=multipart(3, 0, bytes(800) + octets.ljust(256, b"\0")))
    assert session.description == text


def test_the_names_of_ports_are_printable(up: Session) -> None:
    all_of(up, message(MessageType.PORT_STATUS, 0, bytes(8) + port(9, "tap\x1b[1m\n")))
    assert up.ports.by_name()["tap\\x1b[1m\\n"] == 9


def test_ports_come_in_parts_and_change_meanwhile() -> None:
    session = session_in(State.DESCRIPTION)
    first = multipart(2, 13, port(1, "a") + port(2, "b"), more=True)
    second = multipart(2, 13, port(3, "c") + port(ports.OFPP_LOCAL, "br-int"))
    events = described(session, ports=first + port_status(1, 2, "b") + port_status(0, 4, "d") + second)
    assert events == [Up()]
    assert session.ports.by_name() == {"a": 1, "c": 3, "d": 4}


def test_a_description_of_too_many_ports_ends_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "MAX_PORTS", 1000)
    session = session_in(State.DESCRIPTION)
    part = multipart(2, 13, b"".join(port(number, "x") for number in range(600)), more=True)
    assert described(session, ports=part) == []
    assert list(map(reason, all_of(session, part))) == ["it sent a description of more than 1000 ports"]


@pytest.mark.parametrize(
    ("state", "awaited"),
    [
        (State.HELLO, "its HELLO"),
        (State.FEATURES, "what it is"),
        (State.DESCRIPTION, "its ports, description and meters"),
    ],
)
def test_each_step_of_the_handshake_has_a_deadline_whatever_else_is_sent(state: State, awaited: str) -> None:
    session = session_in(state)
    for second in range(1, int(STEP_S) + 1):
        assert session.look(float(second)) == []
        if state is not State.HELLO:
            all_of(session, message(MessageType.ECHO_REPLY, 1))
    assert session.look(STEP_S + 1.0) == []
    assert list(map(reason, session.look(STEP_S + 2.0))) == [f"it did not say {awaited} in 10 s"]


def test_a_deadline_that_we_come_late_to_look_at_does_not_count() -> None:
    session = Session(0.0)
    assert session.look(1000.0) == []
    all_of(session, hello())
    assert session.look(1001.0) == []
    assert session.state is State.FEATURES


# -- a session that is up


def test_an_echo_request_is_answered_with_its_own_octets(up: Session) -> None:
    all_of(up, message(MessageType.ECHO_REQUEST, 7, b"there?"))
    assert up.to_send() == message(MessageType.ECHO_REPLY, 7, b"there?")


def test_a_switch_that_says_nothing_is_asked_and_is_dead_when_it_does_not_answer(up: Session) -> None:
    up.look(0.0)
    assert up.look(ECHO_INTERVAL_S - 1) == []
    assert up.to_send() == b""
    assert up.look(ECHO_INTERVAL_S) == []
    (asked,) = split(up.to_send())
    assert asked[1] == MessageType.ECHO_REQUEST
    dead_at = ECHO_INTERVAL_S + ECHO_S
    assert up.look(dead_at - 1) == []
    assert up.look(dead_at) == []
    assert list(map(reason, up.look(dead_at + 1))) == [f"it was silent for {dead_at + 1:.0f} s"]


@pytest.mark.parametrize("said", [message(MessageType.ECHO_REPLY, 1), packet_in(), port_status(2, 7, "tap1")])
def test_a_switch_that_says_anything_is_alive(up: Session, said: bytes) -> None:
    for second in range(100):
        assert up.look(float(second)) == []
        if second % 7 == 0:
            all_of(up, said)


def test_half_a_message_is_no_sign_of_life(up: Session) -> None:
    ended: list[Event] = []
    half = iter(message(MessageType.ECHO_REQUEST, 1, bytes(1000)))
    second = 0
    while not ended:
        second += 1
        all_of(up, bytes([next(half)]))
        ended = up.look(float(second))
    assert list(map(reason, ended)) == [f"it was silent for {second - 1} s"]
    assert second < 20


def test_packet_ins_are_given_whole_and_the_rest_stays_in_its_order(up: Session) -> None:
    up.feed(packet_in(1) + packet_in(2) + port_status(0, 9, "tap9") + packet_in(3) + packet_in(4)[:20])
    assert up.take_packet_ins() == [packet_in(1), packet_in(2)]
    assert up.take_packet_ins() == []
    assert up.has_more()
    assert up.take_messages(MOST) == [PortsChanged()]
    assert up.take_messages(MOST) == []
    assert up.has_more()
    assert up.take_packet_ins() == [packet_in(3)]
    assert not up.has_more()
    up.feed(packet_in(4)[20:])
    assert up.take_packet_ins() == [packet_in(4)]


def test_so_many_messages_are_taken_as_are_asked_for(up: Session) -> None:
    up.feed(message(MessageType.ECHO_REQUEST, 1) * 100)
    up.take_messages(32)
    assert len(list(split(up.to_send()))) == 32
    up.take_messages(MOST)
    assert len(list(split(up.to_send()))) == 68


@pytest.mark.parametrize("length", range(8))
@pytest.mark.parametrize("state", [State.HELLO, State.UP])
def test_a_length_that_cannot_be_ends_the_session(state: State, length: int) -> None:
    events = all_of(session_in(state), struct.pack("!BBHI", 5, 2, length, 0))
    assert list(map(reason, events)) == [f"it sent a message of length {length}"]


def test_ports_that_come_and_go_are_known_and_told_once_a_turn(up: Session) -> None:
    changes = [port_status(0, 9, "tap9"), port_status(1, 7, "tap1"), port_status(2, 9, "tap10")]
    assert all_of(up, b"".join(changes)) == [PortsChanged()]
    assert up.ports.by_name() == {"int-br-eth2": 1, "tap10": 9}


def test_a_link_that_goes_up_or_down_changes_no_port(up: Session) -> None:
    """Else whoever can let one flap has all of its host looked at each time."""
    assert all_of(up, port_status(2, 7, "tap1") + port_status(1, 99, "never there")) == []
    assert up.ports.by_name() == {"int-br-eth2": 1, "tap1": 7}


def test_a_port_more_than_may_be_is_complained_of(up: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "MAX_PORTS", 3)
    assert all_of(up, port_status(2, 7, "tap2")) == [PortsChanged()]
    (odd,) = all_of(up, port_status(0, 8, "tap8"))
    assert isinstance(odd, Odd)
    assert up.ports.by_name() == {"int-br-eth2": 1, "tap2": 7}


@pytest.mark.parametrize(
    "wire",
    [
        message(MessageType.PORT_STATUS, 0),
        message(MessageType.PORT_STATUS, 0, bytes(8)),
        message(MessageType.PORT_STATUS, 0, bytes(8) + port(1, "x")[:-1]),
        message(MessageType.PORT_STATUS, 0, bytes(8) + port(1, "x") * 2),
        message(MessageType.PORT_STATUS, 0, bytes(8) + struct.pack("!IH", 1, 0) + bytes(34)),
        message(MessageType.PORT_STATUS, 0, bytes(8) + struct.pack("!IH", 1, 41) + bytes(34)),
        message(MessageType.MULTIPART_REPLY, 0, bytes(3)),
        message(MessageType.ERROR, 0, bytes(3)),
    ],
)
def test_a_message_that_cannot_be_read_costs_itself(up: Session, wire: bytes) -> None:
    odd, changed = all_of(up, wire + port_status(0, 9, "tap9"))
    assert isinstance(odd, Odd)
    assert odd.words == "sent what cannot be read: %s"
    assert changed == PortsChanged()


# -- questions and their answers


def test_a_barrier_answers_a_question(up: Session) -> None:
    xid = up.begin(0.0)
    reply = message(MessageType.BARRIER_REPLY, xid)
    assert all_of(up, reply) == [Answered(xid, [reply])]
    assert all_of(up, reply) == []


def test_the_parts_of_an_answer_come_together_whatever_comes_between(up: Session) -> None:
    xid, other = up.begin(0.0), up.begin(0.0)
    parts = [multipart(xid, 1, bytes([number]), more=number < 3) for number in range(4)]
    answer = message(MessageType.BARRIER_REPLY, other)
    wire = parts[0] + packet_in() + parts[1] + answer + parts[2] + parts[3]
    assert all_of(up, wire) == [Answered(other, [answer]), Answered(xid, parts)]


def test_a_refusal_is_told_once_in_words(up: Session) -> None:
    xid = up.begin(0.0)
    refused = Refused(xid, "bad request, bad len (type 1, code 6)")
    assert all_of(up, error(xid) * 3 + message(MessageType.BARRIER_REPLY, xid)) == [refused]


def test_errors_are_counted_by_type(up: Session) -> None:
    all_of(up, error(0) + error(0, 5, 1) + error(up.begin(0.0), 5, 2) + error(0, 999, 1))
    assert up.errors == {"bad_request": 1, "flow_mod_failed": 2, "unknown": 1}


def test_an_error_that_answers_nothing_is_complained_of(up: Session) -> None:
    assert all_of(up, error(0)) == [Odd("sent an error: %s", ("bad request, bad len (type 1, code 6)",))]


def test_an_answer_that_comes_too_late_is_none_and_one_to_no_question_is_complained_of(up: Session) -> None:
    xid = up.begin(0.0)
    up.forget(xid)
    assert all_of(up, multipart(xid, 1, b"")) == []
    assert all_of(up, multipart(12345, 1, b"")) == [Odd("answered what nobody asked", ())]


def looked(session: Session, first: int, last: int, meanwhile: bytes = b"") -> list[tuple[int, Event]]:
    """Look each second, feeding something between; give what followed, with its second."""
    found = []
    for second in range(first, last + 1):
        found += [(second, event) for event in session.look(float(second))]
        all_of(session, meanwhile)
    return found


def test_a_question_has_ten_seconds_from_its_sending(up: Session) -> None:
    xid = up.begin(0.0)
    up.sent(xid, 5.0)
    alive = message(MessageType.ECHO_REPLY, 1)
    assert looked(up, 1, 100, alive) == [(5 + int(ANSWER_S) + 1, Unanswered(xid))]


def test_a_question_that_takes_long_to_be_sent_is_not_late_before(up: Session) -> None:
    xid = up.begin(0.0)
    alive = message(MessageType.ECHO_REPLY, 1)
    assert looked(up, 1, 100, alive) == []
    up.sent(xid, 100.0)
    assert looked(up, 101, 200, alive) == [(100 + int(ANSWER_S) + 1, Unanswered(xid))]


def test_each_part_of_an_answer_gives_ten_seconds_more_up_to_a_minute(up: Session) -> None:
    xid = up.begin(0.0)
    up.sent(xid, 0.0)
    found = looked(up, 1, 100, multipart(xid, 1, b"", more=True))
    assert found == [(int(WHOLE_ANSWER_S) + 1, Unanswered(xid))]


@pytest.mark.parametrize("octets", [FULL_READ, 3 << 14])
def test_an_answer_that_may_lie_unread_is_waited_for_a_minute(up: Session, octets: int) -> None:
    """Of TLS, a read gives what is in the records that have come whole, of 16 KiB at most."""
    xid = up.begin(0.0)
    up.sent(xid, 0.0)
    block = packet_in() * (octets // len(packet_in()) + 1)
    assert looked(up, 1, 100, block) == [(int(WHOLE_ANSWER_S) + 1, Unanswered(xid))]


@pytest.mark.parametrize("octets", [0, 60_000])
def test_an_answer_that_is_too_long_ends_the_session(
    up: Session, octets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanges, "MAX_OCTETS", 1 << 20)
    part = multipart(up.begin(0.0), 1, bytes(octets), more=True)
    events: list[Event] = []
    taken = 0
    while not events:
        events = all_of(up, part)
        taken += len(part)
        assert taken <= 1 << 21
    assert list(map(reason, events)) == ["it sent an answer of more than 1 MiB"]


# -- anything


HANDSHAKE = [hello(), features(), multipart(2, 13, port(1, "a")), multipart(3, 0, bytes(1056)), error(4)]
AFTER = [
    packet_in(5),
    message(MessageType.ECHO_REQUEST, 9, b"x"),
    port_status(0, 9, "t"),
    error(0),
    barrier_request(0),
]


def test_a_session_may_be_cut_at_every_octet() -> None:
    wire = b"".join(HANDSHAKE + AFTER)

    def run(cuts: tuple[int, ...]) -> tuple[list[Event], bytes]:
        session = Session(0.0)
        events = [
            event
            for begin, end in zip((0, *cuts), (*cuts, len(wire)), strict=True)
            for event in all_of(session, wire[begin:end])
        ]
        return sorted(events, key=str), session.to_send()

    expected = run(())
    assert Up() in expected[0]
    for cut in range(1, len(wire)):
        assert run((cut,)) == expected
    assert run(tuple(range(1, len(wire)))) == expected


message_bodies = st.binary(max_size=200)
any_message = st.builds(
    lambda kind, xid, body: struct.pack("!BBHI", 5, kind, 8 + len(body), xid) + body,
    st.integers(0, 40), st.integers(0, 6), message_bodies,
)  # fmt: skip


@given(st.sampled_from(sorted(set(State), key=str)), st.lists(any_message | st.binary(max_size=64)))
def test_no_octets_raise_anything(state: State, sent: list[bytes]) -> None:
    session = session_in(state)
    session.begin(0.0)
    for second, data in enumerate(sent):
        all_of(session, data)
        session.to_send()
        session.look(float(second))


def test_a_packet_in_of_another_version_ends_the_session_and_is_not_waited_for(up: Session) -> None:
    up.feed(bytes([4]) + packet_in()[1:])
    assert up.take_packet_ins() == []
    (ended,) = up.take_messages(MOST)
    assert reason(ended) == "it sent a message of OpenFlow version 0x4"
    assert not up.has_more()
