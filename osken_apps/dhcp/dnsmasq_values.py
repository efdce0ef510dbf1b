"""Option values as an operator writes them: dnsmasq's option names, and the text of each kind of value. PURE.

Owns the text form, dnsmasq's where it has one. Which options an operator may set: `extra_dhcp_opts`.
Source: `dnsmasq --help dhcp` and dnsmasq(8) (names and forms), RFC 2132 (kinds and limits).
"""

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

from osken_apps.dhcp.classless_routes import routes_of_items
from osken_apps.dhcp.domain_names import encode_name, encode_search_list, labels
from osken_apps.dhcp.options import Option

INFINITE_S = 0xFFFFFFFF
MIN_MTU = 68  # RFC 2132 5.1
MAX_MTU = 0xFFFF
MIN_LEASE_TIME_S = 60

#: What the rest of option 120 is (RFC 3361 sections 3.1 and 3.2).
SIP_NAMES, SIP_ADDRESSES = b"\0", b"\x01"

TIME = re.compile(r"(\d{1,10})([smhdw]?)")
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
HEX = re.compile(r"[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2})+")
ADDRESS_LIST = re.compile(r"\d+\.\d+\.\d+\.\d+(?:\s*,\s*\d+\.\d+\.\d+\.\d+)*")
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")

Encoder = Callable[[str], bytes]


def addresses(text: str) -> bytes:
    """Encode addresses of machines, separated by commas."""
    return b"".join(_address(item).packed for item in _items(text))


def one_address(text: str) -> bytes:
    """Encode one address of a machine."""
    return _address(text.strip()).packed


def any_address(text: str) -> bytes:
    """Encode one IPv4 address that need not be a machine's."""
    return IPv4Address(text.strip()).packed


def any_addresses(text: str) -> bytes:
    """Encode IPv4 addresses that need not be machines', separated by commas."""
    return b"".join(map(any_address, _items(text)))


def address_pairs(text: str) -> bytes:
    """Encode pairs of IPv4 addresses, all separated by commas."""
    encoded = any_addresses(text)
    if len(encoded) % 8:
        raise ValueError("the addresses are not pairs")
    return encoded


def netmask(text: str) -> bytes:
    """Encode a subnet mask."""
    mask = IPv4Address(text.strip())
    if IPv4Network(f"0.0.0.0/{mask}").netmask != mask or int(mask) == 0:
        raise ValueError("a subnet mask has ones, then zeros")
    return mask.packed


def unsigned(octets: int, least: int = 0, most: int | None = None) -> Encoder:
    """Make an encoder of decimal numbers from `least` to `most`."""
    limit = (1 << 8 * octets) - 1 if most is None else most

    def encode(text: str) -> bytes:
        if not re.fullmatch(r"[0-9]{1,10}", text.strip()) or not least <= int(text) <= limit:
            raise ValueError(f"the value is no number from {least} to {limit}")
        return int(text).to_bytes(octets, "big")

    return encode


def signed32(text: str) -> bytes:
    """Encode a number of seconds that may be negative."""
    if not re.fullmatch(r"-?[0-9]{1,10}", text.strip()) or not -(1 << 31) <= int(text) < 1 << 31:
        raise ValueError("the value is no number of 32 bits")
    return int(text).to_bytes(4, "big", signed=True)


def seconds(text: str) -> bytes:
    """Encode a time: seconds, or with s, m, h, d or w behind, or `infinite`."""
    if text.strip() == "infinite":
        return INFINITE_S.to_bytes(4, "big")
    match = TIME.fullmatch(text.strip())
    if match is None or (time_s := int(match[1]) * SECONDS[match[2]]) > INFINITE_S:
        raise ValueError("the value is no time, such as 3600, 60m or infinite")
    return time_s.to_bytes(4, "big")


def lease_seconds(text: str) -> bytes:
    """Encode a lease time."""
    encoded = seconds(text)
    if int.from_bytes(encoded, "big") < MIN_LEASE_TIME_S:
        raise ValueError(f"a lease is at least {MIN_LEASE_TIME_S} seconds long")
    return encoded


def words(text: str) -> bytes:
    """Encode text."""
    text = _unquoted(text)
    if not text or CONTROL_CHARACTER.search(text):
        raise ValueError("the text is empty or has control characters")
    return text.encode()


def host_name(text: str) -> bytes:
    """Encode a host name, which may have a domain."""
    return b".".join(labels(text.strip()))


def search_list(text: str) -> bytes:
    """Encode domain names, separated by commas, for option 119."""
    return encode_search_list(_items(text))


def sip_servers(text: str) -> bytes:
    """Encode SIP servers, all by address or all by name (RFC 3361); hexadecimal as it is."""
    text = text.strip()
    if HEX.fullmatch(text):
        return octets(text)
    if ADDRESS_LIST.fullmatch(text):
        return SIP_ADDRESSES + addresses(text)
    names = _items(text)
    if any(ADDRESS_LIST.fullmatch(name) for name in names):
        raise ValueError("the servers are neither all addresses nor all names")
    return SIP_NAMES + b"".join(map(encode_name, names))


def static_routes(text: str) -> bytes:
    """Encode destinations and routers in turn, separated by commas, for option 121."""
    return routes_of_items(_items(text))


def octets(text: str) -> bytes:
    """Encode octets: hexadecimal with colons, else text."""
    text = text.strip()
    if HEX.fullmatch(text):
        return bytes(int(octet, 16) for octet in text.split(":"))
    return words(text)


def guessed(text: str) -> bytes:
    """Encode the value of an option that has no kind here, as dnsmasq guesses: by its look."""
    text = text.strip()
    if ADDRESS_LIST.fullmatch(text):
        return any_addresses(text)
    if re.fullmatch(r"[0-9]{1,10}", text) and int(text) < 1 << 32:
        number = int(text)
        return number.to_bytes(1 if number < 1 << 8 else 2 if number < 1 << 16 else 4, "big")
    return octets(text)


def vendor_blocks(text: str) -> bytes:
    """Encode option 125 given whole, in hexadecimal: enterprise number, length, data (RFC 3925)."""
    encoded, offset = octets(text), 0
    while offset < len(encoded):
        if offset + 5 > len(encoded):
            raise ValueError("a block of option 125 is cut off")
        offset += 5 + encoded[offset + 4]
    if offset != len(encoded):
        raise ValueError("a block of option 125 is cut off")
    return encoded


def _items(text: str) -> list[str]:
    items = [item.strip() for item in text.split(",")]
    if not all(items):
        raise ValueError("an item of the list is empty")
    return items


def _address(text: str) -> IPv4Address:
    address = IPv4Address(text)
    if address.is_multicast or address.is_unspecified or address.is_loopback or int(address) == INFINITE_S:
        raise ValueError(f"{address} is not the address of a machine")
    return address


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else text


#: siaddr, the next server: not an option; dnsmasq calls it option 255, and so does Ironic.
NEXT_SERVER = Option.END

BOOLEAN = unsigned(1, most=1)

#: Each option by dnsmasq's name, with its number and the kind of its value.
CATALOGUE: tuple[tuple[str, int, Encoder], ...] = (
    ("netmask", Option.SUBNET_MASK, netmask),
    ("time-offset", 2, signed32),
    ("router", Option.ROUTER, addresses),
    ("dns-server", Option.DNS_SERVER, addresses),
    ("log-server", 7, addresses),
    ("lpr-server", 9, addresses),
    ("hostname", Option.HOST_NAME, host_name),
    ("boot-file-size", 13, unsigned(2)),
    ("domain-name", Option.DOMAIN_NAME, host_name),
    ("swap-server", 16, one_address),
    ("root-path", 17, words),
    ("extension-path", 18, words),
    ("ip-forward-enable", 19, BOOLEAN),
    ("non-local-source-routing", 20, BOOLEAN),
    ("policy-filter", 21, address_pairs),
    ("max-datagram-reassembly", 22, unsigned(2, least=576)),
    ("default-ttl", 23, unsigned(1, least=1)),
    ("mtu", Option.MTU, unsigned(2, MIN_MTU, MAX_MTU)),
    ("all-subnets-local", 27, BOOLEAN),
    ("broadcast", Option.BROADCAST, any_address),
    ("router-discovery", 31, BOOLEAN),
    ("router-solicitation", 32, any_address),
    ("static-route", 33, address_pairs),
    ("trailer-encapsulation", 34, BOOLEAN),
    ("arp-timeout", 35, unsigned(4)),
    ("ethernet-encap", 36, BOOLEAN),
    ("tcp-ttl", 37, unsigned(1, least=1)),
    ("tcp-keepalive", 38, unsigned(4)),
    ("nis-domain", 40, words),
    ("nis-server", 41, addresses),
    ("ntp-server", Option.NTP_SERVER, addresses),
    ("vendor-encap", Option.VENDOR_SPECIFIC, octets),
    ("netbios-ns", 44, addresses),
    ("netbios-dd", 45, addresses),
    ("netbios-nodetype", 46, unsigned(1)),
    ("netbios-scope", 47, words),
    ("x-windows-fs", 48, addresses),
    ("x-windows-dm", 49, addresses),
    ("lease-time", Option.LEASE_TIME, lease_seconds),
    ("T1", Option.RENEWAL_TIME, seconds),
    ("T2", Option.REBINDING_TIME, seconds),
    ("vendor-class", Option.VENDOR_CLASS, octets),
    ("client-id", Option.CLIENT_ID, octets),
    ("nis+-domain", 64, words),
    ("nis+-server", 65, addresses),
    ("tftp-server", Option.TFTP_SERVER_NAME, words),
    ("bootfile-name", Option.BOOT_FILE, words),
    ("mobile-ip-home", 68, addresses),
    ("smtp-server", 69, addresses),
    ("pop3-server", 70, addresses),
    ("nntp-server", 71, addresses),
    ("irc-server", 74, addresses),
    ("user-class", Option.USER_CLASS, octets),
    ("posix-timezone", 100, words),
    ("tzdb-timezone", 101, words),
    ("ipv6-only", Option.IPV6_ONLY, unsigned(4)),
    ("domain-search", Option.DOMAIN_SEARCH, search_list),
    ("sip-server", 120, sip_servers),
    ("classless-static-route", Option.CLASSLESS_ROUTES, static_routes),
    ("vendor-id-encap", Option.VENDOR_ID_SPECIFIC, vendor_blocks),
    ("tftp-server-address", Option.TFTP_SERVER_ADDRESS, addresses),
    ("server-ip-address", NEXT_SERVER, one_address),
)
#: Options that dnsmasq has no name for; 209 to 211 by RFC 5071.
UNNAMED: dict[int, Encoder] = {
    Option.MS_CLASSLESS_ROUTES: static_routes,
    209: words,
    210: words,
    211: unsigned(4),
}

NUMBERS: dict[str, int] = {name.lower(): number for name, number, _ in CATALOGUE}
ENCODERS: dict[int, Encoder] = {number: encoder for _, number, encoder in CATALOGUE} | UNNAMED


#: Options that no operator sets: the protocol's own, and those that answer or repeat the client's.
REFUSED = frozenset(
    {
        Option.PAD,
        Option.REQUESTED_ADDRESS,
        Option.OVERLOAD,
        Option.MESSAGE_TYPE,
        Option.SERVER_ID,
        Option.PARAMETER_REQUEST_LIST,
        Option.MESSAGE,
        Option.MAX_MESSAGE_SIZE,
        Option.RAPID_COMMIT,
        Option.FQDN,
        Option.RELAY_AGENT,
        Option.CLIENT_ARCH,
        Option.CLIENT_INTERFACE,
        Option.CLIENT_MACHINE_ID,
        Option.SUBNET_SELECTION,
        Option.VENDOR_ID_CLASS,
    }
)
