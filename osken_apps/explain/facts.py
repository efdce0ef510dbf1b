"""What is known of the things that a question is about, each fact with where it is from and when it was seen.
PURE.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Generic, TypeVar

from osken_apps.dhcp.journal import PortJournal
from osken_apps.model.addresses import IPAddress
from osken_apps.model.conditions import Condition, InterfaceFacts
from osken_apps.model.dhcp_service import served_address, subnets_on_link
from osken_apps.model.resources import FixedIp, Network, Port, Subnet
from osken_apps.model.snapshot import HostSnapshot, Layout
from osken_apps.model.trouble import Topic
from osken_apps.openflow.wire import FlowBody, FlowKey

T = TypeVar("T")


class Source(StrEnum):
    """Where a fact is from."""

    STORE = "store"
    OVSDB = "ovsdb"
    OPENFLOW = "openflow"
    JOURNAL = "journal"
    CONTROLLER = "controller"
    TRACE = "trace"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """A fact, where it is from and when it was seen (seconds since the epoch); or why it is not known."""

    value: T | None
    source: Source
    seen_at: float
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class PortCounted:
    """What a switch has counted of a port: the packets that came in from its machine, and went out to it.

    `dropped` are those of its DHCP that its meter has dropped, `dropped_of_all` those of any port that the
    bridge's meter has.
    """

    received: int
    sent: int
    dropped: int = 0
    dropped_of_all: int = 0


@dataclass(frozen=True, slots=True)
class InstalledFlow:
    """A flow of a bridge, whoever put it there, with the packets that it took."""

    key: FlowKey
    body: FlowBody
    packets: int


@dataclass(frozen=True, slots=True)
class Place:
    """An interface that a port is plugged in as; `ofport` is None where no switch shows it."""

    host: str
    interface: str
    ofport: int | None = None


@dataclass(frozen=True, slots=True)
class Twin:
    """Another port of the same network, whose MAC address a machine uses; `host` is where it is, if known."""

    called: str
    mac: str
    host: str = ""


@dataclass(frozen=True, slots=True)
class Stray:
    """An interface whose iface-id is no port's, and whose machine has a port's MAC address."""

    host: str
    interface: str
    iface_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSeen:
    """A host. `snapshot` is what its flows and tags follow from; None: not known yet.

    `last_contact` is in seconds since the epoch. `tags` are those of its interfaces, `nics` those that join
    its physical bridges to the wire, `installed` its flows by bridge. `cut_off` are the bridges that it must
    have and that are not connected while it is, and had their time.
    """

    name: str
    alive: bool
    last_contact: float
    ovsdb: bool = True
    conditions: tuple[Condition, ...] = ()
    troubles: Mapping[Topic, str] = field(default_factory=dict)
    snapshot: HostSnapshot | None = None
    tags: Known[Mapping[str, int | None]] | None = None
    nics: Known[Mapping[str, tuple[InterfaceFacts, ...]]] | None = None
    installed: Mapping[str, Known[tuple[InstalledFlow, ...]]] = field(default_factory=dict)
    cut_off: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PortSeen:
    """A port with what it depends on. `place` is where it is, `claimants` are all interfaces that say they
    are it.

    `server` is the port of its network's DHCP server. `groups` are the names of its security groups.
    `waits_for` says in words what it waits for. `twin` is a port whose MAC address its machine
    uses, or whose machine uses its. `interface` is what OVSDB shows of where it is, `stray` one that is
    perhaps meant to be it. `journal` is what its DHCP client said and was told,
    `answers` whether its machine answers ARP for `probed`, an address of it; None: it was not asked.
    """

    port: Port
    network: Network
    subnets: tuple[Subnet, ...] = ()
    server: Port | None = None
    groups: tuple[str, ...] = ()
    place: Place | None = None
    claimants: tuple[Place, ...] = ()
    waits_for: str = ""
    conflict: IPv4Address | None = None
    journal: PortJournal = field(default_factory=PortJournal)
    counted: Known[PortCounted] | None = None
    answers: Known[bool] | None = None
    probed: IPv4Address | None = None
    twin: Known[Twin] | None = None
    interface: Known[InterfaceFacts] | None = None
    stray: Known[Stray] | None = None

    @property
    def called(self) -> str:
        """Its name, or its id where it has none."""
        return self.port.name or self.port.id

    @property
    def is_dhcp_server(self) -> bool:
        """Tell whether it is the one that serves its network; there may be others that are called so."""
        return self.server is not None and self.server.id == self.port.id

    @property
    def network_called(self) -> str:
        """The name of its network, or its id."""
        return self.network.name or self.network.id

    def subnet_of(self, subnet_id: str) -> Subnet | None:
        """Give a subnet of its network."""
        return next((subnet for subnet in self.subnets if subnet.id == subnet_id), None)

    @property
    def served(self) -> tuple[IPv4Address, Subnet] | None:
        """Its address that DHCP tells, with its subnet."""
        return served_address(self.port, {subnet.id: subnet for subnet in self.subnets})

    @property
    def on_link(self) -> set[str]:
        """The ids of the subnets that its machine reaches without a router."""
        return subnets_on_link(self.port, self.subnets)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is to pass: `icmp`, `tcp` or `udp`, to which port, and over which version of IP, where it may be
    either.
    """

    protocol: str = "icmp"
    port: int = 0
    version: int = 0

    def __str__(self) -> str:
        to = f" to port {self.port}" if self.port else ""
        return self.protocol.upper() + to + (f" over IPv{self.version}" if self.version else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known for a question about a port, and about another one that it is to reach (`peer`).

    `at`, when they were gathered, and `known_since`, the controller's start, are seconds since the epoch;
    what was before the latter is not known. `hosts` are those that matter, `away` the names of all that are
    not connected, of `known_hosts`. `unseen` says what did not answer. `wire`: a frame of their network
    comes from the port's host to the peer's; None: none was sent. `outside_address` is one that is to be
    reached and that no port has; `paired` are ports that may have it, or the next hop to it, by their allowed
    address pairs; `takes_default_route` says whether the port's machine has its default route by it, if any.
    `behind` is one that is to be reached by the peer. `asked` are the addresses of the two
    that are meant.
    """

    at: float
    known_since: float
    layout: Layout
    port: PortSeen
    peer: PortSeen | None = None
    traffic: Traffic = Traffic()
    hosts: Mapping[str, HostSeen] = field(default_factory=dict)
    away: tuple[str, ...] = ()
    known_hosts: int = 0
    unseen: tuple[str, ...] = ()
    wire: Known[bool] | None = None
    outside_address: IPAddress | None = None
    paired: tuple[Port, ...] = ()
    takes_default_route: bool = True
    behind: IPAddress | None = None
    asked: tuple[IPAddress, ...] = ()

    def meant(self, port: PortSeen) -> tuple[FixedIp, ...]:
        """Give those addresses of a port that are asked about: those that are named, or of their family."""
        fixed_ips = port.port.fixed_ips
        named = tuple(fixed_ip for fixed_ip in fixed_ips if fixed_ip.ip_address in self.asked)
        versions = {address.version for address in self.asked} or {4, 6}
        return named or tuple(one for one in fixed_ips if one.ip_address.version in versions)

    def host_of(self, port: PortSeen) -> HostSeen | None:
        """Give the host of a port, as far as it is known."""
        return self.hosts.get(port.place.host) if port.place else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFacts:
    """All that is known for a question about a frame that comes in at an interface of a host.

    `ports` are those that may be meant by its addresses. `at` is in seconds since the epoch; `ofport` is None
    where the host has no such interface.
    """

    at: float
    layout: Layout
    host: str
    bridge: str
    ofport: int | None
    hosts: Mapping[str, HostSeen]
    ports: tuple[PortSeen, ...] = ()
    unseen: tuple[str, ...] = ()
