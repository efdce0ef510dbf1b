"""The tracer: a frame goes through the tables of a bridge, on to the next, and to other hosts. PURE.

Source: ovs-actions(7), and for what it does not say what Open vSwitch does.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never

from osken_apps.openflow.actions import (
    OFPP_CONTROLLER,
    OFPP_IN_PORT,
    OFPP_NORMAL,
    Action,
    Conjunction,
    Ct,
    CtClear,
    Move,
    Output,
    OutputField,
    Pop,
    PopVlan,
    Push,
    PushVlan,
    Resubmit,
    SetBit,
    SetField,
)
from osken_apps.openflow.fields import ETH_TYPE_IPV4, ETH_TYPE_IPV6, CtState, Field
from osken_apps.openflow.flow import Flow
from osken_apps.trace.connections import NEW, Assumption
from osken_apps.trace.frame import Frame, state_words
from osken_apps.trace.normal import normal
from osken_apps.trace.result import Exit, Hop, Stop, Trace, Way
from osken_apps.trace.site import BridgePort, TracedBridge, TracedHost

OFPP_FLOOD, OFPP_ALL = 0xFFFFFFFB, 0xFFFFFFFC
FIRST_RESERVED_16, RESERVED_BITS = 0xFF00, 0xFFFF0000  # a number of a port in 16 bits, and in 32
MAX_RESUBMITS = 4096  # of Open vSwitch, for one packet
MAX_DEPTH = 64  # likewise
MAX_CROSSINGS = 64  # from host to host


@dataclass(slots=True)
class _Packet:
    """A frame on a bridge, as far as it has come."""

    host: TracedHost
    bridge: TracedBridge
    in_port: int
    frame: Frame
    stack: list[int] = field(default_factory=list)
    is_going_on: bool = False  # something has become of it
    last_hop: int = -1
    last_word: str = ""


def trace(
    hosts: Iterable[TracedHost],
    host: str,
    bridge: str,
    in_port: int,
    frame: Frame,
    assumption: Assumption = NEW,
) -> Trace:
    """Follow a frame that comes in at a port of a bridge. Raises KeyError for what is not there.

    Where it leaves a host, it comes in at each of `hosts` that the wire leads to.
    """
    by_name = {one.name: one for one in hosts}
    run = _Run(by_name, assumption)
    at = by_name[host]
    run.go(_Packet(at, at.bridges[bridge], in_port, frame.having({Field.IN_PORT: in_port})))
    return Trace(
        tuple(run.hops), tuple(run.exits), tuple(run.stops), assumption, tuple(dict.fromkeys(run.unseen))
    )


class _Run:
    """One trace, as far as it has come."""

    def __init__(self, hosts: dict[str, TracedHost], assumption: Assumption) -> None:
        self.hops: list[Hop] = []
        self.exits: list[Exit] = []
        self.stops: list[Stop] = []
        self.unseen: list[str] = []
        self._hosts = hosts
        self._assumption = assumption
        self._tracked: deque[tuple[_Packet, int]] = deque()
        self._crossing: deque[_Packet] = deque()
        self._resubmits = 0

    def go(self, packet: _Packet) -> None:
        """Follow a packet, what is tracked of it, and what comes to other hosts."""
        self._crossing.append(packet)
        crossings = 0
        while self._crossing:
            crossings += 1
            if crossings > MAX_CROSSINGS:
                self.unseen.append("other hosts: the frame goes to too many")
                return
            self._through(self._crossing.popleft(), 0)
            while self._tracked:
                self._through(*self._tracked.popleft())

    def _through(self, packet: _Packet, table_id: int, depth: int = 0) -> None:
        """Have a packet looked up, and note if nothing becomes of it."""
        self._look_up(packet, table_id, depth)
        if not packet.is_going_on:
            self.stops.append(Stop(packet.host.name, packet.bridge.name, packet.last_hop, packet.last_word))

    def _look_up(self, packet: _Packet, table_id: int, depth: int, original: bool = False) -> None:
        self._resubmits += 1
        if self._resubmits > MAX_RESUBMITS or depth > MAX_DEPTH:
            packet.last_word = "dropped: it is looked up too often"
            return
        looked_up = packet.frame
        if original:
            if not _has_original(looked_up):
                return
            looked_up = looked_up.as_first()
        flow = packet.bridge.tables.lookup(table_id, looked_up)
        here = len(self.hops)
        port = packet.bridge.ports.get(packet.in_port)
        hop = Hop(
            packet.host.name,
            packet.bridge.name,
            packet.bridge.role,
            table_id,
            port.name if port else str(packet.in_port),
            looked_up,
            flow,
            depth=depth,
        )
        self.hops.append(hop)
        packet.last_hop, packet.last_word = here, hop.meaning
        if flow:
            self._follow(packet, flow, here, depth)

    def _follow(self, packet: _Packet, flow: Flow, here: int, depth: int) -> None:
        """Do what a flow says."""
        if flow.meter_id is not None:
            self._note(here, f"passes meter {flow.meter_id}, if it is not too much")
        for action in flow.actions:
            self._note(here, action.text())
            self._act(packet, action, here, depth)
        if flow.goto_table is not None:
            self._note(here, f"goes on in table {flow.goto_table}")
            self._look_up(packet, flow.goto_table, depth)

    def _act(self, packet: _Packet, action: Action, here: int, depth: int) -> None:
        frame = packet.frame
        match action:
            case Output(ofport):
                self._output(packet, ofport, here, depth)
            case OutputField(source):
                self._output(packet, _in_32_bits(frame.number(source)), here, depth)
            case SetField(target, value):
                packet.frame = frame.having({target: int(value)})
            case SetBit(target, bit, on):
                others = frame.number(target) & ~(1 << bit)
                packet.frame = frame.having({target: others | int(on) << bit})
            case Move(source, target):
                packet.frame = frame.having({target: frame.number(source)})
            case Push(source):
                packet.stack.append(frame.number(source))
            case Pop(target):
                if packet.stack:
                    packet.frame = frame.having({target: packet.stack.pop()})
            case PushVlan():
                packet.frame = replace(frame, vlans=(0, *frame.vlans))
            case PopVlan():
                packet.frame = replace(frame, vlans=frame.vlans[1:])
            case Resubmit(table_id, original):
                self._look_up(packet, table_id, depth + 1, original)
            case Ct():
                self._track(packet, action, here)
            case CtClear():
                packet.frame = frame.untracked()
            case Conjunction():
                pass  # a flow that has one never takes a packet by itself
            case _ as never:
                assert_never(never)

    def _track(self, packet: _Packet, action: Ct, here: int) -> None:
        """Have the connection found; the packet goes on when all else is done."""
        frame = packet.frame
        if frame.number(Field.ETH_TYPE) not in (ETH_TYPE_IPV4, ETH_TYPE_IPV6):
            original, state = None, self._assumption.state
        else:
            original, state = self._assumption.original(frame), self._assumption.state_of(frame)
            original = None if state & CtState.INV else original
        tracked = replace(frame.having({Field.CT_STATE: state}), original=original)
        self._note(here, f"its connection is taken for {state_words(state)} ({self._assumption.name})")
        going_on = replace(packet, frame=tracked, stack=list(packet.stack), is_going_on=False)
        self._tracked.append((going_on, action.table_id))
        packet.is_going_on = True
        packet.frame = frame.untracked()

    def _output(self, packet: _Packet, ofport: int, here: int, depth: int) -> None:
        match ofport:
            case _ if ofport == OFPP_NORMAL:
                self._normal(packet, here, depth)
            case _ if ofport == OFPP_CONTROLLER:
                packet.is_going_on = True
                self.exits.append(
                    Exit(Way.CONTROLLER, packet.host.name, packet.bridge.name, None, packet.frame, here)
                )
            case _ if ofport == OFPP_IN_PORT:
                self._leave(packet, packet.in_port, packet.frame, here, depth)
            case _ if ofport in (OFPP_FLOOD, OFPP_ALL):
                for other in packet.bridge.ports:
                    if other != packet.in_port:
                        self._leave(packet, other, packet.frame, here, depth)
            case _ if ofport == packet.in_port:
                self._note(here, "not sent back to where it came from")
            case _:
                self._leave(packet, ofport, packet.frame, here, depth)

    def _normal(self, packet: _Packet, here: int, depth: int) -> None:
        switched = normal(packet.bridge, packet.in_port, packet.frame)
        self._note(here, switched.why)
        packet.last_word = switched.why
        for port, frame in switched.to:
            self._leave(packet, port.ofport, frame, here, depth)

    def _leave(self, packet: _Packet, ofport: int, frame: Frame, here: int, depth: int) -> None:
        """Send a frame out of a port, and on from its other end."""
        port = packet.bridge.ports.get(ofport)
        if port is None:
            packet.last_word = f"dropped: {packet.bridge.name} has no port {ofport}"
            self._note(here, packet.last_word)
            return
        packet.is_going_on = True
        host = packet.host
        if port.peer is not None:
            bridge, far = port.peer
            arriving = frame.outside().having({Field.IN_PORT: far})
            self._through(_Packet(host, host.bridges[bridge], far, arriving), 0, depth + 1)
            return
        way = Way.PORT
        if port.is_tunnel:
            way = Way.TUNNEL
            self._over_tunnel(host, port, frame)
        elif packet.bridge.leads_out(port):
            way = Way.WIRE
            self._over_wire(host, packet.bridge, frame)
        self.exits.append(Exit(way, host.name, packet.bridge.name, port, frame, here))

    def _over_wire(self, sender: TracedHost, bridge: TracedBridge, frame: Frame) -> None:
        for host in self._hosts.values():
            for other in host.bridges.values():
                if host is not sender and other.physical_network == bridge.physical_network:
                    for end in other.ends():
                        self._arrive(host, other, end, frame.outside())

    def _over_tunnel(self, sender: TracedHost, port: BridgePort, frame: Frame) -> None:
        receiver = frame.number(Field.TUN_DST)
        seen = {
            Field.TUN_ID: frame.number(Field.TUN_ID),
            Field.TUN_SRC: int(sender.tunnel_address or 0),
            Field.TUN_DST: receiver,
        }
        for host in self._hosts.values():
            if host.tunnel_address is not None and int(host.tunnel_address) == receiver:
                for bridge in host.bridges.values():
                    for end in bridge.ports.values():
                        if end.is_tunnel and end.name == port.name:
                            self._arrive(host, bridge, end, frame.outside().having(seen))

    def _arrive(self, host: TracedHost, bridge: TracedBridge, port: BridgePort, frame: Frame) -> None:
        arriving = frame.having({Field.IN_PORT: port.ofport})
        self._crossing.append(_Packet(host, bridge, port.ofport, arriving))

    def _note(self, hop: int, what: str) -> None:
        if what:
            self.hops[hop] = replace(self.hops[hop], does=(*self.hops[hop].does, what))


def _has_original(frame: Frame) -> bool:
    is_ip = frame.number(Field.ETH_TYPE) in (ETH_TYPE_IPV4, ETH_TYPE_IPV6)
    return is_ip and frame.original is not None and frame.original.protocol != 0


def _in_32_bits(ofport: int) -> int:
    return ofport | RESERVED_BITS if FIRST_RESERVED_16 <= ofport <= 0xFFFF else ofport
