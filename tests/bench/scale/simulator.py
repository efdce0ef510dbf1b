"""The process of the simulated hosts: three sockets a host, one loop, and commands over a pipe.

Owns the sockets and the clock. A peer whose controller is away dials again every half second.
"""

import multiprocessing
import resource
import select
import socket
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from tests.bench.scale.host import INTEGRATION, HostCounts, HostState, SimulatedHost

REDIAL_S = 0.5
DIALS_AT_ONCE = 100
READ_SIZE = 1 << 18
OPEN_FILES = 16384
POLL_S = 0.1


@dataclass(frozen=True)
class Plan:
    """What to simulate: where the controller listens, and the ids of the ports plugged into each host."""

    openflow_port: int
    ovsdb_port: int
    plugged: tuple[tuple[str, ...], ...]
    tunnels: bool = False


def raise_open_files() -> None:
    """Allow this process, and those it starts, thousands of sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < OPEN_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, max(hard, OPEN_FILES)))


class Channel:
    """A socket of one peer: what still must be sent, and whether it is connected."""

    def __init__(self, peer: Any, port: int) -> None:
        self.peer = peer
        self.port = port
        self.connected = False
        self.redial_at = 0.0
        self.socket: socket.socket | None = None
        self.unsent = b""


class Simulator:
    """All hosts and their channels, served by one epoll loop."""

    def __init__(self, plan: Plan) -> None:
        self.hosts = [SimulatedHost(*host, plan.tunnels) for host in enumerate(plan.plugged)]
        self._channels: dict[Any, Channel] = {}
        for host in self.hosts:
            for switch in host.switches.values():
                self._channels[switch] = Channel(switch, plan.openflow_port)
            self._channels[host.database] = Channel(host.database, plan.ovsdb_port)
        self._idle = list(self._channels.values())
        self._dials = False
        self._by_descriptor: dict[int, Channel] = {}
        self._epoll = select.epoll()

    def serve(self, commands: Connection) -> None:
        """Serve until the other end of the pipe closes or says `stop`."""
        self._epoll.register(commands.fileno(), select.EPOLLIN)
        while True:
            self._dial()
            for descriptor, events in self._epoll.poll(POLL_S):
                if descriptor == commands.fileno():
                    try:
                        name, arguments = commands.recv()
                    except EOFError:
                        return
                    if name == "stop":
                        return
                    commands.send(getattr(self, name)(*arguments))
                elif descriptor in self._by_descriptor:
                    self._ready(self._by_descriptor[descriptor], events)

    def dial(self, dials: bool) -> None:
        """Have peers without a connection dial, or not."""
        self._dials = dials

    def drop(self) -> None:
        """Have every peer close its connection and dial again at once."""
        for channel in list(self._by_descriptor.values()):
            self._lost(channel)
            channel.redial_at = 0.0
        for host in self.hosts:
            for switch in host.switches.values():
                switch.reads = 0

    def take_counts(self) -> list[HostCounts]:
        """Give what each host was told since the last call."""
        return [host.take_counts() for host in self.hosts]

    def states(self, first: int, end: int) -> list[HostState]:
        """Give what stands on some hosts."""
        return [host.state() for host in self.hosts[first:end]]

    def plug(self, host_number: int, port_id: str) -> float:
        """Plug an interface and tell the controller; give the moment."""
        host = self.hosts[host_number]
        by_ovsdb, by_openflow = host.plug(port_id)
        now = time.monotonic()
        self._send(self._channels[host.database], by_ovsdb)
        self._send(self._channels[host.switches[INTEGRATION]], by_openflow)
        return now

    def _dial(self) -> None:
        if not self._idle or not self._dials:
            return
        now, waiting = time.monotonic(), []
        dialled = 0
        for channel in self._idle:
            if channel.redial_at > now or dialled >= DIALS_AT_ONCE:
                waiting.append(channel)
                continue
            dialled += 1
            sock = socket.socket()
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            channel.socket = sock
            sock.connect_ex(("127.0.0.1", channel.port))
            self._by_descriptor[sock.fileno()] = channel
            self._epoll.register(sock.fileno(), select.EPOLLOUT)
        self._idle = waiting

    def _ready(self, channel: Channel, events: int) -> None:
        sock = channel.socket
        assert sock is not None
        if not channel.connected:
            if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or events & select.EPOLLHUP:
                self._lost(channel)
                return
            channel.connected = True
            self._epoll.modify(sock.fileno(), select.EPOLLIN)
            self._send(channel, channel.peer.connected())
            return
        if events & select.EPOLLOUT:
            self._send(channel, b"")
        if events & ~select.EPOLLOUT:
            try:
                data = sock.recv(READ_SIZE)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._lost(channel)
                return
            self._send(channel, channel.peer.feed(data, time.monotonic()))

    def _send(self, channel: Channel, data: bytes) -> None:
        """Send what can be sent; the rest waits until the socket can take it."""
        if not channel.connected or channel.socket is None or not (data or channel.unsent):
            return
        had_to_wait = bool(channel.unsent)
        channel.unsent += data
        try:
            channel.unsent = channel.unsent[channel.socket.send(channel.unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            self._lost(channel)
            return
        if bool(channel.unsent) != had_to_wait:
            events = select.EPOLLIN | (select.EPOLLOUT if channel.unsent else 0)
            self._epoll.modify(channel.socket.fileno(), events)

    def _lost(self, channel: Channel) -> None:
        assert channel.socket is not None
        del self._by_descriptor[channel.socket.fileno()]
        channel.socket.close()
        channel.socket, channel.connected, channel.unsent = None, False, b""
        channel.redial_at = time.monotonic() + REDIAL_S
        self._idle.append(channel)


class Client:
    """Calls the simulator's methods from the benchmark's process."""

    def __init__(self, commands: Connection, hosts: int) -> None:
        self._commands = commands
        self.hosts = hosts

    def __call__(self, name: str, *arguments: Any) -> Any:
        """Call a method of the simulator; give its result."""
        self._commands.send((name, arguments))
        return self._commands.recv()

    def stop(self) -> None:
        """End the simulator."""
        self._commands.send(("stop", ()))


@contextmanager
def simulated(plan: Plan) -> Iterator[Client]:
    """Run simulated hosts in a process of their own."""
    raise_open_files()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_main, args=(plan, theirs), daemon=True)
    process.start()
    theirs.close()
    client = Client(ours, len(plan.plugged))
    try:
        yield client
    finally:
        if process.is_alive():
            client.stop()
        process.join(60)
        if process.is_alive():
            process.kill()


def _main(plan: Plan, commands: Connection) -> None:
    try:
        Simulator(plan).serve(commands)
    except Exception:
        traceback.print_exc()
        raise


def ports_plugged(port_ids: Sequence[str], hosts: int) -> tuple[tuple[str, ...], ...]:
    """Deal ports to hosts in order, the same number to each."""
    each = len(port_ids) // hosts
    return tuple(tuple(port_ids[host * each : (host + 1) * each]) for host in range(hosts))
