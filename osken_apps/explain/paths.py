"""The ways of frames between two ports, followed through the flows that the hosts have. PURE."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address

from osken_apps.explain import neighbors
from osken_apps.explain.facts import Facts, HostSeen, PortSeen
from osken_apps.model.addresses import IPAddress
from osken_apps.model.snapshot import (
    INTEGRATION_TUNNEL_END,
    HostSnapshot,
    Layout,
    integration_end,
    physical_end,
)
from osken_apps.openflow.difference import Difference, difference
from osken_apps.openflow.fields import (
    ETH_TYPE_IPV4,
    ETH_TYPE_IPV6,
    IP_PROTO_ICMP,
    IP_PROTO_ICMPV6,
    IP_PROTO_TCP,
    IP_PROTO_UDP,
    Exact,
    Field,
)
from osken_apps.openflow.wire import FlowKey, encode_flow
from osken_apps.pipeline.desired import FlowEncoder
from osken_apps.pipeline.headers import DHCP_CLIENT_PORT, DHCP_SERVER_PORT, EVERYBODY
from osken_apps.pipeline.keeping import done_of
from osken_apps.pipeline.stage import COOKIE, COOKIE_MASK
from osken_apps.trace.connections import NEW, REPLY, Assumption
from osken_apps.trace.frame import Frame
from osken_apps.trace.lookup import WireTables
from osken_apps.trace.result import Hop, Trace
from osken_apps.trace.site import TracedHost, traced_host
from osken_apps.trace.tracer import trace

CLIENT_PORT = 40000  # any that a client may send from
TTL = 64
PROTOCOLS = {"tcp": IP_PROTO_TCP, "udp": IP_PROTO_UDP}
ENDS = {"tcp": (Field.TCP_SRC, Field.TCP_DST), "udp": (Field.UDP_SRC, Field.UDP_DST)}
ECHO = {4: (IP_PROTO_ICMP, Field.ICMP_TYPE, 8, 0), 6: (IP_PROTO_ICMPV6, Field.ICMPV6_TYPE, 128, 129)}


def traced_hosts(layout: Layout, hosts: Iterable[HostSeen], ports: Sequence[PortSeen]) -> list[TracedHost]:
    """Give hosts with the flows that they have or, where that is not known, should have; they have heard
    the machines of these ports.
    """
    return [
        traced_host(
            layout,
            host.snapshot,
            {
                bridge: WireTables((flow.key, flow.body) for flow in known.value)
                for bridge, known in host.installed.items()
                if known.value is not None
            },
            host.tags.value if host.tags else None,
            _learned(layout, host, host.snapshot, ports),
        )
        for host in hosts
        if host.snapshot
    ]


def not_understood(hosts: Iterable[TracedHost]) -> Iterator[str]:
    """Say how many flows a path has met, or might have, that are left out because nobody can tell what
    they take or do.
    """
    for host in hosts:
        for name, bridge in host.bridges.items():
            odd = bridge.tables.odd if isinstance(bridge.tables, WireTables) else 0
            if odd:
                yield f"what {odd} flows of others on {name} of {host.name} do, which use what ours never do"


@dataclass(frozen=True)
class Counters:
    """How many packets each flow of some hosts took, as far as that is known."""

    hosts: Mapping[str, HostSeen]

    def of(self, hop: Hop) -> int | None:
        """Give the packets of the flow that took a frame."""
        if hop.flow is None:
            return None
        return self._packets.get((hop.host, hop.bridge, encode_flow(hop.flow)[0]))

    @cached_property
    def _packets(self) -> Mapping[tuple[str, str, FlowKey], int]:
        return {
            (host.name, bridge, flow.key): flow.packets
            for host in self.hosts.values()
            for bridge, known in host.installed.items()
            for flow in known.value or ()
        }


@dataclass(frozen=True)
class Paths:
    """What frames do on the hosts of some facts; each path is followed once, when it is asked for."""

    facts: Facts

    @cached_property
    def pairs(self) -> tuple[tuple[IPAddress, IPAddress], ...]:
        """Give an address of each that are on one link, one such pair of each version of IP.

        They are on one subnet, or else on two of their network that both know to be on the link.
        """
        port, peer = self.facts.port, self.facts.peer
        if peer is None:
            return ()
        here, there = port.on_link, peer.on_link
        pairs = [
            (own, other)
            for own in self.facts.meant(port)
            for other in self.facts.meant(peer)
            if own.ip_address.version == other.ip_address.version
            and other.subnet_id in here
            and own.subnet_id in there
        ]
        found: dict[int, tuple[IPAddress, IPAddress]] = {}
        for own, other in sorted(pairs, key=lambda pair: pair[0].subnet_id != pair[1].subnet_id):
            found.setdefault(own.ip_address.version, (own.ip_address, other.ip_address))
        return tuple(found.values())

    @property
    def common(self) -> tuple[IPAddress, IPAddress] | None:
        """Give an address of each that are on one link; None: they have none."""
        return self.pairs[0] if self.pairs else None

    @cached_property
    def hosts(self) -> list[TracedHost]:
        """Give the hosts as the tracer takes them."""
        facts = self.facts
        ports = [facts.port, *([facts.peer] if facts.peer else [])]
        return traced_hosts(facts.layout, facts.hosts.values(), ports)

    @cached_property
    def request(self) -> Trace | None:
        """Follow what the port's DHCP client broadcasts."""
        values: dict[Field, Exact] = {
            Field.ETH_SRC: self.facts.port.port.mac_address,
            Field.ETH_DST: EVERYBODY,
            Field.ETH_TYPE: ETH_TYPE_IPV4,
            Field.IPV4_SRC: IPv4Address("0.0.0.0"),
            Field.IPV4_DST: IPv4Address("255.255.255.255"),
            Field.IP_PROTO: IP_PROTO_UDP,
            Field.IP_TTL: TTL,
            Field.UDP_SRC: DHCP_CLIENT_PORT,
            Field.UDP_DST: DHCP_SERVER_PORT,
        }
        return self._follow(self.facts.port, Frame.of(values), NEW)

    @cached_property
    def forward(self) -> Trace | None:
        """Follow the traffic from the port to its peer."""
        if self.common is None or self.facts.peer is None:
            return None
        source, far = self.common[0], self.facts.behind or self.common[1]
        frame = self._frame(self.facts.port, self.facts.peer, source, far, is_answer=False)
        return self._follow(self.facts.port, frame, NEW)

    @cached_property
    def back(self) -> Trace | None:
        """Follow the peer's answer."""
        if self.common is None or self.facts.peer is None:
            return None
        destination, far = self.common[0], self.facts.behind or self.common[1]
        frame = self._frame(self.facts.peer, self.facts.port, far, destination, is_answer=True)
        return self._follow(self.facts.peer, frame, REPLY)

    @cached_property
    def question(self) -> Trace | None:
        """Follow the port's question for its peer's MAC address: by ARP, or by neighbor discovery."""
        if self.common is None:
            return None
        asking = (self.facts.port.port.mac_address, self.common[0])
        return self._follow(self.facts.port, neighbors.question(asking, self.common[1]), NEW)

    @cached_property
    def told(self) -> Trace | None:
        """Follow the peer's answer to that."""
        if self.common is None or self.facts.peer is None:
            return None
        asking = (self.facts.port.port.mac_address, self.common[0])
        answering = (self.facts.peer.port.mac_address, self.common[1])
        return self._follow(self.facts.peer, neighbors.answer(answering, asking), NEW)

    def differs(self, host: HostSeen, bridge: str) -> Difference | None:
        """Give what a bridge lacks and has besides; None: not known. Others' flows are no difference, nor is
        what it keeps of ports that are not known.
        """
        known = host.installed.get(bridge)
        if known is None or known.value is None or host.snapshot is None:
            return None
        ours = {flow.key: flow.body for flow in known.value if flow.body.cookie & COOKIE_MASK == COOKIE}
        delta = difference(ours, FlowEncoder().flows(bridge, self.facts.layout, host.snapshot))
        return done_of(delta, ours, bridge, self.facts.layout, host.snapshot)

    def _frame(
        self, sender: PortSeen, receiver: PortSeen, source: IPAddress, destination: IPAddress, is_answer: bool
    ) -> Frame:
        is_ipv4 = isinstance(source, IPv4Address)
        addresses = (Field.IPV4_SRC, Field.IPV4_DST) if is_ipv4 else (Field.IPV6_SRC, Field.IPV6_DST)
        values: dict[Field, Exact] = {
            Field.ETH_SRC: sender.port.mac_address,
            Field.ETH_DST: receiver.port.mac_address,
            Field.ETH_TYPE: ETH_TYPE_IPV4 if is_ipv4 else ETH_TYPE_IPV6,
            addresses[0]: source,
            addresses[1]: destination,
            Field.IP_TTL: TTL,
        }
        traffic = self.facts.traffic
        if traffic.protocol in ENDS:
            values[Field.IP_PROTO] = PROTOCOLS[traffic.protocol]
            ends = (CLIENT_PORT, traffic.port)
            values |= dict(zip(ENDS[traffic.protocol], ends[::-1] if is_answer else ends, strict=True))
        else:
            protocol, kind, asks, answers = ECHO[source.version]
            values |= {Field.IP_PROTO: protocol, kind: answers if is_answer else asks}
        return Frame.of(values)

    def _follow(self, sender: PortSeen, frame: Frame, assumption: Assumption) -> Trace | None:
        """Follow a frame from a port; None: it is nowhere that is known."""
        place, bridge = sender.place, self.facts.layout.integration_bridge
        known = {host.name: host for host in self.hosts}
        if place is None or place.ofport is None or bridge not in known.get(place.host, _NOWHERE).bridges:
            return None
        return trace(self.hosts, place.host, bridge, place.ofport, frame, assumption)


_NOWHERE = TracedHost("", {})


def _learned(
    layout: Layout, host: HostSeen, snapshot: HostSnapshot, ports: Iterable[PortSeen]
) -> dict[str, dict[tuple[int, int], int]]:
    """Give where the bridges of a host know ports to be, once their machines were heard."""
    learned: dict[str, dict[tuple[int, int], int]] = {}
    for seen in ports:
        if not _is_tagged_otherwise(host, snapshot, seen):
            for bridge, vlan, ofport in _ways_to(layout, snapshot, seen):
                learned.setdefault(bridge, {})[vlan, int(seen.port.mac_address)] = ofport
    return learned


def _is_tagged_otherwise(host: HostSeen, snapshot: HostSnapshot, seen: PortSeen) -> bool:
    """Tell whether what a port's machine sends is in another VLAN of the host than its network's."""
    place, tags = seen.place, host.tags.value if host.tags else None
    if place is None or place.host != host.name or not tags or place.interface not in tags:
        return False
    vlans = {segment.network_id: segment.local_vlan for segment in snapshot.segments}
    return tags[place.interface] != vlans.get(seen.port.network_id)


def _ways_to(layout: Layout, snapshot: HostSnapshot, seen: PortSeen) -> Iterator[tuple[str, int, int]]:
    """Give by bridge and VLAN the number of the port behind which a port is."""
    integration = layout.integration_bridge
    segment = next((one for one in snapshot.segments if one.network_id == seen.port.network_id), None)
    if segment is None or seen.place is None:
        return
    physical = layout.bridge_of(segment.physical_network) or ""
    outward = INTEGRATION_TUNNEL_END if segment.is_tunnel else integration_end(physical)
    is_here = seen.place.host == snapshot.host
    near = seen.place.ofport if is_here else snapshot.ofports.get(integration, {}).get(outward)
    if near is not None:
        yield integration, segment.local_vlan, near
    ends = snapshot.ofports.get(physical, {})
    inward = ends.get(physical_end(physical))
    nics = [ofport for name, ofport in ends.items() if name != physical_end(physical)]
    far = inward if is_here else nics[0] if len(nics) == 1 else None
    if far is not None:
        yield physical, segment.segmentation_id or 0, far
