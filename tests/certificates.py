"""An authority for tests, and the files of what it certifies."""

from pathlib import Path

import trustme

AUTHORITY = trustme.CA()


def files(directory: Path, *names: str, authority: trustme.CA = AUTHORITY) -> tuple[Path, Path]:
    """Make a certificate for names, and its key; give the files."""
    made = authority.issue_cert(*names, common_name=names[0])
    certificate, key = directory / f"{names[0]}.pem", directory / f"{names[0]}.key"
    made.cert_chain_pems[0].write_to_path(certificate)
    made.private_key_pem.write_to_path(key)
    key.chmod(0o600)
    return certificate, key


def authority_file(directory: Path) -> Path:
    """Write the authority's certificate; give the file."""
    AUTHORITY.cert_pem.write_to_path(file := directory / "ca.pem")
    return file


def api_options(directory: Path) -> str:
    """Give the options of an API that speaks HTTPS, with client certificates."""
    certificate, key = files(directory, "127.0.0.1")
    return f"certificate = {certificate}\nprivate_key = {key}\nclient_ca = {authority_file(directory)}\n"
