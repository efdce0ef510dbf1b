"""What a request is answered with, and why: the server's side of DHCP as a pure decision. PURE.

Owns RFC 2131 section 4.3 (DISCOVER, REQUEST in its four states, DECLINE, RELEASE, INFORM) and BOOTP requests
(RFC 951, RFC 1534). Every port has its one address, so no lease needs to be looked up: a wrong address is
always known to be wrong. And every port is served by itself: what a relay agent sends is not answered.
Knows nothing of options that are told, nor of octets.
"""

from enum import StrEnum
from ipaddress import IPv4Address
from typing import NamedTuple

from osken_apps.dhcp.frame import Datagram
from osken_apps.dhcp.message import HTYPE_ETHERNET, NO_ADDRESS, OP_REQUEST, Message, MessageType
from osken_apps.dhcp.options import Option
from osken_apps.dhcp.terms import Terms

BROADCAST = 0xFFFFFFFF


class AnswerReason(StrEnum):
    """Why a request is answered as it is."""

    OFFERED = "the client is offered the port's address"
    SELECTED = "the client takes this server's offer"
    REBOOTED = "the client remembers the port's address"
    RENEWED = "the client renews its lease with this server"
    REBOUND = "the client renews its lease with any server"
    INFORMED = "the client has an address and asks for the rest"
    BOOTP = "the client speaks BOOTP and is given the port's address"
    WRONG_NETWORK = "the address asked for is not on the port's subnet"
    WRONG_ADDRESS = "the address asked for is not the port's"
    DECLINED_ADDRESS = "the address asked for is in use by another machine"


class SilenceReason(StrEnum):
    """Why a request gets no answer."""

    OVER_BUDGET = "the port's client asks for more new answers than a port has in a second"
    MALFORMED = "the packet is not what its protocol says"
    NO_ADDRESS = "the port has no address to give"
    NO_SERVER = "the network has no DHCP server on the subnet yet"
    NOT_A_REQUEST = "the message is a server's"
    UNKNOWN_MESSAGE_TYPE = "no server answers this message type"
    RELAYED = "the message comes from a relay agent, and a port is served for its own client only"
    HARDWARE_ADDRESS = "chaddr, the Ethernet source and the port's MAC address do not agree"
    NOT_FOR_US = "the packet is for another address"
    OTHER_SERVER = "the client takes another server's offer"
    NO_ADDRESS_ASKED = "the client does not say which address it asks for"
    ADDRESS_IN_CONFLICT = "the port's address is in use by another machine"
    DECLINED = "the client found the port's address in use by another machine"
    RELEASED = "the client gives the port's address back"
    NOT_ITS_ADDRESS = "the client declines or releases an address that is not the port's"
    INFORM_FROM_ELSEWHERE = "the client has an address that is not on the port's subnet"


class Decision(NamedTuple):
    """What is done about a request, for the record.

    `received` is None for BOOTP and for types that have no name; `sent` is None for silence and for BOOTP.
    `address` is the one given, asked for, declined or released. `detail` says in words what the reason is
    about, where that is not plain. `lease_time_s` is set when the address is given for a time. `omitted`
    lists options that did not fit.
    """

    received: MessageType | None
    sent: MessageType | None
    reason: AnswerReason | SilenceReason
    address: IPv4Address | None = None
    detail: str = ""
    lease_time_s: int | None = None
    omitted: tuple[int, ...] = ()


#: What a rule gives: the reply's type (None: BOOTP or nothing), the reason, the address concerned, a detail.
Verdict = tuple[MessageType | None, AnswerReason | SilenceReason, int | None, str]


def decide(datagram: Datagram, message: Message, terms: Terms) -> Verdict:
    """Decide what a message, and the datagram that it came in, is answered with."""
    if message.op != OP_REQUEST:
        return None, SilenceReason.NOT_A_REQUEST, None, ""
    if message.giaddr != NO_ADDRESS:
        return None, SilenceReason.RELAYED, None, f"its giaddr is {IPv4Address(message.giaddr)}"
    if message.htype != HTYPE_ETHERNET or not message.chaddr == datagram.eth_source == terms.mac:
        detail = _hardware_addresses(message, datagram.eth_source, terms.mac)
        return None, SilenceReason.HARDWARE_ADDRESS, None, detail
    if datagram.destination != BROADCAST and datagram.destination not in terms.server_addresses:
        return None, SilenceReason.NOT_FOR_US, None, f"for {IPv4Address(datagram.destination)}"
    return _by_type(datagram, message, terms)


def _hardware_addresses(message: Message, eth_source: bytes, port_mac: bytes) -> str:
    seen = f"chaddr is {message.chaddr.hex(':')}, the source {eth_source.hex(':')}"
    kind = "" if message.htype == HTYPE_ETHERNET else f", the hardware type {message.htype}"
    return f"{seen}{kind}; the port's is {port_mac.hex(':')}"


def _by_type(datagram: Datagram, message: Message, terms: Terms) -> Verdict:
    match message.message_type:
        case None:
            return _bootp(message, terms)
        case MessageType.DISCOVER:
            return _discover(terms)
        case MessageType.REQUEST:
            return _request(datagram, message, terms)
        case MessageType.DECLINE:
            return _decline(message, terms)
        case MessageType.RELEASE:
            return _release(message, terms)
        case MessageType.INFORM:
            return _inform(datagram, message, terms)
        case _:
            return None, SilenceReason.UNKNOWN_MESSAGE_TYPE, None, ""


def _discover(terms: Terms) -> Verdict:
    """RFC 2131 4.3.1: the server chooses the address; what the client asks for is a wish."""
    if terms.in_conflict:
        return None, SilenceReason.ADDRESS_IN_CONFLICT, terms.address, ""
    return MessageType.OFFER, AnswerReason.OFFERED, terms.address, ""


def _request(datagram: Datagram, message: Message, terms: Terms) -> Verdict:
    """RFC 2131 4.3.2: which of four states the client is in shows in what it fills in."""
    requested = message.address_option(Option.REQUESTED_ADDRESS)
    server_id = message.address_option(Option.SERVER_ID)
    if server_id is not None:
        # "DHCPREQUEST generated during SELECTING state: Client inserts the address of the selected server in
        # 'server identifier'". The client uses the same message to decline all other offers (3.1, step 3).
        if server_id not in terms.server_addresses:
            return _other_server(server_id, requested)
        return _take(requested or message.ciaddr, terms, AnswerReason.SELECTED)
    if requested is not None:
        # INIT-REBOOT: "'server identifier' MUST NOT be filled in, 'requested IP address' option MUST be
        # filled in with client's notion of its previously assigned address."
        return _take(requested, terms, AnswerReason.REBOOTED)
    # RENEWING and REBINDING: "'ciaddr' MUST be filled in with client's IP address." The one is unicast,
    # the other broadcast.
    unicast = datagram.destination != BROADCAST
    return _keep(message.ciaddr, terms, AnswerReason.RENEWED if unicast else AnswerReason.REBOUND)


def _other_server(server_id: int, address: int | None) -> Verdict:
    return None, SilenceReason.OTHER_SERVER, address, f"server {IPv4Address(server_id)}"


def _take(asked: int, terms: Terms, reason: AnswerReason) -> Verdict:
    """Answer a client that wants to begin to use an address."""
    if asked == terms.address and terms.in_conflict:
        return MessageType.NAK, AnswerReason.DECLINED_ADDRESS, asked, ""
    return _keep(asked, terms, reason)


def _keep(asked: int, terms: Terms, reason: AnswerReason) -> Verdict:
    """Answer a client that uses an address.

    "Server SHOULD send a DHCPNAK message to the client if the 'requested IP address' is incorrect, or is
    on the wrong network." A wrong ciaddr is refused likewise, so that a client moves at once when its
    port's address has been changed.
    """
    if asked == terms.address:
        return MessageType.ACK, reason, asked, ""
    if asked == NO_ADDRESS:
        return None, SilenceReason.NO_ADDRESS_ASKED, None, ""
    on_subnet = IPv4Address(asked) in terms.subnet
    wrong = AnswerReason.WRONG_ADDRESS if on_subnet else AnswerReason.WRONG_NETWORK
    return MessageType.NAK, wrong, asked, ""


def _decline(message: Message, terms: Terms) -> Verdict:
    """RFC 2131 4.3.3: the server marks the address as not available; there is no answer."""
    return _give_up(message, message.address_option(Option.REQUESTED_ADDRESS), terms, SilenceReason.DECLINED)


def _release(message: Message, terms: Terms) -> Verdict:
    """RFC 2131 4.3.4: the server marks the address as not allocated; there is no answer."""
    return _give_up(message, message.ciaddr, terms, SilenceReason.RELEASED)


def _give_up(message: Message, address: int | None, terms: Terms, reason: SilenceReason) -> Verdict:
    server_id = message.address_option(Option.SERVER_ID)  # "MUST" by table 5; not all clients do
    if server_id is not None and server_id not in terms.server_addresses:
        return _other_server(server_id, address)
    if address != terms.address:
        return None, SilenceReason.NOT_ITS_ADDRESS, address, ""
    return None, reason, address, ""


def _inform(datagram: Datagram, message: Message, terms: Terms) -> Verdict:
    """RFC 2131 4.3.5: an ACK with the parameters, no lease; the address is checked for consistency only."""
    address = message.ciaddr
    if address == NO_ADDRESS:
        address = datagram.source  # "'ciaddr' filled in" is not what all clients do
    if address == NO_ADDRESS:
        return None, SilenceReason.NO_ADDRESS_ASKED, None, ""
    if IPv4Address(address) not in terms.subnet and address not in terms.addresses:
        return None, SilenceReason.INFORM_FROM_ELSEWHERE, address, ""
    return MessageType.ACK, AnswerReason.INFORMED, address, ""


def _bootp(message: Message, terms: Terms) -> Verdict:
    """RFC 951 section 7.3 and RFC 1534: the same address as by DHCP, without a lease."""
    if message.ciaddr not in (NO_ADDRESS, terms.address):
        return None, SilenceReason.NOT_ITS_ADDRESS, message.ciaddr, ""
    if terms.in_conflict:
        return None, SilenceReason.ADDRESS_IN_CONFLICT, terms.address, ""
    return None, AnswerReason.BOOTP, terms.address, ""
