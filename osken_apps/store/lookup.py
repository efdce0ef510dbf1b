"""Finding resources by what a person knows of them: the beginning of an id or MAC, a name, an address. SHELL.

Every question goes by an index, or looks through one: none reads the rows of a table from end to end. With a
project it finds what is the project's own, and what is shared.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from osken_apps.model.addresses import IPAddress
from osken_apps.model.resources import Standard, Subnet
from osken_apps.store.address_text import address_text
from osken_apps.store.tables import FIXED_IPS, form

AFTER = "\U0010ffff"  # sorts behind whatever may follow a prefix
A_BATCH = 500


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
        return list(self._connection.scalars(self._narrowed(statement, columns)))

    def by_name(self, kind: type[Standard], text: str) -> list[str]:
        """Give ids of resources whose name has a text in it, in whatever case, by name."""
        columns = form(kind).table.c
        # The index of names has the number of the row, too: nothing else is read.
        numbers = select(columns.sequence).where(columns.name.icontains(text, autoescape=True))
        found = list(self._connection.scalars(self._narrowed(numbers, columns)))
        named = select(columns.id).where(columns.sequence.in_(found)).order_by(columns.name, columns.id)
        return list(self._connection.scalars(named)) if found else []

    def by_address(self, subnets: Sequence[Subnet], first: IPAddress, last: IPAddress) -> list[str]:
        """Give ids of ports that have an address from `first` to `last` in one of these subnets."""
        found: dict[str, None] = {}
        between = FIXED_IPS.c.ip_address.between(address_text(first), address_text(last))
        ids = [subnet.id for subnet in subnets if meets(subnet, first, last)]
        for start in range(0, len(ids), A_BATCH):
            batch = FIXED_IPS.c.subnet_id.in_(ids[start : start + A_BATCH])
            statement = select(FIXED_IPS.c.port_id).where(batch, between).limit(self._most)
            found.update(dict.fromkeys(self._connection.scalars(statement)))
            if len(found) >= self._most:
                break
        return list(found)[: self._most]

    def _narrowed(self, statement: Select[Any], columns: Any) -> Select[Any]:
        if self._project_id is not None:
            own = columns.project_id == self._project_id
            statement = statement.where(or_(own, columns.shared) if "shared" in columns else own)
        return statement.limit(self._most)


def meets(subnet: Subnet, first: IPAddress, last: IPAddress) -> bool:
    """Tell whether an address of a subnet may be from `first` to `last`."""
    cidr = subnet.cidr
    if cidr.version != first.version:
        return False
    return int(cidr.network_address) <= int(last) and int(first) <= int(cidr.broadcast_address)
