"""Until when what the configuration names can be used. SHELL."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from osken_apps.certificates.shown import UNREADABLE, revocation_lists
from osken_apps.config import Config
from osken_apps.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Expiry:
    """When a file of the configuration ceases to count; `option` names it, as `[api] certificate`."""

    option: str
    file: Path
    at: datetime

    def left_s(self, now: datetime) -> float:
        """Give how many seconds are left; less than nothing: it has ceased."""
        return (self.at - now).total_seconds()


def now() -> datetime:
    """Give the time, as certificates have it."""
    return datetime.now(UTC)


def expiries(config: Config) -> Iterator[Expiry]:
    """Give the end of each certificate, authority and revocation list. Raises ConfigurationError.

    A certificate ends with the first of what leads to its authority; of several authorities the last counts.
    """
    if config.api.tls:
        yield _certificate("[api] certificate", config.api.tls.certificate)
        if config.api.tls.client_ca:
            yield _authority("[api] client_ca", config.api.tls.client_ca)
    for files in filter(None, (config.openflow_tls, config.ovsdb_tls)):
        yield _certificate(f"[{files.section}] certificate", files.certificate)
        yield _authority(f"[{files.section}] ca", files.ca)
        if files.crl:
            yield _revocation_list(f"[{files.section}] crl", files.crl)


def _certificate(option: str, file: Path) -> Expiry:
    return Expiry(option, file, min(_ends(option, file)))


def _authority(option: str, file: Path) -> Expiry:
    return Expiry(option, file, max(_ends(option, file)))


def _ends(option: str, file: Path) -> list[datetime]:
    try:
        return [each.not_valid_after_utc for each in x509.load_pem_x509_certificates(file.read_bytes())]
    except (OSError, *UNREADABLE) as error:
        raise ConfigurationError(f"{option}={file}: {error}") from error


def _revocation_list(option: str, file: Path) -> Expiry:
    try:
        lists = revocation_lists(file.read_bytes())
    except (OSError, *UNREADABLE) as error:
        raise ConfigurationError(f"{option}={file}: {error}") from error
    ends = [each.next_update_utc for each in lists if each.next_update_utc]
    return Expiry(option, file, min(ends, default=datetime.max.replace(tzinfo=UTC)))
