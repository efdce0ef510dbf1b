"""Files that hold secrets: which options are some, and who may read them."""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from osken_apps.errors import ConfigurationError

SECRET = re.compile(r"pass(?!_through)|secret|apikey|api_key|token$")
URL_WITH_PASSWORD = re.compile(r"://[^/@]*:[^@]+@")
# How oslo.config is told that a $ is one, and what it replaces by the value of another option.
ESCAPED = re.compile(r"\$\$|\\\$")
REFERENCE = re.compile(r"\$\{?[_a-zA-Z]")
MEANT = "what follows a $ is taken for the name of an option: write $$ for a $"


def secrets_of(written: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    """Give the options of a configuration file that hold secrets, by section and name."""
    return tuple(
        f"[{section}] {name}" for (section, name), value in written.items() if _is_secret(name, value)
    )


def refuse_references(written: Mapping[tuple[str, str], str]) -> None:
    """Raise ConfigurationError for a secret of which a part would be taken for the name of an option."""
    for (section, name), value in written.items():
        if _is_secret(name, value) and REFERENCE.search(ESCAPED.sub("", value)):
            raise ConfigurationError(f"[{section}] {name}: {MEANT}")


def _is_secret(name: str, value: str) -> bool:
    return bool((SECRET.search(name) and value) or URL_WITH_PASSWORD.search(value))


def refuse_readers(option: str, file: Path, why: str = "") -> None:
    """Raise ConfigurationError if everybody may read a file; one that is not there is not read."""
    try:
        mode = os.stat(file).st_mode
    except OSError:
        return
    if mode & stat.S_IROTH:
        raise ConfigurationError(f"{option}: everybody may read {file}{why}: chmod o-r {file}")
