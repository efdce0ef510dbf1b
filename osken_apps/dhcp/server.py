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
    "answer",
    "decode_request",
    "respond",
    "silence",
]


class Reply(NamedTuple):
    """A whole Ethernet frame that goes out of the port that the request came from."""

    frame: bytes
    decision: Decision
    xid: int


class Silence(NamedTuple):
    """No answer, and why."""

    reason: SilenceReason
    decision: Decision
    xid: int


Outcome = Reply | Silence


def respond(
    frame: bytes, service: DhcpService | None, defaults: Defaults, circumstances: Circumstances = USUAL
) -> Outcome:
    """Answer a frame that a port sent to UDP port 67; `service` is None for a port without an IPv4 address.

    Raises Malformed and nothing else.
    """
    request = decode_request(frame)
    if service is None:
        return silence(request, SilenceReason.NO_ADDRESS)
    terms = terms_of(service, defaults, circumstances)
    return answer(request, terms)


def decode_request(frame: bytes) -> Request:
    """Read a frame that a port sent to UDP port 67. Raises Malformed."""
    datagram = decode_frame(frame)
    if datagram.destination_port != SERVER_PORT:
        raise Malformed(f"UDP port {datagram.destination_port} is not a DHCP server's")
    return Request(datagram, decode_message(datagram.payload))


def answer(request: Request, terms: Terms | None) -> Outcome:
    """Answer a request by the terms of its port; None: the network has no server yet."""
    if terms is None:
        return silence(request, SilenceReason.NO_SERVER)
    decision = decide(request, terms)
    if isinstance(decision.reason, SilenceReason):
        return Silence(decision.reason, decision, request.message.xid)
    return Reply(*encode_reply(request, decision, terms), request.message.xid)


def silence(request: Request, reason: SilenceReason) -> Silence:
    """Leave a request without an answer for a reason that is not the request's."""
    message = request.message
    return Silence(reason, Decision(received_type(message), None, reason), message.xid)
