"""All hosts as the controller sees them: what is plugged where, and the snapshot that follows. PURE.

It changes with every change of intent and every observation, and names the hosts that must be looked at
again; it sends nothing. Bridges report their ports (OpenFlow), OVSDB sessions report interfaces.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from osken_apps.model.changes import Change, PortReport, Snapshot
from osken_apps.model.inventory import Inventory, port_id_prefix
from osken_apps.model.resources import Binding, Port, PortStatus
from osken_apps.model.snapshot import (
    BoundPort,
    HostSnapshot,
    Layout,
    Segment,
    assign_local_vlans,
    dhcp_service,
    serves_dhcp,
)

INTERFACE_PREFIXES = ("tap", "qvo")


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface of the integration bridge as OVSDB shows it; `tag` is the tag that it has from us."""

    name: str
    iface_id: str
    tag: int | None = None


@dataclass(slots=True)
class Host:
    """What is known of a host.

    `ofports` and `interfaces` are the last that its bridges and its OVSDB session showed, also when they
    are not connected. `settled` tells that OVSDB has shown it once: only what appears after that can take a
    port from the host that the store holds. `tagged` are the live tags that interfaces still have, as far as
    is known. `claims` says by port id, or by the beginning of one, which interface is that port.
    """

    name: str
    ofports: dict[str, Mapping[str, int]] = field(default_factory=dict)
    interfaces: dict[str, Interface] = field(default_factory=dict)
    has_ovsdb: bool = False
    settled: bool = False
    tagged: dict[str, int] = field(default_factory=dict)
    metered: bool = True
    claims: dict[str, str] = field(default_factory=dict)
    local_vlans: dict[str, int] = field(default_factory=dict)


class Fabric:
    """Intent, hosts, and which port is plugged into which host."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.inventory = Inventory()
        self.hosts: dict[str, Host] = {}
        self.conflicts: dict[str, IPv4Address] = {}  # port id -> the address that its client declined
        self._claimants: dict[str, dict[str, None]] = {}  # claim -> hosts, the newest last

    def host(self, name: str) -> Host:
        """Give the host of that name; one never seen before starts empty."""
        return self.hosts.setdefault(name, Host(name))

    def load(self, snapshot: Snapshot) -> set[str]:
        """Take the store's snapshot; give the hosts to look at again: all of them."""
        inventory = Inventory()
        inventory.replace(snapshot)
        return self.adopt(inventory)

    def adopt(self, inventory: Inventory) -> set[str]:
        """Take an inventory that was filled part by part in place of the one before; give all hosts."""
        inventory.loaded = True
        self.inventory = inventory
        for port in inventory.ports.values():
            if port.binding:
                vlans = self.host(port.binding.host).local_vlans
                vlans.setdefault(port.network_id, port.binding.local_vlan)
        for host in self.hosts.values():
            self._claim(host)
        return set(self.hosts)

    def apply(self, changes: Iterable[Change]) -> set[str]:
        """Take changes of intent; give the hosts that they concern."""
        touched: set[str] = set()
        for change in changes:
            touched |= self.inventory.apply(change)
        return {host for port_id in touched for host in self._claimants_of(port_id)}

    def observe_bridge(
        self, host_name: str, bridge: str, ofports: Mapping[str, int], metered: bool = True
    ) -> set[str]:
        """Take the ports of a connected bridge, and whether it can have meters; give the hosts concerned."""
        host = self.host(host_name)
        host.ofports[bridge] = dict(ofports)
        if bridge == self.layout.integration_bridge:
            host.metered = metered
        return self._claim(host)

    def observe_interfaces(self, host_name: str, interfaces: Iterable[Interface]) -> set[str]:
        """Take what an OVSDB session shows; give the hosts that this concerns."""
        host = self.host(host_name)
        host.has_ovsdb = True
        host.interfaces = {interface.name: interface for interface in interfaces}
        concerned = self._claim(host)
        host.settled = True
        return concerned

    def lose_ovsdb(self, host_name: str) -> set[str]:
        """Note that a host's OVSDB session ended; what it showed last still counts."""
        host = self.host(host_name)
        host.has_ovsdb = False
        return self._claim(host)

    def decline(self, port_id: str, address: IPv4Address) -> set[str]:
        """Note that a port's client found its address in use; give the hosts that this concerns."""
        self.conflicts[port_id] = address
        return set(self._claimants_of(port_id))

    def settle(self, port_id: str, address: IPv4Address) -> set[str]:
        """Let an address be offered to a port again; give the hosts that this concerns."""
        if self.conflicts.get(port_id) == address:
            del self.conflicts[port_id]
        return set(self._claimants_of(port_id))

    def ready(self, host_name: str) -> bool:
        """Tell whether enough is known of a host to say what it should have."""
        return self.inventory.loaded and self.layout.integration_bridge in self.host(host_name).ofports

    def snapshot(self, host_name: str) -> HostSnapshot:
        """Make the snapshot of a host; takes and gives back local VLANs."""
        host = self.host(host_name)
        plugged = sorted(self._plugged(host), key=lambda item: item[0].id)
        self._look_at_tags(host)
        self._read_back_vlans(host, plugged)
        host.local_vlans = assign_local_vlans(
            host.local_vlans, (port.network_id for port, _ in plugged), set(host.tagged.values())
        )
        for port, interface in plugged:
            if port.network_id in host.local_vlans:
                host.tagged[interface] = host.local_vlans[port.network_id]
        segments = self._segments(host)
        ports = tuple(
            self._bound(host, port, interface, segments[port.network_id])
            for port, interface in plugged
            if port.network_id in segments
        )
        bound = {item.interface for item in ports}
        dead = tuple(name for name in self._known_interfaces(host) if name not in bound)
        return HostSnapshot(
            host_name, dict(host.ofports), tuple(segments.values()), ports, dead, host.metered
        )

    def _look_at_tags(self, host: Host) -> None:
        """Forget the tags of interfaces that are gone or, as OVSDB shows, have another one."""
        present = host.ofports.get(self.layout.integration_bridge, {})
        host.tagged = {name: tag for name, tag in host.tagged.items() if name in present}
        for interface in host.interfaces.values():
            if host.has_ovsdb:
                host.tagged.pop(interface.name, None)
            if interface.tag is not None and interface.name in present:
                host.tagged[interface.name] = interface.tag

    def _read_back_vlans(self, host: Host, plugged: Iterable[tuple[Port, str]]) -> None:
        """Take the local VLAN of a network that the store does not tell from a tag that stands."""
        for port, interface in plugged:
            if port.network_id not in host.local_vlans and interface in host.tagged:
                tag = host.tagged[interface]
                if tag not in host.local_vlans.values():
                    host.local_vlans[port.network_id] = tag

    def unknown_interfaces(self, host_name: str) -> list[Interface]:
        """Give the interfaces of a host whose iface-id names no port."""
        interfaces = self.host(host_name).interfaces.values()
        return [item for item in interfaces if item.iface_id and item.iface_id not in self.inventory.ports]

    def reports(
        self, snapshot: HostSnapshot, connected: Collection[str], trouble: str = ""
    ) -> list[PortReport]:
        """Say what the store should hold of this host's ports, where it holds something else.

        `connected` are the bridges that are. `trouble` says what keeps the snapshot's flows and tags from
        standing; empty: they stand. A port that another host has now is for that host to report.
        """
        wanted = {
            bound.port.id: self._report(
                snapshot, bound, trouble or self._waits_for(snapshot, bound, connected)
            )
            for bound in snapshot.ports
        }
        for port in self.inventory.bound_to(snapshot.host):
            if self._host_of(port) in (None, snapshot.host):
                wanted.setdefault(port.id, PortReport(port.id, None, PortStatus.DOWN))
        return [report for report in wanted.values() if not self._holds(report)]

    def _claim(self, host: Host) -> set[str]:
        """Bring the claims of a host up to date; give the hosts that this concerns, itself included."""
        claims, concerned = self._visible_claims(host), {host.name}
        for claim in host.claims.keys() - claims.keys():
            claimants = self._claimants[claim]
            del claimants[host.name]
            concerned |= claimants.keys()
            if not claimants:
                del self._claimants[claim]
        for claim in claims.keys() - host.claims.keys():
            claimants = self._claimants.setdefault(claim, {})
            concerned |= claimants.keys()
            if host.settled or self._is_recorded_at(claim, host.name):
                claimants[host.name] = None
            else:
                self._claimants[claim] = {host.name: None, **claimants}
        host.claims = claims
        return concerned

    def _is_recorded_at(self, claim: str, host_name: str) -> bool:
        port = self.inventory.port_claimed_by(claim)
        return port is not None and port.binding is not None and port.binding.host == host_name

    def _visible_claims(self, host: Host) -> dict[str, str]:
        """Say what is plugged: by iface-id; with no OVSDB session also by name and as last recorded."""
        present = host.ofports.get(self.layout.integration_bridge, {})
        claims = {}
        if not host.has_ovsdb:
            shown = host.interfaces
            named = (name for name in present if name.startswith(INTERFACE_PREFIXES) and name not in shown)
            claims = {name[3:]: name for name in named}
            for port in self.inventory.bound_to(host.name):
                if port.binding and port.binding.interface in present.keys() - shown.keys():
                    claims.pop(port_id_prefix(port.id), None)
                    claims[port.id] = port.binding.interface
        for interface in host.interfaces.values():
            if interface.iface_id and interface.name in present:
                claims.pop(port_id_prefix(interface.iface_id), None)
                claims[interface.iface_id] = interface.name
        return claims

    def _known_interfaces(self, host: Host) -> Iterator[str]:
        """Give the interfaces that are some port's, bound here or not."""
        for interface in host.interfaces.values():
            if interface.iface_id in self.inventory.ports:
                yield interface.name

    def _claimants_of(self, port_id: str) -> list[str]:
        by_name = self._claimants.get(port_id_prefix(port_id), {})
        return [*by_name, *self._claimants.get(port_id, {})]

    def _plugged(self, host: Host) -> Iterator[tuple[Port, str]]:
        """Give the ports that this host has, each with its interface: the newest claim wins."""
        for claim, interface in host.claims.items():
            port = self.inventory.port_claimed_by(claim)
            if port and self._is_up(port) and self._host_of(port) == host.name:
                yield port, interface

    def _host_of(self, port: Port) -> str | None:
        claimants = self._claimants_of(port.id)
        if port.requested_host:
            return port.requested_host if port.requested_host in claimants else None
        return claimants[-1] if claimants else None

    def _is_up(self, port: Port) -> bool:
        network = self.inventory.networks[port.network_id]
        return port.admin_state_up and network.admin_state_up and not port.is_dhcp_server

    def _segments(self, host: Host) -> dict[str, Segment]:
        segments = {}
        for network_id, local_vlan in host.local_vlans.items():
            network = self.inventory.networks[network_id]
            segments[network_id] = Segment(
                network_id, network.physical_network, network.segmentation_id, local_vlan
            )
        return segments

    def _bound(self, host: Host, port: Port, interface: str, segment: Segment) -> BoundPort:
        network = self.inventory.networks[port.network_id]
        subnets = self.inventory.subnets_of(network.id)
        server = self.inventory.dhcp_server_of(network.id)
        service = dhcp_service(port, network, subnets, server)
        return BoundPort(
            port,
            interface,
            host.ofports[self.layout.integration_bridge][interface],
            segment,
            serves_dhcp(subnets.values()),
            service,
            server,
            in_conflict=service is not None and self.conflicts.get(port.id) == service.address,
        )

    def _holds(self, report: PortReport) -> bool:
        port = self.inventory.ports.get(report.port_id)
        return port is None or (port.binding, port.status) == (report.binding, report.status)

    def _report(self, snapshot: HostSnapshot, bound: BoundPort, waits_for: str) -> PortReport:
        status = PortStatus.DOWN if waits_for else PortStatus.ACTIVE
        if bound.in_conflict:
            waits_for = (
                f"{self.conflicts[bound.port.id]} to be free: its client found it in use by another machine"
            )
        binding = Binding(snapshot.host, bound.segment.local_vlan, bound.interface, waits_for)
        return PortReport(bound.port.id, binding, status)

    def _waits_for(self, snapshot: HostSnapshot, bound: BoundPort, connected: Collection[str]) -> str:
        """Say in words what keeps a plugged port from being ACTIVE; empty: nothing that anyone must do."""
        bridge = self.layout.bridge_of(bound.segment.physical_network)
        tag = bound.segment.local_vlan
        if bridge not in connected:
            return f"bridge {bridge} of host {snapshot.host} to connect to the controller"
        known = bound.port.status is PortStatus.ACTIVE and _is_at(bound.port, snapshot.host, bound)
        confirmed = f"local_vlan={tag}" in bound.port.tags
        if self.hosts[snapshot.host].has_ovsdb or known or confirmed:
            return ""
        return (
            f"tag={tag} on {bound.interface}: host {snapshot.host} has no OVSDB session, so whoever plugs the"
            f" interface sets the tag and confirms it by giving the port the tag local_vlan={tag}"
        )


def _is_at(port: Port, host: str, bound: BoundPort) -> bool:
    """Tell whether the store holds a port as bound there, with that tag and interface."""
    binding = port.binding
    here = (host, bound.segment.local_vlan, bound.interface)
    return binding is not None and (binding.host, binding.local_vlan, binding.interface) == here
