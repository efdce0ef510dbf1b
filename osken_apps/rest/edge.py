"""What a request must be before anybody reads it: sent to our name, by no foreign page, in JSON.

The API listens on loopback, where every page in a local browser reaches it. A page of another site may send
a "simple" request without asking (Fetch, section 3.3), and with DNS rebinding its own name may lead here. So
the name that was asked for must be ours, a write must not come from another site's page, and a body must be
JSON, which no form and no simple request can be. Commands and SDKs send none of these headers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from osken_apps.config import ApiConfig
from osken_apps.config.api import ANY
from osken_apps.errors import ApiError
from osken_apps.rest.identity.trusted_headers import is_trusted
from osken_apps.rest.request import READS
from osken_apps.rest.server.clients import forwarded, last

OWN_SITES = frozenset({"same-origin", "none"})
USUAL_PORTS = {"http": ":80", "https": ":443"}
JSON = "application/json"
CHARSETS = frozenset({"utf-8", "utf8"})  # JSON has no other (RFC 8259, section 8.1)
AUTHORITY = re.compile(r"(\[(?P<address>[^\[\]]+)\]|(?P<name>[^\[\]:@/]+))(:[0-9]{1,5})?")


class MisdirectedRequest(ApiError):
    """The request is for a name that is not ours."""

    def __init__(self, host: str) -> None:
        super().__init__(f"Host {host!r} is not this API's name; [api] allowed_hosts may add it.")


class ForeignOrigin(ApiError):
    """A page of another site sent the request."""

    def __init__(self, header: str, value: str) -> None:
        super().__init__(f"A change that a page of another site asks for is refused: {header} is {value!r}.")


class HTTPUnsupportedMediaType(ApiError):
    """The body is not JSON, or does not say so."""

    def __init__(self, content_type: str) -> None:
        super().__init__(f"The media type {content_type!r} is not supported, use {JSON} in UTF-8.")


@dataclass(frozen=True, slots=True)
class Address:
    """The scheme and the authority (`host:port`) by which the client reached us."""

    scheme: str
    host: str

    @property
    def url(self) -> str:
        """The beginning of every link to us."""
        return f"{self.scheme}://{self.host.removesuffix(USUAL_PORTS[self.scheme])}"


def address_of(headers: Mapping[str, str], own: Address, peer: str, api: ApiConfig) -> Address:
    """Give the address that the client used, as a trusted proxy tells it, else as the request has it."""
    if not api.trust_forwarded_headers or not is_trusted(peer, api):
        return own
    if "Forwarded" in headers:
        told = forwarded(headers["Forwarded"])
    else:
        told = {"proto": headers.get("X-Forwarded-Proto", ""), "host": headers.get("X-Forwarded-Host", "")}
        told = {name: last(value) for name, value in told.items()}
    scheme = told.get("proto", "").lower()
    return Address(
        scheme if scheme in USUAL_PORTS else own.scheme,
        told.get("host") or own.host.removesuffix(USUAL_PORTS[own.scheme]),
    )


def check(
    method: str,
    headers: Mapping[str, str],
    address: Address,
    has_body: bool,
    api: ApiConfig,
    certified: frozenset[str] = frozenset(),
) -> None:
    """Refuse what is not meant for us. Raises MisdirectedRequest, ForeignOrigin, HTTPUnsupportedMediaType.

    `certified` are the names that our certificate proves: no other site has them.
    """
    name = _name(address.host)
    if not (is_our_name(name, api) or _is_certified(name, certified)):
        raise MisdirectedRequest(address.host)
    if method in READS:
        return
    check_origin(headers, address.url)
    content_type = headers.get("Content-Type", "")
    if has_body and not _is_json(content_type):
        raise HTTPUnsupportedMediaType(content_type)


def check_origin(headers: Mapping[str, str], url: str) -> None:
    """Refuse what a page of another site sent; `url` is ours. Raises ForeignOrigin."""
    origin = headers.get("Origin")
    if origin is not None and origin.lower() != url.lower():
        raise ForeignOrigin("Origin", origin)
    site = headers.get("Sec-Fetch-Site")
    if site is not None and site not in OWN_SITES:
        raise ForeignOrigin("Sec-Fetch-Site", site)


def is_our_name(name: str, api: ApiConfig) -> bool:
    """Tell whether a host name or address is one that this API is known by."""
    ours = {api.endpoint.host.lower(), *api.allowed_hosts}
    if ANY in ours or name in ("localhost", *ours):
        return True
    address = _address(name)
    if address is None:
        return False
    # Rebinding takes a name: where we listen on every address, each is ours.
    return address.is_loopback or _listens_everywhere(api) or address in map(_address, ours)


def _is_certified(name: str, certified: frozenset[str]) -> bool:
    """Tell whether a certificate proves a name; a `*` is its whole first part (RFC 9525, section 6.3)."""
    first, _, rest = name.partition(".")
    return name in certified - {ANY} or bool(first and rest and f"*.{rest}" in certified)


def _listens_everywhere(api: ApiConfig) -> bool:
    address = _address(api.endpoint.host)
    return address is not None and address.is_unspecified


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Give the address that a text is, however it is written; None: it is a name."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_json(content_type: str) -> bool:
    """Tell whether a media type is that of JSON, and its charset, if it names one, that of JSON too."""
    media_type, *parameters = content_type.lower().split(";")
    named = dict(parameter.strip().partition("=")[::2] for parameter in parameters)
    return media_type.strip() == JSON and named.get("charset", "utf-8").strip('"') in CHARSETS


def _name(authority: str) -> str:
    """Give the host of an authority in lower case; of what is none, nothing, which is nobody's name."""
    found = AUTHORITY.fullmatch(authority)
    return (found["address"] or found["name"]).rstrip(".").lower() if found else ""
