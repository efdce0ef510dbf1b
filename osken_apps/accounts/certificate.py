"""What clients must know of the API's certificate: its names, and who is to be believed about it. SHELL."""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

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
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"[api] certificate={file}: {error}") from error
    try:
        extension = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        names: list[str] = []
    else:
        names = [
            *extension.value.get_values_for_type(x509.DNSName),
            *map(str, extension.value.get_values_for_type(x509.IPAddress)),
        ]
    ends_in_itself = chain[-1].issuer == chain[-1].subject
    return Certified(tuple(names), file if ends_in_itself else None)
