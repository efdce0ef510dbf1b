"""A simulated OpenFlow 1.4 switch: octets in, octets out. No socket and no clock.

Owns a bridge's ports, flow table and meters, and counts what it is told. It behaves as Open vSwitch does for
what a controller may send here. Source: OpenFlow Switch Specification 1.4.0, chapter 7.
"""

import struct
from collections import Counter
from collections.abc import Callable, Mapping

VERSION = 5
OFPP_LOCAL = 0xFFFFFFFE
MOST_OCTETS = 0xF000  # of a part of a multipart reply, whose length field has 16 bits

HELLO, ERROR, ECHO_REQUEST, ECHO_REPLY, FEATURES_REQUEST, FEATURES_REPLY = 0, 1, 2, 3, 5, 6
PORT_STATUS, FLOW_MOD, MULTIPART_REQUEST, MULTIPART_REPLY = 12, 14, 18, 19
BARRIER_REQUEST, BARRIER_REPLY = 20, 21
METER_MOD, BUNDLE_CONTROL, BUNDLE_ADD = 29, 33, 34
DESC, FLOW, METER_STATS, METER_CONFIG, METER_FEATURES, PORT_DESC, FLOW_MONITOR = 0, 1, 9, 10, 11, 13, 16
PORT_STATS, ADDED, REMOVED, ABBREV = 4, 1, 2, 4
ADD, DELETE, DELETE_STRICT = 0, 3, 4
OPEN_REQUEST, CLOSE_REQUEST, COMMIT_REQUEST, DISCARD_REQUEST = 0, 2, 4, 6
OFPMPF_REPLY_MORE = 1
ALL_METERS = 0xFFFFFFFF
BAD_REQUEST, BAD_TYPE, BAD_MULTIPART = 1, 1, 2
BUNDLE_FAILED, UNKNOWN_BUNDLE = 17, 2
FLOW_MONITOR_FAILED, MONITOR_EXISTS = 16, 1

HEADER = struct.Struct("!BBHI")
FEATURES = struct.Struct("!QIBB2xI4x")
PORT = struct.Struct("!IH2x6s2x16sII HH4xIIIIII")
FLOW_MOD_FIXED = struct.Struct("!QQBBHHHIIIHH")
FLOW_STATS = struct.Struct("!HBxIIHHHH4xQQQ")
FLOW_UPDATE = struct.Struct("!HHBBHHH4xQ")
PORT_COUNTS = struct.Struct("!H2xIII8Q")
METER_ENTRY = struct.Struct("!IH6xIQQII")
VERSION_BITMAP = struct.pack("!HHI", 1, 8, 1 << VERSION)

FlowKey = tuple[int, int, bytes]
FlowBody = tuple[int, bytes]


# Flows as they came first: thousands of switches have thousands that are the same.
_kept: dict[tuple[FlowKey, FlowBody], tuple[FlowKey, FlowBody]] = {}


def message(message_type: int, xid: int, body: bytes = b"") -> bytes:
    """Make a whole message."""
    return HEADER.pack(VERSION, message_type, HEADER.size + len(body), xid) + body


class SimulatedSwitch:
    """One bridge. `flows` is what is installed; `received` counts messages, `reads` whole reads of it."""

    def __init__(self, name: str, datapath_id: int, ofports: Mapping[str, int]) -> None:
        self.name = name
        self.datapath_id = datapath_id
        self.ofports = {name: OFPP_LOCAL, **ofports}
        self.flows: dict[FlowKey, FlowBody] = {}
        self.meters: dict[int, bytes] = {}
        self.received: Counter[int] = Counter()
        self.flow_mods = 0
        self.reads = 0
        self.version = "3.1.0"  # of Open vSwitch
        self.has_flow_monitor = True
        self.is_monitored = False
        self.changed_at = 0.0
        self._now = 0.0
        self._buffer = b""
        self._bundles: dict[int, list[bytes]] = {}
        self._handlers: dict[int, Callable[[int, bytes], bytes]] = {
            ECHO_REQUEST: lambda xid, body: message(ECHO_REPLY, xid, body),
            FEATURES_REQUEST: self._features,
            BARRIER_REQUEST: lambda xid, _: message(BARRIER_REPLY, xid),
            MULTIPART_REQUEST: self._multipart,
            FLOW_MOD: self._flow_mod,
            METER_MOD: self._meter_mod,
            BUNDLE_CONTROL: self._bundle_control,
            BUNDLE_ADD: self._bundle_add,
        }

    def connected(self) -> bytes:
        """Begin a connection: what the switch says first."""
        self._buffer = b""
        self._bundles.clear()
        self.reads = 0
        self.is_monitored = False
        return message(HELLO, 1, VERSION_BITMAP)

    def feed(self, data: bytes, now: float) -> bytes:
        """Take octets that arrived at `now`; give what to answer."""
        self._now = now
        buffer, offset, answers = self._buffer + data, 0, []
        while len(buffer) - offset >= HEADER.size:
            _, message_type, length, xid = HEADER.unpack_from(buffer, offset)
            if len(buffer) - offset < length:
                break
            answers.append(self._take(message_type, xid, buffer[offset + HEADER.size : offset + length]))
            offset += length
        self._buffer = buffer[offset:]
        return b"".join(answers)

    def plug(self, name: str, ofport: int) -> bytes:
        """Add a port; give the message that tells of it."""
        self.ofports[name] = ofport
        return message(PORT_STATUS, 0, bytes(8) + self._port(name, ofport))

    def put(self, key: FlowKey, flow: FlowBody) -> bytes:
        """Let another hand add a flow; give what the switch tells of it."""
        self.flows[key] = flow
        return self._told(ADDED, key, flow[0])

    def take_away(self, key: FlowKey) -> bytes:
        """Let another hand delete a flow; give what the switch tells of it."""
        return self._told(REMOVED, key, self.flows.pop(key)[0])

    def _told(self, event: int, key: FlowKey, cookie: int) -> bytes:
        table, priority, match = key
        length = FLOW_UPDATE.size + len(match)
        entry = FLOW_UPDATE.pack(length, event, table, 0, 0, 0, priority, cookie) + match
        return _reply(0, FLOW_MONITOR, [entry]) if self.is_monitored else b""

    def _take(self, message_type: int, xid: int, body: bytes) -> bytes:
        if message_type not in (HELLO, ECHO_REQUEST, ECHO_REPLY):
            self.received[message_type] += 1
        handler = self._handlers.get(message_type)
        return handler(xid, body) if handler else b""

    def _features(self, xid: int, _: bytes) -> bytes:
        return message(FEATURES_REPLY, xid, FEATURES.pack(self.datapath_id, 0, 254, 0, 0x4F))

    def _port(self, name: str, ofport: int) -> bytes:
        mac = (0x020000000000 | self.datapath_id & 0xFFFFFF << 16 | ofport & 0xFFFF).to_bytes(6, "big")
        speed = 10_000_000
        return PORT.pack(ofport, PORT.size, mac, name.encode(), 0, 4, 0, 32, 0x840, 0, 0, 0, speed, 0)

    def _flow_mod(self, xid: int, body: bytes) -> bytes:
        cookie, mask, table, command, *_, priority, _, _, _, _, _ = FLOW_MOD_FIXED.unpack_from(body)
        match_length = (int.from_bytes(body[42:44], "big") + 7) // 8 * 8
        match = body[40 : 40 + match_length]
        self.flow_mods += 1
        self.changed_at = self._now
        if command == DELETE:
            if match_length > 8:
                return message(ERROR, xid, struct.pack("!HH", BAD_REQUEST, BAD_TYPE))
            kept = {key: flow for key, flow in self.flows.items() if flow[0] & mask != cookie & mask}
            self.flows = kept
        elif command == DELETE_STRICT:
            self.flows.pop((table, priority, match), None)
        else:
            flow = (table, priority, match), (cookie, body[40 + match_length :])
            key, self.flows[key] = _kept.setdefault(flow, flow)
        return b""

    def _meter_mod(self, _: int, body: bytes) -> bytes:
        command, flags, meter_id = struct.unpack_from("!HHI", body)
        self.changed_at = self._now
        if command == 2:
            for number in list(self.meters) if meter_id == ALL_METERS else [meter_id]:
                self.meters.pop(number, None)
        else:
            config = struct.pack("!HHI", len(body), flags, meter_id)
            self.meters[meter_id] = config + body[8:]
        return b""

    def _bundle_control(self, xid: int, body: bytes) -> bytes:
        bundle_id, step, flags = struct.unpack_from("!IHH", body)
        answers = []
        if step == OPEN_REQUEST:
            self._bundles[bundle_id] = []
        else:
            messages = self._bundles.pop(bundle_id, None)
            if messages is None:
                return message(ERROR, xid, struct.pack("!HH", BUNDLE_FAILED, UNKNOWN_BUNDLE))
            if step == COMMIT_REQUEST:
                for inner in messages:
                    _, inner_type, _, inner_xid = HEADER.unpack_from(inner)
                    answers.append(self._handlers[inner_type](inner_xid, inner[HEADER.size :]))
                if messages and self.is_monitored:
                    answers.append(_reply(0, FLOW_MONITOR, [struct.pack("!HHI", 8, ABBREV, xid)]))
        answers.append(message(BUNDLE_CONTROL, xid, struct.pack("!IHH", bundle_id, step + 1, flags)))
        return b"".join(answers)

    def _bundle_add(self, xid: int, body: bytes) -> bytes:
        bundle = self._bundles.get(int.from_bytes(body[:4], "big"))
        if bundle is None:
            return message(ERROR, xid, struct.pack("!HH", BUNDLE_FAILED, UNKNOWN_BUNDLE))
        bundle.append(body[8:])
        return b""

    def _multipart(self, xid: int, body: bytes) -> bytes:
        kind = int.from_bytes(body[:2], "big")
        if kind == DESC:
            texts = (b"Nicira, Inc.", b"Open vSwitch", self.version.encode())
            fixed = b"".join(text.ljust(256, b"\0") for text in texts)
            return _reply(xid, kind, [fixed + b"None".ljust(32, b"\0") + b"None".ljust(256, b"\0")])
        if kind == PORT_DESC:
            return _reply(xid, kind, [self._port(*port) for port in self.ofports.items()])
        if kind == FLOW:
            self.reads += 1
            cookie, mask = struct.unpack_from("!QQ", body, 24)
            return _reply(xid, kind, self._flow_entries(cookie, mask))
        if kind == METER_CONFIG:
            return _reply(xid, kind, list(self.meters.values()))
        if kind == METER_STATS:
            return _reply(xid, kind, [_meter_stats(meter_id) for meter_id in self.meters])
        if kind == PORT_STATS:
            (ofport,) = struct.unpack_from("!I", body, 8)
            return _reply(xid, kind, [PORT_COUNTS.pack(PORT_COUNTS.size, ofport, 0, 0, *[0] * 8)])
        if kind == METER_FEATURES:
            return _reply(xid, kind, [struct.pack("!IIIBB2x", 262144, 0b10, 0b1111, 1, 0)])
        if kind == FLOW_MONITOR and self.has_flow_monitor:
            if self.is_monitored:
                return message(ERROR, xid, struct.pack("!HH", FLOW_MONITOR_FAILED, MONITOR_EXISTS))
            self.is_monitored = True
            return _reply(xid, kind, [])
        return message(ERROR, xid, struct.pack("!HH", BAD_REQUEST, BAD_MULTIPART))

    def _flow_entries(self, cookie: int, mask: int) -> list[bytes]:
        entries = []
        for (table, priority, match), (own, instructions) in self.flows.items():
            if own & mask == cookie & mask:
                length = FLOW_STATS.size + len(match) + len(instructions)
                fixed = FLOW_STATS.pack(length, table, 1, 0, priority, 0, 0, 0, own, 0, 0)
                entries.append(fixed + match + instructions)
        return entries


def _meter_stats(meter_id: int) -> bytes:
    return METER_ENTRY.pack(meter_id, METER_ENTRY.size + 16, 1, 0, 0, 1, 0) + bytes(16)


def _reply(xid: int, kind: int, entries: list[bytes]) -> bytes:
    """Make a multipart reply, in as many parts as its length needs."""
    parts: list[bytes] = []
    part = bytearray()
    for entry in entries:
        if len(part) + len(entry) > MOST_OCTETS:
            parts.append(bytes(part))
            part = bytearray()
        part += entry
    parts.append(bytes(part))
    last = len(parts) - 1
    return b"".join(
        message(MULTIPART_REPLY, xid, struct.pack("!HH4x", kind, OFPMPF_REPLY_MORE * (index < last)) + body)
        for index, body in enumerate(parts)
    )
