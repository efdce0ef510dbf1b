"""Collections that can only be read: a table of attributes over values that are computed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from osken_apps.config import Config
from osken_apps.errors import NotFound
from osken_apps.model.changes import HostReport
from osken_apps.rest.attribute import NAME, Attribute
from osken_apps.rest.controller import KnownHosts, Questions
from osken_apps.rest.listing import Parameters
from osken_apps.rest.member import Member
from osken_apps.rest.request import Caller
from osken_apps.rest.types import Type, list_of
from osken_apps.store.store import Store

OBJECT = Type(dict, {"type": "object"})
NAMES = list_of(NAME)
OBJECTS = Type(list, {"type": "array", "items": {"type": "object"}})


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What these collections are computed from; `view` reads the store, `parameters` are those of a list."""

    view: Any
    hosts: Mapping[str, HostReport]
    refused: tuple[HostReport, ...]
    config: Config
    caller: Caller
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True)
class ReadOnlyCollection:
    """A collection that can only be read, but for what `delete` (item, store, questions, hosts) takes away.

    `policy` has its lines of the default policy: what is not in it is denied. `members` are what can be read
    below an item, by the last part of the path.
    """

    plural: str
    singular: str
    attributes: tuple[Attribute, ...]
    policy: Mapping[str, str]
    items: Callable[[ReadContext], list[Any]]
    not_found: Callable[[str], NotFound]
    id_of: Callable[[Any], str] = lambda item: str(item.id)
    delete: Callable[[Any, Store, Questions, KnownHosts], None] | None = None
    url_name: str = ""
    members: Mapping[str, Member] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The part of the URL."""
        return self.url_name or self.plural.replace("_", "-")


def shown(
    name: str, type_: Type, get: Callable[[Any], Any] | None = None, model_field: str = ""
) -> Attribute:
    """Declare an attribute that is only shown; `get` computes it."""
    getter = None if get is None else (lambda item, _around: get(item))
    plain = type_ not in (OBJECT, OBJECTS, NAMES)
    return Attribute(
        name, type_, post=False, put=False, filter=plain, sort=plain, model_field=model_field, get=getter
    )
