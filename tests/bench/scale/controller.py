"""The controller as a process under measurement: started, asked over its API, weighed, ended."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.ports import reserved

START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 120.0
AUDIT_INTERVAL_S = 1_000_000
KIB = 1024


@dataclass(frozen=True)
class Ports:
    """TCP ports of one controller."""

    api: int
    openflow: int
    ovsdb: int


@dataclass(frozen=True)
class Weight:
    """Resident memory in octets, now and at its highest, of the controller and of its REST process."""

    controller: int
    rest: int
    controller_peak: int
    rest_peak: int


class Api:
    """A client of the REST API that keeps its connection, and makes another where the server has ended it."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request; give the body of the answer. Raises RuntimeError unless it succeeded."""
        content = None if body is None else json.dumps(body)
        try:
            status, answer = self._ask(method, path, content)
        except ConnectionError:  # it was idle for too long
            status, answer = self._ask(method, path, content)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {answer[:200]!r}")
        return json.loads(answer) if answer else None

    def _ask(self, method: str, path: str, content: str | None) -> tuple[int, bytes]:
        try:
            content_type = {"Content-Type": "application/json"}
            self._connection.request(method, f"/v2.0/{path}", content, content_type)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise


class Controller:
    """A controller that runs."""

    def __init__(self, process: subprocess.Popen[bytes], ports: Ports, started_at: float) -> None:
        self.pid = process.pid
        self.api = Api(ports.api)
        self.started_at = started_at
        self._process = process

    def wait_for_api(self) -> None:
        """Wait until the API answers."""
        limit = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < limit:
            try:
                self.api("GET", "networks?limit=1")
            except (OSError, http.client.HTTPException):
                if self._process.poll() is not None:
                    break
                time.sleep(0.1)
            else:
                return
        raise RuntimeError("the controller's API does not answer")

    def cpu_s(self) -> float:
        """Give the processor time that the controller's own process has used."""
        return _cpu_s(self.pid)

    def rest_cpu_s(self) -> float:
        """Give the processor time that the REST process has used."""
        return _cpu_s(_child(self.pid))

    def weight(self) -> Weight:
        """Give the memory of both processes."""
        rest = _child(self.pid)
        return Weight(
            _status(self.pid, "VmRSS"),
            _status(rest, "VmRSS"),
            _status(self.pid, "VmHWM"),
            _status(rest, "VmHWM"),
        )

    def stop(self) -> None:
        """End it and wait."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise RuntimeError("the controller did not end") from None


@contextmanager
def free_ports() -> Iterator[Ports]:
    """Choose TCP ports that are free, and stay so."""
    with reserved(3) as found:
        yield Ports(*found)


def write_config(directory: Path, ports: Ports) -> Path:
    """Write a configuration whose state is in `directory`.

    Audits read every host now and then, whatever happens: they are put off, so that every message counted
    has a cause.
    """
    path = directory / "osken-net.conf"
    path.write_text(
        f"[DEFAULT]\nstate_dir = {directory}\naudit_interval = {AUDIT_INTERVAL_S}\n"
        f"[api]\nport = {ports.api}\n"
        f"[openflow]\nport = {ports.openflow}\n[ovsdb]\nport = {ports.ovsdb}\n"
        "[quotas]\nnetwork = -1\nsubnet = -1\nport = -1\n"
    )
    return path


@contextmanager
def running(config_file: Path, ports: Ports, program: str = "osken_apps.cli") -> Iterator[Controller]:
    """Run a controller; its log is appended to `controller.log` beside the configuration."""
    command = [sys.executable, "-m", program, "run", "--config-file", str(config_file)]
    with config_file.with_name("controller.log").open("ab") as log:
        started_at = time.monotonic()
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ)
        controller = Controller(process, ports, started_at)
        try:
            yield controller
        finally:
            controller.stop()


def _cpu_s(pid: int) -> float:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def _child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * KIB
    raise RuntimeError(f"/proc/{pid}/status has no {name}")
