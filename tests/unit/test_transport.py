"""A transport need not be a socket: what cuts octets into records and keeps them, as TLS does, fits below."""

from typing import Any

import eventlet
from eventlet.green import socket

from osken_apps.apps.connection import Connection
from osken_apps.apps.transport import plain
from osken_apps.failures import Failures
from osken_apps.openflow import codec
from tests.bench.scale.openflow_switch import SimulatedSwitch
from tests.unit.hub_thread import in_a_hub
from tests.unit.test_connection import ADDRESS, Told

RECORD = 100
MASK = bytes(value ^ 0x5A for value in range(256))


class Records:
    """Octets in records of a length and a secret; a record that was begun is finished before the next."""

    def __init__(self, sock: Any, most: int = 7) -> None:
        self._inner = plain(sock)
        self._most = most
        self._received = b""
        self._record = b""
        self._octets = 0
        self.fileno, self.shutdown = self._inner.fileno, self._inner.shutdown

    def recv(self, size: int) -> bytes:
        data = self._inner.recv(size)
        if not data:
            return b""
        self._received += data
        whole = b""
        while self._received and len(self._received) > self._received[0]:
            end = self._received[0] + 1
            whole += self._received[1:end].translate(MASK)
            self._received = self._received[end:]
        if not whole:
            raise BlockingIOError
        return whole

    def send(self, data: bytes | bytearray) -> int:
        if not self._record:
            chunk = bytes(data[:RECORD])
            self._octets = len(chunk)
            self._record = bytes([len(chunk)]) + chunk.translate(MASK)
        self._record = self._record[self._inner.send(self._record[: self._most]) :]
        if self._record:
            raise BlockingIOError
        return self._octets


def answer(transport: Records, switch: SimulatedSwitch) -> None:
    """Be the switch at the other end."""
    to_send = switch.connected()
    while True:
        try:
            while to_send:
                to_send = to_send[transport.send(to_send) :]
            data = transport.recv(1 << 16)
        except BlockingIOError:
            eventlet.sleep(0)
            continue
        if not data:
            return
        to_send = switch.feed(data, 0.0)


def test_a_connection_works_over_records_that_are_taken_in_part() -> None:
    def work(_hub: object) -> None:
        ours, theirs = socket.socketpair()
        connection, told = Connection(Records(ours), ADDRESS, Failures()), Told()
        ports = {f"tap{number}": number for number in range(1, 50)}
        server = eventlet.spawn(answer, Records(theirs, most=1000), SimulatedSwitch("br-int", 1, ports))
        served = eventlet.spawn(connection.serve, told, lambda: None)
        while not told.events:
            eventlet.sleep(0)
        assert connection.ofports() == ports
        for _ in range(3):
            (reply,) = connection.request(codec.barrier_request)
            assert reply[1] == codec.MessageType.BARRIER_REPLY
        connection.close()
        served.wait()
        server.wait()

    in_a_hub(work)
