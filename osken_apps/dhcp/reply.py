"""The answer to a request as a frame: its fields, its options and where it goes. PURE.

Owns RFC 2131 table 3 (fields) and section 4.1 (destination).
"""

from ipaddress import IPv4Address

from osken_apps.dhcp.decide import BROADCAST, AnswerReason, Decision, Request
from osken_apps.dhcp.frame import ETH_BROADCAST, Datagram, encode_frame
from osken_apps.dhcp.layout import BOOTP_ROOM, Layout, lay_out, room_for_options
from osken_apps.dhcp.message import (
    NO_ADDRESS,
    Message,
    MessageType,
    Op,
    encode_message,
)
from osken_apps.dhcp.offer import Offer, offer_for
from osken_apps.dhcp.options import Option, encode_option
from osken_apps.dhcp.terms import Terms

SERVER_PORT = 67
CLIENT_PORT = 68


def encode_reply(request: Request, decision: Decision, terms: Terms) -> tuple[bytes, Decision]:
    """Make the frame that answers a request, and complete the decision with what the reply says."""
    offer = offer_for(request.message.options, decision, terms)
    layout = _layout(request, decision, offer, terms.mtu)
    message = encode_message(_message(request, decision, terms, offer, layout), layout.area)
    eth_destination, destination = destination_of(request, decision)
    frame = encode_frame(
        Datagram(
            eth_destination, terms.server_mac, terms.server_id, destination, SERVER_PORT, CLIENT_PORT, message
        )
    )  # fmt: skip
    return frame, Decision(*decision[:5], offer.lease_time_s, layout.omitted)


def destination_of(request: Request, decision: Decision) -> tuple[bytes, IPv4Address]:
    """Give the Ethernet and the IP address that the answer goes to; the port is always the client's."""
    message = request.message
    if decision.sent is MessageType.NAK:
        # "In all cases, when 'giaddr' is zero, the server broadcasts any DHCPNAK messages to 0xffffffff."
        return ETH_BROADCAST, BROADCAST
    if decision.reason is AnswerReason.INFORMED and decision.address is not None:
        return message.chaddr, decision.address
    if message.ciaddr != NO_ADDRESS:
        # "the server unicasts DHCPOFFER and DHCPACK messages to the address in 'ciaddr'."
        return message.chaddr, message.ciaddr
    if message.wants_broadcast or decision.address is None:
        return ETH_BROADCAST, BROADCAST
    return message.chaddr, decision.address


def _layout(request: Request, decision: Decision, offer: Offer, mtu: int) -> Layout:
    sent = request.message.options
    # RFC 3046 2.2: the server copies relay agent information into the answer, as the last option. A switch
    # between a client and its port puts it in and leaves giaddr zero.
    relay_agent = sent.get(Option.RELAY_AGENT)
    last = encode_option(Option.RELAY_AGENT, relay_agent) if relay_agent else b""
    if decision.sent is None:
        return lay_out(offer.options, last, BOOTP_ROOM, file_free=False, sname_free=False)
    told = {number for number, _ in offer.options} if offer.file or offer.sname else ()
    size = sent.get(Option.MAX_MESSAGE_SIZE)
    return lay_out(
        offer.options,
        last,
        room_for_options(int.from_bytes(size, "big") if size else None, mtu),
        file_free=not offer.file or Option.BOOT_FILE in told,
        sname_free=not offer.sname or Option.TFTP_SERVER_NAME in told,
    )


def _message(request: Request, decision: Decision, terms: Terms, offer: Offer, layout: Layout) -> Message:
    """Fill in the fields by RFC 2131 table 3."""
    asked = request.message
    refused = decision.sent is MessageType.NAK
    without_lease = refused or decision.reason is AnswerReason.INFORMED
    return Message(
        op=Op.REPLY,
        htype=asked.htype,
        chaddr=asked.chaddr,
        xid=asked.xid,
        flags=asked.flags,
        ciaddr=NO_ADDRESS if refused or decision.sent is MessageType.OFFER else asked.ciaddr,
        yiaddr=NO_ADDRESS if without_lease else terms.address,
        siaddr=offer.next_server,
        sname=layout.sname or offer.sname,
        file=layout.file or offer.file,
    )
