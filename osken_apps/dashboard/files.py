"""The dashboard's files as they are shipped: there is no build step. SHELL: it reads its own package."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

INDEX = ("index.html",)
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    "LICENSE": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class File:
    """A file: its path in parts, what a browser is told of its type, and a tag that changes with it."""

    path: tuple[str, ...]
    type: str
    data: bytes

    @property
    def tag(self) -> str:
        """What tells this content from any other (RFC 9110, section 8.8.3)."""
        return f'"{hashlib.sha256(self.data).hexdigest()[:32]}"'


@cache
def files() -> tuple[File, ...]:
    """Give every file that a browser may ask for; they are read once."""
    return tuple(_files(resources.files("osken_apps.dashboard") / "static", ()))


def _files(directory: Traversable, path: tuple[str, ...]) -> Iterator[File]:
    for item in sorted(directory.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            yield from _files(item, (*path, item.name))
        elif type := TYPES.get(item.name[max(0, item.name.rfind(".")) :]):
            yield File((*path, item.name), type, item.read_bytes())
