"""OVSDB sessions against a simulated server on a socket pair, and against peers that are none."""

import gc
import json
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import eventlet
import pytest
from eventlet.green import socket

from osken_apps.apps.ovsdb import replica as ovsdb_replica
from osken_apps.apps.ovsdb import rows as ovsdb_rows
from osken_apps.apps.ovsdb import session as ovsdb_session
from osken_apps.apps.ovsdb.replica import OvsdbError
from osken_apps.apps.ovsdb.session import OvsdbSession
from osken_apps.apps.ovsdb.stream import MAX_BACKLOG, READ_SIZE, JsonConnection
from osken_apps.apps.transport import plain
from osken_apps.model.tunnel_bridge import BridgeChange
from osken_apps.ovsdb import json_texts
from tests.bench.scale.ovsdb_server import SimulatedDatabase
from tests.unit.hub_thread import in_a_hub

ADDRESS = ("192.0.2.1", 1234)


class Peer:
    """The other end of a session, and what the session showed and raised."""

    def __init__(self) -> None:
        ours, self.socket = socket.socketpair()
        self.session = OvsdbSession(plain(ours), ADDRESS, "br-int")
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


def test_a_session_shows_its_host_and_writes_tags() -> None:
    def work(made: Peer) -> None:
        database = host(3)
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


def test_hosts_share_equal_values_and_a_change_at_one_is_that_one_s() -> None:
    def run(_hub: object) -> None:
        with peer() as one, peer() as other:
            for made in (one, other):
                made.serve(host(2))
                wait_for(lambda made=made: made.views and made.views[-1])
                made.session.set_tags({"tap0": 7, "tap1": 7}, "the-store")
            held = [datum for made in (one, other) for datum in tags_held(made)]
            assert len(held) == 4
            assert all(datum is held[0] for datum in held)
            keys = [key for made in (one, other) for key in keys_held(made)]
            assert len({key.value for key in keys}) == len({id(key) for key in keys}) < len(keys)
            one.session.set_tags({"tap0": 8}, "the-store")
            one.session.set_tags({"tap1": None}, "the-store")
            assert [shown_tags(made) for made in (one, other)] == [[8, None], [7, 7]]

    in_a_hub(run)


def tags_held(made: Peer) -> list[Any]:
    rows = made.session._idl.tables["Port"].rows.values()
    return [row._data["tag"] for row in rows if row.name != "br-int"]


def test_what_a_row_is_made_of_is_named_by_its_own_uuid_and_a_port_s_name_is_its_interface_s() -> None:
    def work(made: Peer) -> None:
        database = host(2)
        made.serve(database)
        wait_for(lambda: made.views and made.views[-1])
        tables = made.session._idl.tables
        for row in tables["Port"].rows.values():
            (interface,) = row._data["interfaces"].values
            part = tables["Interface"].rows[interface.value]
            assert interface.value is part.uuid
            assert row._data["name"] is part._data["name"]
        (bridge,) = tables["Bridge"].rows.values()
        ports = {id(row.uuid) for row in tables["Port"].rows.values()}
        assert {id(port.value) for port in bridge._data["ports"].values} == ports

    with_peer(work)


def keys_held(made: Peer) -> list[Any]:
    rows = made.session._idl.tables["Interface"].rows.values()
    return [key for row in rows for key in row._data["external_ids"].values]


def shown_tags(made: Peer) -> list[int | None]:
    view = made.session.view()
    assert view is not None
    return [row.tag for row in sorted(view.tagged_ports, key=lambda row: row.name) if row.name != "br-int"]


def test_a_large_host_is_shown_whole_and_others_have_their_turn_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ovsdb_session, "FIRST_VIEW_S", 600.0)  # this machine may be slow

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
        assert turns > 1000 * 2 / ovsdb_replica.ROWS_PER_TURN

    with_peer(work)


def test_a_peer_that_shows_no_host_in_time_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ovsdb_session, "FIRST_VIEW_S", 0.05)
    monkeypatch.setattr(ovsdb_session, "DEADLINE_LOOK_MS", 10)

    def work(made: Peer) -> None:
        assert made.ended() == "it showed no host for 0 s"

    with_peer(work)


def test_a_message_that_does_not_end_in_time_ends_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ovsdb_session, "MESSAGE_S", 0.05)
    monkeypatch.setattr(ovsdb_session, "DEADLINE_LOOK_MS", 10)

    def work(made: Peer) -> None:
        made.socket.sendall(b'{"id":')
        drip = eventlet.spawn(
            lambda: [(made.socket.sendall(b" "), eventlet.sleep(0.005)) for _ in range(999)]
        )
        assert made.ended() == "a message of it had no end for 0 s"
        drip.kill()

    with_peer(work)


def test_a_set_where_a_name_should_be_ends_the_session_with_the_reason() -> None:
    def work(made: Peer) -> None:
        database = host(1)
        real = database.feed

        def feed(data: bytes, now: float) -> bytes:
            return real(data, now).replace(b'"tap0"', b'["set", ["tap0", "tap1"]]')

        database.feed = feed  # type: ignore[method-assign]
        made.serve(database)
        ended = made.ended() or ""
        assert ended.startswith("a row of Port is not as Open vSwitch's are: "), ended

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


def test_a_peer_that_takes_nothing_is_not_buffered_for_without_end() -> None:
    class Deaf:
        def __init__(self) -> None:
            self.data = json.dumps({"id": "e", "method": "echo", "params": ["x" * (1 << 15)]}).encode()

        def recv(self, size: int) -> bytes:
            return self.data

        def send(self, data: bytes) -> int:
            raise BlockingIOError

        def fileno(self) -> int:
            return -1

        def shutdown(self, how: int) -> None:
            pass

    connection = JsonConnection(Deaf(), "deaf")
    while not connection.get_status():
        error, message = connection.recv()
        if not error:
            connection.send(message)
        assert connection.get_backlog() <= MAX_BACKLOG + READ_SIZE
        connection.recv_wait(
            type("Poller", (), {"fd_wait": lambda *_: None, "immediate_wake": lambda *_: None})()
        )
    assert connection.fault == "it does not take what it is sent"


def test_names_and_ids_of_a_host_are_cut() -> None:
    def work(made: Peer) -> None:
        database = SimulatedDatabase("h" * 100_000, {"br-int": (1, [("t" * 100_000, "i" * 100_000)])})
        made.serve(database)
        wait_for(lambda: made.views and made.views[-1])
        view = made.session.view()
        assert view is not None
        shown = [view.hostname, *(text for item in view.interfaces for text in (item.name, item.iface_id))]
        assert max(map(len, shown)) == ovsdb_rows.MAX_NAME

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


def test_a_host_that_falls_silent_is_cut_off() -> None:
    def work(made: Peer) -> None:
        made.serve(host(1))
        wait_for(lambda: made.views and made.views[-1])
        made.server.kill()
        state = made.session._idl._session.reconnect
        assert state.probe_interval == ovsdb_replica.PROBE_INTERVAL_MS
        state.probe_interval = 20  # its setter takes no less than a second
        made.socket.sendall(b'{"id":"echo","result":[],"error":null}')  # it is awake, and looks at the time
        assert made.ended() is None

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


def test_an_error_while_a_transaction_is_written_costs_that_one_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(made: Peer) -> None:
        database = host(1)
        made.serve(database)
        wait_for(lambda: made.views and made.views[-1])
        with monkeypatch.context() as patched:
            patched.setattr(ovsdb_rows.PortRow, "write_tag", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                made.session.set_tags({"tap0": 7}, "the-store")
        made.session.set_tags({"tap0": 8}, "the-store")
        assert database.tags() == {"tap0": 8}

    with_peer(work)


def a_session_that_ended() -> list[weakref.ref[Any]]:
    """Give references to a session, its replica and a row of it."""
    with peer() as made:
        made.serve(host(50))
        wait_for(lambda: made.views and made.views[-1])
        row = next(iter(made.session._idl.tables["Port"].rows.values()))
        return [weakref.ref(made.session), weakref.ref(made.session._idl), weakref.ref(row)]


def test_a_session_that_ended_leaves_nothing_even_if_the_collector_never_sees_it() -> None:
    def work(_hub: object) -> None:
        gc.disable()
        try:
            references = a_session_that_ended()
            eventlet.sleep(0)
            assert [reference() for reference in references] == [None, None, None]
        finally:
            gc.enable()

    in_a_hub(work)


def test_what_explains_a_port_is_watched_and_never_what_open_vswitch_writes_all_the_time() -> None:
    watched = {name: set(table["columns"]) for name, table in ovsdb_replica.SCHEMA["tables"].items()}  # type: ignore[attr-defined]
    assert {"error", "admin_state", "link_state", "mtu", "external_ids"} <= watched["Interface"]
    assert [name for name, columns in watched.items() if columns & {"statistics", "status"}] == []
