"""The same answers as `server`, sooner: a port's replies are remembered and patched. PURE.

A client sends the same request again and again: only the transaction id, the seconds since it began, the IP
identification and the two checksums change. And an answer differs with the transaction id alone. So the
reply to a request that comes again is remembered under all other octets, and for the next such request

    the checksums   must make up for what changed: a remembered request had right ones, and a one's complement
                    sum is kept exactly when the sum of the changed words is (RFC 1071, RFC 1624),
    the reply       gets the new xid, and its UDP checksum the difference.

Everything else, and every request that is not quite as expected, goes the plain way. A port may do that only
so often in a second: requests that are hard to answer delay nobody else. What is remembered of a port is
bounded in number and length. `tests/unit/test_dhcp_responder.py` holds both ways together.
"""

import struct
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from osken_apps.dhcp.decision import OVER_BUDGET, Decision, SilenceReason
from osken_apps.dhcp.frame import (
    IP_PROTO_UDP,
    IP_VERSION_AND_LENGTH,
    IPV4_OCTETS,
    IPV4_OFFSET,
    ONES,
    UDP,
    ones_sum,
    udp_checksum,
)
from osken_apps.dhcp.message import FIXED
from osken_apps.dhcp.new_tuple import new_tuple
from osken_apps.dhcp.reservation import Reservation
from osken_apps.dhcp.server import Outcome, Reply, Silence, respond

MAX_REMEMBERED = 8  # DISCOVER and REQUEST of firmware, boot loader and system, renewals
MAX_FRAME_OCTETS = 1024
MAX_NEW_ANSWERS = 20  # a second: a machine asks for two when it boots, and for some more if it boots over PXE

TOO_MANY = Silence(Decision(None, None, OVER_BUDGET), None)

#: A frame without IP options up to the BOOTP flags: what changes with each request are the H and I.
HEAD = struct.Struct("!18sH4sH14sH4sIH")
FLAGS_OFFSET = HEAD.size
UDP_OFFSET = IPV4_OFFSET + IPV4_OCTETS
ADDRESSES_OFFSET = UDP_OFFSET - 8
CHECKSUM_OFFSET = UDP_OFFSET + UDP.size - 2
XID_OFFSET = UDP_OFFSET + UDP.size + 4
MIN_FRAME_OCTETS = UDP_OFFSET + UDP.size + FIXED.size

#: What a request is remembered under: all its octets that do not change, in their order.
Key = tuple[bytes, bytes, bytes, bytes, bytes]


class _Remembered(NamedTuple):
    """A reply in pieces; the sums (modulo 65535) of what changes in the request, and of the reply."""

    identification_and_checksum: int
    checksum_xid_and_secs: int
    reply_sum_without_xid: int
    pack: Callable[..., bytes]
    head: bytes
    op: bytes
    tail: bytes
    decision: Decision


class Responder:
    """Answers all requests of one port, for as long as its reservation stands."""

    __slots__ = ("_answered", "_met", "_remembered", "_reservation", "_second")

    def __init__(self, reservation: Reservation | SilenceReason) -> None:
        self._reservation = reservation
        self._remembered: dict[Key, _Remembered] = {}
        self._met: list[int] = []  # hashes of requests that came once, the last ones
        self._second = 0
        self._answered = 0  # in this second, on the plain way

    def respond(self, frame: bytes, now: float) -> Outcome:
        """Answer a frame exactly as `server.respond` does, within the port's budget.

        `now` is in seconds, of whatever clock.
        """
        if not MIN_FRAME_OCTETS <= len(frame) <= MAX_FRAME_OCTETS:
            return self._plain(frame, now)
        a, identification, b, ip_checksum, c, checksum, d, xid, secs = HEAD.unpack_from(frame)
        key = (a, b, c, d, frame[FLAGS_OFFSET:])
        known = self._remembered.get(key)
        if known is None:
            outcome = self._plain(frame, now)
            if not self._comes_again(key):
                return outcome
            if isinstance(outcome, Reply) and frame[IPV4_OFFSET] == IP_VERSION_AND_LENGTH:
                udp_sum = checksum + xid + secs - (0 if checksum else _udp_sum(frame))
                self._remember(key, (identification + ip_checksum) % ONES, udp_sum % ONES, outcome)
            return outcome
        ip_sum, udp_sum, reply_sum, pack, head, op, tail, decision = known
        if (identification + ip_checksum) % ONES != ip_sum:
            return self._plain(frame, now)
        if checksum and (checksum + xid + secs) % ONES != udp_sum:
            return self._plain(frame, now)
        reply = pack(head, udp_checksum(reply_sum + xid), op, xid, tail)
        return new_tuple(Reply, (reply, decision, xid))

    def _comes_again(self, key: Key) -> bool:
        """Tell whether a request came before; what a machine asks once, as when it boots, costs no room."""
        mark = hash(key)
        if mark in self._met:
            self._met.remove(mark)
            return True
        if len(self._met) >= MAX_REMEMBERED:
            del self._met[0]
        self._met.append(mark)
        return False

    def _plain(self, frame: bytes, now: float) -> Outcome:
        second = int(now)
        if second != self._second:
            self._second, self._answered = second, 0
        self._answered += 1
        if self._answered > MAX_NEW_ANSWERS:
            return TOO_MANY
        return respond(frame, self._reservation)

    def _remember(self, key: Key, ip_sum: int, udp_sum: int, outcome: Reply) -> None:
        """Take apart the reply to a request that was found right."""
        if len(self._remembered) >= MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        frame, decision, xid = outcome
        checksum = int.from_bytes(frame[CHECKSUM_OFFSET : CHECKSUM_OFFSET + 2], "big")
        tail = frame[XID_OFFSET + 4 :]
        self._remembered[key] = _Remembered(
            ip_sum,
            udp_sum,
            (-checksum - xid) % ONES,
            _packer(len(tail)),
            frame[:CHECKSUM_OFFSET],
            frame[CHECKSUM_OFFSET + 2 : XID_OFFSET],
            tail,
            decision,
        )


@cache
def _packer(tail_octets: int) -> Callable[..., bytes]:
    return struct.Struct(f"!{CHECKSUM_OFFSET}sH4sI{tail_octets}s").pack


def _udp_sum(frame: bytes) -> int:
    """Sum a UDP segment with its pseudo header; it would be 0 with a right checksum in it."""
    length = int.from_bytes(frame[UDP_OFFSET + 4 : UDP_OFFSET + 6], "big")
    segment = frame[UDP_OFFSET : UDP_OFFSET + length]
    return ones_sum(segment) + ones_sum(frame[ADDRESSES_OFFSET:UDP_OFFSET]) + IP_PROTO_UDP + length
