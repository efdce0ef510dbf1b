"""`osken-net support-bundle`: what the API knows, in one file to send to somebody. SHELL.

It is for whoever helps, so it has names, addresses and flows; it has no secret: the API tells none, and of
the configuration only what is not one.
"""

import argparse
import errno
import io
import json
import os
import platform
import re
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from osken_apps.cli.agents import agent_of, agents_of
from osken_apps.cli.api import Api, add_api
from osken_apps.cli.command import CannotTell, CommandError, Exit, add_config_file
from osken_apps.cli.output import progress
from osken_apps.files import new_file_beside, on_disk

DESCRIPTION = """Write what the API and the configuration tell into a file (mode 0600), without secrets.

It has what needs attention, hosts with their flows and interfaces, networks, subnets, ports, and the last
DHCP messages. What cannot be read is named in it. Exit status 0: written; 1: it could not be written; 3: the
API does not answer at all."""
EPILOG = """example:
  osken-net support-bundle support.tar.gz --host host1 --host host2"""
MODE = 0o600
MOST_HOSTS = 20
SECRET = re.compile(
    r"(?i)(\s*[#;]*\s*[\w.-]*(?:pass|secret|token|connection|credential|_key|key\b)[\w.-]*\s*[=:]\s*).*"
)
IN_A_URL = re.compile(r"://\S*@")  # who logs in there, and with what
LISTS = ("networks", "subnets", "ports", "security-groups", "security-group-rules")
REMOVED = "(removed)"

Part = Callable[[], Any]


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `support-bundle` is."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument(
        "--host",
        action="append",
        metavar="HOST",
        help=f"flows and interfaces of this host; can be given more than once (the first {MOST_HOSTS})",
    )
    add_config_file(parser)
    add_api(parser)
    parser.set_defaults(handler=support_bundle)


def support_bundle(parsed: argparse.Namespace) -> int:
    """Write it. Raises CannotTell, CommandError."""
    api = Api.of(parsed)
    agents = api.get("agents")["agents"]  # whoever does not answer this answers nothing
    missing: dict[str, str] = {}
    with progress() as say, _archive_at(parsed.file) as archive:
        for name, read in _parts(api, agents, parsed):
            say(name)
            try:
                _add(archive, name, read())
            except CannotTell as error:
                missing[name] = str(error)
        _add(archive, "about.json", _about(missing))
    return Exit.WELL


def _parts(api: Api, agents: list[dict[str, Any]], parsed: argparse.Namespace) -> Iterator[tuple[str, Part]]:
    """Give what is in it by name, each to be read in its turn."""
    yield "overview.json", lambda: api.get("overview")
    yield "ready.json", lambda: api.get_path("/readyz")
    yield "agents.json", lambda: agents or agents_of(api)
    yield "dhcp-transactions.json", lambda: api.get("dhcp-transactions")
    yield "extensions.json", lambda: api.get("extensions")
    for plural in LISTS:
        yield f"{plural}.json", lambda plural=plural: list(api.each(plural))  # type: ignore[misc]
    wanted = [agent for agent in agents if not parsed.host or agent["host"] in parsed.host]
    for number, agent in enumerate(wanted[:MOST_HOSTS]):
        for member in ("flows", "interfaces"):
            path = f"agents/{agent['id']}/{member}"
            name = f"hosts/{number}-{re.sub('[^A-Za-z0-9.-]', '_', agent['host'])}/{member}.json"
            yield name, lambda path=path: api.get(path)  # type: ignore[misc]
    for host in sorted({*(parsed.host or ())} - {agent["host"] for agent in agents}):
        yield f"hosts/{host}", lambda host=host: agent_of(api, host)  # type: ignore[misc]
    yield "osken-net.conf", lambda: _configuration(parsed.config_file)


def _configuration(path: Path) -> str:
    """Read the configuration, and take out what may be a secret."""
    try:
        return without_secrets(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise CannotTell(f"{path}: {error}") from error


def without_secrets(text: str) -> str:
    """Take out of a configuration the values whose names speak of secrets, and what logs in at a URL."""
    kept: list[str] = []
    is_secret = False
    for line in text.splitlines():
        if is_secret and (line[:1].isspace() or not line):
            continue  # the value goes on
        found = SECRET.fullmatch(line)
        is_secret = found is not None
        kept.append(f"{found[1]}{REMOVED}" if found else IN_A_URL.sub(f"://{REMOVED}@", line))
    return "".join(f"{line}\n" for line in kept)


def _about(missing: dict[str, str]) -> dict[str, Any]:
    return {
        "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "osken-net": version("osken-apps"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "missing": missing,
    }


@contextmanager
def _archive_at(path: Path) -> Iterator[tarfile.TarFile]:
    """Open a new archive, its owner's alone, that is there when it is whole. Raises CommandError."""
    try:
        _refuse_present(path)
        with new_file_beside(path) as new:
            with new.open("wb") as stream, tarfile.open(path.name, "w:gz", stream) as archive:
                yield archive
            on_disk(new)
            _refuse_present(path)
            new.rename(path)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error


def _refuse_present(path: Path) -> None:
    if path.is_symlink() or path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _add(archive: tarfile.TarFile, name: str, content: Any) -> None:
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    octets = text.encode()
    entry = tarfile.TarInfo(f"osken-net-support/{name}")
    entry.size, entry.mode, entry.mtime = len(octets), MODE, int(time.time())
    archive.addfile(entry, io.BytesIO(octets))
