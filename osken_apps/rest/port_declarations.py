"""The attributes of ports, and what requests for addresses, pairs and options look like. PURE."""

import json
from dataclasses import dataclass
from typing import Any

from osken_apps.model.resources import Port
from osken_apps.rest.attributes import (
    ADDRESS,
    BOOLEAN,
    CIDR,
    DNS_NAME,
    MAC,
    UUID,
    Type,
    choice,
    list_of,
    optional,
    parse_integer,
    record,
    text,
)
from osken_apps.rest.declarations import NAME, Attribute, Surroundings, standard

DHCP_OPTION_LENGTH = 255


@dataclass(frozen=True, slots=True)
class FixedIpRequest:
    """An address that is asked for: any of a subnet, that one, or that one of that subnet."""

    subnet_id: str | None = None
    ip_address: Any = None


@dataclass(frozen=True, slots=True)
class AddressPairRequest:
    """An address pair as asked for; without a MAC address it means the port's own."""

    ip_address: str
    mac_address: Any = None


@dataclass(frozen=True, slots=True)
class DhcpOptionRequest:
    """A DHCP option to set, or with the value None to delete."""

    opt_name: str
    opt_value: str | None
    ip_version: int = 4


def _parse_prefix(value: Any) -> str:
    return str(CIDR.parse(value)) if isinstance(value, str) and "/" in value else str(ADDRESS.parse(value))


def _parse_profile(value: Any) -> str:
    if value is None:
        return "{}"
    if not isinstance(value, dict):
        raise ValueError(f"'{value}' is not a dictionary")
    return json.dumps(value, sort_keys=True)


def _shown_profile(text: str) -> Any:
    return {} if text == "{}" else json.loads(text)


FIXED_IPS = list_of(
    record({"subnet_id": optional(UUID), "ip_address": optional(ADDRESS)}, (), FixedIpRequest), unique=False
)
PREFIX = Type(_parse_prefix, {"type": "string"})
PAIRS = list_of(
    record({"ip_address": PREFIX, "mac_address": optional(MAC)}, ("ip_address",), AddressPairRequest),
    unique=False,
)
DHCP_OPTION = {
    "opt_name": text(64),
    "opt_value": optional(text(DHCP_OPTION_LENGTH)),
    "ip_version": choice(4, 6, convert=parse_integer),
}
DHCP_OPTIONS = list_of(record(DHCP_OPTION, ("opt_name", "opt_value"), DhcpOptionRequest), unique=False)
VNIC_TYPES = ("normal", "direct", "macvtap", "baremetal", "direct-physical", "virtio-forwarder", "smart-nic")


def _vif_type(port: Port, around: Surroundings) -> str:
    if port.binding is not None:
        return "ovs"
    if not port.requested_host:
        return "unbound"
    return "ovs" if port.requested_host in around.known_hosts else "binding_failed"


def _vif_details(port: Port, around: Surroundings) -> dict[str, Any]:
    if _vif_type(port, around) != "ovs":
        return {}
    details: dict[str, Any] = {
        "connectivity": "l2",
        "port_filter": False,
        "ovs_hybrid_plug": False,
        "bridge_name": around.integration_bridge,
    }
    if port.binding is not None:
        details["local_vlan"] = port.binding.local_vlan
        if port.binding.waits_for:
            details["waits_for"] = port.binding.waits_for
    return details


def _dns_assignment(port: Port, around: Surroundings) -> list[dict[str, str]]:
    assigned = []
    for fixed_ip in port.fixed_ips:
        name = port.host_name(fixed_ip.ip_address)
        full = _full_name(port, name, around.domain)
        assigned.append({"hostname": name, "ip_address": str(fixed_ip.ip_address), "fqdn": full})
    return assigned


def _full_name(port: Port, name: str, domain: str) -> str:
    """Give the name with its domain: that of the port's own name, or that of the configuration."""
    full = port.dns_name if "." in port.dns_name.rstrip(".") else f"{name}.{domain}"
    return full.rstrip(".") + "."


PORT = (
    *standard(),
    Attribute("network_id", UUID, put=False, required=True, filter=True, sort=True, column="network_id"),
    Attribute("admin_state_up", BOOLEAN, default=True, filter=True, sort=True),
    Attribute("status", NAME, post=False, put=False, filter=True, sort=True, column="status"),
    Attribute("mac_address", MAC, filter=True, sort=True, column="mac_address"),
    Attribute("fixed_ips", FIXED_IPS, filter=True),
    Attribute("device_id", NAME, default="", filter=True, sort=True, column="device_id"),
    Attribute("device_owner", NAME, default="", filter=True, sort=True, column="device_owner"),
    Attribute("security_groups", list_of(UUID), filter=True),
    Attribute("port_security_enabled", BOOLEAN),
    Attribute("allowed_address_pairs", PAIRS),
    Attribute("extra_dhcp_opts", DHCP_OPTIONS),
    Attribute(
        "binding:host_id",
        NAME,
        default="",
        filter=True,
        get=lambda port, _: port.binding.host if port.binding else port.requested_host,
        guarded=True,
    ),
    Attribute("binding:vif_type", NAME, post=False, put=False, get=_vif_type, guarded=True),
    Attribute(
        "binding:vif_details",
        Type(dict, {"type": "object"}),
        post=False,
        put=False,
        get=_vif_details,
        guarded=True,
    ),
    Attribute(
        "binding:vnic_type", choice(*VNIC_TYPES), default="normal", model_field="vnic_type", filter=True
    ),
    Attribute(
        "binding:profile",
        Type(_parse_profile, {"anyOf": [{"type": "object"}, {"type": "null"}]}, _shown_profile),
        model_field="binding_profile",
        guarded=True,
    ),
    Attribute("dns_name", DNS_NAME, default="", filter=True, sort=True),
    Attribute("dns_assignment", Type(list, {"type": "array"}), post=False, put=False, get=_dns_assignment),
)
