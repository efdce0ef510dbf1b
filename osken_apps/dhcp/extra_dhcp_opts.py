"""A port's `extra_dhcp_opts`: read, checked, and refused when they would break a client. PURE.

The name of an option is dnsmasq's, as Neutron hands it on: `[CONDITION,…][CONTAINER,]OPTION`.

    OPTION      67, bootfile-name or option:bootfile-name
    CONDITION   tag:ipxe, tag:!ipxe, tag:efi64, tag:arch-7, tag:vendor-CLASS, tag:user-CLASS (`client_class`),
                !175 (the client did not send option 175: Ironic's form)
    CONTAINER   vendor:CLASS (OPTION goes into option 43, for clients of that vendor class),
                encap:175 (into option 175), vi-encap:9 (into option 125 under enterprise number 9)

`client-id` (61) is taken, as Neutron takes it for Ironic, and does nothing: a client is known by its port,
and is told its own identifier. An empty value withholds `router`, `mtu` or `classless-static-route`. Of
several values for one option, the one with more conditions that hold wins, then the later one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from osken_apps.dhcp.client_class import Condition, tag
from osken_apps.dhcp.dnsmasq_values import (
    ENCODERS,
    NEXT_SERVER,
    NUMBERS,
    REFUSED,
    guessed,
)
from osken_apps.dhcp.lease_times import LEASE, times_agree
from osken_apps.dhcp.options import MAX_OPTION_OCTETS, Option
from osken_apps.errors import InvalidDhcpOption
from osken_apps.model.resources import ExtraDhcpOption

MAY_BE_EMPTY = frozenset({Option.ROUTER, Option.MTU, Option.CLASSLESS_ROUTES, Option.MS_CLASSLESS_ROUTES})


@dataclass(frozen=True, slots=True)
class Container:
    """The option that holds sub-options; `enterprise` for option 125 only."""

    number: int
    enterprise: int = 0


@dataclass(frozen=True, slots=True)
class ExtraOption:
    """An option of a port: told to clients for which all conditions hold; `value` None withholds it."""

    number: int
    value: bytes | None
    conditions: tuple[Condition, ...] = ()
    container: Container | None = None


def parse_extra_dhcp_opt(opt: ExtraDhcpOption) -> ExtraOption:
    """Read one option. Raises InvalidDhcpOption with name, value and reason."""
    try:
        return _parsed(opt)
    except ValueError as error:
        raise _refusal(opt, str(error)) from error


def validate_extra_dhcp_opts(
    opts: Iterable[ExtraDhcpOption], network_mtu: int, lease_time_s: int | None
) -> None:
    """Raise InvalidDhcpOption for options that would break a client, or that contradict each other.

    `lease_time_s` is how long a lease is whose time the options do not say, as far as that is known.
    """
    seen: dict[object, ExtraDhcpOption] = {}
    times: list[tuple[ExtraDhcpOption, ExtraOption]] = []
    room: dict[Container, int] = {}
    for opt in opts:
        if opt.ip_version != 4:
            continue
        extra = parse_extra_dhcp_opt(opt)
        twin = seen.setdefault((extra.number, frozenset(extra.conditions), extra.container), opt)
        if twin is not opt:
            raise _refusal(opt, f"{twin.opt_name!r} sets the same option")
        if extra.container:
            _check_room(opt, extra, extra.container, room)
        elif exceeds_mtu(extra, network_mtu):
            raise _refusal(opt, f"the MTU of the network is {network_mtu}")
        elif extra.number in LEASE:
            times.append((opt, extra))
    _check_times(times, {} if lease_time_s is None else {Option.LEASE_TIME: lease_time_s})


def _check_room(
    opt: ExtraDhcpOption, extra: ExtraOption, container: Container, room: dict[Container, int]
) -> None:
    room[container] = room.get(container, MAX_OPTION_OCTETS) - 2 - len(extra.value or b"")
    if room[container] < 0:
        raise _refusal(opt, f"option {container.number} would hold over {MAX_OPTION_OCTETS} octets")


def exceeds_mtu(extra: ExtraOption, network_mtu: int) -> bool:
    """Tell whether an option gives a client more octets a packet than its network carries."""
    is_mtu = extra.number == Option.MTU and not extra.container
    return is_mtu and int.from_bytes(extra.value or b"", "big") > network_mtu


def _check_times(times: list[tuple[ExtraDhcpOption, ExtraOption]], default: Mapping[int, int]) -> None:
    """Check those that are told together: those under no condition, and with them those under the same."""
    for conditions in {frozenset(extra.conditions): None for _, extra in times}:
        told = [(opt, extra) for opt, extra in times if not extra.conditions]
        told += [(opt, extra) for opt, extra in times if frozenset(extra.conditions) == conditions]
        given = {extra.number: int.from_bytes(extra.value or b"", "big") for _, extra in told}
        if not times_agree({**default, **given}):
            opt, _ = told[-1]
            raise _refusal(opt, f"T1 must be before T2 and T2 before the end of the lease{_of(default)}")


def _of(default: Mapping[int, int]) -> str:
    return "".join(f", which is {time_s} s unless lease-time is given" for time_s in default.values())


def _refusal(opt: ExtraDhcpOption, reason: str) -> InvalidDhcpOption:
    return InvalidDhcpOption(f"extra_dhcp_opts: {opt.opt_name!r} with value {opt.opt_value!r}: {reason}")


def _parsed(opt: ExtraDhcpOption) -> ExtraOption:
    *prefixes, name = [part.strip() for part in opt.opt_name.split(",")]
    conditions: list[Condition] = []
    container = None
    for prefix in prefixes:
        condition, here = _prefix(prefix)
        if here is not None and container is not None:
            raise ValueError("an option goes into one other option only")
        conditions += [condition] if condition else []
        container = here or container
    if container is not None:
        value = guessed(opt.opt_value)
        if len(value) > MAX_OPTION_OCTETS:
            raise ValueError(f"the value is longer than {MAX_OPTION_OCTETS} octets")
        return ExtraOption(_number(name, 1, 254), value, tuple(conditions), container)
    number = option_number(name)
    return ExtraOption(number, _value(number, opt.opt_value), tuple(conditions))


def _prefix(prefix: str) -> tuple[Condition | None, Container | None]:
    word, _, rest = prefix.partition(":")
    match word:
        case "tag":
            return tag(rest), None
        case "vendor":
            return Condition("vendor", rest), Container(Option.VENDOR_SPECIFIC)
        case "encap":
            return None, Container(_holder(_number(rest, 1, 254)))
        case "vi-encap":
            number = _number(rest, 0, 0xFFFFFFFF)
            return None, Container(Option.VENDOR_ID_SPECIFIC, number)
        case _ if prefix.startswith("!"):
            return Condition("option", str(_number(prefix[1:], 1, 254)), negated=True), None
        case _:
            raise ValueError(f"{prefix!r} is neither a condition nor a container")


def option_number(name: str) -> int:
    """Give the number of an option by dnsmasq's name or by number. Raises ValueError."""
    name = name.removeprefix("option:")
    if name.isascii() and name.isdigit():
        return _allowed(_number(name, 0, NEXT_SERVER))
    number = NUMBERS.get(name.lower())
    if number is None:
        raise ValueError(f"no DHCP option is called {name!r}")
    return _allowed(number)


def _allowed(number: int) -> int:
    if number in REFUSED:
        raise ValueError(f"option {number} is the protocol's own and cannot be set")
    return number


def _holder(number: int) -> int:
    if number in ENCODERS and number != Option.VENDOR_SPECIFIC:
        raise ValueError(f"option {number} holds no other options")
    return _allowed(number)


def _number(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or not least <= int(text) <= most:
        raise ValueError(f"{text!r} is no number from {least} to {most}")
    return int(text)


def _value(number: int, text: str) -> bytes | None:
    if not text.strip():
        if number in MAY_BE_EMPTY:
            return None
        raise ValueError("the value is empty")
    return ENCODERS.get(number, guessed)(text)
