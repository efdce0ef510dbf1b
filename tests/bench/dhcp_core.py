"""Measure the DHCP server's core: microseconds of processor time for a packet, by the way it takes.

Run with `python -m tests.bench.dhcp_core`.

    plain     `server.respond`: everything worked out anew, the port's reservation too
    first     a `Responder` that sees a request for the first time
    again     a `Responder` that remembers the request (the xid differs)
"""

import itertools
import struct
import time
from collections.abc import Callable

from osken_apps.dhcp.reservation import reservation_of
from osken_apps.dhcp.responder import Responder
from tests.packet.dhcp_scenario import DEFAULTS, DISCOVER, RELEASE, REQUEST, frame, respond, route, service

ASKED = [1, 3, 6, 12, 15, 26, 28, 42, 119, 121]
OURS, ADDRESS = ("server_id", "10.10.10.3"), ("requested_addr", "10.10.10.2")
SERVICE = service(subnet={"host_routes": (route("192.168.0.0/16", "10.10.10.9"),)})
REQUESTS = {
    "DISCOVER": frame(DISCOVER, asks=ASKED),
    "REQUEST": frame(REQUEST, OURS, ADDRESS, asks=ASKED),
    "renewal": frame(REQUEST, ciaddr="10.10.10.2", asks=ASKED, ip={"dst": "10.10.10.3"}),
    "NAK": frame(REQUEST, ("requested_addr", "10.10.10.77"), asks=ASKED),
    "RELEASE": frame(RELEASE, OURS, ciaddr="10.10.10.2"),
    "hostile: 60 options, all asked for": frame(
        DISCOVER, *[(number, b"") for number in range(130, 189)], asks=range(1, 255)
    ),
    "hostile: 255 options": frame(DISCOVER, *[(12, b"")] * 255),
    "hostile: 1,400 PADs": frame(DISCOVER, *["pad"] * 1400),
    "hostile: an identifier of 1,000 octets": frame(DISCOVER, *[("client_id", bytes(250))] * 4),
}
PACKETS = 2000
ROUNDS = 7


def with_xid(request: bytes, xid: int) -> bytes:
    """Give a request another transaction id, and the checksum that goes with it."""
    old = int.from_bytes(request[46:50], "big")
    checksum = 0xFFFF - (0xFFFF - int.from_bytes(request[40:42], "big") - old + xid) % 0xFFFF
    return request[:40] + struct.pack("!H", checksum) + request[42:46] + struct.pack("!I", xid) + request[50:]


def microseconds(answer: Callable[[bytes], object], requests: list[bytes]) -> float:
    """Give the best time of several rounds for a packet."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for request in requests:
            answer(request)
        best = min(best, time.process_time() - start)
    return best / len(requests) * 1e6


def main() -> None:
    """Print the table."""
    reservation = reservation_of(SERVICE, DEFAULTS)
    responder = Responder(reservation)
    clock = itertools.count(1.0)  # a second for each packet: the budget of a port is not measured

    def first(request: bytes) -> None:
        Responder(reservation).respond(request, 0.0)

    def again(request: bytes) -> None:
        responder.respond(request, next(clock))

    print(f"{'microseconds for a packet':40} {'plain':>8} {'first':>8} {'again':>8}")
    for name, request in REQUESTS.items():
        requests = [with_xid(request, xid) for xid in range(PACKETS)]
        known = microseconds(again, requests)
        once = microseconds(first, requests)
        plain = microseconds(lambda request: respond(request, SERVICE), requests)
        print(f"{name:40} {plain:8.2f} {once:8.2f} {known:8.2f}")


if __name__ == "__main__":
    main()
