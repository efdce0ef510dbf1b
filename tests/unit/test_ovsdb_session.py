"""OVSDB sessions against a simulated server on a socket pair, and against peers that are none."""

import gc
import json
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import eventlet
import pytest
from eventlet.green import socket

from osken_apps import liveness
from osken_apps.apps import looking, runtime, sender
from osken_apps.apps.complaints import Complaints
from osken_apps.apps.edge import PlainEdge
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.ovsdb import app as ovsdb_app
from osken_apps.apps.ovsdb import session as ovsdb_session
from osken_apps.apps.ovsdb.app import OvsdbApp
from osken_apps.apps.ovsdb.session import OvsdbError, OvsdbSession
from osken_apps.apps.peers import Peers
from osken_apps.apps.transport import plain
from osken_apps.liveness import ECHO_INTERVAL_S, ECHO_S, STEP_S
from osken_apps.model.fabric import Fabric
from osken_apps.model.tunnel_bridge import BridgeChange
from osken_apps.ovsdb import json_texts
from osken_apps.ovsdb import replica as ovsdb_replica
from osken_apps.ovsdb.host_view import MAX_NAME
from osken_apps.ovsdb.messages import READ_SIZE
from osken_apps.ovsdb.session import FULL_READ, MESSAGE_S, Session
from tests.bench.scale.ovsdb_server import SimulatedDatabase
from tests.golden.scenarios import LAYOUT
from tests.unit.hub_thread import in_a_hub

ADDRESS = ("192.0.2.1", 1234)


class Peer:
    """The other end of a session, and what the session showed and raised."""

    def __init__(self) -> None:
        ours, self.socket = socket.socketpair()
        self.session = OvsdbSession(plain(ours), ADDRESS, ("br-int", "br-eth2"))
        self.views: list[Any] = []
        self.error: str | None = None
        self.task = eventlet.spawn(self._run, ours)
        self.server: Any = None

    def _run(self, ours: Any) -> None:
        try:
            self.session.run(lambda: self.views.append(self.session.view()))
        except OvsdbError as error:
            self.error = str(error)
        finally:
            ours.close()

    def serve(self, database: SimulatedDatabase) -> None:
        """Answer as the server of a host does, until the session ends."""
        self.server = eventlet.spawn(serve, self.socket, database)

    def ended(self) -> str | None:
        """Wait for the end of the session; give what it raised."""
        self.task.wait()
        return self.error


def serve(sock: Any, database: SimulatedDatabase) -> None:
    while data := sock.recv(1 << 16):
        sock.sendall(database.feed(data, 0.0))


@contextmanager
def peer() -> Iterator[Peer]:
    made = Peer()
    try:
        yield made
    finally:
        if made.server:
            made.server.kill()
        made.socket.close()
        made.task.wait()


NUMBERS = {"br-int": 0xABC, "br-eth2": 0xDEF, "br-mgmt": 1}


def host(ports: int) -> SimulatedDatabase:
    plugged = [(f"tap{number}", f"iface{number}") for number in range(ports)]
    return SimulatedDatabase("host1", {"br-int": (0xABC, plugged)})


def with_peer(work: Callable[[Peer], object]) -> None:
    def run(_hub: object) -> None:
        with peer() as made:
            work(made)

    in_a_hub(run)


def wait_for(met: Callable[[], object]) -> None:
    while not met():
        eventlet.sleep(0.001)


def test_bridges_that_are_not_ours_say_nothing_of_which_host_it_is() -> None:
    """Any number of hosts may have given one of them the same datapath id."""

    def work(made: Peer) -> None:
        bridges = {name: (number, list[tuple[str, str]]()) for name, number in NUMBERS.items()}
        made.serve(SimulatedDatabase("host1", bridges))
        wait_for(lambda: made.views and made.views[-1])
        view = made.views[-1]
        assert (view.datapath_ids, len(view.facts.bridges)) == ((0xABC, 0xDEF), 3)

    with_peer(work)


def test_a_session_shows_its_host_and_writes_tags() -> None:
    def work(made: Peer) -> None:
        database = host(3)
        for row in database.tables["Port"].values():
            row["vlan_mode"] = "native-tagged"
        made.serve(database)
        wait_for(lambda: made.views and made.views[-1])
        view = made.session.view()
        assert view is not None
        assert (view.hostname, view.datapath_ids) == ("host1", (0xABC,))
        assert [item.iface_id for item in view.interfaces] == ["", "iface0", "iface1", "iface2"]
        made.session.set_tags({"tap1": 7, "tap2": 4095}, "the-store")
        assert database.tags() == {"tap1": 7, "tap2": 4095}
        assert made.views[-1] == view.written("br-int", {"tap1": 7, "tap2": 4095}, "the-store")
        marks = {port.name: port.mark for port in made.views[-1].tagged_ports}
        assert marks == {"br-int": "", "tap0": "", "tap1": "the-store", "tap2": "dead"}
        made.session.set_tags({"tap2": None}, "the-store")
        assert database.tags() == {"tap1": 7}

    with_peer(work)


def test_a_row_of_several_interfaces_is_shown_and_tagged_as_one() -> None:
    def work(made: Peer) -> None:
        database = host(3)
        rows = {row["name"]: (row_id, row) for row_id, row in database.tables["Interface"].items()}
        rows["tap1"][1]["external_ids"] = ["map", [["osken-net-trunk", "true"]]]
        for port in database.tables["Port"].values():
            if port["name"] == "tap2":
                port |= {
                    "name": "bond0",
                    "interfaces": ["set", [["uuid", rows[name][0]] for name in ("tap1", "tap2")]],
                }
        bridge = next(iter(database.tables["Bridge"].values()))
        gone = next(row_id for row_id, row in database.tables["Port"].items() if row["name"] == "tap1")
        bridge["ports"] = ["set", [item for item in bridge["ports"][1] if item[1] != gone]]
        made.serve(database)
        wait_for(lambda: made.views and made.views[-1])
        view = made.session.view()
        assert view is not None
        (bond,) = (row for row in view.tagged_ports if row.name == "bond0")
        assert bond.interface_names == ("tap1", "tap2")
        shown = [(item.name, item.shares_row, item.trunk) for item in view.interfaces]
        assert shown[1:] == [("tap0", False, False), ("tap1", True, True), ("tap2", True, True)]
        made.session.set_tags({"bond0": 7}, "the-store")
        assert made.views[-1] == view.written("br-int", {"bond0": 7}, "the-store")
        assert [item.tag for item in made.views[-1].interfaces] == [None, None, 7, 7]

    with_peer(work)


def test_a_large_host_is_shown_whole_and_others_have_their_turn_meanwhile() -> None:
    def work(made: Peer) -> None:
        turns = 0

        def others() -> None:
            nonlocal turns
            while not made.views:
                turns += 1
                assert (made.session.view(), made.error) == (None, None)
                eventlet.sleep(0)

        made.serve(host(1000))
        others()
        assert {len(view.interfaces) for view in made.views if view} == {1001}
        steps = 1000 * 2 / ovsdb_replica.ROWS_A_STEP
        assert turns > steps / ovsdb_session.STEPS_PER_TURN

    with_peer(work)


def look_until_late(made: Peer, began: float, seconds: float) -> None:
    """Look at the time, as if so many seconds had gone by: a deadline counts from the second look on."""
    made.session.look(began)
    for _ in range(2):
        made.session.look(began + seconds)


def test_a_peer_that_shows_no_host_in_time_is_cut_off() -> None:
    def work(made: Peer) -> None:
        look_until_late(made, runtime.clock(), STEP_S)
        assert made.ended() == "it did not say which host it is in 10 s"

    with_peer(work)


def test_a_message_that_does_not_end_in_time_ends_the_session() -> None:
    def work(made: Peer) -> None:
        database = host(1)
        made.serve(database)
        wait_for(lambda: made.views and made.views[-1])
        made.socket.sendall(b'{"id":')
        wait_for(lambda: made.session._session._messages.unfinished)
        now = runtime.clock()
        made.session.look(now)
        for seconds in range(1, int(MESSAGE_S) + 3):
            assert made.error is None
            made.socket.sendall(b" ")
            heard(made)
            made.session.look(now + seconds)
        assert made.ended() == "a message of it had no end for 20 s"

    with_peer(work)


def test_a_message_has_its_time_whatever_came_before_it() -> None:
    texts = [json.dumps({"method": "echo", "params": ["x" * 100], "id": id}).encode() for id in "ab"]
    session = Session(0.0)
    session.feed(b'{"id":0,"result":{},"error":null}' + texts[0][:20])
    for second in range(int(MESSAGE_S) - 5):
        while session.has_more:
            session.step()
        assert session.look(float(second), None) is None
        session.feed(b"")
    session.feed(texts[0][20:] + texts[1][:20])  # one ends and the next begins, with no look between
    for second in range(int(MESSAGE_S) - 5, 2 * int(MESSAGE_S) - 10):
        while session.has_more:
            session.step()
        assert session.look(float(second), None) is None
        session.feed(b"")


def test_a_long_message_has_time_as_long_as_more_of_it_lies_there_than_is_read() -> None:
    session, second = Session(0.0), 0
    session.feed(b'{"id":0,"result":{},"error":null}')
    while session.has_more:
        session.step()
    session.feed(b'{"method":"echo","params":["')
    for second in range(3 * int(MESSAGE_S)):
        session.feed(b"x" * FULL_READ)
        assert session.look(float(second), None) is None
    for later in range(1, int(MESSAGE_S) + 2):
        session.feed(b"x")
        assert session.look(float(second + later), None) is None
    assert session.look(second + MESSAGE_S + 2, None) == "a message of it had no end for 20 s"


def heard(made: Peer) -> None:
    """Wait until the session has read what came."""
    wait_for(lambda: made.session._session._liveness.heard)


def test_a_set_where_a_name_should_be_ends_the_session_with_the_reason() -> None:
    def work(made: Peer) -> None:
        database = host(1)
        real = database.feed

        def feed(data: bytes, now: float) -> bytes:
            return real(data, now).replace(b'"tap0"', b'["set", ["tap0", "tap1"]]')

        database.feed = feed  # type: ignore[method-assign]
        made.serve(database)
        ended = made.ended() or ""
        assert ended.startswith("a row of Port is not as Open vSwitch's are: its name is ["), ended

    with_peer(work)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "something else"),
        (b'{"id":1}{"method":7,"params":[],"id":null}', "a message is none of JSON-RPC"),
        (b'{"id":1,}', "a message is no JSON"),
        (b'{"\xff":1}', "a message is no JSON"),
        (b'{"a":' * 100, "a message is deeper"),
    ],
)
def test_what_is_no_ovsdb_ends_the_session_with_the_reason(sent: bytes, reason: str) -> None:
    def work(made: Peer) -> None:
        made.socket.sendall(sent)
        assert reason in str(made.ended())

    with_peer(work)


def test_a_message_that_is_too_long_ends_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_texts, "MAX_OCTETS", 1 << 17)

    def work(made: Peer) -> None:
        eventlet.spawn(made.socket.sendall, b'{"id":"' + b"x" * (1 << 18))
        assert "longer than 131072 octets" in str(made.ended())

    with_peer(work)


def test_a_database_that_is_too_large_ends_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ovsdb_replica, "MAX_OCTETS", 1 << 20)

    def work(made: Peer) -> None:
        plugged = [(f"tap{number}", "i" * 10_000) for number in range(110)]
        made.serve(SimulatedDatabase("host1", {"br-int": (0xABC, plugged)}))
        assert made.ended() == "its database is larger than 1 MiB"

    with_peer(work)


@pytest.mark.parametrize(
    ("backlog", "patience_s", "reason"),
    [(1 << 20, 60.0, "it does not take what it is sent"), (1 << 30, 0.05, "it took nothing for 0 s")],
)
def test_a_peer_that_takes_nothing_is_not_buffered_for_without_end(
    monkeypatch: pytest.MonkeyPatch, backlog: int, patience_s: float, reason: str
) -> None:
    monkeypatch.setattr(ovsdb_session, "MAX_BACKLOG", backlog)
    monkeypatch.setattr(sender, "PATIENCE_S", patience_s)

    def work(made: Peer) -> None:
        echo = json.dumps({"id": "e", "method": "echo", "params": ["x" * (1 << 15)]}).encode()
        most = 0

        def ask() -> None:
            with suppress(OSError):
                while True:
                    made.socket.sendall(echo)

        def watch() -> None:
            nonlocal most
            while True:
                most = max(most, len(made.session._sender.unsent))
                eventlet.sleep(0)

        asking, watching = eventlet.spawn(ask), eventlet.spawn(watch)
        assert made.ended() == reason
        assert 0 < most <= backlog + 2 * READ_SIZE
        asking.kill()
        watching.kill()

    with_peer(work)


def test_names_and_ids_of_a_host_are_cut() -> None:
    def work(made: Peer) -> None:
        database = SimulatedDatabase("h" * 100_000, {"br-int": (1, [("t" * 100_000, "i" * 100_000)])})
        made.serve(database)
        wait_for(lambda: made.views and made.views[-1])
        view = made.session.view()
        assert view is not None
        shown = [view.hostname, *(text for item in view.interfaces for text in (item.name, item.iface_id))]
        assert max(map(len, shown)) == MAX_NAME

    with_peer(work)


def test_names_and_ids_of_a_host_are_printable() -> None:
    def work(made: Peer) -> None:
        made.serve(SimulatedDatabase("host\n1", {"br-int": (1, [("tap\x1b1", "iface\r1")])}))
        wait_for(lambda: made.views and made.views[-1])
        view = made.views[-1]
        assert (view.hostname, view.interfaces[1].name) == ("host\\n1", "tap\\x1b1")
        assert view.interfaces[1].iface_id == "iface\\r1"
        made.session.set_tags({"tap\\x1b1": 7}, "the-store")

    with_peer(work)


def test_a_host_that_falls_silent_is_asked_and_cut_off() -> None:
    def work(made: Peer) -> None:
        database = host(1)
        made.serve(database)
        wait_for(lambda: made.views and made.views[-1])
        now = runtime.clock()
        for seconds in (0.0, ECHO_INTERVAL_S):
            made.session.look(now + seconds)
        heard(made)  # it answers
        made.session.look(now + ECHO_INTERVAL_S)
        made.server.kill()
        for seconds in (2 * ECHO_INTERVAL_S, 2 * ECHO_INTERVAL_S + ECHO_S, 2 * ECHO_INTERVAL_S + ECHO_S):
            assert made.error is None
            made.session.look(now + seconds)
        assert made.ended() == "it was silent for 15 s"

    with_peer(work)


def test_an_odd_datapath_id_is_none() -> None:
    def work(made: Peer) -> None:
        database = host(1)
        for row in database.tables["Bridge"].values():
            row["datapath_id"] = "no number"
        made.serve(database)
        wait_for(lambda: made.views and made.views[-1])
        assert made.views[-1].datapath_ids == ()

    with_peer(work)


def test_whoever_waits_for_a_transaction_is_told_when_the_session_ends() -> None:
    def work(made: Peer) -> None:
        database = host(1)
        made.serve(database)
        wait_for(lambda: made.views and made.views[-1])
        made.server.kill()
        eventlet.spawn(lambda: (eventlet.sleep(0.01), made.session.close()))
        with pytest.raises(OvsdbError, match="ended"):
            made.session.set_tags({"tap0": 7}, "the-store")
        with pytest.raises(OvsdbError, match="ended"):
            made.session.set_tags({"tap0": 8}, "the-store")
        assert made.ended() is None
        assert made.session.view() == made.views[-1]

    with_peer(work)


def test_a_host_that_never_answers_transactions_leaves_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ovsdb_session, "TRANSACTION_TIMEOUT_S", 0.01)

    def work(made: Peer) -> None:
        made.serve(host(1))
        wait_for(lambda: made.views and made.views[-1])
        made.server.kill()
        for tag in range(3):
            with pytest.raises(OvsdbError, match="no answer"):
                made.session.set_tags({"tap0": tag}, "the-store")
        assert not made.session._session._unanswered

    with_peer(work)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (BridgeChange("br-tun", "br-gone", True, False, False, ()), "bridge br-gone is gone"),
        (BridgeChange("br-gone", "br-int", False, True, False, ()), "bridge br-gone is gone"),
    ],
)
def test_what_cannot_be_written_is_said_and_what_is_written_next_is(
    change: BridgeChange, reason: str
) -> None:
    def work(made: Peer) -> None:
        database = host(1)
        made.serve(database)
        wait_for(lambda: made.views and made.views[-1])
        with pytest.raises(OvsdbError, match=reason):
            made.session.write_bridge(change)
        made.session.set_tags({"tap0": 7}, "the-store")
        assert database.tags() == {"tap0": 7}

    with_peer(work)


def test_a_transaction_that_the_host_refuses_is_said_and_the_next_one_is_done() -> None:
    def work(made: Peer) -> None:
        database = host(1)
        real = database.feed

        def feed(data: bytes, now: float) -> bytes:
            if b'"transact"' not in data:
                return real(data, now)
            number = json.loads(data)["id"]
            result = [{}, {"error": "constraint violation", "details": "no such tag"}, None]
            database.feed = real  # type: ignore[method-assign]
            return json.dumps({"id": number, "result": result, "error": None}).encode()

        database.feed = feed  # type: ignore[method-assign]
        made.serve(database)
        wait_for(lambda: made.views and made.views[-1])
        with pytest.raises(OvsdbError, match="writing tags failed: constraint violation: no such tag"):
            made.session.set_tags({"tap0": 7}, "the-store")
        made.session.set_tags({"tap0": 8}, "the-store")
        assert database.tags() == {"tap0": 8}

    with_peer(work)


def a_session_that_ended() -> list[weakref.ref[Any]]:
    """Give references to a session and its replica."""
    with peer() as made:
        made.serve(host(50))
        wait_for(lambda: made.views and made.views[-1])
        return [weakref.ref(made.session), weakref.ref(made.session._session.replica)]


def test_a_session_that_ended_leaves_nothing_even_if_the_collector_never_sees_it() -> None:
    def work(_hub: object) -> None:
        gc.disable()
        try:
            references = a_session_that_ended()
            eventlet.sleep(0)
            assert [reference() for reference in references] == [None, None]
        finally:
            gc.enable()

    in_a_hub(work)


def test_what_is_told_together_is_looked_at_once_and_before_an_answer_is_given() -> None:
    def work(made: Peer) -> None:
        database = host(2)
        made.serve(database)
        wait_for(lambda: made.views and made.views[-1])
        looks = len(made.views)
        uuid = next(iter(database.tables["Interface"]))
        changes = [{"Interface": {uuid: {"modify": {"mtu": mtu}}}} for mtu in range(1, 101)]
        told = [json.dumps({"id": None, "method": "update2", "params": [0, change]}) for change in changes]
        made.socket.sendall("".join(told).encode())
        wait_for(lambda: made.session._session.revision == 1 + len(told))
        eventlet.sleep(0)
        assert len(made.views) - looks <= 2 * len(told) / ovsdb_session.STEPS_PER_TURN
        made.session.set_tags({"tap0": 7}, "the-store")
        assert {port.name: port.tag for port in made.views[-1].tagged_ports}["tap0"] == 7

    with_peer(work)


def test_two_who_ask_for_a_sign_of_life_both_get_it() -> None:
    def work(made: Peer) -> None:
        made.serve(host(1))
        wait_for(lambda: made.views and made.views[-1])
        probes = [eventlet.spawn(made.session.probe) for _ in range(2)]
        for probe in probes:
            probe.wait()

    with_peer(work)


def test_a_sign_of_life_that_is_read_too_late_by_us_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ovsdb_session, "PROBE_TIMEOUT_S", 0.0)  # over before anything is read

    def work(made: Peer) -> None:
        made.serve(host(1))
        wait_for(lambda: made.views and made.views[-1])
        made.session.probe()

    with_peer(work)


def test_ports_whose_names_are_shown_alike_are_all_tagged() -> None:
    def work(made: Peer) -> None:
        names = ["x" * 300 + "1", "x" * 300 + "2", "tap\n1", "tap\\n1"]
        database = SimulatedDatabase("host1", {"br-int": (1, [(name, "") for name in names])})
        made.serve(database)
        wait_for(lambda: made.views and made.views[-1])
        made.session.set_tags({"x" * MAX_NAME: 7, "tap\\n1": 8}, "the-store")
        assert database.tags() == dict(zip(names, (7, 7, 8, 8), strict=True))

    with_peer(work)


def test_a_host_that_tells_much_while_much_is_written_is_heard_meanwhile() -> None:
    """As ovsdb-server does, it reads nothing while it has something to say."""

    def work(made: Peer) -> None:
        database, asked = host(4000), bytearray()
        real = database.feed

        def feed(data: bytes, now: float) -> bytes:
            if not asked and b'"transact"' not in data:
                return real(data, now)
            asked.extend(data)
            if len(asked) == len(data):
                rows = {uuid: {"modify": {"mtu": 9000}} for uuid in database.tables["Interface"]}
                update = {"id": None, "method": "update2", "params": [0, {"Interface": rows}]}
                return json.dumps(update).encode() * 8
            if not asked.endswith(b'"id":2}'):
                return b""
            operations = json.loads(asked)["params"][1:]
            return json.dumps({"id": 2, "result": [{}] * len(operations), "error": None}).encode()

        database.feed = feed  # type: ignore[method-assign]
        made.serve(database)
        wait_for(lambda: made.views and made.views[-1])
        made.session.set_tags({f"tap{number}": 7 for number in range(4000)}, "the-store")
        assert len(json.loads(asked)["params"]) == 1 + 2 * 4000

    with_peer(work)


def test_the_time_is_looked_at_for_each_session_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "INTERVAL_S", 0.001)
    monkeypatch.setattr(liveness, "STEP_S", 0.05)
    monkeypatch.setattr(ovsdb_app, "complain", Complaints().complain)

    def work(_hub: object) -> None:
        listener = eventlet.listen(("127.0.0.1", 0))
        hosts: Any = Hosts(Fabric(LAYOUT), lambda _host: None)  # type: ignore[arg-type,return-value]
        app = OvsdbApp(Peers(hosts), listener, PlainEdge())
        accepting = app.start()
        try:
            with socket.create_connection(listener.getsockname()) as silent, eventlet.Timeout(10):
                while silent.recv(1 << 16):
                    pass
        finally:
            accepting.kill()
            app.stop()
            listener.close()

    in_a_hub(work)
