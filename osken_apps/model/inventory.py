"""The controller's copy of the store's intent, indexed for quick answers. PURE (it changes, but does no I/O).

Owns networks, subnets and ports; knows nothing of hosts.
"""

from osken_apps.model.changes import Change, Deleted, Snapshot, Upserted
from osken_apps.model.resources import Network, Port, Resource, Subnet

PORT_ID_PREFIX_LENGTH = 11  # what fits of a port id into an interface name: tap + 11 characters


def port_id_prefix(port_id: str) -> str:
    """Give the beginning of a port id by which an interface name tells the port."""
    return port_id[:PORT_ID_PREFIX_LENGTH]


class Inventory:
    """Networks, subnets and ports by id, and by the questions that a host asks."""

    def __init__(self) -> None:
        self.networks: dict[str, Network] = {}
        self.ports: dict[str, Port] = {}
        self.loaded = False
        self.subnets: dict[str, Subnet] = {}
        self._ports_of_device: dict[str, set[str]] = {}
        self._subnets_of: dict[str, dict[str, Subnet]] = {}
        self._ports_of: dict[str, set[str]] = {}
        self._servers: dict[str, str] = {}
        self._by_prefix: dict[str, str] = {}
        self._bound: dict[str, set[str]] = {}

    def replace(self, snapshot: Snapshot) -> None:
        """Take the store's snapshot in place of all that was known."""
        self.__init__()  # type: ignore[misc]
        resources: tuple[Resource, ...] = (*snapshot.networks, *snapshot.subnets, *snapshot.ports)
        for resource in resources:
            self.apply(Upserted(resource))
        self.loaded = True

    def apply(self, change: Change) -> set[str]:
        """Take one change; give the ids of the ports that may look different now."""
        match change:
            case Upserted(Network() as network):
                self.networks[network.id] = network
                return self.ports_of(network.id)
            case Upserted(Subnet() as subnet):
                self.subnets[subnet.id] = subnet
                self._subnets_of.setdefault(subnet.network_id, {})[subnet.id] = subnet
                return self.ports_of(subnet.network_id)
            case Upserted(Port() as port):
                return self._put_port(port)
            case Deleted(kind, id):
                return self._delete(kind, id)
        raise TypeError(f"{change!r} is not a change")

    def subnets_of(self, network_id: str) -> dict[str, Subnet]:
        """Give the subnets of a network by id."""
        return self._subnets_of.get(network_id, {})

    def ports_of(self, network_id: str) -> set[str]:
        """Give the ids of a network's ports."""
        return set(self._ports_of.get(network_id, ()))

    def ports_of_device(self, device_id: str) -> list[Port]:
        """Give the ports of a machine; without a device_id there is no telling, and none."""
        return [self.ports[port_id] for port_id in self._ports_of_device.get(device_id, ()) if device_id]

    def dhcp_server_of(self, network_id: str) -> Port | None:
        """Give the port of a network's DHCP server, if it exists yet."""
        return self.ports.get(self._servers.get(network_id, ""))

    def port_claimed_by(self, claim: str) -> Port | None:
        """Give the port that a claim names: by its whole id or by the beginning of it."""
        return self.ports.get(claim) or self.ports.get(self._by_prefix.get(claim, ""))

    def bound_to(self, host: str) -> list[Port]:
        """Give the ports that the store holds as bound to a host."""
        return [self.ports[port_id] for port_id in self._bound.get(host, ())]

    def _put_port(self, port: Port) -> set[str]:
        self._unindex(port.id)
        self.ports[port.id] = port
        if port.device_id:
            self._ports_of_device.setdefault(port.device_id, set()).add(port.id)
        if port.binding:
            self._bound.setdefault(port.binding.host, set()).add(port.id)
        self._ports_of.setdefault(port.network_id, set()).add(port.id)
        self._by_prefix[port_id_prefix(port.id)] = port.id
        if not port.is_dhcp_server:
            return {port.id, *self._ports_of_device.get(port.device_id, ())}
        self._servers[port.network_id] = port.id
        return self.ports_of(port.network_id)

    def _delete(self, kind: type, id: str) -> set[str]:
        if kind is Network:
            self.networks.pop(id, None)
            return self.ports_of(id)
        if kind is Subnet:
            subnet = self.subnets.pop(id, None)
            if subnet is None:
                return set()
            self._subnets_of[subnet.network_id].pop(id, None)
            return self.ports_of(subnet.network_id)
        return self._delete_port(id)

    def _delete_port(self, id: str) -> set[str]:
        self._unindex(id)
        port = self.ports.pop(id, None)
        if port is None:
            return set()
        touched = {id, *self._ports_of_device.get(port.device_id, ())}
        self._ports_of[port.network_id].discard(id)
        self._by_prefix.pop(port_id_prefix(id), None)
        if self._servers.get(port.network_id) == id:
            del self._servers[port.network_id]
            touched |= self.ports_of(port.network_id)
        return touched

    def _unindex(self, port_id: str) -> None:
        known = self.ports.get(port_id)
        if known and known.device_id:
            self._ports_of_device[known.device_id].discard(port_id)
        if known and known.binding:
            self._bound[known.binding.host].discard(port_id)
