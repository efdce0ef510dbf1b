"""Two hosts with real Open vSwitches on one wire, whose machines are sockets: a frame goes in, and what comes
out is seen, without waiting for a time: a switch is asked something until nothing more comes.
"""

import json
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from osken_apps.lab import PATIENCE_S, wait_until
from osken_apps.model.changes import Change, Deleted, Upserted
from osken_apps.model.fabric import Fabric
from osken_apps.model.host import Interface
from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.model.preparation import prepare
from osken_apps.model.resources import Port, Standard
from osken_apps.model.snapshot import HostSnapshot, Layout
from osken_apps.openflow.difference import Difference, difference
from osken_apps.openflow.wire import FlowBody, FlowKey
from osken_apps.pipeline.desired import FlowEncoder, desired_meters
from osken_apps.pipeline.tags import desired_tags
from tests.ovs.conftest import Channel, Switch, open_vswitch

LAYOUT = Layout("br-int", (("default", "br-eth2"),))
WIRE = "eth2"
QUIET_TURNS = 8  # of the switch's main loop; a frame takes three from one end to the other
LENGTH = struct.Struct("!H")


def connected(path: Path) -> socket.socket:
    """Connect to a socket that is about to listen."""
    made = socket.socket(socket.AF_UNIX)
    wait_until(lambda: made.connect_ex(str(path)) == 0, PATIENCE_S, f"{path} listens")
    return made


class Unixctl:
    """The switch's control socket (ovs-appctl(8)), kept open."""

    def __init__(self, path: Path) -> None:
        self._socket = connected(path)
        self._socket.settimeout(20)

    def call(self, method: str, *parameters: str) -> str:
        """Ask something."""
        self._socket.sendall(json.dumps({"method": method, "params": parameters, "id": 0}).encode())
        text = b""
        while True:
            text += self._socket.recv(65536)
            try:
                answer = json.loads(text)
            except ValueError:
                continue
            assert answer["error"] is None, answer
            return str(answer["result"])

    def close(self) -> None:
        self._socket.close()


class Plug:
    """The other end of a dummy port."""

    def __init__(self, path: Path) -> None:
        self._socket = connected(path)
        self._socket.setblocking(False)
        self._received = b""

    def send(self, frame: bytes) -> None:
        self._socket.sendall(LENGTH.pack(len(frame)) + frame)

    def receive(self) -> list[bytes]:
        """Give the frames that have come since this was asked last."""
        try:
            while data := self._socket.recv(1 << 20):
                self._received += data
        except BlockingIOError:
            pass
        frames = []
        while len(self._received) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._received)
            if len(self._received) < LENGTH.size + length:
                break
            frames.append(self._received[LENGTH.size : LENGTH.size + length])
            self._received = self._received[LENGTH.size + length :]
        return frames

    def close(self) -> None:
        self._socket.close()


class Host:
    """A host: bridges with real flows on a switch of its own, and the plugs of its machines."""

    def __init__(self, name: str, switch: Switch) -> None:
        self.name = name
        self.switch = switch
        self.plugs: dict[str, Plug] = {}
        self.ofports: dict[str, dict[str, int]] = {
            "br-int": {"int-br-eth2": 1},
            "br-eth2": {WIRE: 1, "phy-br-eth2": 2},
        }
        self.interfaces: dict[str, Interface] = {}
        self.tags: dict[str, int] = {}
        self.flows: dict[str, dict[FlowKey, FlowBody]] = {}
        self.control = Unixctl(switch.directory / "switch.ctl")
        words: list[str] = []
        for bridge in LAYOUT.bridges:
            words += ["--", "add-br", bridge]
            words += ["--", "set", "bridge", bridge, "datapath_type=dummy", "fail_mode=secure"]
        switch.vsctl(*words)
        switch.vsctl(*_patch("br-int", "int-br-eth2", 1, "phy-br-eth2"), "--",
                     *_patch("br-eth2", "phy-br-eth2", 2, "int-br-eth2"))  # fmt: skip
        self._add_dummy("br-eth2", WIRE, 1)
        self._channels = {bridge: Channel(switch.management(bridge)) for bridge in LAYOUT.bridges}
        for channel in self._channels.values():
            channel.set_config()

    def plug(self, name: str, iface_id: str = "", trunk: bool = False) -> None:
        """Plug a machine's interface in."""
        ofport = max(self.ofports["br-int"].values()) + 1
        self._add_dummy("br-int", name, ofport)
        self.ofports["br-int"][name] = ofport
        self.interfaces[name] = Interface(name, iface_id, trunk=trunk)

    def install(self, snapshot: HostSnapshot) -> dict[str, Difference]:
        """Send what differs from what the bridges have, and let it count; give what was sent."""
        tags = desired_tags(snapshot).items() - self.tags.items()
        if tags:
            words = " ".join(f"-- set port {name} tag={tag}" for name, tag in tags)
            self.switch.vsctl(*words.split())
            self.tags |= dict(tags)
        sent = {}
        for bridge, channel in self._channels.items():
            wanted = FlowEncoder().flows(bridge, LAYOUT, snapshot)
            sent[bridge] = difference(self.flows.get(bridge, {}), wanted)
            if bridge not in self.flows:
                channel.install({}, desired_meters(bridge, LAYOUT, snapshot).values())
            channel.send(sent[bridge])
            self.flows[bridge] = wanted
            assert not difference(channel.read(), wanted)
        self.control.call("revalidator/purge")
        return sent

    def turn(self) -> None:
        """Wait until the switch has been around its main loop, in which these two have separate places."""
        self._channels["br-int"].barrier()
        self.control.call("version")

    def flush_zone(self, zone: int) -> None:
        """Forget the connections of one zone, as the controller has it done."""
        self._channels["br-int"].flush_zone(zone)

    def flush(self) -> None:
        """Forget all connections, and what MAC learning has learned."""
        self.control.call("dpctl/flush-conntrack")
        self.unlearn()

    def unlearn(self) -> None:
        """Forget what MAC learning has learned, also in flows of the datapath."""
        for bridge in LAYOUT.bridges:
            self.control.call("fdb/flush", bridge)
        self.control.call("revalidator/purge")

    def close(self) -> None:
        for plug in self.plugs.values():
            plug.close()
        for channel in self._channels.values():
            channel.close()
        self.control.close()

    def _add_dummy(self, bridge: str, name: str, ofport: int) -> None:
        path = self.switch.directory / f"{name}.sock"
        self.switch.vsctl(
            "add-port", bridge, name, "--", "set", "interface", name, "type=dummy",
            f"options:pstream=punix:{path}", f"ofport_request={ofport}",
        )  # fmt: skip
        self.plugs[name] = Plug(path)


def _patch(bridge: str, name: str, ofport: int, peer: str) -> list[str]:
    return ["add-port", bridge, name, "--", "set", "interface", name, "type=patch", f"options:peer={peer}",
            f"ofport_request={ofport}"]  # fmt: skip


class World:
    """Two hosts, the wire between them, and what the API was told.

    A machine is named as its interface is; `wire` is a host of somebody else's on the wire.
    """

    def __init__(self, hosts: Iterable[Host]) -> None:
        self.hosts = {host.name: host for host in hosts}
        self.fabric = Fabric(LAYOUT)
        self.fabric.inventory.loaded = True
        self.resources: dict[str, Standard] = {}

    def tell(self, *resources: Standard) -> None:
        """Take resources as new or changed."""
        self._change([Upserted(resource) for resource in resources])
        self.resources |= {resource.id: resource for resource in resources}

    def forget(self, *resources: Standard) -> None:
        """Take resources as deleted."""
        self._change([Deleted(type(resource), resource.id) for resource in resources])

    def plug(self, host: str, port: Port) -> None:
        """Plug the machine of a port in, by an interface that is named as the port is."""
        self.hosts[host].plug(port.name, port.id)

    def settle(self) -> dict[str, int]:
        """Bring the hosts to what they should have; give how many flow-mods that took, by host."""
        sent = {}
        for host in self.hosts.values():
            for bridge, ofports in host.ofports.items():
                self.fabric.observe_bridge(host.name, bridge, ofports)
            self.fabric.observe_interfaces(host.name, host.interfaces.values())
        for host in self.hosts.values():
            prepare(self.fabric, host.name)
            differences = host.install(host_snapshot(self.fabric, host.name))
            sent[host.name] = sum(len([*difference.steps()]) for difference in differences.values())
        return sent

    def send(self, sender: str, *frames: bytes) -> dict[str, list[bytes]]:
        """Send frames from a machine, one after another; give what each machine gets.

        Nothing that a machine gets is answered.
        """
        got: dict[str, list[bytes]] = {}
        for frame in frames:
            if sender == "wire":
                for host in self.hosts.values():
                    host.plugs[WIRE].send(frame)
            else:
                self._plug_of(sender).send(frame)
            for name, received in self._run():
                got.setdefault(name, []).append(received)
        return got

    def learn(self) -> None:
        """Let what MAC learning has learned count for every packet from now on."""
        for host in self.hosts.values():
            host.control.call("revalidator/purge")

    def _run(self) -> Iterator[tuple[str, bytes]]:
        """Give the frames that come out, and carry those of the wire over, until nothing more comes."""
        quiet = 0
        while quiet < QUIET_TURNS:
            quiet += 1
            for host in self.hosts.values():
                host.turn()
                for name, plug in host.plugs.items():
                    for frame in plug.receive():
                        quiet = 0
                        yield ("wire" if name == WIRE else name), frame
                        if name == WIRE:
                            for other in self.hosts.values():
                                if other is not host:
                                    other.plugs[WIRE].send(frame)

    def _plug_of(self, name: str) -> Plug:
        return next(host.plugs[name] for host in self.hosts.values() if name in host.plugs)

    def _change(self, changes: list[Change]) -> None:
        self.fabric.apply(changes)


@contextmanager
def two_hosts(directory: Path) -> Iterator[World]:
    """Make two hosts without machines."""
    with ExitStack() as stack:
        hosts = []
        for name in ("host1", "host2"):
            home = directory / name
            home.mkdir()
            hosts.append(Host(name, stack.enter_context(open_vswitch(home))))
            stack.callback(hosts[-1].close)
        yield World(hosts)
