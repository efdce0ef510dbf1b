"""Which options a client is told: the mandatory ones, then what it asks for in its order. PURE.

Owns the choice for one client. Where the values come from is in `terms`, how they are packed in `layout`.
Source: RFC 2131 section 4.3.1 and table 3, RFC 1534 (BOOTP clients), RFC 3442, RFC 6842, RFC 4578, RFC 5859.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import NamedTuple

from osken_apps.dhcp.client import HTTP_VENDOR_CLASS, PXE_VENDOR_CLASS, enterprises, vendor_class
from osken_apps.dhcp.decide import AnswerReason, Decision
from osken_apps.dhcp.extra import Container
from osken_apps.dhcp.fqdn import fqdn_answer
from osken_apps.dhcp.menu import LEASE, Menu, menu_of
from osken_apps.dhcp.message import NO_ADDRESS, MessageType
from osken_apps.dhcp.options import MAX_OPTION_OCTETS, Option, encode_option
from osken_apps.dhcp.terms import Terms, apply

#: Options by number, encoded, in the order in which they go.
OptionList = list[tuple[int, bytes]]
Options = Mapping[int, bytes]

#: What goes first whatever the client asks for, where it applies: without it there is no lease to keep.
FIRST = (Option.MESSAGE_TYPE, Option.SERVER_ID, *LEASE, Option.SUBNET_MASK, Option.CLIENT_ID)
FIRST_WITHOUT_LEASE = tuple(number for number in FIRST if number not in LEASE)
IN_A_REFUSAL = (Option.MESSAGE_TYPE, Option.SERVER_ID, Option.MESSAGE, Option.CLIENT_ID)
#: What does not go by the client's list: it goes first.
NOT_BY_ASKING = frozenset(FIRST)
#: What a client that sends no list is not told: an alias, and what must be asked for (RFC 8925 section 3.2).
ONLY_WHEN_ASKED = frozenset({Option.MS_CLASSLESS_ROUTES, Option.IPV6_ONLY})
#: RFC 1534 section 2: the options that only DHCP has.
NOT_FOR_BOOTP = frozenset(range(Option.REQUESTED_ADDRESS, Option.CLIENT_ID + 1))
SUBOPTION_END = bytes((Option.END,))


class Offer(NamedTuple):
    """What one answer tells: options in their order, and what goes into siaddr, `sname` and `file`."""

    options: OptionList
    lease_time_s: int | None = None
    next_server: IPv4Address = NO_ADDRESS
    sname: bytes = b""
    file: bytes = b""


def offer_for(sent: Options, decision: Decision, terms: Terms) -> Offer:
    """Choose what the answer to a client that sent these options tells."""
    if decision.sent is MessageType.NAK:
        refusal = _protocol(sent, decision.sent, terms)
        refusal[Option.MESSAGE] = encode_option(Option.MESSAGE, decision.reason.value.encode())
        return Offer([(number, refusal[number]) for number in IN_A_REFUSAL if number in refusal])
    menu, forced = menu_for(sent, terms)
    lease_time_s = None
    if decision.sent is None:
        told = [(number, encoded) for number, encoded in menu.encoded.items() if number not in NOT_FOR_BOOTP]
    else:
        own = _replies(sent, menu)
        encoded = {**menu.encoded, **own, **_protocol(sent, decision.sent, terms)}
        informed = decision.reason is AnswerReason.INFORMED
        lease_time_s = None if informed else menu.lease_time_s
        numbers = [*(FIRST_WITHOUT_LEASE if informed else FIRST), *_chosen(sent, encoded, [*forced, *own])]
        told = [(number, encoded[number]) for number in numbers if number in encoded]
    return Offer(told, lease_time_s, menu.next_server, menu.sname, menu.file)


def menu_for(sent: Options, terms: Terms) -> tuple[Menu, list[int]]:
    """Give what this client may be told, and the numbers of what it is told without asking."""
    if terms.menu is not None:
        return terms.menu, []
    options = dict(terms.options)
    contained: dict[Container, bytes] = {}
    for extra in terms.extras:
        if not all(condition.holds(sent) for condition in extra.conditions):
            continue
        if extra.container and extra.value is not None:
            together = contained.get(extra.container, b"") + encode_option(extra.number, extra.value)
            if len(together) <= MAX_OPTION_OCTETS:
                contained[extra.container] = together
        else:
            apply(extra, options)
    forced = _contain(contained, options, sent)
    return menu_of(options), forced


def _chosen(sent: Options, options: Options, forced: list[int]) -> list[int]:
    """Give what the client lists, in its order (RFC 2131 4.3.1), or what is usual when it lists nothing."""
    if asked := sent.get(Option.PARAMETER_REQUEST_LIST):
        numbers = sorted([number for number in options if number in asked], key=asked.find)
    else:
        numbers = [number for number in options if number not in ONLY_WHEN_ASKED]
    numbers += [number for number in forced if number not in numbers]
    return [number for number in numbers if number not in NOT_BY_ASKING]


def _protocol(sent: Options, message_type: MessageType, terms: Terms) -> dict[int, bytes]:
    """Give the protocol's own options, among them the client identifier if there was one.

    RFC 6842: "If the 'client identifier' option is set in a message received from a client, the server MUST
    return the 'client identifier' option, unaltered, in its response message."
    """
    options: dict[int, bytes] = {
        Option.MESSAGE_TYPE: bytes((Option.MESSAGE_TYPE, 1, message_type)),
        Option.SERVER_ID: terms.server_id_option,
    }
    if client_id := sent.get(Option.CLIENT_ID):
        options[Option.CLIENT_ID] = encode_option(Option.CLIENT_ID, client_id)
    return options


def _replies(sent: Options, menu: Menu) -> dict[int, bytes]:
    """Give what answers the client's own options; it is told though it did not list it."""
    replies: dict[int, bytes] = {}
    if fqdn := sent.get(Option.FQDN):
        # RFC 4702 section 4: option 81 goes to a client that sent it, and to no other.
        answer = fqdn_answer(fqdn, menu.host_name, menu.domain)
        replies[Option.FQDN] = encode_option(Option.FQDN, answer)
    if client_class := vendor_class(sent):
        replies |= _to_vendor(client_class, sent, menu)
    if menu.boot_file and not menu.file:
        replies[Option.BOOT_FILE] = menu.encoded[Option.BOOT_FILE]  # too long for its field
    return replies


def _to_vendor(client_class: bytes, sent: Options, menu: Menu) -> dict[int, bytes]:
    replies: dict[int, bytes] = {}
    machine = sent.get(Option.CLIENT_MACHINE_ID)
    if machine and client_class.startswith(PXE_VENDOR_CLASS):
        # RFC 4578 2.3: in all packets of PXE clients and servers.
        replies[Option.CLIENT_MACHINE_ID] = encode_option(Option.CLIENT_MACHINE_ID, machine)
    if Option.VENDOR_CLASS in menu.encoded:
        replies[Option.VENDOR_CLASS] = menu.encoded[Option.VENDOR_CLASS]
    elif client_class.startswith(HTTP_VENDOR_CLASS) and menu.boot_file.startswith(b"http"):
        # UEFI 2.10, 24.7.3.1: else it is no offer to an HTTP boot client.
        replies[Option.VENDOR_CLASS] = encode_option(Option.VENDOR_CLASS, HTTP_VENDOR_CLASS)
    return replies


def _contain(contained: Mapping[Container, bytes], options: dict[int, bytes], sent: Options) -> list[int]:
    """Put sub-options into their options; give those that the client need not ask for."""
    forced = []
    asked = sent.get(Option.PARAMETER_REQUEST_LIST, b"")
    theirs = enterprises(sent) if contained else frozenset()
    for container, encoded in contained.items():
        if container.number == Option.VENDOR_ID_SPECIFIC:
            # RFC 3925 section 4: a block for each enterprise number, of those that the client knows.
            if container.enterprise in theirs or container.number in asked:
                block = container.enterprise.to_bytes(4, "big") + bytes((len(encoded),)) + encoded
                options[container.number] = options.get(container.number, b"") + block
                forced.append(container.number)
            continue
        options[container.number] = encoded + SUBOPTION_END
        if container.number == Option.VENDOR_SPECIFIC or container.number in sent:
            forced.append(container.number)
    return forced
