"""How many there are of what the database holds, and where, in a transaction of the store. SHELL."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from osken_apps.model.resources import Standard
from osken_apps.store.statements import by_place
from osken_apps.store.tables import FIXED_IPS, NETWORKS, PORTS, form
from osken_apps.store.values import moment

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


@dataclass(frozen=True, slots=True)
class HostUse:
    """A host that ports are bound to: how many, and when one of them changed last."""

    host: str
    ports: int
    last_change: datetime


class Counts:
    """Counts in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_project(self, kind: type[Standard], project_id: str) -> int:
        """Count a project's resources of one kind."""
        table = form(kind).table
        counted = select(func.count()).select_from(table).where(table.c.project_id == project_id)
        return self._connection.scalar(counted) or 0

    def total(self, kind: type[Standard]) -> int:
        """Count the resources of a kind."""
        return self._connection.scalar(select(func.count()).select_from(form(kind).table)) or 0

    def addresses_in_use(self) -> dict[str, int]:
        """Count the addresses that ports have, by subnet."""
        counted = select(FIXED_IPS.c.subnet_id, func.count().label("used")).group_by(FIXED_IPS.c.subnet_id)
        return {row.subnet_id: row.used for row in self._connection.execute(counted)}

    def ports_by_status(self) -> dict[str, int]:
        """Count the ports by their status."""
        counted = select(PORTS.c.status, func.count().label("number")).group_by(PORTS.c.status)
        return {row.status: row.number for row in self._connection.execute(counted)}

    def ports_by_place(self, network_id: str, host: str) -> Iterator[tuple[str, str, str, int]]:
        """Count the ports of machines by network, host ("": nowhere) and status.

        `network_id` and `host` are those that are counted; empty: all.
        """
        yield from map(tuple, self._connection.execute(by_place(PORTS, network_id, host)))

    def hosts_of_ports(self) -> list[HostUse]:
        """Give the hosts that ports are bound to."""
        return [HostUse(host, ports, moment(last)) for host, ports, last in self._connection.execute(_HOSTS)]

    def networks_by_physical_network(self) -> dict[str, int]:
        """Count the networks on each physical network."""
        return {row.physical_network: row.networks for row in self._connection.execute(_PHYSICAL_NETWORKS)}
