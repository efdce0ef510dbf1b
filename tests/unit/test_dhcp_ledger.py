"""What the ledger tells of a port after its requests."""

from ipaddress import IPv4Address

from osken_apps.dhcp.ledger import Conflict, Lease, LeaseState, Ledger
from osken_apps.dhcp.server import Circumstances, Defaults, respond
from tests.packet.dhcp_scenario import DECLINE, DISCOVER, INFORM, RELEASE, REQUEST, SERVICE, frame

OURS, ADDRESS = ("server_id", "10.10.10.3"), ("requested_addr", "10.10.10.2")
DISCOVERS = frame(DISCOVER)
SELECTS = frame(REQUEST, OURS, ADDRESS)
RENEWS = frame(REQUEST, ciaddr="10.10.10.2", ip={"src": "10.10.10.2", "dst": "10.10.10.3"}, xid=7)
RELEASES = frame(RELEASE, OURS, ciaddr="10.10.10.2")
DECLINES = frame(DECLINE, OURS, ADDRESS)
INFORMS = frame(INFORM, ciaddr="10.10.10.2")
VM = IPv4Address("10.10.10.2")


def ledger_after(*events, lease_time_s=600):
    """Make a ledger after requests at their times."""
    ledger = Ledger()
    for at, octets in events:
        decision = respond(octets, SERVICE, Defaults(lease_time_s, "", ())).decision
        ledger.record("vm", decision, at)
    return ledger


def test_a_port_that_never_asked_has_nothing():
    ledger = Ledger()
    assert (ledger.lease("vm", 0), ledger.conflict("vm", 0), ledger.transactions("vm")) == (None, None, ())


def test_an_offer_is_no_lease():
    assert ledger_after((1, DISCOVERS)).lease("vm", 2) is None


def test_a_lease_begins_with_the_ack_and_ends_with_its_time():
    ledger = ledger_after((1, DISCOVERS), (2, SELECTS))
    assert ledger.lease("vm", 601) == Lease(VM, LeaseState.BOUND, since=2, renewed_at=2, ends_at=602)
    assert ledger.lease("vm", 602).state is LeaseState.EXPIRED


def test_a_renewal_makes_a_lease_longer_and_no_younger():
    ledger = ledger_after((2, SELECTS), (300, RENEWS), (301, INFORMS))
    assert ledger.lease("vm", 800) == Lease(VM, LeaseState.BOUND, since=2, renewed_at=300, ends_at=900)


def test_a_released_lease_is_released_until_the_next_ack():
    ledger = ledger_after((2, SELECTS), (3, RELEASES))
    assert ledger.lease("vm", 4) == Lease(VM, LeaseState.RELEASED, since=2, renewed_at=2, ends_at=602)
    ledger.record("vm", respond(SELECTS, SERVICE, Defaults(600, "", ())).decision, 10)
    assert ledger.lease("vm", 11) == Lease(VM, LeaseState.BOUND, since=10, renewed_at=10, ends_at=610)


def test_a_lease_without_end_never_expires():
    lease = ledger_after((2, SELECTS), lease_time_s=0xFFFFFFFF).lease("vm", 1e12)
    assert (lease.state, lease.ends_at) == (LeaseState.BOUND, None)


def test_a_declined_address_is_in_conflict_for_ten_minutes():
    ledger = ledger_after((2, SELECTS), (3, DECLINES))
    assert ledger.conflict("vm", 602) == Conflict(VM, declined_at=3, stands_until=603)
    assert ledger.conflict("vm", 603) is None
    assert ledger.lease("vm", 4).state is LeaseState.RELEASED


def test_a_client_that_renews_the_address_has_no_conflict_about_it():
    assert ledger_after((2, SELECTS), (3, DECLINES), (4, RENEWS)).conflict("vm", 5) is None


def test_steps_of_one_transaction_are_together_and_the_latest_is_first():
    transactions = ledger_after((1, DISCOVERS), (2, SELECTS), (300, RENEWS)).transactions("vm")
    told = [(t.xid, [(s.at, s.decision.reason.name) for s in t.steps]) for t in transactions]
    assert told == [(7, [(300, "RENEWED")]), (0x1234ABCD, [(1, "OFFERED"), (2, "SELECTED")])]


def test_what_is_kept_of_a_port_is_bounded_and_a_flood_does_not_hide_the_lease():
    ledger = ledger_after((2, SELECTS), *[(3 + number, DISCOVERS) for number in range(100)])
    assert sum(len(transaction.steps) for transaction in ledger.transactions("vm")) == 32
    assert ledger.lease("vm", 200).state is LeaseState.BOUND


def test_the_ledger_tells_when_something_changed():
    ledger = Ledger()
    frames = [DISCOVERS, SELECTS, RENEWS, INFORMS, DECLINES, SELECTS, RELEASES, RELEASES]
    decisions = [respond(octets, SERVICE, Defaults(600, "", ())).decision for octets in frames]
    changes = [ledger.record("vm", decision, at) for at, decision in enumerate(decisions)]
    assert changes == [False, True, True, False, True, True, True, False]


def test_a_refused_request_changes_nothing():
    decision = respond(SELECTS, SERVICE, Defaults(600, "", ()), Circumstances(in_conflict=True)).decision
    ledger = Ledger()
    assert (ledger.record("vm", decision, 1), ledger.lease("vm", 2)) == (False, None)


def test_ports_that_are_gone_are_forgotten():
    ledger = ledger_after((2, SELECTS))
    ledger.keep_only({"vm", "other"})
    assert ledger.lease("vm", 3) is not None
    ledger.keep_only({"other"})
    assert ledger.lease("vm", 3) is None
    ledger.forget("vm")
