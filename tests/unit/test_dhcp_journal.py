"""What the journal tells of a port after its client's requests."""

from ipaddress import IPv4Address

from osken_apps.dhcp.journal import Journal, Lease
from osken_apps.dhcp.server import Circumstances, Defaults, respond
from tests.packet.dhcp_scenario import DECLINE, DISCOVER, INFORM, RELEASE, REQUEST, SERVICE, frame, service

OURS, ADDRESS = ("server_id", "10.10.10.3"), ("requested_addr", "10.10.10.2")
DISCOVERS = frame(DISCOVER)
SELECTS = frame(REQUEST, OURS, ADDRESS)
RENEWS = frame(REQUEST, ciaddr="10.10.10.2", ip={"src": "10.10.10.2", "dst": "10.10.10.3"}, xid=7)
RELEASES = frame(RELEASE, OURS, ciaddr="10.10.10.2")
DECLINES = frame(DECLINE, OURS, ADDRESS)
INFORMS = frame(INFORM, ciaddr="10.10.10.2")
WRONG = frame(REQUEST, ("requested_addr", "10.10.10.77"))
VM = IPv4Address("10.10.10.2")


def after(*events, served=SERVICE, circumstances=None):
    """Give a port's journal after requests at their times."""
    journal = Journal().of("vm")
    for at, octets in events:
        outcome = respond(octets, served, Defaults(600, "", ()), circumstances or Circumstances())
        journal.record(at, outcome.xid, outcome.decision)
    return journal


def test_an_offer_is_no_lease():
    assert after((1, DISCOVERS)).lease(600) is None


def test_a_lease_begins_with_the_ack_and_is_as_long_as_that_said():
    assert after((1, DISCOVERS), (2, SELECTS)).lease(1) == Lease(VM, 2, 602)
    assert after((2, SELECTS), served=service(extra=[("lease-time", "90")])).lease(600) == Lease(VM, 2, 92)


def test_a_renewal_makes_a_lease_longer():
    assert after((2, SELECTS), (300, RENEWS), (301, INFORMS), (302, WRONG)).lease(600) == Lease(VM, 300, 900)


def test_a_released_or_declined_lease_is_none_until_the_next_ack():
    leases = [
        after((2, SELECTS), (3, RELEASES)).lease(600),
        after((2, SELECTS), (3, DECLINES)).lease(600),
        after((2, SELECTS), (3, RELEASES), (4, SELECTS)).lease(600),
    ]
    assert leases == [None, None, Lease(VM, 4, 604)]


def test_a_refused_request_is_no_lease():
    assert after((2, SELECTS), circumstances=Circumstances(in_conflict=True)).lease(600) is None


def test_a_flood_does_not_hide_the_lease_and_does_not_fill_the_journal():
    journal = after((2, SELECTS), *[(3 + number, DISCOVERS) for number in range(100)])
    assert (len(journal.entries), journal.lease(600)) == (32, Lease(VM, 2, 602))


def test_messages_of_one_transaction_are_together():
    told = [
        (xid, [(entry.time, entry.decision.reason.name) for entry in entries])
        for xid, entries in after((1, DISCOVERS), (2, SELECTS), (300, RENEWS)).transactions()
    ]
    assert told == [(0x1234ABCD, [(1, "OFFERED"), (2, "SELECTED")]), (7, [(300, "RENEWED")])]


def test_a_port_keeps_its_journal_until_it_is_forgotten():
    journal = Journal()
    first = journal.of("vm")
    assert journal.of("vm") is first
    journal.forget("vm")
    assert journal.of("vm") is not first
