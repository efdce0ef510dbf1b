"""A switch that is not one: enough OpenFlow 1.4 to be taken for a bridge of a host."""

import contextlib
import socket
import struct
import time
from collections.abc import Mapping

from osken_apps.lab.shell import LabError
from osken_apps.pipeline.features.dhcp import DHCP_PUNT

VERSION = 5
HELLO, ECHO_REQUEST, ECHO_REPLY, FEATURES_REQUEST, FEATURES_REPLY, PACKET_IN = 0, 2, 3, 5, 6, 10
MULTIPART_REQUEST, MULTIPART_REPLY, BARRIER_REQUEST, BARRIER_REPLY = 18, 19, 20, 21
PACKET_OUT, BUNDLE_CONTROL = 13, 33
DESC, PORT_DESC, METER_FEATURES = 0, 13, 11
LOCAL = 0xFFFFFFFE
HOST = "fake"
READ_SIZE = 1 << 20
TIMEOUT_S = 60.0
PROBE_INTERVAL_S = 0.5


def message(kind: int, xid: int, body: bytes = b"") -> bytes:
    """Give a whole message."""
    return struct.pack("!BBHI", VERSION, kind, 8 + len(body), xid) + body


def packet_in(ofport: int, frame: bytes) -> bytes:
    """Give the packet-in that brings a frame from a port, by the flow that sends DHCP to the controller."""
    head = struct.pack("!IHBBQ", 0xFFFFFFFF, len(frame), 1, 0, DHCP_PUNT.cookie)
    match = struct.pack("!HHII4x", 1, 12, 0x80000004, ofport)
    return message(PACKET_IN, 0, head + match + b"\0\0" + frame)


class FakeSwitch:
    """A bridge's connection to the controller; `ports` are the interfaces' names by number."""

    def __init__(self, port: int, bridge: str, ports: Mapping[int, str]) -> None:
        self._ports = {LOCAL: bridge, **ports}
        self._datapath_id = int.from_bytes(bridge.encode()[-6:], "big")
        self._buffer = bytearray()
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send(message(HELLO, 1))

    def close(self) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def serve(self) -> None:
        """Answer what the controller asks until the connection ends."""
        with contextlib.suppress(OSError, LabError):
            while True:
                self._answer(*self._next_message())

    def serve_until_answered(self, probe: bytes) -> None:
        """Answer what the controller asks until it answers a packet-in. Raises LabError."""
        self._socket.settimeout(PROBE_INTERVAL_S)
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            try:
                kind, xid, body = self._next_message()
            except TimeoutError:
                self.send(probe)
                continue
            if kind == PACKET_OUT:
                self._socket.settimeout(TIMEOUT_S)
                return
            self._answer(kind, xid, body)
        raise LabError("the controller does not answer a packet-in")

    def read_messages(self, count: int) -> bytes:
        """Read that many packet-outs, and answer what comes between them."""
        found = []
        while len(found) < count:
            kind, xid, body = self._next_message()
            if kind == PACKET_OUT:
                found.append(message(kind, xid, body))
            else:
                self._answer(kind, xid, body)
        return b"".join(found)

    def took(self, expected: bytes) -> bool:
        """Read what is expected; leave what is not."""
        while len(self._buffer) < len(expected):
            self._receive()
        same = self._buffer.startswith(expected)
        if same:
            del self._buffer[: len(expected)]
        return same

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._receive()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _receive(self) -> None:
        data = self._socket.recv(READ_SIZE)
        if not data:
            raise LabError("the controller closed the connection")
        self._buffer += data

    def _next_message(self) -> tuple[int, int, bytes]:
        while len(self._buffer) < 8:
            self._receive()
        _, kind, length, xid = struct.unpack_from("!BBHI", self._buffer)
        return kind, xid, self._take(length)[8:]

    def _answer(self, kind: int, xid: int, body: bytes) -> None:
        if kind == ECHO_REQUEST:
            self.send(message(ECHO_REPLY, xid, body))
        elif kind == FEATURES_REQUEST:
            self.send(
                message(FEATURES_REPLY, xid, struct.pack("!QIBB2xII", self._datapath_id, 0, 254, 0, 0, 0))
            )
        elif kind == MULTIPART_REQUEST:
            self.send(message(MULTIPART_REPLY, xid, self._multipart(*struct.unpack_from("!H", body))))
        elif kind == BARRIER_REQUEST:
            self.send(message(BARRIER_REPLY, xid))
        elif kind == BUNDLE_CONTROL:
            bundle_id, step, flags = struct.unpack_from("!IHH", body)
            self.send(message(BUNDLE_CONTROL, xid, struct.pack("!IHH", bundle_id, step + 1, flags)))

    def _multipart(self, kind: int) -> bytes:
        body = b""
        if kind == DESC:
            body = struct.pack("!256s256s256s32s256s", b"", b"", b"", b"", HOST.encode())
        elif kind == PORT_DESC:
            body = b"".join(_port(number, name) for number, name in self._ports.items())
        elif kind == METER_FEATURES:
            body = bytes(16)  # it has no meters
        return struct.pack("!HH4x", kind, 0) + body


def _port(number: int, name: str) -> bytes:
    ethernet = struct.pack("!HH4x6I", 0, 32, 0, 0, 0, 0, 0, 0)
    octets = b"\2\2" + number.to_bytes(4, "big")
    return struct.pack("!IH2x6s2x16sII", number, 72, octets, name.encode(), 0, 0) + ethernet
