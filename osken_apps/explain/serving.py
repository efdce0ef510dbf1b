"""Causes of a DHCP server: nothing is plugged in for it, flows and the controller answer for it. PURE."""

from osken_apps.dhcp.reply import SERVER_PORT
from osken_apps.explain.arriving import is_delivered
from osken_apps.explain.cause import Case, Cause, Certainty, Evidence, Found, VerdictState
from osken_apps.explain.facts import PortSeen, Source
from osken_apps.trace.result import Way


def _says(case: Case, seen: PortSeen) -> Evidence:
    return case.store(f"device_owner of port {seen.called} is {seen.port.device_owner}")


def _dhcp_server(case: Case) -> Found | None:
    return Found(evidence=(_says(case, case.seen),)) if case.seen.is_dhcp_server else None


def not_served(case: Case) -> Found | None:
    """Find that the peer is a DHCP server, which answers to nothing of the kind that is asked about."""
    peer, traffic, common = case.peer, case.facts.traffic, case.paths.common
    if peer is None or not peer.is_dhcp_server or common is None:
        return None
    is_served = traffic.protocol == "icmp" or (traffic.protocol, traffic.port) == ("udp", SERVER_PORT)
    return None if is_served and common[1].version == 4 else Found(evidence=(_says(case, peer),))


def _answered(case: Case) -> Found | None:
    peer, path = case.peer, case.paths.forward
    if peer is None or path is None or not peer.is_dhcp_server or not is_delivered(case, path, peer):
        return None
    to_controller = any(leaving.way is Way.CONTROLLER for leaving in path.exits)
    hop = path.hops[-1]
    words = {"by": "the controller" if to_controller else f"a flow of {hop.host}"}
    says = f"table {hop.table_id} of {hop.bridge} on {hop.host}: {hop.taken_by}"
    return Found(words, (Evidence(says, Source.TRACE, case.facts.at), _says(case, peer)))


DHCP_SERVER = Cause(
    "dhcp_server", "{port} is the DHCP server of {network}: the hosts' flows and the controller answer for"
    " it, it sends nothing else, and nothing is plugged in for it",
    "", "the port's device_owner", _dhcp_server, VerdictState.OK,
)  # fmt: skip
NOT_SERVED = Cause(
    "not_served", "{peer} is the DHCP server of {network}, which answers ARP, ping and DHCP, all over IPv4,"
    " and does not answer {traffic}",
    "", "the peer's device_owner", not_served,
)  # fmt: skip
ANSWERED = Cause(
    "answered", "{traffic} from {port} is answered for {peer}, the DHCP server of {network}, by {by}",
    "", "the frame followed through the flows that the hosts have", _answered, VerdictState.OK,
    Certainty.LIKELY,
)  # fmt: skip
