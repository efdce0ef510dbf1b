"""Tags of networks, subnets and ports: `/networks/{id}/tags` and `/networks/{id}/tags/{tag}`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from osken_apps.errors import BadRequest, HTTPBadRequest, NotFound
from osken_apps.rest.attribute import MAX_TAG_LENGTH, MAX_TAGS, TAG
from osken_apps.rest.collection import Collection
from osken_apps.rest.openapi.words import (
    IF_MATCH,
    READ_ERRORS,
    RESOURCE_ID,
    WRITE_ERRORS,
    Document,
    array_of,
    object_of,
    operation,
    parameter,
)
from osken_apps.rest.operations import Operations
from osken_apps.rest.request import Answer, HTTPNotFound, Request, json_of
from osken_apps.rest.types import list_of


def too_many_tags(limit: int) -> BadRequest:
    """Make the error for more tags than a resource may have."""
    return BadRequest(f"Bad request: The number of tags exceed the per-resource limit of {limit}.")


TAGS = list_of(TAG, MAX_TAGS, unique=False, null=False, too_many=too_many_tags)


class TagNotFound(NotFound):
    """The resource does not have the tag."""

    def __init__(self, tag: str) -> None:
        super().__init__(f"Tag {tag} could not be found.")


def tags_of(body: Any) -> tuple[str, ...]:
    """Take the tags out of a body, each once, in order. Raises BadRequest."""
    if not isinstance(body, dict) or set(body) != {"tags"}:
        raise HTTPBadRequest("Invalid tags body")
    try:
        return tuple(dict.fromkeys(TAGS.parse(body["tags"])))
    except ValueError as error:
        raise HTTPBadRequest(f"Invalid input for tags. Reason: {error}.") from None


def all_tags(operations: Operations, collection: Collection, request: Request, resource_id: str) -> Answer:
    """Answer requests for all tags of a resource."""
    match request.method:
        case "GET":
            return Answer(200, {"tags": list(_seen(operations, collection, request, resource_id))})
        case "PUT":
            wanted = tags_of(json_of(request.body))
            tags = _changed(operations, collection, request, resource_id, lambda _: wanted)
            return Answer(200, {"tags": list(tags)})
        case "DELETE":
            _changed(operations, collection, request, resource_id, lambda _: ())
            return Answer(204)
    raise HTTPNotFound


def one_tag(
    operations: Operations, collection: Collection, request: Request, resource_id: str, tag: str
) -> Answer:
    """Answer requests for one tag of a resource."""
    match request.method:
        case "GET":
            if tag not in _seen(operations, collection, request, resource_id):
                raise TagNotFound(tag)
            return Answer(204)
        case "PUT":
            tags_of({"tags": [tag]})
            _changed(
                operations,
                collection,
                request,
                resource_id,
                lambda tags: tags if tag in tags else (*tags, tag),
            )
            return Answer(201)
        case "DELETE":
            _changed(operations, collection, request, resource_id, lambda tags: _without(tags, tag))
            return Answer(204)
    raise HTTPNotFound


def _seen(
    operations: Operations, collection: Collection, request: Request, resource_id: str
) -> tuple[str, ...]:
    """Give the tags of a resource to who may see them. Raises NotFound, PolicyNotAuthorized."""
    resource = operations.read_for(collection, request, resource_id, f"get_{collection.singular}:tags")
    tags: tuple[str, ...] = resource.tags
    return tags


def _without(tags: tuple[str, ...], tag: str) -> tuple[str, ...]:
    if tag not in tags:
        raise TagNotFound(tag)
    return tuple(present for present in tags if present != tag)


def _changed(
    operations: Operations,
    collection: Collection,
    request: Request,
    resource_id: str,
    change: Callable[[tuple[str, ...]], tuple[str, ...]],
) -> tuple[str, ...]:
    """Give a resource other tags in one transaction."""
    with operations.changing(collection, request, resource_id, {"tags": None}) as (transaction, resource):
        wanted = change(resource.tags)
        if len(wanted) > MAX_TAGS:
            raise too_many_tags(MAX_TAGS)
        made = transaction.update(resource, replace(resource, tags=wanted))
        tags: tuple[str, ...] = made.tags
        return tags


def described(path: str, singular: str) -> Document:
    """Give its paths of the OpenAPI document."""
    tag = {"type": "string", "maxLength": MAX_TAG_LENGTH, "pattern": "^[^/\u0000]+$"}
    tags = object_of({"tags": array_of(dict(TAG.schema), MAX_TAGS)}, ["tags"])
    base = f"/v2.0/{path}/{{id}}/tags"
    return {
        base: {
            "parameters": [RESOURCE_ID],
            "get": operation(f"list_{singular}_tags", 200, tags, READ_ERRORS),
            "put": operation(f"replace_{singular}_tags", 200, tags, WRITE_ERRORS, [IF_MATCH], tags),
            "delete": operation(f"remove_{singular}_tags", 204, None, WRITE_ERRORS, [IF_MATCH]),
        },
        f"{base}/{{tag}}": {
            "parameters": [RESOURCE_ID, parameter("tag", "path", tag, required=True)],
            "get": operation(f"has_{singular}_tag", 204, None, READ_ERRORS),
            "put": operation(f"add_{singular}_tag", 201, None, WRITE_ERRORS, [IF_MATCH]),
            "delete": operation(f"remove_{singular}_tag", 204, None, WRITE_ERRORS, [IF_MATCH]),
        },
    }
