"""Address groups: addresses that join and leave, and when one may be deleted. PURE."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from osken_apps.errors import BadRequest, Conflict, NotFound
from osken_apps.model.addresses import IPNetwork
from osken_apps.model.security_groups import AddressGroup
from osken_apps.networking.state import State

MAX_ADDRESSES = 5000  # of a group


class AddressGroupInUse(Conflict):
    """A rule names the group."""

    def __init__(self, group_id: str) -> None:
        super().__init__(f"Address group {group_id} is in use on one or more security group rules.")


class AddressesAlreadyExist(BadRequest):
    """The group has them."""

    def __init__(self, addresses: Iterable[IPNetwork], group_id: str) -> None:
        super().__init__(f"Addresses {_named(addresses)} already exist in the address group {group_id}.")


class AddressesNotFound(NotFound):
    """The group does not have them."""

    def __init__(self, addresses: Iterable[IPNetwork], group_id: str) -> None:
        super().__init__(f"Addresses {_named(addresses)} not found in the address group {group_id}.")


class AddressesExhausted(BadRequest):
    """More addresses than a group may have."""

    def __init__(self, group_id: str) -> None:
        super().__init__(f"Address group {group_id} would have more than {MAX_ADDRESSES} addresses.")


def add(state: State, group: AddressGroup, addresses: Sequence[IPNetwork]) -> AddressGroup:
    """Let addresses join. Raises BadRequest if the group has one of them, or would have too many."""
    known = set(group.addresses)
    present = [address for address in addresses if address in known]
    if present:
        raise AddressesAlreadyExist(present, group.id)
    if len(group.addresses) + len(addresses) > MAX_ADDRESSES:
        raise AddressesExhausted(group.id)
    return state.update(group, replace(group, addresses=(*group.addresses, *addresses)))


def remove(state: State, group: AddressGroup, addresses: Sequence[IPNetwork]) -> AddressGroup:
    """Let addresses leave. Raises AddressesNotFound if the group lacks one of them."""
    known, leaving = set(group.addresses), set(addresses)
    absent = [address for address in addresses if address not in known]
    if absent:
        raise AddressesNotFound(absent, group.id)
    rest = tuple(address for address in group.addresses if address not in leaving)
    return state.update(group, replace(group, addresses=rest))


def delete(state: State, group: AddressGroup) -> None:
    """Delete a group that no rule names. Raises AddressGroupInUse."""
    named = any(rule.remote_address_group_id == group.id for rule in state.default_rules())
    if named or state.rules_naming(group.id):
        raise AddressGroupInUse(group.id)
    state.delete(group)


def _named(addresses: Iterable[IPNetwork]) -> list[str]:
    return [str(address) for address in addresses]
