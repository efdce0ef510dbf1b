"""What security groups mean, as the Networking API has it, without a word of flows.

A connection begins with its first packet, which must be permitted by the groups of its sender and of its
receiver. Any later packet of it passes as long as both still permit the first one. A stateless group knows no
connections. Each host knows the connections that it has seen begin.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address

from osken_apps.model.resources import Port
from osken_apps.model.security_groups import Direction, Ethertype, SecurityGroup, SecurityGroupRule

IN, OUT = Direction.INGRESS, Direction.EGRESS


@dataclass(frozen=True)
class Packet:
    """A packet between two machines, named by their ports; protocols without ports have 0."""

    sender: str
    receiver: str
    protocol: int
    sport: int = 0
    dport: int = 0

    def answer(self) -> "Packet":
        return Packet(self.receiver, self.sender, self.protocol, self.dport, self.sport)


@dataclass
class Model:
    """Groups, rules and ports as they are, and the connections that each host knows."""

    where: dict[str, str]  # machine -> host
    groups: dict[str, SecurityGroup] = field(default_factory=dict)
    rules: dict[str, SecurityGroupRule] = field(default_factory=dict)
    ports: dict[str, Port] = field(default_factory=dict)
    known: dict[str, set[Packet]] = field(default_factory=dict)  # host -> first packets

    def passes(self, packet: Packet) -> bool:
        """Tell whether a packet reaches its receiver."""
        for host in dict.fromkeys((self.where[packet.sender], self.where[packet.receiver])):
            here = [
                (name, way)
                for name, way in ((packet.sender, OUT), (packet.receiver, IN))
                if self.where[name] == host
            ]
            connections = self.known.setdefault(host, set())
            if not all(self._agrees(name, way, packet, connections) for name, way in here):
                return False
            tracked = any(self._is_tracked(name) for name, _ in here)
            if tracked and packet not in connections and packet.answer() not in connections:
                connections.add(packet)
        return True

    def _agrees(self, name: str, way: Direction, packet: Packet, connections: set[Packet]) -> bool:
        if not self.ports[name].port_security_enabled:
            return True
        if self._is_tracked(name) and packet.answer() in connections:
            return self._permits(name, IN if way is OUT else OUT, packet.answer())
        return self._permits(name, way, packet)

    def _is_tracked(self, name: str) -> bool:
        port = self.ports[name]
        return port.port_security_enabled and all(
            self.groups[group].stateful for group in port.security_groups
        )

    def _permits(self, name: str, way: Direction, packet: Packet) -> bool:
        groups = self.ports[name].security_groups
        remote = self.ports[packet.receiver if way is OUT else packet.sender]
        return any(
            rule.security_group_id in groups and rule.direction is way and self._matches(rule, packet, remote)
            for rule in self.rules.values()
        )

    def _matches(self, rule: SecurityGroupRule, packet: Packet, remote: Port) -> bool:
        address = remote.fixed_ips[0].ip_address
        return (
            rule.ethertype is Ethertype.IPV4
            and rule.protocol in (None, str(packet.protocol))
            and (rule.port_range_min is None or rule.port_range_min <= packet.dport)
            and (rule.port_range_max is None or packet.dport <= rule.port_range_max)
            and (rule.prefix is None or ip_address(str(address)) in rule.prefix)
            and (rule.remote_group_id is None or self._is_member(address, rule.remote_group_id))
        )

    def _is_member(self, address: object, group: str) -> bool:
        return any(
            address in {fixed.ip_address for fixed in port.fixed_ips}
            for port in self.ports.values()
            if group in port.security_groups
        )
