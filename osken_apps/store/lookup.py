"""Finding resources by what a person knows of them: the beginning of an id or MAC, a name, an address. SHELL.

Every question goes by an index, or looks through one: none reads the rows of a table from end to end. With a
project it finds what is its own or shared, what is in a network of its own, and subnets of shared networks.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from osken_apps.model.addresses import IPAddress
from osken_apps.model.resources import Network, Port, Standard, Subnet
from osken_apps.store.address_text import address_text
from osken_apps.store.tables import FIXED_IPS, PORTS, form

AFTER = "\U0010ffff"  # sorts behind whatever may follow a prefix


class Lookup:
    """Looks in one transaction, at most for so many of a kind; None as a project: in all of them."""

    def __init__(self, connection: Connection, project_id: str | None, most: int) -> None:
        self._connection = connection
        self._project_id = project_id
        self._most = most

    def by_prefix(self, kind: type[Standard], column: str, prefix: str) -> list[str]:
        """Give ids of resources whose column begins with a text, in its order."""
        columns = form(kind).table.c
        found = columns[column]
        statement = select(columns.id).where(found >= prefix, found < prefix + AFTER).order_by(found)
        return list(self._connection.scalars(self._narrowed(statement, kind)))

    def by_name(self, kind: type[Standard], text: str) -> list[str]:
        """Give ids of resources whose name has a text in it, in whatever case, by name."""
        columns = form(kind).table.c
        # The index of names has the number of the row, too: nothing else is read.
        numbers = select(columns.sequence).where(columns.name.icontains(text, autoescape=True))
        found = list(self._connection.scalars(self._narrowed(numbers, kind)))
        named = select(columns.id).where(columns.sequence.in_(found)).order_by(columns.name, columns.id)
        return list(self._connection.scalars(named)) if found else []

    def by_address(self, first: IPAddress, last: IPAddress) -> list[str]:
        """Give ids of ports that have an address from `first` to `last`."""
        columns, text = FIXED_IPS.c, address_text(first)
        found = select(columns.port_id).where(
            columns.ip_address.between(text, address_text(last)), func.length(columns.ip_address) == len(text)
        )
        if self._project_id is None:
            # The index begins with the subnet: it is asked once for each.
            found = found.where(columns.subnet_id.in_(select(form(Subnet).table.c.id)))
        else:
            own = select(PORTS.c.id).where(self._is_near(Port, PORTS.c))
            found = found.where(columns.port_id.in_(own))
        return list(dict.fromkeys(self._connection.scalars(found.limit(self._most))))

    def _narrowed(self, statement: Select[Any], kind: type[Standard]) -> Select[Any]:
        if self._project_id is not None:
            statement = statement.where(self._is_near(kind, form(kind).table.c))
        return statement.limit(self._most)

    def _is_near(self, kind: type[Standard], columns: Any) -> ColumnElement[bool]:
        """Give the condition that a resource is the project's own, shared, or in a network that shows it."""
        near = [columns.project_id == self._project_id]
        if "shared" in columns:
            near.append(columns.shared)
        if "network_id" in columns:
            networks = form(Network).table.c
            shows = [networks.project_id == self._project_id, *([networks.shared] if kind is Subnet else [])]
            near.append(columns.network_id.in_(select(networks.id).where(or_(*shows))))
        return or_(*near)


def meets(subnet: Subnet, first: IPAddress, last: IPAddress) -> bool:
    """Tell whether an address of a subnet may be from `first` to `last`."""
    cidr = subnet.cidr
    if cidr.version != first.version:
        return False
    return int(cidr.network_address) <= int(last) and int(first) <= int(cidr.broadcast_address)
