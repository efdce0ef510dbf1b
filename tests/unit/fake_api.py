"""An API that answers what it is told to, and remembers what it was asked."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    """A request: its method, its path with the query, its headers and its document."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class FakeApi:
    """Answers by `METHOD path`, with the query or without: a document, or (status, document, headers).

    Octets are a document as it is sent.
    """

    url: str
    answers: dict[str, Any]
    asked: list[Asked] = field(default_factory=list)

    def answer(self, method: str, path: str) -> tuple[int, Any, Mapping[str, str]]:
        """Give the answer to a request; to one that nobody thought of, a 404."""
        known = self.answers.get(f"{method} {path}", self.answers.get(f"{method} {path.partition('?')[0]}"))
        if known is None:
            told = {"type": "HTTPNotFound", "message": "The resource could not be found.", "detail": ""}
            return 404, {"NeutronError": told}, {}
        return known if isinstance(known, tuple) else (200, known, {})


@contextmanager
def fake_api(answers: dict[str, Any]) -> Iterator[FakeApi]:
    """Serve on a port of its own until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            api.asked.append(Asked(self.command, self.path, dict(self.headers), body))
            status, document, headers = api.answer(self.command, self.path)
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815  http.server's name

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api = FakeApi(f"http://127.0.0.1:{server.server_port}", answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
