"""What the store should hold of a host's ports: where each is bound, its status, what it waits for. PURE."""

from collections.abc import Collection, Iterator, Mapping

from osken_apps.model.changes import PortReport
from osken_apps.model.fabric_view import FabricView
from osken_apps.model.host import ShownHost
from osken_apps.model.resources import Binding, Port, PortStatus
from osken_apps.model.snapshot import (
    INTEGRATION_TUNNEL_END,
    TUNNEL_END,
    BoundPort,
    HostSnapshot,
    Segment,
    integration_end,
    physical_end,
    tunnel_port,
)

NOT_TOLD = "what a port waits for could not be told"
SET_ASIDE = "an error of the controller about it to be mended: see the controller's log"


def port_reports(
    fabric: FabricView,
    snapshot: HostSnapshot,
    connected: Collection[str],
    troubles: Mapping[str, str] | None = None,
    cut: Mapping[str, str] | None = None,
) -> list[PortReport]:
    """Say what the store should hold of a host's ports, where it holds something else.

    `connected` are the bridges that are. `troubles` says by port id what keeps its flows and tag from
    standing; those of all others stand. `cut` says by interface, or by physical network, why no frame passes.
    A port that another host has now is for that host to report, and one that no host has for the first of
    those that claim it.
    """
    troubles, cut = troubles or {}, cut or {}
    wanted = []
    for bound in snapshot.ports:
        if bound.port_id not in fabric.inventory.ports:
            continue  # deleted since the snapshot was made
        try:
            waits_for = troubles.get(bound.port_id) or _waits_for(fabric, snapshot, bound, connected, cut)
            wanted.append(_of_bound(fabric, snapshot, bound, waits_for))
        except Exception as error:
            fabric.leave(bound.port_id, NOT_TOLD, error)
            binding = Binding(snapshot.host, bound.segment.local_vlan, bound.interface)
            wanted.append(PortReport(bound.port_id, binding, PortStatus.DOWN, SET_ASIDE))
    here = {report.port_id for report in wanted}
    wanted += (report for report in _of_unbound(fabric, snapshot.host) if report.port_id not in here)
    return [report for report in wanted if not fabric.told.holds(report, fabric.inventory.ports)]


def _of_bound(fabric: FabricView, snapshot: HostSnapshot, bound: BoundPort, waits_for: str) -> PortReport:
    status = PortStatus.DOWN if waits_for else PortStatus.ACTIVE
    address = fabric.conflict_of(fabric.inventory.ports[bound.port_id]) if bound.in_conflict else None
    if address:  # which may be settled, or another, since the snapshot was made
        waits_for = f"{address} to be free: its client found it in use by another machine"
    binding = Binding(snapshot.host, bound.segment.local_vlan, bound.interface)
    return PortReport(bound.port_id, binding, status, waits_for)


def _of_unbound(fabric: FabricView, host_name: str) -> Iterator[PortReport]:
    """Give the reports of ports that this host has no more, or claims while nobody has them."""
    host = fabric.shown(host_name)
    recorded = {port.id: port for port in fabric.recorded_at(host)}
    claimed = {port.id: port for port in fabric.claimed_by(host)}
    for port_id, port in (recorded | claimed).items():
        place = fabric.claims.place_of(port_id)
        if place and place.host != host_name:
            continue
        report: PortReport | None = None
        if port_id not in fabric.set_aside:
            try:
                report = _of_one_unbound(fabric, host, port, place is not None, port_id in recorded)
            except Exception as error:
                fabric.leave(port_id, NOT_TOLD, error)
        if port_id in fabric.set_aside:
            local_vlan = host.local_vlans.get(port.network_id) if place else None
            here = Binding(host_name, local_vlan, place.interface) if place and local_vlan else None
            report = PortReport(port_id, here, PortStatus.DOWN, SET_ASIDE)
        if report:
            yield report


def _of_one_unbound(
    fabric: FabricView, host: ShownHost, port: Port, is_placed: bool, is_recorded: bool
) -> PortReport | None:
    """Give the report of a port that is not served; None: another host of those that claim it gives it."""
    claimants = fabric.claimants_of(port.id)
    if not (is_placed or is_recorded or claimants[:1] == [host.name]):
        return None
    why = _why_unbound(fabric, port, claimants)
    if is_placed and not fabric.can_guard(host, port):
        why = f"a datapath of host {host.name} that tracks connections, as port security needs"
    return PortReport(port.id, None, PortStatus.DOWN, why)


def _why_unbound(fabric: FabricView, port: Port, claimants: list[str]) -> str:
    if not claimants:
        return ""
    if not port.admin_state_up:
        return "admin_state_up to be set"
    if not fabric.is_up(port):
        return f"admin_state_up of its network {port.network_id} to be set"
    wanted = fabric.as_wanted(port).requested_host
    if wanted and wanted not in claimants:
        asks = "asks for" if wanted == port.requested_host else f"calls {port.requested_host}"
        return (
            f"an interface with its id on host {wanted}, which binding:host_id {asks};"
            f" it is plugged into {', '.join(claimants)}"
        )
    return f"a local VLAN: host {claimants[0]} has given out all"


def _waits_for(
    fabric: FabricView,
    snapshot: HostSnapshot,
    bound: BoundPort,
    connected: Collection[str],
    cut: Mapping[str, str],
) -> str:
    """Say in words what keeps a plugged port from being ACTIVE; empty: nothing that anyone must do."""
    segment = bound.segment
    if segment.is_tunnel:
        way = _missing_tunnel(fabric, snapshot, segment, connected)
    else:
        way = _missing_way(fabric, snapshot, segment.physical_network, connected)
    if way:
        return way
    reason = cut.get(bound.interface) or cut.get(segment.physical_network)
    if reason:
        return f"this to be put right: {reason}"
    port = fabric.inventory.ports[bound.port_id]
    binding = Binding(snapshot.host, segment.local_vlan, bound.interface)
    known = port.status is PortStatus.ACTIVE and fabric.binding_of(port) == binding
    confirmed = f"local_vlan={segment.local_vlan}" in port.tags
    if fabric.shown(snapshot.host).has_ovsdb or known or confirmed:
        return ""
    return (
        f"tag={segment.local_vlan} on {bound.interface}: host {snapshot.host} has no OVSDB session, so"
        " whoever plugs the interface sets the tag and confirms it by giving the port the tag"
        f" local_vlan={segment.local_vlan}"
    )


def _missing_tunnel(
    fabric: FabricView, snapshot: HostSnapshot, segment: Segment, connected: Collection[str]
) -> str:
    """Say what is missing between the integration bridge and other hosts, as far as OpenFlow shows it."""
    layout, host = fabric.layout, snapshot.host
    bridge = layout.tunnel_bridge
    if snapshot.tunnel_address is None and not fabric.shown(host).has_ovsdb:
        return f"an OVSDB session of host {host} (ovs-vsctl set-manager): it tells where tunnels end"
    if snapshot.tunnel_address is None:
        return fabric.tunnel_peers.addresses.why_not(host)
    if bridge not in connected:
        return f"bridge {bridge} of host {host} to connect to the controller"
    ends = (
        (layout.integration_bridge, INTEGRATION_TUNNEL_END),
        (bridge, TUNNEL_END),
        (bridge, tunnel_port(segment.network_type)),
    )
    for name, end in ends:
        if end not in snapshot.ofports.get(name, {}):
            return f"port {end} on bridge {name} of host {host}"
    return ""


def _missing_way(
    fabric: FabricView, snapshot: HostSnapshot, physical_network: str, connected: Collection[str]
) -> str:
    """Say what is missing between the integration bridge and the wire, as far as OpenFlow shows it."""
    layout, host = fabric.layout, snapshot.host
    bridge = layout.bridge_of(physical_network)
    if bridge is None:
        return f"physical network {physical_network} to be among [network] bridge_mappings again"
    if bridge not in connected:
        return f"bridge {bridge} of host {host} to connect to the controller"
    ends = ((layout.integration_bridge, integration_end(bridge)), (bridge, physical_end(bridge)))
    for name, end in ends:
        if end not in snapshot.ofports.get(name, {}):
            return f"patch port {end} on bridge {name} of host {host}"
    if snapshot.ofports[bridge].keys() <= {physical_end(bridge)}:
        return f"a network interface on bridge {bridge} of host {host}"
    return ""
