"""The attributes of networks, subnets and ports: the one place that says what the API has. PURE.

Validation, defaults, filters, sorting, policy, rendering and the OpenAPI document follow from it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

from osken_apps.model.resources import (
    AllocationPool,
    HostRoute,
    Network,
    Port,
    Subnet,
)
from osken_apps.rest.attributes import (
    ADDRESS,
    BOOLEAN,
    CIDR,
    DNS_NAME,
    MAC,
    UUID,
    Type,
    address_shown,
    choice,
    integer,
    list_of,
    optional,
    parse_integer,
    record,
    text,
)

ABSENT: Any = object()

LARGEST = 2**31 - 1
DHCP_OPTION_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is shown of a resource although another one, or the controller, knows it."""

    subnet_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    external_networks: frozenset[str] = frozenset()
    known_hosts: frozenset[str] = frozenset()
    integration_bridge: str = "br-int"
    domain: str = ""
    zones: tuple[str, ...] = ()


Getter = Callable[[Any, Surroundings], Any]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a resource.

    `model_field` is the model's name where it differs; `get` replaces it for what the model computes.
    `default` ABSENT: what a POST leaves out is decided by the rules of the resource.
    `column` names the database column that a filter may be handed to.
    `hidden`: only a filter, not shown.
    `guarded`: by default only administrators see it.
    """

    name: str
    type: Type
    default: Any = ABSENT
    post: bool = True
    put: bool = True
    required: bool = False
    filter: bool = False
    sort: bool = False
    model_field: str = ""
    get: Getter | None = None
    column: str = ""
    guarded: bool = False
    hidden: bool = False

    # Gives the attribute of a resource as JSON; made once, for it runs for each attribute of a list.
    shown: Getter = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Make `shown`."""
        object.__setattr__(self, "shown", self.get or _getter(self.model_field or self.name, self.type.show))


def _getter(name: str, show: Callable[[Any], Any] | None) -> Getter:
    read = attrgetter(name)
    if show is None:
        return lambda resource, _around: read(resource)

    def shown(resource: Any, _around: Surroundings) -> Any:
        value = read(resource)
        return None if value is None else show(value)

    return shown


@lru_cache(4096)
def timestamp(moment: datetime) -> str:
    """Give a time in the API's form, which is UTC, whole seconds and `Z`."""
    return moment.isoformat()[:19] + "Z"


TIME = Type(str, {"type": "string", "format": "date-time"}, timestamp)
NAME = text()
LONGEST_TAG = 255
TAG = text(LONGEST_TAG)
POSITION = integer(0, LARGEST)


def _standard() -> tuple[Attribute, ...]:
    return (
        Attribute("id", UUID, post=False, put=False, filter=True, sort=True, column="id"),
        Attribute("name", NAME, default="", filter=True, sort=True, column="name"),
        Attribute("description", NAME, default="", filter=True),
        Attribute(
            "tenant_id",
            NAME,
            put=False,
            filter=True,
            sort=True,
            model_field="project_id",
            column="project_id",
        ),
        Attribute("project_id", NAME, put=False, filter=True, sort=True, column="project_id"),
        Attribute("tags", list_of(TAG), post=False, put=False),
        Attribute("created_at", TIME, post=False, put=False, filter=True, sort=True),
        Attribute("updated_at", TIME, post=False, put=False, filter=True, sort=True),
        Attribute("revision_number", POSITION, post=False, put=False, filter=True, sort=True),
    )


def _nothing(_resource: Any, _surroundings: Surroundings) -> None:
    """Show null: an attribute that clients expect and we have nothing for."""


NETWORK = (
    *_standard(),
    Attribute("admin_state_up", BOOLEAN, default=True, filter=True, sort=True),
    Attribute("status", NAME, post=False, put=False, filter=True, sort=True, get=lambda network, _: "ACTIVE"),
    Attribute(
        "subnets",
        list_of(UUID),
        post=False,
        put=False,
        get=lambda network, around: list(around.subnet_ids.get(network.id, ())),
    ),
    Attribute("shared", BOOLEAN, default=False, filter=True),
    Attribute("router:external", BOOLEAN, default=False, filter=True, model_field="external"),
    Attribute("is_default", BOOLEAN, default=False, filter=True),
    Attribute("mtu", integer(0, LARGEST), filter=True, sort=True),
    Attribute("port_security_enabled", BOOLEAN, default=True),
    Attribute(
        "provider:network_type",
        text(32),
        put=False,
        filter=True,
        model_field="network_type",
        guarded=True,
    ),
    Attribute(
        "provider:physical_network",
        optional(text(64)),
        put=False,
        filter=True,
        model_field="physical_network",
        guarded=True,
    ),
    Attribute(
        "provider:segmentation_id",
        optional(integer(-LARGEST, LARGEST)),
        filter=True,
        model_field="segmentation_id",
        guarded=True,
    ),
    Attribute("availability_zone_hints", list_of(NAME, null=False), default=(), put=False),
    Attribute(
        "availability_zones",
        list_of(NAME),
        post=False,
        put=False,
        get=lambda network, around: list(around.zones) if around.subnet_ids.get(network.id) else [],
    ),
    Attribute("ipv4_address_scope", optional(UUID), post=False, put=False, get=_nothing),
    Attribute("ipv6_address_scope", optional(UUID), post=False, put=False, get=_nothing),
    Attribute("dns_domain", DNS_NAME, default="", filter=True, sort=True),
)

POOL = record({"start": ADDRESS, "end": ADDRESS}, ("start", "end"), AllocationPool)
ROUTE = record({"destination": CIDR, "nexthop": ADDRESS}, ("destination", "nexthop"), HostRoute)
IPV6_MODES = ("dhcpv6-stateful", "dhcpv6-stateless", "slaac")

SUBNET = (
    *_standard(),
    Attribute("network_id", UUID, put=False, required=True, filter=True, sort=True, column="network_id"),
    Attribute(
        "ip_version", choice(4, 6, convert=parse_integer), put=False, required=True, filter=True, sort=True
    ),
    Attribute("cidr", CIDR, put=False, required=True, filter=True, sort=True, column="cidr"),
    Attribute("gateway_ip", optional(ADDRESS), filter=True, sort=True),
    Attribute("allocation_pools", list_of(POOL, unique=False)),
    Attribute("dns_nameservers", list_of(ADDRESS), default=()),
    Attribute("host_routes", list_of(ROUTE), default=()),
    Attribute("enable_dhcp", BOOLEAN, default=True, filter=True, sort=True),
    Attribute("ipv6_ra_mode", optional(choice(*IPV6_MODES)), default=None, put=False, filter=True, sort=True),
    Attribute(
        "ipv6_address_mode", optional(choice(*IPV6_MODES)), default=None, put=False, filter=True, sort=True
    ),
    Attribute("service_types", list_of(NAME), default=()),
    Attribute("subnetpool_id", optional(UUID), default=None, put=False, filter=True, sort=True, get=_nothing),
    Attribute(
        "router:external",
        BOOLEAN,
        post=False,
        put=False,
        get=lambda subnet, around: subnet.network_id in around.external_networks,
    ),
)


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


def host_name(port: Port, address: Any) -> str:
    """Give the name that a port's address has in DNS: the port's own, or one made of the address."""
    return port.dns_name or "host-" + address_shown(address).replace(".", "-").replace(":", "-")


def _dns_assignment(port: Port, around: Surroundings) -> list[dict[str, str]]:
    names = [(host_name(port, ip.ip_address), address_shown(ip.ip_address)) for ip in port.fixed_ips]
    domain = around.domain and f".{around.domain.rstrip('.')}."
    return [{"hostname": name, "ip_address": address, "fqdn": name + domain} for name, address in names]


PORT = (
    *_standard(),
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
        Type(_parse_profile, {"anyOf": [{"type": "object"}, {"type": "null"}]}, json.loads),
        model_field="binding_profile",
        guarded=True,
    ),
    Attribute("dns_name", DNS_NAME, default="", filter=True, sort=True),
    Attribute("dns_assignment", Type(list, {"type": "array"}), post=False, put=False, get=_dns_assignment),
)

ATTRIBUTES: Mapping[type, tuple[Attribute, ...]] = {Network: NETWORK, Subnet: SUBNET, Port: PORT}
