"""Service providers: clients ask for them, and there are none."""

from osken_apps.rest.attribute import NAME
from osken_apps.rest.read_only import ReadOnlyCollection, shown
from osken_apps.rest.request import HTTPNotFound
from osken_apps.rest.rules import ANYBODY
from osken_apps.rest.types import BOOLEAN

ATTRIBUTES = (
    shown("name", NAME),
    shown("service_type", NAME),
    shown("default", BOOLEAN),
)

SERVICE_PROVIDERS = ReadOnlyCollection(
    "service_providers",
    "service_provider",
    ATTRIBUTES,
    {"get_service_provider": ANYBODY},
    lambda _context: [],
    HTTPNotFound,
)
