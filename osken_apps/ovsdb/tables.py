"""The tables of a host's OVSDB, as far as we read them: a row is a tuple of its columns. PURE.

A column is declared once, with its type: that is what is asked for, how it is read, and what it holds where
the server leaves it out. Neither `statistics` nor `status` is here: Open vSwitch writes them all the time.
Source: ovs-vswitchd.conf.db(5), RFC 7047 (5.1: values), ovsdb-server(7) (update2: what has changed).
"""

from collections.abc import Callable, Mapping, Sized
from typing import Any, NamedTuple, NewType, TypeVar, get_type_hints

from osken_apps.errors import Malformed
from osken_apps.model.shared import shared_text
from osken_apps.ovsdb.json_texts import Json
from osken_apps.printable import excerpt, value_excerpt

Uuid = NewType("Uuid", str)
Map = Mapping[str, str]
Texts = tuple[str, ...]
References = tuple[Uuid, ...]

MAX_MEMBERS = 1 << 16  # of a set; a bridge has as many ports at most
MAX_PAIRS = 1 << 12  # of a map
INTEGERS = range(-(1 << 63), 1 << 63)
NOTHING: Map = {}  # of all rows whose map is empty; never changed


class RootRow(NamedTuple):
    """The row of Open_vSwitch."""

    ovs_version: str | None
    external_ids: Map
    other_config: Map


class ManagerRow(NamedTuple):
    """A row of Manager."""

    target: str
    connection_mode: str | None


class BridgeRow(NamedTuple):
    """A row of Bridge."""

    name: str
    datapath_id: str | None
    datapath_type: str
    fail_mode: str | None
    protocols: Texts
    controller: References
    ports: References
    other_config: Map


class ControllerRow(NamedTuple):
    """A row of Controller."""

    target: str
    connection_mode: str | None
    inactivity_probe: int | None
    max_backoff: int | None


class PortRow(NamedTuple):
    """A row of Port."""

    name: str
    tag: int | None
    vlan_mode: str | None
    interfaces: References
    external_ids: Map


class InterfaceRow(NamedTuple):
    """A row of Interface."""

    name: str
    type: str
    options: Map
    error: str | None
    admin_state: str | None
    link_state: str | None
    mtu: int | None
    external_ids: Map


Row = RootRow | ManagerRow | BridgeRow | ControllerRow | PortRow | InterfaceRow
R = TypeVar("R", RootRow, ManagerRow, BridgeRow, ControllerRow, PortRow, InterfaceRow)


class Column(NamedTuple):
    """How a column is read.

    `empty` is what it holds where the server leaves it out, `read` reads what is sent of it, and `changed`
    gives what it holds after a change, from what it held and what was read of the change.
    """

    place: int
    empty: Any
    read: Callable[[Json], Any]
    changed: Callable[[Any, Any], Any]


class Table(NamedTuple):
    """A table: its name, its rows, its columns by name, and what a row holds that the server leaves out."""

    name: str
    row: type[Row]
    columns: Mapping[str, Column]
    empty: tuple[Any, ...]


def _text(value: Json) -> str:
    """Read a text; equal ones of all hosts are one object."""
    if type(value) is not str:
        raise TypeError
    return shared_text(value)


def _integer(value: Json) -> int:
    if type(value) is not int or value not in INTEGERS:
        raise TypeError
    return value


def _uuid(value: Json) -> Uuid:
    return Uuid(_text(_within("uuid", value)))


def _within(kind: str, value: Json) -> Json:
    """Give what stands in a value that names its kind: ["set", …]."""
    if type(value) is not list or len(value) != 2 or value[0] != kind:
        raise TypeError
    return value[1]


def _list(value: Json, most: int) -> list[Json]:
    if type(value) is not list:
        raise TypeError
    _check_number(value, most)
    return value


def _check_number(held: Sized, most: int) -> None:
    """Refuse what has too many members: each change of it takes as long as it is large."""
    if len(held) > most:
        raise ValueError


def _set_of(read: Callable[[Json], Any]) -> Callable[[Json], tuple[Any, ...]]:
    """Make what reads a set; one of a single value is sent as that value."""

    def read_set(value: Json) -> tuple[Any, ...]:
        if type(value) is list and value[:1] == ["set"]:
            return tuple(map(read, _list(_within("set", value), MAX_MEMBERS)))
        return (read(value),)

    return read_set


def _optional(read: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """Make what reads a set of one value at most."""
    read_set = _set_of(read)

    def read_optional(value: Json) -> Any:
        if type(value) is not list:
            return read(value)
        values = read_set(value)
        if len(values) > 1:
            raise TypeError
        return values[0] if values else None

    return read_optional


def _map(value: Json) -> Map:
    pairs = _list(_within("map", value), MAX_PAIRS)
    return {_text(key): _text(of) for key, of in (_list(pair, 2) for pair in pairs)} or NOTHING


def _replaced(_before: Any, now: Any) -> Any:
    """Of what has one value at most the server sends what it holds now."""
    return now


def _set_changed(before: tuple[Any, ...], change: tuple[Any, ...]) -> tuple[Any, ...]:
    """Of a set it sends what came and what went. Raises ValueError if there are too many."""
    held = dict.fromkeys(before)
    for value in change:
        if value in held:
            del held[value]
        else:
            held[value] = None
    _check_number(held, MAX_MEMBERS)
    return tuple(held)


def _map_changed(before: Map, change: Map) -> Map:
    """Of a map it sends what came, what went, and what has another value now. Raises ValueError, likewise."""
    gone = {key for key, value in change.items() if before.get(key) == value}
    held = {key: value for key, value in {**before, **change}.items() if key not in gone}
    _check_number(held, MAX_PAIRS)
    return held or NOTHING


_KINDS: dict[Any, tuple[Any, ...]] = {
    str: ("", _text, _replaced),
    str | None: (None, _optional(_text), _replaced),
    int | None: (None, _optional(_integer), _replaced),
    Texts: ((), _set_of(_text), _set_changed),
    References: ((), _set_of(_uuid), _set_changed),
    Map: (NOTHING, _map, _map_changed),
}


def _table(name: str, row: type[Row]) -> Table:
    hints = get_type_hints(row)
    columns = {column: Column(place, *_KINDS[hints[column]]) for place, column in enumerate(row._fields)}
    return Table(name, row, columns, tuple(column.empty for column in columns.values()))


TABLES = {
    name: _table(name, row)
    for name, row in (
        ("Open_vSwitch", RootRow),
        ("Manager", ManagerRow),
        ("Bridge", BridgeRow),
        ("Controller", ControllerRow),
        ("Port", PortRow),
        ("Interface", InterfaceRow),
    )
}


def new_row(table: Table, sent: Mapping[str, Json]) -> Row:
    """Read a row that is new. Raises Malformed if it is not as Open vSwitch's are: a set for a name, say."""
    values = list(table.empty)
    for name, value in sent.items():
        column = _column(table, name)
        values[column.place] = _read(table, name, column, value)
    return table.row._make(values)


def changed_row(table: Table, before: Row, sent: Mapping[str, Json]) -> Row:
    """Give a row after a change. Raises Malformed, as `new_row` does."""
    values = list(before)
    for name, value in sent.items():
        column = _column(table, name)
        change = _read(table, name, column, value)
        try:
            values[column.place] = column.changed(values[column.place], change)
        except ValueError:
            raise Malformed(f"a row of {table.name} has too much of {name}") from None
    return table.row._make(values)


def _column(table: Table, name: str) -> Column:
    column = table.columns.get(name)
    if column is None:
        raise Malformed(f"it shows a column {excerpt(name)} of {table.name}, which was not asked for")
    return column


def _read(table: Table, name: str, column: Column, value: Json) -> Any:
    try:
        return column.read(value)
    except (TypeError, ValueError):
        shown = value_excerpt(value)
        raise Malformed(
            f"a row of {table.name} is not as Open vSwitch's are: its {name} is {shown}"
        ) from None
