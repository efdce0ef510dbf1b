"""The DHCP server: a frame and a port's service in, a frame or silence out. PURE.

This is the reference, whole and plain; `fast` gives the same answers sooner.
"""

from typing import NamedTuple

from osken_apps.dhcp.decide import Decision, Request, SilenceReason, decide, received_type
from osken_apps.dhcp.frame import decode_frame
from osken_apps.dhcp.message import decode_message
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
    "decode_request",
    "malformed",
    "respond",
]


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
        request = decode_request(frame)
    except Malformed as error:
        return malformed(str(error))
    message = request.message
    if terms is None:
        return Silence(Decision(received_type(message), None, without_terms), message.xid)
    decision = decide(request, terms)
    if isinstance(decision.reason, SilenceReason):
        return Silence(decision, message.xid)
    return Reply(*encode_reply(request, decision, terms), message.xid)


def decode_request(frame: bytes) -> Request:
    """Read a frame that a port sent to UDP port 67. Raises Malformed."""
    datagram = decode_frame(frame)
    if datagram.destination_port != SERVER_PORT:
        raise Malformed(f"UDP port {datagram.destination_port} is not a DHCP server's")
    return Request(datagram, decode_message(datagram.payload))


def malformed(words: str) -> Silence:
    """Give no answer to a packet that cannot be read; `words` say what is wrong with it."""
    return Silence(Decision(None, None, SilenceReason.MALFORMED, detail=words), None)
