"""An error of ours about one host, session, packet, row, message or task costs that one, and no other; each
is counted for the metrics, and logged.

What one about a port costs is in `tests/model/test_what_an_error_costs.py`.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from osken_apps import failures
from osken_apps.apps import audit, edge, host_reports, runtime
from osken_apps.apps.bridge_dhcp import BridgeService
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.packet_ins import Arrivals
from osken_apps.apps.peers import Peers
from osken_apps.apps.reconcile import HostReconciler
from osken_apps.apps.rest_link import RestLink
from osken_apps.failures import Failures, noted
from osken_apps.link import LinkClosed, Ping, Pong, SnapshotWanted
from osken_apps.model.changes import HostReport, Snapshot
from osken_apps.model.claims import Place
from osken_apps.model.counts import Histogram
from osken_apps.model.fabric import Fabric
from osken_apps.model.host import ShownHost
from osken_apps.model.known_hosts import KnownHost
from osken_apps.model.placement import Placement
from osken_apps.model.resources import Network
from osken_apps.rest import controller, process
from osken_apps.rest.controller_link import Speaker
from osken_apps.store import feed as feed_module
from osken_apps.store import view
from osken_apps.store.feed import Feed
from osken_apps.store.tables import form
from tests.golden.scenarios import LAYOUT
from tests.model.by_hand import ByHand
from tests.model.loading import load
from tests.model.switch import Ovsdb, SwitchBridge, SwitchConnection
from tests.model.test_networks_apart import port, tap
from tests.unit.hub_thread import in_a_hub
from tests.unit.rest_client import store_at
from tests.unit.test_metrics import HOST1

BROKEN, WELL = "broken", "well"


class Broken(ValueError):
    """An error of ours that a test has put somewhere."""


def breaking(work: Callable[..., Any], is_about: Callable[..., bool]) -> Callable[..., Any]:
    """Make a function that raises for what it is broken about."""

    def faulty(*arguments: Any, **named: Any) -> Any:
        if is_about(*arguments):
            raise Broken
        return work(*arguments, **named)

    return faulty


@pytest.fixture(autouse=True)
def _is_counted() -> Iterator[None]:
    before = noted.total()
    yield
    assert noted.total() > before


@pytest.fixture
def peers() -> Peers:
    """Give the bridges of two hosts, of which one breaks."""

    def serve(host: Any) -> HostReconciler:
        return ByHand(host, made, lambda bridge, snapshot: None, lambda reports: None)

    made = Hosts(Fabric(LAYOUT, failed=Failures().note), serve)
    load(made.fabric, Snapshot())
    peers = Peers(made)
    for number, name in enumerate((BROKEN, WELL)):
        bridge = SwitchBridge({"int-br-eth2": 1})
        connection = SwitchConnection(bridge, "br-int", f"192.0.2.{number}")
        peers.connected(connection, name)  # type: ignore[arg-type]
    return peers


@pytest.fixture
def hosts(peers: Peers) -> Hosts:
    """Give these hosts."""
    return peers.hosts


def test_a_host_that_cannot_be_reported_costs_no_other_its_report(
    peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_host = host_reports._of_host
    is_about = lambda _hosts, host, _rivals: host.name == BROKEN  # noqa: E731
    monkeypatch.setattr(host_reports, "_of_host", breaking(of_host, is_about))
    less, whole = host_reports.host_reports(peers)
    assert (less.host, less.alive, less.bridges) == (BROKEN, True, ("br-int",))
    assert less.trouble == "an error of the controller; see its log"
    assert (whole.host, whole.trouble) == (WELL, "")


def test_a_host_that_cannot_be_said_to_be_gone_keeps_no_other_waited_for(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (f"{BROKEN}2", f"{WELL}2"):
        hosts.fabric.host(name)
    is_gone = hosts.fabric.host_is_gone
    monkeypatch.setattr(hosts.fabric, "host_is_gone", breaking(is_gone, lambda name: BROKEN in name))
    hosts.wait_no_longer()
    waited_for = hosts.fabric.hosts.keys() & {f"{BROKEN}2", f"{WELL}2"}
    assert waited_for == {f"{BROKEN}2"}  # the other one is gone, and as it has no port forgotten


def test_a_host_that_cannot_be_audited_keeps_no_other_from_its_turn(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    audited: list[str] = []
    for name, host in hosts.by_name.items():
        look = breaking(lambda name=name: audited.append(name), lambda name=name: name == BROKEN)
        monkeypatch.setattr(host.reconciler, "audit", look)
    monkeypatch.setattr(audit, "turns", lambda *_: [(0, BROKEN), (0, WELL)])
    in_a_hub(lambda _hub: audit.audit_for_ever(hosts, 60))
    assert audited == [WELL]


def test_a_pass_that_breaks_over_what_a_bridge_shows_has_the_next_one_look_again(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, host = (
        Network("n", "default", physical_network="default", segmentation_id=1),
        hosts.by_name[BROKEN],
    )
    plugged = port(1, network)
    load(hosts.fabric, Snapshot((network, plugged)))
    bridge = host.bridges["br-int"]
    bridge.connection.bridge_in_memory.ports[tap(plugged)] = 5  # type: ignore[attr-defined]
    bridge.ports_changed = True
    claim, broken = Placement.claim, [Broken()]

    def faulty(placement: Placement, shown: ShownHost) -> set[str]:
        if broken:
            raise broken.pop()
        return claim(placement, shown)

    monkeypatch.setattr(Placement, "claim", faulty)
    assert host.reconciler and not host.reconciler.attempt()
    assert not broken and host.reconciler.attempt()
    assert hosts.fabric.claims.place_of(plugged.id) == Place(BROKEN, tap(plugged))


def test_a_session_that_is_not_recognized_costs_itself_when_the_store_is_known(
    peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = []
    for number, name in enumerate((BROKEN, WELL)):
        connection = peers.hosts.by_name[name].bridges["br-int"].connection
        session: Any = Ovsdb(name, (connection.id,), f"192.0.2.{number}")
        session.ended = []
        session.close = lambda session=session: session.ended.append(True)
        peers.session_shows(session, session.view())
        sessions.append(session)
    recognized: list[str] = []
    note, is_about = lambda _session, name: recognized.append(name), lambda _session, name: name == BROKEN
    recognize = breaking(note, is_about)
    monkeypatch.setattr(peers, "_recognize", recognize)
    peers.know_again()
    assert recognized == [WELL]
    assert [session.ended for session in sessions] == [[True], []]


def test_the_certificates_of_one_way_in_that_break_keep_no_other_from_being_read() -> None:
    looked: list[bool] = []

    def faulty(_is_asked: bool) -> None:
        raise Broken

    edges: Any = [SimpleNamespace(look=faulty), SimpleNamespace(look=looked.append)]
    edge.look_at(edges, is_asked=True)
    assert looked == [True]


# -- packets


def test_what_cannot_be_recorded_of_one_port_is_recorded_of_the_others() -> None:
    recorded: list[str] = []
    record = breaking(lambda port_id, *_: recorded.append(port_id), lambda port_id, *_: port_id == BROKEN)
    service = BridgeService({}, Counter(), record, Histogram((1.0,)), Failures())
    outcome: Any = SimpleNamespace(decision=SimpleNamespace(reason="acknowledged"))
    service._decided = [(SimpleNamespace(port_id=port_id), outcome) for port_id in (BROKEN, WELL)]  # type: ignore[misc]
    service.after_answers()
    assert recorded == [WELL]


def test_a_machine_that_comes_and_cannot_be_heard_costs_no_other(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    hear = breaking(lambda _host, port_id: heard.append(port_id), lambda _host, port_id: port_id == BROKEN)
    monkeypatch.setattr(hosts.fabric, "hear_guest", hear)
    snapshot: Any = SimpleNamespace(waiting=())
    arrivals = Arrivals(hosts.by_name[WELL], hosts, snapshot)
    arrivals._heard = {WELL: b"", BROKEN: b""}
    arrivals.after_answers()
    assert heard == [WELL]


# -- the store and the link


def test_a_row_that_cannot_be_read_is_left_out_of_the_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_at(f"sqlite:///{tmp_path}/osken-net.db")
    with store.write() as transaction:
        for number in range(1, 6):
            network_id = BROKEN if number == 3 else f"n{number}"
            transaction.create(
                Network(network_id, "default", physical_network="default", segmentation_id=number)
            )
    store.close()
    store = store_at(f"sqlite:///{tmp_path}/osken-net.db")  # which has no row in memory
    monkeypatch.setattr(feed_module, "RESOURCES_A_PART", 4)
    made_of = form(Network)
    faulty = replace(made_of, resource=breaking(made_of.resource, lambda row: BROKEN in row))
    monkeypatch.setattr(view, "form", lambda kind: faulty if kind is Network else form(kind))
    feed = Feed(store, lambda: None)
    told: list[str] = []
    while message := feed.take():
        assert not hasattr(message, "changes")
        told += [item.id for item in message.part.resources if isinstance(item, Network)]  # type: ignore[union-attr]
        if message.last:  # type: ignore[union-attr]
            break
    assert told == ["n1", "n2", "n4", "n5"]
    assert f"a row of Network is left out: id {BROKEN}" in caplog.messages
    store.close()


class Wire:
    """The end of a link on which some message cannot be sent, and that is closed after some others."""

    def __init__(self, last: int) -> None:
        self.sent: list[object] = []
        self._last = last

    def send(self, message: object) -> None:
        if isinstance(message, SnapshotWanted):
            raise Broken
        self.sent.append(message)
        if len(self.sent) == self._last:
            raise LinkClosed


def test_a_message_for_the_rest_process_that_cannot_be_sent_costs_itself(peers: Peers) -> None:
    wire: Any = Wire(1)

    def work(_hub: object) -> None:
        link = RestLink(wire, peers, lambda question: None, lambda _id: None, lambda _store: None, Failures())
        for message in (SnapshotWanted(), Ping()):
            link.put(message)
        link._write()

    in_a_hub(work)
    assert wire.sent == [Ping()]


def test_a_message_for_the_controller_that_cannot_be_sent_costs_itself() -> None:
    wire: Any = Wire(2)
    speaker = Speaker(wire, Failures())
    for message in (Pong(), SnapshotWanted(), Pong()):
        speaker.say(message)  # type: ignore[arg-type]
    speaker.run()
    assert wire.sent == [Pong(), Pong()]


def test_a_host_that_the_api_cannot_show_is_shown_as_it_was_and_the_others_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = controller.KnownHosts()
    reports = [replace(HOST1, host=name) for name in (BROKEN, WELL)]
    shown.replace(reports)
    shown.remember([KnownHost(name, HOST1.last_contact) for name in (BROKEN, WELL)])
    well = controller.report_of
    monkeypatch.setattr(controller, "report_of", breaking(well, lambda known, *_: known.name == BROKEN))
    later: list[HostReport] = [replace(report, repairs=9) for report in reports]
    shown.replace(later)
    assert shown.by_name[WELL].repairs == 9
    assert shown.by_name[BROKEN].host == BROKEN


# -- tasks


def test_a_task_that_others_count_on_begins_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(failures, "BEGIN_AGAIN_S", 0.001)
    monkeypatch.setattr(runtime, "_failures", Failures())
    begun: list[int] = []

    def serve(done: runtime.Once) -> None:
        begun.append(1)
        if len(begun) < 3:
            raise Broken
        done.send()

    def work(_hub: object) -> None:
        done = runtime.once()
        runtime.spawn_for_ever(serve, done)
        assert runtime.wait_within(5.0, done)

    in_a_hub(work)
    assert len(begun) == 3
    assert len(caplog.messages) == 1
    assert caplog.messages[0].endswith("serve ended by an error, and begins again")


def test_a_thread_that_others_count_on_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "BEGIN_AGAIN_S", 0.001)
    begun: list[int] = []
    done = threading.Event()

    def serve() -> None:
        begun.append(1)
        if len(begun) < 3:
            raise Broken
        done.set()

    process._for_ever(Failures(), serve)
    assert done.wait(5.0)
    assert len(begun) == 3
