"""The options of `[api]`: where it listens, who is believed, who may do what."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

from oslo_config import cfg

from osken_apps.config.endpoint import Endpoint
from osken_apps.config.files import existing_file
from osken_apps.errors import ConfigurationError
from osken_apps.model.accounts import is_project_id
from osken_apps.model.well_known import API_PORT

ANY = "*"  # of the hosts by whose names clients may ask for the API
HOST_NAME = re.compile(r"[^\[\]:@/*\s]+")


class Authentication(StrEnum):
    """How the API learns who asks."""

    NONE = "none"
    HEADERS = "headers"
    KEYSTONE = "keystone"
    LOCAL = "local"


API_OPTS = [
    cfg.HostAddressOpt("host", default="127.0.0.1", help="Address that the REST API listens on."),
    cfg.PortOpt("port", default=API_PORT, help="TCP port of the REST API."),
    cfg.StrOpt(
        "certificate",
        default="",
        help="PEM file of the API's certificate and what leads to its authority: with it the API speaks HTTPS"
        " only. It is read again when it changes, and at SIGHUP.",
    ),
    cfg.StrOpt("private_key", default="", help="PEM file of the certificate's key."),
    cfg.StrOpt(
        "client_ca",
        default="",
        help="PEM file of the authority whose certificates let in the users of authentication=local that they"
        " name.",
    ),
    cfg.StrOpt(
        "authentication",
        default=Authentication.NONE.value,
        choices=[
            (Authentication.NONE.value, "everybody is administrator of the default project"),
            (
                Authentication.HEADERS.value,
                "a trusted proxy sets X-User-Id, X-Project-Id and X-Roles (names with commas between); a"
                " request without one of them, or with X-Identity-Status other than Confirmed, is refused",
            ),
            (
                Authentication.KEYSTONE.value,
                "OpenStack's Keystone, by keystonemiddleware and its section [keystone_authtoken]",
            ),
            (
                Authentication.LOCAL.value,
                "users of this API's own, which `osken-net user` makes, by a password, a token of Keystone's"
                " API (which is at /identity), an application credential, or a client certificate",
            ),
        ],
        help="How the API learns who asks.",
    ),
    cfg.BoolOpt(
        "insecure",
        default=False,
        help="Allow a listen address other than loopback although everybody who reaches it is believed, or"
        " may read what is said.",
    ),
    cfg.BoolOpt(
        "trust_forwarded_headers",
        default=False,
        help="A trusted proxy in front sets Forwarded, or X-Forwarded-For, -Proto and -Host: links are made"
        " of them, and clients told apart. It must pass on none that only a client has written.",
    ),
    cfg.ListOpt(
        "trusted_proxies",
        default=["127.0.0.1", "::1"],
        help="Addresses or ranges of the proxies whose headers are trusted, separated by commas.",
    ),
    cfg.ListOpt(
        "allowed_hosts",
        default=[],
        help="Names by which clients may ask for the API (Host), beside localhost, loopback addresses and"
        " the listen address; * allows any.",
    ),
    cfg.StrOpt(
        "policy_file",
        default="",
        help="YAML file of oslo.policy rules that replace default ones of the same name.",
    ),
    cfg.StrOpt(
        "audit_log",
        default="",
        help="File that each change asked of the API is appended to, as a line of JSON, instead of the log.",
    ),
    cfg.StrOpt("default_project", default="default", help="Project of requests that name none."),
    cfg.IntOpt(
        "token_lifetime",
        default=3600,
        min=60,
        max=7 * 24 * 3600,
        help="How many seconds a token lives that authentication=local gives.",
    ),
    cfg.IntOpt("threads", default=4, min=1, max=64, help="Threads that answer REST requests."),
]
# What was there once, and what says the same now.
REPLACED_OPTS: Mapping[str, str] = {
    "trust_identity_headers": "authentication (headers where it was true, none where it was false)",
}


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """The files of TLS; `client_ca` is whose certificates let in users."""

    certificate: Path
    private_key: Path
    client_ca: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return (self.certificate, self.private_key, *filter(None, [self.client_ca]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiConfig:
    """The REST edge."""

    endpoint: Endpoint
    authentication: Authentication
    default_project: str
    threads: int
    policy_file: Path | None = None
    trust_forwarded_headers: bool = False
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    allowed_hosts: frozenset[str] = frozenset()
    token_lifetime_s: int = 3600
    tls: TlsConfig | None = None
    audit_log: Path | None = None


def api_config(api: Any) -> ApiConfig:
    """Check the options of `[api]`. Raises ConfigurationError."""
    return ApiConfig(
        endpoint=_endpoint(api),
        authentication=Authentication(api.authentication),
        default_project=_project(api.default_project),
        threads=api.threads,
        policy_file=existing_file("[api] policy_file", api.policy_file),
        trust_forwarded_headers=api.trust_forwarded_headers,
        trusted_proxies=tuple(_proxy(text) for text in api.trusted_proxies),
        allowed_hosts=frozenset(map(_allowed_host, api.allowed_hosts)),
        token_lifetime_s=api.token_lifetime,
        tls=_tls(api),
        audit_log=Path(api.audit_log) if api.audit_log else None,
    )


def _endpoint(api: Any) -> Endpoint:
    """Give where the API listens; what others reach must be safe, or meant to be not."""
    endpoint = Endpoint(api.host, api.port)
    is_open = api.authentication == Authentication.NONE
    if not endpoint.is_loopback and not api.insecure and (is_open or not api.certificate):
        what = "everybody is administrator" if is_open else "without a certificate all is readable on the way"
        raise ConfigurationError(
            f"[api] host={api.host} is not loopback and {what}: set insecure=true to allow it"
        )
    return endpoint


def _tls(api: Any) -> TlsConfig | None:
    """Give the files of TLS: both, and perhaps the third, or none."""
    certificate = existing_file("[api] certificate", api.certificate)
    private_key = existing_file("[api] private_key", api.private_key)
    client_ca = existing_file("[api] client_ca", api.client_ca)
    if certificate and private_key:
        return TlsConfig(certificate, private_key, client_ca)
    if certificate or private_key or client_ca:
        raise ConfigurationError(
            "[api] certificate and private_key need each other, and client_ca needs both"
        )
    return None


def _project(text: str) -> str:
    if not is_project_id(text):
        raise ConfigurationError(f"[api] default_project={text}: no project has such an id")
    return text


def _allowed_host(text: str) -> str:
    """Give the name of a host, or its address, as a request's Host has it when its port is off."""
    name = text.lower().rstrip(".")
    if name != ANY and not HOST_NAME.fullmatch(name):
        try:
            ip_address(name)
        except ValueError:
            raise ConfigurationError(
                f"[api] allowed_hosts: {text!r} is neither the name of a host, without a port, nor an address"
            ) from None
    return name


def _proxy(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ConfigurationError(f"[api] trusted_proxies: {error}") from None
