"""What a host takes for its own before it is brought to what it should be: local VLANs, zones, groups. PURE
(it changes the host, but does no I/O).
"""

from osken_apps.model.fabric import Fabric
from osken_apps.model.local_vlans import assign_local_vlans, read_back


def prepare(fabric: Fabric, host_name: str) -> None:
    """Take and give back local VLANs, and note the groups, as what is plugged into a host asks for."""
    host = fabric.shown(host_name)
    plugged = sorted(fabric.plugged(host), key=lambda item: item[0].id)
    host.look_at_tags(fabric.layout.integration_bridge)
    tags = ((port.network_id, host.tagged[name]) for port, name in plugged if name in host.tagged)
    host.local_vlans = assign_local_vlans(
        read_back(host.local_vlans, tags),
        (port.network_id for port, _ in plugged),
        set(host.tagged.values()),
    )
    for port, interface in plugged:
        if port.network_id in host.local_vlans:
            host.tagged[interface] = host.local_vlans[port.network_id]
    guarded = (port for port, _ in plugged if fabric.guard_of(port))
    host.groups = frozenset(group_id for port in guarded for group_id in port.security_groups)


def stale_zones(fabric: Fabric, host_name: str) -> list[int]:
    """Give the local VLANs of a host whose zones may hold connections of another network.

    What the store has as bound there was told when its zone was clean.
    """
    if not fabric.enforce:
        return []
    host = fabric.shown(host_name)
    recorded = {port.binding.local_vlan: port.network_id for port in fabric.recorded_at(host) if port.binding}
    return [
        local_vlan
        for network_id, local_vlan in host.local_vlans.items()
        if host.zones.get(local_vlan, recorded.get(local_vlan)) != network_id
    ]


def zones_are_clean(fabric: Fabric, host_name: str) -> None:
    """Note that the zones of a host hold connections of the networks that have them now."""
    host = fabric.shown(host_name)
    host.zones |= {local_vlan: network_id for network_id, local_vlan in host.local_vlans.items()}
