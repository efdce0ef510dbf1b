"""Addresses of services that answer HTTP. PURE."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_url(text: str) -> bool:
    """Tell whether a text says where a service is: a scheme, a host, perhaps a port."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Tell whether an address, or the name of one, is this machine's own that no other reaches."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
