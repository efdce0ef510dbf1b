"""The snapshot of a host, out of what is known of it and of its ports. PURE."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address
from typing import NamedTuple

from osken_apps.model.conditions import TunnelNeeds
from osken_apps.model.dhcp_service import dhcp_server, dhcp_service, serves_dhcp
from osken_apps.model.fabric_view import FabricView, Plugged
from osken_apps.model.host import Interface, ShownHost
from osken_apps.model.local_vlans import DEAD_MARK
from osken_apps.model.port_security import GroupPolicy, Guard
from osken_apps.model.resources import TUNNEL_TYPES, Port
from osken_apps.model.snapshot import (
    INTEGRATION_TUNNEL_END,
    BoundPort,
    HostSnapshot,
    Layout,
    Segment,
    WaitingPort,
    integration_end,
    is_integration_end,
)
from osken_apps.model.tunnels import Reach, crowd
from osken_apps.model.unknown import lost_networks, unseen

MAX_NAMED = 10  # interfaces in a sentence


def host_snapshot(fabric: FabricView, host_name: str, besides: Container[str] = ()) -> HostSnapshot:
    """Say what a host is to be: all that its flows, tags and DHCP answers depend on.

    Ports that are set aside, or `besides`, are left as they are.
    """
    host = fabric.shown(host_name)
    present = host.ofports.get(fabric.layout.integration_bridge, {})
    served, aside = fabric.served_and_aside(host, besides)
    guards = {port.id: guard for port, _ in served if (guard := fabric.guard_of(port))}
    guarded = {port.network_id for port, _ in served if port.id in guards}
    # Without its flows, one that is set aside is not to be open.
    guarded |= {port.network_id for port, _ in aside if fabric.may_be_guarded(port)}
    segments = _segments(fabric, host, guarded)
    ports = tuple(
        _bound(fabric, port, interface, present[interface], segments[port.network_id], guards.get(port.id))
        for port, interface in served
        if port.network_id in segments
    )
    kept = _kept(fabric, host, served, aside)
    trunks, links = tuple(sorted(host.trunks())), _links(fabric.layout)
    carrying = {bound.interface for bound in ports}.union(kept.vlans, trunks, links)
    carrying.update(_lost_links(host, present) if kept.why else ())
    dead = present.keys() - carrying if host.complete else _known_dead(fabric, host, carrying)
    return HostSnapshot(
        host_name,
        dict(host.ofports),
        tuple(segments.values()),
        ports,
        waiting=tuple(sorted(_waiting(fabric, host, present), key=lambda waiting: waiting.port_id)),
        dead=tuple(sorted((name, present[name]) for name in dead if name in present)),
        trunks=trunks,
        left_alone=kept.left_alone,
        policies=_policies(fabric, (port for port, _ in served if port.id in guards)),
        max_meters=host.max_meters,
        complete=host.complete,
        keeps=kept.why,
        reaches=reaches_of(fabric, host_name, segments.values()),
        tunnel_address=fabric.tunnel_peers.addresses.of(host_name),
        answers_nd=host.answers_nd,
        kept_vlans=tuple(sorted((present[name], tag) for name, tag in kept.vlans.items() if name in present)),
        links=links,
        lost_networks=kept.lost_networks,
    )


class _Kept(NamedTuple):
    """What of a host carries traffic and is not served: `vlans` by interface (None: not known), and why.

    Of these `left_alone` are shown to be ours.
    """

    vlans: dict[str, int | None]
    left_alone: tuple[str, ...]
    lost_networks: tuple[str, ...]
    why: tuple[str, ...]


def _kept(fabric: FabricView, host: ShownHost, served: list[Plugged], aside: list[Plugged]) -> _Kept:
    present = host.ofports.get(fabric.layout.integration_bridge, {})
    found = tuple(fabric.orphans(host))
    orphans: dict[str, int | None] = {item.name: item.live_tag for item in found}
    not_shown = unseen(fabric, host)
    alive = [name for name, ofport in not_shown.items() if present.get(name) == ofport]
    lost = tuple(lost_networks(fabric, host, (port for port, _ in (*served, *aside))))
    of_aside = {name: host.tagged.get(name) for port, name in aside if _stays(host, port, name)}
    elsewhere = {item.name for item in found if item.iface_id in fabric.inventory.ports}
    unknown = sorted(orphans.keys() - elsewhere)
    why = (
        *_keeps(fabric, unknown, sorted(not_shown), lost),
        *_keeps_of_elsewhere(sorted(elsewhere)),
        *_keeps_aside(sorted(of_aside)),
    )
    left_alone = orphans | of_aside
    return _Kept(dict.fromkeys(alive) | left_alone, tuple(sorted(left_alone)), lost, why)


def _stays(host: ShownHost, port: Port, interface: str) -> bool:
    """Tell whether the interface of a port that is set aside is in the port's network, and in no other."""
    tag = host.tagged.get(interface)
    if tag is None:  # OVSDB has never shown it: its flows tell whether it carried anything
        return not host.interfaces and interface in host.first_carrying
    return tag == host.local_vlans.get(port.network_id)


def reaches_of(fabric: FabricView, host_name: str, segments: Iterable[Segment]) -> tuple[Reach, ...]:
    """Say where the networks over tunnels among some are besides a host."""
    return tuple(
        [fabric.tunnel_peers.of(segment.network_id, host_name) for segment in segments if segment.is_tunnel]
    )


def tunnel_needs(fabric: FabricView, snapshot: HostSnapshot) -> TunnelNeeds | None:
    """Say what a host's networks over tunnels need; None: it has none.

    Those that were deleted since the snapshot was made need nothing.
    """
    known = fabric.inventory.networks
    tunnels = (segment.network_id for segment in snapshot.segments if segment.is_tunnel)
    networks = {network_id: known[network_id] for network_id in tunnels if network_id in known}
    if not networks:
        return None
    mtus = {
        kind: max(found)
        for kind in TUNNEL_TYPES
        if (found := [network.mtu for network in networks.values() if network.network_type is kind])
    }
    reached = (reach for reach in snapshot.reaches if reach.network_id in networks)
    crowds = (crowd(reach, networks[reach.network_id].network_type) for reach in reached)
    rivals = fabric.tunnel_peers.addresses.rivals(snapshot.host)
    return TunnelNeeds(
        mtus,
        next(iter(rivals), ""),
        is_reached=snapshot.tunnel_address is not None,
        crowds=tuple(found for found in crowds if found),
    )


def _policies(fabric: FabricView, guarded: Iterable[Port]) -> tuple[GroupPolicy, ...]:
    group_ids = {group_id for port in guarded for group_id in port.security_groups}
    policies = map(fabric.inventory.groups.policy, group_ids)
    return tuple(sorted((policy for policy in policies if policy), key=lambda policy: policy.number))


def _segments(fabric: FabricView, host: ShownHost, guarded: Container[str]) -> dict[str, Segment]:
    segments = {}
    for network_id, local_vlan in host.local_vlans.items():
        network = fabric.inventory.networks.get(network_id)
        if network is None:
            continue  # deleted since; its VLAN is given back when the host is looked at
        segments[network_id] = Segment(
            network_id,
            network.physical_network,
            network.segmentation_id,
            local_vlan,
            network_id in guarded,
            network.network_type,
        )
    return segments


def _bound(
    fabric: FabricView, port: Port, interface: str, ofport: int, segment: Segment, guard: Guard | None
) -> BoundPort:
    network = fabric.inventory.networks[port.network_id]
    subnets = fabric.inventory.subnets_of(network.id)
    server = fabric.inventory.dhcp_server_of(network.id)
    service = dhcp_service(port, network, subnets, server)
    return BoundPort(
        port_id=port.id,
        mac_address=port.mac_address,
        interface=interface,
        ofport=ofport,
        segment=segment,
        has_dhcp=serves_dhcp(subnets.values()),
        dhcp=service,
        server=dhcp_server(server),
        in_conflict=fabric.conflict_of(port) is not None,
        guard=guard,
    )


def _waiting(fabric: FabricView, host: ShownHost, present: Mapping[str, int]) -> Iterator[WaitingPort]:
    for port, interface in fabric.waiting(host):
        addresses = (fixed_ip.ip_address for fixed_ip in port.fixed_ips)
        ipv4 = tuple(address for address in addresses if isinstance(address, IPv4Address))
        kind = fabric.inventory.networks[port.network_id].network_type
        yield WaitingPort(
            port_id=port.id,
            interface=interface,
            ofport=present[interface],
            mac_address=port.mac_address,
            addresses=ipv4,
            network_type=kind,
        )


def _links(layout: Layout) -> tuple[str, ...]:
    """Name the integration bridge's ends of the links to the other bridges."""
    return (*(integration_end(bridge) for _, bridge in layout.bridge_mappings), INTEGRATION_TUNNEL_END)


def _lost_links(host: ShownHost, present: Iterable[str]) -> Iterator[str]:
    """Name what may be ends of links to bridges that the configuration lost: what is dead stays so."""
    for name in present:
        shown = host.interfaces.get(name, Interface(name))
        if is_integration_end(name) and not shown.iface_id and shown.mark != DEAD_MARK:
            yield name


def _known_dead(fabric: FabricView, host: ShownHost, carrying: Container[str]) -> set[str]:
    """Name what is dead whatever else the host will show: interfaces of known ports that are not bound."""
    known = filter(fabric.inventory.knows, host.claims)
    return {name for claim in known for name in host.claims[claim] if name not in carrying}


def _keeps(
    fabric: FabricView, orphans: Sequence[str], not_shown: Sequence[str], lost: Iterable[str]
) -> Iterator[str]:
    """Say what else nothing may be taken from a host for."""
    if orphans:
        yield (
            f"{_some(orphans)} carry traffic of ports that this database does not know: their flows and"
            " tags stay. Restore the database that has them, or end their traffic by [DEFAULT]"
            " remove_unknown=true"
        )
    if not_shown:
        yield (
            f"its OVSDB has not shown whose {_some(not_shown)} are, which carried traffic: all flows stay"
            " until it does, or until [DEFAULT] remove_unknown=true ends them"
        )
    if fabric.remove_unknown:
        return
    for physical_network in lost:
        bridge = fabric.layout.bridge_of(physical_network)
        wrong = f"gives the bridge {bridge}, which is not there" if bridge else "lacks"
        remedy = "Put that right" if bridge else "Add it again"
        yield (
            f"it has ports on physical network {physical_network}, which [network] bridge_mappings {wrong}:"
            f" their flows stay. {remedy}, or end their traffic by [DEFAULT] remove_unknown=true"
        )


def _keeps_of_elsewhere(interfaces: Sequence[str]) -> Iterator[str]:
    """Say that nothing is taken from a host for ports that are awaited at another."""
    if interfaces:
        yield (
            f"{_some(interfaces)} carry traffic of ports that this database has at hosts which have not"
            " connected since the start: their flows and tags stay until these do, or are waited for no more"
        )


def _keeps_aside(interfaces: Sequence[str]) -> Iterator[str]:
    """Say that nothing is taken from a host for ports that are set aside."""
    if interfaces:
        yield (
            f"an error of the controller, which its log shows, is about the ports of {_some(interfaces)}:"
            " their tags, and all flows, stay until the ports or their groups change, or the error is met no"
            " more: that is tried now and then"
        )


def _some(names: Sequence[str]) -> str:
    """Name things in a sentence; of many some, so that there is room for what is said of them."""
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
