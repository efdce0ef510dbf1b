"""What one caller sees and may do of the resources of a collection."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from osken_apps.errors import NetworkNotFound
from osken_apps.model.resources import Network, Standard
from osken_apps.model.security_groups import SecurityGroup
from osken_apps.rest.attribute import ABSENT, Attribute
from osken_apps.rest.collection import Collection
from osken_apps.rest.policy import Permissions, Target
from osken_apps.rest.validation import Values
from osken_apps.store.view import View

R = TypeVar("R", bound=Standard)


class Access:
    """The permissions of a caller, applied to a collection within one transaction."""

    def __init__(self, collection: Collection, permissions: Permissions, view: View) -> None:
        self._collection = collection
        self.permissions = permissions
        self._view = view
        self._networks: dict[str, Network | None] = {}
        self._groups: dict[str, SecurityGroup | None] = {}

    def visible(self, resources: list[Any]) -> list[Any]:
        """Give the resources that the caller may see."""
        if self.permissions.sees_all:
            return resources
        fields = self._collection.kind.model.__dataclass_fields__
        if "network_id" in fields:
            self._networks = {network.id: network for network in self._view.networks()}
        if "security_group_id" in fields:
            self._groups = {group.id: group for group in self._view.find(SecurityGroup)}
        return [resource for resource in resources if self.may_see(resource)]

    def may_see(self, resource: Any) -> bool:
        """Tell whether the caller may see a resource."""
        rule = f"get_{self._collection.singular}"
        return self.permissions.sees_all or self.permissions.may(rule, self.target(resource))

    def attributes(self, resource: Any, attributes: Sequence[Attribute]) -> tuple[Attribute, ...]:
        """Give those of the attributes that the caller may see of a resource."""
        if self.permissions.sees_all:
            return tuple(attributes)
        target = self.target(resource)
        rule = f"get_{self._collection.singular}"
        return tuple(
            attribute for attribute in attributes if self.permissions.may(f"{rule}:{attribute.name}", target)
        )

    def shows(self, resource: Any, name: str) -> bool:
        """Tell whether the caller may see an attribute of a resource that it may see."""
        rule = f"get_{self._collection.singular}:{name}"
        return self.permissions.sees_all or self.permissions.may(rule, self.target(resource))

    def without_hidden(self, resource: R, *names: str) -> R:
        """Give a resource in which those of these texts and tuples are empty that the caller may not see."""
        hidden = {name: type(getattr(resource, name))() for name in names if not self.shows(resource, name)}
        return replace(resource, **hidden) if hidden else resource

    def showing_all_of(self, resources: list[Any], asked: Sequence[Attribute]) -> list[Any]:
        """Give the resources of which the caller may see all of these attributes."""
        if self.permissions.sees_all or not asked:
            return resources
        return [item for item in resources if len(self.attributes(item, asked)) == len(asked)]

    def always_shows(self, asked: Sequence[Attribute]) -> bool:
        """Tell whether whoever may see a resource may see these attributes of it, whichever it is."""
        rule = f"get_{self._collection.singular}"
        return all(self.permissions.follows(f"{rule}:{attribute.name}", rule) for attribute in asked)

    def require_create(self, project_id: str, body: Mapping[str, Any], values: Values) -> None:
        """Refuse a POST that the caller may not make. Raises PolicyNotAuthorized, NetworkNotFound."""
        network = self._network_of(values)
        target = self._target(project_id, network, values.get("device_owner", ""))
        given = set(body)
        explicit = [
            attribute.name
            for attribute in self._collection.attributes
            if attribute.name in given
            and (attribute.default is ABSENT or values[attribute.name] != attribute.default)
        ]
        self.permissions.require(f"create_{self._collection.singular}", _parts_of(explicit, body), target)

    def require(self, action: str, resource: Any, body: Mapping[str, Any]) -> None:
        """Refuse a change that the caller may not make. Raises PolicyNotAuthorized, NotFound."""
        if not self.may_see(resource):
            raise self._collection.not_found(resource.id)
        target = self.target(resource, body.get("device_owner", ""))
        self.permissions.require(f"{action}_{self._collection.singular}", _parts_of(body, body), target)

    def require_member(self, resource: Any, member: str) -> None:
        """Refuse to show what belongs to a resource beside its attributes. Raises PolicyNotAuthorized."""
        rule = f"get_{self._collection.singular}_{member}"
        self.permissions.require(rule, [], self.target(resource))

    def target(self, resource: Any, device_owner: str = "") -> Target:
        """Give what rules look at of a resource."""
        return target_of(resource, self._network, self._group, device_owner)

    def _target(self, project_id: str, network: Network | None, device_owner: str) -> Target:
        return (
            Target(project_id, device_owner=device_owner)
            if network is None
            else _in_network(project_id, network, device_owner)
        )

    def _network_of(self, values: Values) -> Network | None:
        """Give the network that something is to be in, if rules look at it. Raises NetworkNotFound.

        One that is not there is as one that is hidden.
        """
        network_id = values.get("network_id")
        if network_id is None or self.permissions.sees_all:
            return None
        network = self._network(network_id)
        if network is None or not self._may_see_network(network):
            raise NetworkNotFound(network_id)
        return network

    def _may_see_network(self, network: Network) -> bool:
        target = Target(network.project_id, network.shared, network.external)
        return self.permissions.may("get_network", target)

    def _network(self, network_id: str) -> Network | None:
        if network_id not in self._networks:
            self._networks[network_id] = self._view.network(network_id)
        return self._networks[network_id]

    def _group(self, group_id: str) -> SecurityGroup | None:
        if group_id not in self._groups:
            self._groups[group_id] = self._view.one(SecurityGroup, group_id)
        return self._groups[group_id]


def target_of(
    resource: Any,
    network_of: Callable[[str], Any],
    group_of: Callable[[str], Any],
    device_owner: str = "",
) -> Target:
    """Give what rules look at of a resource, or of what is known of one.

    `network_of` and `group_of` find by its id what it is in.
    """
    group_id = getattr(resource, "security_group_id", None)
    if group_id is not None:
        group = group_of(group_id)
        return Target(resource.project_id, group_project_id=group.project_id if group else "")
    owner = device_owner or getattr(resource, "device_owner", "")
    network_id = getattr(resource, "network_id", None)
    network = None if network_id is None else network_of(network_id)
    if network is not None:
        return _in_network(resource.project_id, network, owner)
    shared, external = getattr(resource, "shared", False), getattr(resource, "external", False)
    return Target(resource.project_id, shared, external, device_owner=owner)


def _in_network(project_id: str, network: Any, device_owner: str) -> Target:
    return Target(
        project_id,
        network_project_id=network.project_id,
        network_shared=network.shared,
        network_external=network.external,
        device_owner=device_owner,
    )


def _parts_of(names: Iterable[str], body: Mapping[str, Any]) -> list[str]:
    """Name what rules tell apart of a body: attributes, and the parts that items of a list really have."""
    found: dict[str, None] = {}
    for name in names:
        found[name] = None
        value = body[name]
        for item in value if isinstance(value, list) else ():
            if isinstance(item, dict):
                found.update((f"{name}:{part}", None) for part, given in item.items() if given is not None)
    return list(found)
