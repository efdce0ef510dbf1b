"""The option numbers of DHCP, each with its source, and the option field as octets. PURE.

Owns the walk over an option field (PAD, END, lengths) and its making. What an option means is told elsewhere.
Source: RFC 2132 section 2, RFC 3396 (long options), IANA's registry of DHCP parameters.
"""

import re
from collections.abc import Container


class Option:
    """The numbers of the options that this server knows by name.

    Plain numbers, not an enumeration: they are compared a hundred times for each packet.
    """

    PAD = 0  # RFC 2132 3.1
    SUBNET_MASK = 1  # RFC 2132 3.3
    ROUTER = 3  # RFC 2132 3.5
    DNS_SERVER = 6  # RFC 2132 3.8
    HOST_NAME = 12  # RFC 2132 3.14
    DOMAIN_NAME = 15  # RFC 2132 3.17
    MTU = 26  # RFC 2132 5.1
    BROADCAST = 28  # RFC 2132 5.3
    NTP_SERVER = 42  # RFC 2132 8.3
    VENDOR_SPECIFIC = 43  # RFC 2132 8.4
    REQUESTED_ADDRESS = 50  # RFC 2132 9.1
    LEASE_TIME = 51  # RFC 2132 9.2
    OVERLOAD = 52  # RFC 2132 9.3
    MESSAGE_TYPE = 53  # RFC 2132 9.6
    SERVER_ID = 54  # RFC 2132 9.7
    PARAMETER_REQUEST_LIST = 55  # RFC 2132 9.8
    MESSAGE = 56  # RFC 2132 9.9
    MAX_MESSAGE_SIZE = 57  # RFC 2132 9.10
    RENEWAL_TIME = 58  # RFC 2132 9.11 (T1)
    REBINDING_TIME = 59  # RFC 2132 9.12 (T2)
    VENDOR_CLASS = 60  # RFC 2132 9.13
    CLIENT_ID = 61  # RFC 2132 9.14, RFC 4361
    TFTP_SERVER_NAME = 66  # RFC 2132 9.4
    BOOT_FILE = 67  # RFC 2132 9.5
    USER_CLASS = 77  # RFC 3004
    RAPID_COMMIT = 80  # RFC 4039
    FQDN = 81  # RFC 4702
    RELAY_AGENT = 82  # RFC 3046
    CLIENT_ARCH = 93  # RFC 4578 2.1
    CLIENT_INTERFACE = 94  # RFC 4578 2.2
    CLIENT_MACHINE_ID = 97  # RFC 4578 2.3
    IPV6_ONLY = 108  # RFC 8925
    SUBNET_SELECTION = 118  # RFC 3011
    DOMAIN_SEARCH = 119  # RFC 3397
    CLASSLESS_ROUTES = 121  # RFC 3442
    VENDOR_ID_CLASS = 124  # RFC 3925 section 3
    VENDOR_ID_SPECIFIC = 125  # RFC 3925 section 4
    TFTP_SERVER_ADDRESS = 150  # RFC 5859
    ETHERBOOT = 175  # what iPXE calls itself by; Etherboot's, not assigned by IANA
    MS_CLASSLESS_ROUTES = 249  # [MS-DHCPE] 2.2.8: option 121 under an older number
    END = 255  # RFC 2132 3.2


END = Option.END
ENCODED_END = bytes((END,))

#: Lengths that an option may have; one of another length is as good as absent.
LENGTHS: dict[int, range] = {
    Option.REQUESTED_ADDRESS: range(4, 5),
    Option.LEASE_TIME: range(4, 5),
    Option.OVERLOAD: range(1, 2),
    Option.MESSAGE_TYPE: range(1, 2),
    Option.SERVER_ID: range(4, 5),
    Option.PARAMETER_REQUEST_LIST: range(1, 256),
    Option.MAX_MESSAGE_SIZE: range(2, 3),
    Option.CLIENT_ARCH: range(2, 256, 2),
}
#: Options whose parts are joined when they come again, as the RFC of each asks (RFC 3396: "concatenation-
#: requiring"). Of any other the first that can be used counts: clients send it twice, and mean one.
IN_PARTS = frozenset(
    {
        Option.FQDN,  # RFC 4702: a name may be longer than an option
        Option.DOMAIN_SEARCH,  # RFC 3397 section 2
        Option.CLASSLESS_ROUTES,  # RFC 3442
        Option.VENDOR_ID_CLASS,  # RFC 3925 section 3
        Option.VENDOR_ID_SPECIFIC,  # RFC 3925 section 4
    }
)
#: The options for what is in `file` and `sname`, unless those hold options.
BOOT_OPTIONS = frozenset({Option.BOOT_FILE, Option.TFTP_SERVER_NAME})
#: No more options of a field are read: there are no more numbers, and without a bound a hostile message costs
#: the time of a hundred others.
MAX_OPTIONS = 256
MAX_JOINED_OCTETS = 1024
MAX_OPTION_OCTETS = 255
#: The same with number and length.
MAX_PART_OCTETS = 2 + MAX_OPTION_OCTETS

_PADS = re.compile(rb"\0*")


def read_field(
    area: bytes, offset: int, options: dict[int, bytes], unusable_too: Container[int] = ()
) -> None:
    """Add each option of a field to `options`, from `offset` to END, the field's end or one that is cut off.

    An option that cannot be used hides no other: what came before it is there. Those of `unusable_too` are
    added also if they are of a wrong length or cut off.
    """
    size = len(area)
    try:
        for _ in range(MAX_OPTIONS):
            number = area[offset]
            if number == 0:
                offset = _PADS.match(area, offset).end()  # type: ignore[union-attr]
                continue
            if number == END:
                return
            start = offset + 2
            offset = start + area[offset + 1]
            if offset > size:
                if number in unusable_too:
                    options.setdefault(number, area[start:])
                return
            if number in LENGTHS and offset - start not in LENGTHS[number] and number not in unusable_too:
                continue
            if number not in options:
                options[number] = area[start:offset]
            elif number in IN_PARTS and len(options[number]) < MAX_JOINED_OCTETS:
                options[number] += area[start:offset]
    except IndexError:  # the field's end, perhaps after a number without a length
        if offset < size and area[offset] in unusable_too:
            options.setdefault(area[offset], b"")


def encode_option(number: int, value: bytes) -> bytes:
    """Encode an option; a long one becomes several of at most 255 octets (RFC 3396)."""
    if len(value) <= MAX_OPTION_OCTETS:
        return bytes((number, len(value))) + value
    starts = range(0, len(value), MAX_OPTION_OCTETS)
    return b"".join(encode_option(number, value[start : start + MAX_OPTION_OCTETS]) for start in starts)


def split(encoded: bytes) -> list[bytes]:
    """Take encoded options apart, one by one; the parts of a long one stay together."""
    options: list[bytes] = []
    offset = 0
    while offset < len(encoded):
        end = offset + 2 + encoded[offset + 1]
        if options and options[-1][0] == encoded[offset]:
            options[-1] += encoded[offset:end]
        else:
            options.append(encoded[offset:end])
        offset = end
    return options


def parts(encoded: bytes) -> list[bytes]:
    """Take an encoded option apart into the options that it became."""
    return [encoded[start : start + MAX_PART_OCTETS] for start in range(0, len(encoded), MAX_PART_OCTETS)]
