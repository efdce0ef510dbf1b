"""What must hold for any frame that the DHCP server is given; and the ports that it is given to.

Used by the coverage-guided fuzzer, by its short form in the test suite, and by the property tests.
"""

from ipaddress import IPv4Address
from pathlib import Path

from osken_apps.dhcp.decide import BROADCAST
from osken_apps.dhcp.decision import AnswerReason, SilenceReason
from osken_apps.dhcp.frame import decode_frame, encode_frame
from osken_apps.dhcp.message import NO_ADDRESS, OP_REPLY, decode_message
from osken_apps.dhcp.reservation import reservation_of
from osken_apps.dhcp.responder import Responder
from osken_apps.dhcp.server import Outcome, Reply, respond
from tests.packet.dhcp_scenario import DEFAULTS, SERVICE, VM_MAC, route, service

CORPUS = Path(__file__).parent / "corpus" / "dhcp"
MAX_DETAIL = 150  # characters: the journal keeps them
BOOTP_OFFSET = 14 + 20 + 8

PLAIN = SERVICE
RICH = service(
    {"host_routes": (route("10.17.0.0/16", "10.10.10.9"),), "dns_nameservers": (IPv4Address("10.10.10.53"),)},
    extra=[
        ("tag:!ipxe,67", "undionly.kpxe"),
        ("tag:ipxe,67", "http://10.10.10.9/boot.ipxe"),
        ("tag:efi64,tag:ipxe,67", "http://10.10.10.9/efi.ipxe"),
        ("tag:vendor-MSFT,44", "10.10.10.44"),
        ("tag:user-lab,42", "10.10.10.42"),
        ("66", "10.10.10.9"),
        ("vendor:PXEClient,6", "8"),
        ("vi-encap:9,1", "boot"),
        ("encap:175,8", "1"),
        ("119", ",".join(f"domain-{number}.example{number}.org" for number in range(12))),
        ("ipv6-only", "1800"),
    ],
)
RESERVATIONS = [reservation_of(served, DEFAULTS) for served in (PLAIN, RICH)]


def frame_around(payload: bytes) -> bytes:
    """Make the client's frame around any octets as a UDP payload, with right lengths and checksums."""
    return encode_frame(b"\xff" * 6, bytes.fromhex(VM_MAC.replace(":", "")), 0, BROADCAST, 68, 67, payload)


def check(octets: bytes) -> None:
    """Hold all that must hold: for the octets as a frame, and for what follows its headers as a message."""
    for frame in (octets, frame_around(octets[BOOTP_OFFSET:])):
        for reservation in RESERVATIONS:
            responder = Responder(reservation)
            outcome = respond(frame, reservation)
            for _ in range(2):
                if responder.respond(frame, 0.0) != outcome:
                    raise AssertionError("the fast way answers otherwise")
            _check_outcome(frame, outcome)


def _check_outcome(frame: bytes, outcome: Outcome) -> None:
    """A reply can be read, belongs to its request and is no longer than the client takes."""
    if not isinstance(outcome, Reply):
        decision = outcome.decision
        if not isinstance(decision.reason, SilenceReason) or len(decision.detail) > MAX_DETAIL:
            raise AssertionError(f"silence says {decision}")
        return
    asked = decode_message(decode_frame(frame).payload)
    datagram = decode_frame(outcome.frame)
    told = decode_message(datagram.payload)
    size = max(576, int.from_bytes(asked.options.get(57, b""), "big"))
    expected = (OP_REPLY, asked.xid, asked.chaddr, NO_ADDRESS, True, True)
    found = (
        told.op,
        told.xid,
        told.chaddr,
        told.giaddr,
        300 <= len(datagram.payload) <= min(size, 1500) - 28,
        isinstance(outcome.decision.reason, AnswerReason),
    )
    if found != expected:
        raise AssertionError(f"reply {found}, expected {expected}")
