"""What a port tells whoever plugs it: how, where it is and is wanted, what it waits for. PURE."""

from typing import Any

from osken_apps.model.resources import Port
from osken_apps.model.security_groups import SecurityGroupRule
from osken_apps.model.well_known import KERNEL_DATAPATH
from osken_apps.rest.attribute import RenderContext

MAX_CLOSED_RULES = 10


def vif_type(port: Port, context: RenderContext) -> str:
    """Say how a port is plugged, or that it is not, or that it is wanted where no host is."""
    if port.binding is not None:
        return "ovs"
    if not port.requested_host:
        return "unbound"
    return "ovs" if may_be_plugged(port.requested_host, context) else "binding_failed"


def may_be_plugged(host: str, context: RenderContext) -> bool:
    """Tell whether something can be plugged into a host: it is there, or was there before a restart."""
    report = context.host(host)
    return report is not None and (report.alive or report.awaited)


def vif_details(port: Port, context: RenderContext) -> dict[str, Any]:
    """Give what Neutron's Open vSwitch driver gives, and beside it the fact (`host`) and the wish."""
    details: dict[str, Any] = {}
    if vif_type(port, context) == "ovs":
        details = ovs_details(port.binding.host if port.binding else port.requested_host, context)
    details["host"] = port.binding.host if port.binding else ""
    details["requested_host"] = port.requested_host
    if port.binding is not None:
        details["local_vlan"] = port.binding.local_vlan
    closed = _closed_rules(port, context)
    if closed:
        details["closed_rules"] = closed
    waits_for = port.waits_for or ("" if port.binding else _waits_for(port, context))
    if waits_for:
        details["waits_for"] = waits_for
    return details


def ovs_details(host: str, context: RenderContext) -> dict[str, Any]:
    """Give what whoever plugs the interface must know; os-vif makes the tap itself on a kernel datapath."""
    report = context.host(host)
    datapath_type = (report.datapath_type if report else "") or KERNEL_DATAPATH
    details: dict[str, Any] = {
        "connectivity": "l2",
        "port_filter": context.enforced,
        "ovs_hybrid_plug": False,
        "bridge_name": context.integration_bridge,
        "datapath_type": datapath_type,
        "bound_drivers": {"0": "openvswitch"},
    }
    return details | {"ovs_create_tap": True} if datapath_type == KERNEL_DATAPATH else details


def _closed_rules(port: Port, context: RenderContext) -> list[str]:
    """Say which rules of the port's groups permit nothing, as no flow can: of many, the first ones."""
    rules = [rule for group_id in port.security_groups for rule in context.closed_rules.get(group_id, ())]
    return [
        f"{rule.id}: Open vSwitch cannot match {_unmatched(rule)}; what the rule names stays closed"
        for rule in rules[:MAX_CLOSED_RULES]
    ]


def _unmatched(rule: SecurityGroupRule) -> str:
    return f"{rule.protocol} of IPv6" if rule.port_range_min is None else f"the ports of {rule.protocol}"


def _waits_for(port: Port, context: RenderContext) -> str:
    """Say what an unbound port waits for, as far as it can be known here; "" if nothing need plug it."""
    if port.is_of_network:
        return ""
    if not port.admin_state_up:
        return "its admin_state_up to be true"
    if port.network_id in context.disabled_networks:
        return f"admin_state_up of network {port.network_id} to be true"
    wanted = port.requested_host
    host = context.host(wanted)
    if wanted and host is None:
        return f"host {wanted} to connect: no host of that name is known"
    if host and not host.alive:
        return f"host {host.host} to connect again"
    where = f"host {host.host}" if host else "a host"
    return f"an interface with external_ids:iface-id={port.id} on {where}: none is shown"
