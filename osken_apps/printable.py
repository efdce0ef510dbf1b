"""Texts that others chose, as they may stand in a sentence, a log or an answer. PURE."""

import reprlib

MAX_VALUE_EXCERPT = 200  # characters
MAX_EXCERPT = 64  # characters of a name; no name of Open vSwitch's own is longer


def value_excerpt(value: object) -> str:
    """Give the beginning of how a value is written, however large it is."""
    return excerpt(reprlib.repr(value), MAX_VALUE_EXCERPT)


def printable(text: str) -> str:
    """Give a text in which what cannot be printed, or would be obeyed by a terminal, is escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def excerpt(text: str | bytes, limit: int = MAX_EXCERPT) -> str:
    """Give the beginning of a text, printable and of one line; an ellipsis stands for the rest."""
    if isinstance(text, bytes):
        text = text[: limit * 4 + 4].decode(errors="replace")
    start = printable(text[:limit])
    return start + "…" if len(text) > limit else start
