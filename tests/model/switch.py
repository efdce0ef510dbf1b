"""A switch and an OVSDB session in memory, which speak through the same calls as the real ones."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from osken_apps.apps.connection import CannotTrack, SwitchError, SwitchGone, SwitchRefused
from osken_apps.apps.ovsdb.session import OvsdbError
from osken_apps.model.conditions import (
    BridgeFacts,
    ControllerFacts,
    HostFacts,
    InterfaceFacts,
    PortFacts,
)
from osken_apps.model.host import Interface, TaggedPort, mark_of
from osken_apps.model.tunnel_bridge import BridgeChange
from osken_apps.openflow import codec, wire
from osken_apps.openflow.codec import FlowModCommand, MessageType
from osken_apps.openflow.meter import (
    BAND_STATS,
    DROP_BAND,
    METER_CONFIG,
    METER_MOD,
    METER_STATS,
    OFPMF_PKTPS_BURST_STATS,
    OFPMP_METER,
    OFPMP_METER_CONFIG,
    Meter,
    MeterCommand,
)
from osken_apps.openflow.wire import FlowBody, FlowKey
from osken_apps.ovsdb.host_view import HostView
from osken_apps.pipeline.features.security_groups import COMMIT_NEW


def _port(name: str, type: str = "", peer: str = "") -> PortFacts:
    return PortFacts(
        name, interfaces=(InterfaceFacts(name, type=type, peer=peer, admin_up=True, link_up=True),)
    )


def _bridge(name: str, *ports: PortFacts) -> BridgeFacts:
    return BridgeFacts(
        name, fail_mode="secure", controllers=(ControllerFacts("tcp:192.0.2.9:6653"),), ports=ports
    )


GOOD_BRIDGES = (
    _bridge("br-eth2", _port("eth2"), _port("phy-br-eth2", "patch", "int-br-eth2")),
    _bridge("br-int", _port("int-br-eth2", "patch", "phy-br-eth2")),
)

_datapath_ids = itertools.count(1)
_numbers = itertools.count(1)


def count_anew() -> None:
    """Number what is made from now on as if it were the first."""
    global _datapath_ids, _numbers
    _datapath_ids, _numbers = itertools.count(1), itertools.count(1)


def new_datapath_ids(number: int) -> tuple[int, ...]:
    """Give so many datapath ids that no bridge has."""
    return tuple(itertools.islice(_datapath_ids, number))


class Numbered:
    """What sets have in the same order whenever the same happens, wherever in memory it is."""

    def __init__(self) -> None:
        """Give it the next number."""
        self._number = next(_numbers)

    def __hash__(self) -> int:
        return self._number


@dataclass
class SwitchBridge:
    """A bridge's tables and ports; they outlive its connections."""

    ports: dict[str, int]
    flows: dict[FlowKey, FlowBody] = field(default_factory=dict)
    meters: dict[int, Meter] = field(default_factory=dict)
    datapath_id: int = field(default_factory=lambda: next(_datapath_ids))

    def restart(self) -> None:
        """Lose what a restart of vswitchd loses."""
        self.flows.clear()
        self.meters.clear()


class SwitchConnection(Numbered):
    """A connection to a bridge; `fault` breaks the next request: refused, unanswered or gone.

    `on_request` is called whenever a request waits for its answer: anything may happen then; `on_change` when
    one waits that changes the bridge; `on_done` when one was done whose answer is on its way. `full_at` is
    how many flows the bridge takes. Without `can_track` it takes no flow that has connections kept, without
    `takes_meters` no meter, whatever it says. What it `refuses` is left out of a bundle, and the rest done.
    """

    def __init__(
        self, bridge: SwitchBridge, name: str, address: str = "192.0.2.1", max_meters: int = 262144
    ) -> None:
        super().__init__()
        self.address = (address, 40000)
        self.certified = ""
        self.max_meters = max_meters
        self.full_at = 1_000_000
        self.refuses: set[FlowKey] = set()
        self.tracks = self.can_track = self.takes_meters = True
        self.sent: list[bytes] = []
        self.answers = True
        self.handler: object = None
        self.bridge_in_memory = bridge
        self.bridge = name
        self.description: str | None = None
        self.id = bridge.datapath_id
        self.fault = ""
        self.on_gone: Callable[[], None] = lambda: None
        self.on_request: Callable[[], None] = lambda: None
        self.on_change: Callable[[], None] = lambda: None
        self.on_done: Callable[[], None] = lambda: None
        self.alive = True
        self.monitored = False

    @property
    def closed(self) -> bool:
        return not self.alive

    def ofports(self) -> dict[str, int]:
        return dict(self.bridge_in_memory.ports)

    def close(self) -> None:
        """End the connection, as the peer sees it too."""
        if self.alive:
            self.alive = False
            self.on_gone()

    def send(self, message: bytes) -> bool:
        self.sent.append(message)
        return self.alive

    def monitor_flows(self) -> None:
        self.monitored = True

    def answer_packet_ins(self, handler: object) -> None:
        self.handler = handler

    def probe(self) -> None:
        if not self.answers:
            raise SwitchError("no answer")

    def request(self, build: Callable[[int], bytes]) -> list[bytes]:
        fault, self.fault = self.fault, ""
        self.on_request()
        messages = build(1)
        if messages[1] != MessageType.MULTIPART_REQUEST:
            self.on_change()
        if not self.alive or fault == "gone":
            self.alive = False
            self.on_gone()
            raise SwitchGone("gone")
        if fault == "refused":
            raise SwitchError("refused")
        before, self._has_refused = dict(self.bridge_in_memory.flows), False
        replies = [reply for message in _split(messages) for reply in self._take(message)]
        if len(self.bridge_in_memory.flows) > self.full_at:
            self.bridge_in_memory.flows = before
            raise SwitchRefused("the table is full")
        if self._has_refused:
            raise SwitchRefused("a match is bad")
        if fault == "unanswered":
            raise SwitchError("unanswered")
        self.on_done()
        return replies

    def _take(self, message: bytes) -> Iterator[bytes]:
        match message[1]:
            case MessageType.BUNDLE_ADD_MESSAGE:
                self._flow_mod(message[codec.WHOLE_BUNDLE_ADD.size :])
            case MessageType.METER_MOD:
                self._meter_mod(message)
            case MessageType.MULTIPART_REQUEST:
                kind = codec.MULTIPART.unpack_from(message, codec.HEADER.size)[0]
                tell = {OFPMP_METER_CONFIG: self._meter_configs, OFPMP_METER: self._meter_stats}
                entries = tell.get(kind, self._flow_stats)()
                body = codec.MULTIPART.pack(kind, 0) + b"".join(entries)
                yield codec.message(MessageType.MULTIPART_REPLY, 1, body)

    def _flow_mod(self, message: bytes) -> None:
        fixed = codec.FLOW_MOD.unpack_from(message, codec.HEADER.size)
        cookie, table_id, command, priority = fixed[0], fixed[2], fixed[3], fixed[6]
        offset = codec.HEADER.size + codec.FLOW_MOD.size
        end = offset + (wire.MATCH_HEADER.unpack_from(message, offset)[1] + 7) // 8 * 8
        key, body = FlowKey(table_id, priority, message[offset:end]), FlowBody(cookie, message[end:])
        if command == FlowModCommand.ADD and key in self.refuses:
            self._has_refused = True
        elif command == FlowModCommand.ADD:
            meter_id = _meter_of(body)
            if cookie == COMMIT_NEW.cookie and not self.can_track:
                raise CannotTrack("its datapath lacks connection tracking")
            if meter_id is not None and meter_id not in self.bridge_in_memory.meters:
                raise SwitchError(f"there is no meter {meter_id}")
            self.bridge_in_memory.flows[key] = body
        else:
            self.bridge_in_memory.flows.pop(key, None)

    def _meter_mod(self, message: bytes) -> None:
        if not self.takes_meters:
            raise SwitchRefused("its datapath has no meters")
        command, _, meter_id = METER_MOD.unpack_from(message, codec.HEADER.size)
        bridge = self.bridge_in_memory
        if command == MeterCommand.DELETE:
            bridge.meters.pop(meter_id, None)
            bridge.flows = {key: body for key, body in bridge.flows.items() if _meter_of(body) != meter_id}
            return
        if (command == MeterCommand.ADD) == (meter_id in bridge.meters):
            raise SwitchError(f"meter {meter_id} exists, or does not")
        _, _, rate, burst = DROP_BAND.unpack_from(message, codec.HEADER.size + METER_MOD.size)
        bridge.meters[meter_id] = Meter(meter_id, rate, burst)

    def _flow_stats(self) -> Iterator[bytes]:
        for key, body in self.bridge_in_memory.flows.items():
            length = codec.FLOW_STATS.size + len(key.match) + len(body.instructions)
            fixed = codec.FLOW_STATS.pack(
                length, key.table_id, 0, 0, key.priority, 0, 0, 0, body.cookie, 0, 0
            )
            yield fixed + key.match + body.instructions

    def _meter_configs(self) -> Iterator[bytes]:
        for meter in self.bridge_in_memory.meters.values():
            length = METER_CONFIG.size + DROP_BAND.size
            yield METER_CONFIG.pack(length, OFPMF_PKTPS_BURST_STATS, meter.meter_id) + DROP_BAND.pack(
                1, DROP_BAND.size, meter.rate, meter.burst
            )

    def _meter_stats(self) -> Iterator[bytes]:
        for meter_id in self.bridge_in_memory.meters:
            length = METER_STATS.size + BAND_STATS.size
            yield METER_STATS.pack(meter_id, length, 0, 0, 0, 0, 0) + BAND_STATS.pack(0, 0)


class Ovsdb(Numbered):
    """A host's database and its session: interfaces with iface-ids, ports with tags.

    `on_request` is called when a transaction is on its way, `on_done` when its answer is.
    """

    def __init__(self, host: str, datapath_ids: tuple[int, ...], address: str = "192.0.2.1") -> None:
        super().__init__()
        self.address = (address, 50000)
        self.certified = ""
        self.began_at = datetime.now(UTC)
        self.host = host
        self.system_id = f"system-id of {host}"
        self.datapath_ids = datapath_ids
        self.iface_ids: dict[str, str] = {}
        self.tags: dict[str, int | None] = {}
        self.marks: dict[str, str] = {}
        self.trunks: set[str] = set()
        self.rows: dict[str, str] = {}  # the port row of an interface, where it has another name
        self.tunnel_address = ""
        self.links: dict[tuple[str, str], PortFacts] = {}  # what was written, by bridge and name
        self.written = 0
        self.fault = False
        self.answers = True
        self.on_gone: Callable[[], None] = lambda: None
        self.on_request: Callable[[], None] = lambda: None
        self.on_done: Callable[[], None] = lambda: None

    def view(self) -> HostView:
        members: dict[str, tuple[str, ...]] = {}
        for name in self.iface_ids:
            row = self.rows.get(name, name)
            members[row] = (*members.get(row, ()), name)
        tagged = {row: (self.tags.get(row), self.marks.get(row, "")) for row in members}
        interfaces = tuple(
            Interface(name, self.iface_ids[name], *tagged[row], name in self.trunks, len(names) > 1)
            for row, names in members.items()
            for name in names
        )
        ports = tuple(TaggedPort(row, *tagged[row], "", names) for row, names in members.items())
        managers = ("tcp:192.0.2.9:6640",)
        facts = HostFacts(
            hostname=self.host,
            system_id=self.system_id,
            bridges=self._bridges(),
            managers=managers,
            tunnel_address=self.tunnel_address,
        )
        return HostView(
            system_id=self.system_id,
            hostname=self.host,
            datapath_ids=self.datapath_ids,
            interfaces=interfaces,
            tagged_ports=ports,
            facts=facts,
        )

    def _bridges(self) -> tuple[BridgeFacts, ...]:
        tunnel_bridges = sorted({bridge for bridge, _ in self.links} - {"br-int"})
        bridges = (*GOOD_BRIDGES, *(_bridge(name) for name in tunnel_bridges))
        return tuple(
            replace(bridge, ports=(*bridge.ports, *self._links_of(bridge.name))) for bridge in bridges
        )

    def _links_of(self, bridge: str) -> list[PortFacts]:
        return [facts for (name, _), facts in sorted(self.links.items()) if name == bridge]

    def _begin(self) -> None:
        self.on_request()
        if self.fault:
            self.fault = False
            raise OvsdbError("the transaction failed")

    def write_bridge(self, change: BridgeChange) -> None:
        self._begin()
        self.written += 1
        for wish in change.ports:
            interface = InterfaceFacts(wish.name, type=wish.type, options=wish.options)
            self.links[wish.bridge, wish.name] = PortFacts(wish.name, interfaces=(interface,))
        self.on_done()

    def close(self) -> None:
        self.on_gone()

    def probe(self) -> None:
        if not self.answers:
            raise OvsdbError("no sign of life")

    def set_tags(self, tags: dict[str, int | None], mark: str) -> None:
        self._begin()
        there = {self.rows.get(name, name) for name in self.iface_ids}
        self.tags.update({name: tag for name, tag in tags.items() if name in there})
        self.marks.update(
            {name: mark_of(tag, mark) if tag else "" for name, tag in tags.items() if name in there}
        )
        self.on_done()


def flushed(connection: SwitchConnection) -> list[int]:
    """Take which zones the controller has had forgotten."""
    zones = [sent[-1] for sent in connection.sent if sent[1] == MessageType.EXPERIMENTER]
    connection.sent.clear()
    return zones


def _meter_of(body: FlowBody) -> int | None:
    if body.instructions[:2] != wire.OFPIT_METER.to_bytes(2, "big"):
        return None
    meter_id: int = wire.METER_INSTRUCTION.unpack_from(body.instructions)[2]
    return meter_id


def _split(buffer: bytes) -> Iterator[bytes]:
    while buffer:
        length = codec.HEADER.unpack_from(buffer)[2]
        yield buffer[:length]
        buffer = buffer[length:]
