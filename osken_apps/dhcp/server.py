"""The DHCP server: a frame and a port's reservation in, a frame or silence out. PURE.

This is the reference, whole and plain; `responder` gives the same answers sooner.
"""

from ipaddress import IPv4Address
from typing import NamedTuple

from osken_apps.dhcp.decide import decide
from osken_apps.dhcp.decision import AnswerReason, Decision, SilenceReason
from osken_apps.dhcp.frame import decode_frame
from osken_apps.dhcp.message import MESSAGE_TYPES_BY_NUMBER, decode_message
from osken_apps.dhcp.new_tuple import new_tuple
from osken_apps.dhcp.reply import SERVER_PORT, encode_reply
from osken_apps.dhcp.reservation import Reservation
from osken_apps.errors import Malformed


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


def respond(frame: bytes, reservation: Reservation | SilenceReason) -> Outcome:
    """Answer a frame that a port sent to a DHCP server, by its reservation or not, if it has none."""
    try:
        datagram = decode_frame(frame)
        if datagram.destination_port != SERVER_PORT:
            raise Malformed(f"UDP port {datagram.destination_port} is not a DHCP server's")
        message = decode_message(datagram.payload)
    except Malformed as error:
        return Silence(Decision(None, None, SilenceReason.MALFORMED, detail=str(error)), None)
    received = MESSAGE_TYPES_BY_NUMBER.get(message.message_type)
    if not isinstance(reservation, Reservation):
        return Silence(Decision(received, None, reservation), message.xid)
    sent, reason, number, detail = decide(datagram, message, reservation)
    address = reservation.ip_address if number == reservation.address else _ipv4_address(number)
    if not isinstance(reason, AnswerReason):
        return Silence(Decision(received, None, reason, address, detail), message.xid)
    reply, lease_time_s, omitted, shortened = encode_reply(message, sent, reason, number, reservation)
    decision = new_tuple(
        Decision, (received, sent, reason, address, detail, lease_time_s, omitted, shortened)
    )
    return new_tuple(Reply, (reply, decision, message.xid))


def _ipv4_address(number: int | None) -> IPv4Address | None:
    return None if number is None else IPv4Address(number)
