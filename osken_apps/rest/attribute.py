"""What an attribute declares, and the attributes that networks, subnets and ports share. PURE.

Validation, defaults, filters, sorting, policy, rendering and the OpenAPI document follow from it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from osken_apps.model.changes import HostReport
from osken_apps.model.security_groups import SecurityGroupRule
from osken_apps.model.times import timestamp
from osken_apps.rest.types import (
    UUID,
    Type,
    integer,
    list_of,
    text,
)

ABSENT: Any = object()

MAX_INTEGER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class RenderContext:
    """What is shown of a resource although another one, or the controller, knows it."""

    subnet_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    external_networks: frozenset[str] = frozenset()
    shared_networks: frozenset[str] = frozenset()
    disabled_networks: frozenset[str] = frozenset()
    rules: Mapping[str, Sequence[SecurityGroupRule]] = field(default_factory=dict)
    default_groups: frozenset[str] = frozenset()
    enforced: bool = True
    closed_rules: Mapping[str, Sequence[SecurityGroupRule]] = field(default_factory=dict)
    hosts: Mapping[str, HostReport] = field(default_factory=dict)
    former_names: Mapping[str, str] = field(default_factory=dict)
    integration_bridge: str = "br-int"
    domain: str = ""

    def host(self, name: str) -> HostReport | None:
        """Give the host that is called so, else the one that was."""
        return self.hosts.get(name) or self.hosts.get(self.former_names.get(name, ""))


Getter = Callable[[Any, RenderContext], Any]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a resource.

    `model_field` is the model's name where it differs; `get` replaces it for what the model computes.
    `default` ABSENT: what a POST leaves out is decided by the rules of the resource.
    `column` names the database column that a filter may be handed to.
    `hidden`: only taken, or only a filter, not shown; where it gives a tuple, each of its values counts.
    `guarded`: by default only administrators see it.
    """

    name: str
    type: Type
    default: Any = ABSENT
    post: bool = True
    put: bool = True
    required: bool = False
    filter: bool = False
    sort: bool = False
    model_field: str = ""
    get: Getter | None = None
    column: str = ""
    guarded: bool = False
    hidden: bool = False

    def shown(self, resource: Any, context: RenderContext) -> Any:
        """Give the attribute of a resource as JSON."""
        return self.shown_of((resource,), context)[0]

    def shown_of(self, resources: Sequence[Any], context: RenderContext) -> list[Any]:
        """Give the attribute of each of the resources as JSON; a long list is made column by column."""
        if self.get is not None:
            get = self.get
            return [get(resource, context) for resource in resources]
        values = map(attrgetter(self.model_field or self.name), resources)
        show = self.type.show
        return list(values) if show is None else [None if value is None else show(value) for value in values]


TIME = Type(str, {"type": "string", "format": "date-time", "maxLength": 64}, timestamp)
NAME = text()
MAX_TAG_LENGTH = 255
MAX_TAGS = 50
TAG = text(MAX_TAG_LENGTH)
POSITION = integer(0, MAX_INTEGER)


def standard() -> tuple[Attribute, ...]:
    """Give the attributes of `resources.Standard`."""
    return (
        Attribute("id", UUID, post=False, put=False, filter=True, sort=True, column="id"),
        Attribute("name", NAME, default="", filter=True, sort=True, column="name"),
        Attribute("description", NAME, default="", filter=True),
        Attribute(
            "tenant_id",
            NAME,
            put=False,
            filter=True,
            sort=True,
            model_field="project_id",
            column="project_id",
        ),
        Attribute("project_id", NAME, put=False, filter=True, sort=True, column="project_id"),
        Attribute("tags", list_of(TAG, MAX_TAGS), post=False, put=False),
        Attribute("created_at", TIME, post=False, put=False, filter=True, sort=True),
        Attribute("updated_at", TIME, post=False, put=False, filter=True, sort=True),
        Attribute("revision_number", POSITION, post=False, put=False, filter=True, sort=True),
    )


def port_security(resource: Any, context: RenderContext) -> bool:
    """Show whether port security is on: where nothing enforces it, it is on nowhere."""
    return bool(context.enforced and resource.port_security_enabled)


def nothing(_resource: Any, _surroundings: RenderContext) -> None:
    """Show null: an attribute that clients expect and we have nothing for."""
