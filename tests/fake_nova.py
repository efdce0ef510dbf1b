"""A Nova that the test plays, with the Keystone before it: what it is told, and what it answers."""

import json
import queue
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WAIT_S = 60
NEVER = "2999-01-01T00:00:00.000000Z"

Told = tuple[str, str]  # the event's name and the port's id


@dataclass
class FakeNova:
    """`answers` are the statuses of the next requests, 200 after them; None: no answer, it hangs up."""

    port: int
    answers: deque[int | None] = field(default_factory=deque)
    requests: "queue.Queue[list[dict[str, Any]]]" = field(default_factory=queue.Queue)
    let_in: bool = True
    logins: int = 0
    refused_port: str = ""

    @property
    def url(self) -> str:
        """The address of both."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def section(self) -> str:
        """The section of a configuration that leads here."""
        return f"[nova]\nauth_url = {self.url}/v3\nusername = neutron\npassword = secret\n"

    def told(self) -> list[Told]:
        """Wait for the next request; give its events."""
        return [(event["name"], event["tag"]) for event in self.requests.get(timeout=WAIT_S)]

    def nothing_more(self) -> bool:
        """Tell whether no further request has come."""
        return self.requests.empty()

    def answer(self, path: str, body: Any) -> tuple[int | None, Any]:
        """Give status and body of the answer to a request."""
        if path == "/v3/auth/tokens":
            self.logins += 1
            return (201, self._token()) if self.let_in else (401, {"error": {"message": "no"}})
        assert path == "/v2.1/os-server-external-events"
        self.requests.put(body["events"])
        if self.refused_port in [event["tag"] for event in body["events"]]:
            return 400, {"badRequest": {"message": "what?"}}
        return self.answers.popleft() if self.answers else 200, {"events": body["events"]}

    def _token(self) -> Any:
        place = {
            "interface": "internal",
            "url": f"{self.url}/v2.1",
            "region": "r",
            "region_id": "r",
            "id": "e",
        }
        catalog = [{"type": "compute", "name": "nova", "id": "c", "endpoints": [place]}]
        return {
            "token": {
                "catalog": catalog,
                "expires_at": NEVER,
                "issued_at": NEVER,
                "methods": ["password"],
                "roles": [{"id": "admin", "name": "admin"}],
                "user": {"id": "u", "name": "neutron", "domain": {"id": "default", "name": "Default"}},
            }
        }


@contextmanager
def fake_nova() -> Iterator[FakeNova]:
    """Run one."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = nova.answer(self.path, body)
            if status is None:
                return
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("X-Subject-Token", "token")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    nova = FakeNova(server.server_address[1])
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield nova
    finally:
        server.shutdown()
        server.server_close()
