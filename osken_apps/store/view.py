"""What can be read in one transaction; every answer is of the same moment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Integer, Select, bindparam, func, select

from osken_apps.model.changes import Snapshot
from osken_apps.model.resources import Network, Port, Subnet
from osken_apps.store import schema
from osken_apps.store.codec import moment, network_of, port_of, subnet_of
from osken_apps.store.selection import Among
from osken_apps.store.tables import DELETED_PORTS, FIXED_IPS, NETWORKS, PORTS, QUOTAS, SCHEMA_VERSION, SUBNETS


def _selection(table: Any, columns: tuple[str, ...]) -> list[Any]:
    return [table.c[name].in_(bindparam(name, expanding=True)) for name in columns]


# A statement is built once for each combination of columns: building costs more than running it.
@lru_cache(256)
def _rows_statement(table: Any, columns: tuple[str, ...]) -> Select[Any]:
    return select(table).where(*_selection(table, columns)).order_by(table.c.sequence)


@lru_cache(256)
def _addresses_statement(columns: tuple[str, ...]) -> Select[Any]:
    wanted = select(FIXED_IPS.c.port_id, FIXED_IPS.c.subnet_id, FIXED_IPS.c.ip_address)
    if columns == ("id",):
        return wanted.where(FIXED_IPS.c.port_id.in_(bindparam("id", expanding=True))).order_by(
            FIXED_IPS.c.position
        )
    if columns:
        wanted = wanted.join(PORTS, PORTS.c.id == FIXED_IPS.c.port_id)
    return wanted.where(*_selection(PORTS, columns)).order_by(FIXED_IPS.c.position)


_SUBNET_IDS = (
    select(SUBNETS.c.network_id, SUBNETS.c.id)
    .where(SUBNETS.c.network_id.in_(bindparam("network_ids", expanding=True)))
    .order_by(SUBNETS.c.sequence)
)
_ALL_SUBNET_IDS = select(SUBNETS.c.network_id, SUBNETS.c.id).order_by(SUBNETS.c.sequence)
_PORT_IDS_OF_SUBNET = select(FIXED_IPS.c.port_id).where(FIXED_IPS.c.subnet_id == bindparam("subnet_id"))
_A_BOUND_PORT = (
    select(PORTS.c.id)
    .where(PORTS.c.network_id == bindparam("network_id"), PORTS.c.binding_host.is_not(None))
    .limit(1)
)
_HOSTS = (
    select(PORTS.c.binding_host, func.count(), func.max(PORTS.c.updated_at))
    .where(PORTS.c.binding_host.is_not(None))
    .group_by(PORTS.c.binding_host)
    .order_by(PORTS.c.binding_host)
)
_PHYSICAL_NETWORKS = (
    select(NETWORKS.c.physical_network, func.count().label("networks"))
    .group_by(NETWORKS.c.physical_network)
    .order_by(NETWORKS.c.physical_network)
)
_QUOTAS = select(QUOTAS.c.resource, QUOTAS.c.quota).where(QUOTAS.c.project_id == bindparam("project_id"))


_DELETED_PORTS = select(DELETED_PORTS.c.port_id).order_by(DELETED_PORTS.c.sequence)
_ANY = select(SCHEMA_VERSION.c.version)


@lru_cache
def _chunk_statement(table: Any) -> Select[Any]:
    newer = table.c.sequence > bindparam("last")
    return (
        select(table.c.sequence, table.c.id)
        .where(newer)
        .order_by(table.c.sequence)
        .limit(bindparam("size", type_=Integer))
    )


@dataclass(frozen=True, slots=True)
class HostUse:
    """A host that ports are bound to: how many, and when one of them changed last."""

    host: str
    ports: int
    last_change: datetime


class View:
    """Read access of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # Where the search for a free address of a subnet starts, as far as it has been read.
        self._search_from: dict[str, str] = {}

    def networks(self, *conditions: Among) -> list[Network]:
        """Give the networks that meet every condition, oldest first."""
        return [network_of(tuple(row)) for row in self._rows(NETWORKS, conditions)]

    def subnets(self, *conditions: Among) -> list[Subnet]:
        """Give the subnets that meet every condition, oldest first."""
        rows = self._rows(SUBNETS, conditions)
        self._search_from.update((row.id, row.search_from) for row in rows)
        return [subnet_of(tuple(row)[:-1]) for row in rows]

    def ports(self, *conditions: Among) -> list[Port]:
        """Give the ports that meet every condition, oldest first."""
        addresses: dict[str, list[tuple[str, str]]] = {}
        for port_id, subnet_id, text in self._addresses(conditions):
            addresses.setdefault(port_id, []).append((subnet_id, text))
        rows = self._rows(PORTS, conditions)
        return [port_of(tuple(row), tuple(addresses.get(row[1], ()))) for row in rows]

    def network(self, network_id: str) -> Network | None:
        """Give the network of that id."""
        return next(iter(self.networks(Among("id", (network_id,)))), None)

    def subnet(self, subnet_id: str) -> Subnet | None:
        """Give the subnet of that id."""
        return next(iter(self.subnets(Among("id", (subnet_id,)))), None)

    def port(self, port_id: str) -> Port | None:
        """Give the port of that id."""
        return next(iter(self.ports(Among("id", (port_id,)))), None)

    def subnets_of(self, network_id: str) -> list[Subnet]:
        """Give a network's subnets, oldest first."""
        return self.subnets(Among("network_id", (network_id,)))

    def ports_of(self, network_id: str) -> list[Port]:
        """Give a network's ports, oldest first."""
        return self.ports(Among("network_id", (network_id,)))

    def port_ids_of_subnet(self, subnet_id: str) -> list[str]:
        """Give the ids of the ports that have an address of the subnet."""
        rows = self._connection.scalars(_PORT_IDS_OF_SUBNET, {"subnet_id": subnet_id})
        return sorted(set(rows))

    def has_bound_port(self, network_id: str) -> bool:
        """Tell whether a port of the network is bound to a host."""
        return self._connection.scalar(_A_BOUND_PORT, {"network_id": network_id}) is not None

    def hosts_of_ports(self) -> list[HostUse]:
        """Give the hosts that ports are bound to."""
        return [HostUse(host, ports, moment(last)) for host, ports, last in self._connection.execute(_HOSTS)]

    def subnet_ids(self, network_ids: Sequence[str] | None = None) -> dict[str, tuple[str, ...]]:
        """Give the subnet ids of each of these networks (None: of all), oldest first."""
        if network_ids is not None and not network_ids:
            return {}
        if network_ids is None or len(network_ids) > 100:
            rows = self._connection.execute(_ALL_SUBNET_IDS)
        else:
            rows = self._connection.execute(_SUBNET_IDS, {"network_ids": network_ids})
        found: dict[str, tuple[str, ...]] = {}
        for network_id, subnet_id in rows:
            found[network_id] = (*found.get(network_id, ()), subnet_id)
        return found

    def quotas(self, project_id: str) -> dict[str, int]:
        """Give the quotas that were set for a project, by resource."""
        rows = self._connection.execute(_QUOTAS, {"project_id": project_id})
        return {row.resource: row.quota for row in rows}

    def addresses_in_use(self) -> dict[str, int]:
        """Count the addresses that ports have, by subnet."""
        counted = select(FIXED_IPS.c.subnet_id, func.count().label("used")).group_by(FIXED_IPS.c.subnet_id)
        return {row.subnet_id: row.used for row in self._connection.execute(counted)}

    def projects_with_quotas(self) -> list[str]:
        """Give the projects that have quotas of their own."""
        return list(self._connection.scalars(select(QUOTAS.c.project_id).distinct().order_by("project_id")))

    def count(self, kind: type[Network] | type[Subnet] | type[Port], project_id: str) -> int:
        """Count a project's resources of one kind."""
        table = {Network: NETWORKS, Subnet: SUBNETS, Port: PORTS}[kind]
        counted = select(func.count()).select_from(table).where(table.c.project_id == project_id)
        return self._connection.scalar(counted) or 0

    def networks_by_physical_network(self) -> dict[str, int]:
        """Count the networks on each physical network."""
        return {row.physical_network: row.networks for row in self._connection.execute(_PHYSICAL_NETWORKS)}

    def begin(self) -> None:
        """Begin the transaction now and not with the first question: all answers are of this moment."""
        self._connection.scalar(_ANY)

    def snapshot(self) -> Snapshot:
        """Give all there is at once."""
        deleted = frozenset(self._connection.scalars(_DELETED_PORTS))
        return Snapshot(
            tuple(self.networks()), tuple(self.subnets()), tuple(self.ports()), self.store_id(), deleted
        )

    def store_id(self) -> str:
        """Give the id that tells this store from another one."""
        return schema.store_id(self._connection)

    def parts(self, size: int) -> Iterator[Snapshot]:
        """Give all there is, oldest first, in parts of `size`; what is referred to comes before."""
        yield Snapshot(store_id=self.store_id())
        for deleted in self._connection.scalars(_DELETED_PORTS).partitions(size):
            yield Snapshot(deleted_ports=frozenset(deleted))
        for networks in self._chunks(NETWORKS, size):
            yield Snapshot(networks=tuple(self.networks(networks)))
        for subnets in self._chunks(SUBNETS, size):
            yield Snapshot(subnets=tuple(self.subnets(subnets)))
        for ports in self._chunks(PORTS, size):
            yield Snapshot(ports=tuple(self.ports(ports)))

    def _chunks(self, table: Any, size: int) -> Iterator[Among]:
        """Give the ids of a table, oldest first, `size` at a time."""
        last = 0
        while rows := self._connection.execute(_chunk_statement(table), {"last": last, "size": size}).all():
            last = rows[-1].sequence
            yield Among("id", tuple(row.id for row in rows))

    def _rows(self, table: Any, conditions: tuple[Among, ...]) -> Sequence[Any]:
        columns = tuple(condition.column for condition in conditions)
        values = {condition.column: condition.values for condition in conditions}
        return self._connection.execute(_rows_statement(table, columns), values).all()

    def _addresses(self, conditions: tuple[Among, ...]) -> Sequence[Any]:
        columns = tuple(condition.column for condition in conditions)
        values = {condition.column: condition.values for condition in conditions}
        return self._connection.execute(_addresses_statement(columns), values).all()
