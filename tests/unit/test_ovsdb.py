"""The PURE half of an OVSDB session: rows as they are sent, the replica, and what is written."""

import json
import random
from typing import Any

import pytest

from osken_apps.errors import Malformed
from osken_apps.ovsdb import tables
from osken_apps.ovsdb.json_texts import Json
from osken_apps.ovsdb.operations import MARK, tag_operations
from osken_apps.ovsdb.replica import ROWS_A_STEP, Replica
from osken_apps.ovsdb.session import ECHO, MAX_ECHO_OCTETS, MONITOR, SHOWN_S, Session, TransactionResult
from osken_apps.ovsdb.tables import (
    TABLES,
    BridgeRow,
    InterfaceRow,
    PortRow,
    RootRow,
    Uuid,
    changed_row,
    new_row,
)
from tests.bench.scale.ovsdb_server import SimulatedDatabase, _update

ONE, TWO = Uuid("11111111-2c37-4189-b93d-247a12dd1fe2"), Uuid("22222222-2c37-4189-b93d-247a12dd1fe2")
PORT, BRIDGE, INTERFACE = TABLES["Port"], TABLES["Bridge"], TABLES["Interface"]


def host(ports: int) -> SimulatedDatabase:
    plugged = [(f"tap{number}", f"iface{number}") for number in range(ports)]
    return SimulatedDatabase("host1", {"br-int": (0xABC, plugged)})


def shown(database: SimulatedDatabase) -> Session:
    """Give a session that has been shown a host."""
    session = Session(0.0)
    talk(session, database)
    return session


def talk(session: Session, database: SimulatedDatabase) -> None:
    while octets := session.to_send():
        session.feed(database.feed(octets, 0.0))
        finish(session)


def finish(session: Session) -> None:
    while session.has_more:
        session.step()


def taken(replica: Replica, updates: Json) -> None:
    for _ in replica.taking(updates):
        pass


def test_what_a_server_leaves_out_of_a_row_is_empty() -> None:
    assert new_row(PORT, {"name": "tap1"}) == PortRow("tap1", None, None, (), {})
    assert new_row(INTERFACE, {}) == InterfaceRow("", "", {}, None, None, None, None, {})


def test_every_form_of_a_value_is_read() -> None:
    sent = {
        "name": "tap1",
        "tag": 7,
        "vlan_mode": ["set", ["access"]],
        "interfaces": ["uuid", ONE],
        "external_ids": ["map", [["iface-id", "a"], ["x", ""]]],
    }
    assert new_row(PORT, sent) == PortRow("tap1", 7, "access", (ONE,), {"iface-id": "a", "x": ""})
    sent = {"tag": ["set", []], "interfaces": ["set", [["uuid", ONE], ["uuid", TWO]]]}
    assert new_row(PORT, sent) == PortRow("", None, None, (ONE, TWO), {})
    protocols = {"protocols": ["set", ["OpenFlow13", "OpenFlow14"]], "datapath_id": "00ab"}
    row = new_row(BRIDGE, protocols)
    assert isinstance(row, BridgeRow)
    assert (row.protocols, row.datapath_id) == (("OpenFlow13", "OpenFlow14"), "00ab")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("name", 7),
        ("name", None),
        ("name", ["set", ["tap1"]]),
        ("tag", "7"),
        ("tag", True),
        ("tag", 1 << 63),
        ("tag", ["set", [1, 2]]),
        ("tag", ["set", 1]),
        ("interfaces", ONE),
        ("interfaces", ["set", [ONE]]),
        ("interfaces", ["named-uuid", "x"]),
        ("interfaces", {"uuid": ONE, "x": "y"}),
        ("external_ids", "x"),
        ("external_ids", ["map", "ab"]),
        ("external_ids", ["map", ["ab"]]),
        ("external_ids", ["map", [["a", 1]]]),
        ("external_ids", ["map", [["a"]]]),
        ("external_ids", ["set", []]),
    ],
)
def test_a_value_of_another_form_is_refused_and_named(column: str, value: Any) -> None:
    with pytest.raises(Malformed, match=f"a row of Port is not as Open vSwitch's are: its {column} is "):
        new_row(PORT, {column: value})
    with pytest.raises(Malformed, match=f"its {column} is "):
        changed_row(PORT, new_row(PORT, {}), {column: value})


def test_a_column_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(Malformed, match="shows a column statistics of Interface, which was not asked for"):
        new_row(INTERFACE, {"statistics": ["map", []]})


def test_of_a_set_and_of_a_map_what_differs_is_sent() -> None:
    before = PortRow("tap1", 7, "access", (ONE,), {"a": "1", "b": "2", "c": "3"})
    sent = {
        "tag": ["set", []],
        "interfaces": ["set", [["uuid", ONE], ["uuid", TWO]]],
        "external_ids": ["map", [["a", "1"], ["b", "9"], ["d", "4"]]],
    }
    after = PortRow("tap1", None, "access", (TWO,), {"b": "9", "c": "3", "d": "4"})
    assert changed_row(PORT, before, sent) == after
    assert before == PortRow("tap1", 7, "access", (ONE,), {"a": "1", "b": "2", "c": "3"})


def rows_of(database: SimulatedDatabase, name: str) -> dict[str, Any]:
    """Give what a replica should have of a table, made from the server's rows as a whole."""
    table = TABLES[name]
    return {
        uuid: new_row(table, {column: row[column] for column in table.columns if column in row})
        for uuid, row in database.tables[name].items()
    }


def change(database: SimulatedDatabase, generator: random.Random) -> None:
    """Change a row as an operator might."""
    rows = [(name, uuid) for name in ("Port", "Interface", "Bridge") for uuid in database.tables[name]]
    name, uuid = generator.choice(rows)
    row = database.tables[name][uuid]
    match name:
        case "Port":
            row["tag"] = generator.choice((["set", []], 7, 8))
            ids = [[key, str(generator.randrange(2))] for key in "abc" if generator.randrange(2)]
            row["external_ids"] = ["map", ids]
        case "Interface":
            row["link_state"] = generator.choice(("up", "down", ["set", []]))
            row["options"] = ["map", [["peer", generator.choice("ab")]] if generator.randrange(2) else []]
        case "Bridge":
            ports = [["uuid", port] for port in database.tables["Port"]]
            row["ports"] = ["set", generator.sample(ports, generator.randrange(len(ports) + 1))]


@pytest.mark.parametrize("seed", range(20))
def test_a_replica_is_what_the_server_has_after_any_changes(seed: int) -> None:
    generator, database = random.Random(seed), host(4)
    session = shown(database)
    for _ in range(30):
        before = {
            name: {uuid: dict(row) for uuid, row in rows.items()} for name, rows in database.tables.items()
        }
        change(database, generator)
        told: dict[str, dict[str, Json]] = {}
        for name, rows in database.tables.items():
            for uuid, row in rows.items():
                if row != before[name][uuid]:
                    columns = list(TABLES[name].columns)
                    told.setdefault(name, {})[uuid] = _update(
                        "monitor_cond", columns, before[name][uuid], row
                    )
        session.feed(json.dumps({"id": None, "method": "update2", "params": [MONITOR, told]}).encode())
        finish(session)
        for name in database.tables:
            found = {uuid: ordered(row) for uuid, row in session.replica.rows(TABLES[name].row).items()}  # type: ignore[type-var]
            assert found == {uuid: ordered(row) for uuid, row in rows_of(database, name).items()}


def ordered(row: Any) -> list[Any]:
    """Give a row whose sets have an order."""
    return [sorted(value) if isinstance(value, tuple) else value for value in row]


def test_nobody_sees_half_of_what_is_told_at_once() -> None:
    replica = Replica()
    sent = {f"{number}": {"insert": {"name": f"tap{number}"}} for number in range(3 * ROWS_A_STEP)}
    steps = 0
    for _ in replica.taking({"Port": sent}):
        steps += 1
        assert not replica.rows(PortRow)
    assert (steps, len(replica.rows(PortRow))) == (3, 3 * ROWS_A_STEP)
    half = {"Port": {"0": {"delete": None}, "1": {"modify": {"name": 7}}}}
    with pytest.raises(Malformed):
        taken(replica, half)
    assert replica.rows(PortRow)[Uuid("0")].name == "tap0"


@pytest.mark.parametrize(
    "updates",
    [
        None,
        [],
        {"Flow_Table": {}},
        {"Port": []},
        {"Port": {ONE: {}}},
        {"Port": {ONE: {"modify": {}}}},
        {"Port": {ONE: {"insert": []}}},
        {"Port": {ONE: "delete"}},
    ],
)
def test_what_cannot_be_told_is_refused(updates: Json) -> None:
    with pytest.raises(Malformed, match="tells of"):
        taken(Replica(), updates)


def test_equal_texts_of_all_hosts_are_one_object() -> None:
    one, other = shown(host(2)).replica, shown(host(2)).replica
    for name, kind in (("Port", PortRow), ("Interface", InterfaceRow)):
        rows = zip(one.rows(kind).values(), other.rows(kind).values(), strict=True)  # type: ignore[type-var]
        assert all(a.name is b.name for a, b in rows), name
    names = {row.name: row.name for row in one.rows(InterfaceRow).values()}
    assert all(row.name is names[row.name] for row in one.rows(PortRow).values())
    for row in one.rows(PortRow).values():
        (interface,) = row.interfaces
        assert any(interface is uuid for uuid in one.rows(InterfaceRow))


def test_a_replica_lets_go_of_what_it_counted_for_rows_that_are_gone() -> None:
    replica = Replica()
    for _ in range(3):
        taken(replica, {"Port": {ONE: {"insert": {"name": "x" * 1000, "tag": 7}}}})
        taken(replica, {"Port": {ONE: {"modify": {"external_ids": ["map", [["a", "y" * 1000]]]}}}})
        assert 2000 < replica._octets < 4000
        taken(replica, {"Port": {ONE: {"delete": None}}})
        assert replica._octets == 0


def test_what_explains_a_port_is_asked_for_and_never_what_open_vswitch_writes_all_the_time() -> None:
    (request,) = [json.loads(Session(0.0).to_send())]
    method, (database, _, tables) = request["method"], request["params"]
    assert (method, database) == ("monitor_cond", "Open_vSwitch")
    asked = {name: set(wanted[0]["columns"]) for name, wanted in tables.items()}
    assert {"error", "admin_state", "link_state", "mtu", "external_ids"} <= asked["Interface"]
    assert [name for name, columns in asked.items() if columns & {"statistics", "status"}] == []


def test_a_peer_is_answered_what_it_asks() -> None:
    session = Session(0.0)
    session.to_send()
    session.feed(b'{"method":"echo","params":["x"],"id":"e"}{"method":"steal","params":[],"id":5}')
    session.feed(b'{"method":"update2","params":[0,{"Port":7}],"id":null}')
    finish(session)
    said = session.to_send().decode()
    assert said == (
        '{"id":"e","result":["x"],"error":null}{"id":5,"result":null,"error":"unknown method steal"}'
    )


def test_a_host_that_does_not_show_its_tables_says_why() -> None:
    session = Session(0.0)
    session.feed(json.dumps({"id": MONITOR, "result": None, "error": {"error": "unknown column"}}).encode())
    with pytest.raises(Malformed, match=r"it does not show its tables: .*unknown column"):
        finish(session)


@pytest.mark.parametrize(
    ("result", "error", "words"),
    [
        ([{"count": 1}, {}], None, ""),
        ([{}, {"error": "timed out", "details": "as asked"}], None, "timed out: as asked"),
        ([{}, {"error": "referential integrity violation"}], None, "referential integrity violation"),
        (None, "canceled", "'canceled'"),
        ("odd", None, "'odd'"),
    ],
)
def test_what_became_of_a_transaction_is_told_in_words(result: Json, error: Json, words: str) -> None:
    session = shown(host(1))
    number = session.transact(tag_operations({ONE: 7}, "the-store"))
    session.to_send()
    for answered in (number + 1, ECHO, number, None, "x", True):  # of nothing that was asked, but one
        session.feed(json.dumps({"id": answered, "result": result, "error": error}).encode())
    finish(session)
    assert session.answers() == [TransactionResult(number, words)]
    assert session.answers() == []


def test_of_a_transaction_that_nobody_waits_for_any_more_nothing_is_kept() -> None:
    session = shown(host(1))
    number = session.transact(tag_operations({ONE: 7}, "the-store"))
    session.forget(number)
    assert not session._unanswered
    session.feed(json.dumps({"id": number, "result": [], "error": None}).encode())
    finish(session)
    assert session.answers() == []


def test_a_tag_is_written_with_its_mark_and_goes_with_it() -> None:
    database = host(2)
    session = shown(database)
    uuids = {row.name: uuid for uuid, row in session.replica.rows(PortRow).items()}
    for tags, written in (
        ({"tap0": 7, "tap1": 4095}, ("the-store", "dead")),
        ({"tap1": None}, ("the-store", None)),
    ):
        session.transact(tag_operations({uuids[name]: tag for name, tag in tags.items()}, "the-store"))
        talk(session, database)
        rows = session.replica.rows(PortRow)
        assert tuple(rows[uuids[name]].external_ids.get(MARK) for name in ("tap0", "tap1")) == written
    assert database.tags() == {"tap0": 7}
    assert session.replica.rows(RootRow)


def test_a_row_with_a_tag_of_ours_is_an_access_port() -> None:
    database = host(2)
    for row in database.tables["Port"].values():
        row |= {"vlan_mode": "trunk", "trunks": ["set", [5, 6]]}
    session = shown(database)
    uuids = {row.name: uuid for uuid, row in session.replica.rows(PortRow).items()}
    session.transact(tag_operations({uuids["tap0"]: 4095, uuids["tap1"]: None}, "the-store"))
    talk(session, database)
    rows = {row["name"]: row for row in database.tables["Port"].values()}
    assert [(rows[name]["vlan_mode"], rows[name]["trunks"]) for name in ("tap0", "tap1")] == [
        (["set", []], ["set", []]),
        ("trunk", ["set", [5, 6]]),
    ]


def test_a_host_owes_nothing_while_what_it_has_sent_waits_for_us() -> None:
    session, database = Session(0.0), host(1000)
    session.feed(database.feed(session.to_send(), 0.0))
    for now in (0.5, 10.6, 11.6):
        assert session.look(now, "which host it is") is None
        session.step()
    finish(session)
    assert session.look(30.0, "which host it is") is None
    assert session.look(40.0, "which host it is") is None
    assert session.look(41.0, "which host it is") == "it did not say which host it is in 10 s"


def test_a_host_that_loses_its_name_has_its_time_to_say_it_again() -> None:
    session = shown(host(1))
    session.look(0.0, "which host it is")
    assert session.look(5.0, None) is None
    for now in (3600.0, 3601.0, 3609.0):
        session.feed(b" ")
        assert session.look(now, "which host it is") is None


def test_who_says_other_things_for_ever_and_shows_no_tables_is_cut_off() -> None:
    session = Session(0.0)
    for now in range(int(SHOWN_S) + 1):
        session.feed(b'{"method":"update","params":[],"id":null}')
        assert session.look(float(now), "which host it is") is None
    assert session.look(SHOWN_S + 1, None) == "it did not show its tables in 120 s"


@pytest.mark.parametrize("params", [[0], [0, {}, {}], []])
def test_an_update_of_another_form_ends_the_session(params: Json) -> None:
    session = shown(host(1))
    session.feed(json.dumps({"id": None, "method": "update2", "params": params}).encode())
    with pytest.raises(Malformed, match="what it tells of its tables cannot be"):
        finish(session)


def test_an_echo_has_a_bound() -> None:
    session = shown(host(1))
    session.feed(json.dumps({"id": 1, "method": "echo", "params": ["x" * MAX_ECHO_OCTETS]}).encode())
    with pytest.raises(Malformed, match="an echo of more than"):
        finish(session)


@pytest.mark.parametrize("depth", [33, 900])
def test_an_echo_that_hides_its_depth_in_texts_is_refused(depth: int) -> None:
    session = shown(host(1))
    nested = b'["]",' * depth + b"1" + b',"["]' * depth
    with pytest.raises(Malformed, match="deeper than 32"):
        session.feed(b'{"id": 1, "method": "echo", "params": [' + nested + b"]}")
        session.step()


def test_maps_and_sets_have_a_bound_at_once_and_as_they_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_PAIRS", 3)
    monkeypatch.setattr(tables, "MAX_MEMBERS", 3)

    def pairs(*keys: str) -> Json:
        return {"external_ids": ["map", [[key, "x"] for key in keys]]}

    def members(*uuids: str) -> Json:
        return {"interfaces": ["set", [["uuid", uuid] for uuid in uuids]]}

    for some in (pairs, members):
        row = new_row(PORT, some(*"abc"))
        with pytest.raises(Malformed):
            new_row(PORT, some(*"abcd"))
        assert changed_row(PORT, row, some(*"ad")) != row
        with pytest.raises(Malformed, match="a row of Port has too much of "):
            changed_row(PORT, row, some("d"))
