"""How long a lease is, when its client renews it (T1) and when it asks any server (T2). PURE.

Owns which of them agree, and what those are that nobody gave. All are seconds, under their options' numbers.
Source: RFC 2131 section 4.4.5.
"""

from collections.abc import Mapping

from osken_apps.dhcp.dnsmasq_values import INFINITE_S
from osken_apps.dhcp.options import Option

#: Told to every client that is given an address: without them it has no lease to keep.
LEASE = (Option.LEASE_TIME, Option.RENEWAL_TIME, Option.REBINDING_TIME)


def lease_times(given: Mapping[int, int]) -> dict[int, int]:
    """Give T1 and T2 of a lease: as given, the other one to fit; the usual ones if those do not agree."""
    lease_s = given[Option.LEASE_TIME]
    fitting = _fitting(lease_s, given.get(Option.RENEWAL_TIME), given.get(Option.REBINDING_TIME))
    t1_s, t2_s = fitting or _usual(lease_s)
    return {Option.RENEWAL_TIME: t1_s, Option.REBINDING_TIME: t2_s}


def times_agree(given: Mapping[int, int]) -> bool:
    """Tell whether T1 comes before T2 and T2 before the lease's end, as far as they are given."""
    lease_s = given.get(Option.LEASE_TIME, INFINITE_S)
    return _fitting(lease_s, given.get(Option.RENEWAL_TIME), given.get(Option.REBINDING_TIME)) is not None


def _usual(lease_s: int) -> tuple[int, int]:
    """Give half and seven eighths of a lease."""
    return (INFINITE_S, INFINITE_S) if lease_s == INFINITE_S else (lease_s // 2, lease_s * 7 // 8)


def _fitting(lease_s: int, t1_s: int | None, t2_s: int | None) -> tuple[int, int] | None:
    """Give T1 and T2: in place of None the usual one, or one that fits the other, if there is one."""
    usual_t1_s, usual_t2_s = _usual(lease_s)
    if t2_s is None:
        t2_s = usual_t2_s
        if t1_s is not None and not _before(t1_s, t2_s):
            t2_s = (t1_s + lease_s) // 2
    if t1_s is None:
        t1_s = usual_t1_s if _before(usual_t1_s, t2_s) else t2_s * 4 // 7
    return (t1_s, t2_s) if _before(t1_s, t2_s) and _before(t2_s, lease_s) else None


def _before(earlier_s: int, later_s: int) -> bool:
    return earlier_s < later_s or earlier_s == later_s == INFINITE_S
