"""Ports: their attributes, what a request of one means, and who may make it."""

from collections.abc import Mapping, Sequence
from typing import Any

from osken_apps.model.kind import KINDS
from osken_apps.model.resources import Port
from osken_apps.model.security_groups import BEFORE_OTHERS, WITHOUT_MATCH_OF_PORTS, SecurityGroupRule
from osken_apps.networking import ports
from osken_apps.networking.ports import PortRequest
from osken_apps.networking.state import State
from osken_apps.rest.address_types import DNS_NAME, MAC
from osken_apps.rest.attribute import NAME, Attribute, RenderContext, port_security, standard
from osken_apps.rest.collection import Around, Collection, request_of
from osken_apps.rest.port_dhcp import PORT_DHCP
from osken_apps.rest.port_types import (
    DHCP_OPTIONS,
    FIXED_IPS,
    HOST,
    MAX_SECURITY_GROUPS,
    PAIRS,
    PROFILE,
    VNIC_TYPES,
)
from osken_apps.rest.rules import ADMIN, MEMBER, NETWORK_OWNER, NETWORK_READER, READER, SERVICE
from osken_apps.rest.types import BOOLEAN, UUID, Type, choice, list_of
from osken_apps.rest.validation import Values
from osken_apps.rest.vif_details import vif_details, vif_type
from osken_apps.store.selection import Among


def _dns_assignment(port: Port, context: RenderContext) -> list[dict[str, str]]:
    assigned = []
    for fixed_ip in port.fixed_ips:
        name = port.host_name(fixed_ip.ip_address)
        full = _full_name(port, name, context.domain)
        assigned.append({"hostname": name, "ip_address": str(fixed_ip.ip_address), "fqdn": full})
    return assigned


def _full_name(port: Port, name: str, domain: str) -> str:
    """Give the name with its domain: that of the port's own name, or that of the configuration."""
    full = port.dns_name if "." in port.dns_name.rstrip(".") else f"{name}.{domain}"
    return full.rstrip(".") + "."


ATTRIBUTES = (
    *standard(),
    Attribute("network_id", UUID, put=False, required=True, filter=True, sort=True, column="network_id"),
    Attribute("admin_state_up", BOOLEAN, default=True, filter=True, sort=True),
    Attribute("status", NAME, post=False, put=False, filter=True, sort=True, column="status"),
    Attribute("mac_address", MAC, filter=True, sort=True, column="mac_address"),
    Attribute("fixed_ips", FIXED_IPS, filter=True),
    Attribute("device_id", NAME, default="", filter=True, sort=True, column="device_id"),
    Attribute("device_owner", NAME, default="", filter=True, sort=True, column="device_owner"),
    Attribute("security_groups", list_of(UUID, MAX_SECURITY_GROUPS, unique=False), filter=True),
    Attribute("port_security_enabled", BOOLEAN, get=port_security),
    Attribute("allowed_address_pairs", PAIRS),
    Attribute("extra_dhcp_opts", DHCP_OPTIONS),
    Attribute(
        "binding:host_id",
        HOST,
        default="",
        filter=True,
        model_field="requested_host",
        get=lambda port, _: port.requested_host or (port.binding.host if port.binding else ""),
        guarded=True,
    ),
    Attribute("binding:vif_type", NAME, post=False, put=False, get=vif_type, guarded=True),
    Attribute(
        "binding:vif_details",
        Type(dict, {"type": "object"}),
        post=False,
        put=False,
        get=vif_details,
        guarded=True,
    ),
    Attribute(
        "binding:vnic_type", choice(*VNIC_TYPES), default="normal", model_field="vnic_type", filter=True
    ),
    Attribute(
        "binding:profile",
        PROFILE,
        model_field="binding_profile",
        guarded=True,
    ),
    Attribute("dns_name", DNS_NAME, default="", filter=True, sort=True),
    Attribute("dns_assignment", Type(list, {"type": "array"}), post=False, put=False, get=_dns_assignment),
)

IN_USABLE_NETWORK = "(rule:network_owner or rule:network_shared)"  # all see an external one
OF_OTHERS = f"not rule:network_device or {NETWORK_OWNER}"
HOST_RULE = "get_port:binding:host_id"  # who may know where ports are
POLICY = {
    "create_port": f"{ADMIN} or (role:member and rule:owner and {IN_USABLE_NETWORK})",
    "create_port:device_owner": OF_OTHERS,
    "create_port:mac_address": NETWORK_OWNER,
    "create_port:fixed_ips": f"{NETWORK_OWNER} or rule:network_shared",
    "create_port:fixed_ips:ip_address": NETWORK_OWNER,
    "create_port:port_security_enabled": NETWORK_OWNER,
    "create_port:allowed_address_pairs": NETWORK_OWNER,
    "create_port:binding:host_id": ADMIN,
    "create_port:binding:profile": SERVICE,
    "get_port": f"{READER} or {NETWORK_READER}",
    HOST_RULE: ADMIN,
    "get_port:binding:vif_type": ADMIN,
    "get_port:binding:vif_details": ADMIN,
    "get_port:binding:profile": ADMIN,
    "get_port_dhcp": f"{READER} or {NETWORK_READER}",
    "get_port_explain": f"{READER} or {NETWORK_READER}",
    "update_port": MEMBER,
    "update_port:device_owner": OF_OTHERS,
    "update_port:mac_address": f"{ADMIN} or (role:manager and rule:network_owner)",
    "update_port:fixed_ips": NETWORK_OWNER,
    "update_port:port_security_enabled": NETWORK_OWNER,
    "update_port:allowed_address_pairs": NETWORK_OWNER,
    "update_port:binding:host_id": ADMIN,
    "update_port:binding:profile": SERVICE,
    "delete_port": f"{MEMBER} or {NETWORK_OWNER}",
    **dict.fromkeys(
        (f"{action}_port_binding" for action in ("create", "get", "update", "activate", "delete")),
        f"{ADMIN} or {SERVICE}",
    ),
    "create_port_binding:profile": SERVICE,
    "update_port_binding:profile": SERVICE,
}


def _create(state: State, project_id: str, values: Values, around: Around) -> Port:
    request = request_of(PortRequest, ATTRIBUTES, values)
    return ports.create(state, project_id, values["network_id"], request, around.terms)


def _update(state: State, port: Port, values: Values, around: Around) -> Port:
    return ports.update(state, port, request_of(PortRequest, ATTRIBUTES, values), around.terms)


def _delete(state: State, port: Port, _around: Around) -> None:
    ports.delete(state, port)


def _context(view: Any, resources: Sequence[Port] | None) -> Mapping[str, Any]:
    """Read which networks are down, as ports of them wait for that, and which rules of groups are closed.

    Of a few ports that are bound, none waits for a network.
    """
    found: dict[str, Any] = {"closed_rules": _closed_rules(view)}
    if resources is None or not all(port.binding for port in resources):
        down = view.networks(Among("admin_state_up", (False,)))
        found["disabled_networks"] = frozenset(network.id for network in down)
    return found


def _closed_rules(view: Any) -> Mapping[str, list[SecurityGroupRule]]:
    closed: dict[str, list[SecurityGroupRule]] = {}
    for rule in view.find(SecurityGroupRule, Among("protocol", WITHOUT_MATCH_OF_PORTS + BEFORE_OTHERS)):
        if rule.is_closed:
            closed.setdefault(rule.security_group_id, []).append(rule)
    return closed


PORTS: Collection = Collection(
    KINDS[Port], ATTRIBUTES, POLICY, _create, _update, _delete, _context, members={"dhcp": PORT_DHCP}
)
