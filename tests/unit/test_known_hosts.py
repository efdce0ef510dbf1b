"""What is kept of hosts: after a restart they are known, and one that is forgotten does not come back."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from osken_apps.errors import StoreUnavailable
from osken_apps.failures import Failures
from osken_apps.model import known_hosts
from osken_apps.model.changes import HostIdentity, HostReport, PortReport
from osken_apps.model.known_hosts import FormerName, KnownHost, former_names, learned
from osken_apps.model.resources import Binding, PortStatus
from osken_apps.networking.bindings import record
from osken_apps.rest.controller import KnownHosts
from osken_apps.store import known_hosts as kept_hosts
from osken_apps.store.recorder import Recorder
from osken_apps.store.store import Store
from tests.unit.rest_client import Client, client_of
from tests.whole import whole

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
HOST1 = HostReport("host1", True, ("br-int",), (), True, NOW, NOW, 1, datapath_type="netdev", former_names=())
KEPT1 = KnownHost("host1", NOW, "netdev")


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give a client of an API that has just started, whose store knows a host."""
    client = client_of(tmp_path)
    client.hosts.remember([KEPT1])
    return client


def port_wanted_at(api: Client, host: str) -> dict[str, object]:
    made: dict[str, object] = api.make("port", network_id=api.make("network")["id"], binding__host_id=host)
    return made


def datapath_type(port: dict[str, object]) -> object:
    details = port["binding:vif_details"]
    assert isinstance(details, dict)
    return details.get("datapath_type")


def test_what_reports_tell_is_kept_once() -> None:
    (kept,) = learned({}, [HOST1])
    assert kept == KEPT1
    assert learned({"host1": kept}, [replace(HOST1, last_contact=LATER)]) == []


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"datapath_type": "system"}, replace(KEPT1, datapath_type="system")),
        ({"datapath_type": "", "ovsdb": False}, KEPT1),
        ({"alive": False, "last_contact": LATER}, replace(KEPT1, seen_at=LATER)),
    ],
)
def test_what_changes_of_a_host_is_kept(told: dict[str, object], kept: KnownHost) -> None:
    found = learned({"host1": KEPT1}, [replace(HOST1, **told)])  # type: ignore[arg-type]
    assert (found or [KEPT1]) == [kept]


def test_what_is_kept_of_a_hosts_address_stays() -> None:
    kept = replace(KEPT1, address="192.0.2.1")
    assert learned({"host1": kept}, [replace(HOST1, datapath_type="system")]) == [
        replace(kept, datapath_type="system")
    ]


def test_one_that_is_refused_is_not_kept() -> None:
    assert learned({}, [replace(HOST1, refused="192.0.2.9")]) == []


@pytest.mark.parametrize("known", [{}, {"host1": replace(KEPT1, system_id="that of another")}])
def test_nothing_is_kept_of_a_host_before_it_is_known_which_it_was(known: dict[str, KnownHost]) -> None:
    """The controller has not read what is kept yet: by another name it may be of this host."""
    told = replace(HOST1, system_id="its own", former_names=None)
    assert learned(known, [told]) == []


def test_before_hosts_have_reported_a_port_is_plugged_as_it_was_before(api: Client) -> None:
    port = port_wanted_at(api, "host1")
    assert (port["binding:vif_type"], datapath_type(port)) == ("ovs", "netdev")


def test_a_port_is_wanted_at_a_host_also_by_a_name_of_before(api: Client) -> None:
    port = port_wanted_at(api, "host1")
    renamed = replace(HOST1, host="host2", former_names=("host1",))
    api.hosts.replace((renamed,))
    shown = api.get(f"/ports/{port['id']}")["port"]
    assert (shown["binding:vif_type"], shown["binding:host_id"]) == ("ovs", "host1")
    assert "on host host2" in shown["binding:vif_details"]["waits_for"]
    api.hosts.replace((replace(renamed, alive=False),))
    shown = api.get(f"/ports/{port['id']}")["port"]
    assert shown["binding:vif_details"]["waits_for"] == "host host2 to connect again"


def test_a_host_is_waited_for_until_it_had_its_time(api: Client) -> None:
    api.hosts.replace((), all_had_time=False)
    port = port_wanted_at(api, "host1")
    api.hosts.replace((), all_had_time=True)
    later = api.get(f"/ports/{port['id']}")["port"]
    assert (port["binding:vif_type"], later["binding:vif_type"]) == ("ovs", "binding_failed")


def test_a_host_without_ovsdb_now_keeps_its_datapath_type(api: Client) -> None:
    api.hosts.replace((replace(HOST1, ovsdb=False, datapath_type=""),))
    assert datapath_type(port_wanted_at(api, "host1")) == "netdev"


def test_a_host_that_has_not_connected_since_the_start_is_an_agent_that_is_not_alive(api: Client) -> None:
    (agent,) = api.get("/agents")["agents"]
    assert (agent["host"], agent["alive"], agent["heartbeat_timestamp"]) == (
        "host1",
        False,
        "2026-11-25 12:00:00",
    )
    assert agent["configurations"]["trouble"] == "it has not connected since the controller's start"


def test_an_agent_that_has_not_connected_since_the_start_counts_its_ports(api: Client) -> None:
    port_id = port_wanted_at(api, "host1")["id"]
    with api.store.write() as transaction:
        record(transaction, [PortReport(str(port_id), Binding("host1", 1), PortStatus.ACTIVE)])
    (agent,) = api.get("/agents")["agents"]
    assert agent["configurations"]["devices"] == 1


def test_a_host_that_is_called_something_else_is_kept_by_its_new_name_only(tmp_path: Path) -> None:
    hosts, old = KnownHosts(), replace(HOST1, system_id="s", tunnel_address="192.0.2.1")
    other = replace(HOST1, host="other", system_id="o")
    recorder, store = Recorder(Failures()), Store(f"sqlite:///{tmp_path}/osken-net.db")
    renamed = (["host1"], ()), (["host2"], ("host1",)), (["host1"], ("host2",))
    for names, before in renamed:
        now = [replace(old, host=name, former_names=before) for name in names]
        recorder.record(store, tuple(hosts.replace([*now, other])))
        assert set(hosts.by_name) == {*names, "other"}
        with store.read() as view:
            assert [host.name for host in view.known_hosts()] == [*names, "other"]


def test_a_host_that_is_away_is_no_former_name_of_another() -> None:
    away, here = replace(KEPT1, system_id="s"), replace(HOST1, host="host2", system_id="t")
    assert former_names({"host1": away}, {"host2": here}) == []
    assert former_names({"host1": away}, {"host2": replace(here, former_names=("host1",))}) == []
    here = replace(here, system_id="s", former_names=("host1",))
    assert former_names({"host1": away}, {"host2": here}) == [FormerName("host1")]
    assert former_names({"host1": away}, {"host1": HOST1, "host2": here}) == []


def test_what_was_on_its_way_when_a_host_was_forgotten_does_not_bring_it_back() -> None:
    hosts, gone = KnownHosts(), replace(HOST1, alive=False)
    assert hosts.replace((gone,)) == [replace(KEPT1, datapath_type="netdev")]
    with hosts.forgetting(gone):
        pass
    assert (hosts.replace((gone,)), dict(hosts.by_name)) == ([], {})


def test_what_comes_while_a_host_is_being_forgotten_does_not_bring_it_back() -> None:
    hosts, gone = KnownHosts(), replace(HOST1, alive=False)
    hosts.replace((gone,))
    news = replace(gone, tunnel_address="192.0.2.9")
    with hosts.forgetting(gone):
        assert hosts.replace((news,)) == []
    assert (hosts.replace((news,)), dict(hosts.by_name)) == ([], {})


def test_a_host_that_could_not_be_forgotten_is_known() -> None:
    hosts, gone = KnownHosts(), replace(HOST1, alive=False)
    hosts.replace((gone,))
    with pytest.raises(StoreUnavailable), hosts.forgetting(gone):
        raise StoreUnavailable("it is locked")
    assert dict(hosts.by_name) == {"host1": gone}
    news = replace(gone, tunnel_address="192.0.2.9")
    assert hosts.replace((news,)) == [replace(KEPT1, datapath_type="netdev", address="192.0.2.9")]


def test_a_host_that_was_forgotten_comes_back_when_it_connects() -> None:
    hosts, gone = KnownHosts(), replace(HOST1, alive=False)
    hosts.replace((gone,))
    with hosts.forgetting(gone):
        pass
    assert hosts.replace((replace(HOST1, last_contact=LATER),)) == [replace(KEPT1, seen_at=LATER)]
    assert hosts.by_name["host1"].alive


def test_what_reports_told_before_the_store_was_read_counts() -> None:
    hosts = KnownHosts()
    hosts.replace((HOST1,))
    hosts.remember([replace(KEPT1, datapath_type="system"), KnownHost("host2", NOW)])
    assert {name: report.datapath_type for name, report in hosts.by_name.items()} == {
        "host1": "netdev",
        "host2": "",
    }


def test_a_former_name_that_the_store_has_goes_also_if_nothing_was_told_before() -> None:
    hosts = KnownHosts()
    hosts.remember([replace(KEPT1, system_id="s")])
    renamed = replace(HOST1, host="host2", system_id="s", former_names=("host1",))
    assert FormerName("host1") in hosts.replace((renamed,), all_had_time=False)
    assert set(hosts.by_name) == {"host2"}


def test_the_store_keeps_hosts_and_forgets_them(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/osken-net.db")
    with store.write() as transaction:
        transaction.keep_host(KEPT1)
        transaction.keep_host(KnownHost("host2", NOW, "system", "192.0.2.2"))
        transaction.keep_host(replace(KEPT1, seen_at=LATER))
        transaction.forget_host("host2")
        transaction.forget_host("nothing")
    with store.read() as view:
        assert view.known_hosts() == [replace(KEPT1, seen_at=LATER)]


def test_the_store_keeps_which_host_each_is_until_that_is_forgotten(tmp_path: Path) -> None:
    store, kept = Store(f"sqlite:///{tmp_path}/osken-net.db"), replace(KEPT1, system_id="s")
    with store.write() as transaction:
        transaction.keep_host(kept)
        transaction.keep_host(replace(kept, former_names=("old", "older")))
    with store.read() as view:
        assert view.known_hosts() == [replace(kept, former_names=("old", "older"))]
        assert whole(view).identities == (HostIdentity("host1", "s", ("old", "older")),)
    with store.write() as transaction:
        transaction.forget_host("host1")
        transaction.keep_host(KEPT1)
        assert transaction.known_hosts() == [KEPT1]


def test_hosts_of_a_database_of_before_are_known_by_name_until_they_show_themselves(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/osken-net.db"
    store = Store(url)
    with store.write() as transaction:
        transaction.keep_host(KEPT1)
    with closing(sqlite3.connect(tmp_path / "osken-net.db")) as database:
        database.execute("DROP TABLE host_identities")
    with store.read() as view:  # as one that cannot be written
        assert view.known_hosts() == [KEPT1]
    with Store(url).write() as transaction:
        assert transaction.known_hosts() == [KEPT1]
        transaction.keep_host(replace(KEPT1, system_id="s"))
        assert transaction.known_hosts() == [replace(KEPT1, system_id="s")]


def test_what_a_host_was_called_is_kept() -> None:
    kept = replace(KEPT1, system_id="s", former_names=("old",))
    told = replace(HOST1, system_id="", former_names=("older", "old"))
    assert learned({"host1": kept}, [told]) == [replace(kept, former_names=("older", "old"))]
    told = replace(HOST1, system_id="t", former_names=())
    assert learned({"host1": kept}, [told]) == [replace(kept, system_id="t", former_names=())]


def test_of_too_many_hosts_those_without_ports_that_were_seen_least_lately_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_hosts, "MAX_KNOWN_HOSTS", 2)
    client = client_of(tmp_path)
    port_id = str(client.make("port", network_id=client.make("network")["id"])["id"])
    with client.store.write() as transaction:
        record(transaction, [PortReport(port_id, Binding("host0", 1), PortStatus.ACTIVE)])
        for number in range(5):
            transaction.keep_host(KnownHost(f"host{number}", NOW + timedelta(seconds=number)))
        assert [host.name for host in transaction.known_hosts()] == ["host0", "host3", "host4"]


def test_while_there_is_room_no_port_is_looked_at_to_keep_a_host(tmp_path: Path) -> None:
    client = client_of(tmp_path)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    with client.store.write() as transaction:
        event.listen(transaction._connection.engine, "before_cursor_execute", note)
        transaction.keep_host(KnownHost("host1", NOW))
        assert any("INSERT INTO known_hosts" in statement for statement in statements)
        assert not any("ports" in statement for statement in statements)


def test_too_many_hosts_are_not_kept_in_memory_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_hosts, "MAX_KNOWN_HOSTS", 2)
    kept = {
        f"host{number}": KnownHost(f"host{number}", NOW + timedelta(seconds=number)) for number in range(4)
    }
    assert set(known_hosts.bounded(kept, {"host0"})) == {"host0", "host3"}
