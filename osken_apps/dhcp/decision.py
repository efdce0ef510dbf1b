"""What is done about a request, for the record: the reasons in words, and the decision. PURE."""

from enum import StrEnum
from ipaddress import IPv4Address
from typing import NamedTuple

from osken_apps.dhcp.message import MessageType


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


#: Those of every lease and those that are looked for in every decision, found once as in `message`.
OFFERED, SELECTED, REBOOTED = AnswerReason.OFFERED, AnswerReason.SELECTED, AnswerReason.REBOOTED
RENEWED, REBOUND, INFORMED = AnswerReason.RENEWED, AnswerReason.REBOUND, AnswerReason.INFORMED
DECLINED, OVER_BUDGET = SilenceReason.DECLINED, SilenceReason.OVER_BUDGET


class Decision(NamedTuple):
    """What is done about a request, for the record.

    `received` is None for BOOTP and for types that have no name; `sent` is None for silence and for BOOTP.
    `address` is the one given, asked for, declined or released. `detail` says in words what the reason is
    about, where that is not plain. `lease_time_s` is set when the address is given for a time. `omitted`
    lists options that did not fit, `shortened` those that are told in part.
    """

    received: MessageType | None
    sent: MessageType | None
    reason: AnswerReason | SilenceReason
    address: IPv4Address | None = None
    detail: str = ""
    lease_time_s: int | None = None
    omitted: tuple[int, ...] = ()
    shortened: tuple[int, ...] = ()
