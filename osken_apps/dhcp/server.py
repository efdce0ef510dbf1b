"""The DHCP server: a frame and a port's service in, a frame or silence out. PURE.

This is the reference, whole and plain; `fast` gives the same answers sooner.
"""

from ipaddress import IPv4Address
from typing import NamedTuple

from osken_apps.dhcp.decide import Decision, SilenceReason, decide
from osken_apps.dhcp.frame import decode_frame
from osken_apps.dhcp.message import MessageType, decode_message
from osken_apps.dhcp.reply import SERVER_PORT, encode_reply
from osken_apps.dhcp.terms import USUAL, Circumstances, Defaults, Terms, terms_of
from osken_apps.errors import Malformed
from osken_apps.model.snapshot import DhcpService

__all__ = [
    "Circumstances",
    "Decision",
    "Defaults",
    "Outcome",
    "Reply",
    "Silence",
    "SilenceReason",
    "answer_frame",
    "respond",
]

MESSAGE_TYPES: dict[int | None, MessageType] = {int(kind): kind for kind in MessageType}


class Reply(NamedTuple):
    """A whole Ethernet frame that goes out of the port that the request came from."""

    frame: bytes
    decision: Decision
    xid: int


class Silence(NamedTuple):
    """No answer, and the reason in the decision; `xid` is None where the message could not be read."""

    decision: Decision
    xid: int | None


Outcome = Reply | Silence


def respond(
    frame: bytes, service: DhcpService | None, defaults: Defaults, circumstances: Circumstances = USUAL
) -> Outcome:
    """Answer a frame that a port sent to a DHCP server; `service` is None for a port without an address."""
    if service is None:
        return answer_frame(frame, None, SilenceReason.NO_ADDRESS)
    terms = terms_of(service, defaults, circumstances)
    return answer_frame(frame, terms, SilenceReason.NO_SERVER)


def answer_frame(frame: bytes, terms: Terms | None, without_terms: SilenceReason) -> Outcome:
    """Answer a frame by the terms of its port; where there are none, `without_terms` says why."""
    try:
        datagram = decode_frame(frame)
        if datagram.destination_port != SERVER_PORT:
            raise Malformed(f"UDP port {datagram.destination_port} is not a DHCP server's")
        message = decode_message(datagram.payload)
    except Malformed as error:
        return Silence(Decision(None, None, SilenceReason.MALFORMED, detail=str(error)), None)
    received = MESSAGE_TYPES.get(message.message_type)
    if terms is None:
        return Silence(Decision(received, None, without_terms), message.xid)
    sent, reason, number, detail = decide(datagram, message, terms)
    address = terms.ip_address if number == terms.address else _ipv4_address(number)
    if isinstance(reason, SilenceReason):
        return Silence(Decision(received, None, reason, address, detail), message.xid)
    reply, lease_time_s, omitted = encode_reply(message, sent, reason, number, terms)
    return Reply(reply, Decision(received, sent, reason, address, detail, lease_time_s, omitted), message.xid)


def _ipv4_address(number: int | None) -> IPv4Address | None:
    return None if number is None else IPv4Address(number)
