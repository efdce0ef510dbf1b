"""A live API server for tests: the real process, with the test as its controller at the link."""

import http.client
import json
import queue
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osken_apps.build import BUILD
from osken_apps.link import Link, LinkClosed, Message

WAIT_S = 60
NO_QUOTAS = "[quotas]\nnetwork = -1\nsubnet = -1\nport = -1"


@dataclass
class Reply:
    """What the server answered."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Server:
    """A running server; `messages` is what it told its controller."""

    port: int
    process: subprocess.Popen[bytes]
    link: Link
    metrics_port: int = 0
    messages: "queue.Queue[Message]" = field(default_factory=queue.Queue)
    context: ssl.SSLContext | None = None  # how its clients speak TLS

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        """Send one request over a connection of its own."""
        return call_at(self.port, method, path, body, headers, self.context)

    def listen(self) -> None:
        """Begin to take what it tells."""
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self) -> None:
        with suppress(LinkClosed):
            while True:
                self.messages.put(self.link.receive())

    def told(self, kind: type, which: Callable[[Any], bool] = lambda message: True) -> Any:
        """Wait for the next message of a kind."""
        deadline = time.monotonic() + WAIT_S
        while True:
            message = self.messages.get(timeout=max(0.0, deadline - time.monotonic()))
            if isinstance(message, kind) and which(message):
                return message


def call_at(
    port: int,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
    context: ssl.SSLContext | None = None,
) -> Reply:
    """Send one request to a server over a connection of its own."""
    connection = connection_to(port, context)
    try:
        return call(connection, method, path, body, headers)
    finally:
        connection.close()


def connection_to(port: int, context: ssl.SSLContext | None = None) -> http.client.HTTPConnection:
    """Give a connection to a server of this machine."""
    if context:
        return http.client.HTTPSConnection("127.0.0.1", port, timeout=WAIT_S, context=context)
    return http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)


def call(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> Reply:
    """Send a request over a connection that stays open; a body of bytes goes as it is."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body)
    connection.request(method, path, data, {"Content-Type": "application/json"} | (headers or {}))
    response = connection.getresponse()
    content = response.read()
    return Reply(response.status, json.loads(content) if content else None, dict(response.headers))


def write_config(state_dir: Path, text: str = "") -> Path:
    """Write a configuration; `text` has further sections or options of [api]."""
    config_file = state_dir / "osken-net.conf"
    config_file.write_text(f"[DEFAULT]\nstate_dir = {state_dir}\n[api]\n{text}\n")
    return config_file


@contextmanager
def running(
    config_file: Path,
    listening: bool = True,
    context: ssl.SSLContext | None = None,
    port: int = 0,
    metrics: bool = False,
    build: str = BUILD,
) -> Iterator[Server]:
    """Run a server as the controller does; at the end it must stop by itself, with status 0.

    `context`: how its clients speak TLS; `port`: where it listens, if it is not all the same.
    `metrics`: it has a listener for them, too. `listening`: take what it tells from the start; otherwise
    nobody does before `Server.listen`. `build`: that of its controller.
    """
    ours, theirs = socket.socketpair()
    with (
        socket.create_server(("127.0.0.1", port)) as listener,
        socket.create_server(("127.0.0.1", 0)) as scraped,
        ours,
    ):
        descriptors = [listener.fileno(), theirs.fileno()]
        command = [sys.executable, "-m", "osken_apps.rest.process", f"--build={build}", str(config_file)]
        command += map(str, descriptors)
        if metrics:
            command.append(f"--metrics={scraped.fileno()}")
            descriptors.append(scraped.fileno())
        process = subprocess.Popen(command, pass_fds=descriptors)
        theirs.close()
        server = Server(
            listener.getsockname()[1],
            process,
            Link(ours),
            metrics_port=scraped.getsockname()[1],
            context=context,
        )
        if listening:
            server.listen()
        try:
            yield server
        finally:
            process.terminate()
            status = process.wait(WAIT_S)
    assert status == 0
