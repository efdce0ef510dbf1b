"""Which options a client is told: the mandatory ones, then what it asks for in its order. PURE.

Owns the choice for one client. Where the values come from is in `reservation`, how they go into a message in
`option_packing`.
Source: RFC 2131 section 4.3.1 and table 3, RFC 1534 (BOOTP clients), RFC 3442, RFC 6842, RFC 4578, RFC 5859.
"""

from collections.abc import Mapping
from typing import NamedTuple

from osken_apps.dhcp.client_class import (
    HTTP_VENDOR_CLASS,
    PXE_VENDOR_CLASS,
    Options,
    enterprises,
    vendor_class,
)
from osken_apps.dhcp.configured_options import ConfiguredOptions, Selection, configured_options, select
from osken_apps.dhcp.decision import INFORMED, AnswerReason
from osken_apps.dhcp.extra_dhcp_opts import Container
from osken_apps.dhcp.fqdn import MIN_FQDN_OCTETS, fqdn_answer
from osken_apps.dhcp.message import NAK, NO_ADDRESS, MessageType
from osken_apps.dhcp.new_tuple import new_tuple
from osken_apps.dhcp.options import ENCODED_END, MAX_OPTION_OCTETS, Option, encode_option
from osken_apps.dhcp.reservation import Reservation, set_option

ENCODED_MESSAGE_TYPES = {kind: encode_option(Option.MESSAGE_TYPE, bytes((kind,))) for kind in MessageType}


class ReplyOptions(NamedTuple):
    """What one reply tells: encoded options in their order, and what goes into siaddr, `sname` and `file`."""

    encoded: bytes
    lease_time_s: int | None = None
    next_server: int = NO_ADDRESS
    sname: bytes = b""
    file: bytes = b""


def reply_options(
    sent: Options, message_type: MessageType | None, reason: AnswerReason, reservation: Reservation
) -> ReplyOptions:
    """Choose what the reply of that type (None: BOOTP) tells a client that sent these options."""
    if message_type is NAK:
        words = encode_option(Option.MESSAGE, reason.encode())
        return ReplyOptions(
            b"".join(
                (ENCODED_MESSAGE_TYPES[message_type], reservation.server_id_option, _client_id(sent), words)
            )
        )
    configured, host_name, forced = configured_for(sent, reservation)
    lease_time_s = None
    if message_type is None:
        encoded = configured.mask + _with_host_name(host_name, configured.for_bootp)
    else:
        informed = reason is INFORMED
        lease_time_s = None if informed else configured.lease_time_s
        encoded = b"".join(
            (
                ENCODED_MESSAGE_TYPES[message_type],
                reservation.server_id_option,
                configured.mask if informed else configured.lease,
                _client_id(sent),
                _chosen(sent, configured, host_name, forced),
            )
        )
    return new_tuple(
        ReplyOptions, (encoded, lease_time_s, configured.next_server, configured.sname, configured.file)
    )


def configured_for(sent: Options, reservation: Reservation) -> tuple[ConfiguredOptions, bytes, list[int]]:
    """Give what is configured for this client, its host name, and the numbers of what is forced on it."""
    if reservation.configured is not None:
        return reservation.configured, reservation.host_name, []
    options = dict(reservation.options)
    contained: dict[Container, bytes] = {}
    for extra in reservation.conditional.applying(sent):
        if extra.container and extra.value is not None:
            together = contained.get(extra.container, b"") + encode_option(extra.number, extra.value)
            if len(together) <= MAX_OPTION_OCTETS:
                contained[extra.container] = together
        else:
            set_option(extra, options)
    forced = _contain(contained, options, sent)
    host_name = encode_option(Option.HOST_NAME, options.pop(Option.HOST_NAME))
    return configured_options(options), host_name, forced


def _client_id(sent: Options) -> bytes:
    """Give the client identifier if there was one.

    RFC 6842: "If the 'client identifier' option is set in a message received from a client, the server MUST
    return the 'client identifier' option, unaltered, in its response message."
    """
    client_id = sent.get(Option.CLIENT_ID)
    return encode_option(Option.CLIENT_ID, client_id) if client_id else b""


def _chosen(sent: Options, configured: ConfiguredOptions, host_name: bytes, forced: list[int]) -> bytes:
    """Give what the client requests or what is usual, and behind it what it need not request.

    That is what is `forced`, and what answers its own options.
    """
    requested = sent.get(Option.PARAMETER_REQUEST_LIST, b"")
    own = _answers_to_options(sent, configured, host_name)
    if not own and not forced:
        return _with_host_name(host_name, configured.selection(requested))
    numbers = configured.numbers(requested)
    numbers += [number for number in (*forced, *own) if number not in numbers]
    return _with_host_name(host_name, select({**configured.requestable, **own}, numbers))


def _with_host_name(host_name: bytes, selection: Selection) -> bytes:
    before, has_host_name, after = selection
    return before + host_name + after if has_host_name else before


def _answers_to_options(sent: Options, configured: ConfiguredOptions, host_name: bytes) -> dict[int, bytes]:
    """Give what answers the client's own options; it is told though it was not requested."""
    answers: dict[int, bytes] = {}
    fqdn = sent.get(Option.FQDN, b"")
    if len(fqdn) >= MIN_FQDN_OCTETS:
        # RFC 4702 section 4: option 81 goes to a client that sent it, and to no other.
        answer = fqdn_answer(fqdn, host_name[2:], configured.domain)
        answers[Option.FQDN] = encode_option(Option.FQDN, answer)
    if client_class := vendor_class(sent):
        _answer_vendor(client_class, sent, configured, answers)
    boot_fields = (Option.BOOT_FILE, configured.file), (Option.TFTP_SERVER_NAME, configured.sname)
    for number, content in boot_fields:
        if not content and number in configured.requestable:
            answers[number] = configured.requestable[number]  # too long for its field
    return answers


def _answer_vendor(
    client_class: bytes, sent: Options, configured: ConfiguredOptions, answers: dict[int, bytes]
) -> None:
    machine = sent.get(Option.CLIENT_MACHINE_ID)
    if machine and client_class.startswith(PXE_VENDOR_CLASS):
        # RFC 4578 2.3: in all packets of PXE clients and servers.
        answers[Option.CLIENT_MACHINE_ID] = encode_option(Option.CLIENT_MACHINE_ID, machine)
    if Option.VENDOR_CLASS in configured.requestable:
        answers[Option.VENDOR_CLASS] = configured.requestable[Option.VENDOR_CLASS]
    elif client_class.startswith(HTTP_VENDOR_CLASS) and configured.boot_file.startswith(b"http"):
        # UEFI 2.10, 24.7.3.1: else it is no offer to an HTTP boot client.
        answers[Option.VENDOR_CLASS] = encode_option(Option.VENDOR_CLASS, HTTP_VENDOR_CLASS)


def _contain(contained: Mapping[Container, bytes], options: dict[int, bytes], sent: Options) -> list[int]:
    """Put sub-options into their options; give those that the client need not ask for."""
    forced = []
    requested = sent.get(Option.PARAMETER_REQUEST_LIST, b"")
    theirs = enterprises(sent) if contained else frozenset()
    for container, encoded in contained.items():
        if container.number == Option.VENDOR_ID_SPECIFIC:
            # RFC 3925 section 4: a block for each enterprise number, of those that the client knows.
            if container.enterprise in theirs or container.number in requested:
                block = container.enterprise.to_bytes(4, "big") + bytes((len(encoded),)) + encoded
                options[container.number] = options.get(container.number, b"") + block
                forced.append(container.number)
            continue
        # RFC 2132 8.4: their end may be marked; what they fill whole has no room for that.
        options[container.number] = (encoded + ENCODED_END)[:MAX_OPTION_OCTETS]
        if container.number == Option.VENDOR_SPECIFIC or container.number in sent:
            forced.append(container.number)
    return forced
