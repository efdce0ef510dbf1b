"""What became of each port's requests: transactions, the lease, a declined address; bounded, in memory. PURE.

Owns the record that operators read. Knows no clock: times are seconds since the epoch and come as arguments.
`record` is called for every packet: it only keeps what it is given; the rest is worked out when it is read.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address

from osken_apps.dhcp.decide import AnswerReason, Decision, SilenceReason
from osken_apps.dhcp.message import MessageType
from osken_apps.dhcp.values import INFINITE_S

STEPS_OF_A_PORT = 32
#: How long a declined address is not offered; dnsmasq has the same. A renewal ends the conflict at once.
CONFLICT_STANDS_S = 600


class LeaseState(StrEnum):
    """What a lease is at the moment of reading."""

    BOUND = "bound"
    RELEASED = "released"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Lease:
    """The last lease of a port. `ends_at` is None for one without end."""

    address: IPv4Address
    state: LeaseState
    since: float
    renewed_at: float
    ends_at: float | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """An address that the client found in use by another machine."""

    address: IPv4Address
    declined_at: float
    stands_until: float


@dataclass(frozen=True, slots=True)
class Step:
    """One request and what was done about it."""

    at: float
    decision: Decision


@dataclass(frozen=True, slots=True)
class Transaction:
    """The steps that follow each other under one transaction id."""

    xid: int
    steps: tuple[Step, ...]


@dataclass(slots=True)
class _Account:
    """What is kept of one port."""

    steps: deque[tuple[float, Decision]] = field(default_factory=lambda: deque(maxlen=STEPS_OF_A_PORT))
    bound_since: float = 0.0
    bound: tuple[float, Decision] | None = None
    released: bool = False
    declined: tuple[float, Decision] | None = None


class Ledger:
    """The record of all ports, by port id."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._accounts: dict[str, _Account] = {}

    def record(self, port_id: str, decision: Decision, now: float) -> bool:
        """Keep what was decided; True when the port's lease or conflict changed with it."""
        account = self._accounts.get(port_id)
        if account is None:
            account = self._accounts[port_id] = _Account()
        account.steps.append((now, decision))
        if decision.sent is MessageType.ACK or decision.sent is None:
            return _change(account, decision, now)
        return False

    def forget(self, port_id: str) -> None:
        """Forget a port that is no more."""
        self._accounts.pop(port_id, None)

    def keep_only(self, port_ids: Iterable[str]) -> None:
        """Forget all other ports."""
        for port_id in self._accounts.keys() - set(port_ids):
            del self._accounts[port_id]

    def lease(self, port_id: str, now: float) -> Lease | None:
        """Give the last lease of a port, if it ever had one."""
        account = self._accounts.get(port_id)
        if account is None or account.bound is None:
            return None
        renewed_at, decision = account.bound
        if decision.address is None or decision.lease_time_s is None:
            return None
        infinite = decision.lease_time_s == INFINITE_S
        ends_at = None if infinite else renewed_at + decision.lease_time_s
        state = LeaseState.BOUND if ends_at is None or now < ends_at else LeaseState.EXPIRED
        if account.released:
            state = LeaseState.RELEASED
        return Lease(decision.address, state, account.bound_since, renewed_at, ends_at)

    def conflict(self, port_id: str, now: float) -> Conflict | None:
        """Give the conflict that stands about a port's address."""
        account = self._accounts.get(port_id)
        if account is None or account.declined is None:
            return None
        declined_at, decision = account.declined
        stands_until = declined_at + CONFLICT_STANDS_S
        if decision.address is None or now >= stands_until:
            return None
        return Conflict(decision.address, declined_at, stands_until)

    def transactions(self, port_id: str) -> tuple[Transaction, ...]:
        """Give the last transactions of a port, the latest first."""
        account = self._accounts.get(port_id)
        found: list[list[Step]] = []
        for at, decision in account.steps if account else ():
            if not found or found[-1][0].decision.xid != decision.xid:
                found.append([])
            found[-1].append(Step(at, decision))
        return tuple(Transaction(steps[0].decision.xid, tuple(steps)) for steps in reversed(found))


def _change(account: _Account, decision: Decision, now: float) -> bool:
    """Follow the lease and the conflict of a port; tell whether either changed."""
    match decision.reason:
        case SilenceReason.RELEASED:
            changed = account.bound is not None and not account.released
            account.released = True
            return changed
        case SilenceReason.DECLINED:
            account.declined, account.released = (now, decision), True
            return True
        case AnswerReason.RENEWED | AnswerReason.REBOUND:
            account.declined = None
    if decision.sent is not MessageType.ACK or decision.reason is AnswerReason.INFORMED:
        return False
    if account.bound is None or account.released or account.bound[1].address != decision.address:
        account.bound_since = now
    account.bound, account.released = (now, decision), False
    return True
