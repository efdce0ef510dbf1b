"""What follows from other options: T1 and T2 from the lease, the default route among static routes. PURE."""

from osken_apps.dhcp.extra import times_agree
from osken_apps.dhcp.options import Option
from osken_apps.dhcp.routes import default_route, has_default_route
from osken_apps.dhcp.values import INFINITE_S

#: Told to every client that is given an address: without them it has no lease to keep.
LEASE = (Option.LEASE_TIME, Option.RENEWAL_TIME, Option.REBINDING_TIME)


def complete(options: dict[int, bytes]) -> None:
    """Fill in what follows from the options that are there."""
    _complete_times(options)
    _complete_routes(options)


def _complete_times(options: dict[int, bytes]) -> None:
    """Fill in T1 (half the lease) and T2 (seven eighths) where they are not given (RFC 2131 4.4.5)."""
    times = {number: int.from_bytes(options[number], "big") for number in LEASE if number in options}
    lease_s = times[Option.LEASE_TIME]
    infinite = lease_s == INFINITE_S
    usual: dict[int, int] = {
        Option.RENEWAL_TIME: INFINITE_S if infinite else lease_s // 2,
        Option.REBINDING_TIME: INFINITE_S if infinite else lease_s * 7 // 8,
    }
    wished = usual | times
    chosen = wished if times_agree(wished) else usual
    for number in usual:
        options[number] = chosen[number].to_bytes(4, "big")


def _complete_routes(options: dict[int, bytes]) -> None:
    """Put the default route into option 121 too: a client that takes 121 ignores the router (RFC 3442)."""
    routes, router = options.get(Option.CLASSLESS_ROUTES), options.get(Option.ROUTER)
    if routes is None:
        return
    if router and not has_default_route(routes):
        routes += default_route(router[:4])
    options[Option.CLASSLESS_ROUTES] = routes
    options.setdefault(Option.MS_CLASSLESS_ROUTES, routes)
