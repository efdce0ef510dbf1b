"""Causes that switches show by what they count, and by where a request of a port would go. PURE."""

from osken_apps.explain.cause import Case, Cause, Certainty, Evidence, Found, answers_arp
from osken_apps.explain.facts import Source
from osken_apps.openflow.fields import Field
from osken_apps.openflow.wire import FlowKey
from osken_apps.pipeline.features.dhcp import (
    DHCP_BROADCAST,
    DHCP_UNICAST,
    GUARDED_DHCP_BROADCAST,
    GUARDED_DHCP_UNICAST,
)
from osken_apps.pipeline.features.port_security import GUARDED_TAGGED
from osken_apps.trace.lookup import read_match
from osken_apps.trace.result import Way

ASKED = frozenset(
    rule.cookie for rule in (DHCP_BROADCAST, DHCP_UNICAST, GUARDED_DHCP_BROADCAST, GUARDED_DHCP_UNICAST)
)


def _request_stops(case: Case) -> Found | None:
    """Find that a request of the client would not reach the controller."""
    if case.seen is not case.facts.port:
        return None
    path = case.paths.request
    if path is None or any(leaving.way is Way.CONTROLLER for leaving in path.exits):
        return None
    first = path.hops[0]
    last = [hop for hop in path.hops if (hop.host, hop.bridge) == (first.host, first.bridge)][-1]
    why = path.stops[-1].why if path.stops else last.meaning
    stop = next((hop for hop in path.hops if hop.flow and not hop.rule), last)
    words = {"bridge": stop.bridge, "host": stop.host, "table": str(stop.table_id), "why": why}
    words["flow"] = stop.taken_by
    says = f"a DISCOVER of {case.seen.called} is taken in table {stop.table_id} by: {words['flow']}"
    foreign = stop.flow is not None and stop.rule is None
    return Found(words, (Evidence(says, Source.TRACE, case.facts.at),), "flow_foreign" if foreign else "")


TAGGED_FRAMES = frozenset({GUARDED_TAGGED.cookie})


def _asked(case: Case) -> int | None:
    """Give how many packets of the port the flows for its DHCP have taken; None: not known."""
    return _taken(case, ASKED)


def _taken(case: Case, cookies: frozenset[int]) -> int | None:
    """Give how many packets of the port flows with these cookies have taken; None: not known."""
    host, place = case.host, case.seen.place
    if host is None or place is None:
        return None
    known = host.installed.get(case.facts.layout.integration_bridge)
    if known is None or known.value is None:
        return None
    flows = [flow for flow in known.value if flow.body.cookie in cookies]
    mine = [flow for flow in flows if _in_port(flow.key) == place.ofport]
    return sum(flow.packets for flow in mine)


def _in_port(key: FlowKey) -> int | None:
    wanted = read_match(key.match) or []
    return next((number for field, number, _ in wanted if field is Field.IN_PORT), None)


def _not_arriving(case: Case) -> Found | None:
    asked = _asked(case)
    if not asked or case.seen.journal.entries or case.seen.journal.lease_event:
        return None
    says = f"the flows for its DHCP have taken {asked} packets"
    return Found({"packets": str(asked)}, (Evidence(says, Source.OPENFLOW, case.facts.at),))


def _metered(case: Case) -> Found | None:
    counted = case.seen.counted
    if counted is None or counted.value is None or not counted.value.dropped:
        return None
    dropped = counted.value.dropped
    says = f"the meter of {case.seen.called} has dropped {dropped} packets"
    return Found({"dropped": str(dropped)}, (Evidence(says, Source.OPENFLOW, counted.seen_at),))


def _host_metered(case: Case) -> Found | None:
    """Find that requests of the port may be among those that its bridge's meter has dropped."""
    counted, place = case.seen.counted, case.seen.place
    if counted is None or counted.value is None or place is None or not _asked(case):
        return None
    dropped = counted.value.dropped_of_all
    if not dropped or case.seen.journal.entries or case.seen.journal.lease_event:
        return None
    says = f"the meter of all ports of {place.host} has dropped {dropped} packets"
    words = {"dropped": str(dropped), "host": place.host}
    return Found(words, (Evidence(says, Source.OPENFLOW, counted.seen_at),))


def _silent(case: Case) -> tuple[int, float] | None:
    """Give how many packets came from a machine that has asked nothing, and when they were counted."""
    counted = case.seen.counted
    if case.seen.journal.entries or case.seen.journal.lease_event:
        return None
    return (counted.value.received, counted.seen_at) if counted and counted.value else None


def _tagged(case: Case) -> Found | None:
    """Find that a guarded machine sends tagged frames; those of an unguarded one nobody counts."""
    silent = _silent(case)
    tagged = _taken(case, TAGGED_FRAMES)
    if silent is None or not tagged:
        return None
    says = f"the flow that drops tagged frames of {case.seen.called} has taken {tagged}"
    return Found({"packets": str(tagged)}, (Evidence(says, Source.OPENFLOW, silent[1]),))


def _silent_off(case: Case) -> Found | None:
    silent = _silent(case)
    if silent is None or silent[0] or answers_arp(case.seen):
        return None
    says = f"0 packets came from {case.seen.called}"
    return Found(evidence=(Evidence(says, Source.OPENFLOW, silent[1]),))


def _silent_no_client(case: Case) -> Found | None:
    silent, asked = _silent(case), _asked(case)
    if silent is None or not silent[0] or asked is None or asked or answers_arp(case.seen):
        return None
    says = f"{silent[0]} packets came from {case.seen.called}, and none was a DHCP request from its address"
    mac = str(case.seen.port.mac_address)
    return Found({"packets": str(silent[0]), "mac": mac}, (Evidence(says, Source.OPENFLOW, silent[1]),))


REQUEST_STOPS = Cause(
    "request_stops", "A DHCP request of {port} does not reach the controller: in table {table} of {bridge} on"
    " {host}, {flow} takes it",
    "osken-net diff {host}", "a request followed through the flows that the host has", _request_stops,
    is_operators=True,
)  # fmt: skip
NOT_ARRIVING = Cause(
    "not_arriving", "{packets} DHCP packets of {port} have passed its switch and none has reached the"
    " controller: they are dropped by a meter, or were sent before it started",
    "look at dropped_by_meters of the host's agent", "what flows have counted, and the journal",
    _not_arriving, certainty=Certainty.LIKELY, is_operators=True,
)  # fmt: skip
METERED = Cause(
    "metered", "{port}'s machine has sent more DHCP packets a second than a port may: {dropped} were"
    " dropped",
    "look for a client that asks again and again; [dhcp] port_rate is how many it may send",
    "what the port's meter has counted", _metered, certainty=Certainty.LIKELY, is_operators=True,
)  # fmt: skip
HOST_METERED = Cause(
    "host_metered", "The ports of {host} together have sent more DHCP packets a second than a host may:"
    " {dropped} were dropped, and nothing of {port} came to the controller",
    "look for what asks again and again there (osken-net dhcp --host {host}); [dhcp] bridge_rate is how many"
    " may be sent", "what the bridge's meter has counted, and the journal", _host_metered,
    certainty=Certainty.LIKELY, is_operators=True,
)  # fmt: skip
SILENT_OFF = Cause(
    "silent_off", "{port}'s machine has sent nothing at all: it is off, or its device is not up",
    "start it, and look at its console", "what the switch has counted of the port", _silent_off,
    certainty=Certainty.LIKELY,
)  # fmt: skip
SILENT_NO_CLIENT = Cause(
    "silent_no_client", "{port}'s machine has sent {packets} packets and no DHCP request from {mac}: it has"
    " no client, an address of its own, or another MAC address",
    "look inside the machine: its DHCP client, and whether its address is {mac}",
    "what the switch has counted of the port and of its DHCP", _silent_no_client,
    certainty=Certainty.LIKELY,
)  # fmt: skip
TAGGED = Cause(
    "tagged", "{port}'s machine has sent {packets} frames with a VLAN tag, which are dropped: its port is an"
    " access port of {network}",
    "have the machine send without tags, or give it a port of its own for each network",
    "what the flow that drops tagged frames has counted", _tagged, certainty=Certainty.LIKELY,
)  # fmt: skip
