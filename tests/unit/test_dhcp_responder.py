"""A responder gives the same answers as the plain way, byte for byte."""

import itertools
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from osken_apps.dhcp.reservation import reservation_of
from osken_apps.dhcp.responder import MAX_NEW_ANSWERS, MAX_REMEMBERED, Responder
from osken_apps.dhcp.server import Reply, respond
from tests.examples import examples
from tests.packet.dhcp_scenario import (
    DEFAULTS,
    DISCOVER,
    INFORM,
    RELEASE,
    REQUEST,
    XID,
    frame,
    service,
    tagged,
)

SERVICE = service(extra=[("tag:ipxe,67", "http://10.10.10.9/boot.ipxe"), ("tag:!ipxe,67", "undionly.kpxe")])
RESERVATION = reservation_of(SERVICE, DEFAULTS)
ASKED = (1, 3, 6, 12, 15, 26, 28, 121)
OURS, ADDRESS = ("server_id", "10.10.10.3"), ("requested_addr", "10.10.10.2")
FRAMES = [
    frame(DISCOVER, asks=ASKED),
    frame(DISCOVER, asks=ASKED, udp={"chksum": 0}),
    frame(DISCOVER, (175, b"\x01\x01\x01"), asks=ASKED),
    frame(DISCOVER, flags=0x8000),
    frame(REQUEST, OURS, ADDRESS, asks=ASKED),
    frame(REQUEST, ADDRESS, asks=ASKED),
    frame(REQUEST, ("requested_addr", "10.10.10.77")),
    frame(REQUEST, ciaddr="10.10.10.2", ip={"src": "10.10.10.2", "dst": "10.10.10.3"}),
    frame(REQUEST, ciaddr="10.10.10.2", ip={"src": "10.10.10.2", "options": b"\x01\x01\x01\x01"}),
    frame(DISCOVER, giaddr="10.10.10.4"),
    frame(INFORM, ciaddr="10.10.10.2"),
    frame(RELEASE, OURS, ciaddr="10.10.10.2"),
    frame(None),
    frame(DISCOVER) + b"trailing octets of an Ethernet frame",
    tagged(frame(DISCOVER, asks=ASKED), 0x6000),
    tagged(frame(DISCOVER, asks=ASKED), 5),
]


#: A second for each request: the budget of a port is no matter here.
CLOCK = itertools.count(1.0)


def plain(octets):
    return respond(octets, RESERVATION)


def with_right_checksums(octets):
    """Give a frame with the checksums that it should have."""
    header = octets[14:24] + b"\0\0" + octets[26:34]
    ip = 0xFFFF - int.from_bytes(header, "big") % 0xFFFF
    octets = octets[:24] + struct.pack("!H", ip) + octets[26:]
    segment = octets[34:40] + b"\0\0" + octets[42 : 34 + int.from_bytes(octets[38:40], "big")]
    pseudo = octets[26:34] + b"\0\x11" + octets[38:40]
    total = int.from_bytes(pseudo, "big") + int.from_bytes(segment + bytes(len(segment) % 2), "big")
    return octets[:40] + struct.pack("!H", 0xFFFF - total % 0xFFFF) + octets[42:]


@settings(**examples(400))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(FRAMES),
            st.binary(min_size=4, max_size=4),
            st.binary(min_size=2, max_size=2),
            st.binary(min_size=2, max_size=2),
            st.booleans(),
        ),
        min_size=2,
        max_size=12,
    )
)
def test_any_sequence_of_requests_is_answered_as_on_the_plain_way(requests):
    responder = Responder(RESERVATION)
    for octets, *_ in requests:
        responder.respond(octets, next(CLOCK))
    for octets, xid, secs, identification, right in requests:
        changed = octets[:18] + identification + octets[20:46] + xid + secs + octets[52:]
        if right:
            changed = with_right_checksums(changed)
        assert responder.respond(changed, next(CLOCK)) == plain(changed)


@settings(**examples(400))
@given(st.sampled_from(FRAMES), st.lists(st.tuples(st.integers(0, 330), st.integers(0, 255)), max_size=4))
def test_a_changed_octet_anywhere_is_noticed_as_on_the_plain_way(octets, changes):
    responder = Responder(RESERVATION)
    for _ in range(2):
        responder.respond(octets, next(CLOCK))
    changed = bytearray(octets)
    for offset, value in changes:
        changed[offset % len(changed)] = value
    for variant in (bytes(changed), with_right_checksums(bytes(changed))):
        assert responder.respond(variant, next(CLOCK)) == plain(variant)


def test_every_octet_of_a_remembered_request_matters_as_on_the_plain_way():
    for octets in FRAMES:
        responder = Responder(RESERVATION)
        for _ in range(2):
            responder.respond(octets, next(CLOCK))
        for offset in range(len(octets)):
            for change in (0x01, 0x80, 0xFF):
                changed = bytearray(octets)
                changed[offset] ^= change
                assert responder.respond(bytes(changed), next(CLOCK)) == plain(bytes(changed)), offset


def test_a_request_that_came_twice_is_answered_from_memory():
    responder = Responder(RESERVATION)
    outcomes = [responder.respond(FRAMES[0], 7.0) for _ in range(2)]
    assert len(responder._remembered) == 1
    outcomes += [responder.respond(FRAMES[0], 7.0) for _ in range(MAX_NEW_ANSWERS)]
    assert outcomes == [plain(FRAMES[0])] * (2 + MAX_NEW_ANSWERS)
    assert isinstance(outcomes[0], Reply)
    assert (outcomes[0].xid, type(outcomes[-1].decision)) == (XID, type(outcomes[0].decision))


def test_what_is_remembered_of_a_port_is_bounded():
    responder = Responder(RESERVATION)
    for number in range(100):
        for _ in range(2):
            responder.respond(frame(DISCOVER, ("client_id", bytes((0, number)))), next(CLOCK))
    long = frame(DISCOVER, ("client_id", bytes(255)), *[(200 + n, bytes(255)) for n in range(4)])
    for number in range(100):
        responder.respond(frame(DISCOVER, ("client_id", bytes((1, number)))), next(CLOCK))
    responder.respond(long, next(CLOCK))
    assert len(responder._remembered) == MAX_REMEMBERED == 8
    assert len(responder._met) == MAX_REMEMBERED
    assert sum(map(len, (part for key in responder._remembered for part in key))) < 8 * 1024


def test_silence_is_not_remembered_and_comes_with_its_reason():
    responder = Responder(reservation_of(SERVICE, DEFAULTS, in_conflict=True))
    outcomes = [responder.respond(FRAMES[0], next(CLOCK)) for _ in range(3)]
    assert [outcome.decision.reason.name for outcome in outcomes] == ["ADDRESS_IN_CONFLICT"] * 3
    assert not responder._remembered


def test_a_port_without_a_service_is_answered_with_silence():
    assert (
        Responder(reservation_of(None, DEFAULTS)).respond(FRAMES[0], 0.0).decision.reason.name == "NO_ADDRESS"
    )


def test_a_port_has_a_budget_of_new_answers_a_second_and_what_is_remembered_costs_none():
    responder = Responder(RESERVATION)
    known = FRAMES[1]
    for _ in range(2):
        responder.respond(known, 6.0)
    new = [frame(DISCOVER, ("client_id", bytes((1, number)))) for number in range(MAX_NEW_ANSWERS + 5)]
    new[0] = FRAMES[0][:100]
    outcomes = [responder.respond(octets, 7.0 + place / 100) for place, octets in enumerate(new)]
    reasons = [outcome.decision.reason.name for outcome in outcomes]
    assert reasons == ["MALFORMED", *["OFFERED"] * (MAX_NEW_ANSWERS - 1), *["OVER_BUDGET"] * 5]
    assert responder.respond(known, 7.9) == plain(known)
    assert responder.respond(new[-1], 7.9).decision.reason.name == "OVER_BUDGET"
    assert responder.respond(new[-1], 8.0) == plain(new[-1])
