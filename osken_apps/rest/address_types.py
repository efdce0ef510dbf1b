"""Types of addresses and names of machines. PURE."""

import re
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from osken_apps.model.addresses import IPAddress, IPNetwork, MacAddress, is_unicast, mac_address
from osken_apps.rest.types import TEXT_LENGTH, Type

ADDRESS_LENGTH = 45  # ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255
CIDR_LENGTH = ADDRESS_LENGTH + len("/128")
MAC_LENGTH = 17
DNS_LABEL = "[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
DNS_NAME_PATTERN = rf"^({DNS_LABEL}(\.{DNS_LABEL})*\.?)?$"
_DNS_NAME = re.compile(DNS_NAME_PATTERN)


def parse_address(value: Any) -> IPAddress:
    """Take an IPv4 or IPv6 address."""
    try:
        address = ip_address(value if isinstance(value, str) and len(value) <= ADDRESS_LENGTH else "")
    except ValueError:
        raise ValueError(f"'{value}' is not a valid IP address") from None
    if getattr(address, "scope_id", None):
        raise ValueError(f"'{value}' is not a valid IP address")
    return address


ADDRESS = Type(
    parse_address,
    {"type": "string", "maxLength": ADDRESS_LENGTH, "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
    str,
)


OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
IPV4 = rf"{OCTET}(\.{OCTET}){{3}}"
HEXTET = "[0-9a-fA-F]{1,4}"
# All eight, or with a gap after so many; the last two may be written as IPv4 (RFC 4291, section 2.2).
IPV6_FORMS = (
    f"({HEXTET}:){{7}}{HEXTET}",
    f"({HEXTET}:){{6}}{IPV4}",
    f"({HEXTET}:){{1,7}}:",
    *(f"({HEXTET}:){{1,{before}}}(:{HEXTET}){{1,{7 - before}}}" for before in range(1, 7)),
    *(f"({HEXTET}:){{1,{before}}}(:{HEXTET}){{0,{5 - before}}}:{IPV4}" for before in range(1, 6)),
    f":(:{HEXTET}){{0,5}}:{IPV4}",
    f":((:{HEXTET}){{1,7}}|:)",
)
IPV4_CIDR = rf"^{IPV4}/(3[0-2]|[12]?[0-9])$"
IPV6_CIDR = rf"^({'|'.join(IPV6_FORMS)})/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$"
_CIDR = re.compile(f"{IPV4_CIDR}|{IPV6_CIDR}")


def parse_cidr(value: Any) -> IPNetwork:
    """Take a range in CIDR notation; host bits are cleared."""
    if not isinstance(value, str) or not _CIDR.fullmatch(value):
        raise ValueError(f"'{value}' is not a valid IP subnet")
    return ip_network(value, strict=False)


CIDR = Type(
    parse_cidr,
    {"type": "string", "maxLength": CIDR_LENGTH, "anyOf": [{"pattern": IPV4_CIDR}, {"pattern": IPV6_CIDR}]},
    str,
    {"type": "string", "maxLength": CIDR_LENGTH},
)


def parse_mac(value: Any) -> MacAddress:
    """Take a MAC address that one interface can have, in any form that netaddr reads."""
    if not isinstance(value, str) or not _MAC.fullmatch(value):
        raise ValueError(f"'{value}' is not a valid MAC address")
    address = mac_address(value)
    if not is_unicast(address):
        raise ValueError(f"'{value}' is not a valid MAC address")
    return address


@lru_cache(65536)
def mac_shown(address: MacAddress) -> str:
    """Give a MAC address as text; a list has the same ones again and again."""
    return str(address)


def _same(separators: str, form: str, times: int) -> str:
    """Give the pattern of a form that is repeated with one of the separators between."""
    return "|".join(f"{form}({re.escape(separator)}{form}){{{times - 1}}}" for separator in separators)


# Six octets, three words (Cisco), two halves (PostgreSQL), or bare digits; leading zeros may be missing.
MAC_FORMS = (
    _same(":-", "[0-9a-fA-F]{1,2}", 6),
    _same(":-.", "[0-9a-fA-F]{1,4}", 3),
    _same(":-", "[0-9a-fA-F]{5,6}", 2),
    "[0-9a-fA-F]{11,12}",
)
MAC_PATTERN = f"^({'|'.join(MAC_FORMS)})$"
_MAC = re.compile(MAC_PATTERN)
# The usual form, of one interface; the document names it beside the others.
MAC_OCTETS = "^[0-9a-fA-F][02468aceACE]((:[0-9a-fA-F]{2}){5}|(-[0-9a-fA-F]{2}){5})$"
MAC_USUAL = {"pattern": MAC_OCTETS, "not": {"pattern": "^00([:-]00){5}$"}}
MAC = Type(
    parse_mac,
    {"type": "string", "maxLength": MAC_LENGTH, "anyOf": [MAC_USUAL, {"pattern": MAC_PATTERN}]},
    mac_shown,
    {"type": "string", "maxLength": MAC_LENGTH},
)


def parse_dns_name(value: Any) -> str:
    """Take a DNS name of at most 255 characters, with or without its final dot, or nothing."""
    if not isinstance(value, str) or len(value) > TEXT_LENGTH or not _DNS_NAME.fullmatch(value):
        raise ValueError(f"'{value}' not a valid PQDN or FQDN")
    return value.lower()


DNS_NAME = Type(parse_dns_name, {"type": "string", "maxLength": TEXT_LENGTH, "pattern": DNS_NAME_PATTERN})
