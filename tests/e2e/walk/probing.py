"""Asking, inside a machine, whether it reaches others: one process sends all questions at once.

Owns three programs for machines:

- `LISTEN` answers TCP of both families on the ports of its arguments, and sends back what it gets.
- `ASK` reads a list of [protocol, source, destination, port, wanted] and prints the numbers of those that
  were answered. It ends when all that are wanted were, and the others had `GRACE_S` after that; or after
  `PATIENCE_S`.
- `HOLD` reads such a list without `wanted` and keeps connections open; for each further line it prints the
  numbers of those on which an octet went there and back.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence

from osken_apps.lab import LabError, NamespaceVm
from tests.e2e.walk.model import Traffic

LISTEN = """
import select, socket, sys
def listener(port):
    return socket.create_server(("::", int(port)), family=socket.AF_INET6, dualstack_ipv6=True)
listeners = list(map(listener, sys.argv[1:]))
streams = []
while True:
    for each in select.select(listeners + streams, [], [])[0]:
        if each in listeners:
            streams.append(each.accept()[0])
            continue
        try:
            octets = each.recv(2000)
            each.sendall(octets)
        except OSError:
            octets = b""
        if not octets:
            streams.remove(each)
            each.close()
"""

HOLD = """
import json, select, socket, sys, time
PATIENCE_S = 1.2
streams = [
    socket.create_connection((destination, port), 10, (source, 0))
    for _, source, destination, port in json.loads(sys.stdin.readline())
]
print("[]", flush=True)
for n, _ in enumerate(sys.stdin):
    octet, passed, end = bytes([n % 256]), set(), time.monotonic() + PATIENCE_S
    for each in streams:
        each.sendall(octet)
    while (left := end - time.monotonic()) > 0 and len(passed) < len(streams):
        for each in select.select(streams, [], [], left)[0]:
            if octet in each.recv(2000):
                passed.add(streams.index(each))
    print(json.dumps(sorted(passed)), flush=True)
"""

ASK = """
import errno, json, os, select, socket, struct, sys, time
GRACE_S, PATIENCE_S = 0.4, 1.2
asked = json.load(sys.stdin)
IPV6 = [":" in each[2] for each in asked]
number = os.getpid() & 0xffff
def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff
answered, streams = set(), {}
pings = {}
for n, (protocol, source, destination, port, wanted) in enumerate(asked):
    if protocol == "icmp":
        key = (IPV6[n], source)
        if key not in pings:
            six = IPV6[n]
            pings[key] = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW,
                                       socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
            pings[key].bind((source, 0))
        head = struct.pack("!BBHHH", 128 if IPV6[n] else 8, 0, 0, number, n)
        if not IPV6[n]:
            head = head[:2] + struct.pack("!H", checksum(head)) + head[4:]
        try:
            pings[key].sendto(head, (destination, 0))
        except OSError:
            pass
    else:
        stream = socket.socket(socket.AF_INET6 if IPV6[n] else socket.AF_INET, socket.SOCK_STREAM)
        stream.setblocking(False)
        stream.bind((source, 0))
        if stream.connect_ex((destination, port)) in (0, errno.EINPROGRESS):
            streams[stream] = n
wanted = {n for n, each in enumerate(asked) if each[4]}
end = time.monotonic() + PATIENCE_S
graced = False
while (left := end - time.monotonic()) > 0:
    if wanted <= answered and not graced:
        graced, end = True, min(end, time.monotonic() + (GRACE_S if len(wanted) < len(asked) else 0))
        continue
    readable, writable, _ = select.select(list(pings.values()), list(streams), [], left)
    for each in readable:
        octets, peer = each.recvfrom(2000)
        six = each.family == socket.AF_INET6
        if not six:
            octets = octets[(octets[0] & 15) * 4:]
        kind, _, _, id, n = struct.unpack("!BBHHH", octets[:8])
        if kind == (129 if six else 0) and id == number and n < len(asked) and peer[0] == asked[n][2]:
            answered.add(n)
    for each in writable:
        n = streams.pop(each)
        if each.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
            answered.add(n)
        each.close()
json.dump(sorted(answered), sys.stdout)
"""

PORTS = (80, 81)


def listen(vm: NamespaceVm) -> None:
    """Have a machine answer TCP on the ports that rules name."""
    vm.spawn("listen", [sys.executable, "-S", "-E", "-c", LISTEN, *map(str, PORTS)])


class Held:
    """Connections that machines keep open, each of one machine to where a TCP question of it goes."""

    def __init__(self, questions: Iterable[tuple[NamespaceVm, Sequence[Traffic]]]) -> None:
        self._processes = [(_held(vm, traffics), len(traffics)) for vm, traffics in questions]
        for process, _ in self._processes:
            _next_line(process)

    def passing(self) -> list[list[bool]]:
        """Tell of each connection of each machine whether an octet goes there and back."""
        for process, _ in self._processes:
            assert process.stdin
            print(file=process.stdin, flush=True)
        found = [(set(_next_line(process)), count) for process, count in self._processes]
        return [[n in passed for n in range(count)] for passed, count in found]

    def close(self) -> None:
        for process, _ in self._processes:
            process.communicate()


def _held(vm: NamespaceVm, traffics: Sequence[Traffic]) -> "subprocess.Popen[str]":
    process = _started(vm, HOLD)
    assert process.stdin
    told = [(t.protocol, t.source, t.destination, t.port) for t in traffics]
    print(json.dumps(told), file=process.stdin, flush=True)
    return process


def _next_line(process: "subprocess.Popen[str]") -> list[int]:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise LabError(f"a connection could not be opened, or was cut: {process.args!r}")
    numbers: list[int] = json.loads(line)
    return numbers


def _started(vm: NamespaceVm, program: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        vm.namespace.command([sys.executable, "-S", "-E", "-c", program]),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def ask(questions: Iterable[tuple[NamespaceVm, Sequence[tuple[Traffic, bool]]]]) -> list[list[bool]]:
    """Have each machine send what is told with it, all at once; tell for each whether it was answered.

    The boolean beside each is what is wanted: it says only how long to wait.
    """
    questions = list(questions)
    running = []
    for vm, traffics in questions:
        process = _started(vm, ASK)
        assert process.stdin
        told = [(t.protocol, t.source, t.destination, t.port, wanted) for t, wanted in traffics]
        json.dump(told, process.stdin)
        process.stdin.close()
        process.stdin = None
        running.append(process)
    answered = []
    for (_, traffics), process in zip(questions, running, strict=True):
        text = process.communicate()[0]
        found = set(json.loads(text))
        answered.append([n in found for n in range(len(traffics))])
    return answered
