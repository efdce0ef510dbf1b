"""What the journal tells of a port after its client's requests."""

import tracemalloc
from ipaddress import IPv4Address

import pytest

from osken_apps.dhcp.decision import AnswerReason, Decision, SilenceReason
from osken_apps.dhcp.journal import MAX_MESSAGES, Entry, Journal, Lease, PortJournal
from osken_apps.dhcp.message import MessageType
from osken_apps.dhcp.reservation import Defaults
from osken_apps.model.resources import FixedIp
from tests.packet.dhcp_scenario import (
    DECLINE,
    DISCOVER,
    INFORM,
    RELEASE,
    REQUEST,
    SERVICE,
    SUBNET,
    frame,
    respond,
    service,
)

OURS, ADDRESS = ("server_id", "10.10.10.3"), ("requested_addr", "10.10.10.2")
DISCOVERS = frame(DISCOVER)
SELECTS = frame(REQUEST, OURS, ADDRESS)
RENEWS = frame(REQUEST, ciaddr="10.10.10.2", ip={"src": "10.10.10.2", "dst": "10.10.10.3"}, xid=7)
RELEASES = frame(RELEASE, OURS, ciaddr="10.10.10.2")
DECLINES = frame(DECLINE, OURS, ADDRESS)
INFORMS = frame(INFORM, ciaddr="10.10.10.2")
WRONG = frame(REQUEST, ("requested_addr", "10.10.10.77"))
VM = IPv4Address("10.10.10.2")
OFFERED = Decision(MessageType.DISCOVER, MessageType.OFFER, AnswerReason.OFFERED, VM, "", 600)
OVER = Decision(None, None, SilenceReason.OVER_BUDGET)
GRANTED = Decision(MessageType.REQUEST, MessageType.ACK, AnswerReason.SELECTED, VM, "", 600)


def after(*events, served=SERVICE, in_conflict=False):
    """Give a port's journal after requests at their times."""
    journal = Journal()
    for at, octets in events:
        outcome = respond(octets, served, Defaults(600, "", ()), in_conflict=in_conflict)
        journal.record("vm", at, outcome.xid, outcome.decision)
    return journal.of("vm")


def test_an_offer_is_no_lease():
    assert after((1, DISCOVERS)).lease() is None


def test_a_lease_begins_with_the_ack_and_is_as_long_as_that_said():
    assert after((1, DISCOVERS), (2, SELECTS)).lease() == Lease(VM, 2, 602)
    assert after((2, SELECTS), served=service(extra=[("lease-time", "90")])).lease() == Lease(VM, 2, 92)


def test_a_lease_without_end_does_not_expire():
    assert after((2, SELECTS), served=service(extra=[("lease-time", "infinite")])).lease() == Lease(
        VM, 2, None
    )


def test_a_renewal_makes_a_lease_longer():
    assert after((2, SELECTS), (300, RENEWS), (301, INFORMS), (302, WRONG)).lease() == Lease(VM, 300, 900)


def test_a_released_or_declined_lease_is_none_until_the_next_ack():
    leases = [
        after((2, SELECTS), (3, RELEASES)).lease(),
        after((2, SELECTS), (3, DECLINES)).lease(),
        after((2, SELECTS), (3, RELEASES), (4, SELECTS)).lease(),
    ]
    assert leases == [None, None, Lease(VM, 4, 604)]


def test_a_refusal_of_the_lease_s_address_ends_it_and_of_another_does_not():
    moved = service(port={"fixed_ips": (FixedIp(SUBNET.id, IPv4Address("10.10.10.9")),)})
    journal = Journal()
    leases = []
    for at, octets, served in (
        (2, SELECTS, SERVICE),
        (3, WRONG, moved),
        (4, RENEWS, moved),
        (5, WRONG, moved),
    ):
        outcome = respond(octets, served, Defaults(600, "", ()))
        journal.record("vm", at, outcome.xid, outcome.decision)
        leases.append(journal.of("vm").lease())
    assert leases == [Lease(VM, 2, 602), Lease(VM, 2, 602), None, None]
    assert journal.of("vm").lease_event.time == 4


def test_a_refused_request_is_no_lease():
    assert after((2, SELECTS), in_conflict=True).lease() is None


def test_a_flood_does_not_hide_the_lease_and_does_not_fill_the_journal():
    journal = after((2, SELECTS), *[(3 + number, DISCOVERS) for number in range(100)])
    assert (len(journal.entries), journal.lease()) == (32, Lease(VM, 2, 602))


def test_messages_of_one_transaction_are_together():
    told = [
        (xid, [(entry.time, entry.decision.reason.name) for entry in entries])
        for xid, entries in after((1, DISCOVERS), (2, SELECTS), (300, RENEWS)).transactions()
    ]
    assert told == [(0x1234ABCD, [(1, "OFFERED"), (2, "SELECTED")]), (7, [(300, "RENEWED")])]


def test_what_cannot_be_read_is_recorded_with_its_reason():
    (entry,) = after((1, DISCOVERS[:-200])).entries
    assert (entry.xid, entry.decision.reason.name) == (None, "MALFORMED")
    assert entry.decision.detail.startswith("IPv4 header 0x45 with length")


def test_of_a_flood_that_is_over_its_budget_only_the_first_is_kept():
    journal = Journal()
    for decision in (OFFERED, OVER, OVER, OVER, OFFERED, OVER, OVER):
        journal.record("vm", 1.0, None, decision)
    assert [entry.decision for entry in journal.of("vm").entries] == [OFFERED, OVER, OFFERED, OVER]


def record(journal, port_id, count, at=1.0):
    for number in range(count):
        journal.record(port_id, at + number, number, OFFERED)


def test_asking_for_a_journal_makes_none():
    journal = Journal()
    assert journal.of("vm") == PortJournal()
    record(journal, "vm", 1)
    assert len(journal.of("vm").entries) == 1


def test_a_journal_ends_with_its_port():
    journal = Journal()
    journal.record("vm", 2, 7, GRANTED)
    journal.forget("vm")
    journal.forget("nobody")
    assert journal.of("vm") == PortJournal()


def test_with_too_many_messages_those_of_the_port_that_was_quiet_the_longest_go_and_its_lease_stays(
    monkeypatch,
):
    monkeypatch.setattr("osken_apps.dhcp.journal.MAX_MESSAGES", 64)
    journal = Journal()
    journal.record("a", 2, 7, GRANTED)
    record(journal, "b", 31)
    record(journal, "a", 1)
    record(journal, "c", 31)
    assert [len(journal.of(port_id).entries) for port_id in "abc"] == [2, 31, 31]
    record(journal, "c", 1)
    assert [len(journal.of(port_id).entries) for port_id in "abc"] == [2, 0, 32]
    record(journal, "b", 5)
    record(journal, "d", 31)
    assert [len(journal.of(port_id).entries) for port_id in "abcd"] == [0, 5, 0, 31]
    assert journal.of("a").lease() == Lease(VM, 2, 602)


@pytest.mark.parametrize("at_once", [1, 2, 2000])
def test_the_newest_messages_come_first_whatever_their_port(at_once, monkeypatch):
    monkeypatch.setattr("osken_apps.dhcp.journal.PORTS_AT_ONCE", at_once)
    journal = Journal()
    for at, port_id in enumerate("abacabcb"):
        journal.record(port_id, float(at), at, OFFERED)
    told = [(port_id, entry.time) for port_id, entry in journal.since(2.0)]
    assert told == [(port_id, float(at)) for at, port_id in enumerate("abacabcb")][:1:-1]
    assert [entry.time for _, entry in journal.since(1.0, "b")] == [7, 5, 1]


@pytest.mark.parametrize("at_once", [1, 2, 3, 2000])
def test_what_is_recorded_while_messages_are_read_neither_comes_nor_harms(at_once, monkeypatch):
    monkeypatch.setattr("osken_apps.dhcp.journal.PORTS_AT_ONCE", at_once)
    journal = Journal()
    for at, port_id in enumerate("abacabcb"):
        journal.record(port_id, float(at), at, OFFERED)
    reading = journal.since(0.0)
    told = [next(reading)]
    record(journal, "a", 40, at=100.0)  # its older messages go
    record(journal, "new", 1, at=100.0)
    journal.forget("c")
    told += reading
    assert [(port_id, entry.time) for port_id, entry in told] == [
        ("b", 7), ("c", 6), ("b", 5), ("c", 3), ("b", 1)
    ]  # fmt: skip


def test_who_takes_the_newest_message_waits_for_no_other():
    journal = Journal()
    for number in range(1000):
        record(journal, f"port {number}", 2, at=float(number))
    compared = []

    class Watched(list):
        def __iter__(self):
            compared.append(self)
            return super().__iter__()

    journal._messages.update({port_id: Watched(kept) for port_id, kept in journal._messages.items()})
    assert next(journal.since(0.0)) == ("port 999", Entry(1000.0, 1, OFFERED))
    assert len(compared) < 5


@pytest.mark.parametrize(("of_port", "octets"), [(1, 650), (32, 400)])
def test_what_is_kept_of_a_message_has_a_bound(of_port, octets, monkeypatch):
    monkeypatch.setattr("osken_apps.dhcp.journal.MAX_MESSAGES", 4_000)
    journal = Journal()
    tracemalloc.start()
    try:
        for number in range(6_000):
            decision = OFFERED._replace(detail=f"a detail of a usual length, {number:06}")
            journal.record(f"port {number // of_port}", float(number), number + 10**6, decision)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (used < octets * 4_000, MAX_MESSAGES) == (True, 100_000), used
