"""Causes of two ports that do not reach each other: what they share, and where a frame stops. PURE."""

from dataclasses import replace

from osken_apps.explain.cause import Case, Cause, Certainty, Evidence, Found, VerdictState, probed
from osken_apps.explain.facts import PortSeen, Source
from osken_apps.explain.paths import Counters
from osken_apps.explain.sizes import MTU
from osken_apps.explain.words import listed
from osken_apps.openflow.fields import Field
from osken_apps.pipeline import stages
from osken_apps.pipeline.stage import Stage
from osken_apps.trace.normal import RESERVED
from osken_apps.trace.result import Hop, Trace, Way

OF_GROUPS = (
    stages.SENDER_GROUPS, stages.SENDER_VERDICT, stages.RECEIVER_GROUPS, stages.RECEIVER_VERDICT,
)  # fmt: skip
BETWEEN_HOSTS = (Way.WIRE, Way.TUNNEL)


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


def _reaches(case: Case, path: Trace | None, to: PortSeen | None) -> bool | None:
    """Tell whether a path ends at a port; None: it was not followed, or not so far."""
    if path is None or to is None or to.place is None:
        return None
    is_followed = any(host.name == to.place.host for host in case.paths.hosts)
    if not is_followed and any(leaving.way in BETWEEN_HOSTS for leaving in path.exits):
        return None
    return path.delivered_to(to.place.host, to.place.interface)


def _stop(path: Trace, to: PortSeen | None) -> tuple[Hop, str]:
    """Give where a frame that is not delivered stops, and why: of several copies, the one for the port."""
    place = to.place if to else None
    stops = [(path.hops[stop.hop], stop.why) for stop in path.stops]
    there = [(hop, why) for hop, why in stops if place and hop.host == place.host]
    own = [(hop, why) for hop, why in there if place and hop.frame.number(Field.REG7) == place.ofport]
    return (own or there or stops or [(path.hops[-1], path.hops[-1].meaning)])[-1]


def _in_stage(case: Case, path: Trace | None, to: PortSeen | None, within: tuple[Stage, ...]) -> Hop | None:
    if path is None or _reaches(case, path, to) is not False:
        return None
    hop, _ = _stop(path, to)
    return hop if hop.flow is None and hop.stage in within else None


def _group(case: Case, stage: Stage, whose: PortSeen | None, is_answer: bool = False) -> Found | None:
    """Find that the groups of a port stop what is sent, or its answer."""
    path, to = (case.paths.back, case.seen) if is_answer else (case.paths.forward, case.peer)
    hop = _in_stage(case, path, to, (stage,))
    if hop is None or whose is None:
        return None
    says = f"table {hop.table_id} of {hop.bridge} on {hop.host}: {hop.meaning} ({hop.frame.text()})"
    source = case.paths.common[int(is_answer)] if case.paths.common else ""
    words = {
        "groups": listed(whose.groups),
        "group": whose.groups[0] if whose.groups else "GROUP",
        "rule": _rule(case, is_answer),
        "address": str(source),
    }
    return Found(words, (Evidence(says, Source.TRACE, case.facts.at),))


def _rule(case: Case, is_answer: bool) -> str:
    """Give the options of a rule that lets the traffic pass; its answer goes to any port."""
    traffic, common = case.facts.traffic, case.paths.common
    is_ipv6 = common is not None and common[0].version == 6
    protocol = "ipv6-icmp" if is_ipv6 and traffic.protocol == "icmp" else traffic.protocol
    to = f" --dst-port {traffic.port}" if traffic.port and not is_answer else ""
    return ("--ethertype IPv6 " if is_ipv6 else "") + f"--protocol {protocol}{to}"


def _sender_groups(case: Case) -> Found | None:
    return _group(case, stages.SENDER_VERDICT, case.seen)


def _receiver_groups(case: Case) -> Found | None:
    return _group(case, stages.RECEIVER_VERDICT, case.peer)


def _answer_sender_groups(case: Case) -> Found | None:
    return _group(case, stages.SENDER_VERDICT, case.peer, is_answer=True) if _arrives(case) else None


def _answer_receiver_groups(case: Case) -> Found | None:
    return _group(case, stages.RECEIVER_VERDICT, case.seen, is_answer=True) if _arrives(case) else None


def _arrives(case: Case) -> bool:
    return bool(_reaches(case, case.paths.forward, case.peer))


def _no_group(case: Case) -> Found | None:
    for stage, whose in ((stages.SENDER_GROUPS, case.seen), (stages.RECEIVER_GROUPS, case.peer)):
        hop = _in_stage(case, case.paths.forward, case.peer, (stage,))
        if hop and whose:
            says = f"table {hop.table_id} of {hop.bridge} on {hop.host}: {hop.meaning} ({hop.frame.text()})"
            evidence = Evidence(says, Source.TRACE, case.facts.at)
            return Found({"whose": whose.called, "whose_id": whose.port.id}, (evidence,))
    return None


def _stops(case: Case, path: Trace | None, to: PortSeen | None) -> Found | None:
    if path is None or _reaches(case, path, to) is not False:
        return None
    hop, why = _stop(path, to)
    foreign = next((other for other in path.hops if other.flow and not other.rule), None)
    at = foreign or hop
    words = {"bridge": at.bridge, "host": at.host, "table": str(at.table_id), "why": why.rstrip(".")}
    words["flow"] = at.taken_by
    if foreign is None and any(leaving.way is Way.WIRE for leaving in path.exits):
        words["why"] = f"it leaves {path.exits[0].host}, and on {hop.host}: {words['why']}"
    says = f"table {at.table_id} of {at.bridge} on {at.host}: {words['flow']}"
    code = "flow_foreign" if foreign else ""
    return Found(words, (Evidence(says, Source.TRACE, case.facts.at),), code)


def _reserved_mac(case: Case) -> Found | None:
    """Find that one of the two has a MAC address that bridges keep to themselves."""
    for path, to in ((case.paths.forward, case.peer), (case.paths.back, case.seen)):
        if to and int(to.port.mac_address) in RESERVED and _reaches(case, path, to) is False:
            words = {"mac": str(to.port.mac_address), "whose": to.called, "whose_id": to.port.id}
            return Found(words, (case.store(f"mac_address of port {to.called} is {words['mac']}"),))
    return None


def _path_stops(case: Case) -> Found | None:
    if _in_stage(case, case.paths.forward, case.peer, OF_GROUPS):
        return None  # the groups are to blame
    if _reserved_mac(case):
        return None
    return _stops(case, case.paths.forward, case.peer)


def _return_path(case: Case) -> Found | None:
    if not _arrives(case) or _reserved_mac(case):
        return None
    if _in_stage(case, case.paths.back, case.seen, OF_GROUPS):
        return None  # the groups are to blame
    found = _stops(case, case.paths.back, case.seen)
    return found and replace(found, code="")


def _neighbor(case: Case) -> Found | None:
    """Find what keeps a machine from learning the other's MAC address, where all else passes."""
    own, peer = case.seen.place, case.peer
    if own is None or peer is None or not _arrives(case) or not _reaches(case, case.paths.back, case.seen):
        return None
    question = case.paths.question
    if question and question.delivered_to(own.host, own.interface):
        return None  # a flow has answered
    asks = f"{case.seen.called}'s question for the MAC address of {peer.called}"
    for path, to, what in (
        (question, peer, asks),
        (case.paths.told, case.seen, f"{peer.called}'s answer to {asks}"),
    ):
        if found := _stops(case, path, to):
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
    there, back = _reaches(case, case.paths.forward, case.peer), _reaches(case, case.paths.back, case.seen)
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
    lost = [seen.called for seen in (case.seen, case.peer) if seen and seen.place is None]
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
NO_GROUP = Cause(
    "no_security_group", "{whose} is guarded and has no security group: it neither sends nor gets {traffic}",
    "openstack port set --security-group GROUP {whose_id}",
    "the frame followed through the flows that the hosts have", _no_group,
)  # fmt: skip
SENDER_GROUPS = Cause(
    "sender_security_group", "No rule of {port}'s security groups ({groups}) lets {traffic} to {peer} out",
    "openstack security group rule create --egress {rule} {group}",
    "the frame followed through the flows that the hosts have", _sender_groups,
)  # fmt: skip
RECEIVER_GROUPS = Cause(
    "security_group", "No rule of {peer}'s security groups ({groups}) lets {traffic} from {port} in",
    "openstack security group rule create {rule} --remote-ip {address} {group}",
    "the frame followed through the flows that the hosts have", _receiver_groups,
)  # fmt: skip
ANSWER_SENDER_GROUPS = Cause(
    "answer_sender_security_group", "No rule of {peer}'s security groups ({groups}) lets its answer to"
    " {traffic} out, and stateless groups need one",
    "openstack security group rule create --egress {rule} {group}",
    "the answer followed through the flows that the hosts have", _answer_sender_groups,
)  # fmt: skip
ANSWER_RECEIVER_GROUPS = Cause(
    "answer_security_group", "No rule of {port}'s security groups ({groups}) lets {peer}'s answer to"
    " {traffic} in, and stateless groups need one",
    "openstack security group rule create {rule} --remote-ip {address} {group}",
    "the answer followed through the flows that the hosts have", _answer_receiver_groups,
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
PASSING = (
    NO_GROUP, SENDER_GROUPS, RECEIVER_GROUPS, ANSWER_SENDER_GROUPS, ANSWER_RECEIVER_GROUPS, RESERVED_MAC,
    PATH_STOPS, RETURN_PATH, NEIGHBOR_STOPS, WIRE,
)  # fmt: skip
#: What is said of a frame that arrives.
OF_ANSWERS = (ANSWER_SENDER_GROUPS, ANSWER_RECEIVER_GROUPS, RETURN_PATH, NEIGHBOR_STOPS)
#: What is left where nothing stops it.
OPEN = (MTU, PEER_ANSWERS, DELIVERED, CANNOT_TELL)
