"""Texts of fixed width. PURE."""

from osken_apps.printable import printable


def fixed_text(octets: bytes) -> str:
    """Read a text of fixed width: up to its first NUL, printable."""
    return printable(octets.split(b"\0", 1)[0].decode(errors="replace"))
