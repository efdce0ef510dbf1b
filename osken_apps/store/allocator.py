"""What is given out in a transaction: ids, VLAN ids, MAC addresses, addresses that nobody has. SHELL.

The rules are `model.allocation`'s; here is how the database is asked, so that giving out one of many costs as
much as giving out one of few. The write lock keeps others from getting the same.
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, select, update

from osken_apps.errors import MacAddressGenerationFailure, NoNetworkAvailable
from osken_apps.model.addresses import IPAddress, MacAddress
from osken_apps.model.allocation import first_free, generated_mac
from osken_apps.model.resources import FixedIp, Subnet
from osken_apps.networking.left_segments import LeftSegment
from osken_apps.networking.physical import Pool
from osken_apps.store import left_segments
from osken_apps.store.address_text import address_text
from osken_apps.store.cache import Cache
from osken_apps.store.tables import COUNTERS, FIXED_IPS, NETWORKS, PORTS, SUBNETS
from osken_apps.store.view import View

MAC_ATTEMPTS = 64
ADDRESSES_A_LOOK = 64
SEARCH_STEP = 32

_IN_POOL = (
    NETWORKS.c.network_type == bindparam("network_type"),
    NETWORKS.c.physical_network == bindparam("physical_network"),
    NETWORKS.c.segmentation_id.between(bindparam("first"), bindparam("last")),
)
_TAKEN_OF_POOL = select(
    func.count().label("taken"), func.max(NETWORKS.c.segmentation_id).label("highest")
).where(*_IN_POOL)
_ALL_OF_POOL = select(NETWORKS.c.segmentation_id).where(*_IN_POOL)
_IS_FIRST_TAKEN = exists().where(
    NETWORKS.c.network_type == bindparam("network_type"),
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
            _FOLLOWING.c.network_type == NETWORKS.c.network_type,
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
# Groups and rules are told apart by numbers of one row: flows hang on them.
_NUMBERED = COUNTERS.c.name == "security"
_LAST_NUMBER = select(COUNTERS.c.last).where(_NUMBERED)
_KEEP_LAST_NUMBER = update(COUNTERS).where(_NUMBERED).values(last=bindparam("number"))
_MAC_ADDRESS = select(PORTS.c.id).where(PORTS.c.mac_address == bindparam("mac_address"))


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a transaction gets what no function can compute: the time and randomness."""

    now: Callable[[], datetime]
    random_bits: Callable[[int], int]
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())


class Allocator(View):
    """Gives out what is free, as this transaction sees it."""

    def __init__(self, connection: Connection, cache: Cache, sources: Sources) -> None:
        super().__init__(connection, cache)
        self._sources = sources
        # Where the search for a free address of a subnet starts, and what the database holds of that.
        self._search_from: dict[str, str] = {}
        self._stored_search_from: dict[str, str] = {}
        self._last_number: int | None = None  # None: none was given out here

    def new_id(self) -> str:
        """Give an id that no resource has had."""
        return self._sources.new_id()

    def new_number(self) -> int:
        """Give a number > 0 that no group or rule has had."""
        if self._last_number is None:
            self._last_number = int(self._connection.execute(_LAST_NUMBER).scalar_one())
        self._last_number += 1
        return self._last_number

    def keep_numbers(self) -> None:
        """Note in the database which numbers were given out."""
        if self._last_number is not None:
            self._connection.execute(_KEEP_LAST_NUMBER, {"number": self._last_number})
            self._last_number = None

    def free_segment(
        self, pools: Sequence[Pool], besides: Collection[tuple[str, int]] = ()
    ) -> tuple[Pool, int]:
        """Give the first pool with a free id, and the lowest such, as long as there are others besides these
        VLANs, by physical network. Raises NoNetworkAvailable.
        """
        for unwanted in (besides, ()) if besides else ((),):
            for pool in pools:
                segmentation_id = self._free_segmentation_id(pool)
                if (pool.physical_network, segmentation_id) in unwanted:
                    segmentation_id = self._free_beside(pool, unwanted)
                if segmentation_id <= pool.last:
                    return pool, segmentation_id
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

    def freed(self, fixed_ips: Iterable[FixedIp]) -> None:
        """Note that addresses are free again."""
        lowest: dict[str, str] = {}
        for fixed_ip in fixed_ips:
            address = address_text(fixed_ip.ip_address)
            lowest[fixed_ip.subnet_id] = min(address, lowest.get(fixed_ip.subnet_id, address))
            self._search_from.pop(fixed_ip.subnet_id, None)
        bounds = [{"of_id": subnet_id, "address": address} for subnet_id, address in lowest.items()]
        self._connection.execute(_LOWER_SEARCH_FROM, bounds)

    def search_again(self, subnet_id: str) -> None:
        """Note that the pools of a subnet are others now."""
        self._connection.execute(_SET_SEARCH_FROM, {"of_id": subnet_id, "address": ""})
        self._search_from.pop(subnet_id, None)

    def left_by(self, hosts: Collection[str]) -> list[LeftSegment]:
        """Give the VLANs in which these hosts had ports that are there no more."""
        return left_segments.left_by(self._connection, hosts)

    def _free_beside(self, pool: Pool, unwanted: Collection[tuple[str, int]]) -> int:
        """Give the lowest free id of a pool that is not one of these, or one beyond its end."""
        taken = set(self._connection.scalars(_ALL_OF_POOL, _bounds(pool)))
        wanted = (
            number
            for number in range(pool.first, pool.last + 1)
            if number not in taken and (pool.physical_network, number) not in unwanted
        )
        return next(wanted, pool.last + 1)

    def _free_segmentation_id(self, pool: Pool) -> int:
        """Give the lowest free id of a pool, or one beyond its end."""
        bounds = _bounds(pool)
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


def _bounds(pool: Pool) -> dict[str, Any]:
    return {
        "network_type": pool.network_type,
        "physical_network": pool.physical_network,
        "first": pool.first,
        "last": pool.last,
    }
