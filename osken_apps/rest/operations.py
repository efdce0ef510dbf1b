"""List, show, create, update and delete: the same five for every collection."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from osken_apps.config import Config
from osken_apps.errors import ApiError, BadRequest, Conflict, HTTPBadRequest
from osken_apps.model.resources import Network, Port, Subnet
from osken_apps.rest.access import Access
from osken_apps.rest.collections import Collection
from osken_apps.rest.declarations import Attribute, Surroundings
from osken_apps.rest.derived import Derived, Sight
from osken_apps.rest.exchange import Answer, Request, json_of
from osken_apps.rest.hosts import Hosts
from osken_apps.rest.listing import Query, fields_of_show, filtered, links, ordered, page, query_of
from osken_apps.rest.networks import ZONE
from osken_apps.rest.policy import Permissions, Policy, Target
from osken_apps.rest.questions import Questions
from osken_apps.rest.rendering import chosen, encoded_list, rendered, rendered_list
from osken_apps.rest.validation import Values, bodies_of, body_of, posted, project_of, put
from osken_apps.store.selection import Among
from osken_apps.store.store import Store
from osken_apps.store.transaction import Transaction
from osken_apps.store.view import View


class RevisionNumberConstraintFailed(ApiError):
    """The resource has changed since the client read it."""

    status = 412

    def __init__(self, expected: str, current: int) -> None:
        super().__init__(f"Constrained to {expected}, but current revision is {current}")


class OverQuota(Conflict):
    """The project has as many as it may."""

    def __init__(self, resource: str) -> None:
        super().__init__(f"Quota exceeded for resources: ['{resource}'].")


@dataclass(frozen=True, slots=True)
class Operations:
    """The operations on resources, over one store."""

    store: Store
    config: Config
    hosts: Hosts
    policy: Policy
    questions: Questions

    def permissions(self, request: Request) -> Permissions:
        """Give what the caller of a request may do."""
        return self.policy.permissions(request.caller)

    def index(self, collection: Collection, request: Request) -> Answer:
        """Answer GET of a collection."""
        query = query_of(collection.attributes, request.parameters)
        with self.store.read() as view:
            access = Access(collection, self.permissions(request), view)
            if query.page is not None and self.permissions(request).sees_all:
                shown = _page_of_database(view, collection, query)
                around = self._around(view, collection, shown)
            else:
                found = access.visible(collection.select(view, *query.conditions))
                around = self._around(view, collection, None)
                found = [
                    item
                    for item in found
                    if len(access.attributes(item, query.guarded)) == len(query.guarded)
                ]
                found = ordered(filtered(found, query, around), query, around)
                shown = _page(collection, found, query)
            attributes = chosen(collection.attributes, query.fields)
            bodies = encoded_list(lambda item: access.attributes(item, attributes), shown, around)
        return Answer(200, {collection.plural: bodies} | _links(collection, shown, query, request))

    def show(self, collection: Collection, request: Request, resource_id: str) -> Answer:
        """Answer GET of a resource."""
        with self.store.read() as view:
            access = Access(collection, self.permissions(request), view)
            resource = _found(view, collection, resource_id, access)
            around = self._around(view, collection, [resource])
            attributes = access.attributes(
                resource, chosen(collection.attributes, fields_of_show(request.parameters))
            )
            return Answer(200, {collection.singular: rendered(attributes, resource, around)})

    def read(self, collection: Collection, request: Request, resource_id: str) -> Any:
        """Give a resource that the caller may see. Raises NotFound."""
        with self.store.read() as view:
            access = Access(collection, self.permissions(request), view)
            return _found(view, collection, resource_id, access)

    def port_dhcp(self, collection: Collection, request: Request, resource_id: str) -> Answer:
        """Answer GET of what a port's DHCP client asked and was told, which the controller remembers."""
        with self.store.read() as view:
            access = Access(collection, self.permissions(request), view)
            port = _found(view, collection, resource_id, access)
            access.require_member(port, "dhcp")
        return Answer(200, {"dhcp": self.questions.ask("port_dhcp", port.id)})

    def create(self, collection: Collection, request: Request) -> Answer:
        """Answer POST of one resource or several; of several, all are made or none."""
        bodies, several = bodies_of(json_of(request.body), collection.singular, collection.plural)
        permissions = self.permissions(request)
        checked = [
            (body, values, _project(values, request, permissions))
            for body, values in ((body, posted(collection.attributes, body)) for body in bodies)
        ]
        with self.store.write() as transaction:
            access = Access(collection, permissions, transaction)
            for body, values, project_id in checked:
                access.require_create(project_id, body, values)
            self._check_quotas(transaction, collection, [project_id for _, _, project_id in checked])
            made = [
                collection.create(transaction, project_id, values, self.config)
                for _, values, project_id in checked
            ]
            # What has just been made has no subnets yet: nothing to read about it.
            around = self._around(transaction, collection, ())
            shown = rendered_list(lambda item: access.attributes(item, collection.attributes), made, around)
        return Answer(201, {collection.plural: shown} if several else {collection.singular: shown[0]})

    def update(self, collection: Collection, request: Request, resource_id: str) -> Answer:
        """Answer PUT of a resource."""
        body = body_of(json_of(request.body), collection.singular)
        values = put(collection.attributes, body)
        with self.changing(collection, request, resource_id, body) as (transaction, resource):
            made = collection.update(transaction, resource, values, self.config)
            access = Access(collection, self.permissions(request), transaction)
            around = self._around(transaction, collection, [made])
            shown = rendered(access.attributes(made, collection.attributes), made, around)
        return Answer(200, {collection.singular: shown})

    def delete(self, collection: Collection, request: Request, resource_id: str) -> Answer:
        """Answer DELETE of a resource."""
        with self.changing(collection, request, resource_id, {}, "delete") as (transaction, resource):
            collection.delete(transaction, resource, self.config)
        return Answer(204)

    @contextmanager
    def changing(
        self,
        collection: Collection,
        request: Request,
        resource_id: str,
        body: Mapping[str, Any],
        action: str = "update",
    ) -> Iterator[tuple[Transaction, Any]]:
        """Open a transaction on a resource whose parts in `body` the caller may change. Raises ApiError."""
        with self.store.write() as transaction:
            access = Access(collection, self.permissions(request), transaction)
            resource = _found(transaction, collection, resource_id, access)
            access.require(action, resource, body)
            check_revision(request.if_match, resource.revision_number)
            yield transaction, resource

    def derived(self, collection: Derived, request: Request) -> Answer:
        """Answer GET of a collection that is computed."""
        query = query_of(collection.attributes, request.parameters)
        around = Surroundings()
        found = filtered(self._derived_items(collection, request), query, around)
        found = ordered(found, query, around, collection.id_of)
        shown = _page(collection, found, query)
        attributes = self._derived_attributes(collection, request, query.fields)
        bodies = rendered_list(lambda _item: attributes, shown, around)
        return Answer(200, {collection.plural: bodies} | _links(collection, shown, query, request))

    def derived_one(self, collection: Derived, request: Request, resource_id: str) -> Answer:
        """Answer GET of a resource that is computed."""
        item = self._derived_item(collection, request, resource_id)
        attributes = self._derived_attributes(collection, request, fields_of_show(request.parameters))
        return Answer(200, {collection.singular: rendered(attributes, item, Surroundings())})

    def delete_derived(self, collection: Derived, request: Request, resource_id: str) -> Answer:
        """Answer DELETE of a resource that is computed."""
        item = self._derived_item(collection, request, resource_id)
        own = Target(request.caller.project_id)
        self.permissions(request).require(f"delete_{collection.singular}", [], own)
        if collection.delete is not None:
            collection.delete(item, self.store, self.questions)
        return Answer(204)

    def _derived_item(self, collection: Derived, request: Request, resource_id: str) -> Any:
        for item in self._derived_items(collection, request):
            if collection.id_of(item) == resource_id:
                return item
        raise collection.not_found(resource_id)

    def _derived_items(self, collection: Derived, request: Request) -> list[Any]:
        own = Target(request.caller.project_id)
        if not self.permissions(request).may(f"get_{collection.singular}", own):
            return []
        with self.store.read() as view:
            return collection.items(
                Sight(view, self.hosts.by_name, self.hosts.refused, self.config, request.caller)
            )

    def _derived_attributes(
        self, collection: Derived, request: Request, fields: Sequence[str]
    ) -> tuple[Attribute, ...]:
        permissions, own = self.permissions(request), Target(request.caller.project_id)
        return tuple(
            attribute
            for attribute in chosen(collection.attributes, fields)
            if permissions.may(f"get_{collection.singular}:{attribute.name}", own)
        )

    def _check_quotas(self, transaction: Transaction, collection: Collection, projects: list[str]) -> None:
        for project_id, wanted in Counter(projects).items():
            own = transaction.quotas(project_id)
            limit = own.get(collection.singular, getattr(self.config.quotas, collection.singular))
            if limit >= 0 and transaction.count(collection.kind, project_id) + wanted > limit:
                raise OverQuota(collection.singular)

    def _around(self, view: View, collection: Collection, resources: Sequence[Any] | None) -> Surroundings:
        """Read what else is shown of these resources (None: of any of the collection)."""
        subnet_ids: dict[str, tuple[str, ...]] = {}
        external, shared, disabled = (frozenset[str](),) * 3
        if collection.kind is Network:
            subnet_ids = view.subnet_ids(None if resources is None else [item.id for item in resources])
        if collection.kind is Subnet:
            external = _ids(view.networks(Among("external", (True,))))
            # Only a filter asks for it.
            shared = frozenset() if resources is not None else _ids(view.networks(Among("shared", (True,))))
        if collection.kind is Port:
            disabled = _ids(view.networks(Among("admin_state_up", (False,))))
        return Surroundings(
            subnet_ids=subnet_ids,
            external_networks=external,
            shared_networks=shared,
            disabled_networks=disabled,
            hosts=self.hosts.by_name,
            integration_bridge=self.config.network.integration_bridge,
            domain=self.config.dhcp.domain,
            zones=(ZONE,),
        )


def _ids(networks: Sequence[Network]) -> frozenset[str]:
    return frozenset(network.id for network in networks)


def _project(values: Values, request: Request, permissions: Permissions) -> str:
    """Give the project of a POST; only administrators name another one. Raises HTTPBadRequest."""
    project_id = project_of(values, request.caller.project_id)
    other = project_id != request.caller.project_id
    if other and not permissions.may("create_for_other_project", Target(request.caller.project_id)):
        raise HTTPBadRequest(
            "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request"
            " requires admin privileges"
        )
    return project_id


def _page(collection: Collection | Derived, found: list[Any], query: Query) -> list[Any]:
    try:
        return page(found, query, collection.id_of)
    except KeyError:
        raise collection.not_found(query.marker) from None


def _page_of_database(view: View, collection: Collection, query: Query) -> list[Any]:
    """Read a page and nothing else. Raises NotFound for a marker that is not in the list."""
    marker = Among("id", (query.marker,))
    if query.marker and not collection.select(view, *query.conditions, marker):
        raise collection.not_found(query.marker)
    found: list[Any] = collection.select(view, *query.conditions, page=query.page)
    return found


def _links(
    collection: Collection | Derived, shown: list[Any], query: Query, request: Request
) -> dict[str, Any]:
    found = links(shown, query, request.url, collection.id_of)
    return {f"{collection.plural}_links": found} if found else {}


def _found(view: View, collection: Collection, resource_id: str, access: Access) -> Any:
    """Read one resource that the caller may see. Raises NotFound."""
    resource = collection.read(view, resource_id)
    if resource is None or not access.may_see(resource):
        raise collection.not_found(resource_id)
    return resource


def check_revision(if_match: str, revision_number: int) -> None:
    """Compare the revision that a client expects, if it does. Raises RevisionNumberConstraintFailed."""
    if not if_match:
        return
    match = re.fullmatch(r"revision_number=([0-9]{1,18})", if_match.strip())
    if match is None:
        raise BadRequest(f"Invalid value '{if_match}' for If-Match: expected revision_number=<number>.")
    if int(match[1]) != revision_number:
        raise RevisionNumberConstraintFailed(match[1], revision_number)
