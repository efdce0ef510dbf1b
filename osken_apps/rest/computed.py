"""List, show and delete what is computed: the same for every collection of it."""

from collections.abc import Sequence
from typing import Any

from osken_apps.rest.attribute import Attribute, RenderContext
from osken_apps.rest.listing import Parameters, fields_of_show, links_of, page_of, query_of
from osken_apps.rest.member import read
from osken_apps.rest.operations import Operations
from osken_apps.rest.policy import Target
from osken_apps.rest.read_only import ReadContext, ReadOnlyCollection
from osken_apps.rest.rendering import chosen, rendered, rendered_list
from osken_apps.rest.request import Answer, Request
from osken_apps.rest.types import id_of_text


def index(operations: Operations, collection: ReadOnlyCollection, request: Request) -> Answer:
    """Answer GET of a collection."""
    query = query_of(collection.attributes, request.parameters)
    context = RenderContext()
    shown = page_of(collection, _items(operations, collection, request, query.parameters), query, context)
    attributes = _attributes(operations, collection, request, query.fields)
    bodies = rendered_list(lambda _item: attributes, shown, context)
    return Answer(200, {collection.plural: bodies} | links_of(collection, shown, query, request.url))


def show(
    operations: Operations, collection: ReadOnlyCollection, request: Request, resource_id: str
) -> Answer:
    """Answer GET of a resource."""
    item = _item(operations, collection, request, resource_id)
    attributes = _attributes(operations, collection, request, fields_of_show(request.parameters))
    return Answer(200, {collection.singular: rendered(attributes, item, RenderContext())})


def member(
    operations: Operations, collection: ReadOnlyCollection, request: Request, resource_id: str, name: str
) -> Answer:
    """Answer GET of what the controller knows about a resource."""
    item = _item(operations, collection, request, resource_id)
    own = Target(request.caller.project_id)
    operations.permissions(request).require(f"get_{collection.singular}_{name}", [], own)
    with operations.store.read() as view:
        rest = read(collection.members[name], view, item, request)
    return Answer(200, rest(operations.questions))


def delete(
    operations: Operations, collection: ReadOnlyCollection, request: Request, resource_id: str
) -> Answer:
    """Answer DELETE of a resource."""
    item = _item(operations, collection, request, resource_id)
    own = Target(request.caller.project_id)
    operations.permissions(request).require(f"delete_{collection.singular}", [], own)
    if collection.delete is not None:
        collection.delete(item, operations.store, operations.questions, operations.hosts)
    return Answer(204)


def _item(operations: Operations, collection: ReadOnlyCollection, request: Request, resource_id: str) -> Any:
    for item in _items(operations, collection, request):
        if collection.id_of(item) == id_of_text(resource_id):
            return item
    raise collection.not_found(resource_id)


def _items(
    operations: Operations, collection: ReadOnlyCollection, request: Request, parameters: Parameters = ()
) -> list[Any]:
    own, hosts = Target(request.caller.project_id), operations.hosts
    if not operations.permissions(request).may(f"get_{collection.singular}", own):
        return []
    with operations.store.read() as view:
        return collection.items(
            ReadContext(view, hosts.by_name, hosts.refused, operations.config, request.caller, parameters)
        )


def _attributes(
    operations: Operations, collection: ReadOnlyCollection, request: Request, fields: Sequence[str]
) -> tuple[Attribute, ...]:
    permissions, own = operations.permissions(request), Target(request.caller.project_id)
    return tuple(
        attribute
        for attribute in chosen(collection.attributes, fields)
        if permissions.may(f"get_{collection.singular}:{attribute.name}", own)
    )
