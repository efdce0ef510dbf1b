"""Whether a frame that was followed comes to a port, and where it stops if it does not. PURE."""

from osken_apps.explain.cause import Case, Evidence, Found
from osken_apps.explain.facts import PortSeen, Source
from osken_apps.openflow.fields import Field
from osken_apps.pipeline.stage import Stage
from osken_apps.trace.result import Hop, Trace, Way

BETWEEN_HOSTS = (Way.WIRE, Way.TUNNEL)


def is_delivered(case: Case, path: Trace | None, to: PortSeen | None) -> bool | None:
    """Tell whether a path ends at a port; None: it was not followed, or not so far.

    At a DHCP server ends what is answered for it.
    """
    if path is not None and to is not None and to.is_dhcp_server:
        return _is_answered(case, path)
    if path is None or to is None or to.place is None:
        return None
    is_followed = any(host.name == to.place.host for host in case.paths.hosts)
    if not is_followed and any(leaving.way in BETWEEN_HOSTS for leaving in path.exits):
        return None
    return path.delivered_to(to.place.host, to.place.interface)


def _is_answered(case: Case, path: Trace) -> bool:
    """Tell whether a flow sends an answer back to who asked, or the controller does."""
    place = case.facts.port.place
    is_back = place is not None and path.delivered_to(place.host, place.interface)
    return is_back or any(leaving.way is Way.CONTROLLER for leaving in path.exits)


def stop_of(path: Trace, to: PortSeen | None) -> tuple[Hop, str]:
    """Give where a frame that is not delivered stops, and why: of several copies, the one for the port."""
    place = to.place if to else None
    stops = [(path.hops[stop.hop], stop.why) for stop in path.stops]
    there = [(hop, why) for hop, why in stops if place and hop.host == place.host]
    own = [(hop, why) for hop, why in there if place and hop.frame.number(Field.REG7) == place.ofport]
    return (own or there or stops or [(path.hops[-1], path.hops[-1].meaning)])[-1]


def stopped_by(case: Case, path: Trace | None, to: PortSeen | None, within: tuple[Stage, ...]) -> Hop | None:
    """Give where a frame that does not come to a port stops, if no flow of one of these stages takes it."""
    if path is None or is_delivered(case, path, to) is not False:
        return None
    hop, _ = stop_of(path, to)
    return hop if hop.flow is None and hop.stage in within else None


def arrives(case: Case) -> bool:
    """Tell whether what the port sends is known to come to its peer."""
    return bool(is_delivered(case, case.paths.forward, case.peer))


def stops_in(case: Case, path: Trace | None, to: PortSeen | None) -> Found | None:
    """Find where a frame that does not come to a port stops: `flow_foreign`, if others' flow takes it."""
    if path is None or is_delivered(case, path, to) is not False:
        return None
    hop, why = stop_of(path, to)
    foreign = next((other for other in path.hops if other.flow and not other.rule), None)
    at = foreign or hop
    words = {"bridge": at.bridge, "host": at.host, "table": str(at.table_id), "why": why.rstrip(".")}
    words["flow"] = at.taken_by
    if foreign is None and any(leaving.way is Way.WIRE for leaving in path.exits):
        words["why"] = f"it leaves {path.exits[0].host}, and on {hop.host}: {words['why']}"
    says = f"table {at.table_id} of {at.bridge} on {at.host}: {words['flow']}"
    code = "flow_foreign" if foreign else ""
    return Found(words, (Evidence(says, Source.TRACE, case.facts.at),), code)
