"""What a host says of itself, where a remedy has it typed. PURE."""

import shlex

from osken_apps.printable import excerpt


def typed(text: str) -> str:
    """Give a text of a host for a command line."""
    return shlex.quote(excerpt(text))
