"""How options are packed into a message: the option field, then `file` and `sname` if they are free. PURE.

Owns lengths, option overload and how routes are shortened. Source: RFC 2132 sections 9.3 and 9.10, RFC 2131
section 4.1, RFC 3396, RFC 3442.
"""

from dataclasses import dataclass
from typing import NamedTuple

from osken_apps.dhcp.classless_routes import has_default_route, leading_routes
from osken_apps.dhcp.frame import IP_UDP_OCTETS
from osken_apps.dhcp.message import (
    FILE_OCTETS,
    FIXED,
    MAGIC_COOKIE,
    MIN_OCTETS,
    OVERLOAD_FILE,
    OVERLOAD_SNAME,
    SNAME_OCTETS,
)
from osken_apps.dhcp.new_tuple import new_tuple
from osken_apps.dhcp.options import (
    BOOT_OPTIONS,
    ENCODED_END,
    IN_PARTS,
    MAX_OPTION_OCTETS,
    MAX_PART_OCTETS,
    Option,
    encode_option,
    parts,
    split,
)

#: A client takes datagrams of this size even when it says less, or nothing (RFC 2131 section 2).
MIN_DATAGRAM_OCTETS = 576
OVERLOAD_OPTION_OCTETS = 3
#: Room that is kept for the options that make a lease: type, server, three times, mask, overload, END.
RESERVED_OCTETS = 64
#: A BOOTP client may have room for no more than this.
BOOTP_ROOM = MIN_OCTETS - FIXED.size - len(MAGIC_COOKIE)
#: What a datagram holds beside the option field.
BESIDE_OPTIONS_OCTETS = IP_UDP_OCTETS + FIXED.size + len(MAGIC_COOKIE)


class PackedOptions(NamedTuple):
    """Encoded options: the option field with END, `file` and `sname` (empty: free), and what did not fit.

    `omitted` are the numbers of options that are not there, `shortened` of those that are in part.
    """

    area: bytes
    file: bytes = b""
    sname: bytes = b""
    omitted: tuple[int, ...] = ()
    shortened: tuple[int, ...] = ()


def room_for_options(max_datagram: int, mtu: int) -> int:
    """Give the octets of the option field for a client's option 57, which counts the IP and UDP headers."""
    datagram = max_datagram if max_datagram > MIN_DATAGRAM_OCTETS else MIN_DATAGRAM_OCTETS
    room = (datagram if datagram < mtu else mtu) - BESIDE_OPTIONS_OCTETS
    return room if room > BOOTP_ROOM else BOOTP_ROOM


def pack_options(encoded: bytes, last: bytes, room: int, file_free: bool, sname_free: bool) -> PackedOptions:
    """Pack encoded options in their order; `last` ends the option field before END.

    `file` and `sname` may hold options where they are free, or where their own content is told among these.
    What fits nowhere is left out, of routes those that have no room behind all else; `last` is where the
    client identifier, or what makes a lease, would have no room beside it.
    """
    if last and len(last) > room - RESERVED_OCTETS:
        return _packed_without(last, encoded, room, file_free, sname_free)
    if len(encoded) + len(last) + len(ENCODED_END) <= room:
        return new_tuple(PackedOptions, (encoded + last + ENCODED_END, b"", b"", (), ()))
    options = split(encoded)
    told = {option[0] for option in options}
    packed = _overloaded(options, told, last, room, file_free, sname_free)
    while lost := told & BOOT_OPTIONS & {*packed.omitted}:
        told -= lost  # then its field keeps what it would have told
        packed = _overloaded(options, told, last, room, file_free, sname_free)
    if last and Option.CLIENT_ID in packed.omitted:
        return _packed_without(last, encoded, room, file_free, sname_free)
    return packed


def _overloaded(
    options: list[bytes], told: set[int], last: bytes, room: int, file_free: bool, sname_free: bool
) -> PackedOptions:
    """Put options into all fields that are free, or whose own content is among those that are `told`."""
    file_free = file_free or Option.BOOT_FILE in told
    sname_free = sname_free or Option.TFTP_SERVER_NAME in told
    fields = [_Field(room - len(last) - len(ENCODED_END))]
    if file_free or sname_free:
        fields[0].room -= OVERLOAD_OPTION_OCTETS
        fields.append(_Field(FILE_OCTETS - len(ENCODED_END) if file_free else 0))
        fields.append(_Field(SNAME_OCTETS - len(ENCODED_END) if sname_free else 0))
    omitted, shortened = _fill(fields, options)
    return _joined(fields, last, omitted, shortened)


def _packed_without(
    last: bytes, encoded: bytes, room: int, file_free: bool, sname_free: bool
) -> PackedOptions:
    packed = pack_options(encoded, b"", room, file_free, sname_free)
    return packed._replace(omitted=(*packed.omitted, last[0]))


@dataclass(slots=True)
class _Field:
    """A field that is being filled, and the octets that it has left."""

    room: int
    octets: bytes = b""


def _fill(fields: list[_Field], options: list[bytes]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Put options into the fields in their order; give the numbers of those omitted and of those shortened.

    Routes that do not fit whole get what the others leave, and option 249 what option 121 leaves.
    """
    alias = [option for option in options if option[0] == Option.MS_CLASSLESS_ROUTES]
    options = [option for option in options if option[0] != Option.MS_CLASSLESS_ROUTES]
    most = sum(field.room for field in fields)
    left = [option for option in options if len(option) > most or not _place(option, fields)]
    if not left and not alias:
        return (), ()
    omitted = [option[0] for option in left if option[0] != Option.CLASSLESS_ROUTES]
    shortened: list[int] = []
    for option in [option for option in left if option[0] == Option.CLASSLESS_ROUTES] + alias:
        told, rest = _place_routes(option, fields)
        if rest:
            (shortened if told else omitted).append(option[0])
    return tuple(omitted), tuple(shortened)


def _place(encoded: bytes, fields: list[_Field]) -> bool:
    """Put an option into the first field with room, whole, or not at all."""
    if len(encoded) > MAX_PART_OCTETS:
        return _place_parts(parts(encoded), fields)
    for field in fields:
        if len(encoded) <= field.room:
            field.room -= len(encoded)
            field.octets += encoded
            return True
    return False


def _place_parts(option_parts: list[bytes], fields: list[_Field]) -> bool:
    """Put all parts of a long option into the fields, none before an earlier one (RFC 3396), or none."""
    rooms = [field.room for field in fields]
    chosen, index = [], 0
    for part in option_parts:
        while index < len(rooms) and rooms[index] < len(part):
            index += 1
        if index == len(rooms):
            return False
        rooms[index] -= len(part)
        chosen.append(index)
    for part, index in zip(option_parts, chosen, strict=True):
        fields[index].room -= len(part)
        fields[index].octets += part
    return True


def _place_routes(encoded: bytes, fields: list[_Field]) -> tuple[bytes, bytes]:
    """Put as many of an option's routes into the fields as fit; give those, and the others.

    Option 121 may go in parts over the fields (RFC 3442), 249 goes into one. A part that is made here ends
    with a route, for clients that read it by itself. Where there is a default route it is told, or nothing
    is: a client that takes one of these options ignores the router option.
    """
    number, routes = encoded[0], b"".join(part[2:] for part in parts(encoded))
    in_parts = number in IN_PARTS
    among = fields if in_parts else [_roomy(fields, len(encoded))]
    if _place(encoded, among):
        return routes, b""
    chosen, told = [], b""
    for field in among:
        room = field.room
        while part := leading_routes(routes[len(told) :], min(room - 2, MAX_OPTION_OCTETS)):
            chosen.append((field, encode_option(number, part)))
            told += part
            room -= 2 + len(part)
            if not in_parts:
                break
    if has_default_route(routes) and not has_default_route(told):
        return b"", routes
    for field, part in chosen:
        field.room -= len(part)
        field.octets += part
    return told, routes[len(told) :]


def _roomy(fields: list[_Field], octets: int) -> _Field:
    """Give the first field with room for so many octets, else the one that has the most."""
    fitting = (field for field in fields if octets <= field.room)
    return next(fitting, max(fields, key=lambda field: field.room))


def _joined(
    fields: list[_Field], last: bytes, omitted: tuple[int, ...], shortened: tuple[int, ...]
) -> PackedOptions:
    area, *more = (field.octets for field in fields)
    file, sname = more or (b"", b"")
    overload = (OVERLOAD_FILE if file else 0) | (OVERLOAD_SNAME if sname else 0)
    if overload:
        area += encode_option(Option.OVERLOAD, bytes((overload,)))
    return PackedOptions(
        area + last + ENCODED_END,
        file and file + ENCODED_END,
        sname and sname + ENCODED_END,
        omitted,
        shortened,
    )
