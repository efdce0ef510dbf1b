"""What the parts of a security group's rule look like, and the attributes that all rules have. PURE."""

from collections.abc import Callable
from ipaddress import ip_interface
from typing import Any

from osken_apps.errors import InvalidInput
from osken_apps.model.security_groups import PARENT, PROTOCOLS, Direction, Ethertype, Permission
from osken_apps.networking.permissions import (
    ANY_PROTOCOL,
    MAX_PORT,
    MAX_PROTOCOL,
    InvalidCIDR,
    SecurityGroupInvalidPortValue,
    SecurityGroupRuleInvalidEtherType,
    SecurityGroupRuleInvalidProtocol,
)
from osken_apps.rest.address_types import CIDR_LENGTH
from osken_apps.rest.attribute import Attribute, RenderContext
from osken_apps.rest.types import UUID, Schema, Type, choice, optional, parse_integer

PROTOCOL_LENGTH = max(map(len, PROTOCOLS))
PORT_PATTERN = "^(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[0-5][0-9]{4}|[0-9]{1,4})$"


def _parse_ethertype(value: Any) -> Ethertype:
    for known in Ethertype:
        if isinstance(value, str) and value.lower() == known.lower():
            return known
    raise SecurityGroupRuleInvalidEtherType(value)


def _number(value: Any, most: int) -> int | None:
    """Take a number from 0 to `most` or its digits; None for anything else."""
    try:
        number = parse_integer(value)
    except InvalidInput:
        return None
    return number if 0 <= number <= most else None


def _parse_protocol(value: Any) -> str | None:
    """Take a protocol's name or number, or the word for any."""
    number = _number(value, MAX_PROTOCOL)
    if number is not None:
        return str(number)
    word = value.lower() if isinstance(value, str) else ""
    if word == ANY_PROTOCOL:
        return None
    if word not in PROTOCOLS:
        raise SecurityGroupRuleInvalidProtocol(value)
    return word


def _parse_port(value: Any) -> int:
    number = _number(value, MAX_PORT)
    if number is None:
        raise SecurityGroupInvalidPortValue(value)
    return number


def _parse_prefix(value: Any) -> str | None:
    """Take an address or a prefix; host bits stay, and an address gets its length."""
    if value == "":
        return None
    try:
        if not isinstance(value, str) or len(value) > CIDR_LENGTH or "%" in value:
            raise ValueError
        return str(ip_interface(value))
    except ValueError:
        raise InvalidCIDR(value) from None


def _parse_group(value: Any) -> str:
    return PARENT if value == PARENT else str(UUID.parse(value))


DIRECTION = Type(lambda value: Direction(choice(*Direction).parse(value)), choice(*Direction).schema)


def _converted(parse: Callable[[Any], Any], schema: Schema, shown: Schema) -> Type:
    """Make a type of which a filter takes what a body does."""
    return Type(parse, schema, shown_schema=shown, filter_schema=schema)


ETHERTYPE = _converted(
    _parse_ethertype,
    {"type": "string", "maxLength": len(Ethertype.IPV4), "pattern": "^[iI][pP][vV][46]$"},
    {"type": "string", "enum": list(Ethertype)},
)
PROTOCOL = optional(
    _converted(
        _parse_protocol,
        {
            "anyOf": [
                {"type": "string", "enum": [ANY_PROTOCOL, *PROTOCOLS]},
                {"type": "integer", "minimum": 0, "maximum": MAX_PROTOCOL},
                {
                    "type": "string",
                    "maxLength": 3,
                    "pattern": "^(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])$",
                },
            ]
        },
        {"type": "string", "maxLength": PROTOCOL_LENGTH},
    )
)
_PORT = {"type": "integer", "minimum": 0, "maximum": MAX_PORT}
PORT = optional(
    _converted(
        _parse_port,
        {"anyOf": [_PORT, {"type": "string", "maxLength": 5, "pattern": PORT_PATTERN}]},
        _PORT,
    )
)
_PREFIX = {"type": "string", "maxLength": CIDR_LENGTH}
PREFIX = optional(_converted(_parse_prefix, _PREFIX, _PREFIX))
GROUP_OR_PARENT = optional(Type(_parse_group, {"anyOf": [UUID.schema, {"type": "string", "enum": [PARENT]}]}))


def normalized_cidr(rule: Permission, _context: RenderContext) -> str | None:
    """Give a rule's prefix without host bits."""
    return None if rule.prefix is None else str(rule.prefix)


def permission(remote_group: Type) -> tuple[Attribute, ...]:
    """Give the attributes of `security_groups.Permission`; none can be changed."""
    fixed: Any = {"put": False, "filter": True, "sort": True}
    return (
        Attribute("direction", DIRECTION, required=True, **fixed),
        Attribute("ethertype", ETHERTYPE, default=Ethertype.IPV4, **fixed),
        Attribute("protocol", PROTOCOL, default=None, **fixed),
        Attribute("port_range_min", PORT, default=None, **fixed),
        Attribute("port_range_max", PORT, default=None, **fixed),
        Attribute("remote_ip_prefix", PREFIX, default=None, **fixed),
        Attribute("remote_group_id", remote_group, default=None, column="remote_group_id", **fixed),
        Attribute(
            "remote_address_group_id", optional(UUID), default=None, column="remote_address_group_id", **fixed
        ),
    )
