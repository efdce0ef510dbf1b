"""What can be changed in one transaction, and what is given out in it.

Keeps the rules that hold whoever asks: revisions and times, uniqueness, what falls with a network.
Collects the changes for the listeners. Whether a request is allowed is not decided here.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Integer, bindparam, delete, exc, exists, func, insert, select, update

from osken_apps.config import VlanRange
from osken_apps.errors import (
    Conflict,
    FlatNetworkInUse,
    IpAddressAlreadyAllocated,
    MacAddressGenerationFailure,
    MacAddressInUse,
    NoNetworkAvailable,
    VlanIdInUse,
)
from osken_apps.model.addresses import IPAddress, MacAddress
from osken_apps.model.allocation import first_free, generated_mac
from osken_apps.model.changes import Change, Deleted, Upserted
from osken_apps.model.resources import FixedIp, Network, Port, Resource, Subnet
from osken_apps.store.cache import Cache
from osken_apps.store.codec import ROW_OF, TABLE_OF, address_text
from osken_apps.store.engines import violated_columns
from osken_apps.store.tables import DELETED_PORTS, FIXED_IPS, NETWORKS, PORTS, QUOTAS, SUBNETS
from osken_apps.store.view import View

R = TypeVar("R", Network, Subnet, Port)

MAC_ATTEMPTS = 64
ADDRESSES_A_LOOK = 64
SEARCH_STEP = 32
# A host that comes back later than this, or after so many others, keeps the flows of a port that is gone.
MAX_DELETED_PORTS = 100_000
DELETED_PORT_AGE_S = 30 * 24 * 3600

_IN_POOL = (
    NETWORKS.c.physical_network == bindparam("physical_network"),
    NETWORKS.c.segmentation_id.between(bindparam("first"), bindparam("last")),
)
_TAKEN_OF_POOL = select(
    func.count().label("taken"), func.max(NETWORKS.c.segmentation_id).label("highest")
).where(*_IN_POOL)
_IS_FIRST_TAKEN = exists().where(
    NETWORKS.c.physical_network == bindparam("physical_network"),
    NETWORKS.c.segmentation_id == bindparam("first"),
)
_FOLLOWING = NETWORKS.alias("following")
# The first taken id whose successor is free: the database walks its index and looks behind each id.
_END_OF_FIRST_RUN = (
    select(NETWORKS.c.segmentation_id)
    .where(
        *_IN_POOL,
        ~exists().where(
            _FOLLOWING.c.physical_network == NETWORKS.c.physical_network,
            _FOLLOWING.c.segmentation_id == NETWORKS.c.segmentation_id + 1,
        ),
    )
    .order_by(NETWORKS.c.segmentation_id)
    .limit(1)
)
_TAKEN_SEGMENTS = select(_IS_FIRST_TAKEN.label("first"), _END_OF_FIRST_RUN.scalar_subquery().label("end"))
_TAKEN_ADDRESSES = (
    select(FIXED_IPS.c.ip_address)
    .where(
        FIXED_IPS.c.subnet_id == bindparam("subnet_id"),
        FIXED_IPS.c.ip_address.between(bindparam("first"), bindparam("last")),
    )
    .order_by(FIXED_IPS.c.ip_address)
    .limit(ADDRESSES_A_LOOK)
)
_SEARCH_FROM = select(SUBNETS.c.search_from).where(SUBNETS.c.id == bindparam("subnet_id"))
_SET_SEARCH_FROM = (
    update(SUBNETS).where(SUBNETS.c.id == bindparam("of_id")).values(search_from=bindparam("address"))
)
_LOWER_SEARCH_FROM = (
    update(SUBNETS)
    .where(SUBNETS.c.id == bindparam("of_id"), SUBNETS.c.search_from > bindparam("address"))
    .values(search_from=bindparam("address"))
)
_MAC_ADDRESS = select(PORTS.c.id).where(PORTS.c.mac_address == bindparam("mac_address"))
_REMEMBER_DELETED = insert(DELETED_PORTS)
_FORGET_OLDEST = delete(DELETED_PORTS).where(
    DELETED_PORTS.c.sequence
    <= select(func.max(DELETED_PORTS.c.sequence)).scalar_subquery() - bindparam("most", type_=Integer)
)
_FORGET_OLD = delete(DELETED_PORTS).where(DELETED_PORTS.c.deleted_at < bindparam("before"))
_CLAIM = insert(FIXED_IPS)
_RELEASE = delete(FIXED_IPS).where(FIXED_IPS.c.port_id == bindparam("of_port_id"))
_INSERT = {kind: insert(table) for kind, table in TABLE_OF.items()}
_UPDATE = {kind: update(table).where(table.c.id == bindparam("of_id")) for kind, table in TABLE_OF.items()}
_DELETE = {kind: delete(table).where(table.c.id == bindparam("of_id")) for kind, table in TABLE_OF.items()}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a transaction gets what no function can compute: the time and randomness."""

    now: Callable[[], datetime]
    random_bits: Callable[[int], int]
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())


class Transaction(View):
    """Read and write access; nothing counts before its commit, and all of it counts after."""

    fills_cache = False  # what is read here may be undone

    def __init__(self, connection: Connection, cache: Cache, sources: Sources) -> None:
        super().__init__(connection, cache)
        self._sources = sources
        self._now = sources.now().replace(microsecond=0)
        self._changes: dict[tuple[type[Resource], str], Change] = {}
        # Where the search for a free address of a subnet starts, and what the database holds of that.
        self._search_from: dict[str, str] = {}
        self._stored_search_from: dict[str, str] = {}

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes so far: one a resource, in the order in which they were last made."""
        return tuple(self._changes.values())

    @property
    def changed(self) -> Iterable[tuple[type[Resource], str]]:
        """The kinds and ids of what was changed so far."""
        return self._changes.keys()

    def new_id(self) -> str:
        """Give an id that no resource has had."""
        return self._sources.new_id()

    def create(self, resource: R, first_revision: int = 1) -> R:
        """Insert a resource; its times and revision are set here. Raises Conflict."""
        made = replace(resource, created_at=self._now, updated_at=self._now, revision_number=first_revision)
        self._execute_for(made, _INSERT[type(made)], ROW_OF[type(made)](made))
        if isinstance(made, Port):
            self._claim(made.id, made.fixed_ips)
        return self._changed(made)

    def update(self, old: R, new: R) -> R:
        """Write a resource that differs from `old`, with a new revision and time. Raises Conflict."""
        if new == old:
            return old
        made = replace(new, updated_at=self._now, revision_number=old.revision_number + 1)
        self._execute_for(made, _UPDATE[type(made)], ROW_OF[type(made)](made) | {"of_id": made.id})
        if isinstance(old, Port) and isinstance(made, Port) and old.fixed_ips != made.fixed_ips:
            self._release(old)
            self._claim(made.id, made.fixed_ips)
        if isinstance(old, Subnet) and isinstance(made, Subnet):
            self._search_again(made.id, old.allocation_pools != made.allocation_pools)
        return self._changed(made)

    def touch(self, resource: R) -> R:
        """Give a resource a new revision although its own values stay."""
        made = replace(resource, updated_at=self._now, revision_number=resource.revision_number + 1)
        self._connection.execute(_UPDATE[type(made)], ROW_OF[type(made)](made) | {"of_id": made.id})
        return self._changed(made)

    def delete(self, resource: Resource) -> None:
        """Delete a resource; a network and a subnet must be empty before."""
        if isinstance(resource, Port):
            self._release(resource)
            if resource.binding is not None:
                self._remember_deleted(resource.id)
        self._connection.execute(_DELETE[type(resource)], {"of_id": resource.id})
        self._remember(Deleted(type(resource), resource.id), type(resource), resource.id)

    def set_quotas(self, project_id: str, quotas: dict[str, int]) -> None:
        """Set some of a project's quotas."""
        for resource, quota in quotas.items():
            key = (QUOTAS.c.project_id == project_id, QUOTAS.c.resource == resource)
            self._connection.execute(delete(QUOTAS).where(*key))
            self._connection.execute(
                insert(QUOTAS).values(project_id=project_id, resource=resource, quota=quota)
            )

    def delete_quotas(self, project_id: str) -> None:
        """Give a project the default quotas again."""
        self._connection.execute(delete(QUOTAS).where(QUOTAS.c.project_id == project_id))

    def free_segment(self, ranges: Sequence[VlanRange]) -> tuple[str, int]:
        """Give the first (physical network, segmentation id) of the pools that no network has.

        Raises NoNetworkAvailable.
        """
        for pool in ranges:
            segmentation_id = self._free_segmentation_id(pool)
            if segmentation_id <= pool.last:
                return pool.physical_network, segmentation_id
        raise NoNetworkAvailable

    def free_address(self, subnet: Subnet, besides: Sequence[IPAddress] = ()) -> IPAddress | None:
        """Give the lowest free address of a subnet's pools that is not among `besides`, or None."""
        if subnet.id not in self._search_from:
            stored = self._connection.scalar(_SEARCH_FROM, {"subnet_id": subnet.id}) or ""
            self._search_from[subnet.id] = self._stored_search_from[subnet.id] = stored
        search_from = self._search_from[subnet.id]
        pools = sorted((address_text(pool.start), address_text(pool.end)) for pool in subnet.allocation_pools)
        excluded = sorted(int(address) for address in besides)
        for start, end in pools:
            first = max(start, search_from)
            if first > end:
                continue
            candidate = self._free_between(subnet.id, first, end, excluded)
            if candidate is not None:
                found = type(subnet.cidr.network_address)(candidate)
                self._note_search(subnet.id, address_text(found), excluded)
                return found
        return None

    def new_mac(self, network_id: str) -> MacAddress:
        """Give a MAC address that no port has. Raises MacAddressGenerationFailure."""
        for _ in range(MAC_ATTEMPTS):
            candidate = generated_mac(self._sources.random_bits(24))
            if self._connection.scalar(_MAC_ADDRESS, {"mac_address": str(candidate)}) is None:
                return candidate
        raise MacAddressGenerationFailure(network_id)

    def _free_segmentation_id(self, pool: VlanRange) -> int:
        """Give the lowest free id of a pool, or one beyond its end."""
        bounds = {"physical_network": pool.physical_network, "first": pool.first, "last": pool.last}
        all_taken = self._connection.execute(_TAKEN_OF_POOL, bounds).one()
        if not all_taken.taken:
            return pool.first
        if pool.first + all_taken.taken - 1 == all_taken.highest:
            # No gap below, as when none was ever deleted: counting costs a tenth of the search.
            return int(all_taken.highest) + 1
        taken = self._connection.execute(_TAKEN_SEGMENTS, bounds).one()
        if not taken.first:
            return pool.first
        # No end within the pool: all of it is taken, and the id behind it is, too.
        return pool.last + 1 if taken.end is None else int(taken.end) + 1

    def _free_between(self, subnet_id: str, first: str, end: str, excluded: list[int]) -> int | None:
        """Walk the taken addresses until a gap; normally the first is one, so look at few at a time."""
        low, high = int(first, 16), int(end, 16)
        width = len(first)
        while low <= high:
            bounds = {"subnet_id": subnet_id, "first": f"{low:0{width}x}", "last": end}
            taken = self._connection.scalars(_TAKEN_ADDRESSES, bounds).all()
            numbers = sorted({int(text, 16) for text in taken}.union(n for n in excluded if n >= low))
            candidate = first_free(low, high, numbers)
            complete = len(taken) < ADDRESSES_A_LOOK
            if candidate is None or complete or candidate < int(taken[-1], 16):
                return candidate
            low = candidate
        return None

    def _note_search(self, subnet_id: str, found: str, excluded: list[int]) -> None:
        """Remember that no address below the one found is free, unless some were passed over.

        Not for every address: a write costs more than walking over a few.
        """
        if excluded:
            return
        self._search_from[subnet_id] = found
        if int(found, 16) - int(self._stored_search_from[subnet_id] or "0", 16) >= SEARCH_STEP:
            self._connection.execute(_SET_SEARCH_FROM, {"of_id": subnet_id, "address": found})
            self._stored_search_from[subnet_id] = found

    def _search_again(self, subnet_id: str, pools_changed: bool) -> None:
        if pools_changed:
            self._connection.execute(_SET_SEARCH_FROM, {"of_id": subnet_id, "address": ""})
            self._search_from.pop(subnet_id, None)

    def _claim(self, port_id: str, fixed_ips: Sequence[FixedIp]) -> None:
        for position, fixed_ip in enumerate(fixed_ips):
            row = {
                "subnet_id": fixed_ip.subnet_id,
                "ip_address": address_text(fixed_ip.ip_address),
                "port_id": port_id,
                "position": position,
            }
            try:
                self._connection.execute(_CLAIM, row)
            except exc.IntegrityError as error:
                raise IpAddressAlreadyAllocated(fixed_ip.ip_address, fixed_ip.subnet_id) from error

    def _release(self, port: Port) -> None:
        self._connection.execute(_RELEASE, {"of_port_id": port.id})
        for fixed_ip in port.fixed_ips:
            freed = {"of_id": fixed_ip.subnet_id, "address": address_text(fixed_ip.ip_address)}
            self._connection.execute(_LOWER_SEARCH_FROM, freed)
            self._search_from.pop(fixed_ip.subnet_id, None)

    def _remember_deleted(self, port_id: str) -> None:
        """Remember a port that a host has, and forget those of long ago."""
        moment = int(self._now.timestamp())
        self._connection.execute(_REMEMBER_DELETED, {"port_id": port_id, "deleted_at": moment})
        self._connection.execute(_FORGET_OLDEST, {"most": MAX_DELETED_PORTS})
        self._connection.execute(_FORGET_OLD, {"before": moment - DELETED_PORT_AGE_S})

    def _execute_for(self, resource: Resource, statement: Any, row: dict[str, Any]) -> None:
        try:
            self._connection.execute(statement, row)
        except exc.IntegrityError as error:
            raise _conflict(resource, violated_columns(error)) from error

    def _changed(self, resource: R) -> R:
        self._remember(Upserted(resource), type(resource), resource.id)
        return resource

    def _remember(self, change: Change, kind: type[Resource], resource_id: str) -> None:
        self._changes.pop((kind, resource_id), None)
        self._changes[kind, resource_id] = change
        self._known.pop((kind, resource_id), None)
        if kind is Subnet:
            self._known_subnets.clear()


def _conflict(resource: Resource, columns: frozenset[str]) -> Conflict:
    """Name the constraint that a resource violates as Neutron does."""
    match resource:
        case Port() if "mac_address" in columns:
            return MacAddressInUse(resource.network_id, resource.mac_address)
        case Network(segmentation_id=None):
            return FlatNetworkInUse(resource.physical_network)
        case Network():
            return VlanIdInUse(resource.segmentation_id, resource.physical_network)
    return Conflict(f"{type(resource).__name__} {resource.id} contradicts {', '.join(sorted(columns))}.")
