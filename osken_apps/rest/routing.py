"""Routers and floating IPs: Nova and Horizon ask for them whatever the extensions say, and there are none."""

from osken_apps.errors import not_found_of
from osken_apps.rest.attribute import NAME
from osken_apps.rest.read_only import OBJECT, ReadOnlyCollection, shown
from osken_apps.rest.rules import ANYBODY
from osken_apps.rest.types import BOOLEAN, UUID

COMMON = (
    shown("id", UUID),
    shown("tenant_id", NAME, model_field="project_id"),
    shown("project_id", NAME),
    shown("description", NAME),
    shown("status", NAME),
)

ROUTERS = ReadOnlyCollection(
    "routers",
    "router",
    (*COMMON, shown("name", NAME), shown("admin_state_up", BOOLEAN), shown("external_gateway_info", OBJECT)),
    {"get_router": ANYBODY},
    lambda _context: [],
    not_found_of("router"),
)
FLOATING_IPS = ReadOnlyCollection(
    "floatingips",
    "floatingip",
    (
        *COMMON,
        shown("floating_ip_address", NAME),
        shown("fixed_ip_address", NAME),
        shown("floating_network_id", UUID),
        shown("port_id", UUID),
        shown("router_id", UUID),
    ),
    {"get_floatingip": ANYBODY},
    lambda _context: [],
    not_found_of("floatingip"),
)
