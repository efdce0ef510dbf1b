"""What the walk believes: networks, groups and machines, and from these who reaches whom. PURE.

It is written from Neutron's documents and the README, and knows nothing of flows: a packet is permitted if a
rule of a group of its port fits it; an answer is, where groups are stateful, if the question was.
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

EPHEMERAL = 40000  # any port that no rule names


@dataclass(frozen=True)
class Traffic:
    """What one machine sends another: "icmp" or "tcp", between which addresses, to which port."""

    protocol: str
    source: str
    destination: str
    port: int = 0

    @property
    def ends(self) -> tuple[str, str]:
        return self.source, self.destination

    def answer(self) -> "Traffic":
        """Give what comes back."""
        return Traffic(self.protocol, self.destination, self.source, EPHEMERAL if self.port else 0)


@dataclass
class Group:
    """A security group; its rules by id."""

    id: str
    name: str
    stateful: bool = True
    rules: dict[str, "Rule"] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """A rule of a group; a remote is a group's id, an address group's id, a prefix, or anybody."""

    direction: str
    version: int
    protocol: str = ""
    port: int = 0
    remote_group: str = ""
    remote_address_group: str = ""
    remote_prefix: str = ""


@dataclass
class Network:
    """A network with a subnet of each family."""

    id: str
    name: str
    kind: str
    guarded: bool
    cidr: IPv4Network
    cidr6: IPv6Network
    segmentation_id: int | None
    up: bool = True

    @property
    def subnets(self) -> tuple[IPv4Network, IPv6Network]:
        return self.cidr, self.cidr6


@dataclass(eq=False)
class Machine:
    """A port and the machine behind it; `pair` is an address that it is allowed besides its own."""

    id: str
    name: str
    mac: str
    network: str
    addresses: tuple[str, ...]
    guarded: bool
    groups: frozenset[str]
    pair: str = ""
    up: bool = True

    @property
    def all_addresses(self) -> tuple[str, ...]:
        """Its fixed addresses and the one that it is allowed besides."""
        return (*self.addresses, self.pair) if self.pair else self.addresses


@dataclass
class Model:
    """All that the API was told, and that nobody else changes."""

    networks: dict[str, Network] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    address_groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)

    def is_active(self, machine: Machine) -> bool:
        """Tell whether a machine's port is ACTIVE once it is plugged."""
        return machine.up and self.networks[machine.network].up

    def reaches(self, sender: Machine, receiver: Machine, traffic: Traffic) -> bool:
        """Tell whether a question of one plugged machine to another is answered."""
        if sender.network != receiver.network:
            return False
        if not (self.is_active(sender) and self.is_active(receiver)):
            return False
        asked = self._permits(sender, "egress", traffic) and self._permits(receiver, "ingress", traffic)
        answer = traffic.answer()
        return (
            asked
            and (self._is_stateful(receiver) or self._permits(receiver, "egress", answer))
            and (self._is_stateful(sender) or self._permits(sender, "ingress", answer))
        )

    def _is_stateful(self, machine: Machine) -> bool:
        return all(self.groups[id].stateful for id in machine.groups)

    def _permits(self, machine: Machine, direction: str, traffic: Traffic) -> bool:
        """Tell whether a machine's own groups let a packet out, or in."""
        if not machine.guarded:
            return True
        peer = traffic.destination if direction == "egress" else traffic.source
        return any(
            rule.direction == direction and self._fits(rule, traffic, peer)
            for id in machine.groups
            for rule in self.groups[id].rules.values()
        )

    def _fits(self, rule: Rule, traffic: Traffic, peer: str) -> bool:
        address = ip_address(peer)
        if rule.version != address.version or rule.protocol not in ("", traffic.protocol):
            return False
        if rule.port and rule.port != traffic.port:
            return False
        if rule.remote_group:
            return peer in self.members(rule.remote_group)
        prefixes = self.address_groups.get(rule.remote_address_group, ())
        if rule.remote_prefix:
            prefixes = (rule.remote_prefix,)
        return not (rule.remote_address_group or rule.remote_prefix) or any(
            address in ip_network(prefix) for prefix in prefixes
        )

    def members(self, group: str) -> set[str]:
        """Give the addresses of a group's members."""
        machines = [m for m in self.machines.values() if m.guarded and group in m.groups]
        return {address for machine in machines for address in machine.all_addresses}
