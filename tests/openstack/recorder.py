"""A proxy before the controller's API that writes down what it is asked: a line of JSON a kind of request.

Run by `python -m tests.openstack.recorder ADDRESS PORT TARGET_PORT FILE`. A kind is a client's method, path
with names of things in place of ids, names of parameters, and names of what its body sets.
"""

import http.client
import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}")
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}


def kind_of(method: str, url: str, body: bytes, agent: str, status: int) -> dict[str, Any]:
    """Give the kind of a request."""
    split = urlsplit(url)
    parameters = sorted({name for name, _ in parse_qsl(split.query, keep_blank_values=True)})
    client = re.split("[ /]", agent)[0]
    return {
        "client": "horizon" if client == "__main__.py" else client,
        "method": method,
        "path": ID.sub("ID", split.path),
        "parameters": parameters,
        "body": _names(body),
        "status": status,
    }


def _names(body: bytes) -> list[str]:
    """Name what a body sets, and what it sets to null."""
    try:
        value = json.loads(body)
    except ValueError:
        return []
    if not isinstance(value, dict) or len(value) != 1:
        return sorted(value) if isinstance(value, dict) else []
    ((name, inner),) = value.items()
    items = inner if isinstance(inner, list) else [inner]
    names = {f"{name}.{key}" + ("=null" if item[key] is None else "") for item in items for key in item}
    return sorted(names)


def main(address: str, port: str, target_port: str, file_name: str) -> None:
    """Serve for ever."""
    seen: set[str] = set()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            connection = http.client.HTTPConnection(address, int(target_port), timeout=60)
            try:
                connection.request(self.command, self.path, body or None, dict(self.headers))
                response = connection.getresponse()
                answer = response.read()
            finally:
                connection.close()
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            agent = self.headers.get("User-Agent", "")
            line = json.dumps(kind_of(self.command, self.path, body, agent, response.status))
            with lock:
                if line not in seen:
                    seen.add(line)
                    with open(file_name, "a") as file:
                        file.write(line + "\n")

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self.handle_any
            raise AttributeError(name)

        def log_message(self, *_arguments: Any) -> None:
            pass

    ThreadingHTTPServer((address, int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
