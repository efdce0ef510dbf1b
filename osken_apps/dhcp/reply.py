"""The answer to a request as a frame: its fields, its options and where it goes. PURE.

Owns RFC 2131 table 3 (fields) and section 4.1 (destination).
"""

from collections.abc import Mapping

from osken_apps.dhcp.decide import BROADCAST
from osken_apps.dhcp.decision import INFORMED, AnswerReason
from osken_apps.dhcp.frame import ETH_BROADCAST, encode_frame
from osken_apps.dhcp.message import (
    BROADCAST_FLAG,
    NAK,
    NO_ADDRESS,
    OFFER,
    Message,
    MessageType,
    encode_reply_message,
)
from osken_apps.dhcp.option_packing import BOOTP_ROOM, PackedOptions, pack_options, room_for_options
from osken_apps.dhcp.options import Option, encode_option
from osken_apps.dhcp.reply_options import ReplyOptions, reply_options
from osken_apps.dhcp.reservation import Reservation

SERVER_PORT = 67
CLIENT_PORT = 68


def encode_reply(
    message: Message,
    sent: MessageType | None,
    reason: AnswerReason,
    address: int | None,
    reservation: Reservation,
) -> tuple[bytes, int | None, tuple[int, ...], tuple[int, ...]]:
    """Make the frame that answers a message; give it, the lease time that it tells, and what did not fit.

    That is the numbers of omitted options, and of shortened ones.
    """
    options = reply_options(message.options, sent, reason, reservation)
    packed = _packed(message.options, sent, options, reservation.mtu)
    without_lease = sent is NAK or reason is INFORMED
    # RFC 2131 table 3
    payload = encode_reply_message(
        message,
        packed.area,
        ciaddr=NO_ADDRESS if sent is NAK or sent is OFFER else message.ciaddr,
        yiaddr=NO_ADDRESS if without_lease else reservation.address,
        siaddr=options.next_server,
        sname=packed.sname or options.sname,
        file=packed.file or options.file,
    )
    eth_destination, destination = destination_of(message, sent, reason, address)
    frame = encode_frame(
        eth_destination,
        reservation.server_mac,
        reservation.server_id,
        destination,
        SERVER_PORT,
        CLIENT_PORT,
        payload,
    )
    return frame, options.lease_time_s, packed.omitted, packed.shortened


def destination_of(
    message: Message, sent: MessageType | None, reason: AnswerReason, address: int | None
) -> tuple[bytes, int]:
    """Give the Ethernet and the IP address that the answer goes to; the port is always the client's."""
    if sent is NAK:
        # "In all cases, when 'giaddr' is zero, the server broadcasts any DHCPNAK messages to 0xffffffff."
        return ETH_BROADCAST, BROADCAST
    if reason is INFORMED and address is not None:
        return message.chaddr, address
    if message.ciaddr != NO_ADDRESS:
        # "the server unicasts DHCPOFFER and DHCPACK messages to the address in 'ciaddr'."
        return message.chaddr, message.ciaddr
    if message.flags & BROADCAST_FLAG or address is None:
        return ETH_BROADCAST, BROADCAST
    return message.chaddr, address


def _packed(
    asked: Mapping[int, bytes], sent: MessageType | None, options: ReplyOptions, mtu: int
) -> PackedOptions:
    # RFC 3046 2.2: the server copies relay agent information into the answer, as the last option. A switch
    # between a client and its port puts it in and leaves giaddr zero.
    relay_agent = asked.get(Option.RELAY_AGENT)
    last = encode_option(Option.RELAY_AGENT, relay_agent) if relay_agent else b""
    if sent is None:
        return pack_options(options.encoded, last, BOOTP_ROOM, file_free=False, sname_free=False)
    size = asked.get(Option.MAX_MESSAGE_SIZE)
    room = room_for_options(int.from_bytes(size, "big") if size else 0, mtu)
    return pack_options(options.encoded, last, room, not options.file, not options.sname)
