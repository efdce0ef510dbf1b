"""The collections of the API, by the part of the URL that names them. A new one gets a line here."""

from collections.abc import Iterable, Mapping

from osken_apps.rest.address_groups import ADDRESS_GROUPS
from osken_apps.rest.agents import AGENTS
from osken_apps.rest.availability_zones import AVAILABILITY_ZONES
from osken_apps.rest.collection import Collection
from osken_apps.rest.default_security_group_rules import DEFAULT_SECURITY_GROUP_RULES
from osken_apps.rest.network_ip_availabilities import NETWORK_IP_AVAILABILITIES
from osken_apps.rest.networks import NETWORKS
from osken_apps.rest.ports import PORTS
from osken_apps.rest.read_only import ReadOnlyCollection
from osken_apps.rest.routing import FLOATING_IPS, ROUTERS
from osken_apps.rest.security_group_rules import SECURITY_GROUP_RULES
from osken_apps.rest.security_groups import SECURITY_GROUPS
from osken_apps.rest.service_providers import SERVICE_PROVIDERS
from osken_apps.rest.subnets import SUBNETS


class Registry:
    """What the API has: collections of stored resources, and those that can only be read."""

    def __init__(self, collections: Iterable[Collection], read_only: Iterable[ReadOnlyCollection]) -> None:
        self.collections: Mapping[str, Collection] = {item.path: item for item in collections}
        self.read_only: Mapping[str, ReadOnlyCollection] = {item.path: item for item in read_only}

    def every(self) -> list[Collection | ReadOnlyCollection]:
        """Give all of them."""
        return [*self.collections.values(), *self.read_only.values()]


REGISTRY = Registry(
    (
        NETWORKS,
        SUBNETS,
        PORTS,
        SECURITY_GROUPS,
        SECURITY_GROUP_RULES,
        ADDRESS_GROUPS,
        DEFAULT_SECURITY_GROUP_RULES,
    ),
    (
        AGENTS,
        AVAILABILITY_ZONES,
        FLOATING_IPS,
        NETWORK_IP_AVAILABILITIES,
        ROUTERS,
        SERVICE_PROVIDERS,
    ),
)
