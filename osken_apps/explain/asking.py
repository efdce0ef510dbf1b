"""Causes of a machine that has no address: what its client says, and whether it is there. PURE."""

from collections.abc import Iterable

from osken_apps.dhcp.decision import AnswerReason, SilenceReason
from osken_apps.dhcp.journal import GRANTS, Entry
from osken_apps.dhcp.message import MessageType
from osken_apps.explain.cause import (
    Case,
    Cause,
    Certainty,
    Evidence,
    Found,
    VerdictState,
    answers_arp,
    probed,
)
from osken_apps.explain.counting import (
    HOST_METERED,
    METERED,
    NOT_ARRIVING,
    REQUEST_STOPS,
    SILENT_NO_CLIENT,
    SILENT_OFF,
    TAGGED,
)
from osken_apps.explain.facts import Source
from osken_apps.explain.words import moment, span

#: Those of an address that is not the port's; of its own one that is in use elsewhere tells CONFLICT.
NAKS = frozenset({AnswerReason.WRONG_ADDRESS, AnswerReason.WRONG_NETWORK})
TAKEN_WITHIN_S = 10.0  # so long a client may take to answer an offer


def _conflict(case: Case) -> Found | None:
    conflict = case.seen.conflict
    if conflict is None:
        return None
    says = f"the client of {case.seen.called} has declined {conflict}"
    return Found({"address": str(conflict)}, (Evidence(says, Source.JOURNAL, case.facts.at),))


def _last(case: Case) -> Entry | None:
    entries = case.seen.journal.entries
    return entries[-1] if entries else None


def _seen(*entries: Entry) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            f"{entry.decision.received.name if entry.decision.received else 'a message'}:"
            f" {entry.decision.reason}{': ' + entry.decision.detail if entry.decision.detail else ''}",
            Source.JOURNAL,
            entry.time,
        )
        for entry in entries
    )


def _of_last(case: Case, reasons: Iterable[AnswerReason | SilenceReason]) -> Found | None:
    """Find that the client's last message was decided so."""
    last = _last(case)
    if last is None or last.decision.reason not in reasons:
        return None
    decision = last.decision
    words = {"detail": decision.detail, "at": moment(last.time), "address": str(decision.address or "")}
    return Found(words | {"ago": span(case.facts.at - last.time)}, _seen(last))


def _mac_differs(case: Case) -> Found | None:
    found = _of_last(case, [SilenceReason.HARDWARE_ADDRESS])
    return found and Found({**found.words, "mac": str(case.seen.port.mac_address)}, found.evidence)


def _malformed(case: Case) -> Found | None:
    return _of_last(case, [SilenceReason.MALFORMED])


def _over_budget(case: Case) -> Found | None:
    return _of_last(case, [SilenceReason.OVER_BUDGET])


def _other_server(case: Case) -> Found | None:
    return _of_last(case, [SilenceReason.OTHER_SERVER])


def _relayed(case: Case) -> Found | None:
    return _of_last(case, [SilenceReason.RELAYED])


def _released(case: Case) -> Found | None:
    if answers_arp(case.seen):
        return None
    return _of_last(case, [SilenceReason.RELEASED])


def _nak_loop(case: Case) -> Found | None:
    found = _of_last(case, NAKS)
    served = case.seen.served
    if found is None or served is None:
        return None
    told_so = (entry for entry in case.seen.journal.entries if entry.decision.reason in NAKS)
    refused = [entry for entry in told_so if str(entry.decision.address) == found.words["address"]]
    words = {**found.words, "times": str(len(refused)), "own": str(served[0])}
    return Found(words, _seen(*refused[-3:]))


def _offered_not_taken(case: Case) -> Found | None:
    last = _last(case)
    if last is None or last.decision.sent is not MessageType.OFFER or answers_arp(case.seen):
        return None
    if case.facts.at - last.time < TAKEN_WITHIN_S:
        return None
    entries = case.seen.journal.entries
    taken = max((at for at, it in enumerate(entries) if it.decision.reason in GRANTS), default=-1)
    offers = [it for it in entries[taken + 1 :] if it.decision.sent is MessageType.OFFER]
    words = {"address": str(last.decision.address), "times": str(len(offers)), "at": moment(last.time)}
    return Found(words, _seen(*offers[-3:]))


def _has_address(case: Case) -> Found | None:
    lease = case.seen.journal.lease()
    if lease is None or (lease.expires_at is not None and lease.expires_at <= case.facts.at):
        return None
    until = "without end" if lease.expires_at is None else f"until {moment(lease.expires_at)}"
    words = {"address": str(lease.address), "since": moment(lease.granted_at), "until": until}
    event = case.seen.journal.lease_event
    return Found(words, (*(_seen(event) if event else ()), *probed(case.seen)))


def _answers_arp(case: Case) -> Found | None:
    """Find that the machine has its address, of which it has no lease that is known."""
    address, lease = str(case.seen.probed), _has_address(case)
    if not answers_arp(case.seen) or (lease and lease.words["address"] == address):
        return None
    return Found({"address": address}, probed(case.seen))


def _address_changed(case: Case) -> Found | None:
    """Find that the client has a lease, and of an address that is not the port's any more."""
    found, served = _has_address(case), case.seen.served
    held = {str(fixed_ip.ip_address) for fixed_ip in case.seen.port.fixed_ips}
    if found is None or served is None or found.words["address"] in held:
        return None
    return Found({**found.words, "own": str(served[0])}, found.evidence)


def _expired(case: Case) -> Found | None:
    lease = case.seen.journal.lease()
    if lease is None or lease.expires_at is None or lease.expires_at > case.facts.at:
        return None
    if answers_arp(case.seen):
        return None
    words = {"address": str(lease.address), "at": moment(lease.expires_at)}
    event = case.seen.journal.lease_event
    return Found(words, _seen(event) if event else ())


def _link_down(case: Case) -> Found | None:
    interface, place = case.seen.interface, case.seen.place
    if interface is None or interface.value is None or place is None or interface.value.link_up is not False:
        return None
    words = {"interface": place.interface, "host": place.host}
    says = f"link_state of {place.interface} of {place.host} is down"
    return Found(words, (Evidence(says, Source.OVSDB, interface.seen_at),))


def _no_arp(case: Case) -> Found | None:
    answers = case.seen.answers
    if answers is None or answers.value is not False:
        return None
    address = str(case.seen.probed)
    says = f"no answer to ARP for {address}, asked out of the port of {case.seen.called}"
    return Found({"address": address}, (Evidence(says, Source.PROBE, answers.seen_at),))


def _restarted(case: Case) -> Found | None:
    if case.seen.journal.entries or case.seen.journal.lease_event:
        return None
    age = span(case.facts.at - case.facts.known_since)
    evidence = Evidence("no DHCP message of it was seen since", Source.JOURNAL, case.facts.known_since)
    return Found({"age": age}, (evidence,))


def _cannot_tell(case: Case) -> Found | None:
    last = _last(case)
    return Found({"last": str(last.decision.reason) if last else "nothing"}, _seen(last) if last else ())


CONFLICT = Cause(
    "conflict", "{address} is used by another machine of {network}: {port}'s own client has found this, and"
    " it is not offered before ten minutes have passed",
    "find the other machine, for example by its answer to: arping {address}", "what its client declined",
    _conflict,
)  # fmt: skip
MAC_DIFFERS = Cause(
    "mac_differs", "{port}'s machine asks with a MAC address that is not {port}'s, and gets no answer:"
    " {detail}",
    "set the machine's address to {mac}, or unplug it and: openstack port set --mac-address MAC {id}",
    "the last DHCP message, its chaddr and its source", _mac_differs,
)  # fmt: skip
MALFORMED = Cause(
    "malformed", "The DHCP packets of {port}'s machine are broken: {detail}",
    "look at its DHCP client", "the last DHCP message", _malformed,
)  # fmt: skip
OVER_BUDGET = Cause(
    "over_budget", "{port}'s machine sends more DHCP requests a second than are answered",
    "look for a client that asks again and again", "the last DHCP message", _over_budget,
)  # fmt: skip
RELAYED = Cause(
    "relayed", "What {port}'s machine sends comes from a relay agent ({detail}), and a port is served for its"
    " own client only", "stop the relay agent", "the last DHCP message", _relayed,
)  # fmt: skip
OTHER_SERVER = Cause(
    "other_server", "{port}'s machine takes the offer of another DHCP server: {detail}",
    "find that server, on the wire or at an unguarded port of {network}", "the last DHCP message",
    _other_server,
)  # fmt: skip
NAK_LOOP = Cause(
    "nak_loop", "{port}'s machine insists on {address} and its address is {own}: it was told so {times}"
    " times",
    "have its client forget its old lease", "DHCP messages that were answered with NAK", _nak_loop,
)  # fmt: skip
OFFERED_NOT_TAKEN = Cause(
    "offered_not_taken", "{port}'s machine was offered {address} {times} times, the last time at {at}, and"
    " never took it",
    "look inside the machine: a firewall on UDP port 68, the log of its client",
    "offers without a request after them", _offered_not_taken, certainty=Certainty.LIKELY,
)  # fmt: skip
RELEASED = Cause(
    "released", "{port}'s machine gave {address} back at {at}", "start its DHCP client again",
    "the last DHCP message", _released,
)  # fmt: skip
HAS_ADDRESS = Cause(
    "has_address", "{port} has {address} since {since}, {until}: nothing is wrong that can be seen from here",
    "", "the lease", _has_address, VerdictState.OK,
)  # fmt: skip
ANSWERS_ARP = Cause(
    "answers_arp", "{port}'s machine answers ARP for {address}: it has its address, though no lease of it is"
    " known here",
    "", "a probe, where it is asked for, and the lease", _answers_arp, VerdictState.OK,
)  # fmt: skip
ADDRESS_CHANGED = Cause(
    "address_changed", "{port}'s machine has {address} {until}, and its address is {own} by now: it has that"
    " when it asks again",
    "have its DHCP client ask again: restart it, or the machine", "the lease, and the port's fixed_ips",
    _address_changed,
)  # fmt: skip
EXPIRED = Cause(
    "expired", "The lease of {port} for {address} ended at {at}, and its machine did not renew it",
    "see whether the machine runs, and its DHCP client", "the lease", _expired,
)  # fmt: skip
LINK_DOWN = Cause(
    "link_down", "{interface} on {host}, which is {port}, has no link: its machine is off, or its device is"
    " not up",
    "start it, and look at its console", "link_state in OVSDB", _link_down, certainty=Certainty.LIKELY,
)  # fmt: skip
NO_ARP = Cause(
    "no_arp", "{port}'s machine does not answer ARP for {address}: it is off, or has not configured it",
    "look at its console: is it on, its device up, its address {address}?", "a probe, where it is asked for",
    _no_arp,
)  # fmt: skip
RESTARTED = Cause(
    "restarted", "No DHCP message of {port} was seen in the {age} since the controller started: a lease from"
    " before may be valid still",
    "", "the journal", _restarted, VerdictState.UNKNOWN,
)  # fmt: skip
CANNOT_TELL_ADDRESS = Cause(
    "cannot_tell", "What is known of {port} does not tell; its last message was decided so: {last}",
    "openstack port show {id}; osken-net trace", "the journal", _cannot_tell, VerdictState.UNKNOWN,
)  # fmt: skip

#: What a machine's own client shows, in order.
ASKING = (
    ANSWERS_ARP, CONFLICT, MAC_DIFFERS, MALFORMED, OVER_BUDGET, RELAYED, OTHER_SERVER, NAK_LOOP,
    OFFERED_NOT_TAKEN, RELEASED, LINK_DOWN, NO_ARP, ADDRESS_CHANGED, HAS_ADDRESS, EXPIRED, REQUEST_STOPS,
    METERED, HOST_METERED, NOT_ARRIVING, SILENT_OFF, TAGGED, SILENT_NO_CLIENT, RESTARTED,
    CANNOT_TELL_ADDRESS,
)  # fmt: skip
