"""Causes of two ports that do not reach each other: what they share, and where a frame stops. PURE."""

from dataclasses import replace

from osken_apps.explain.arriving import arrives, is_delivered, stopped_by, stops_in
from osken_apps.explain.cause import Case, Cause, Certainty, Evidence, Found, VerdictState, probed
from osken_apps.explain.facts import PortSeen, Source
from osken_apps.explain.paths import Counters
from osken_apps.explain.permitting import BACK, FORWARD, OF_GROUPS
from osken_apps.explain.serving import ANSWERED, NOT_SERVED, not_served
from osken_apps.explain.sizes import MTU
from osken_apps.explain.words import listed
from osken_apps.trace.normal import RESERVED


def _other_network(case: Case) -> Found | None:
    peer = case.peer
    if peer is None or peer.network.id == case.seen.network.id:
        return None
    says = f"{case.seen.called} is in {case.seen.network_called}, {peer.called} in {peer.network_called}"
    return Found({"other": peer.network_called}, (case.store(says),))


def _other_subnet(case: Case) -> Found | None:
    peer = case.peer
    if peer is None or case.paths.common is not None:
        return None
    addresses = _addresses(case, case.seen), _addresses(case, peer)
    says = f"{case.seen.called} has {addresses[0]}, {peer.called} has {addresses[1]}"
    return Found({"own": addresses[0], "others": addresses[1]}, (case.store(says),))


def _addresses(case: Case, seen: PortSeen) -> str:
    return listed(str(fixed_ip.ip_address) for fixed_ip in case.facts.meant(seen)) or "no address"


def _reserved_mac(case: Case) -> Found | None:
    """Find that one of the two has a MAC address that bridges keep to themselves."""
    for path, to in ((case.paths.forward, case.peer), (case.paths.back, case.seen)):
        if to and int(to.port.mac_address) in RESERVED and is_delivered(case, path, to) is False:
            words = {"mac": str(to.port.mac_address), "whose": to.called, "whose_id": to.port.id}
            return Found(words, (case.store(f"mac_address of port {to.called} is {words['mac']}"),))
    return None


def _path_stops(case: Case) -> Found | None:
    if stopped_by(case, case.paths.forward, case.peer, OF_GROUPS):
        return None  # the groups are to blame
    if _reserved_mac(case) or not_served(case):
        return None
    return stops_in(case, case.paths.forward, case.peer)


def _return_path(case: Case) -> Found | None:
    if not arrives(case) or _reserved_mac(case):
        return None
    if stopped_by(case, case.paths.back, case.seen, OF_GROUPS):
        return None  # the groups are to blame
    found = stops_in(case, case.paths.back, case.seen)
    return found and replace(found, code="")


def _neighbor(case: Case) -> Found | None:
    """Find what keeps a machine from learning the other's MAC address, where all else passes."""
    own, peer = case.seen.place, case.peer
    if own is None or peer is None or not arrives(case) or not is_delivered(case, case.paths.back, case.seen):
        return None
    question = case.paths.question
    if question and question.delivered_to(own.host, own.interface):
        return None  # a flow has answered
    asks = f"{case.seen.called}'s question for the MAC address of {peer.called}"
    for path, to, what in (
        (question, peer, asks),
        (case.paths.told, case.seen, f"{peer.called}'s answer to {asks}"),
    ):
        if found := stops_in(case, path, to):
            words = {**found.words, "what": what, "by": _protocol(case)}
            return replace(found, code="", words=words)
    return None


def _protocol(case: Case) -> str:
    common = case.paths.common
    return "neighbor discovery" if common and common[0].version == 6 else "ARP"


def _wire(case: Case) -> Found | None:
    wire, peer, host = case.facts.wire, case.peer, case.host
    if wire is None or wire.value is not False or peer is None or peer.place is None or host is None:
        return None
    network = case.seen.network
    by = f"VLAN {network.segmentation_id}" if network.segmentation_id else "no VLAN"
    if network.network_type.is_tunnel:
        by = f"{network.network_type} {network.segmentation_id}"
    says = f"a frame of {case.seen.network_called} that left {host.name} did not come to {peer.place.host}"
    words = {"host": host.name, "other": peer.place.host, "by": by}
    return Found(words, (Evidence(says, Source.PROBE, wire.seen_at),))


def _peer_answers(case: Case) -> Found | None:
    answers = case.peer.answers if case.peer else None
    return _delivered(case) if answers and answers.value else None


def _delivered(case: Case) -> Found | None:
    there = is_delivered(case, case.paths.forward, case.peer)
    back = is_delivered(case, case.paths.back, case.seen)
    if not there or not back or case.paths.forward is None:
        return None
    hosts = list(dict.fromkeys(hop.host for hop in case.paths.forward.hops))
    counters = Counters(case.facts.hosts)
    counts = [counters.of(hop) or 0 for hop in case.paths.forward.hops if hop.flow]
    way = f"on {hosts[0]}" if len(hosts) == 1 else f"from {hosts[0]} to {hosts[-1]}"
    says = f"each of {len(counts)} flows on its way has taken {min(counts, default=0)} packets or more"
    answers = [item for seen in (case.seen, case.peer) if seen for item in probed(seen)]
    wire = case.facts.wire
    if wire and wire.value:
        answers.append(Evidence("a frame came from host to host", Source.PROBE, wire.seen_at))
    return Found({"way": way}, (Evidence(says, Source.TRACE, case.facts.at), *answers))


def _cannot_tell(case: Case) -> Found | None:
    both = [seen for seen in (case.seen, case.peer) if seen and not seen.is_dhcp_server]
    lost = [seen.called for seen in both if seen.place is None]
    why = f"where {listed(lost)} is, is not known" if lost else "its host has not shown itself yet"
    return Found({"why": why})


OTHER_NETWORK = Cause(
    "other_network", "{port} is in {network} and {peer} in {other}: nothing here joins the two",
    "put both into one network, or bring a router", "the networks of both", _other_network,
)  # fmt: skip
OTHER_SUBNET = Cause(
    "other_subnet", "{port} ({own}) and {peer} ({others}) have no address on a common subnet: they need a"
    " router between",
    "give both an address on one subnet, or bring a router", "the fixed_ips of both", _other_subnet,
)  # fmt: skip
RESERVED_MAC = Cause(
    "reserved_mac", "Frames to {mac}, which is {whose}'s MAC address, are never forwarded by a bridge (IEEE"
    " 802.1D, and others that keep addresses to themselves)",
    "unplug it, give it another one, and plug it in again: openstack port set --mac-address MAC {whose_id}",
    "the MAC addresses of both, and the frame followed through the flows that the hosts have", _reserved_mac,
)  # fmt: skip
PATH_STOPS = Cause(
    "path_stops", "{traffic} from {port} to {peer} stops in table {table} of {bridge} on {host}: {why}"
    " ({flow})",
    "osken-net diff {host}", "the frame followed through the flows that the hosts have", _path_stops,
    is_operators=True,
)  # fmt: skip
RETURN_PATH = Cause(
    "return_path", "{port} reaches {peer}, but the answer stops in table {table} of {bridge} on {host}:"
    " {why} ({flow})",
    "osken-net diff {host}", "the answer followed through the flows that the hosts have", _return_path,
    is_operators=True,
)  # fmt: skip
NEIGHBOR_STOPS = Cause(
    "neighbor_stops", "{traffic} from {port} would be delivered to {peer}, but {what} ({by}) stops in table"
    " {table} of {bridge} on {host}: {why} ({flow})",
    "osken-net diff {host}", "ARP or neighbor discovery followed through the flows that the hosts have",
    _neighbor, is_operators=True,
)  # fmt: skip
WIRE = Cause(
    "wire", "What leaves {host} with {by} does not come to {other}: what is between the hosts does not carry"
    " it",
    "look at the ports of the switches between {host} and {other}: do both carry {by}?",
    "a probe, where it is asked for", _wire, is_operators=True,
)  # fmt: skip
PEER_ANSWERS = Cause(
    "peer_answers_arp", "{traffic} from {port} is delivered to {peer} ({way}), which answers ARP: where no"
    " other answer comes, {peer} itself gives none",
    "look inside {peer}: its firewall, and what listens there",
    "both ways followed through the flows that the hosts have, and a probe", _peer_answers, VerdictState.OK,
    Certainty.LIKELY,
)  # fmt: skip
DELIVERED = Cause(
    "delivered", "{traffic} from {port} is delivered to {peer} ({way}), and an answer comes back",
    "if none comes, look inside {peer}: its firewall, what listens there, its address",
    "both ways followed through the flows that the hosts have", _delivered, VerdictState.OK, Certainty.LIKELY,
)  # fmt: skip
CANNOT_TELL = Cause(
    "cannot_tell", "Whether {port} reaches {peer} cannot be told: {why}", "", "what is known of both",
    _cannot_tell, VerdictState.UNKNOWN,
)  # fmt: skip

#: What two ports must have in common.
COMMON = (OTHER_NETWORK, OTHER_SUBNET)
#: Where what one sends to the other stops.
PASSING = (NOT_SERVED, *FORWARD, *BACK, RESERVED_MAC, PATH_STOPS, RETURN_PATH, NEIGHBOR_STOPS, WIRE)
#: What is said of a frame that arrives.
OF_ANSWERS = (*BACK, RETURN_PATH, NEIGHBOR_STOPS)
#: What is left where nothing stops it.
OPEN = (ANSWERED, MTU, PEER_ANSWERS, DELIVERED, CANNOT_TELL)
