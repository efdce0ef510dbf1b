"""What the dashboard asks of the API, with 50,000 ports: how soon it is answered, what fifty of them cost.

    python -m tests.bench.dashboard

fills a database, starts the process that serves REST, asks each question again and again over one
connection, as administrator and as a member of a project, and then lets fifty dashboards follow what changes,
as their browsers would. The status is 1 if a bar is missed.
"""

import http.client
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.scale.intent import Size, fill
from tests.bench.seeing.followers import Followers
from tests.rest.server import NO_QUOTAS, Server, connection_to, running, write_config

SIZE = Size(hosts=1000, networks=1000, ports_per_host=50)
ROUNDS = 30
DASHBOARDS = 50
WATCHED_S = 60.0
CPU_BAR = 0.05  # of a core
ADMIN: Mapping[str, str] = {"X-User-Id": "admin", "X-Project-Id": "admin", "X-Roles": "admin"}


@dataclass(frozen=True)
class Line:
    """A question: milliseconds of the first answer, of the middle one and of the slowest; and the bar.

    `cpu_ms` is what an answer takes of a processor: it says most where others use them, too.
    """

    name: str
    first_ms: float
    median_ms: float
    most_ms: float
    cpu_ms: float
    bar_ms: float

    def __str__(self) -> str:
        told = (f"{value:.1f}" for value in (self.first_ms, self.median_ms, self.most_ms, self.cpu_ms))
        return f"| {self.name} | {' | '.join(told)} | {self.bar_ms:.0f} |"


@dataclass(frozen=True)
class Result:
    """The answers, and which part of a core the process took while so many dashboards followed.

    `opened_s` is what it took of a processor when they were opened; `answers` is what they had from then on.
    """

    lines: tuple[Line, ...]
    opened_s: float
    answers: int
    cpu: float

    @property
    def is_good(self) -> bool:
        """Tell whether no bar is missed."""
        return self.cpu <= CPU_BAR and all(line.median_ms <= line.bar_ms for line in self.lines)


def measure(
    size: Size, rounds: int = ROUNDS, dashboards: int = DASHBOARDS, watched_s: float = WATCHED_S
) -> Result:
    """Ask each question so many times, then have dashboards follow for a while."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        fill(f"sqlite:///{directory}/osken-net.db", size)
        with running(write_config(directory, f"authentication = headers\n{NO_QUOTAS}")) as server:
            connection = connection_to(server.port)
            lines = tuple(
                _line(connection, server, name, path, bar, rounds, caller)
                for name, path, bar, caller in _all_questions(connection, size)
            )
            return Result(lines, *_followed(server, dashboards, watched_s))


def _all_questions(
    connection: http.client.HTTPConnection, size: Size
) -> Iterator[tuple[str, str, float, Mapping[str, str]]]:
    """Give what is asked, how soon it must be answered in milliseconds, and who asks."""
    member = {"X-User-Id": "member", "X-Project-Id": size.project(0), "X-Roles": "member"}
    yield "overview", "overview", 50, ADMIN
    for name, path, bar in _questions(_ask(connection, "ports?limit=1")["ports"][0]):
        yield name, path, bar, ADMIN
    yield "a member's overview", "overview", 50, member
    yield "a member's page of 100 ports by name", "ports?limit=100&sort_key=name&sort_dir=asc", 150, member


def _questions(port: Mapping[str, Any]) -> Iterator[tuple[str, str, float]]:
    yield "changes without news", "changes", 5
    yield "search by address", f"search?q={port['fixed_ips'][0]['ip_address']}", 100
    yield "search by MAC address", f"search?q={port['mac_address']}", 100
    yield "search by part of a name", "search?q=999", 100
    yield "search for nothing that is there", "search?q=nothing-like-that", 100
    yield "page of 100 ports", "ports?limit=100", 150
    yield "page of 100 ports by name", "ports?limit=100&sort_key=name&sort_dir=asc", 150
    yield "page of 100 ports that are down", "ports?limit=100&status=DOWN", 150
    yield "topology of a network", f"topology?network_id={port['network_id']}", 150


def _ask(connection: http.client.HTTPConnection, path: str, caller: Mapping[str, str] = ADMIN) -> Any:
    connection.request("GET", f"/v2.0/{path}", headers=dict(caller))
    response = connection.getresponse()
    told = json.loads(response.read())
    if response.status != 200:
        raise RuntimeError(f"{path}: {told}")
    return told


def _line(
    connection: http.client.HTTPConnection,
    server: Server,
    name: str,
    path: str,
    bar_ms: float,
    rounds: int,
    caller: Mapping[str, str],
) -> Line:
    taken, cpu_s = [], _cpu_s(server.process.pid)
    for _ in range(rounds):
        began = time.perf_counter()
        _ask(connection, path, caller)
        taken.append(1000 * (time.perf_counter() - began))
    cpu_ms = 1000 * (_cpu_s(server.process.pid) - cpu_s) / rounds
    return Line(name, taken[0], statistics.median(taken), max(taken[1:]), cpu_ms, bar_ms)


def _followed(server: Server, dashboards: int, watched_s: float) -> tuple[float, int, float]:
    """Have dashboards follow; give what `Result` has of them."""
    pid = server.process.pid
    opening = _cpu_s(pid)
    followers = Followers("127.0.0.1", server.port, dashboards, ADMIN)
    opened_s = _cpu_s(pid) - opening
    began, before, answers = time.monotonic(), _cpu_s(pid), followers.answers
    followers.follow(began + watched_s)
    return opened_s, followers.answers - answers, (_cpu_s(pid) - before) / (time.monotonic() - began)


def _cpu_s(pid: int) -> float:
    """Give the processor time of a process (proc(5), `stat`)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Run the benchmark; the status is 1 if a bar is missed."""
    result = measure(SIZE)
    print(f"with {SIZE.ports} ports, ms:\n\n| question | first | median | most | processor | bar |")
    print("| --- | --- | --- | --- | --- | --- |")
    for line in result.lines:
        print(line)
    print(f"\n{DASHBOARDS} dashboards are opened for {result.opened_s:.2f} s of a processor")
    rate = result.answers / WATCHED_S
    print(f"with {rate:.1f} answers a second they take {result.cpu:.1%} of a core (bar {CPU_BAR:.0%})")
    return int(not result.is_good)


if __name__ == "__main__":
    sys.exit(main())
