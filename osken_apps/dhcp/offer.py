"""Which options a client is told: the mandatory ones, then what it asks for in its order. PURE.

Owns the choice for one client. Where the values come from is in `terms`, how they are packed in `layout`.
Source: RFC 2131 section 4.3.1 and table 3, RFC 1534 (BOOTP clients), RFC 3442, RFC 6842, RFC 4578, RFC 5859.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from osken_apps.dhcp.client import HTTP_VENDOR_CLASS, PXE_VENDOR_CLASS, enterprises, vendor_class
from osken_apps.dhcp.complete import LEASE, complete
from osken_apps.dhcp.decide import AnswerReason, Decision
from osken_apps.dhcp.extra import Container
from osken_apps.dhcp.fqdn import fqdn_answer
from osken_apps.dhcp.message import FILE_OCTETS, NO_ADDRESS, SNAME_OCTETS, MessageType
from osken_apps.dhcp.options import MAX_OPTION_OCTETS, Option, encode_option
from osken_apps.dhcp.terms import Terms, apply
from osken_apps.dhcp.values import NEXT_SERVER

OptionList = list[tuple[int, bytes]]

#: What goes first whatever the client asks for, where it applies: without it there is no lease to keep.
FIRST = (Option.MESSAGE_TYPE, Option.SERVER_ID, *LEASE, Option.SUBNET_MASK, Option.CLIENT_ID)
FIRST_WITHOUT_LEASE = tuple(number for number in FIRST if number not in LEASE)
IN_A_REFUSAL = (Option.MESSAGE_TYPE, Option.SERVER_ID, Option.MESSAGE, Option.CLIENT_ID)
#: What does not go by the client's list: it goes first, or is no option.
NOT_BY_ASKING = frozenset({*FIRST, NEXT_SERVER})
#: What a client that sends no list is not told: an alias, and what must be asked for (RFC 8925 section 3.2).
ONLY_WHEN_ASKED = frozenset({Option.MS_CLASSLESS_ROUTES, Option.IPV6_ONLY})
#: RFC 1534 section 2: the options that only DHCP has.
NOT_FOR_BOOTP = frozenset({*range(Option.REQUESTED_ADDRESS, Option.CLIENT_ID + 1), NEXT_SERVER})
SUBOPTION_END = bytes((Option.END,))


@dataclass(frozen=True, slots=True)
class Offer:
    """What one answer tells: options in their order, and what goes into siaddr, `sname` and `file`."""

    options: OptionList
    lease_time_s: int | None = None
    next_server: IPv4Address = NO_ADDRESS
    sname: bytes = b""
    file: bytes = b""


def offer_for(sent: Mapping[int, bytes], decision: Decision, terms: Terms) -> Offer:
    """Choose what the answer to a client that sent these options tells."""
    if decision.sent is MessageType.NAK:
        refusal = {Option.MESSAGE: decision.reason.value.encode()} | _protocol(sent, decision.sent, terms)
        return Offer([(number, refusal[number]) for number in IN_A_REFUSAL if number in refusal])
    options, forced = options_for(sent, terms)
    lease_time_s = None
    if decision.sent is None:
        numbers = [number for number in options if number not in NOT_FOR_BOOTP]
    elif decision.reason is AnswerReason.INFORMED:
        options |= _protocol(sent, decision.sent, terms)
        numbers = [*FIRST_WITHOUT_LEASE, *_chosen(sent, options, forced)]
    else:
        options |= _protocol(sent, decision.sent, terms)
        numbers = [*FIRST, *_chosen(sent, options, forced)]
        lease_time_s = int.from_bytes(options[Option.LEASE_TIME], "big")
    told = [(number, options[number]) for number in numbers if number in options]
    sname, file = options.get(Option.TFTP_SERVER_NAME, b""), options.get(Option.BOOT_FILE, b"")
    return Offer(
        told, lease_time_s, _next_server(options), _fits(sname, SNAME_OCTETS), _fits(file, FILE_OCTETS)
    )


def _fits(value: bytes, octets: int) -> bytes:
    """Give a value that fits into a field with the zero that ends it, else nothing."""
    return value if len(value) < octets else b""


def _protocol(sent: Mapping[int, bytes], message_type: MessageType, terms: Terms) -> dict[int, bytes]:
    """Give the protocol's own options, among them the client identifier if there was one.

    RFC 6842: "If the 'client identifier' option is set in a message received from a client, the server MUST
    return the 'client identifier' option, unaltered, in its response message."
    """
    options: dict[int, bytes] = {
        Option.MESSAGE_TYPE: bytes((message_type,)),
        Option.SERVER_ID: terms.server_id.packed,
    }
    if client_id := sent.get(Option.CLIENT_ID):
        options[Option.CLIENT_ID] = client_id
    return options


def options_for(sent: Mapping[int, bytes], terms: Terms) -> tuple[dict[int, bytes], list[int]]:
    """Give every option that this client may be told, and the numbers that it is told without asking."""
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
    if terms.extras:
        complete(options)
    return options, [*forced, *_without_asking(options, sent)]


def _chosen(sent: Mapping[int, bytes], options: Mapping[int, bytes], forced: list[int]) -> list[int]:
    """Give what the client lists, in its order (RFC 2131 4.3.1), or what is usual when it lists nothing."""
    if asked := sent.get(Option.PARAMETER_REQUEST_LIST):
        numbers = sorted([number for number in options if number in asked], key=asked.find)
    else:
        numbers = [number for number in options if number not in ONLY_WHEN_ASKED]
    numbers += [number for number in forced if number not in numbers]
    return [number for number in numbers if number not in NOT_BY_ASKING]


def _contain(
    contained: Mapping[Container, bytes], options: dict[int, bytes], sent: Mapping[int, bytes]
) -> list[int]:
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


def _without_asking(options: dict[int, bytes], sent: Mapping[int, bytes]) -> list[int]:
    """Add what answers the client's own options, and name what it is told though it did not list it."""
    forced: list[int] = []
    boot_file, client_class = options.get(Option.BOOT_FILE, b""), vendor_class(sent)
    if Option.FQDN in sent and (fqdn := sent[Option.FQDN]):
        # RFC 4702 section 4: option 81 goes to a client that sent it, and to no other.
        name, domain = options.get(Option.HOST_NAME, b""), options.get(Option.DOMAIN_NAME, b"")
        options[Option.FQDN] = fqdn_answer(fqdn, name, domain)
        forced.append(Option.FQDN)
    if client_class.startswith(PXE_VENDOR_CLASS) and (machine := sent.get(Option.CLIENT_MACHINE_ID)):
        options[Option.CLIENT_MACHINE_ID] = machine  # RFC 4578 2.3: in all packets of PXE clients and servers
        forced.append(Option.CLIENT_MACHINE_ID)
    if client_class.startswith(HTTP_VENDOR_CLASS) and boot_file.startswith(b"http"):
        options.setdefault(Option.VENDOR_CLASS, HTTP_VENDOR_CLASS)  # UEFI 2.10, 24.7.3.1: else it is no offer
    if client_class and Option.VENDOR_CLASS in options:
        forced.append(Option.VENDOR_CLASS)
    if len(boot_file) >= FILE_OCTETS:
        forced.append(Option.BOOT_FILE)
    return forced


def _next_server(options: Mapping[int, bytes]) -> IPv4Address:
    """Give siaddr: as it is set, else the boot server by address (RFC 5859), else by a name that is one."""
    for number in (NEXT_SERVER, Option.TFTP_SERVER_ADDRESS):
        if value := options.get(number):
            return IPv4Address(value[:4])
    name = options.get(Option.TFTP_SERVER_NAME)
    if name is None:
        return NO_ADDRESS
    try:
        return IPv4Address(name.decode())
    except (AddressValueError, UnicodeDecodeError):
        return NO_ADDRESS
