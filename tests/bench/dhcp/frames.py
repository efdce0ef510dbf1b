"""A client's frames, and the check of what answers them; independent of the product's own codec."""

import struct

from osken_apps.lab import LabError
from tests.bench.dhcp import plan

DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
ANSWERS = {DISCOVER: OFFER, REQUEST: ACK}
ASKED = bytes([55, 10, 1, 3, 6, 12, 15, 26, 28, 42, 119, 121])
COOKIE = b"\x63\x82\x53\x63"
BOOTP = 42
OPTIONS = BOOTP + 240


def checksum(data: bytes) -> int:
    """Give the one's complement checksum of RFC 1071."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def request_frame(client: int, kind: int, xid: int) -> bytes:
    """Give the frame of a DISCOVER or of the REQUEST that follows it."""
    mac = bytes.fromhex(plan.mac(client).replace(":", ""))
    options = bytes([53, 1, kind])
    if kind == REQUEST:
        options += b"\x32\x04" + plan.address(client).packed + b"\x36\x04" + plan.SERVER.packed
    body = struct.pack("!4sI20x16s192x4s", b"\1\1\6\0", xid, mac, COOKIE) + options + ASKED + b"\xff"
    body = body.ljust(300, b"\0")
    length = 8 + len(body)
    addresses = b"\0\0\0\0\xff\xff\xff\xff"
    udp = struct.pack("!HHHH", 68, 67, length, 0)
    udp_sum = checksum(addresses + struct.pack("!HH", 17, length) + udp + body)
    ip = struct.pack("!BBHHHBBH8s", 0x45, 0, 20 + length, 0, 0, 64, 17, 0, addresses)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return b"\xff" * 6 + mac + b"\x08\x00" + ip + udp[:6] + struct.pack("!H", udp_sum) + body


def check_reply(frame: bytes, client: int, kind: int, xid: int) -> None:
    """Raise LabError unless a frame is the right answer to that request."""
    length = int.from_bytes(frame[38:40], "big")
    pseudo_header = frame[26:34] + struct.pack("!HH", 17, length)
    seen = {
        "IP checksum": checksum(frame[14:34]),
        "UDP checksum": checksum(pseudo_header + frame[34 : 34 + length]),
        "xid": int.from_bytes(frame[BOOTP + 4 : BOOTP + 8], "big"),
        "yiaddr": frame[BOOTP + 16 : BOOTP + 20],
        "chaddr": frame[BOOTP + 28 : BOOTP + 34].hex(":"),
        "message type": _option(frame, 53),
        "server id": _option(frame, 54),
    }
    wanted = {
        "IP checksum": 0,
        "UDP checksum": 0,
        "xid": xid,
        "yiaddr": plan.address(client).packed,
        "chaddr": plan.mac(client),
        "message type": bytes([ANSWERS[kind]]),
        "server id": plan.SERVER.packed,
    }
    if seen != wanted:
        raise LabError(f"a wrong reply: {seen} instead of {wanted}")


def _option(frame: bytes, code: int) -> bytes | None:
    at = OPTIONS
    while at < len(frame) and frame[at] != 255:
        if frame[at] == code:
            return frame[at + 2 : at + 2 + frame[at + 1]]
        at += 2 + frame[at + 1] if frame[at] else 1
    return None
