"""The controller as a process of a lab, and its REST API as a Python call.

The process is recorded, so taking the lab down ends it. Must not know anything of the controller but its
command line and its API.
"""

import http.client
import json
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osken_apps.lab import processes
from osken_apps.lab.lab import Lab
from osken_apps.lab.shell import PATIENCE_S, LabError, wait_until

NAME = "controller"

Json = Any


@dataclass(frozen=True)
class Response:
    """An answer of the API: its HTTP status and its body."""

    status: int
    body: Json


@dataclass(frozen=True)
class Api:
    """A client of the REST API; a path is relative to /v2.0/."""

    port: int
    host: str = "127.0.0.1"

    def request(self, method: str, path: str, body: Json = None) -> Response:
        """Send a request; an error of the API is an answer like any other."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE_S)
        try:
            content_type = {"Content-Type": "application/json"}
            connection.request(
                method, f"/v2.0/{path}", None if body is None else json.dumps(body), content_type
            )
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        return Response(answer.status, json.loads(content) if content else None)

    def create(self, resource: str, **attributes: Json) -> dict[str, Json]:
        """Create a resource; give it as the API answers. Raises LabError."""
        made: dict[str, Json] = self._expect("POST", _path(resource), {resource: attributes}, 201, resource)
        return made

    def update(self, resource: str, id: str, **attributes: Json) -> dict[str, Json]:
        """Change a resource; give it as the API answers. Raises LabError."""
        changed: dict[str, Json] = self._expect(
            "PUT", f"{_path(resource)}/{id}", {resource: attributes}, 200, resource
        )
        return changed

    def show(self, resource: str, id: str) -> dict[str, Json]:
        """Give a resource. Raises LabError."""
        found: dict[str, Json] = self._expect("GET", f"{_path(resource)}/{id}", None, 200, resource)
        return found

    def list(self, resource: str, query: str = "") -> list[dict[str, Json]]:
        """Give the resources that a query string selects. Raises LabError."""
        found: list[dict[str, Json]] = self._expect(
            "GET", f"{_path(resource)}?{query}", None, 200, f"{resource}s"
        )
        return found

    def delete(self, resource: str, id: str) -> None:
        """Delete a resource. Raises LabError."""
        answer = self.request("DELETE", f"{_path(resource)}/{id}")
        if answer.status != 204:
            raise LabError(f"DELETE {_path(resource)}/{id}: {answer.status} {answer.body}")

    def _expect(self, method: str, path: str, body: Json, status: int, key: str) -> Json:
        answer = self.request(method, path, body)
        if answer.status != status:
            raise LabError(f"{method} {path}: {answer.status} {answer.body}")
        return answer.body[key]

    def answers(self) -> bool:
        """Tell whether the API is there."""
        try:
            return self.request("GET", "networks?limit=1").status == 200
        except OSError:
            return False


def _path(resource: str) -> str:
    """Give the part of the path of a kind of resource."""
    return resource.replace("_", "-") + "s"


class LabController:
    """A controller that a lab's hosts can be pointed at."""

    def __init__(self, lab: Lab, api_port: int = 9696, options: Mapping[str, str] | None = None) -> None:
        """Prepare a controller; `options` are further lines of the configuration by section."""
        self._lab = lab
        self.api = Api(api_port)
        self.config_file = lab.site.directory(NAME) / "osken-net.conf"
        self.config_file.write_text(_config(lab, api_port, options or {}))

    @property
    def log(self) -> str:
        """What the controller has logged so far."""
        return self._log_file.read_text()

    @property
    def _log_file(self) -> Path:
        return self.config_file.with_name("controller.log")

    def start(self) -> None:
        """Start it and wait until its API answers."""
        command = [sys.executable, "-m", "osken_apps.cli", "run", "--config-file", str(self.config_file)]
        process = processes.start(self._lab.site, NAME, command, self._log_file)
        try:
            wait_until(self.api.answers, PATIENCE_S, "the controller's API")
        except LabError as error:
            process.end()
            raise LabError(f"{error}; its log: {self.log[-2000:]}") from None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it with a signal and wait until it has ended."""
        processes.end_recorded(self._lab.site, NAME, number)


def _config(lab: Lab, api_port: int, options: Mapping[str, str]) -> str:
    sections = {"api": f"port = {api_port}", **options}
    return lab.controller_config() + "".join(f"[{section}]\n{lines}\n" for section, lines in sections.items())
