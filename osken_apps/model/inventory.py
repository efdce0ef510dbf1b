"""The controller's copy of the store's intent, indexed for quick answers. PURE (it changes, but does no I/O).

Owns networks, subnets and ports, and which ports were deleted; knows nothing of hosts.
"""

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeVar

from osken_apps.model.changes import Change, Deleted, HostIdentity, Snapshot, Upserted
from osken_apps.model.conditions import PortDirectory
from osken_apps.model.departed_ports import DepartedPorts
from osken_apps.model.group_index import GroupIndex
from osken_apps.model.interface_names import port_id_prefix
from osken_apps.model.paired import Paired, paired
from osken_apps.model.port_security import Guard, OwnAddress, is_guarded, own_addresses
from osken_apps.model.resources import DHCP_DEVICE_ID, Network, Port, Standard, Subnet
from osken_apps.model.security_groups import AddressGroup, SecurityGroup, SecurityGroupRule

M = TypeVar("M")


class Inventory:
    """Networks, subnets and ports by id, and by the questions that a host asks.

    `departed` are ports that were deleted on purpose, or that a host had: an interface of another unknown
    port may be one whose port this store has lost.
    """

    def __init__(self) -> None:
        self.store_id = ""
        self.departed = DepartedPorts()
        self.tunnel_addresses: dict[str, str] = {}  # of hosts, as the store keeps them
        self.identities: dict[str, HostIdentity] = {}  # likewise
        self.networks: dict[str, Network] = {}
        self.ports: dict[str, Port] = {}
        self.loaded = False
        # What no host's flows depend on yet, by kind and id.
        self.further: dict[type[Standard], dict[str, Standard]] = {}
        self.subnets: dict[str, Subnet] = {}
        self._ports_of_device: dict[tuple[str, str], set[str]] = {}
        self._subnets_of: dict[str, dict[str, Subnet]] = {}
        self._ports_of: dict[str, set[str]] = {}
        self._servers: dict[str, set[str]] = {}  # ids of ports that are called so, by network
        self._by_prefix: dict[str, str] = {}
        self._bound: dict[str, set[str]] = {}
        self.groups = GroupIndex()
        self._own: dict[str, tuple[OwnAddress, ...]] = {}  # by port id, as far as it was asked for
        self._paired: dict[str, Paired] = {}  # by network, as far as it was asked for
        self._pairs_changed: set[str] = set()
        self.directory = PortDirectory(self.ports)  # by what an operator may have meant

    def take(self, part: Snapshot, apply: Callable[[Change], object] | None = None) -> None:
        """Take a part of the store's snapshot, or all of it; `apply` is called for each of its resources, in
        place of the method.
        """
        for resource in part.resources:
            (apply or self.apply)(Upserted(resource))
        self.departed.add(part.departed_ports)
        self.tunnel_addresses.update(part.tunnel_addresses)
        self.identities.update((host.name, host) for host in part.identities)
        self.store_id = part.store_id or self.store_id

    def apply(self, change: Change) -> set[str]:
        """Take one change; give the ids of the ports for which hosts may have to do something else now.

        Raises LookupError for a port of a network that is not known.
        What a resource is called, and what is reported of a port, is nothing to hosts. Which groups permit
        something else now, `groups` knows; in which networks pairs are others, `take_pairs_changed` tells.
        """
        match change:
            case Upserted(Network() as network):
                before = self.networks.get(network.id)
                self.networks[network.id] = network
                return self.ports_of(network.id) if _matters(before, network) else set()
            case Upserted(Subnet() as subnet):
                known = self.subnets.get(subnet.id)
                self.subnets[subnet.id] = subnet
                self._subnets_of.setdefault(subnet.network_id, {})[subnet.id] = subnet
                return self._concerned_by(subnet) if _matters(known, subnet) else set()
            case Upserted(Port() as port):
                return self._put_port(port)
            case Upserted(SecurityGroup() as group):
                self.groups.put_group(group)
                return set()
            case Upserted(SecurityGroupRule() as rule):
                self.groups.put_rule(rule)
                return set()
            case Upserted(AddressGroup() as addresses):
                self.groups.put_address_group(addresses)
                return set()
            case Upserted(resource):
                self.further.setdefault(type(resource), {})[resource.id] = resource
                return set()
            case Deleted(kind, id):
                return self._delete(kind, id)
        raise TypeError(f"{change!r} is not a change")

    def subnets_of(self, network_id: str) -> dict[str, Subnet]:
        """Give the subnets of a network by id."""
        return self._subnets_of.get(network_id, {})

    def ports_of(self, network_id: str) -> set[str]:
        """Give the ids of a network's ports."""
        return set(self._ports_of.get(network_id, ()))

    def ports_of_device(self, port: Port) -> list[Port]:
        """Give the ports of a port's machine: those of its project with its device_id; without one, none."""
        return [self.ports[port_id] for port_id in self._ports_of_device.get(_device(port), ())]

    def dhcp_server_of(self, network_id: str) -> Port | None:
        """Give the port of a network's DHCP server, if it exists yet: where several are called so, ours."""
        found = (self.ports[port_id] for port_id in self._servers.get(network_id, ()))
        return min(found, key=lambda port: (port.device_id != DHCP_DEVICE_ID, port.id), default=None)

    def port_claimed_by(self, claim: str) -> Port | None:
        """Give the port that a claim names: by its whole id or by the beginning of it."""
        return self.ports.get(claim) or self.ports.get(self._by_prefix.get(claim, ""))

    def knows(self, claim: str) -> bool:
        """Tell whether a claim names a port that there is or was."""
        return self.port_claimed_by(claim) is not None or claim in self.departed

    def bound_to(self, host: str) -> list[Port]:
        """Give the ports that the store holds as bound to a host."""
        return [self.ports[port_id] for port_id in self._bound.get(host, ())]

    def count_bound_to(self, host: str) -> int:
        """Count them."""
        return len(self._bound.get(host, ()))

    def guard_of(self, port: Port) -> Guard | None:
        """Say how a port is guarded; None if it is not."""
        if not is_guarded(port):
            return None
        if port.id not in self._own:
            self._own[port.id] = own_addresses(port)
        groups = [group for id in port.security_groups if (group := self.groups.groups.get(id))]
        numbers = tuple(sorted(group.number for group in groups))
        return Guard(self._own[port.id], numbers, all(group.stateful for group in groups))

    def paired_in(self, network_id: str) -> Paired:
        """Give what the pairs of a network's ports cover, the same object until one of them changes."""
        known = self._paired.get(network_id)
        if known is None:
            ports = (self.ports[port_id] for port_id in self._ports_of.get(network_id, ()))
            known = self._paired[network_id] = paired(ports)
        return known

    def take_pairs_changed(self) -> set[str]:
        """Give the ids of the networks whose ports have other pairs since this was asked last."""
        changed, self._pairs_changed = self._pairs_changed, set()
        return changed

    def _put_port(self, port: Port) -> set[str]:
        if port.network_id not in self.networks:
            raise LookupError(f"port {port.id} is of network {port.network_id}, which is not known")
        before = self.ports.get(port.id)
        touched = {port.id} | self._siblings_of(before)
        self.directory.change(before, port)
        self.groups.put_port(before, port)
        self._note_pairs(before, port)
        self._unindex(port.id)
        self.ports[port.id] = port
        if port.device_id:
            self._ports_of_device.setdefault(_device(port), set()).add(port.id)
        if port.binding:
            self._bound.setdefault(port.binding.host, set()).add(port.id)
        self._ports_of.setdefault(port.network_id, set()).add(port.id)
        self._by_prefix[port_id_prefix(port.id)] = port.id
        if port.is_dhcp_server:
            self._servers.setdefault(port.network_id, set()).add(port.id)
        if not _matters(before, port):
            return set()
        if port.is_dhcp_server or (before and before.is_dhcp_server):
            return self.ports_of(port.network_id)
        return touched | self._siblings_of(port)

    def _delete(self, kind: type, id: str) -> set[str]:
        if kind is Network:
            self.networks.pop(id, None)
            self._paired.pop(id, None)
            return self.ports_of(id)
        if kind is Subnet:
            subnet = self.subnets.pop(id, None)
            if subnet is None:
                return set()
            self._subnets_of[subnet.network_id].pop(id, None)
            _drop_if_empty(self._subnets_of, subnet.network_id)
            return self._concerned_by(subnet)
        if kind is Port:
            return self._delete_port(id)
        drop = {
            SecurityGroup: self.groups.drop_group,
            SecurityGroupRule: self.groups.drop_rule,
            AddressGroup: self.groups.drop_address_group,
        }.get(kind)
        if drop:
            drop(id)
            return set()
        self.further.get(kind, {}).pop(id, None)
        return set()

    def _delete_port(self, id: str) -> set[str]:
        port = self.ports.get(id)
        if port is None:
            return set()
        touched = {id} | self._siblings_of(port)
        self._unindex(id)
        del self.ports[id]
        self.directory.change(port, None)
        self.groups.put_port(port, None)
        self._note_pairs(port, None)
        self._by_prefix.pop(port_id_prefix(id), None)
        self.departed.add((id,))
        return touched | (self.ports_of(port.network_id) if port.is_dhcp_server else set())

    def _note_pairs(self, before: Port | None, now: Port | None) -> None:
        for network_id, _ in _pairs_of(before) ^ _pairs_of(now):
            self._paired.pop(network_id, None)
            self._pairs_changed.add(network_id)

    def _concerned_by(self, subnet: Subnet) -> set[str]:
        """Give the ids of the ports of a subnet's network, and of the others of their machines."""
        port_ids = self.ports_of(subnet.network_id)
        machines = {_device(self.ports[port_id]) for port_id in port_ids}
        return port_ids.union(*(self._ports_of_device.get(machine, ()) for machine in machines))

    def _siblings_of(self, port: Port | None) -> set[str]:
        """Give the ids of the ports of a port's machine: which of them has the default route may change."""
        return set(self._ports_of_device.get(_device(port), ())) if port else set()

    def _unindex(self, port_id: str) -> None:
        known = self.ports.get(port_id)
        if known is None:
            return
        _discard(self._ports_of_device, _device(known), port_id)
        _discard(self._ports_of, known.network_id, port_id)
        _discard(self._servers, known.network_id, port_id)
        self._own.pop(port_id, None)
        if known.binding:
            _discard(self._bound, known.binding.host, port_id)


def _essence(kind: type[Any], besides: frozenset[str]) -> Callable[[Any], tuple[Any, ...]]:
    names = [field.name for field in fields(kind) if field.name not in besides]
    return attrgetter(*names)


_WORDS = frozenset({"name", "description", "tags", "created_at", "updated_at", "revision_number"})
_REPORTED = frozenset({"status", "binding", "waits_for"})
_ESSENCE = {
    Network: _essence(Network, _WORDS),
    Subnet: _essence(Subnet, _WORDS),
    Port: _essence(Port, _WORDS - {"tags"} | _REPORTED),  # a tag may confirm the tag of an interface
}


def _matters(before: Standard | None, now: Standard) -> bool:
    """Tell whether a change is one for hosts."""
    if before is None:
        return True
    essence = _ESSENCE[type(now)]
    return essence(before) != essence(now)


def _pairs_of(port: Port | None) -> set[tuple[str, str]]:
    """Give what the pairs of a port cover, with its network."""
    return {(port.network_id, pair.ip_address) for pair in port.allowed_address_pairs} if port else set()


def _device(port: Port) -> tuple[str, str]:
    """Give what makes ports one machine's: another project's port cannot be."""
    return port.project_id, port.device_id


def _discard(index: dict[M, set[str]], key: M, port_id: str) -> None:
    """Take a port out of an index; nothing is kept of a key that has none."""
    if key in index:
        index[key].discard(port_id)
        _drop_if_empty(index, key)


def _drop_if_empty(index: dict[M, Any], key: M) -> None:
    if not index[key]:
        del index[key]
