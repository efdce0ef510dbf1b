"""What a shell asks for while somebody types: names of ports and hosts that begin so. SHELL (it prints).

It is quick or silent: whatever goes wrong, nobody is told in the middle of a line. A name that a shell would
read as more than a name is left out: it would be typed without quotes.
"""

import argparse
import re
from collections.abc import Iterable
from contextlib import suppress

from osken_apps.cli.api import Api
from osken_apps.cli.command import CommandError, Exit

TIMEOUT_S = 1.0
MOST = 100
PLAIN = re.compile(r"[\w.@%+:,-]+", re.ASCII)
KINDS = {"port": ("port", "ports", "name"), "host": ("agent", "agents", "host")}


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what its command line is; nobody types it."""
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("prefix", nargs="?", default="")
    parser.set_defaults(handler=complete)


def complete(parsed: argparse.Namespace) -> int:
    """Print the names of a kind that begin so, a line each."""
    with suppress(CommandError):
        names = set(_names(Api(timeout_s=TIMEOUT_S), parsed.kind, parsed.prefix))
        for name in sorted(
            name for name in names if name.startswith(parsed.prefix) and PLAIN.fullmatch(name)
        ):
            print(name)
    return Exit.WELL


def _names(api: Api, kind: str, prefix: str) -> Iterable[str]:
    """Give names that may begin so; of ports ids, too, once some of one was typed."""
    called, path, field = KINDS[kind]
    if not prefix:
        some = {"limit": MOST, "sort_key": field} if kind == "port" else {}
        return [str(each[field]) for each in api.get(path, fields=field, **some)[path]]
    hits = [hit for hit in api.get("search", q=prefix)["hits"] if hit["kind"] == called]
    ids = [hit["id"] for hit in hits] if kind == "port" else []
    return [*(hit["name"] for hit in hits), *ids]
