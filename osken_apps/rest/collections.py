"""The collections of the API: their names, attributes and rules, one declaration each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from osken_apps.errors import NetworkNotFound, NotFound, PortNotFound, SubnetNotFound
from osken_apps.model.resources import Network, Port, Subnet
from osken_apps.rest import networks, ports, subnets
from osken_apps.rest.declarations import Attribute
from osken_apps.rest.network_declarations import NETWORK, SUBNET
from osken_apps.rest.port_declarations import PORT
from osken_apps.store.view import View


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection: `create`, `update` and `delete` are its rules, `read` and `select` find in it."""

    plural: str
    singular: str
    kind: type[Network] | type[Subnet] | type[Port]
    attributes: tuple[Attribute, ...]
    not_found: Callable[[str], NotFound]
    read: Callable[[View, str], Any]
    select: Callable[..., list[Any]]
    create: Callable[..., Any]
    update: Callable[..., Any]
    delete: Callable[..., None]
    id_of: Callable[[Any], str] = attrgetter("id")


COLLECTIONS: Mapping[str, Collection] = {
    collection.plural: collection
    for collection in (
        Collection(
            "networks",
            "network",
            Network,
            NETWORK,
            NetworkNotFound,
            View.network,
            View.networks,
            networks.create,
            networks.update,
            networks.delete,
        ),
        Collection(
            "subnets",
            "subnet",
            Subnet,
            SUBNET,
            SubnetNotFound,
            View.subnet,
            View.subnets,
            subnets.create,
            subnets.update,
            subnets.delete,
        ),
        Collection(
            "ports",
            "port",
            Port,
            PORT,
            PortNotFound,
            View.port,
            View.ports,
            ports.create,
            ports.update,
            ports.delete,
        ),
    )
}
