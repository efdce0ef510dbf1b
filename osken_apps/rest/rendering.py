"""Resources as JSON objects. PURE."""

from collections.abc import Iterable, Sequence
from typing import Any

from osken_apps.model.resources import Network, Subnet
from osken_apps.rest.declarations import Attribute, Surroundings
from osken_apps.store.view import Among, View


def rendered(attributes: Sequence[Attribute], resource: Any, around: Surroundings) -> dict[str, Any]:
    """Give a resource as JSON."""
    return {attribute.name: attribute.shown(resource, around) for attribute in attributes}


def chosen(attributes: Iterable[Attribute], fields: Sequence[str]) -> tuple[Attribute, ...]:
    """Give the attributes that a request names; all if it names none, unknown names count for nothing."""
    return tuple(
        attribute
        for attribute in attributes
        if not attribute.hidden and (not fields or attribute.name in fields)
    )


def surroundings(
    view: View, kind: type, resources: Sequence[Any] | None, static: Surroundings
) -> Surroundings:
    """Read what else is shown of these resources (None: of any of the kind)."""
    subnet_ids: dict[str, tuple[str, ...]] = {}
    external: frozenset[str] = frozenset()
    if kind is Network:
        subnet_ids = view.subnet_ids(None if resources is None else [resource.id for resource in resources])
    if kind is Subnet:
        external = frozenset(network.id for network in view.networks(Among("external", (True,))))
    return Surroundings(
        subnet_ids, external, static.known_hosts, static.integration_bridge, static.domain, static.zones
    )
