"""What one kind of client may be told: every option completed and encoded, and the boot fields. PURE.

Owns what follows from other options: T1 and T2 from the lease, the default route among static routes, siaddr.
Source: RFC 2131 section 4.4.5, RFC 3442, RFC 5859.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from osken_apps.dhcp.extra import times_agree
from osken_apps.dhcp.message import FILE_OCTETS, NO_ADDRESS, SNAME_OCTETS
from osken_apps.dhcp.options import Option, encode_option
from osken_apps.dhcp.routes import default_route, has_default_route
from osken_apps.dhcp.values import INFINITE_S, NEXT_SERVER

#: Told to every client that is given an address: without them it has no lease to keep.
LEASE = (Option.LEASE_TIME, Option.RENEWAL_TIME, Option.REBINDING_TIME)


@dataclass(frozen=True, slots=True)
class Menu:
    """Options by number, encoded, and what is told outside of options.

    They are in the order of their numbers, so the subnet mask is before the router (RFC 2132 3.3).
    """

    encoded: Mapping[int, bytes]
    lease_time_s: int
    host_name: bytes
    domain: bytes
    boot_file: bytes
    next_server: IPv4Address
    sname: bytes
    file: bytes


def menu_of(options: Mapping[int, bytes]) -> Menu:
    """Complete and encode options."""
    whole = {number: value for number, value in options.items() if value and number != NEXT_SERVER}
    whole |= _times(options)
    whole |= _routes(options)
    boot_file = options.get(Option.BOOT_FILE, b"")
    boot_server = options.get(Option.TFTP_SERVER_NAME, b"")
    return Menu(
        encoded={number: encode_option(number, value) for number, value in sorted(whole.items())},
        lease_time_s=int.from_bytes(options[Option.LEASE_TIME], "big"),
        host_name=options.get(Option.HOST_NAME, b""),
        domain=options.get(Option.DOMAIN_NAME, b""),
        boot_file=boot_file,
        next_server=_next_server(options),
        sname=boot_server if len(boot_server) < SNAME_OCTETS else b"",
        file=boot_file if len(boot_file) < FILE_OCTETS else b"",
    )


def _times(options: Mapping[int, bytes]) -> dict[int, bytes]:
    """Give T1 (half the lease) and T2 (seven eighths) unless they are given and agree (RFC 2131 4.4.5)."""
    times = {number: int.from_bytes(options[number], "big") for number in LEASE if number in options}
    lease_s = times[Option.LEASE_TIME]
    infinite = lease_s == INFINITE_S
    usual: dict[int, int] = {
        Option.RENEWAL_TIME: INFINITE_S if infinite else lease_s // 2,
        Option.REBINDING_TIME: INFINITE_S if infinite else lease_s * 7 // 8,
    }
    wished = usual | times
    chosen = wished if times_agree(wished) else usual
    return {number: chosen[number].to_bytes(4, "big") for number in usual}


def _routes(options: Mapping[int, bytes]) -> dict[int, bytes]:
    """Put the default route into option 121 too: a client that takes 121 ignores the router (RFC 3442)."""
    routes, router = options.get(Option.CLASSLESS_ROUTES), options.get(Option.ROUTER)
    if not routes:
        return {}
    if router and not has_default_route(routes):
        routes += default_route(router[:4])
    return {
        Option.CLASSLESS_ROUTES: routes,
        Option.MS_CLASSLESS_ROUTES: options.get(Option.MS_CLASSLESS_ROUTES, routes),
    }


def _next_server(options: Mapping[int, bytes]) -> IPv4Address:
    """Give siaddr: as it is set, else the boot server by address (RFC 5859), else by a name that is one."""
    for number in (NEXT_SERVER, Option.TFTP_SERVER_ADDRESS):
        if value := options.get(number):
            return IPv4Address(value[:4])
    try:
        return IPv4Address(options.get(Option.TFTP_SERVER_NAME, b"").decode())
    except (AddressValueError, UnicodeDecodeError):
        return NO_ADDRESS
