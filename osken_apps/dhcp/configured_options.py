"""What is configured for clients of one kind: every option completed and encoded, and the boot fields. PURE.

Owns what follows from other options: siaddr. T1 and T2 are from `lease_times`.
The ports of a subnet mostly differ in their host names alone, so that is left out, and all share the rest:
what one client asks for is worked out for the next.
Source: RFC 2131 section 4.3.1, RFC 5859.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address
from typing import NamedTuple

from osken_apps.dhcp.classless_routes import completed_routes
from osken_apps.dhcp.dnsmasq_values import NEXT_SERVER
from osken_apps.dhcp.lease_times import LEASE, lease_times
from osken_apps.dhcp.message import FILE_OCTETS, NO_ADDRESS, SNAME_OCTETS
from osken_apps.dhcp.options import BOOT_OPTIONS, Option, encode_option

#: What a client's list does not decide about: it goes first, where it goes.
NOT_REQUESTABLE = frozenset(
    {Option.MESSAGE_TYPE, Option.SERVER_ID, *LEASE, Option.SUBNET_MASK, Option.CLIENT_ID}
)
#: What a client that sends no list is not told: an alias, and what must be asked for (RFC 8925 section 3.2).
ONLY_ON_REQUEST = frozenset({Option.MS_CLASSLESS_ROUTES, Option.IPV6_ONLY})
#: RFC 1534 section 2: the options that only DHCP has; they are those of RFC 2132 section 9.
NOT_FOR_BOOTP = frozenset(range(Option.REQUESTED_ADDRESS, Option.CLIENT_ID + 1)) | BOOT_OPTIONS

MAX_KINDS = 1024
MAX_SELECTIONS = 16  # parameter request lists of the clients of one kind


class Selection(NamedTuple):
    """Encoded options in the order in which they go, around the host name if that is among them."""

    before: bytes
    has_host_name: bool = False
    after: bytes = b""


@dataclass(frozen=True, slots=True)
class ConfiguredOptions:
    """Options, encoded, without the host name, and what is told outside of options.

    `lease` is those of a lease together; `mask` is among them, but told without a lease, too, and before the
    router (RFC 2132 3.3). `requestable` are all others by number, in its order. `for_bootp` is what a BOOTP
    client is told behind the mask.
    """

    lease: bytes
    mask: bytes
    requestable: Mapping[int, bytes]
    for_bootp: Selection
    lease_time_s: int
    domain: bytes
    boot_file: bytes
    next_server: int
    sname: bytes
    file: bytes
    _selections: dict[bytes, Selection] = field(default_factory=dict, compare=False, repr=False)

    def selection(self, requested: bytes) -> Selection:
        """Select what a client with this parameter request list is told."""
        selection = self._selections.get(requested)
        if selection is None:
            selection = select(self.requestable, self.numbers(requested))
            if len(self._selections) >= MAX_SELECTIONS:
                del self._selections[next(iter(self._selections))]
            self._selections[requested] = selection
        return selection

    def numbers(self, requested: bytes) -> list[int]:
        """Give the numbers that a parameter request list names, in its order (RFC 2131 4.3.1).

        The MTU goes unrequested, too, and first: it is no wish, and not all clients ask (udhcpc does not).
        The list of a client that sends none is empty: that is told what is usual, the host name among it.
        """
        if requested:
            numbers = list(dict.fromkeys(requested))
            return numbers if Option.MTU in numbers else [Option.MTU, *numbers]
        return [
            number
            for number in sorted({*self.requestable, Option.HOST_NAME})
            if number not in ONLY_ON_REQUEST
        ]


def select(encoded: Mapping[int, bytes], numbers: Iterable[int]) -> Selection:
    """Select options in the order of the numbers."""
    wanted = list(numbers)
    if Option.HOST_NAME not in wanted:
        return Selection(_joined(encoded, wanted))
    at = wanted.index(Option.HOST_NAME)
    return Selection(_joined(encoded, wanted[:at]), True, _joined(encoded, wanted[at + 1 :]))


def _joined(encoded: Mapping[int, bytes], numbers: Iterable[int]) -> bytes:
    return b"".join([encoded[number] for number in numbers if number in encoded])


def configured_options(options: Mapping[int, bytes]) -> ConfiguredOptions:
    """Complete and encode options; equal ones are made once."""
    return _configured_options(tuple(sorted(options.items())))


@lru_cache(MAX_KINDS)
def _configured_options(items: tuple[tuple[int, bytes], ...]) -> ConfiguredOptions:
    options = dict(items)
    whole = {number: value for number, value in items if value and number != NEXT_SERVER}
    whole |= _times(options)
    whole |= completed_routes(options)
    encoded = {number: encode_option(number, value) for number, value in sorted(whole.items())}
    requestable = {number: octets for number, octets in encoded.items() if number not in NOT_REQUESTABLE}
    bootp = sorted({*requestable, Option.HOST_NAME} - NOT_FOR_BOOTP - ONLY_ON_REQUEST)
    boot_file = options.get(Option.BOOT_FILE, b"")
    boot_server = options.get(Option.TFTP_SERVER_NAME, b"")
    return ConfiguredOptions(
        lease=b"".join([encoded[number] for number in (*LEASE, Option.SUBNET_MASK)]),
        mask=encoded[Option.SUBNET_MASK],
        requestable=requestable,
        for_bootp=select(requestable, bootp),
        lease_time_s=int.from_bytes(options[Option.LEASE_TIME], "big"),
        domain=options.get(Option.DOMAIN_NAME, b""),
        boot_file=boot_file,
        next_server=_next_server(options),
        sname=boot_server if len(boot_server) < SNAME_OCTETS else b"",
        file=boot_file if len(boot_file) < FILE_OCTETS else b"",
    )


def _times(options: Mapping[int, bytes]) -> dict[int, bytes]:
    given = {number: int.from_bytes(options[number], "big") for number in LEASE if number in options}
    return {number: time_s.to_bytes(4, "big") for number, time_s in lease_times(given).items()}


def _next_server(options: Mapping[int, bytes]) -> int:
    """Give siaddr: as it is set, else the boot server by address (RFC 5859), else by a name that is one."""
    for number in (NEXT_SERVER, Option.TFTP_SERVER_ADDRESS):
        if value := options.get(number):
            return int.from_bytes(value[:4], "big")
    try:
        return int(IPv4Address(options.get(Option.TFTP_SERVER_NAME, b"").decode()))
    except (AddressValueError, UnicodeDecodeError):
        return NO_ADDRESS
