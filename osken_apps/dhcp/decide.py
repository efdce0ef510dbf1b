"""What a request is answered with, and why: the server's side of DHCP as a pure decision. PURE.

Owns RFC 2131 section 4.3 (DISCOVER, REQUEST in its four states, DECLINE, RELEASE, INFORM) and BOOTP requests
(RFC 951, RFC 1534). Every port has its one address, so no lease needs to be looked up: a wrong address is
always known to be wrong. And every port is served by itself: what a relay agent sends is not answered.
Knows nothing of options that are told, nor of octets.
"""

from collections.abc import Callable
from ipaddress import IPv4Address

from osken_apps.dhcp.decision import (
    INFORMED,
    OFFERED,
    REBOOTED,
    REBOUND,
    RENEWED,
    SELECTED,
    AnswerReason,
    SilenceReason,
)
from osken_apps.dhcp.frame import Datagram
from osken_apps.dhcp.message import (
    ACK,
    HTYPE_ETHERNET,
    NAK,
    NO_ADDRESS,
    OFFER,
    OP_REQUEST,
    Message,
    MessageType,
)
from osken_apps.dhcp.options import Option
from osken_apps.dhcp.reservation import Reservation

BROADCAST = 0xFFFFFFFF


#: What a rule gives: the reply's type (None: BOOTP or nothing), the reason, the address concerned, a detail.
Verdict = tuple[MessageType | None, AnswerReason | SilenceReason, int | None, str]


def decide(datagram: Datagram, message: Message, reservation: Reservation) -> Verdict:
    """Decide what a message, and the datagram that it came in, is answered with."""
    if message.op != OP_REQUEST:
        return None, SilenceReason.NOT_A_REQUEST, None, ""
    if message.giaddr != NO_ADDRESS:
        return None, SilenceReason.RELAYED, None, f"its giaddr is {IPv4Address(message.giaddr)}"
    if message.htype != HTYPE_ETHERNET or not message.chaddr == datagram.eth_source == reservation.mac:
        detail = _hardware_addresses(message, datagram.eth_source, reservation.mac)
        return None, SilenceReason.HARDWARE_ADDRESS, None, detail
    if datagram.destination != BROADCAST and datagram.destination not in reservation.server_addresses:
        return None, SilenceReason.NOT_FOR_US, None, f"for {IPv4Address(datagram.destination)}"
    return _RULES.get(message.message_type, _unknown)(datagram, message, reservation)


def _hardware_addresses(message: Message, eth_source: bytes, port_mac: bytes) -> str:
    seen = f"chaddr is {message.chaddr.hex(':')}, the source {eth_source.hex(':')}"
    kind = "" if message.htype == HTYPE_ETHERNET else f", the hardware type {message.htype}"
    return f"{seen}{kind}; the port's is {port_mac.hex(':')}"


def _unknown(_datagram: Datagram, _message: Message, _reservation: Reservation) -> Verdict:
    return None, SilenceReason.UNKNOWN_MESSAGE_TYPE, None, ""


def _discover(_datagram: Datagram, _message: Message, reservation: Reservation) -> Verdict:
    """RFC 2131 4.3.1: the server chooses the address; what the client asks for is a wish."""
    if reservation.in_conflict:
        return None, SilenceReason.ADDRESS_IN_CONFLICT, reservation.address, ""
    return OFFER, OFFERED, reservation.address, ""


def _request(datagram: Datagram, message: Message, reservation: Reservation) -> Verdict:
    """RFC 2131 4.3.2: which of four states the client is in shows in what it fills in."""
    requested = message.address_option(Option.REQUESTED_ADDRESS)
    server_id = message.address_option(Option.SERVER_ID)
    if server_id is not None:
        # "DHCPREQUEST generated during SELECTING state: Client inserts the address of the selected server in
        # 'server identifier'". The client uses the same message to decline all other offers (3.1, step 3).
        if server_id not in reservation.server_addresses:
            return _other_server(server_id, requested)
        return _take(requested or message.ciaddr, reservation, SELECTED)
    if requested is not None:
        # INIT-REBOOT: "'server identifier' MUST NOT be filled in, 'requested IP address' option MUST be
        # filled in with client's notion of its previously assigned address."
        return _take(requested, reservation, REBOOTED)
    # RENEWING and REBINDING: "'ciaddr' MUST be filled in with client's IP address." The one is unicast,
    # the other broadcast.
    unicast = datagram.destination != BROADCAST
    return _keep(message.ciaddr, reservation, RENEWED if unicast else REBOUND)


def _other_server(server_id: int, address: int | None) -> Verdict:
    return None, SilenceReason.OTHER_SERVER, address, f"server {IPv4Address(server_id)}"


def _take(asked: int, reservation: Reservation, reason: AnswerReason) -> Verdict:
    """Answer a client that wants to begin to use an address."""
    if asked == reservation.address and reservation.in_conflict:
        return NAK, AnswerReason.DECLINED_ADDRESS, asked, ""
    return _keep(asked, reservation, reason)


def _keep(asked: int, reservation: Reservation, reason: AnswerReason) -> Verdict:
    """Answer a client that uses an address.

    "Server SHOULD send a DHCPNAK message to the client if the 'requested IP address' is incorrect, or is
    on the wrong network." A wrong ciaddr is refused likewise, so that a client moves at once when its
    port's address has been changed.
    """
    if asked == reservation.address:
        return ACK, reason, asked, ""
    if asked == NO_ADDRESS:
        return None, SilenceReason.NO_ADDRESS_ASKED, None, ""
    on_subnet = IPv4Address(asked) in reservation.subnet
    wrong = AnswerReason.WRONG_ADDRESS if on_subnet else AnswerReason.WRONG_NETWORK
    return NAK, wrong, asked, ""


def _decline(_datagram: Datagram, message: Message, reservation: Reservation) -> Verdict:
    """RFC 2131 4.3.3: the server marks the address as not available; there is no answer."""
    return _give_up(
        message, message.address_option(Option.REQUESTED_ADDRESS), reservation, SilenceReason.DECLINED
    )


def _release(_datagram: Datagram, message: Message, reservation: Reservation) -> Verdict:
    """RFC 2131 4.3.4: the server marks the address as not allocated; there is no answer."""
    return _give_up(message, message.ciaddr, reservation, SilenceReason.RELEASED)


def _give_up(
    message: Message, address: int | None, reservation: Reservation, reason: SilenceReason
) -> Verdict:
    server_id = message.address_option(Option.SERVER_ID)  # "MUST" by table 5; not all clients do
    if server_id is not None and server_id not in reservation.server_addresses:
        return _other_server(server_id, address)
    if address != reservation.address:
        return None, SilenceReason.NOT_ITS_ADDRESS, address, ""
    return None, reason, address, ""


def _inform(datagram: Datagram, message: Message, reservation: Reservation) -> Verdict:
    """RFC 2131 4.3.5: an ACK with the parameters, no lease; the address is checked for consistency only."""
    address = message.ciaddr
    if address == NO_ADDRESS:
        address = datagram.source  # "'ciaddr' filled in" is not what all clients do
    if address == NO_ADDRESS:
        return None, SilenceReason.NO_ADDRESS_ASKED, None, ""
    if IPv4Address(address) not in reservation.subnet and address not in reservation.addresses:
        return None, SilenceReason.INFORM_FROM_ELSEWHERE, address, ""
    return ACK, INFORMED, address, ""


def _bootp(_datagram: Datagram, message: Message, reservation: Reservation) -> Verdict:
    """RFC 951 section 7.3 and RFC 1534: the same address as by DHCP, without a lease."""
    if message.ciaddr not in (NO_ADDRESS, reservation.address):
        return None, SilenceReason.NOT_ITS_ADDRESS, message.ciaddr, ""
    if reservation.in_conflict:
        return None, SilenceReason.ADDRESS_IN_CONFLICT, reservation.address, ""
    return None, AnswerReason.BOOTP, reservation.address, ""


_RULES: dict[int | None, Callable[[Datagram, Message, Reservation], Verdict]] = {
    None: _bootp,
    MessageType.DISCOVER: _discover,
    MessageType.REQUEST: _request,
    MessageType.DECLINE: _decline,
    MessageType.RELEASE: _release,
    MessageType.INFORM: _inform,
}
