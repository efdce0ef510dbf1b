"""How what a host says of itself is shown: cut, escaped, and quoted where it is to be typed. PURE."""

import shlex

MAX_SHOWN = 64


def shown(text: str) -> str:
    """Give a text of a host for a sentence: 64 characters at most, and none that a terminal would obey."""
    safe = "".join(character if character.isprintable() else "?" for character in text[:MAX_SHOWN])
    return safe if len(text) <= MAX_SHOWN else f"{safe}..."


def typed(text: str) -> str:
    """Give a text of a host for a command line."""
    return shlex.quote(shown(text))
