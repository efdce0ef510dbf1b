"""Texts that a switch chose. PURE."""


def printable(text: str) -> str:
    """Give a text as it can stand in any log and answer: what cannot be printed is escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def fixed_text(octets: bytes) -> str:
    """Read a text of fixed width: up to its first NUL, printable."""
    return printable(octets.split(b"\0", 1)[0].decode(errors="replace"))
