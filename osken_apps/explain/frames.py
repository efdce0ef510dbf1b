"""What becomes of a frame that comes in at an interface, as a verdict. PURE."""

from collections.abc import Mapping
from dataclasses import dataclass

from osken_apps.explain.cause import Cause, Evidence, Found, VerdictState, judged
from osken_apps.explain.causes import Explanation
from osken_apps.explain.facts import FrameFacts, Source
from osken_apps.explain.paths import not_understood, traced_hosts
from osken_apps.explain.words import listed
from osken_apps.openflow.fields import Field
from osken_apps.trace.connections import Assumption
from osken_apps.trace.frame import Frame
from osken_apps.trace.normal import RESERVED
from osken_apps.trace.result import Exit, Trace, Way
from osken_apps.trace.tracer import trace


@dataclass(frozen=True, slots=True)
class FrameCase:
    """What a cause is asked of: a frame, and its way; None: it was not followed."""

    facts: FrameFacts
    frame: Frame
    path: Trace | None

    @property
    def words(self) -> Mapping[str, str]:
        """What sentences call the things that are asked about."""
        return {"host": self.facts.host}

    def found(self, words: Mapping[str, str]) -> Found:
        """Give that a cause holds, because of the way that the frame took."""
        hops = self.path.hops if self.path else ()
        says = f"{len(hops)} lookups on {listed(dict.fromkeys(hop.host for hop in hops))}"
        return Found(words, (Evidence(says, Source.TRACE, self.facts.at),))


def explain_frame(facts: FrameFacts, frame: Frame, assumption: Assumption) -> Explanation:
    """Say what happens to a frame."""
    hosts = traced_hosts(facts.layout, facts.hosts.values(), facts.ports)
    known = {host.name: host for host in hosts}
    path, unseen = None, [*facts.unseen, *not_understood(hosts)]
    if facts.ofport is not None and facts.host in known and facts.bridge in known[facts.host].bridges:
        path = trace(hosts, facts.host, facts.bridge, facts.ofport, frame, assumption)
        unseen += path.unseen
        if path.asked_connections:
            unseen.append(f"connections: it is assumed that {assumption.says}")
    case = FrameCase(facts, frame, path)
    verdict = next(verdict for cause in OF_A_FRAME if (verdict := judged(cause, case)))
    return Explanation(verdict, path=path, unseen=tuple(unseen))


def _cannot_tell(case: FrameCase) -> Found | None:
    return Found() if case.path is None else None


def _to_the_controller(case: FrameCase) -> Found | None:
    exits = case.path.exits if case.path else ()
    return case.found({}) if any(leaving.way is Way.CONTROLLER for leaving in exits) else None


def _delivered(case: FrameCase) -> Found | None:
    delivered = [leaving for leaving in _exits(case) if leaving.way is Way.PORT]
    return case.found({"to": listed(map(_named, delivered))}) if delivered else None


def _leaves(case: FrameCase) -> Found | None:
    exits = _exits(case)
    return case.found({"by": listed(map(_named, exits))}) if exits else None


def _exits(case: FrameCase) -> list[Exit]:
    """Give where a frame comes out, but for the bridges' own devices, which hear whatever is flooded."""
    exits = case.path.exits if case.path else ()
    return [leaving for leaving in exits if not leaving.port or leaving.port.name != leaving.bridge]


def _reserved_mac(case: FrameCase) -> Found | None:
    receiver = case.frame.number(Field.ETH_DST)
    found = _stops(case)
    if found is None or receiver not in RESERVED:
        return None
    mac = ":".join(f"{octet:02x}" for octet in receiver.to_bytes(6, "big"))
    return Found({**found.words, "mac": mac}, found.evidence)


def _stops(case: FrameCase) -> Found | None:
    path = case.path
    if path is None:
        return None
    stop = path.stops[-1] if path.stops else None
    hop = path.hops[stop.hop if stop else -1]
    why = (stop.why if stop else hop.meaning).rstrip(".")
    words = {"table": str(hop.table_id), "bridge": hop.bridge, "host": hop.host, "why": why}
    return case.found({**words, "by": hop.taken_by})


def _named(leaving: Exit) -> str:
    vlan = f" with VLAN {leaving.frame.vlans[0]}" if leaving.frame.vlans else ""
    return f"{leaving.port.name if leaving.port else 'the controller'} of {leaving.host}{vlan}"


_SEEN_IN = "the frame followed through the flows that the hosts have"
#: What becomes of a frame: the first that holds.
OF_A_FRAME: tuple[Cause[FrameCase], ...] = (
    Cause("cannot_tell", "What {host} does with it cannot be told: it has not shown such an interface", "",
          "the interfaces that the host has shown", _cannot_tell, VerdictState.UNKNOWN),
    Cause("to_the_controller", "It goes to the controller", "", _SEEN_IN, _to_the_controller,
          VerdictState.OK),
    Cause("delivered", "It goes to {to}", "", _SEEN_IN, _delivered, VerdictState.OK),
    Cause("leaves", "It leaves by {by}", "", _SEEN_IN, _leaves, VerdictState.OK),
    Cause("reserved_mac", "It stops in table {table} of {bridge} on {host}: frames to {mac} are never"
          " forwarded by a bridge (IEEE 802.1D, and others that keep addresses to themselves)", "",
          _SEEN_IN, _reserved_mac),
    Cause("stops", "It stops in table {table} of {bridge} on {host}: {why} ({by})", "", _SEEN_IN, _stops),
)  # fmt: skip
