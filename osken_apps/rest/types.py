"""Types of attributes: how a value is checked and converted, shown as JSON and described. PURE.

A type's `parse` takes what JSON gave and returns the value of the model. It raises ValueError with
a reason that fits "Invalid input for <name>. Reason: <reason>.", or InvalidInput itself where Neutron
does. The texts are Neutron's. Every type has a bound, and its schema states it: `maxLength`, `minimum`
and `maximum`, `maxItems`, `maxProperties`, or an `enum`. What is longer is refused before work is done on it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from osken_apps.errors import InvalidInput

Schema = Mapping[str, Any]

NULL: Schema = {"type": "null"}
TEXT_LENGTH = 255
UUID_LENGTH = 36
UUID_PATTERN = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
_UUID = re.compile(UUID_PATTERN)
# No database keeps NUL, and half of a surrogate pair is no character.
PLAIN_TEXT = "^[^\u0000]*$"
_PLAIN_TEXT = re.compile(r"[^\x00\ud800-\udfff]*")
MAX_DIGITS = 18
_INTEGER = re.compile(f"[+-]?[0-9]{{1,{MAX_DIGITS}}}")
ANY_INTEGER: Schema = {"type": "integer", "minimum": 1 - 10**MAX_DIGITS, "maximum": 10**MAX_DIGITS - 1}
TRUE_WORDS = frozenset({"true", "1"})
FALSE_WORDS = frozenset({"false", "0"})


@dataclass(frozen=True, slots=True)
class Type:
    """A type of values; `show` is None where the model's value is JSON already.

    `schema` describes what is accepted, `shown_schema` what is shown if that is narrower. `filter_schema` is
    what a filter accepts where Neutron converts it, which refuses the rest (not by ValueError); elsewhere a
    filter is any text, and finds nothing if it is no value. `parts` names the parts of records, which policy
    rules may tell apart.
    """

    parse: Callable[[Any], Any]
    schema: Schema
    show: Callable[[Any], Any] | None = None
    shown_schema: Schema | None = None
    parts: tuple[str, ...] = ()
    filter_schema: Schema | None = None

    @property
    def answer_schema(self) -> Schema:
        """Give the schema of what is shown."""
        return self.schema if self.shown_schema is None else self.shown_schema

    def shown(self, value: Any) -> Any:
        """Give a value of the model as JSON."""
        return value if self.show is None or value is None else self.show(value)


def text(length: int = TEXT_LENGTH) -> Type:
    """Make the type of strings of at most `length` characters."""

    def parse(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(f"'{value}' is not a valid string")
        if len(value) > length:
            raise ValueError(f"'{value}' exceeds maximum length of {length}")
        if not _PLAIN_TEXT.fullmatch(value):
            raise ValueError(f"{value!r} is not a valid string")
        return value

    return Type(parse, {"type": "string", "maxLength": length, "pattern": PLAIN_TEXT})


def parse_boolean(value: Any) -> bool:
    """Take true and false, their names in any case, and 1 and 0."""
    word = str(value).lower() if isinstance(value, bool | int | str) else ""
    if word in TRUE_WORDS or word in FALSE_WORDS:
        return word in TRUE_WORDS
    raise InvalidInput(f"'{value}' cannot be converted to boolean")


BOOLEAN_WORD = {
    "type": "string",
    "maxLength": len("false"),
    "pattern": "^([tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|0|1)$",
}
_BOOLEAN = {"anyOf": [{"type": "boolean"}, BOOLEAN_WORD, {"type": "integer", "enum": [0, 1]}]}
BOOLEAN = Type(parse_boolean, _BOOLEAN, shown_schema={"type": "boolean"}, filter_schema=_BOOLEAN)


def integer(least: int, most: int) -> Type:
    """Make the type of integers from `least` to `most`; digits in a string count as one."""

    def parse(value: Any) -> int:
        number = parse_integer(value)
        if number < least:
            raise ValueError(f"'{value}' is too small - must be at least '{least}'")
        if number > most:
            raise ValueError(f"'{value}' is too large - must be no larger than '{most}'")
        return number

    schema = {"type": "integer", "minimum": least, "maximum": most}
    pattern = "^[0-9]{1,9}$" if least >= 0 else "^[+-]?[0-9]{1,9}$"
    digits = {"type": "string", "maxLength": 10, "pattern": pattern}
    accepted = {"anyOf": [schema, digits]}
    return Type(parse, accepted, shown_schema=schema, filter_schema=ANY_INTEGER)


def parse_integer(value: Any) -> int:
    """Take an integer, also one that has `.0` (JSON Schema), or its decimal digits. Raises InvalidInput."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise InvalidInput(f"'{value}' is not an integer")


def choice(*values: Any, convert: Callable[[Any], Any] | None = None) -> Type:
    """Make the type of a few values; `convert` is applied before they are compared."""

    def parse(value: Any) -> Any:
        converted = convert(value) if convert else value
        if not isinstance(converted, str | int) or isinstance(converted, bool) or converted not in values:
            raise ValueError(f"'{value}' is not in {words}")
        return converted

    words = [str(value) if isinstance(value, str) else value for value in values]
    schema = {"type": "string" if isinstance(values[0], str) else "integer", "enum": list(values)}
    if convert is not parse_integer:
        return Type(parse, schema)
    accepted = {"enum": [*values, *map(str, values)]}
    return Type(parse, accepted, shown_schema=schema, filter_schema=ANY_INTEGER)


def parse_uuid(value: Any) -> str:
    """Take a UUID with hyphens."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise ValueError(f"'{value}' is not a valid UUID")
    return value.lower()


UUID = Type(
    parse_uuid, {"type": "string", "format": "uuid", "pattern": UUID_PATTERN, "maxLength": UUID_LENGTH}
)


def id_of_text(text: str) -> str:
    """Give an id as it is kept: hexadecimal digits count in either case (RFC 9562, section 4)."""
    return text.lower() if _UUID.fullmatch(text) else text


def optional(type_: Type) -> Type:
    """Let null through as well."""

    def parse(value: Any) -> Any:
        return None if value is None else type_.parse(value)

    schema, shown = {"anyOf": [type_.schema, NULL]}, {"anyOf": [type_.answer_schema, NULL]}
    return Type(parse, schema, type_.show, shown, filter_schema=type_.filter_schema)


def not_null(type_: Type) -> Type:
    """Show null where there is nothing, but take it from nobody."""
    return replace(type_, shown_schema={"anyOf": [type_.answer_schema, NULL]})


def list_of(
    type_: Type,
    most: int | None = None,
    unique: bool = True,
    null: bool = True,
    too_many: Callable[[int], Exception] | None = None,
) -> Type:
    """Make the type of lists of at most `most` items (tuples in the model); None is for what is only shown.

    Null counts as the empty list if `null`. `too_many` makes the error that Neutron has for a longer one.
    """

    def parse(value: Any) -> tuple[Any, ...]:
        if value is None and null:
            return ()
        if not isinstance(value, list):
            raise ValueError(f"'{value}' is not a list")
        if most is not None and len(value) > most:
            raise too_many(most) if too_many else ValueError(f"{len(value)} items are more than {most}")
        items = tuple(type_.parse(item) for item in value)
        if unique and len(set(items)) < len(items):
            raise ValueError(f"Duplicate items in the list: '{', '.join(map(str, value))}'")
        return items

    bound = {} if most is None else {"maxItems": most}
    schema: dict[str, Any] = {"type": "array", "items": type_.schema} | bound
    accepted = {"anyOf": [schema | {"uniqueItems": unique}, {"type": "null"}]}
    if not null:
        accepted = schema | {"uniqueItems": unique}
    show_item = type_.show
    show = (lambda items: [show_item(item) for item in items]) if show_item else list
    answer = {"type": "array", "items": type_.answer_schema} | bound
    return Type(parse, accepted, show, answer, type_.parts)


def record(parts: Mapping[str, Type], required: tuple[str, ...], build: Callable[..., Any]) -> Type:
    """Make the type of objects with these parts, given to `build` by name.

    What is shown are the parts as attributes of the value.
    """

    def parse(value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"'{value}' is not a dictionary")
        unknown = sorted(set(value) - set(parts), key=str)
        if unknown:
            raise ValueError(f"Unexpected keys supplied: {', '.join(map(str, unknown))}")
        missing = [name for name in required if name not in value]
        if missing:
            raise ValueError(f"Expected keys not found: {', '.join(missing)}")
        return build(**{name: parts[name].parse(part) for name, part in value.items()})

    shows = [(name, part.shown) for name, part in parts.items()]

    def show(value: Any) -> dict[str, Any]:
        return {name: shown(getattr(value, name)) for name, shown in shows}

    schema = {
        "type": "object",
        "properties": {name: part.schema for name, part in parts.items()},
        "required": list(required),
        "additionalProperties": False,
    }
    shown = {
        "type": "object",
        "properties": {name: part.answer_schema for name, part in parts.items()},
        "required": list(parts),
    }
    return Type(parse, schema, show, shown, tuple(parts))
