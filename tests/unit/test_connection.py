"""A connection on a socket pair, with a simulated switch at the other end, or with somebody who is none."""

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import eventlet
import pytest

from osken_apps.apps import connection as connection_module
from osken_apps.apps import runtime, sender
from osken_apps.apps.complaints import Complaints
from osken_apps.apps.connection import Connection, SwitchError, SwitchGone, SwitchRefused
from osken_apps.apps.transport import plain
from osken_apps.failures import Failures
from osken_apps.liveness import ECHO_INTERVAL_S, ECHO_S
from osken_apps.openflow import codec, exchanges
from osken_apps.openflow.codec import MessageType, barrier_request, message
from osken_apps.openflow.events import FlowsChanged
from osken_apps.openflow.exchanges import ANSWER_S
from tests.bench.scale.openflow_switch import SimulatedSwitch
from tests.unit.hub_thread import in_a_hub
from tests.unit.pairs import small_pair
from tests.unit.test_session import error, hello, multipart, packet_in, port_status, split

ADDRESS = ("192.0.2.1", 1234)


@pytest.fixture(autouse=True)
def complaints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was complained of before."""
    monkeypatch.setattr(connection_module, "complain", Complaints().complain)


class Told:
    """An observer that notes what it is told."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def connected(self, connection: Connection) -> None:
        self.events.append(f"connected {connection.bridge}")

    def ports_changed(self, connection: Connection) -> None:
        self.events.append(f"ports {sorted(connection.ofports())}")

    def flows_changed(self, connection: Connection, what: FlowsChanged) -> None:
        self.events.append(f"flows {[change.event.name for change in what.changes]}")

    def disconnected(self, connection: Connection) -> None:
        self.events.append("disconnected")


class Wire:
    """A connection that is served, and the other end of it."""

    def __init__(self) -> None:
        self.ours, self.socket = small_pair()
        self.failures = Failures()
        self.connection = Connection(plain(self.ours), ADDRESS, self.failures)
        self.told = Told()
        self.known = False
        self.task = eventlet.spawn(self._serve)
        self.switch = SimulatedSwitch("br-int", 0xABC, {"tap1": 7})

    def _serve(self) -> None:
        self.connection.serve(self.told, self._know)
        self.ours.close()  # as its server does, at once

    def _know(self) -> None:
        self.known = True

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def shake_hands(self) -> None:
        self.send(self.switch.connected())
        server = self.serve()
        while not self.told.events:
            eventlet.sleep(0)
        server.kill()

    def serve(self) -> Any:
        """Answer what is asked, in a task of its own."""
        return eventlet.spawn(serve, self.socket, self.switch)

    def question(self) -> int:
        """Read a message of the controller's; give its xid."""
        return int.from_bytes(next(split(self.socket.recv(1 << 16)))[4:8], "big")


def serve(sock: Any, switch: SimulatedSwitch) -> None:
    while data := sock.recv(1 << 16):
        sock.sendall(switch.feed(data, 0.0))


@contextmanager
def wire() -> Iterator[Wire]:
    made = Wire()
    try:
        yield made
    finally:
        made.connection.close()
        made.task.wait()
        made.socket.close()
        made.ours.close()


def with_wire(work: Callable[[Wire], object], shaken: bool = True) -> None:
    def run(_hub: object) -> None:
        with wire() as made:
            if shaken:
                made.shake_hands()
            work(made)

    in_a_hub(run)


def spawned(work: Callable[[], object]) -> Any:
    """Run a task that gives what it gives or raises."""

    def run() -> object:
        try:
            return work()
        except SwitchError as error:
            return error

    return eventlet.spawn(run)


def test_a_switch_that_shook_hands_is_known_by_all_that_it_said() -> None:
    def work(made: Wire) -> None:
        connection = made.connection
        assert made.known
        assert (connection.id, connection.bridge, connection.ofports()) == (0xABC, "br-int", {"tap1": 7})
        assert (connection.description, connection.max_meters) == (None, 262144)
        assert str(connection) == "br-int (datapath 0000000000000abc) at 192.0.2.1:1234"

    with_wire(work)


def test_the_observer_is_told_of_ports_and_of_the_end() -> None:
    def work(made: Wire) -> None:
        made.send(made.switch.plug("tap2", 8))
        while len(made.told.events) < 2:
            eventlet.sleep(0)
        made.socket.close()
        made.task.wait()
        assert made.told.events == ["connected br-int", "ports ['tap1', 'tap2']", "disconnected"]
        assert made.connection.closed

    with_wire(work)


def test_the_observer_is_told_of_flows_that_others_change_once_that_was_asked_for() -> None:
    def work(made: Wire) -> None:
        key = (0, 7, bytes.fromhex("0001000400000000"))
        made.send(made.switch.put(key, (5, b"")))
        made.serve()
        made.connection.monitor_flows()
        made.connection.request(barrier_request)
        made.send(made.switch.take_away(key))
        made.connection.request(barrier_request)
        assert made.told.events == ["connected br-int", "flows ['REMOVED']"]

    with_wire(work)


def test_a_switch_that_tells_already_is_not_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    """As where its bridge becomes another host's."""

    def work(made: Wire) -> None:
        made.serve()
        for _ in range(2):
            made.connection.monitor_flows()
            made.connection.request(barrier_request)
        assert made.connection.errors == {}

    with caplog.at_level("INFO"):
        with_wire(work)
    assert caplog.messages == []


def test_a_switch_without_a_flow_monitor_is_used_without(caplog: pytest.LogCaptureFixture) -> None:
    def work(made: Wire) -> None:
        made.switch.has_flow_monitor = False
        made.serve()
        made.connection.monitor_flows()
        made.connection.request(barrier_request)
        assert made.told.events == ["connected br-int"]

    with caplog.at_level("INFO"):
        with_wire(work)
    assert [record.levelname for record in caplog.records if "bad multipart" in record.message] == ["INFO"]


def test_an_open_vswitch_without_a_flow_monitor_is_not_asked_and_that_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def work(made: Wire) -> None:
        made.switch.version = "2.17.12"
        made.shake_hands()
        made.serve()
        made.connection.monitor_flows()
        made.connection.request(barrier_request)
        assert not made.switch.is_monitored

    with caplog.at_level("INFO"):
        with_wire(work, shaken=False)
    (said,) = [record for record in caplog.records if "does not tell" in record.message]
    assert (said.levelname, "since 3.0" in said.message) == ("INFO", True)


def test_the_observer_is_not_told_of_the_end_of_what_never_shook_hands() -> None:
    def work(made: Wire) -> None:
        made.send(hello())
        made.socket.close()
        made.task.wait()
        assert (made.told.events, made.known) == ([], False)

    with_wire(work, shaken=False)


def test_an_observer_that_fails_costs_what_it_was_told_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    def work(made: Wire) -> None:
        made.told.ports_changed = None  # type: ignore[assignment,method-assign]
        for number in range(3):
            made.send(made.switch.plug(f"tap{number}", number + 2))
            while made.failures.counts.total() <= number:
                eventlet.sleep(0)
        made.serve()
        assert made.connection.request(barrier_request)
        assert set(made.failures.counts.values()) == {3}

    with_wire(work)
    assert caplog.text.count("TypeError") == 1


# -- questions


def test_a_request_gives_the_parts_of_its_answer() -> None:
    def work(made: Wire) -> None:
        made.serve()
        (reply,) = made.connection.request(codec.desc_request)
        assert codec.decode_desc(reply) == ("Open vSwitch", "3.1.0", "None")
        assert [reply[1] for reply in made.connection.request(barrier_request)] == [MessageType.BARRIER_REPLY]

    with_wire(work)


def test_a_request_that_is_refused_says_so_in_words_with_the_bridge() -> None:
    def work(made: Wire) -> None:
        task = spawned(lambda: made.connection.request(barrier_request))
        made.send(error(made.question(), 5, 1))
        refusal = task.wait()
        assert isinstance(refusal, SwitchRefused)
        words = "flow mod failed, table full (type 5, code 1)"
        assert (
            str(refusal) == f"br-int (datapath 0000000000000abc) at 192.0.2.1:1234 refused a request: {words}"
        )

    with_wire(work)


def test_a_request_that_nobody_answers_ends_in_time_and_the_next_one_is_answered() -> None:
    def work(made: Wire) -> None:
        task = spawned(lambda: made.connection.request(barrier_request))
        made.question()
        for second in range(1, int(ANSWER_S) + 3):
            made.connection.look(runtime.clock() + second)
            made.send(message(MessageType.ECHO_REPLY, 1))
            eventlet.sleep(0.001)
        late = task.wait()
        assert isinstance(late, SwitchError)
        assert not isinstance(late, SwitchGone)
        made.serve()
        assert made.connection.request(barrier_request)

    with_wire(work)


def test_a_probe_is_answered_or_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(made: Wire) -> None:
        with monkeypatch.context() as short:
            short.setattr(connection_module, "PROBE_S", 0.05)
            with pytest.raises(SwitchError, match="gives no sign of life"):
                made.connection.probe()
        made.serve()
        made.connection.probe()

    with_wire(work)


def test_an_answer_to_a_probe_that_is_read_too_late_by_us_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "PROBE_S", 0.0)  # over before anything is read

    def work(made: Wire) -> None:
        probe = eventlet.spawn(made.connection.probe)
        eventlet.spawn(lambda: made.send(message(MessageType.BARRIER_REPLY, made.question())))
        probe.wait()

    with_wire(work)


@pytest.mark.parametrize("end", ["theirs", "ours"])
def test_whoever_waits_for_an_answer_is_told_when_the_connection_ends(end: str) -> None:
    def work(made: Wire) -> None:
        task = spawned(lambda: made.connection.request(barrier_request))
        made.question()
        (made.socket if end == "theirs" else made.connection).close()
        assert isinstance(task.wait(), SwitchGone)
        with pytest.raises(SwitchGone):
            made.connection.request(barrier_request)
        assert not made.connection.send(b"too late")

    with_wire(work)


def test_a_task_that_waits_to_send_has_left_when_the_connection_has_ended() -> None:
    def work(made: Wire) -> None:
        task = spawned(lambda: made.connection.send(b"x" * (1 << 24)))
        eventlet.sleep(0.01)
        hub, fileno = eventlet.hubs.get_hub(), made.ours.fileno()
        made.connection.close()
        made.task.wait()
        assert all(fileno not in hub.listeners[kind] for kind in (hub.READ, hub.WRITE))
        assert task.wait() is False

    with_wire(work)


def test_a_request_that_cannot_be_built_leaves_nothing() -> None:
    def work(made: Wire) -> None:
        with pytest.raises(ZeroDivisionError):
            made.connection.request(lambda xid: bytes(xid // 0))
        assert not made.connection._questions

    with_wire(work)


# -- a switch that does not take what is sent to it


class Answering:
    """Answers each packet-in with one octet."""

    def __init__(self) -> None:
        self.taken = 0

    def answer(self, _message: bytes) -> bytes:
        self.taken += 1
        return b"a"

    def after_answers(self) -> None:
        pass


def received(sock: Any, octets: int) -> bytes:
    got = b""
    while len(got) < octets:
        got += sock.recv(1 << 16)
    return got


def test_what_a_switch_says_is_taken_while_something_large_is_sent_to_it() -> None:
    def work(made: Wire) -> None:
        large, handler = b"x" * (1 << 22), Answering()
        made.connection.answer_packet_ins(handler)
        task = spawned(lambda: made.connection.send(large))
        while not made.connection._sender.is_sending:
            eventlet.sleep(0)
        made.send(message(MessageType.ECHO_REQUEST, 9))
        made.send(packet_in(1) + made.switch.plug("tap2", 8) + packet_in(1))
        with eventlet.Timeout(30):
            while handler.taken < 2 or len(made.told.events) < 2:
                eventlet.sleep(0.001)
        assert not task.dead
        expected = large + message(MessageType.ECHO_REPLY, 9) + b"aa"
        assert received(made.socket, len(expected)) == expected
        assert task.wait() is True

    with_wire(work)


def test_what_waits_for_a_switch_that_takes_nothing_is_bounded_and_comes_when_it_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sender, "MOST_WAITING", 1 << 12)
    monkeypatch.setattr(connection_module, "MESSAGES_PER_TURN", 8)

    def work(made: Wire) -> None:
        flood = message(MessageType.ECHO_REQUEST, 1, bytes(1000)) * 1000
        flooding, waiting = eventlet.spawn(made.send, flood), made.connection._sender.unsent
        while len(waiting) <= 1 << 12:
            eventlet.sleep(0)
        for _ in range(100):
            eventlet.sleep(0)
        assert len(waiting) < (1 << 12) + 8 * 1008
        assert received(made.socket, len(flood)).count(b"\5\3") == 1000
        flooding.wait()

    with_wire(work)


# -- peers that are no switches, or none that does as it should


def test_a_peer_that_says_nothing_is_closed_with_one_line(caplog: pytest.LogCaptureFixture) -> None:
    def work(made: Wire) -> None:
        for second in range(12):
            made.connection.look(runtime.clock() + second)
        made.task.wait()

    with_wire(work, shaken=False)
    assert caplog.messages == ["a switch at 192.0.2.1:1234: it did not say its HELLO in 10 s; disconnecting"]


def test_a_peer_that_speaks_another_version_is_answered_and_closed(caplog: pytest.LogCaptureFixture) -> None:
    def work(made: Wire) -> None:
        made.send(hello(1, b""))
        data = b""
        while more := made.socket.recv(1 << 16):
            data += more
        assert [part[1] for part in split(data)] == [MessageType.HELLO, MessageType.ERROR]

    with_wire(work, shaken=False)
    assert len(caplog.messages) == 1
    assert "it speaks OpenFlow 1.0 and not 1.4" in caplog.text


def test_one_reason_does_not_hide_another(caplog: pytest.LogCaptureFixture) -> None:
    def work(_hub: object) -> None:
        for said in (hello(1, b""), message(MessageType.ECHO_REPLY, 1), hello(4, b"")):
            with wire() as made:
                made.send(said)
                made.task.wait()

    in_a_hub(work)
    assert [text.partition("1234: ")[2][:12] for text in caplog.messages] == ["it speaks Op", "it sent a me"]


def test_a_switch_that_answers_no_echo_is_closed() -> None:
    def work(made: Wire) -> None:
        begun = runtime.clock()
        for second in range(int(ECHO_INTERVAL_S + ECHO_S) + 3):
            made.connection.look(begun + second)
        made.task.wait()
        assert made.told.events == ["connected br-int", "disconnected"]

    with_wire(work)


def test_thousands_of_errors_and_unknown_messages_are_a_line_each(caplog: pytest.LogCaptureFixture) -> None:
    odd = [error(0), message(MessageType.FLOW_MOD, 0), multipart(9999, 1, b""), port_status(0, 1, "x")[:-8]]
    odd[3] = odd[3][:2] + len(odd[3]).to_bytes(2, "big") + odd[3][4:]

    def work(made: Wire) -> None:
        made.send(b"".join(odd) * 1000)
        made.serve()
        assert made.connection.request(barrier_request)

    with_wire(work)
    assert [text.partition(": ")[0].partition("1234 ")[2] for text in caplog.messages] == [
        "sent an error",
        "sent a message of type 14, which is not expected",
        "answered what nobody asked",
        "sent what cannot be read",
    ]


def test_a_flood_of_echo_requests_leaves_others_their_turns() -> None:
    flood = message(MessageType.ECHO_REQUEST, 1) * 8000

    def work(made: Wire) -> None:
        answered = turns = 0
        eventlet.spawn(made.send, flood)

        def read() -> None:
            nonlocal answered
            while answered < len(flood):
                answered += len(made.socket.recv(1 << 16))

        reader = eventlet.spawn(read)
        while not reader.dead:
            turns += 1
            eventlet.sleep(0)
        assert turns > 8000 / connection_module.MESSAGES_PER_TURN

    with_wire(work)


def test_an_answer_that_never_ends_ends_the_connection_and_is_forgotten(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanges, "MAX_OCTETS", 1 << 22)

    def work(made: Wire) -> None:
        task = spawned(lambda: made.connection.request(barrier_request))
        part = multipart(made.question(), 1, bytes(60_000), more=True)
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            for _ in range(1000):
                made.send(part)
        assert isinstance(task.wait(), SwitchGone)
        made.task.wait()
        assert made.connection._session._exchanges._waiting == {}

    with_wire(work)
    assert [text.partition(": ")[2] for text in caplog.messages] == [
        "it sent an answer of more than 4 MiB; disconnecting"
    ]


# -- the end


def ask(connection: Connection) -> None:
    with suppress(SwitchGone):
        connection.request(barrier_request)


def an_end() -> list[weakref.ref[Any]]:
    """Give references to what a connection was made of, once it has ended."""

    class Handler:
        def answer(self, _message: bytes) -> bytes | None:
            return b""

        def after_answers(self) -> None:
            pass

    with wire() as made:
        made.shake_hands()
        handler = Handler()
        made.connection.answer_packet_ins(handler)
        made.send(packet_in())
        task = eventlet.spawn(ask, made.connection)
        made.question()
        made.connection.close()
        task.wait()
        made.task.wait()
        made.connection.answer_packet_ins(handler)
        connection = made.connection
        return [weakref.ref(it) for it in (connection, connection._session, connection._reader, handler)]


def test_a_connection_that_ended_leaves_nothing_even_if_the_collector_never_sees_it() -> None:
    def work(_hub: object) -> None:
        gc.disable()
        try:
            references = an_end()
            eventlet.sleep(0)
            assert [reference() for reference in references] == [None] * 4
        finally:
            gc.enable()

    in_a_hub(work)
