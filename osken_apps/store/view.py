"""What can be read in one transaction; every answer is of the same moment. SHELL."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, exists, select
from sqlalchemy.exc import SQLAlchemyError

from osken_apps.failures import Failures
from osken_apps.model.addresses import IPNetwork
from osken_apps.model.changes import Change, Deleted, HostIdentity, Snapshot, Upserted, in_order
from osken_apps.model.kind import KINDS
from osken_apps.model.known_hosts import KnownHost
from osken_apps.model.resources import FixedIp, Network, Port, Standard, Subnet
from osken_apps.model.security_groups import DefaultSecurityGroupRule, SecurityGroupRule
from osken_apps.networking.group_rules import GroupRules
from osken_apps.store import departed_ports, known_hosts, schema, server_events, untold_changes
from osken_apps.store.accounts import Accounts
from osken_apps.store.address_text import address_of
from osken_apps.store.cache import Cache
from osken_apps.store.counts import Counts
from osken_apps.store.facts import ResourceFacts, facts_in
from osken_apps.store.lookup import Lookup
from osken_apps.store.selection import Among, Page
from osken_apps.store.statements import (
    chunk_statement,
    paged_statement,
    revisions_statement,
    rows_statement,
    shape_of,
    values_of,
)
from osken_apps.store.tables import (
    FIXED_IPS,
    MEMBERS,
    NETWORKS,
    PORTS,
    QUOTAS,
    SCHEMA_VERSION,
    SUBNETS,
    form,
)

R = TypeVar("R", bound=Standard)

A_BATCH = 500
A_FEW = 100  # of which what belongs to them is read by their ids; of more, all is read

Range = tuple[int, int, int, str]  # of a subnet: version, first and last address, id

_ADDRESSES = (
    select(FIXED_IPS.c.port_id, FIXED_IPS.c.subnet_id, FIXED_IPS.c.ip_address)
    .where(FIXED_IPS.c.port_id.in_(bindparam("ids", expanding=True)))
    .order_by(FIXED_IPS.c.position)
)
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
_NETWORKS_WITHOUT = (
    select(NETWORKS.c.id)
    .where(
        NETWORKS.c.id.in_(bindparam("network_ids", expanding=True)),
        ~exists().where(
            PORTS.c.network_id == NETWORKS.c.id, PORTS.c.device_owner == bindparam("device_owner")
        ),
    )
    .order_by(NETWORKS.c.sequence)
)
_A_MEMBER = select(MEMBERS.c.port_id).where(MEMBERS.c.security_group_id == bindparam("group_id")).limit(1)
_MEMBERS = select(MEMBERS.c.port_id).where(MEMBERS.c.security_group_id == bindparam("group_id"))
_QUOTAS = select(QUOTAS.c.resource, QUOTAS.c.quota).where(QUOTAS.c.project_id == bindparam("project_id"))
_ANY = select(SCHEMA_VERSION.c.version)


class View:
    """Read access of one transaction; resources that the cache has are not made of their rows again."""

    fills_cache = True

    def __init__(self, connection: Connection, cache: Cache) -> None:
        self._connection = connection
        self._cache = cache
        self._known: dict[tuple[type[Standard], str], Standard] = {}  # what was asked for by its id
        self._known_subnets: dict[str, dict[str, Subnet]] = {}  # of a network
        self._known_ranges: dict[str, list[Range]] = {}  # of a network's subnets, in their order
        self._known_rules: dict[str, GroupRules] = {}  # of a security group

    @property
    def accounts(self) -> Accounts:
        """What there is of users and their projects."""
        return Accounts(self._connection)

    @property
    def counts(self) -> Counts:
        """How many there are."""
        return Counts(self._connection)

    def find(self, kind: type[R], *conditions: Among, page: Page | None = None) -> list[R]:
        """Give the resources of a kind that meet every condition, oldest first; of a page, by id."""
        columns = [condition.column for condition in conditions]
        if columns == ["id"] and len(conditions[0].values) <= A_BATCH and page is None:
            return self._made(kind, self._rows(kind, conditions))
        # Most are in the cache as a rule: ask which they are, and then only for those that are not.
        found: dict[str, R | None] = {
            row.id: self._cache.get(kind, row.id, row.revision_number)
            for row in self._revisions(kind, conditions, page)
        }
        missing = [id for id, resource in found.items() if resource is None]
        for start in range(0, len(missing), A_BATCH):
            batch = Among("id", tuple(missing[start : start + A_BATCH]))
            for resource in self._made(kind, self._rows(kind, (batch,))):
                found[resource.id] = resource
        return [resource for resource in found.values() if resource is not None]

    def ids(self, kind: type[Standard], *conditions: Among, page: Page) -> list[str]:
        """Give the ids of a page of the resources of a kind that meet every condition."""
        return [row.id for row in self._revisions(kind, conditions, page)]

    def one(self, kind: type[R], id: str) -> R | None:
        """Give the resource of that id."""
        known = self._known.get((kind, id))
        if known is None:
            for known in self.find(kind, Among("id", (id,))):
                self._known[kind, id] = known
        return known if isinstance(known, kind) else None

    def networks(self, *conditions: Among) -> list[Network]:
        """Give the networks that meet every condition, oldest first."""
        return self.find(Network, *conditions)

    def subnets(self, *conditions: Among) -> list[Subnet]:
        """Give the subnets that meet every condition, oldest first."""
        return self.find(Subnet, *conditions)

    def ports(self, *conditions: Among) -> list[Port]:
        """Give the ports that meet every condition, oldest first."""
        return self.find(Port, *conditions)

    def network(self, network_id: str) -> Network | None:
        """Give the network of that id."""
        return self.one(Network, network_id)

    def default_external_network(self) -> Network | None:
        """Give the external network that is the default one; the oldest, if there is more than one of old."""
        found = self.networks(Among("external", (True,)), Among("is_default", (True,)))
        return found[0] if found else None

    def subnet(self, subnet_id: str) -> Subnet | None:
        """Give the subnet of that id."""
        return self.one(Subnet, subnet_id)

    def port(self, port_id: str) -> Port | None:
        """Give the port of that id."""
        return self.one(Port, port_id)

    def subnets_of(self, network_id: str) -> list[Subnet]:
        """Give a network's subnets, oldest first."""
        if network_id not in self._known_subnets:
            found = self.subnets(Among("network_id", (network_id,)))
            self._known_subnets[network_id] = {subnet.id: subnet for subnet in found}
        return list(self._known_subnets[network_id].values())

    def subnet_overlapping(self, network_id: str, cidr: IPNetwork) -> Subnet | None:
        """Give a network's subnet that has a part of a range.

        As none has a part of another's, only the last that begins before the range's end can.
        """
        if network_id not in self._known_ranges:
            self._known_ranges[network_id] = sorted(map(range_of, self.subnets_of(network_id)))
        ranges = self._known_ranges[network_id]
        at = bisect_left(ranges, (cidr.version, int(cidr.broadcast_address) + 1, 0, ""))
        if not at:
            return None
        version, _, last, subnet_id = ranges[at - 1]
        is_shared = version == cidr.version and last >= int(cidr.network_address)
        return self._known_subnets[network_id][subnet_id] if is_shared else None

    def ports_of(self, network_id: str) -> list[Port]:
        """Give a network's ports, oldest first."""
        return self.ports(Among("network_id", (network_id,)))

    def ports_in_subnet(self, subnet_id: str) -> list[Port]:
        """Give the ports that have an address of a subnet, oldest first."""
        return self.ports_named(self._connection.scalars(_PORT_IDS_OF_SUBNET, {"subnet_id": subnet_id}))

    def ports_named(self, port_ids: Iterable[str]) -> list[Port]:
        """Give the ports of these ids, as far as they exist, oldest first."""
        ids = tuple(set(port_ids))
        return self.ports(Among("id", ids)) if ids else []

    def ports_at(self, host: str) -> list[Port]:
        """Give the ports that are bound to a host, oldest first."""
        return self.ports(Among("binding_host", (host,)))

    def ports_owned(self, network_id: str, device_owner: str) -> list[Port]:
        """Give the ports of a network that belong to such a device, oldest first."""
        return self.ports(Among("network_id", (network_id,)), Among("device_owner", (device_owner,)))

    def networks_without(self, device_owner: str, network_ids: Sequence[str]) -> list[str]:
        """Give those of these networks in which no port belongs to such a device, oldest first."""
        asked = {"network_ids": network_ids, "device_owner": device_owner}
        return list(self._connection.scalars(_NETWORKS_WITHOUT, asked)) if network_ids else []

    def has_bound_port(self, network_id: str) -> bool:
        """Tell whether a port of the network is bound to a host."""
        return self._connection.scalar(_A_BOUND_PORT, {"network_id": network_id}) is not None

    def rules_of(self, group_id: str) -> GroupRules:
        """Give the rules of a security group, oldest first."""
        if group_id not in self._known_rules:
            found = self.find(SecurityGroupRule, Among("security_group_id", (group_id,)))
            self._known_rules[group_id] = GroupRules(found)
        return self._known_rules[group_id]

    def rules_naming(self, remote_id: str) -> list[SecurityGroupRule]:
        """Give the rules whose remote ones are those of a group or address group, oldest first."""
        return [
            rule
            for column in ("remote_group_id", "remote_address_group_id")
            for rule in self.find(SecurityGroupRule, Among(column, (remote_id,)))
        ]

    def default_rules(self) -> list[DefaultSecurityGroupRule]:
        """Give the rules that new groups are made with, oldest first."""
        return self.find(DefaultSecurityGroupRule)

    def members_of(self, group_id: str) -> list[Port]:
        """Give the ports that belong to a security group, oldest first."""
        return self.ports_named(self._connection.scalars(_MEMBERS, {"group_id": group_id}))

    def has_members(self, group_id: str) -> bool:
        """Tell whether a port belongs to a security group."""
        return self._connection.scalar(_A_MEMBER, {"group_id": group_id}) is not None

    def known_hosts(self) -> list[KnownHost]:
        """Give what is kept of hosts."""
        return known_hosts.known_hosts(self._connection)

    def server_events(self, most: int) -> list[server_events.Noted]:
        """Give what servers are to be told of their ports, oldest first."""
        return server_events.oldest(self._connection, most)

    def newest_untold(self) -> int:
        """Give the number of the last change that a command made; 0: there is none."""
        return untold_changes.newest(self._connection)

    def untold_since(self, seen: int) -> tuple[Change, ...]:
        """Give what commands changed after a number, as it is now, in order."""
        return in_order(
            Deleted(kind, id) if (found := self.one(kind, id)) is None else Upserted(found)
            for kind, id in untold_changes.since(self._connection, seen)
        )

    def subnet_ids(self, network_ids: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
        """Give the subnet ids of each of these networks (None: of all), oldest first."""
        if network_ids is not None and not network_ids:
            return {}
        if network_ids is None or len(network_ids) > A_FEW:
            rows = self._connection.execute(_ALL_SUBNET_IDS)
        else:
            rows = self._connection.execute(_SUBNET_IDS, {"network_ids": network_ids})
        found: dict[str, list[str]] = {}
        for network_id, subnet_id in rows:
            found.setdefault(network_id, []).append(subnet_id)
        return {network_id: tuple(subnet_ids) for network_id, subnet_ids in found.items()}

    def quotas(self, project_id: str) -> dict[str, int]:
        """Give the quotas that were set for a project, by resource."""
        rows = self._connection.execute(_QUOTAS, {"project_id": project_id})
        return {row.resource: row.quota for row in rows}

    def projects_with_quotas(self) -> list[str]:
        """Give the projects that have quotas of their own."""
        return list(self._connection.scalars(select(QUOTAS.c.project_id).distinct().order_by("project_id")))

    def segmentation_ids(self) -> list[tuple[str, str, int]]:
        """Give type, physical network and segmentation id of every network that has one."""
        given = NETWORKS.c.segmentation_id
        ids = select(NETWORKS.c.network_type, NETWORKS.c.physical_network, given).where(given.is_not(None))
        return [
            (row.network_type, row.physical_network, row.segmentation_id)
            for row in self._connection.execute(ids)
        ]

    def facts(self, kind: type[Standard]) -> Iterator[tuple[str, ResourceFacts]]:
        """Give what is kept in memory of all resources of a kind, by id."""
        return facts_in(self._connection.execute, kind)

    def lookup(self, project_id: str | None, most: int) -> Lookup:
        """Give who finds at most so many of a kind in a project, or (None) in all of them."""
        return Lookup(self._connection, project_id, most)

    def begin(self) -> None:
        """Begin the transaction now and not with the first question: all answers are of this moment."""
        self._connection.scalar(_ANY)

    def store_id(self) -> str:
        """Give the id that tells this store from another one."""
        return schema.store_id(self._connection)

    def parts(self, size: int, failures: Failures | None = None) -> Iterator[Snapshot]:
        """Give all there is, oldest first, in parts of `size`; what is referred to comes before.

        A row of which no resource can be made is told to `failures`, and left out; without, it raises.
        """
        hosts = self.known_hosts()
        addresses = tuple((host.name, host.address) for host in hosts if host.address)
        identities = tuple(HostIdentity(host.name, host.system_id, host.former_names) for host in hosts)
        yield Snapshot(store_id=self.store_id(), tunnel_addresses=addresses, identities=identities)
        for departed in departed_ports.parts(self._connection, size):
            yield Snapshot(departed_ports=frozenset(departed))
        for kind in KINDS.values():
            for chunk in self._chunks(form(kind.model).table, size):
                yield Snapshot(tuple(self._found(kind.model, chunk, failures)))

    def _found(self, kind: type[R], ids: Among, failures: Failures | None) -> Sequence[R]:
        try:
            return self.find(kind, ids)
        except SQLAlchemyError:  # which is about no row
            raise
        except Exception as error:
            if failures is None:
                raise
            if len(ids.values) == 1:
                failures.note(f"a row of {kind.__name__} is left out", error, f"id {ids.values[0]}")
                return []
        return [one for id in ids.values for one in self._found(kind, Among("id", (id,)), failures)]

    def _chunks(self, table: Any, size: int) -> Iterator[Among]:
        """Give the ids of a table, oldest first, `size` at a time."""
        last = 0
        while rows := self._connection.execute(chunk_statement(table), {"last": last, "size": size}).all():
            last = rows[-1].sequence
            yield Among("id", tuple(row.id for row in rows))

    def _made(self, kind: type[R], rows: Sequence[Any]) -> list[R]:
        """Make the resources of rows, but those that the cache has."""
        found = {row.id: self._cache.get(kind, row.id, row.revision_number) for row in rows}
        new = [row for row in rows if found[row.id] is None]
        elsewhere = self._elsewhere(kind, [row.id for row in new])
        for row in new:
            found[row.id] = made = form(kind).resource(row, **elsewhere.get(row.id, {}))
            if self.fills_cache:
                self._cache.put(made)
        return [resource for resource in found.values() if resource is not None]

    def _elsewhere(self, kind: type[Standard], ids: list[str]) -> dict[str, dict[str, Any]]:
        """Read what resources of a kind have in another table: the addresses of ports."""
        found: dict[str, list[FixedIp]] = {}
        if kind is Port and ids:
            for port_id, subnet_id, text in self._connection.execute(_ADDRESSES, {"ids": ids}):
                found.setdefault(port_id, []).append(FixedIp(subnet_id, address_of(text)))
        return {port_id: {"fixed_ips": tuple(fixed_ips)} for port_id, fixed_ips in found.items()}

    def _rows(self, kind: type[Standard], conditions: tuple[Among, ...]) -> Sequence[Any]:
        statement = rows_statement(form(kind).table, shape_of(conditions))
        return self._connection.execute(statement, values_of(conditions)).all()

    def _revisions(
        self, kind: type[Standard], conditions: tuple[Among, ...], page: Page | None
    ) -> Sequence[Any]:
        table, shape, values = form(kind).table, shape_of(conditions), values_of(conditions)
        if page is None:
            return self._connection.execute(revisions_statement(table, shape), values).all()
        values |= {"limit": page.limit} | ({"marker": page.marker} if page.marker else {})
        statement = paged_statement(
            table, shape, bool(page.marker), page.backwards, page.order, page.descending
        )
        rows = self._connection.execute(statement, values).all()
        return rows[::-1] if page.backwards else rows


def range_of(subnet: Subnet) -> Range:
    """Give the range of a subnet, as ranges are sorted."""
    cidr = subnet.cidr
    return cidr.version, int(cidr.network_address), int(cidr.broadcast_address), subnet.id
