"""Addresses of services that answer HTTP. PURE."""

from urllib.parse import urlsplit


def is_url(text: str) -> bool:
    """Tell whether a text says where a service is: a scheme, a host, perhaps a port."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
