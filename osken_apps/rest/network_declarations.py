"""The attributes of networks and subnets. PURE."""

from osken_apps.errors import DNSNameServersExhausted, HostRoutesExhausted
from osken_apps.model.resources import AllocationPool, HostRoute
from osken_apps.rest.attributes import (
    ADDRESS,
    BOOLEAN,
    CIDR,
    DNS_NAME,
    UUID,
    choice,
    integer,
    list_of,
    not_null,
    optional,
    parse_integer,
    record,
    text,
)
from osken_apps.rest.declarations import LARGEST, NAME, Attribute, nothing, standard

MAX_ZONE_HINTS = 10
MAX_POOLS = 64
MAX_DNS_SERVERS = 5
MAX_HOST_ROUTES = 20
MAX_SERVICE_TYPES = 20

NETWORK = (
    *standard(),
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
        not_null(text(64)),
        put=False,
        filter=True,
        model_field="physical_network",
        guarded=True,
    ),
    Attribute(
        "provider:segmentation_id",
        not_null(integer(-LARGEST, LARGEST)),
        filter=True,
        model_field="segmentation_id",
        guarded=True,
    ),
    Attribute("availability_zone_hints", list_of(NAME, MAX_ZONE_HINTS, null=False), default=(), put=False),
    Attribute(
        "availability_zones",
        list_of(NAME),
        post=False,
        put=False,
        get=lambda network, around: list(around.zones) if around.subnet_ids.get(network.id) else [],
    ),
    Attribute("ipv4_address_scope", optional(UUID), post=False, put=False, get=nothing),
    Attribute("ipv6_address_scope", optional(UUID), post=False, put=False, get=nothing),
    Attribute("dns_domain", DNS_NAME, default="", filter=True, sort=True),
)

POOL = record({"start": ADDRESS, "end": ADDRESS}, ("start", "end"), AllocationPool)
ROUTE = record({"destination": CIDR, "nexthop": ADDRESS}, ("destination", "nexthop"), HostRoute)
IPV6_MODES = ("dhcpv6-stateful", "dhcpv6-stateless", "slaac")

SUBNET = (
    *standard(),
    Attribute("network_id", UUID, put=False, required=True, filter=True, sort=True, column="network_id"),
    Attribute(
        "ip_version", choice(4, 6, convert=parse_integer), put=False, required=True, filter=True, sort=True
    ),
    Attribute("cidr", CIDR, put=False, required=True, filter=True, sort=True, column="cidr"),
    Attribute("gateway_ip", optional(ADDRESS), filter=True, sort=True),
    Attribute("allocation_pools", list_of(POOL, MAX_POOLS, unique=False)),
    Attribute(
        "dns_nameservers", list_of(ADDRESS, MAX_DNS_SERVERS, too_many=DNSNameServersExhausted), default=()
    ),
    Attribute("host_routes", list_of(ROUTE, MAX_HOST_ROUTES, too_many=HostRoutesExhausted), default=()),
    Attribute("enable_dhcp", BOOLEAN, default=True, filter=True, sort=True),
    Attribute("ipv6_ra_mode", optional(choice(*IPV6_MODES)), default=None, put=False, filter=True, sort=True),
    Attribute(
        "ipv6_address_mode", optional(choice(*IPV6_MODES)), default=None, put=False, filter=True, sort=True
    ),
    Attribute("service_types", list_of(NAME, MAX_SERVICE_TYPES), default=()),
    Attribute("subnetpool_id", optional(UUID), default=None, put=False, filter=True, sort=True, get=nothing),
    Attribute(
        "router:external",
        BOOLEAN,
        post=False,
        put=False,
        get=lambda subnet, around: subnet.network_id in around.external_networks,
    ),
    Attribute(
        "shared",
        BOOLEAN,
        post=False,
        put=False,
        filter=True,
        hidden=True,
        get=lambda subnet, around: subnet.network_id in around.shared_networks,
    ),
)
