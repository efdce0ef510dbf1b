"""What the rules of the network need of whoever keeps its state: the store's transaction is one. PURE."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from enum import Enum
from typing import Any, Protocol, TypeVar

from osken_apps.model.addresses import IPAddress, IPNetwork, MacAddress
from osken_apps.model.resources import Network, Port, Standard, Subnet
from osken_apps.model.security_groups import DefaultSecurityGroupRule, SecurityGroupRule
from osken_apps.networking.group_rules import GroupRules
from osken_apps.networking.left_segments import LeftSegment
from osken_apps.networking.physical import Pool

R = TypeVar("R", bound=Standard)


class Absent(Enum):
    """What a request does not say."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


def given(request: Any, *names: str) -> dict[str, Any]:
    """Give the fields of a request that it says, of those named (none named: of all)."""
    chosen = names or tuple(field.name for field in fields(request))
    values = ((name, getattr(request, name)) for name in chosen)
    return {name: value for name, value in values if value is not ABSENT}


class State(Protocol):
    """Networks, subnets and ports within one transaction; what it gives out is given to nobody else."""

    def new_id(self) -> str:
        """Give an id that no resource has had."""

    def create(self, resource: R, first_revision: int = 1) -> R:
        """Keep a new resource. Raises Conflict."""

    def update(self, old: R, new: R) -> R:
        """Keep a resource that differs from `old`. Raises Conflict."""

    def update_all(self, changes: Sequence[tuple[R, R]]) -> None:
        """Keep resources of one kind that differ from the old ones, in nothing that must be unique but
        addresses. Raises IpAddressAlreadyAllocated.
        """

    def touch(self, resource: R) -> R:
        """Give a resource a new revision although its own values stay."""

    def delete(self, resource: Any) -> None:
        """Forget a resource."""

    def one(self, kind: type[R], id: str) -> R | None:
        """Give the resource of that kind and id."""

    def network(self, id: str, /) -> Network | None:
        """Give the network of that id."""

    def default_external_network(self) -> Network | None:
        """Give the external network that is the default one."""

    def subnet(self, id: str, /) -> Subnet | None:
        """Give the subnet of that id."""

    def subnets_of(self, network_id: str) -> list[Subnet]:
        """Give a network's subnets, oldest first."""

    def subnet_overlapping(self, network_id: str, cidr: IPNetwork) -> Subnet | None:
        """Give a network's subnet that has a part of a range."""

    def ports_of(self, network_id: str) -> list[Port]:
        """Give a network's ports, oldest first."""

    def ports_in_subnet(self, subnet_id: str) -> list[Port]:
        """Give the ports that have an address of a subnet."""

    def ports_named(self, port_ids: Iterable[str]) -> list[Port]:
        """Give the ports of these ids, as far as they exist."""

    def ports_at(self, host: str) -> list[Port]:
        """Give the ports that are bound to a host."""

    def ports_owned(self, network_id: str, device_owner: str) -> list[Port]:
        """Give the ports of a network that belong to such a device."""

    def networks_without(self, device_owner: str, network_ids: Sequence[str]) -> list[str]:
        """Give those of these networks in which no port belongs to such a device."""

    def has_bound_port(self, network_id: str) -> bool:
        """Tell whether a port of the network is bound to a host."""

    def rules_of(self, group_id: str) -> GroupRules:
        """Give the rules of a security group, oldest first."""

    def rules_naming(self, remote_id: str) -> list[SecurityGroupRule]:
        """Give the rules whose remote ones are those of a group or address group."""

    def default_rules(self) -> list[DefaultSecurityGroupRule]:
        """Give the rules that new groups are made with, oldest first."""

    def has_members(self, group_id: str) -> bool:
        """Tell whether a port belongs to a security group."""

    def new_number(self) -> int:
        """Give a number > 0 that no group or rule has had."""

    def free_segment(
        self, pools: Sequence[Pool], besides: Collection[tuple[str, int]] = ()
    ) -> tuple[Pool, int]:
        """Give the first pool with a free id, and the lowest free of it, as long as there are others besides
        these VLANs, by physical network. Raises NoNetworkAvailable.
        """

    def left_by(self, hosts: Collection[str]) -> list[LeftSegment]:
        """Give the VLANs in which these hosts had ports that are there no more."""

    def free_address(self, subnet: Subnet, besides: Sequence[IPAddress] = ()) -> IPAddress | None:
        """Give the lowest free address of a subnet's pools that is not among `besides`, or None."""

    def warn(self, text: str) -> None:
        """Tell the operator of something that nobody asked for and that fails."""

    def new_mac(self, network_id: str) -> MacAddress:
        """Give a MAC address that no port has. Raises MacAddressGenerationFailure."""
