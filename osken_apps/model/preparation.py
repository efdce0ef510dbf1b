"""What a host takes for its own before it is brought to what it should be: local VLANs, zones, groups. PURE
(it changes the host, but does no I/O).
"""

from collections.abc import Collection, Container, Iterable, Mapping

from osken_apps.model.fabric import Fabric
from osken_apps.model.fabric_view import Plugged
from osken_apps.model.host import Named, ShownHost
from osken_apps.model.local_vlans import Traces, assign_local_vlans, read_back
from osken_apps.model.snapshot import HostSnapshot, Layout, Wire
from osken_apps.model.unknown import lost_networks, unseen, wire_at


def prepare(fabric: Fabric, host_name: str) -> None:
    """Take and give back local VLANs, and note the groups, as what is plugged into a host asks for."""
    host = fabric.shown(host_name)
    served, aside = fabric.served_and_aside(host)
    plugged = (*served, *aside)
    host.look_at_tags(fabric.layout.integration_bridge)
    named = {vlan for of_bridge in host.flow_vlans.values() for vlan, _ in of_bridge}
    known = read_back(host.local_vlans, host.unproven_networks, _traces(fabric, host, plugged))
    host.local_vlans = assign_local_vlans(
        known,
        (port.network_id for port, _ in plugged),
        named.union(host.tagged.values(), _kept_tags(fabric, host), _stored(fabric, host)),
    )
    host.unproven_networks = _unproven(host, known)
    for port, interface in served:
        if port.network_id in host.local_vlans:
            host.tagged[interface] = host.local_vlans[port.network_id]
    guarded = (port for port, _ in plugged if fabric.may_be_guarded(port))
    host.groups = frozenset(group_id for port in guarded for group_id in port.security_groups)


def _unproven(host: ShownHost, known: Container[str]) -> set[str]:
    """Name the networks of which OVSDB may show yet that others have their local VLAN: all that were given
    one before it has shown the host, or one that was not `known` while it does not show it.
    """
    if host.has_ovsdb:
        return set()
    unproven = host.unproven_networks if host.complete else host.local_vlans.keys()
    return {
        network_id for network_id in host.local_vlans if network_id in unproven or network_id not in known
    }


def _traces(fabric: Fabric, host: ShownHost, plugged: Collection[Plugged]) -> dict[str, Traces]:
    """Say what a host shows of the local VLANs of the networks that are plugged into it."""
    kept = _kept_tags(fabric, host)
    lost = lost_networks(fabric, host, (port for port, _ in plugged))
    keeps = bool(kept or (lost and not fabric.remove_unknown) or unseen(fabric, host)) or not host.complete
    leads, found = _leads(host.flow_vlans.values()), _leads(host.first_flow_vlans.values())
    tags: dict[str, dict[int, None]] = {}
    for port, interface in plugged:
        of_network = tags.setdefault(port.network_id, {})
        if interface in host.tagged:
            of_network[host.tagged[interface]] = None
    traces = {}
    for network_id, own in tags.items():
        network = fabric.inventory.networks[network_id]
        wire = wire_at(fabric, host, network)
        leading = tuple(sorted(vlan for vlan, wires in leads.items() if wires == {wire}))
        of_others = kept - own.keys()
        if network_id not in host.unproven_networks:
            of_others -= set(leading)
        elif not own:  # what was sent while OVSDB did not show the host says nothing
            of_others -= {vlan for vlan, wires in found.items() if wires == {wire}}
        if keeps and wire:  # then flows stay that lead elsewhere
            of_others |= {vlan for vlan, wires in leads.items() if wires - {wire}}
        traces[network_id] = Traces(tuple(own), leading, of_others)
    return traces


def _kept_tags(fabric: Fabric, host: ShownHost) -> frozenset[int]:
    """Give the tags that interfaces of ports which the store does not know keep, also while their devices are
    away.
    """
    return frozenset(tag for orphan in fabric.orphans(host) if (tag := orphan.live_tag) is not None)


def _stored(fabric: Fabric, host: ShownHost) -> set[int]:
    """Give the local VLANs of which a bridge may have flows that was not read yet: until all were that are
    there, those that the store told.
    """
    unread = set(fabric.layout.all_bridges) - host.first_flow_vlans.keys()
    if host.bridges is not None:
        unread &= host.bridges
    if not unread:
        host.stored_vlans.clear()
    return host.stored_vlans


def _leads(named: Iterable[Named]) -> dict[int, set[Wire]]:
    """Say where each local VLAN leads to by flows that say so."""
    leads: dict[int, set[Wire]] = {}
    for vlan, wire in (item for of_bridge in named for item in of_bridge):
        if wire is not None:
            leads.setdefault(vlan, set()).add(wire)
    return leads


def named_in(layout: Layout, snapshot: HostSnapshot, bridge: str) -> Named:
    """Give the local VLANs that the flows of a snapshot name on a bridge: those of networks that pass it."""
    return frozenset(
        (segment.local_vlan, layout.wire_of(segment))
        for segment in snapshot.segments
        if bridge in (layout.integration_bridge, layout.way_of(segment))
    )


def note_found(
    fabric: Fabric, host_name: str, bridge: str, named: Named, carrying: Mapping[str, int]
) -> None:
    """Note which local VLANs the flows name that a bridge of a connected host is read to have, and which of
    its interfaces are not dead by them.
    """
    host = fabric.host(host_name)
    if bridge not in host.first_flow_vlans and bridge == fabric.layout.integration_bridge:
        host.first_carrying = carrying
    host.first_flow_vlans.setdefault(bridge, named)
    note_named(fabric, host_name, bridge, named)


def note_named(fabric: Fabric, host_name: str, bridge: str, named: Named, besides: bool = False) -> None:
    """Note which local VLANs the flows of a bridge of a connected host name; `besides` those of before."""
    host = fabric.host(host_name)
    host.flow_vlans[bridge] = named | host.flow_vlans.get(bridge, frozenset()) if besides else named


def stale_zones(fabric: Fabric, host_name: str) -> list[int]:
    """Give the local VLANs of a host whose zones may hold connections of another network.

    What the store has as bound there was told when its zone was clean; and where flows led to the network
    when they were first read, its connections are the network's, as of ports that the store does not know.
    """
    if not fabric.enforce:
        return []
    host = fabric.shown(host_name)
    recorded = {port.binding.local_vlan: port.network_id for port in fabric.recorded_at(host) if port.binding}
    found = _leads(host.first_flow_vlans.values())

    def is_clean(network_id: str, local_vlan: int) -> bool:
        if local_vlan in host.zones:
            return host.zones[local_vlan] == network_id
        network = fabric.inventory.networks.get(network_id)
        leads_there = network and found.get(local_vlan) == {wire_at(fabric, host, network)}
        return bool(leads_there) or recorded.get(local_vlan) == network_id

    return [vlan for network_id, vlan in host.local_vlans.items() if not is_clean(network_id, vlan)]


def zones_are_clean(fabric: Fabric, host_name: str) -> None:
    """Note that the zones of a host hold connections of the networks that have them now."""
    host = fabric.shown(host_name)
    host.zones |= {local_vlan: network_id for network_id, local_vlan in host.local_vlans.items()}
