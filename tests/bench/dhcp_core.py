"""Measure the DHCP server's core: microseconds for a packet, plain and fast.

Run with `python -m tests.bench.dhcp_core`.
"""

import struct
import time
from collections.abc import Callable

from osken_apps.dhcp.fast import Responder
from osken_apps.dhcp.server import respond
from tests.packet.dhcp_scenario import (
    DEFAULTS,
    DISCOVER,
    REQUEST,
    frame,
    route,
    service,
)

ASKED = [1, 3, 6, 12, 15, 26, 28, 42, 119, 121]
SERVICE = service(subnet={"host_routes": (route("192.168.0.0/16", "10.10.10.9"),)})
REQUESTS = {
    "DISCOVER": frame(DISCOVER, asks=ASKED),
    "REQUEST": frame(REQUEST, ("server_id", "10.10.10.3"), ("requested_addr", "10.10.10.2"), asks=ASKED),
    "hostile": frame(DISCOVER, *[(n, b"") for n in range(130, 190)], asks=range(1, 255)),
}
PACKETS = 5000
ROUNDS = 5


def with_xid(request: bytes, xid: int) -> bytes:
    """Give a request another transaction id, and the checksum that goes with it."""
    old = int.from_bytes(request[46:50], "big")
    checksum = 0xFFFF - (0xFFFF - int.from_bytes(request[40:42], "big") - old + xid) % 0xFFFF
    return request[:40] + struct.pack("!H", checksum) + request[42:46] + struct.pack("!I", xid) + request[50:]


def microseconds(answer: Callable[[bytes], object], requests: list[bytes]) -> float:
    """Give the best time of several rounds for a packet."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for request in requests:
            answer(request)
        best = min(best, time.perf_counter() - start)
    return best / len(requests) * 1e6


def main() -> None:
    """Print the table."""
    responder = Responder(SERVICE, DEFAULTS)
    print(f"{'':10} {'plain':>8} {'fast':>8}   microseconds for a packet")
    for name, request in REQUESTS.items():
        requests = [with_xid(request, xid) for xid in range(PACKETS)]
        fast = microseconds(responder.respond, requests)
        plain = microseconds(lambda request: respond(request, SERVICE, DEFAULTS), requests[:1000])
        print(f"{name:10} {plain:8.2f} {fast:8.2f}")


if __name__ == "__main__":
    main()
