"""Which client a request is of, and what a proxy says of it. PURE.

A trusted proxy appends to a header from where a request came (`Forwarded`, RFC 7239, or `X-Forwarded-For`).
What stands before the last comma may be the client's own invention.
"""

from collections.abc import Callable, Mapping

from osken_apps.config import ApiConfig
from osken_apps.model.addresses import plain_address
from osken_apps.rest.identity.trusted_headers import is_trusted

#: Gives the address of who sent a request: of headers, by name in capitals with underscores, and the peer.
ClientOf = Callable[[Mapping[str, str], str], str]


def peer_is_client(_headers: Mapping[str, str], peer: str) -> str:
    """Give the peer: no proxy is believed."""
    return peer


def client_of(headers: Mapping[str, str], peer: str, api: ApiConfig) -> str:
    """Give the address of who sent a request, as the trusted proxy tells that sent it on, else the peer.

    Where two headers tell different things, one is what a client wrote and the proxy let pass.
    """
    if not api.trust_forwarded_headers or not is_trusted(peer, api):
        return peer
    texts = forwarded(headers.get("FORWARDED", "")).get("for"), last(headers.get("X_FORWARDED_FOR", ""))
    told = {_address_in(text) for text in texts if text}
    return (told.pop() if len(told) == 1 else "") or peer


def forwarded(text: str) -> dict[str, str]:
    """Read the last element of a Forwarded header (RFC 7239): what the nearest proxy says."""
    pairs = (part.partition("=") for part in last(text).split(";"))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def last(text: str) -> str:
    """Give the last element of a header: what the nearest proxy has appended."""
    return text.rpartition(",")[2].strip()


def _address_in(text: str) -> str:
    """Give the address of a client as a proxy writes it, perhaps with a port; of what is none, nothing."""
    if text.startswith("["):
        host = text[1:].partition("]")[0]
    else:
        host = text.partition(":")[0] if text.count(":") == 1 else text
    try:
        return str(plain_address(host))
    except ValueError:
        return ""
