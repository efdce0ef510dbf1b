"""Causes of security groups that let something not pass, or not its answer. PURE."""

from osken_apps.explain.arriving import arrives, stopped_by
from osken_apps.explain.cause import Case, Cause, Evidence, Found
from osken_apps.explain.facts import PortSeen, Source
from osken_apps.explain.words import listed
from osken_apps.pipeline import stages
from osken_apps.pipeline.stage import Stage

OF_GROUPS = (
    stages.SENDER_GROUPS, stages.SENDER_VERDICT, stages.RECEIVER_GROUPS, stages.RECEIVER_VERDICT,
)  # fmt: skip


def _group(case: Case, stage: Stage, whose: PortSeen | None, is_answer: bool = False) -> Found | None:
    """Find that the groups of a port stop what is sent, or its answer."""
    path, to = (case.paths.back, case.seen) if is_answer else (case.paths.forward, case.peer)
    hop = stopped_by(case, path, to, (stage,))
    if hop is None or whose is None:
        return None
    says = f"table {hop.table_id} of {hop.bridge} on {hop.host}: {hop.meaning} ({hop.frame.text()})"
    common = case.paths.common
    source = (case.facts.behind or common[1] if is_answer else common[0]) if common else ""
    words = {
        "groups": listed(whose.groups),
        "group_id": whose.port.security_groups[0] if whose.port.security_groups else "GROUP",
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
    return _group(case, stages.SENDER_VERDICT, case.peer, is_answer=True) if arrives(case) else None


def _answer_receiver_groups(case: Case) -> Found | None:
    return _group(case, stages.RECEIVER_VERDICT, case.seen, is_answer=True) if arrives(case) else None


def _no_group(case: Case) -> Found | None:
    for stage, whose in ((stages.SENDER_GROUPS, case.seen), (stages.RECEIVER_GROUPS, case.peer)):
        hop = stopped_by(case, case.paths.forward, case.peer, (stage,))
        if hop and whose:
            says = f"table {hop.table_id} of {hop.bridge} on {hop.host}: {hop.meaning} ({hop.frame.text()})"
            evidence = Evidence(says, Source.TRACE, case.facts.at)
            return Found({"whose": whose.called, "whose_id": whose.port.id}, (evidence,))
    return None


NO_GROUP = Cause(
    "no_security_group", "{whose} is guarded and has no security group: it neither sends nor gets {traffic}",
    "openstack port set --security-group GROUP {whose_id}",
    "the frame followed through the flows that the hosts have", _no_group,
)  # fmt: skip
SENDER_GROUPS = Cause(
    "sender_security_group", "No rule of {port}'s security groups ({groups}) lets {traffic} to {peer} out",
    "openstack security group rule create --egress {rule} {group_id}",
    "the frame followed through the flows that the hosts have", _sender_groups,
)  # fmt: skip
RECEIVER_GROUPS = Cause(
    "security_group", "No rule of {peer}'s security groups ({groups}) lets {traffic} from {port} in",
    "openstack security group rule create {rule} --remote-ip {address} {group_id}",
    "the frame followed through the flows that the hosts have", _receiver_groups,
)  # fmt: skip
ANSWER_SENDER_GROUPS = Cause(
    "answer_sender_security_group", "No rule of {peer}'s security groups ({groups}) lets its answer to"
    " {traffic} out, and stateless groups need one",
    "openstack security group rule create --egress {rule} {group_id}",
    "the answer followed through the flows that the hosts have", _answer_sender_groups,
)  # fmt: skip
ANSWER_RECEIVER_GROUPS = Cause(
    "answer_security_group", "No rule of {port}'s security groups ({groups}) lets {peer}'s answer to"
    " {traffic} in, and stateless groups need one",
    "openstack security group rule create {rule} --remote-ip {address} {group_id}",
    "the answer followed through the flows that the hosts have", _answer_receiver_groups,
)  # fmt: skip

#: What lets nothing pass.
FORWARD = (NO_GROUP, SENDER_GROUPS, RECEIVER_GROUPS)
#: What lets no answer pass.
BACK = (ANSWER_SENDER_GROUPS, ANSWER_RECEIVER_GROUPS)
