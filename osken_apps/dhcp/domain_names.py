"""Domain names on the wire. PURE.

Source: RFC 1035 sections 3.1 and 4.1.4 (labels, compression), RFC 3397 (domain search), RFC 1123 section 2.1.
"""

import re
from collections.abc import Iterable

MAX_NAME_OCTETS = 255
POINTER = 0xC000
MAX_POINTER = 0x3FFF

LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


def labels(name: str) -> list[bytes]:
    """Split a domain name into its labels. Raises ValueError for what is not a domain name."""
    parts = name.removesuffix(".").split(".")
    for part in parts:
        if not LABEL.fullmatch(part):
            raise ValueError(f"{part!r} is not a label of a domain name")
    if sum(len(part) + 1 for part in parts) + 1 > MAX_NAME_OCTETS:
        raise ValueError(f"the domain name is longer than {MAX_NAME_OCTETS} octets")
    return [part.encode("ascii") for part in parts]


def encode_name(name: str) -> bytes:
    """Encode one name without compression. Raises ValueError."""
    return b"".join(bytes((len(label),)) + label for label in labels(name)) + b"\0"


def encode_search_list(names: Iterable[str]) -> bytes:
    """Encode a domain search list; an ending that was there before is pointed to. Raises ValueError."""
    encoded = b""
    places: dict[tuple[bytes, ...], int] = {}
    for name in names:
        rest = tuple(labels(name))
        while rest and rest not in places:
            if len(encoded) <= MAX_POINTER:
                places[rest] = len(encoded)
            encoded += bytes((len(rest[0]),)) + rest[0]
            rest = rest[1:]
        encoded += (POINTER | places[rest]).to_bytes(2, "big") if rest else b"\0"
    return encoded
