"""Address groups: their attributes, what a request of one means, and who may make it."""

from dataclasses import replace
from typing import Any

from osken_apps.model.addresses import IPNetwork, host_network
from osken_apps.model.kind import KINDS
from osken_apps.model.security_groups import AddressGroup
from osken_apps.networking import address_groups
from osken_apps.networking.address_groups import MAX_ADDRESSES
from osken_apps.networking.state import State
from osken_apps.rest.address_types import ADDRESS, CIDR, parse_address, parse_cidr
from osken_apps.rest.attribute import Attribute, standard
from osken_apps.rest.collection import Action, Around, Collection, plain
from osken_apps.rest.rules import of_projects
from osken_apps.rest.types import Type, list_of
from osken_apps.rest.validation import Values


def _addresses_of(item: Type) -> Type:
    """Make the type of lists that have each once; the same text twice is a mistake, as in Neutron."""
    items = list_of(item, MAX_ADDRESSES, unique=False)

    def parse(value: Any) -> tuple[IPNetwork, ...]:
        parsed = items.parse(value)
        if value and len(set(value)) < len(value):
            raise ValueError(f"Duplicate items in the list: '{', '.join(value)}'")
        return tuple(dict.fromkeys(parsed))

    return replace(items, parse=parse)


def _parse_range(value: Any) -> IPNetwork:
    """Take a range, or one address for the range of itself: a new group takes ranges only, as in Neutron."""
    is_address = isinstance(value, str) and "/" not in value
    return host_network(parse_address(value)) if is_address else parse_cidr(value)


RANGE = replace(CIDR, parse=_parse_range, schema={"anyOf": [CIDR.schema, ADDRESS.schema]})
ATTRIBUTES = (
    *(attribute for attribute in standard() if attribute.name != "tags"),
    Attribute("addresses", _addresses_of(CIDR), default=(), put=False),
)
POLICY = of_projects("address_group")

ASKED = (Attribute("addresses", _addresses_of(RANGE), required=True),)


def _add(state: State, group: AddressGroup, values: Values, _around: Around) -> AddressGroup:
    return address_groups.add(state, group, values["addresses"])


def _remove(state: State, group: AddressGroup, values: Values, _around: Around) -> AddressGroup:
    return address_groups.remove(state, group, values["addresses"])


def _delete(state: State, group: AddressGroup, _around: Around) -> None:
    address_groups.delete(state, group)


_PLAIN = plain(KINDS[AddressGroup], ATTRIBUTES, POLICY)
ADDRESS_GROUPS = Collection(
    KINDS[AddressGroup],
    ATTRIBUTES,
    POLICY,
    _PLAIN.create,
    _PLAIN.update,
    _delete,
    actions={"add_addresses": Action(ASKED, _add), "remove_addresses": Action(ASKED, _remove)},
)
