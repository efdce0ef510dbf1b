"""A real Open vSwitch with dummy ports: no datapath, no namespace, no controller."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from osken_apps.lab import PATIENCE_S, wait_until
from osken_apps.openflow import codec
from osken_apps.openflow.codec import BundleControl, Description, MessageType
from osken_apps.openflow.difference import Difference
from osken_apps.openflow.flow_monitor import OFPMP_FLOW_MONITOR
from osken_apps.openflow.handshake import set_config
from osken_apps.openflow.meter import (
    Meter,
    MeterCommand,
    decode_meter_config,
    meter_config_request,
    meter_mod,
)
from osken_apps.openflow.wire import FlowBody, FlowKey
from osken_apps.pipeline.stage import COOKIE, COOKIE_MASK

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


@dataclass(frozen=True)
class Switch:
    """An ovs-vswitchd of this test session."""

    directory: Path

    def run(self, *command: str) -> str:
        environment = os.environ | {"OVS_RUNDIR": str(self.directory)}
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=PATIENCE_S, env=environment
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def vsctl(self, *arguments: str) -> str:
        return self.run("ovs-vsctl", f"--db=unix:{self.directory}/db.sock", *arguments)

    def appctl(self, *words: str) -> str:
        return self.run("ovs-appctl", "-t", str(self.directory / "switch.ctl"), *words)

    def trace(self, bridge: str, packet: str) -> str:
        return self.appctl("ofproto/trace", bridge, packet)

    def receive(self, port: str, frame: bytes) -> None:
        """Let a frame come in at a dummy port."""
        self.appctl("netdev-dummy/receive", port, frame.hex())

    def management(self, bridge: str) -> str:
        return str(self.directory / f"{bridge}.mgmt")

    def add_bridge(self, name: str, ports: Mapping[str, int]) -> None:
        """Make a bridge with dummy ports of given numbers."""
        self.vsctl("--if-exists", "del-br", name)
        words = ["add-br", name, "--", "set", "bridge", name, "datapath_type=dummy", "fail_mode=secure"]
        for port, number in ports.items():
            words += ["--", "add-port", name, port, "--", "set", "interface", port, "type=dummy"]
            words += [f"ofport_request={number}"]
        self.vsctl(*words)


class Channel:
    """An OpenFlow connection to a bridge, over its management socket."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        self._socket.connect(path)
        self._buffer = b""
        self._socket.sendall(codec.message(MessageType.HELLO, 1))
        self._receive()

    def close(self) -> None:
        self._socket.close()

    def install(self, flows: Mapping[FlowKey, FlowBody], meters: Iterable[Meter] = ()) -> None:
        """Add meters, then flows in one bundle."""
        xid = 7
        self._socket.sendall(b"".join(meter_mod(MeterCommand.ADD, meter, xid) for meter in meters))
        self.send(Difference(tuple(flows.items())))

    def read(self) -> dict[FlowKey, FlowBody]:
        """Read the flows that are ours."""
        self._socket.sendall(codec.flow_stats_request(COOKIE, COOKIE_MASK, 8))
        return {flow.key: flow.body for part in self._parts() for flow in codec.decode_flow_counts(part)}

    def read_meters(self) -> dict[int, Meter]:
        """Read all meters."""
        self._socket.sendall(meter_config_request(8))
        return {meter.meter_id: meter for part in self._parts() for meter in decode_meter_config(part)}

    def description(self) -> Description:
        """Read what the switch says that it is."""
        self._socket.sendall(codec.desc_request(8))
        (part,) = self._parts()
        return codec.decode_desc(part)

    def send(self, delta: Difference) -> None:
        """Send a difference in one bundle."""
        messages = [codec.bundle_control(BundleControl.OPEN_REQUEST, 1, 7)]
        messages += codec.bundled_flow_mods(delta.steps(), 1, 7)
        self._commit(messages)

    def set_config(self) -> None:
        """Have fragments matched as the controller does, and packets for it sent here, too."""
        self._socket.sendall(set_config(8))
        self.barrier()

    def flush_zone(self, zone: int) -> None:
        """Have a zone's connections forgotten."""
        self._done([codec.ct_flush_zone(zone)])

    def send_message(self, message: bytes) -> None:
        """Send one message, and wait until the switch has taken it."""
        self._done([message])

    def barrier(self) -> None:
        """Wait until the switch has done all that it was told; forget what else it sent."""
        self._socket.sendall(codec.barrier_request(8))
        while self._receive()[1] != MessageType.BARRIER_REPLY:
            continue

    def packet_in(self) -> bytes:
        """Receive the next packet-in, whole."""
        while (message := self._receive())[1] != MessageType.PACKET_IN:
            continue
        return message

    def flow_updates(self) -> bytes:
        """Receive the next message of the flow monitor, whole."""
        while True:
            message = self._receive()
            if message[1] == MessageType.MULTIPART_REPLY and (
                codec.decode_multipart(message)[0] == OFPMP_FLOW_MONITOR
            ):
                return message

    def _commit(self, messages: list[bytes]) -> None:
        self._done([*messages, codec.bundle_control(BundleControl.COMMIT_REQUEST, 1, 7)])

    def _done(self, messages: list[bytes]) -> None:
        self._socket.sendall(b"".join([*messages, codec.barrier_request(7)]))
        while (message := self._receive())[1] != MessageType.BARRIER_REPLY:
            assert message[1] != MessageType.ERROR, codec.decode_error(message)

    def _parts(self) -> Iterator[bytes]:
        """Receive a multipart reply."""
        more = True
        while more:
            message = self._receive()
            if message[1] == MessageType.MULTIPART_REPLY:
                yield message
                more = codec.decode_multipart(message)[1]

    def _receive(self) -> bytes:
        while True:
            if len(self._buffer) >= codec.HEADER.size:
                _, message_type, length, _ = codec.HEADER.unpack_from(self._buffer)
                length = codec.message_octets(message_type, length)
                if len(self._buffer) >= length:
                    message, self._buffer = self._buffer[:length], self._buffer[length:]
                    return message
            data = self._socket.recv(65536)
            assert data, "the switch closed the connection"
            self._buffer += data


@contextmanager
def open_vswitch(directory: Path, dummy: str = "--enable-dummy=override") -> Iterator[Switch]:
    """Run an ovs-vswitchd with its database in a directory; `dummy` says whether tunnels are dummies, too."""
    made = Switch(directory)
    database, remote = directory / "conf.db", f"unix:{directory}/db.sock"
    made.run("ovsdb-tool", "create", str(database), SCHEMA)
    options = ["--log-file=/dev/null", "--no-chdir"]
    commands = [
        ["ovsdb-server", str(database), f"--remote=p{remote}", f"--unixctl={directory}/db.ctl", *options],
        ["ovs-vswitchd", remote, dummy, "--disable-system",
         f"--unixctl={directory}/switch.ctl", *options],
    ]  # fmt: skip
    environment = os.environ | {"OVS_RUNDIR": str(directory)}
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for command, awaited in zip(commands, ("db.sock", "switch.ctl"), strict=True):
            processes.append(
                subprocess.Popen(
                    command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            )
            wait_until((directory / awaited).exists, PATIENCE_S, awaited)
        yield made
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)


@pytest.fixture(scope="session")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switch]:
    with open_vswitch(tmp_path_factory.mktemp("ovs")) as made:
        yield made
