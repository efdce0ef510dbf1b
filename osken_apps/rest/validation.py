"""Request bodies against the declarations: what is refused, converted and filled in. PURE."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from osken_apps.errors import HTTPBadRequest
from osken_apps.rest.attribute import ABSENT, Attribute

Values = dict[str, Any]

# A bulk holds the writer: 500 ports do for 0.4 to 0.7 s, and others must wait for less than a second.
MAX_BULK = 500
# So do 500 ports that list 120 things each: addresses, and what takes as long, DHCP options, pairs, groups.
MAX_PARTS = 60_000


def bodies_of(body: Any, singular: str, plural: str) -> tuple[list[Any], bool]:
    """Take the resources out of a POST's body; the second value tells whether it is a list.

    Raises BadRequest.
    """
    if not isinstance(body, dict):
        raise HTTPBadRequest("Resource body required")
    if plural in body:
        items = body[plural]
        if not isinstance(items, list) or not items:
            raise HTTPBadRequest("Resources required")
        if len(items) > MAX_BULK:
            raise HTTPBadRequest(f"{len(items)} {plural} in one request are more than {MAX_BULK}")
        return [_wrapped(item, singular) for item in items], True
    return [body_of(body, singular)], False


def bounded(made: Iterable[Any], plural: str) -> list[Any]:
    """Give the resources that one request makes; as soon as they list too much, no more are made.

    Raises BadRequest.
    """
    found, parts = [], 0
    for resource in made:
        found.append(resource)
        parts += _parts_of(resource)
        if parts > MAX_PARTS and len(found) > 1:
            raise HTTPBadRequest(
                f"{parts} addresses, options and the like of {len(found)} {plural} in one request are more"
                f" than {MAX_PARTS}"
            )
    return found


def _parts_of(resource: Any) -> int:
    """Count what is in the lists of a resource."""
    values = (getattr(resource, field.name) for field in fields(resource))
    return sum(len(value) for value in values if isinstance(value, tuple))


def body_of(body: Any, singular: str) -> dict[str, Any]:
    """Take the resource out of a body. Raises BadRequest."""
    if not isinstance(body, dict):
        raise HTTPBadRequest("Resource body required")
    if not isinstance(body.get(singular), dict):
        raise HTTPBadRequest(f"Unable to find '{singular}' in request body")
    return body[singular]  # type: ignore[no-any-return]


def _wrapped(item: Any, singular: str) -> dict[str, Any]:
    """Take one item of a list: bare, or wrapped as in a single request."""
    if not isinstance(item, dict):
        raise HTTPBadRequest("Invalid body in request")
    return item.get(singular, item) if isinstance(item.get(singular, item), dict) else item


def posted(attributes: Sequence[Attribute], body: Mapping[str, Any]) -> Values:
    """Check and convert the body of a POST, and fill in the defaults. Raises BadRequest."""
    refuse_unknown(attributes, body)
    for attribute in attributes:
        if attribute.name in body and not attribute.post:
            raise HTTPBadRequest(f"Attribute '{attribute.name}' not allowed in POST")
        if attribute.required and attribute.name not in body:
            raise HTTPBadRequest(
                f"Failed to parse request. Required attribute '{attribute.name}' not specified"
            )
    defaults = {
        attribute.name: attribute.default for attribute in attributes if attribute.default is not ABSENT
    }
    return defaults | converted(attributes, body)


def put(attributes: Sequence[Attribute], body: Mapping[str, Any]) -> Values:
    """Check and convert the body of a PUT. Raises BadRequest."""
    refuse_unknown(attributes, body)
    for attribute in attributes:
        if attribute.name in body and not attribute.put:
            raise HTTPBadRequest(f"Cannot update read-only attribute {attribute.name}")
    return converted(attributes, body)


def refuse_unknown(attributes: Sequence[Attribute], body: Mapping[str, Any]) -> None:
    """Raise for names that no attribute has."""
    known = {attribute.name for attribute in attributes}
    unknown = [name for name in body if name not in known]
    if unknown:
        raise HTTPBadRequest(f"Unrecognized attribute(s) '{', '.join(unknown)}'")


def converted(attributes: Sequence[Attribute], body: Mapping[str, Any]) -> Values:
    """Convert the attributes that a body has."""
    return {
        attribute.name: convert(attribute, body[attribute.name])
        for attribute in attributes
        if attribute.name in body
    }


def convert(attribute: Attribute, value: Any) -> Any:
    """Convert one value. Raises BadRequest that names the attribute and the value."""
    try:
        return attribute.type.parse(value)
    except ValueError as error:
        raise HTTPBadRequest(f"Invalid input for {attribute.name}. Reason: {error}.") from None


def project_of(values: Values, default: str) -> str:
    """Give the project that a POST is for, by either of its names. Raises BadRequest."""
    named = {values[name] for name in ("tenant_id", "project_id") if name in values}
    if len(named) > 1:
        raise HTTPBadRequest("'project_id' and 'tenant_id' do not match")
    return named.pop() if named else default
