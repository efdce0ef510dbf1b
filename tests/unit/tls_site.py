"""An edge with TLS, authorities of its own, and peers that meet it on loopback."""

import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import eventlet
from eventlet.green import socket

from osken_apps.apps import runtime
from osken_apps.apps.edge import TlsEdge
from osken_apps.apps.tls import Tls
from osken_apps.cli import main
from osken_apps.config import HostsTls

ADDRESS = ("192.0.2.1", 4711)
PATIENCE_S = 20.0


class Site:
    """An edge with files of its own, and what was refused."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.pki("init")
        for words in (("controller", "ctl"), ("host", "host1"), ("host", "host2")):
            self.pki(*words)
        base = directory / "controllerca-ctl"
        files = HostsTls(
            "ovsdb", Path(f"{base}.pem"), Path(f"{base}.key"), directory / "hostca.pem", directory / "crl.pem"
        )
        self.sockets: list[Any] = []  # or they would be closed
        self.refused: list[tuple[str, str, str]] = []
        self.edge = TlsEdge(files, lambda *what: self.refused.append(what))

    def pki(self, *words: str) -> None:
        assert main(["pki", "--directory", str(self.directory), *words]) == 0

    def client(self, name: str) -> ssl.SSLContext:
        """Give what a host dials with: a certificate by the start of its files' names, or none."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.directory / "controllerca.pem")
        if name:
            context.load_cert_chain(self.directory / f"{name}.pem", self.directory / f"{name}.key")
        return context

    def meet(self, name: str, relay: Callable[[Any], Any] = lambda sock: sock) -> tuple[Tls, str, Tls]:
        """Shake hands; give our end, the host, and theirs. Raises OSError if we refuse."""
        ours, theirs = socket.socketpair()
        dialled = relay(theirs)
        self.sockets += [ours, theirs, dialled]
        client = Tls(dialled, self.client(name), server_side=False)
        shaking = eventlet.spawn(client.shake_hands)
        try:
            return *self.edge.open(ours, ADDRESS), client  # type: ignore[return-value]
        finally:
            shaking.kill()


def received(transport: Tls, size: int) -> bytes:
    """Wait for so many octets, as whoever reads does: until the descriptor says that there are some."""
    data = b""
    while len(data) < size:
        with runtime.within(PATIENCE_S, TimeoutError(f"{len(data)} octets of {size} came")):
            runtime.wait_ready(transport.fileno(), read=True)
        with suppress(BlockingIOError):
            part = transport.recv(100)
            assert part
            data += part
    return data


def send_all(transport: Tls, data: bytes) -> None:
    unsent = bytearray(data)
    while unsent:
        try:
            del unsent[: transport.send(unsent)]
        except BlockingIOError:
            eventlet.sleep(0)
