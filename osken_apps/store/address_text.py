"""Addresses as text that sorts as they do: hexadecimal digits of a fixed width."""

from ipaddress import IPv4Address, IPv6Address

from osken_apps.model.addresses import IPAddress

IPV4_DIGITS = 8


def address_text(address: IPAddress) -> str:
    """Give an address as text."""
    return f"{int(address):0{address.max_prefixlen // 4}x}"


def address_of(text: str) -> IPAddress:
    """Give back the address of `address_text`."""
    return IPv4Address(int(text, 16)) if len(text) == IPV4_DIGITS else IPv6Address(int(text, 16))
