"""Availability zones: there is one, for networks."""

from dataclasses import dataclass

from osken_apps.networking.networks import ZONE
from osken_apps.rest.attribute import NAME
from osken_apps.rest.read_only import ReadOnlyCollection, shown
from osken_apps.rest.request import HTTPNotFound
from osken_apps.rest.rules import ANYBODY


@dataclass(frozen=True, slots=True)
class Zone:
    """An availability zone."""

    id: str
    name: str
    resource: str
    state: str


ATTRIBUTES = (
    shown("name", NAME),
    shown("resource", NAME),
    shown("state", NAME),
)

AVAILABILITY_ZONES = ReadOnlyCollection(
    "availability_zones",
    "availability_zone",
    ATTRIBUTES,
    {"get_availability_zone": ANYBODY},
    lambda _context: [Zone(ZONE, ZONE, "network", "available")],
    HTTPNotFound,
    url_name="availability_zones",
)
