"""The attributes of ports, and what requests for addresses, pairs and options look like. PURE."""

import json
from dataclasses import dataclass
from typing import Any

from osken_apps.errors import BadRequest, InvalidInput
from osken_apps.model.resources import Port
from osken_apps.rest.attributes import (
    ADDRESS,
    BOOLEAN,
    CIDR,
    CIDR_LENGTH,
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

MAX_DHCP_OPTION_LENGTH = 255
MAX_DHCP_OPTIONS = 64
MAX_FIXED_IPS = 5
MAX_ADDRESS_PAIRS = 10
MAX_SECURITY_GROUPS = 64
MAX_PROFILE_LENGTH = 4095


def too_many_fixed_ips(limit: int) -> InvalidInput:
    """Make the error for more addresses than a port may have."""
    return InvalidInput(f"Exceeded maximum amount of fixed ips per port: {limit}")


class AllowedAddressPairExhausted(BadRequest):
    """More address pairs than a port may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The number of allowed address pair exceeds the maximum {limit}.")


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
    """Take an address or a range and keep it as it was written; whoever filters by it applies the mask."""
    type_ = CIDR if isinstance(value, str) and "/" in value else ADDRESS
    if type_.parse(value).is_multicast:
        raise ValueError(f"'{value}' is a multicast address")
    return str(value)


def _parse_host(value: Any) -> str:
    return "" if value is None else str(NAME.parse(value))


def _parse_profile(value: Any) -> str:
    if value is None:
        return "{}"
    if not isinstance(value, dict):
        raise ValueError(f"'{value}' is not a dictionary")
    profile = json.dumps(value, sort_keys=True)
    if len(profile) > MAX_PROFILE_LENGTH:
        raise InvalidInput("binding:profile value too large")
    return profile


def _shown_profile(text: str) -> Any:
    return {} if text == "{}" else json.loads(text)


FIXED_IPS = list_of(
    record({"subnet_id": optional(UUID), "ip_address": optional(ADDRESS)}, (), FixedIpRequest),
    MAX_FIXED_IPS,
    unique=False,
    null=False,
    too_many=too_many_fixed_ips,
)
PREFIX = Type(_parse_prefix, {"type": "string", "maxLength": CIDR_LENGTH})
PAIRS = list_of(
    record({"ip_address": PREFIX, "mac_address": optional(MAC)}, ("ip_address",), AddressPairRequest),
    MAX_ADDRESS_PAIRS,
    unique=False,
    too_many=AllowedAddressPairExhausted,
)
HOST = Type(_parse_host, {"anyOf": [NAME.schema, {"type": "null"}]}, shown_schema=NAME.schema)
# At most MAX_PROFILE_LENGTH characters as JSON text, so at most as many parts as the shortest ones would be.
PROFILE = Type(
    _parse_profile,
    {"anyOf": [{"type": "object", "maxProperties": MAX_PROFILE_LENGTH // len('"":0,')}, {"type": "null"}]},
    _shown_profile,
)
DHCP_OPTION = {
    "opt_name": text(64),
    "opt_value": optional(text(MAX_DHCP_OPTION_LENGTH)),
    "ip_version": choice(4, 6, convert=parse_integer),
}
DHCP_OPTIONS = list_of(
    record(DHCP_OPTION, ("opt_name", "opt_value"), DhcpOptionRequest), MAX_DHCP_OPTIONS, unique=False
)
KERNEL_DATAPATH = "system"
VNIC_TYPES = ("normal", "direct", "macvtap", "baremetal", "direct-physical", "virtio-forwarder", "smart-nic")


def _vif_type(port: Port, around: Surroundings) -> str:
    if port.binding is not None:
        return "ovs"
    if not port.requested_host:
        return "unbound"
    return "ovs" if _is_alive(port.requested_host, around) else "binding_failed"


def _is_alive(host: str, around: Surroundings) -> bool:
    report = around.hosts.get(host)
    return report is not None and report.alive


def _vif_details(port: Port, around: Surroundings) -> dict[str, Any]:
    """Give what Neutron's Open vSwitch driver gives, and beside it the fact (`host`) and the wish."""
    details: dict[str, Any] = {}
    if _vif_type(port, around) == "ovs":
        details = _ovs_details(port.binding.host if port.binding else port.requested_host, around)
    details["host"] = port.binding.host if port.binding else ""
    details["requested_host"] = port.requested_host
    if port.binding is not None:
        details["local_vlan"] = port.binding.local_vlan
    waits_for = port.waits_for or ("" if port.binding else _waits_for(port, around))
    if waits_for:
        details["waits_for"] = waits_for
    return details


def _ovs_details(host: str, around: Surroundings) -> dict[str, Any]:
    """Give what whoever plugs the interface must know; os-vif makes the tap itself on a kernel datapath."""
    report = around.hosts.get(host)
    datapath_type = (report.datapath_type if report else "") or KERNEL_DATAPATH
    details: dict[str, Any] = {
        "connectivity": "l2",
        "port_filter": False,
        "ovs_hybrid_plug": False,
        "bridge_name": around.integration_bridge,
        "datapath_type": datapath_type,
        "bound_drivers": {"0": "openvswitch"},
    }
    return details | {"ovs_create_tap": True} if datapath_type == KERNEL_DATAPATH else details


def _waits_for(port: Port, around: Surroundings) -> str:
    """Say what an unbound port waits for, as far as it can be known here; "" if nothing need plug it."""
    if port.device_owner.startswith("network:"):
        return ""
    if not port.admin_state_up:
        return "its admin_state_up to be true"
    if port.network_id in around.disabled_networks:
        return f"admin_state_up of network {port.network_id} to be true"
    host = port.requested_host
    if host and host not in around.hosts:
        return f"host {host} to connect: no host of that name is known"
    if host and not around.hosts[host].alive:
        return f"host {host} to connect again"
    where = f"host {host}" if host else "a host"
    return f"an interface with external_ids:iface-id={port.id} on {where}: none is shown"


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
    Attribute("security_groups", list_of(UUID, MAX_SECURITY_GROUPS, unique=False), filter=True),
    Attribute("port_security_enabled", BOOLEAN),
    Attribute("allowed_address_pairs", PAIRS),
    Attribute("extra_dhcp_opts", DHCP_OPTIONS),
    Attribute(
        "binding:host_id",
        HOST,
        default="",
        filter=True,
        get=lambda port, _: port.requested_host or (port.binding.host if port.binding else ""),
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
        PROFILE,
        model_field="binding_profile",
        guarded=True,
    ),
    Attribute("dns_name", DNS_NAME, default="", filter=True, sort=True),
    Attribute("dns_assignment", Type(list, {"type": "array"}), post=False, put=False, get=_dns_assignment),
)
