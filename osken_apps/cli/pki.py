"""`osken-net pki`: two authorities, what they certify, and what they take back. SHELL.

Two, as `ovs-pki` makes them: Open vSwitch checks no names, so whoever has a certificate of the authority that
it trusts is its controller. A host's certificate must be of another one.
"""

import argparse
import re
import shutil
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from osken_apps.cli.command import CommandError, write_whole

DEFAULT_DIRECTORY = Path("/etc/osken-net/pki")
LIFETIME = timedelta(days=3650)
NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62})")
THERE = Path("/etc/openvswitch")  # on a host
CONTROLLERS, HOSTS = "controllerca", "hostca"
DESCRIPTION = """Make what TLS with the hosts needs: `init` once, then a certificate for the controller and
one for each host, by the name that it has as external_ids:hostname. A directory has it all, authorities' keys
included, each readable by its owner only. `ovs-pki` serves as well (with -u)."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `pki` is."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "--directory", type=Path, default=DEFAULT_DIRECTORY, metavar="DIR", help="where it is (%(default)s)"
    )
    commands = parser.add_subparsers(required=True, metavar="WHAT")
    commands.add_parser("init", help="make the two authorities").set_defaults(handler=init)
    for name, handler, words in (
        ("controller", controller, "certify a controller, and print its configuration"),
        ("api", api, "make a certificate of the API's own, and print its configuration"),
        ("host", host, "certify a host, and print what to type there"),
        ("revoke", revoke, "take a host's certificate back"),
    ):
        below = commands.add_parser(name, help=words)
        below.add_argument("name", type=_name, metavar="NAME")
        below.set_defaults(handler=handler)
        if handler in (controller, api):
            help_text = "who runs the controller, and so owns its key (who runs this)"
            below.add_argument("--user", default="", metavar="USER", help=help_text)
        if handler is host:
            help_text = "print a script for the host, with its key in it: | ssh root@HOST sh"
            below.add_argument("--script", action="store_true", help=help_text)


def init(parsed: argparse.Namespace) -> int:
    """Make the authorities and an empty revocation list. Raises CommandError."""
    directory: Path = parsed.directory
    if (directory / f"{CONTROLLERS}.pem").exists():
        raise CommandError(f"{directory} has its authorities already")
    if not directory.exists():
        directory.mkdir(parents=True)
        directory.chmod(0o711)
    for authority in (CONTROLLERS, HOSTS):
        key = ec.generate_private_key(ec.SECP256R1())
        name = _subject(f"osken-net {authority}")
        built = _certificate(name, name, key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        built = built.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        _write_pair(directory / authority, built.sign(key, hashes.SHA256()), key)
    _write_crl(directory, [])
    print(f"{directory} has the authorities of controllers and of hosts")
    return 0


def controller(parsed: argparse.Namespace) -> int:
    """Certify a controller; print its configuration. Raises CommandError."""
    directory: Path = parsed.directory
    base = _issue(directory, CONTROLLERS, parsed.name)
    _give(base, parsed.user)
    lines = f"{_host_line(parsed.name)}certificate = {base}.pem\nprivate_key = {base}.key\n"
    lines += f"ca = {directory / HOSTS}.pem\ncrl = {directory / 'crl.pem'}\n"
    print(f"[openflow]\n{lines}[ovsdb]\n{lines}", end="")
    return 0


def api(parsed: argparse.Namespace) -> int:
    """Make a certificate that proves itself, for the API; print its configuration. Raises CommandError."""
    directory: Path = parsed.directory
    base = directory / f"api-{parsed.name}"
    if Path(f"{base}.pem").exists():
        raise CommandError(f"{parsed.name} has its certificate already: {base}.pem")
    if not directory.is_dir():
        raise CommandError(f"there is no directory {directory}: osken-net pki init makes it")
    key = ec.generate_private_key(ec.SECP256R1())
    name = _subject(parsed.name)
    built = _authority_of_its_own(_certificate(name, name, key.public_key()), key)
    built = built.add_extension(_alternative(parsed.name), critical=False)
    _write_pair(base, built.sign(key, hashes.SHA256()), key)
    _give(base, parsed.user)
    print(f"[api]\n{_host_line(parsed.name)}certificate = {base}.pem\nprivate_key = {base}.key")
    print("authentication = local")
    return 0


def host(parsed: argparse.Namespace) -> int:
    """Certify a host; print what to type, or what does it. Raises CommandError."""
    directory: Path = parsed.directory
    base, name = _issue(directory, HOSTS, parsed.name), parsed.name
    files = [Path(f"{base}.key"), Path(f"{base}.pem"), Path(f"{directory / CONTROLLERS}.pem")]
    set_ssl = " ".join(["ovs-vsctl set-ssl", *(str(THERE / file.name) for file in files)])
    if parsed.script:
        print(_script(name, files, set_ssl), end="")
        return 0
    print(
        f"scp {' '.join(map(str, files))} root@{name}:{THERE}/\n"
        f"# on {name}, whose external_ids:hostname must be {name}:\n"
        f"{set_ssl}\n"
        "ovs-vsctl set-manager ssl:CONTROLLER:6640\n"
        "ovs-vsctl set-controller br-int ssl:CONTROLLER:6653  # and each other bridge; or, here:\n"
        f"osken-net host-setup --tls --controller CONTROLLER | ssh root@{name} sh"
    )
    return 0


def _script(name: str, files: list[Path], set_ssl: str) -> str:
    """Write a script that puts the files on a host, which must have this name, and has them used."""
    lines = [
        "set -e",
        "umask 077",
        "called=$(ovs-vsctl --if-exists get Open_vSwitch . external_ids:hostname | tr -d '\"')",
        f'[ "${{called:-$(hostname)}}" = {name} ] ||',
        f'    {{ echo "this host is ${{called:-$(hostname)}}, not {name}" >&2; exit 1; }}',
        f"mkdir -p {THERE}",
    ]
    for file in files:
        lines.append(f"cat >{THERE / file.name} <<'END'\n{file.read_text()}END")
    return "\n".join([*lines, set_ssl]) + "\n"


def revoke(parsed: argparse.Namespace) -> int:
    """Put a host's certificate on the revocation list. Raises CommandError."""
    directory: Path = parsed.directory
    path = directory / f"{HOSTS}-{parsed.name}.pem"
    try:
        serial = x509.load_pem_x509_certificate(path.read_bytes()).serial_number
        listed = x509.load_pem_x509_crl((directory / "crl.pem").read_bytes())
    except (OSError, ValueError) as error:
        raise CommandError(f"{path}: {error}") from error
    _write_crl(directory, [*(entry.serial_number for entry in listed), serial])
    path.rename(path.with_suffix(f".revoked-{serial:x}"))
    print(f"{parsed.name} is on {directory / 'crl.pem'}: the controller cuts it within ten seconds")
    return 0


def _issue(directory: Path, authority: str, name: str) -> Path:
    """Certify a name; give where certificate and key are, without what they end in."""
    base = directory / f"{authority}-{name}"
    if Path(f"{base}.pem").exists():
        raise CommandError(f"{name} has its certificate already: {base}.pem")
    issuer, issuer_key = _authority(directory, authority)
    key = ec.generate_private_key(ec.SECP256R1())
    built = _certificate(_subject(name), issuer.subject, key.public_key())
    built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    built = built.add_extension(_alternative(name), critical=False)
    built = built.add_extension(_key_of(issuer_key), critical=False)
    _write_pair(base, built.sign(issuer_key, hashes.SHA256()), key)
    return base


def _authority(directory: Path, authority: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        certificate = x509.load_pem_x509_certificate((directory / f"{authority}.pem").read_bytes())
        key = serialization.load_pem_private_key((directory / f"{authority}.key").read_bytes(), None)
    except (OSError, ValueError) as error:
        raise CommandError(f"{directory} has no authority ({error}): osken-net pki init makes it") from error
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # `init` made it
    return certificate, key


def _authority_of_its_own(
    built: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    """Say of a certificate that it proves itself, as strict verifiers want it said."""
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    built = built.add_extension(usage, critical=True)
    return built.add_extension(key_id, critical=False).add_extension(_key_of(key), critical=False)


def _alternative(name: str) -> x509.SubjectAlternativeName:
    address = _address(name)
    return x509.SubjectAlternativeName([x509.IPAddress(address) if address else x509.DNSName(name)])


def _address(name: str) -> IPv4Address | None:
    try:
        return IPv4Address(name)
    except ValueError:
        return None


def _host_line(name: str) -> str:
    """Give where to listen, if that is the name."""
    return f"host = {name}\n" if _address(name) else ""


def _give(base: Path, user: str) -> None:
    """Have a user own a key. Raises CommandError."""
    if not user:
        return
    try:
        shutil.chown(f"{base}.key", user)
    except (LookupError, OSError) as error:
        raise CommandError(f"{base}.key cannot be given to {user}: {error}") from error


def _key_of(authority: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    """Tell authorities of one name apart: an old one and the next may both be believed for a while."""
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFETIME)
    )


def _write_crl(directory: Path, serials: list[int]) -> None:
    issuer, key = _authority(directory, HOSTS)
    now = datetime.now(UTC)
    built = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
    built = built.last_update(now - timedelta(days=1)).next_update(now + LIFETIME)
    built = built.add_extension(_key_of(key), critical=False)
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
        built = built.add_revoked_certificate(entry)
    octets = built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    write_whole(directory / "crl.pem", octets, 0o644)


def _write_pair(base: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_whole(Path(f"{base}.key"), secret, 0o600)
    write_whole(Path(f"{base}.pem"), certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the name of a host")
    return text
