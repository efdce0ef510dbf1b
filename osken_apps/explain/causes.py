"""All causes in their order: the first that holds is the verdict, the others that hold come with it. PURE."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from osken_apps.explain.addressing import SERVED, WANTED
from osken_apps.explain.asking import (
    ADDRESS_CHANGED,
    ASKING,
    CANNOT_TELL_ADDRESS,
    CONFLICT,
    EXPIRED,
    LINK_DOWN,
    MAC_DIFFERS,
    NAK_LOOP,
    NO_ARP,
    OFFERED_NOT_TAKEN,
    OTHER_SERVER,
    RELEASED,
)
from osken_apps.explain.cause import Case, Cause, Verdict, VerdictState, judged
from osken_apps.explain.counting import SILENT_NO_CLIENT, SILENT_OFF, TAGGED
from osken_apps.explain.facts import Facts
from osken_apps.explain.outside import OUTSIDE
from osken_apps.explain.paths import Paths, not_understood
from osken_apps.explain.plugging import DISTURBING, PLUGGING
from osken_apps.explain.reaching import COMMON, DELIVERED, OF_ANSWERS, OPEN, PASSING, PEER_ANSWERS
from osken_apps.explain.serving import DHCP_SERVER
from osken_apps.trace.result import Trace

#: Why a port has no address.
OF_AN_ADDRESS: tuple[Cause[Case], ...] = (
    DHCP_SERVER, *WANTED, *PLUGGING, *SERVED, *ASKING[:-1], *DISTURBING, CANNOT_TELL_ADDRESS,
)  # fmt: skip
#: Why a port does not reach an address that no port has.
OF_A_WAY_OUT: tuple[Cause[Case], ...] = (DHCP_SERVER, *PLUGGING, *OUTSIDE)
#: What keeps each of the two from talking, and is no matter of the way between them.
OF_AN_END = (CONFLICT, MAC_DIFFERS, NAK_LOOP, RELEASED, LINK_DOWN, EXPIRED, SILENT_OFF, NO_ARP)
#: What may, or may not: a machine can have its address from elsewhere.
OF_AN_END_PERHAPS = (ADDRESS_CHANGED, OFFERED_NOT_TAKEN, OTHER_SERVER, TAGGED, SILENT_NO_CLIENT)
EVERY_CAUSE: tuple[Cause[Case], ...] = (
    DHCP_SERVER, *WANTED, *COMMON, *PLUGGING, *SERVED, *PASSING, *ASKING[:-1], *DISTURBING,
    CANNOT_TELL_ADDRESS, *OPEN, *OUTSIDE,
)  # fmt: skip
ARRIVES = frozenset(cause.code for cause in (DELIVERED, PEER_ANSWERS, *OF_ANSWERS))
MAX_ALSO = 10
WORST = (VerdictState.BROKEN, VerdictState.UNKNOWN, VerdictState.OK)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer: the verdict, what else holds, the ways that were followed, and what could not be seen."""

    verdict: Verdict
    also: tuple[Verdict, ...] = ()
    path: Trace | None = None
    return_path: Trace | None = None
    unseen: tuple[str, ...] = ()


def explain_address(facts: Facts) -> Explanation:
    """Say why a port has no address, or that it has one."""
    case = Case(facts, Paths(facts), facts.port)
    found = [verdict for cause in OF_AN_ADDRESS if (verdict := judged(cause, case))]
    return _explanation(case, found, case.paths.request, None)


def explain_reach(facts: Facts) -> Explanation:
    """Say why a port does not reach its peer, or that it does.

    Where the two share both versions of IP and neither is asked for, what does not pass is the verdict, and
    the other one's comes with it.
    """
    told = sorted((_reach(one) for one in _by_version(facts)), key=lambda one: WORST.index(one.verdict.state))
    first, *others = told
    also = [verdict for one in others for verdict in (one.verdict, *one.also)]
    said = {verdict.sentence: verdict for verdict in (first.verdict, *also, *first.also)}
    return replace(first, also=tuple(said.values())[1 : MAX_ALSO + 1])


def _by_version(facts: Facts) -> Iterator[Facts]:
    """Give the question for each version of IP that is asked about, named where it may be another one."""
    pairs, shared = Paths(facts).pairs, Paths(replace(facts, asked=())).pairs
    if len(shared) < 2 or not pairs:
        yield facts
        return
    for pair in pairs:
        yield replace(facts, asked=pair, traffic=replace(facts.traffic, version=pair[0].version))


def _reach(facts: Facts) -> Explanation:
    case = Case(facts, Paths(facts), facts.port)
    found = list(_of_a_way(case))
    arrives = any(verdict.code in ARRIVES for verdict in found)
    return _explanation(case, found, case.paths.forward, case.paths.back if arrives else None)


def explain_outside(facts: Facts) -> Explanation:
    """Say whether a port has a way to an address that no port here has."""
    case = Case(facts, Paths(facts), facts.port)
    return _explanation(case, list(_judged(case, OF_A_WAY_OUT)), None, None)


def _of_a_way(case: Case) -> Iterator[Verdict]:
    yield from _judged(case, (DHCP_SERVER, *COMMON))
    yield from _judged(case, PLUGGING)
    yield from _of_peer(case, PLUGGING)
    yield from _judged(case, PASSING)
    yield from _judged(case, OF_AN_END)
    yield from _of_peer(case, OF_AN_END)
    yield from _judged(case, OPEN)
    yield from _judged(case, DISTURBING)
    yield from _of_peer(case, DISTURBING)
    yield from _judged(case, OF_AN_END_PERHAPS)
    yield from _of_peer(case, OF_AN_END_PERHAPS)


def _judged(case: Case, causes: tuple[Cause[Case], ...]) -> Iterator[Verdict]:
    return (verdict for cause in causes if (verdict := judged(cause, case)))


def _of_peer(case: Case, causes: tuple[Cause[Case], ...]) -> Iterator[Verdict]:
    """Give what is wrong with the other one."""
    if case.peer is not None:
        for verdict in _judged(replace(case, seen=case.peer), causes):
            yield replace(
                verdict,
                code=f"peer_{verdict.code}",
                sentence=f"{case.peer.called} is the trouble: {verdict.sentence}",
            )


def _explanation(
    case: Case, found: list[Verdict], path: Trace | None, return_path: Trace | None
) -> Explanation:
    verdict, *others = found
    also = [other for other in others if other.state is VerdictState.BROKEN]
    unseen = [*case.facts.unseen, *not_understood(case.paths.hosts), *(path.unseen if path else ())]
    if path and path.asked_connections:
        unseen.append(f"connections: it is assumed that {path.assumption.says}")
    if case.facts.behind and case.peer:
        unseen.append(f"what is behind {case.peer.called}")
    unseen.append("inside the machines, and the switches between the hosts")
    return Explanation(verdict, tuple(also[:MAX_ALSO]), path, return_path, tuple(dict.fromkeys(unseen)))
