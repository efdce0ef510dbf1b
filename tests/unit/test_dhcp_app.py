"""The controller's DHCP application: what one packet may cost, what is recorded, logged and shown."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from ipaddress import IPv4Address
from types import SimpleNamespace
from typing import Any

import pytest

from osken_apps.apps import dhcp_shown, runtime
from osken_apps.apps.bridge_dhcp import BridgeService, PortService
from osken_apps.apps.dhcp import Dhcp
from osken_apps.apps.host import Bridge, Host
from osken_apps.dhcp.decision import AnswerReason, SilenceReason
from osken_apps.dhcp.journal import Journal
from osken_apps.dhcp.reservation import Defaults, reservation_of
from osken_apps.dhcp.responder import MAX_NEW_ANSWERS, Responder
from osken_apps.dhcp.server import Outcome
from osken_apps.failures import Failures
from osken_apps.model.changes import Deleted, Snapshot, Upserted
from osken_apps.model.counts import Histogram
from osken_apps.model.dhcp_service import DhcpService
from osken_apps.model.fabric import Fabric
from osken_apps.model.resources import FixedIp, Port
from osken_apps.model.snapshot import BoundPort, HostSnapshot, Layout, Segment
from osken_apps.questions import DhcpTransactions
from tests.bench.fake_switch import packet_in
from tests.model.loading import load
from tests.packet.dhcp_scenario import (
    DECLINE,
    DEFAULTS,
    DISCOVER,
    NETWORK,
    PORT,
    REQUEST,
    SERVICE,
    SUBNET,
    VM_MAC,
    frame,
)

OFPORT = 5
OURS, ADDRESS = ("server_id", "10.10.10.3"), ("requested_addr", "10.10.10.2")
SEGMENT = Segment(NETWORK.id, "default", 1000, 1)
BOUND = BoundPort(
    port_id=PORT.id,
    mac_address=PORT.mac_address,
    interface="tap",
    ofport=OFPORT,
    segment=SEGMENT,
    has_dhcp=True,
    dhcp=SERVICE,
    server=SERVICE.server,
)
BROKEN = frame(DISCOVER, ip={"chksum": 1})
STRANGER = frame(DISCOVER, ethernet={"src": "52:54:00:00:00:01"})


class World:
    """One bridge with one port, as the application serves it."""

    def __init__(self) -> None:
        self.port = PortService(BOUND, True, DEFAULTS)
        self.counters: Counter[Any] = Counter()
        self.journal = Journal()
        self.durations = Histogram((0.001, 1.0))
        self.service = BridgeService(
            {OFPORT: self.port}, self.counters, self._record, self.durations, Failures()
        )

    def _record(self, port_id: str, outcome: Outcome, now: float) -> None:
        self.journal.record(port_id, now, outcome.xid, outcome.decision)

    def take(self, *frames: bytes, ofport: int = OFPORT) -> list[bytes | None]:
        """Let frames come in one after the other."""
        answers = [self.service.answer(packet_in(ofport, octets)) for octets in frames]
        self.service.after_answers()
        return answers

    def counted(self) -> dict[str, int]:
        return {reason.name: count for reason, count in self.counters.items()}

    def reasons(self) -> list[str]:
        return [entry.decision.reason.name for entry in self.journal.of(PORT.id).entries]


@pytest.fixture
def world() -> World:
    return World()


def test_a_packet_in_is_answered_out_of_its_port_counted_and_recorded(world: World) -> None:
    answer, nothing = world.take(frame(DISCOVER), STRANGER)
    assert answer is not None
    assert (answer[28:32], nothing) == (OFPORT.to_bytes(4, "big"), None)
    assert world.counted() == {"OFFERED": 1, "HARDWARE_ADDRESS": 1}
    assert world.reasons() == ["OFFERED", "HARDWARE_ADDRESS"]


def test_a_packet_that_cannot_be_read_is_in_its_port_s_journal(world: World) -> None:
    world.take(BROKEN)
    assert world.counted() == {"MALFORMED": 1}
    assert world.reasons() == ["MALFORMED"]


def test_a_packet_from_a_port_that_is_not_bound_is_counted(world: World) -> None:
    assert world.take(frame(DISCOVER), ofport=OFPORT + 1) == [None]
    assert world.counted() == {"NOT_BOUND": 1}


def test_a_flood_of_new_requests_is_counted_where_it_is_over_the_port_s_budget(world: World) -> None:
    world.take(*[frame(DISCOVER, ("client_id", bytes((1, number)))) for number in range(100)])
    counted = world.counted()
    assert counted["OFFERED"] + counted["OVER_BUDGET"] == 100
    assert MAX_NEW_ANSWERS <= counted["OFFERED"] <= 2 * MAX_NEW_ANSWERS


def test_a_packet_in_that_is_cut_off_is_counted(world: World) -> None:
    assert world.service.answer(packet_in(OFPORT, b"")[:20]) is None
    assert world.counted() == {"MALFORMED": 1}


def test_an_error_about_one_packet_costs_that_packet_and_is_logged_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    respond = world.port.responder.respond

    def breaks(octets: bytes, now: float) -> Any:
        if octets == STRANGER:
            raise RuntimeError("boom")
        return respond(octets, now)

    world.port.responder = SimpleNamespace(respond=breaks)  # type: ignore[assignment]
    first, second, third = world.take(STRANGER, STRANGER, frame(DISCOVER))
    assert (first, second, third is not None) == (None, None, True)
    assert world.counted() == {"FAILED": 2, "OFFERED": 1}
    (logged,) = caplog.records
    assert PORT.id in logged.getMessage()
    assert STRANGER.hex() in logged.getMessage()


def test_each_decision_is_a_line_at_level_debug_after_the_answers(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "osken_apps.apps.bridge_dhcp")
    for octets in (frame(DISCOVER), STRANGER, frame(None), BROKEN):
        world.service.answer(packet_in(OFPORT, octets))
    assert caplog.messages == []
    world.service.after_answers()
    about = f"port {PORT.id} ({VM_MAC}):"
    disagree = f"chaddr is {VM_MAC}, the source 52:54:00:00:00:01; the port's is {VM_MAC}"
    wrong = "IPv4 header checksum is wrong"
    assert caplog.messages == [
        f"{about} DISCOVER is answered with OFFER 10.10.10.2: {AnswerReason.OFFERED}",
        f"{about} DISCOVER is answered with nothing: {SilenceReason.HARDWARE_ADDRESS}: {disagree}",
        f"{about} a message is answered with a reply 10.10.10.2: {AnswerReason.BOOTP}",
        f"{about} a message is answered with nothing: {SilenceReason.MALFORMED}: {wrong}",
    ]


def test_at_other_levels_no_line_is_made(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "osken_apps.apps.bridge_dhcp")
    world.port.mac_address = None  # type: ignore[assignment]
    world.take(frame(DISCOVER))
    assert caplog.messages == []


class FakeHosts:
    """Hosts of which only the inventory matters: it holds the port."""

    def __init__(self) -> None:
        self.fabric = Fabric(Layout("br-int", (("default", "br-eth2"),)))
        load(self.fabric, Snapshot((NETWORK, SUBNET, PORT)))
        self.woken: list[set[str]] = []

    def wake(self, hosts: set[str]) -> None:
        self.woken.append(hosts)


class Connection:
    """A bridge's connection."""


@pytest.fixture
def app() -> Dhcp:
    return Dhcp(FakeHosts(), DEFAULTS)  # type: ignore[arg-type]


def serve(app: Dhcp, *ports: BoundPort) -> BridgeService:
    """Have the application serve the port, or these; give what answers their packets."""
    connection: Any = Connection()
    snapshot = HostSnapshot("host1", {}, (SEGMENT,), ports or (BOUND,))
    return app.handler(Bridge(Host("host1"), "br-int", connection), snapshot)


def ask(service: BridgeService, *frames: bytes) -> None:
    """Let frames of the port come in."""
    for octets in frames:
        service.answer(packet_in(OFPORT, octets))
    service.after_answers()


def test_an_error_that_comes_again_after_its_port_was_changed_is_not_told_again(
    app: Dhcp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(_responder: Responder, _octets: bytes, _now: float) -> Any:
        raise RuntimeError("boom")

    monkeypatch.setattr(Responder, "respond", breaks)
    for host_name in ("one", "two", "three"):
        ask(serve(app, replace(BOUND, dhcp=replace(SERVICE, host_name=host_name))), frame(DISCOVER))
    (logged,) = caplog.records
    assert (PORT.id in logged.getMessage(), logged.exc_info is not None) == (True, True)


def test_an_error_about_what_one_port_is_told_costs_no_other_its_answers(
    app: Dhcp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(service: DhcpService | None, defaults: Defaults, **further: bool) -> Any:
        if service is None:
            raise RuntimeError("boom")
        return reservation_of(service, defaults, **further)

    monkeypatch.setattr("osken_apps.apps.bridge_dhcp.reservation_of", breaks)
    other = replace(BOUND, port_id="other", ofport=OFPORT - 1, dhcp=None)
    served = serve(app, other, BOUND)
    assert list(served.ports) == [OFPORT]
    assert "what a port is told could not be made: other" in caplog.text


def test_what_a_port_s_client_did_is_shown_in_the_api_s_words_and_times(
    app: Dhcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve(app)
    monkeypatch.setattr("time.time", lambda: 1_780_000_000.9)
    ask(service, frame(DISCOVER), frame(REQUEST, OURS, ADDRESS), BROKEN)
    shown = app.port_dhcp(PORT.id)
    assert shown["lease"] == {
        "ip_address": "10.10.10.2",
        "granted_at": "2026-05-28T20:26:40Z",
        "expires_at": "2026-05-29T20:26:40Z",
    }
    assert [transaction["xid"] for transaction in shown["transactions"]] == ["0x1234abcd", None]
    (unread,) = shown["transactions"][1]["messages"]
    assert unread == {
        "time": "2026-05-28T20:26:40Z",
        "received": None,
        "sent": None,
        "outcome": "malformed",
        "reason": "the packet is not what its protocol says: IPv4 header checksum is wrong",
        "ip_address": None,
        "omitted_options": [],
        "shortened_options": [],
    }


def test_the_last_messages_of_all_ports_are_told_by_time_port_host_and_outcome(
    app: Dhcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve(app)
    for at, octets in ((100.0, frame(DISCOVER)), (200.5, frame(REQUEST, OURS, ADDRESS)), (300.0, BROKEN)):
        monkeypatch.setattr("time.time", lambda at=at: at)
        ask(service, octets)

    def told(since: float = 0, port_id: str = "", host: str = "", outcome: str = "") -> list[Any]:
        shown = app.transactions(DhcpTransactions(since, port_id, host, outcome))
        assert shown["more"] is False
        return [(message["outcome"], message["time"]) for message in shown["dhcp_transactions"]]

    offered, selected, malformed = (
        ("offered", "1970-01-01T00:01:40Z"),
        ("selected", "1970-01-01T00:03:20Z"),
        ("malformed", "1970-01-01T00:05:00Z"),
    )
    assert told() == told(port_id=PORT.id) == [offered, selected, malformed]
    assert told(since=200) == [selected, malformed]
    assert told(outcome="selected") == [selected]
    assert told(since=301) == told(port_id="another") == told(host="another") == []
    (first, *_) = app.transactions(DhcpTransactions(0))["dhcp_transactions"]
    assert (first["port_id"], first["xid"], first["received"]) == (PORT.id, "0x1234abcd", "DISCOVER")


def test_of_very_many_messages_the_newest_are_told(app: Dhcp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dhcp_shown, "MAX_MESSAGES", 2)
    ask(serve(app), frame(DISCOVER), frame(REQUEST, OURS, ADDRESS), BROKEN)
    told = app.transactions(DhcpTransactions(0))
    assert told["more"] is True
    assert len(told["dhcp_transactions"]) == 2


def test_a_lease_from_before_the_start_is_not_denied(monkeypatch: pytest.MonkeyPatch, app: Dhcp) -> None:
    shown = app.port_dhcp("vm")
    assert shown["lease"] is None
    assert len(shown["known_since"]) == len("2026-05-28T20:26:40Z")


def test_to_ask_for_a_port_s_dhcp_keeps_nothing(app: Dhcp) -> None:
    for number in range(1000):
        assert app.port_dhcp(f"port {number}")["transactions"] == []
    assert not app._journal._messages


def test_a_service_that_outlives_its_port_leaves_nothing(app: Dhcp) -> None:
    service = serve(app)
    ask(service, frame(REQUEST, OURS, ADDRESS), frame(DECLINE, OURS, ADDRESS))
    assert app.port_dhcp(PORT.id)["conflict"] == "10.10.10.2"
    app._hosts.fabric.apply([Deleted(Port, PORT.id)])
    app.forget(PORT.id)
    ask(service, frame(REQUEST, OURS, ADDRESS), frame(DECLINE, OURS, ADDRESS))
    shown = app.port_dhcp(PORT.id)
    assert (shown["lease"], shown["conflict"], shown["transactions"]) == (None, None, [])


def test_a_declined_address_is_no_conflict_of_the_address_that_the_port_has_instead(app: Dhcp) -> None:
    fabric = app._hosts.fabric
    ask(serve(app), frame(DECLINE, OURS, ADDRESS))
    other = FixedIp(SUBNET.id, IPv4Address("10.10.10.9"))
    conflicts = []
    for fixed_ips in ((other,), (*PORT.fixed_ips, other), (other, *PORT.fixed_ips), ()):
        fabric.apply([Upserted(replace(PORT, fixed_ips=fixed_ips))])
        conflicts.append(app.port_dhcp(PORT.id)["conflict"])
    assert conflicts == [None, "10.10.10.2", None, None]


class Later:
    """What is to be done after some time, and is done when that has passed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._now = 0.0
        self.waiting: list[tuple[float, Callable[[], object]]] = []
        monkeypatch.setattr(runtime, "spawn_after", self._later)
        monkeypatch.setattr(runtime, "clock", lambda: self._now)

    def _later(self, seconds: float, work: Callable[..., object], *arguments: object) -> None:
        self.waiting.append((self._now + seconds, partial(work, *arguments)))

    def pass_until(self, now: float) -> None:
        self._now = now
        while due := [item for item in self.waiting if item[0] <= now]:
            self.waiting.remove(due[0])
            due[0][1]()


@pytest.mark.parametrize("is_readdressed", [True, False])
def test_an_address_is_kept_back_for_ten_minutes_after_it_was_declined_last(
    app: Dhcp, monkeypatch: pytest.MonkeyPatch, is_readdressed: bool
) -> None:
    later, address = Later(monkeypatch), PORT.fixed_ips[0].ip_address

    def decline(at: float, declined: Any) -> None:
        later.pass_until(at)
        fixed_ips = (FixedIp(SUBNET.id, declined),)
        app._hosts.fabric.apply([Upserted(replace(PORT, fixed_ips=fixed_ips))])
        reservation = replace(SERVICE, address=declined)
        asked = ("requested_addr", str(declined))
        ask(serve(app, replace(BOUND, dhcp=reservation)), frame(DECLINE, OURS, asked))

    decline(0, address)
    if is_readdressed:
        decline(300, IPv4Address("10.10.10.9"))
    decline(400, address)
    conflicts = []
    for now in (600, 900, 999, 1000):
        later.pass_until(now)
        conflicts.append(app.port_dhcp(PORT.id)["conflict"])
    assert conflicts == ["10.10.10.2", "10.10.10.2", "10.10.10.2", None]


def test_a_port_that_declines_again_and_again_is_waited_for_once(
    app: Dhcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = Later(monkeypatch)
    for now in range(5):
        later.pass_until(now)
        ask(serve(app), frame(DECLINE, OURS, ADDRESS))
    assert len(later.waiting) == 1


def test_nothing_is_waited_for_about_a_port_that_is_gone(app: Dhcp, monkeypatch: pytest.MonkeyPatch) -> None:
    later, woken = Later(monkeypatch), list[object]()
    ask(serve(app), frame(DECLINE, OURS, ADDRESS))
    app._hosts.fabric.apply([Deleted(Port, PORT.id)])
    app.forget(PORT.id)
    monkeypatch.setattr(app._hosts, "wake", woken.append)
    later.pass_until(600)
    assert (later.waiting, woken) == ([], [])


@pytest.mark.parametrize(
    ("machine", "sibling", "told"),
    [
        ("vm1", {}, False),
        ("vm1", {"device_id": "vm2"}, True),
        ("vm1", {"project_id": "other"}, True),
        ("vm1", {"created_at": datetime(2026, 1, 3, tzinfo=UTC)}, True),
        ("", {}, True),
    ],
)
def test_the_default_route_is_told_to_the_first_port_of_a_machine(
    app: Dhcp, machine: str, sibling: dict[str, Any], told: bool
) -> None:
    port = replace(PORT, device_id=machine, created_at=datetime(2026, 1, 2, tzinfo=UTC))
    first = replace(port, id="first", created_at=datetime(2026, 1, 1, tzinfo=UTC))
    app._hosts.fabric.apply([Upserted(port), Upserted(replace(first, **sibling))])
    answer = serve(app).answer(packet_in(OFPORT, frame(DISCOVER, asks=(3,))))
    assert answer is not None
    assert (b"\x03\x04\x0a\x0a\x0a\x01" in answer) is told


def test_a_new_snapshot_ends_what_is_known_of_ports_that_it_has_no_more(app: Dhcp) -> None:
    ask(serve(app), frame(REQUEST, OURS, ADDRESS), frame(DECLINE, OURS, ADDRESS))
    load(app._hosts.fabric, Snapshot())
    serve(app)
    shown = app.port_dhcp(PORT.id)
    assert (shown["lease"], shown["conflict"], shown["transactions"]) == (None, None, [])
    assert not app._journal.port_ids()
