"""A simulated host: br-int and br-eth2 as switches, and one OVSDB server, with nothing plugged apart.

Knows names and numbers of a host as the README tells operators to make them; does no I/O.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from tests.bench.scale.openflow_switch import FlowBody, FlowKey, SimulatedSwitch
from tests.bench.scale.ovsdb_server import SimulatedDatabase

INTEGRATION, PHYSICAL = "br-int", "br-eth2"
UPLINK, TO_PHYSICAL, TO_INTEGRATION = "eth2", "int-br-eth2", "phy-br-eth2"
TUNNEL, TO_TUNNEL, FROM_TUNNEL, VXLAN = "br-tun", "patch-tun", "patch-int", "tun-vxlan"
FIRST_OFPORT = 2  # of a machine's interface; the link to the physical bridge has 1


def interface_name(port_id: str) -> str:
    """Name the interface of a port as Nova does."""
    return f"tap{port_id[:11]}"


MOST_PORTS = 1000
FIRST_TUNNEL_ADDRESS = int(IPv4Address("10.200.0.1"))


def tunnel_address(number: int) -> str:
    """Give where other hosts reach one."""
    return str(IPv4Address(FIRST_TUNNEL_ADDRESS + number))


@dataclass(frozen=True)
class HostState:
    """What stands on a host, for a comparison with what should."""

    name: str
    ofports: dict[str, dict[str, int]]
    interfaces: dict[str, str]
    flows: dict[str, dict[FlowKey, FlowBody]]
    meters: dict[str, dict[int, bytes]]
    tags: dict[str, int]


@dataclass(frozen=True)
class HostCounts:
    """What a host was told since the counts were last taken, and when it last changed.

    `reads` is how often each of its flow tables was read since it connected, at least.
    """

    messages: int
    flow_mods: int
    writes: int
    reads: int
    flows_at: float
    tags_at: float


class SimulatedHost:
    """One host; its peers are fed by whoever owns the sockets. One with tunnels has its bridge for them."""

    def __init__(self, number: int, port_ids: Sequence[str], tunnels: bool = False) -> None:
        self.name = f"host{number:04d}"
        self.plugged = {interface_name(port_id): port_id for port_id in port_ids}
        taps = {name: FIRST_OFPORT + index for index, name in enumerate(self.plugged)}
        ids = {INTEGRATION: number << 8 | 1, PHYSICAL: number << 8 | 2}
        self.switches = {
            INTEGRATION: SimulatedSwitch(INTEGRATION, ids[INTEGRATION], {TO_PHYSICAL: 1, **taps}),
            PHYSICAL: SimulatedSwitch(PHYSICAL, ids[PHYSICAL], {UPLINK: 1, TO_INTEGRATION: 2}),
        }
        ports = {
            INTEGRATION: (ids[INTEGRATION], [(TO_PHYSICAL, ""), *self.plugged.items()]),
            PHYSICAL: (ids[PHYSICAL], [(UPLINK, ""), (TO_INTEGRATION, "")]),
        }
        if tunnels:
            last = FIRST_OFPORT + MOST_PORTS
            ids[TUNNEL] = number << 8 | 3
            links = {FROM_TUNNEL: 1, VXLAN: 2}
            self.switches[TUNNEL] = SimulatedSwitch(TUNNEL, ids[TUNNEL], links)
            self.switches[INTEGRATION].ofports[TO_TUNNEL] = last
            ports[TUNNEL] = (ids[TUNNEL], [(name, "") for name in links])
            ports[INTEGRATION][1].append((TO_TUNNEL, ""))
        self.links = {TO_PHYSICAL, INTEGRATION, *([TO_TUNNEL] if tunnels else [])}
        self.database = SimulatedDatabase(self.name, ports, tunnel_address(number) if tunnels else "")
        self.peers: tuple[Any, ...] = (*self.switches.values(), self.database)

    def plug(self, port_id: str) -> tuple[bytes, bytes]:
        """Plug an interface; give what the OVSDB server and br-int say of it, in that order."""
        name = interface_name(port_id)
        self.plugged[name] = port_id
        switch = self.switches[INTEGRATION]
        ofport = FIRST_OFPORT + len(self.plugged) - 1
        return self.database.plug(INTEGRATION, name, port_id), switch.plug(name, ofport)

    def take_counts(self) -> HostCounts:
        """Give what the host was told since the last call."""
        switches = self.switches.values()
        counts = HostCounts(
            sum(peer.received.total() for peer in self.peers),
            sum(switch.flow_mods for switch in switches),
            self.database.writes,
            min(switch.reads for switch in switches),
            max(switch.changed_at for switch in switches),
            self.database.changed_at,
        )
        for peer in self.peers:
            peer.received.clear()
        for switch in switches:
            switch.flow_mods = 0
        self.database.writes = 0
        return counts

    def state(self) -> HostState:
        """Give what stands."""
        return HostState(
            self.name,
            {
                name: {port: number for port, number in switch.ofports.items() if port != name}
                for name, switch in self.switches.items()
            },
            {**dict.fromkeys(self.links, ""), **self.plugged},
            {name: switch.flows for name, switch in self.switches.items()},
            {name: switch.meters for name, switch in self.switches.items()},
            self.database.tags(),
        )
