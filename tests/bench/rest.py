"""How fast the API answers, beside real Neutron 29 on a machine of the same size.

    python -m tests.bench.rest

starts a server with an empty database, drives it with one client and with 16, and prints a table. The
reference's figures are those of neutron-server 29.0.0 with two workers and MariaDB on two cores.
"""

import json
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osken_apps.rest.validation import MAX_BULK
from tests.rest.server import NO_QUOTAS, WAIT_S, Server, running, write_config

CLIENTS = 16
WARM_UP = 160
NETWORKS = 800
PORTS = 1000
LISTS = 11
BULKS = 5
SLAAC_SUBNETS = 100  # a project's, by the default quota
LONGEST_WAIT_S = 1.0
NEUTRON_NETWORKS_A_SECOND = 10.8
NEUTRON_PORTS_A_SECOND = 4.1
NEUTRON_LIST_S = 1.4
NEUTRON_SHOW_S = 0.036
NEUTRON_UPDATE_S = 0.156
RECEIVE_BYTES = 1 << 18


class Client:
    """A client that costs little itself: one connection, requests as bytes."""

    def __init__(self, server: Server) -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, method: str, path: str, body: Any = None) -> bytes:
        """Send a request; give the body of the answer. Raises RuntimeError if it is no success."""
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        self._socket.sendall(head.encode() + content)
        answer = self._socket.recv(RECEIVE_BYTES)
        while b"\r\n\r\n" not in answer:
            answer += self._socket.recv(RECEIVE_BYTES)
        head_bytes, _, received = answer.partition(b"\r\n\r\n")
        length = _content_length(head_bytes)
        parts = [received]
        missing = length - len(received)
        while missing > 0:
            parts.append(self._socket.recv(RECEIVE_BYTES))
            missing -= len(parts[-1])
        if not head_bytes.startswith(b"HTTP/1.1 2"):
            raise RuntimeError(answer.decode())
        return b"".join(parts)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


@dataclass(frozen=True)
class Result:
    """A line of the table: what was measured, how often a second, and how often Neutron does it."""

    name: str
    per_second: float
    neutron: float
    target: float

    @property
    def factor(self) -> float:
        """How many times as fast as Neutron."""
        return self.per_second / self.neutron


def rate(server: Server, clients: int, total: int, work: Callable[[Client], Any]) -> float:
    """Do `work` `total` times by so many clients; give how often a second."""
    connections = [Client(server) for _ in range(clients)]

    def repeat(client: Client) -> None:
        for _ in range(total // clients):
            work(client)

    with ThreadPoolExecutor(clients) as pool:
        started = time.perf_counter()
        list(pool.map(repeat, connections))
        return total / (time.perf_counter() - started)


def seconds(work: Callable[[], Any], times: int = LISTS) -> float:
    """Give the median duration of `work`."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def network_with_subnet(client: Client, cidr: str) -> str:
    """Make a network with a large subnet; give its id."""
    network_id = str(json.loads(client.call("POST", "/v2.0/networks", {"network": {}}))["network"]["id"])
    subnet = {"network_id": network_id, "ip_version": 4, "cidr": cidr}
    client.call("POST", "/v2.0/subnets", {"subnet": subnet})
    return network_id


def measure(server: Server) -> list[Result]:
    """Measure everything."""
    client, results = Client(server), []

    def network(of: Client) -> bytes:
        return of.call("POST", "/v2.0/networks", {"network": {"name": "n"}})

    rate(server, CLIENTS, WARM_UP, network)
    for clients in (1, CLIENTS):
        made = rate(server, clients, NETWORKS, network)
        results.append(Result(f"networks created, {_clients(clients)}", made, NEUTRON_NETWORKS_A_SECOND, 25))
    for clients, cidr in ((1, "10.1.0.0/16"), (CLIENTS, "10.2.0.0/16")):
        body = {"port": {"network_id": network_with_subnet(client, cidr)}}
        made = rate(server, clients, PORTS, lambda of, body=body: of.call("POST", "/v2.0/ports", body))  # type: ignore[misc]
        results.append(Result(f"ports created, {_clients(clients)}", made, NEUTRON_PORTS_A_SECOND, 50))
    path = f"/v2.0/ports?network_id={body['port']['network_id']}"
    ports = json.loads(client.call("GET", path))["ports"]
    one = f"/v2.0/ports/{ports[0]['id']}"
    list_s = seconds(lambda: client.call("GET", path))
    results.append(Result(f"list of {len(ports)} ports", 1 / list_s, 1 / NEUTRON_LIST_S, 20))
    show_s = seconds(lambda: client.call("GET", one), 200)
    results.append(Result("port shown", 1 / show_s, 1 / NEUTRON_SHOW_S, 1))
    names = iter(range(1000))
    update_s = seconds(lambda: client.call("PUT", one, {"port": {"name": str(next(names))}}), 200)
    results.append(Result("port changed", 1 / update_s, 1 / NEUTRON_UPDATE_S, 1))
    return results


def longest_wait_s(server: Server) -> float:
    """Give how long another's write takes at most, while one client makes as many ports at once as it may."""
    client, other = Client(server), Client(server)
    network_id = network_with_subnet(client, "10.3.0.0/16")
    body = {"ports": [{"network_id": network_id}] * MAX_BULK}
    return max(_wait_beside(other, client, "/v2.0/ports", body) for _ in range(BULKS))


def longest_wait_of_addresses_s(server: Server) -> float:
    """Give that wait while ports get the addresses of as many slaac subnets as a project has: these before
    the ports, and behind them.
    """
    client, other = Client(server), Client(server)
    waits = []
    for before in (True, False):
        made = json.loads(client.call("POST", "/v2.0/networks", {"network": {}}))
        network_id = str(made["network"]["id"])
        ports = ("/v2.0/ports", {"ports": [{"network_id": network_id}] * MAX_BULK})
        subnets = ("/v2.0/subnets", {"subnets": _slaac(network_id)})
        for path, body in (subnets, ports) if before else (ports, subnets):
            waits.append(_wait_beside(other, client, path, body))
    return max(waits)


def _slaac(network_id: str) -> list[dict[str, Any]]:
    wanted = {"network_id": network_id, "ip_version": 6, "ipv6_ra_mode": "slaac"}
    return [wanted | {"cidr": f"2001:db8:{number:x}::/64"} for number in range(SLAAC_SUBNETS)]


def _wait_beside(other: Client, client: Client, path: str, body: Any) -> float:
    """Give how long a write takes at most while a client makes many things at once."""
    waits = []
    with ThreadPoolExecutor(1) as pool:
        bulk = pool.submit(client.call, "POST", path, body)
        while not bulk.done():
            started = time.perf_counter()
            other.call("POST", "/v2.0/networks", {"network": {}})
            waits.append(time.perf_counter() - started)
        bulk.result()
    return max(waits)


def _clients(clients: int) -> str:
    return "1 client" if clients == 1 else f"{clients} clients"


def table(results: list[Result]) -> str:
    """Give the results as a table."""
    lines = [f"{'':28} {'here':>9} {'Neutron 29':>11} {'factor':>8} {'target':>8}"]
    for result in results:
        verdict = "" if result.factor >= result.target else "  missed"
        lines.append(
            f"{result.name:28} {result.per_second:7.1f}/s {result.neutron:9.1f}/s"
            f" {result.factor:7.0f}x {result.target:7.0f}x{verdict}"
        )
    return "\n".join(lines)


def main() -> int:
    """Run the benchmark; the status is 1 if a target is missed."""
    with (
        tempfile.TemporaryDirectory() as directory,
        running(write_config(Path(directory), NO_QUOTAS)) as server,
    ):
        results, longest_s = measure(server), longest_wait_s(server)
        addresses_s = longest_wait_of_addresses_s(server)
    print(table(results))
    print(f"another's write beside {MAX_BULK} ports at once waits {longest_s:.2f} s at most")
    print(f"and beside {MAX_BULK} ports with {SLAAC_SUBNETS} addresses each {addresses_s:.2f} s at most")
    waited = max(longest_s, addresses_s) < LONGEST_WAIT_S
    reached = all(result.factor >= result.target for result in results) and waited
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
