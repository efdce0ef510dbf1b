"""The options of `[openflow]` and `[ovsdb]`: where hosts dial, and what they and we must show."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oslo_config import cfg

from osken_apps.config.endpoint import Endpoint
from osken_apps.config.files import existing_file
from osken_apps.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class HostsTls:
    """The files of a port that speaks TLS with hosts; `section` is where they are named."""

    section: str
    certificate: Path
    private_key: Path
    ca: Path
    crl: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return (self.certificate, self.private_key, self.ca, *filter(None, [self.crl]))


def options(default_port: int, protocol: str, command: str) -> list[cfg.Opt]:
    """Give the options of a port that hosts dial."""
    return [
        cfg.HostAddressOpt("host", default="127.0.0.1", help=f"Address that {command} names."),
        cfg.PortOpt("port", default=default_port, help=f"TCP port for {protocol}."),
        cfg.StrOpt(
            "certificate",
            default="",
            help="PEM file of the controller's certificate: with it, private_key and ca this port speaks TLS"
            " only, with hosts whose certificate names them. Changed files are read again, also at SIGHUP.",
        ),
        cfg.StrOpt("private_key", default="", help="PEM file of the certificate's key."),
        cfg.StrOpt("ca", default="", help="PEM file of the authority that certifies hosts, and hosts only."),
        cfg.StrOpt("crl", default="", help="PEM file of that authority's revocation list."),
        cfg.BoolOpt(
            "insecure",
            default=False,
            help="Allow a listen address other than loopback without TLS: whoever reaches it may pass for a"
            " host.",
        ),
    ]


def endpoint(section: str, values: Any) -> Endpoint:
    """Give where a port listens; what others reach has TLS, or is meant to have none.

    Raises ConfigurationError.
    """
    made = Endpoint(values.host, values.port)
    if not (made.is_loopback or values.certificate or values.insecure):
        raise ConfigurationError(
            f"[{section}] host={values.host} is not loopback, and without TLS whoever reaches it may pass for"
            " a host: set certificate, private_key and ca (`osken-net pki` makes them), or insecure=true on"
            " a network that only hosts are on"
        )
    return made


def tls(section: str, values: Any) -> HostsTls | None:
    """Give the files of TLS, if there is to be TLS. Raises ConfigurationError."""
    found = {
        name: existing_file(f"[{section}] {name}", getattr(values, name))
        for name in ("certificate", "private_key", "ca", "crl")
    }
    certificate, private_key, ca, crl = found.values()
    if certificate and private_key and ca:
        return HostsTls(section, certificate, private_key, ca, crl)
    if any(found.values()):
        raise ConfigurationError(
            f"[{section}] certificate, private_key and ca need each other, crl needs them"
        )
    return None
