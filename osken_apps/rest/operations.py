"""List, show, create, update and delete: the same five for every collection."""

import re
from dataclasses import dataclass
from typing import Any

from osken_apps.config import Config
from osken_apps.errors import ApiError, BadRequest, NotFound
from osken_apps.rest.collections import Collection
from osken_apps.rest.declarations import Surroundings
from osken_apps.rest.exchange import Answer, Request, json_of
from osken_apps.rest.hosts import Hosts
from osken_apps.rest.listing import Query, filtered, links, ordered, page, query_of
from osken_apps.rest.rendering import chosen, rendered, surroundings
from osken_apps.rest.validation import bodies_of, body_of, posted, project_of, put
from osken_apps.store.store import Store
from osken_apps.store.view import View


class RevisionNumberConstraintFailed(ApiError):
    """The resource has changed since the client read it."""

    status = 412

    def __init__(self, expected: str, current: int) -> None:
        super().__init__(f"Constrained to {expected}, but current revision is {current}")


@dataclass(frozen=True, slots=True)
class Operations:
    """The operations on resources, over one store."""

    store: Store
    config: Config
    hosts: Hosts

    def index(self, collection: Collection, request: Request) -> Answer:
        """Answer GET of a collection."""
        query = query_of(collection.attributes, request.parameters)
        with self.store.read() as view:
            found = collection.select(view, *query.conditions)
            around = self._around(view, collection, None)
        found = ordered(filtered(found, query, around), query, around)
        body = {collection.plural: self._page(collection, found, query, around)}
        shown = _paged(collection, found, query)
        found_links = links(shown, query, request.url)
        return Answer(200, body | ({f"{collection.plural}_links": found_links} if found_links else {}))

    def show(self, collection: Collection, request: Request, resource_id: str) -> Answer:
        """Answer GET of a resource."""
        fields = tuple(value for name, value in request.parameters if name == "fields" and value)
        with self.store.read() as view:
            resource = found_resource(view, collection, resource_id)
            around = self._around(view, collection, [resource])
        return Answer(
            200, {collection.singular: rendered(chosen(collection.attributes, fields), resource, around)}
        )

    def create(self, collection: Collection, request: Request) -> Answer:
        """Answer POST of one resource or several; of several, all are made or none."""
        bodies, several = bodies_of(json_of(request.body), collection.singular, collection.plural)
        checked = [posted(collection.attributes, body) for body in bodies]
        default = request.caller.project_id
        with self.store.write() as transaction:
            made = [
                collection.create(transaction, project_of(values, default), values, self.config)
                for values in checked
            ]
            around = self._around(transaction, collection, made)
        shown = [rendered(collection.attributes, resource, around) for resource in made]
        return Answer(201, {collection.plural: shown} if several else {collection.singular: shown[0]})

    def update(self, collection: Collection, request: Request, resource_id: str) -> Answer:
        """Answer PUT of a resource."""
        values = put(collection.attributes, body_of(json_of(request.body), collection.singular))
        with self.store.write() as transaction:
            resource = found_resource(transaction, collection, resource_id)
            check_revision(request.if_match, resource.revision_number)
            made = collection.update(transaction, resource, values, self.config)
            around = self._around(transaction, collection, [made])
        return Answer(200, {collection.singular: rendered(collection.attributes, made, around)})

    def delete(self, collection: Collection, request: Request, resource_id: str) -> Answer:
        """Answer DELETE of a resource."""
        with self.store.write() as transaction:
            resource = found_resource(transaction, collection, resource_id)
            check_revision(request.if_match, resource.revision_number)
            collection.delete(transaction, resource, self.config)
        return Answer(204)

    def _page(
        self, collection: Collection, found: list[Any], query: Query, around: Surroundings
    ) -> list[dict[str, Any]]:
        attributes = chosen(collection.attributes, query.fields)
        return [rendered(attributes, resource, around) for resource in _paged(collection, found, query)]

    def _around(self, view: View, collection: Collection, resources: list[Any] | None) -> Surroundings:
        static = Surroundings(
            known_hosts=self.hosts.known(),
            integration_bridge=self.config.network.integration_bridge,
            domain=self.config.dhcp.domain,
        )
        return surroundings(view, collection.kind, resources, static)


def _paged(collection: Collection, found: list[Any], query: Query) -> list[Any]:
    try:
        return page(found, query)
    except KeyError:
        raise collection.not_found(query.marker) from None


def found_resource(view: View, collection: Collection, resource_id: str) -> Any:
    """Read one resource of a collection. Raises NotFound."""
    reader = {"networks": view.network, "subnets": view.subnet, "ports": view.port}[collection.plural]
    resource = reader(resource_id)
    if resource is None:
        not_found: NotFound = collection.not_found(resource_id)
        raise not_found
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
