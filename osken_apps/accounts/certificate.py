"""What clients must know of the API's certificate: its names, and who is to be believed about it. SHELL."""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from osken_apps.certificates.shown import UNREADABLE
from osken_apps.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Certified:
    """The names in a certificate; `authority` is the file that proves it, if that is its own."""

    names: tuple[str, ...]
    authority: Path | None


def certified(file: Path) -> Certified:
    """Read a certificate and what follows it in its file. Raises ConfigurationError."""
    try:
        chain = x509.load_pem_x509_certificates(file.read_bytes())
        names = tuple(_names(chain[0]))
        ends_in_itself = chain[-1].issuer == chain[-1].subject
    except (OSError, *UNREADABLE) as error:
        raise ConfigurationError(f"[api] certificate={file}: {error}") from error
    return Certified(names, file if ends_in_itself else None)


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = found.get_values_for_type(x509.IPAddress)
    return [*found.get_values_for_type(x509.DNSName), *map(str, addresses)]
