"""What becomes of a frame that comes in at an interface, as a verdict. PURE."""

from osken_apps.explain.cause import Certainty, Evidence, State, Verdict
from osken_apps.explain.causes import Explanation
from osken_apps.explain.facts import FrameFacts, Source
from osken_apps.explain.paths import not_understood, traced_hosts
from osken_apps.explain.words import listed
from osken_apps.trace.connections import Assumption
from osken_apps.trace.frame import Frame
from osken_apps.trace.result import Exit, Trace, Way
from osken_apps.trace.tracer import trace


def explain_frame(facts: FrameFacts, frame: Frame, assumption: Assumption) -> Explanation:
    """Say what happens to a frame."""
    hosts = traced_hosts(facts.layout, facts.hosts.values(), facts.ports)
    known = {host.name: host for host in hosts}
    if facts.ofport is None or facts.host not in known or facts.bridge not in known[facts.host].bridges:
        sentence = f"What {facts.host} does with it cannot be told: it has not shown such an interface."
        return Explanation(Verdict("cannot_tell", State.UNKNOWN, Certainty.CERTAIN, sentence, ""))
    path = trace(hosts, facts.host, facts.bridge, facts.ofport, frame, assumption)
    unseen = [*facts.unseen, *not_understood(hosts), *path.unseen]
    if path.asked_connections:
        unseen.append(f"connections: it is assumed that {assumption.says}")
    return Explanation(_verdict(facts, path), path=path, unseen=tuple(unseen))


def _verdict(facts: FrameFacts, path: Trace) -> Verdict:
    says = f"{len(path.hops)} lookups on {listed(dict.fromkeys(hop.host for hop in path.hops))}"
    evidence = (Evidence(says, Source.TRACE, facts.at),)

    def verdict(code: str, state: State, sentence: str) -> Verdict:
        return Verdict(code, state, Certainty.CERTAIN, sentence, "", evidence)

    delivered = [leaving for leaving in path.exits if leaving.way is Way.PORT]
    if any(leaving.way is Way.CONTROLLER for leaving in path.exits):
        return verdict("to_the_controller", State.OK, "It goes to the controller.")
    if delivered:
        return verdict("delivered", State.OK, f"It goes to {listed(map(_named, delivered))}.")
    if path.exits and not path.stops:
        return verdict("leaves", State.OK, f"It leaves by {listed(map(_named, path.exits))}.")
    stop = path.stops[-1] if path.stops else None
    hop = path.hops[stop.hop if stop else -1]
    why = (stop.why if stop else hop.meaning).rstrip(".")
    sentence = f"It stops in table {hop.table_id} of {hop.bridge} on {hop.host}: {why}."
    return verdict("stops", State.BROKEN, sentence)


def _named(leaving: Exit) -> str:
    vlan = f" with VLAN {leaving.frame.vlans[0]}" if leaving.frame.vlans else ""
    return f"{leaving.port.name if leaving.port else 'the controller'} of {leaving.host}{vlan}"
