"""`osken-net pki`: two authorities, what they certify, and what they take back. SHELL.

Two, as `ovs-pki` makes them: Open vSwitch checks no names, so whoever has a certificate of the authority that
it trusts is its controller. A host's certificate must be of another one.
"""

import argparse
import pwd
import re
import shlex
import shutil
from pathlib import Path

from osken_apps.cli.certifying import (
    CONTROLLERS,
    CRL,
    HOSTS,
    Pair,
    address_of,
    certify,
    certify_itself,
    make_authority,
    make_crl,
    take_back,
)
from osken_apps.cli.command import CommandError
from osken_apps.cli.host_script import BOUNDED
from osken_apps.model.well_known import OPENFLOW_PORT, OVSDB_PORT

DEFAULT_DIRECTORY = Path("/etc/osken-net/pki")
NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62})")
THERE = Path("/etc/openvswitch")  # on a host
DESCRIPTION = """Make what TLS with the hosts needs: `init` once, then a certificate for the controller and
one for each host, by the name that it has as external_ids:hostname. A directory has it all, authorities' keys
included, each readable by its owner only. What is certified
already is printed again and not made anew. `ovs-pki` serves as well (with -u)."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `pki` is."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "--directory",
        type=_directory,
        default=DEFAULT_DIRECTORY,
        metavar="DIR",
        help="where it is (%(default)s)",
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
        below.set_defaults(handler=handler)
        if handler in (controller, api):
            below.add_argument("name", type=_host_or_address, metavar="NAME")
            help_text = "who runs the controller, and so owns its key (who runs this)"
            below.add_argument("--user", type=_user, metavar="USER", help=help_text)
        else:
            below.add_argument("name", type=_host, metavar="NAME")
        if handler is host:
            help_text = "print a script for the host, with its key in it: | ssh root@HOST sh"
            below.add_argument("--script", action="store_true", help=help_text)


def init(parsed: argparse.Namespace) -> int:
    """Make what is missing of the authorities and the revocation list. Raises CommandError."""
    directory: Path = parsed.directory
    if not directory.exists():
        directory.mkdir(parents=True)
        directory.chmod(0o711)
    made = [make_authority(directory, authority) for authority in (CONTROLLERS, HOSTS)]
    if not any([*made, make_crl(directory)]):
        raise CommandError(f"{directory} has its authorities already")
    print(f"{directory} has the authorities of controllers and of hosts")
    return 0


def controller(parsed: argparse.Namespace) -> int:
    """Certify a controller; print its configuration. Raises CommandError."""
    directory: Path = parsed.directory
    pair = certify(directory, CONTROLLERS, parsed.name)
    _give(pair, parsed.user)
    lines = f"{_lines(parsed.name, pair)}ca = {directory / HOSTS}.pem\ncrl = {directory / CRL}\n"
    print(f"[openflow]\n{lines}[ovsdb]\n{lines}", end="")
    return 0


def api(parsed: argparse.Namespace) -> int:
    """Make a certificate that proves itself, for the API; print its configuration. Raises CommandError."""
    pair = certify_itself(parsed.directory, parsed.name)
    _give(pair, parsed.user)
    print(f"[api]\n{_lines(parsed.name, pair)}authentication = local")
    return 0


def host(parsed: argparse.Namespace) -> int:
    """Certify a host; print what to type, or what does it. Raises CommandError."""
    directory: Path = parsed.directory
    name: str = parsed.name
    pair = certify(directory, HOSTS, name)
    files = [pair.key, pair.certificate, Pair(directory / CONTROLLERS).certificate]
    set_ssl = " ".join(["ovs-vsctl set-ssl", *(str(THERE / file.name) for file in files)])
    if parsed.script:
        print(_script(name, files, set_ssl), end="")
        return 0
    print(
        f"{shlex.join(['scp', *map(str, files), f'root@{name}:{THERE}/'])}\n"
        f"# on {name}, whose external_ids:hostname must be {name}:\n"
        f"{set_ssl}\n"
        f"ovs-vsctl set-manager ssl:CONTROLLER:{OVSDB_PORT}\n"
        f"ovs-vsctl set-controller br-int ssl:CONTROLLER:{OPENFLOW_PORT}"
        "  # and each other bridge; or, here:\n"
        f"osken-net host-setup --tls --controller CONTROLLER | ssh root@{name} sh"
    )
    return 0


def _script(name: str, files: list[Path], set_ssl: str) -> str:
    """Write a script that puts the files on a host, which must have this name, and has them used.

    Each is there when it is whole: the way to the host may break off, and Open vSwitch looks at what changes.
    """
    lines = [
        "set -e",
        BOUNDED,
        "umask 077",
        "called=$(ovs-vsctl --if-exists get Open_vSwitch . external_ids:hostname | tr -d '\"')",
        f'[ "${{called:-$(hostname)}}" = {name} ] ||',
        f'    {{ echo "this host is ${{called:-$(hostname)}}, not {name}" >&2; exit 1; }}',
        f"mkdir -p {THERE}",
    ]
    for file in files:
        there, new = THERE / file.name, THERE / f"{file.name}.new"
        lines += [f"rm -f {new}", f"cat >{new} <<'END'\n{file.read_text()}END", f"mv -f {new} {there}"]
    return "\n".join([*lines, set_ssl]) + "\n"


def revoke(parsed: argparse.Namespace) -> int:
    """Put a host's certificate on the revocation list. Raises CommandError."""
    directory: Path = parsed.directory
    take_back(directory, parsed.name)
    print(f"{parsed.name} is on {directory / CRL}: the controller cuts it within ten seconds")
    return 0


def _lines(name: str, pair: Pair) -> str:
    """Give the lines of a section: where to listen, if that is the name, and what to show."""
    listen = f"host = {name}\n" if address_of(name) else ""
    return f"{listen}certificate = {pair.certificate}\nprivate_key = {pair.key}\n"


def _give(pair: Pair, user: str | None) -> None:
    """Have a user own a key. Raises CommandError."""
    if not user:
        return
    try:
        shutil.chown(pair.key, user)
    except OSError as error:
        raise CommandError(f"{pair.key} cannot be given to {user}: {error.strerror}") from error


def _directory(text: str) -> Path:
    """Read the name of a directory; what is printed of it is read elsewhere."""
    return Path(text).absolute()


def _user(text: str) -> str:
    """Read the name of a user; that there is none is to be known before something is made for it."""
    try:
        pwd.getpwnam(text)
    except KeyError as error:
        raise argparse.ArgumentTypeError(f"there is no user {text!r}") from error
    return text


def _host(text: str) -> str:
    """Read the name of a host."""
    if not NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the name of a host")
    return text


def _host_or_address(text: str) -> str:
    """Read the name of a host or one of its addresses."""
    address = address_of(text)
    return str(address) if address else _host(text)
