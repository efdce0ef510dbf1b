"""What a collection of the API is: a kind of resource with its attributes, its rules and its policy.

A kind that needs no rules of its own is made, changed and deleted as its attributes say.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from osken_apps.config import Config
from osken_apps.errors import NotFound, not_found_of
from osken_apps.model.kind import KINDS, Kind
from osken_apps.networking.state import State
from osken_apps.networking.terms import Terms
from osken_apps.rest.attribute import Attribute
from osken_apps.rest.member import Member
from osken_apps.rest.validation import Values


@dataclass(frozen=True, slots=True)
class Around:
    """What the rules of a collection see of what is around a request.

    `away` gives the hosts that are not connected, with when they were last.
    """

    config: Config
    terms: Terms
    away: Callable[[], Mapping[str, datetime]] = dict


Create = Callable[[Any, str, Values, Around], Any]
Update = Callable[[Any, Any, Values, Around], Any]
Delete = Callable[[Any, Any, Around], None]
# Reads what else is shown of resources (None: of any of the collection): fields of RenderContext.
Context = Callable[[Any, Sequence[Any] | None], Mapping[str, Any]]
# Looks at all that one request makes, by project and values, before anything is made.
Prepare = Callable[[Any, Sequence[tuple[str, Values]], Around], None]

# Does what follows from all that one request made, once.
Conclude = Callable[[Any, Sequence[Any], Around], None]


@dataclass(frozen=True, slots=True)
class Action:
    """What can be done to a resource with PUT of a path below it: what its body has, and how it is done."""

    attributes: tuple[Attribute, ...]
    run: Update


@dataclass(frozen=True, slots=True)
class FirstUse:
    """What the first list of a project's resources makes: whether that has been (view, project), and how."""

    is_over: Callable[[Any, str], bool]
    begin: Callable[[Any, str, Terms], Any]


def _create(kind: Kind, attributes: Sequence[Attribute]) -> Create:
    def create(state: State, project_id: str, values: Values, _around: Around) -> Any:
        fields = model_fields(attributes, values)
        _check_references(state, fields)
        return state.create(kind.model(id=state.new_id(), project_id=project_id, **fields))

    return create


def _update(attributes: Sequence[Attribute]) -> Update:
    def update(state: State, resource: Any, values: Values, _around: Around) -> Any:
        fields = model_fields(attributes, values)
        _check_references(state, fields)
        return state.update(resource, replace(resource, **fields))

    return update


def _check_references(state: State, fields: Mapping[str, Any]) -> None:
    """Refuse ids of other resources that there are not. Raises NotFound."""
    kinds = {f"{kind.singular}_id": kind for kind in KINDS.values()}
    for name, value in fields.items():
        if name in kinds and value is not None and state.one(kinds[name].model, value) is None:
            raise not_found_of(kinds[name].singular)(value)


def _delete(state: State, resource: Any, _around: Around) -> None:
    state.delete(resource)


def model_fields(attributes: Sequence[Attribute], values: Values) -> dict[str, Any]:
    """Give the values of a body under the model's names; its project stands beside them."""
    names = {
        attribute.name: attribute.model_field or attribute.name
        for attribute in attributes
        if attribute.name not in ("project_id", "tenant_id")
    }
    return {names[name]: value for name, value in values.items() if name in names}


def nothing_to_prepare(_state: State, _wanted: Sequence[tuple[str, Values]], _around: Around) -> None:
    """Let each be made as if it were alone."""


def nothing_to_conclude(_state: State, _made: Sequence[Any], _around: Around) -> None:
    """Leave what was made as it is."""


def brings_nothing(_state: State) -> Mapping[Kind, int]:
    """Give nothing: a new one comes alone."""
    return {}


def no_context(_view: Any, _resources: Sequence[Any] | None) -> Mapping[str, Any]:
    """Give nothing: the resource itself has all that is shown."""
    return {}


@dataclass(frozen=True)
class Collection:
    """A collection of stored resources.

    `create`, `update` and `delete` are its rules. `policy` has its lines of the default policy: what is not
    in it is denied. `members` are what can be read below a resource, by the last part of the path; `actions`
    what can be done to one. `brings` tells how many of other kinds come with a new one, which quotas must
    allow. `own_context`: what else is shown is read by what a resource is in a short list, too.
    """

    kind: Kind
    attributes: tuple[Attribute, ...]
    policy: Mapping[str, str]
    create: Create
    update: Update
    delete: Delete = _delete
    context: Context = no_context
    members: Mapping[str, Member] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    prepare: Prepare = nothing_to_prepare
    conclude: Conclude = nothing_to_conclude
    brings: Callable[[Any], Mapping[Kind, int]] = brings_nothing
    first_use: FirstUse | None = None
    own_context: bool = False

    @property
    def singular(self) -> str:
        """The name of one in a body and in rules."""
        return self.kind.singular

    @property
    def plural(self) -> str:
        """The name of several in a body."""
        return self.kind.plural

    @cached_property
    def path(self) -> str:
        """The part of the URL."""
        return self.plural.replace("_", "-")

    def not_found(self, resource_id: str) -> NotFound:
        """Make the error for an id that no resource has."""
        return not_found_of(self.singular)(resource_id)

    @cached_property
    def has_tags(self) -> bool:
        """Tell whether its resources have tags."""
        return any(attribute.name == "tags" for attribute in self.attributes)

    @staticmethod
    def id_of(resource: Any) -> str:
        """Give the id of a resource."""
        return str(resource.id)


def plain(kind: Kind, attributes: tuple[Attribute, ...], policy: Mapping[str, str]) -> Collection:
    """Declare a collection whose resources are what their attributes say and nothing else."""
    return Collection(kind, attributes, policy, _create(kind, attributes), _update(attributes))


def request_of(request: type[Any], attributes: Sequence[Attribute], values: Values) -> Any:
    """Make a request of the network's rules out of the values of a body."""
    known = request.__dataclass_fields__
    fields = model_fields(attributes, values)
    return request(**{name: value for name, value in fields.items() if name in known})
