"""Lists: filters, order, pages, fields and the links between pages. PURE."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from operator import attrgetter
from typing import Any, Protocol
from urllib.parse import urlencode

from osken_apps.errors import BadRequest, HTTPBadRequest, InvalidInput, NotFound
from osken_apps.rest.attribute import MAX_TAG_LENGTH, MAX_TAGS, Attribute, RenderContext
from osken_apps.rest.types import NULL, TEXT_LENGTH, id_of_text
from osken_apps.store.selection import Among, Page

PAGING = frozenset({"fields", "sort_key", "sort_dir", "limit", "marker", "page_reverse", "verbose"})
TAG_FILTERS = frozenset({"tags", "tags-any", "not-tags", "not-tags-any"})
CHANGED_SINCE = "changed_since"
# The attribute that a filter looks at whose name is another.
FILTERS_OF = dict.fromkeys(TAG_FILTERS, "tags") | {CHANGED_SINCE: "updated_at"}
# What filters by these is text, whatever they are otherwise: what none of them can be finds none.
SHOWN_AS_TEXT = frozenset({"created_at", "updated_at", "revision_number", "id"})
FIXED_IP_PARTS = ("subnet_id", "ip_address", "ip_address_substr")
# A query string holds some 1,500 ids; each bound is stated in the OpenAPI document.
MAX_FILTER_VALUES = 2000
MAX_TAG_LIST = MAX_TAGS * (MAX_TAG_LENGTH + 1)
MAX_SUBSTRINGS = 10  # each is looked for in each address
MAX_FIELDS = 100
MAX_SORT_KEYS = 10
MAX_LIMIT = 999_999_999
MAX_PARAMETERS = MAX_FILTER_VALUES + MAX_FIELDS + 2 * MAX_SORT_KEYS

Test = Callable[[Any, RenderContext], bool]
Identify = Callable[[Any], str]
ID: Identify = attrgetter("id")
Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Query:
    """What the query string of a list asks for.

    `conditions` narrow what is read from the database; `tests` decide. `asked` are the attributes that it
    filters or sorts by: only those who see them learn anything from that.
    """

    tests: tuple[Test, ...] = ()
    conditions: tuple[Among, ...] = ()
    fields: tuple[str, ...] = ()
    asked: tuple[Attribute, ...] = ()
    sorts: tuple[tuple[Attribute, bool], ...] = ()
    limit: int = 0
    marker: str = ""
    backwards: bool = False
    parameters: Parameters = ()

    @property
    def page(self) -> Page | None:
        """The page that the database cuts by itself: in the order of one column, of what conditions alone
        decide; else None.
        """
        columns = [condition.column for condition in self.conditions]
        orders = [(attribute.column, descending) for attribute, descending in self.sorts] or [("id", False)]
        order, descending = orders[0]
        if not self.limit or "id" in columns or len(self.tests) > len(columns):
            return None
        if len(orders) > 1 or not order:
            return None
        return Page(self.limit, self.marker, self.backwards, order, descending)


def query_of(attributes: Sequence[Attribute], parameters: Parameters) -> Query:
    """Understand a query string. Raises BadRequest."""
    given = _given(parameters)
    filters = {name: values for name, values in given.items() if name not in PAGING}
    _refuse_unknown(attributes, filters)
    chosen = [attribute for attribute in attributes if attribute.filter and attribute.name in filters]
    tests = [_test(attribute, filters[attribute.name]) for attribute in chosen]
    tests += [_since_test(filters[CHANGED_SINCE])] if CHANGED_SINCE in filters else []
    tests += [_tag_test(name, values) for name, values in filters.items() if name in TAG_FILTERS]
    sorts = _sorts(attributes, given.get("sort_key", []), given.get("sort_dir", []))
    return Query(
        tests=tuple(tests),
        conditions=_conditions(chosen, filters),
        fields=_fields(given),
        asked=_asked(attributes, filters, sorts),
        sorts=sorts,
        limit=_limit(given.get("limit", ["0"])[-1]),
        marker=id_of_text(given.get("marker", [""])[-1]),
        backwards=given.get("page_reverse", [""])[-1].lower() in ("true", "1"),
        parameters=tuple(parameters),
    )


def _asked(
    attributes: Sequence[Attribute], filters: Iterable[str], sorts: Iterable[tuple[Attribute, bool]]
) -> tuple[Attribute, ...]:
    """Give the attributes that filters look at, whatever those are called, and that a list is sorted by."""
    names = {FILTERS_OF.get(name, name) for name in filters} | {attribute.name for attribute, _ in sorts}
    return tuple(attribute for attribute in attributes if attribute.name in names)


def fields_of_show(parameters: Parameters) -> tuple[str, ...]:
    """Give the fields that are asked for of one resource. Raises HTTPBadRequest."""
    return _fields(_given(parameters))


def _fields(given: Mapping[str, list[str]]) -> tuple[str, ...]:
    return tuple(name for name in given.get("fields", ()) if name)


def _given(parameters: Parameters) -> dict[str, list[str]]:
    """Give the values of each parameter. Raises HTTPBadRequest for more than are looked at."""
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        length = MAX_TAG_LIST if name in TAG_FILTERS else TEXT_LENGTH
        if len(value) > length:
            raise HTTPBadRequest(f"Invalid input for {name}. Reason: it is longer than {length}.")
        given.setdefault(name, []).append(value)
    for name, values in given.items():
        most = {"fields": MAX_FIELDS, "sort_key": MAX_SORT_KEYS, "sort_dir": MAX_SORT_KEYS}
        if len(values) > most.get(name, MAX_FILTER_VALUES):
            raise HTTPBadRequest(
                f"{len(values)} values of {name} are more than {most.get(name, MAX_FILTER_VALUES)}"
            )
    return given


def _refuse_unknown(attributes: Sequence[Attribute], filters: Iterable[str]) -> None:
    known = {attribute.name for attribute in attributes if attribute.filter}
    names = {attribute.name for attribute in attributes}
    known |= {CHANGED_SINCE} if "updated_at" in names else set()
    known |= TAG_FILTERS if "tags" in names and "updated_at" in names else set()
    unknown = [name for name in filters if name not in known]
    if unknown:
        raise HTTPBadRequest(f"{unknown} is invalid attribute for filtering")


def _filter_values(attribute: Attribute, texts: Iterable[str]) -> tuple[Any, ...]:
    """Give a filter's texts as the attribute is shown."""
    return tuple(dict.fromkeys(value for text in texts for value in _values_of(attribute, text)))


def values_named(attribute: Attribute, parameters: Parameters) -> tuple[Any, ...]:
    """Give what a list is filtered by of an attribute, as that is shown. Raises BadRequest."""
    return _filter_values(attribute, (value for name, value in parameters if name == attribute.name))


def _values_of(attribute: Attribute, text: str) -> tuple[Any, ...]:
    """Give what is shown of what a text means: `null` is null, an empty one whatever is empty.

    What is no value of the attribute finds nothing. Raises BadRequest for what cannot be converted.
    """
    if text and text.lower() != "null":
        try:
            return (attribute.type.shown(attribute.type.parse(text)),)
        except ValueError:
            return ()
    try:
        return (attribute.type.shown(attribute.type.parse(None)),)
    except (ValueError, InvalidInput):
        if NULL not in attribute.type.answer_schema.get("anyOf", ()):
            return (text,)
    return (None,) if text else (None, text)


def _test(attribute: Attribute, texts: list[str]) -> Test:
    if attribute.name == "fixed_ips":
        return _fixed_ips_test(texts)
    if attribute.name == "security_groups":
        groups = frozenset(map(id_of_text, texts))
        return lambda port, _: not groups.isdisjoint(port.security_groups)
    if attribute.name in SHOWN_AS_TEXT:
        wanted = frozenset(map(id_of_text, texts))
        return lambda resource, context: str(attribute.shown(resource, context)) in wanted
    values = frozenset(_filter_values(attribute, texts))
    if attribute.hidden:
        return lambda resource, context: not values.isdisjoint(_each(attribute.shown(resource, context)))
    return lambda resource, context: attribute.shown(resource, context) in values


def _each(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _conditions(chosen: Sequence[Attribute], filters: Mapping[str, list[str]]) -> tuple[Among, ...]:
    """Give what the database can narrow by itself: columns that hold what is shown."""
    columns = {}
    for attribute in chosen:
        if attribute.column:
            texts = filters[attribute.name]
            is_id = attribute.name == "id"
            values = map(id_of_text, texts) if is_id else _filter_values(attribute, texts)
            columns[attribute.column] = tuple(dict.fromkeys(values))
    return tuple(Among(column, values) for column, values in columns.items())


def _fixed_ips_test(texts: list[str]) -> Test:
    wanted: dict[str, set[str]] = {}
    for text in texts:
        part, equals, value = text.partition("=")
        if not equals or part not in FIXED_IP_PARTS:
            raise HTTPBadRequest(
                f"Invalid input for fixed_ips. Reason: '{text}' is not a filter of fixed_ips."
            )
        wanted.setdefault(part, set()).add(_as_shown(part, value))
    if len(wanted.get("ip_address_substr", ())) > MAX_SUBSTRINGS:
        raise HTTPBadRequest(f"more than {MAX_SUBSTRINGS} values of fixed_ips=ip_address_substr")

    # As in Neutron each part may be of another of the port's addresses.
    tests = [_fixed_ip_test(part, values) for part, values in wanted.items()]
    return lambda port, _: all(any(map(test, port.fixed_ips)) for test in tests)


def _as_shown(part: str, value: str) -> str:
    """Give a part of an address as it is compared; what is no address is that of no port."""
    if part != "ip_address":
        return value.lower()
    try:
        return str(ip_address(value))
    except ValueError:
        return value


def _fixed_ip_test(part: str, values: set[str]) -> Callable[[Any], bool]:
    """Give what tells whether an address has one of these values of a part."""
    match part:
        case "subnet_id":
            return lambda ip: ip.subnet_id in values
        case "ip_address":
            return lambda ip: str(ip.ip_address) in values
    return lambda ip: any(value in str(ip.ip_address) for value in values)


def _since_test(texts: Iterable[str]) -> Test:
    latest = max(map(_moment, texts))
    return lambda resource, _: resource.updated_at >= latest


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"changed_since '{text}' is not a time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _tag_test(name: str, texts: list[str]) -> Test:
    wanted = frozenset(tag for text in texts for tag in text.split(",", MAX_FILTER_VALUES))
    match name:
        case "tags":
            return lambda resource, _: wanted <= frozenset(resource.tags)
        case "tags-any":
            return lambda resource, _: bool(wanted & frozenset(resource.tags))
        case "not-tags":
            return lambda resource, _: not wanted <= frozenset(resource.tags)
    return lambda resource, _: not wanted & frozenset(resource.tags)


def _sorts(
    attributes: Sequence[Attribute], keys: list[str], directions: list[str]
) -> tuple[tuple[Attribute, bool], ...]:
    if len(keys) != len(directions):
        raise HTTPBadRequest("The number of sort_keys and sort_dirs must be same")
    sortable = {attribute.name: attribute for attribute in attributes if attribute.sort}
    unknown = [key for key in keys if key not in sortable]
    if unknown:
        raise HTTPBadRequest(f"{unknown} is invalid attribute for sort_keys")
    wrong = [direction for direction in directions if direction.lower() not in ("asc", "desc")]
    if wrong:
        raise HTTPBadRequest(f"{wrong[0]} is invalid value for sort_dirs, valid value is 'asc' and 'desc'")
    chosen: dict[str, tuple[Attribute, bool]] = {}
    for key, way in zip(keys, directions, strict=True):
        chosen.setdefault(key, (sortable[key], way.lower() == "desc"))
    return tuple(chosen.values())


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadRequest(f"Bad limit request: Limit must be an integer 0 or greater and not '{text}'.")
    return int(text)


def filtered(resources: Iterable[Any], query: Query, context: RenderContext) -> list[Any]:
    """Give the resources that pass every test."""
    if not query.tests:
        return list(resources)
    return [resource for resource in resources if all(test(resource, context) for test in query.tests)]


def ordered(resources: list[Any], query: Query, context: RenderContext, identify: Identify = ID) -> list[Any]:
    """Sort as asked; where that leaves a choice, by id, so that pages fit together."""
    resources = sorted(resources, key=identify) if query.limit or query.marker or query.sorts else resources
    for attribute, descending in reversed(query.sorts):
        keys = [_sort_key(value) for value in attribute.shown_of(resources, context)]
        order = sorted(range(len(resources)), key=keys.__getitem__, reverse=descending)
        resources = [resources[index] for index in order]
    return resources


def _sort_key(value: Any) -> tuple[bool, Any]:
    """Put null first; everything shown by one attribute is otherwise of one type."""
    return (False, "") if value is None else (True, value)


class Listed(Protocol):
    """A collection of which a list is shown."""

    @property
    def plural(self) -> str:
        """Its name."""

    @property
    def id_of(self) -> Identify:
        """Gives the id of a resource."""

    @property
    def not_found(self) -> Callable[[str], NotFound]:
        """Makes the error for an id that is no resource's."""


def page_of(collection: Listed, found: list[Any], query: Query, context: RenderContext) -> list[Any]:
    """Filter and sort, and cut out the page after the marker, or before it when going backwards.

    The marker was in the list when it was shown, and need not pass the filter any more. Raises NotFound for
    one that is not among `found`.
    """
    wanted, id_of = filtered(found, query, context), collection.id_of
    if query.marker and all(id_of(item) != query.marker for item in wanted):
        wanted += [item for item in found if id_of(item) == query.marker]
    wanted = ordered(wanted, query, context, id_of)
    first, last = 0, len(wanted)
    if query.marker:
        index = next((i for i, item in enumerate(wanted) if id_of(item) == query.marker), None)
        if index is None:
            raise collection.not_found(query.marker)
        first, last = (first, index) if query.backwards else (index + 1, last)
    if query.limit and query.backwards:
        first = max(first, last - query.limit)
    elif query.limit:
        last = min(last, first + query.limit)
    return wanted[first:last]


def links_of(collection: Listed, shown: Sequence[Any], query: Query, url: str) -> dict[str, Any]:
    """Give the links to the pages before and after this one, as a part of the answer.

    A page that is not full is the last one in its direction; beside an empty one is the list's other end.
    """
    if not query.limit:
        return {}
    is_full = len(shown) >= query.limit
    rest = [(name, value) for name, value in query.parameters if name not in ("marker", "page_reverse")]
    ends = [[("marker", collection.id_of(item))] for item in (shown[0], shown[-1])] if shown else [[], []]
    found = []
    if is_full or query.backwards:
        found.append({"rel": "next", "href": f"{url}?{urlencode([*rest, *ends[1]])}"})
    if is_full or not query.backwards:
        back = [*rest, *ends[0], ("page_reverse", "True")]
        found.append({"rel": "previous", "href": f"{url}?{urlencode(back)}"})
    return {f"{collection.plural}_links": found}
