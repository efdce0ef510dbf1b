"""Files that options name."""

import stat
from pathlib import Path

from osken_apps.errors import ConfigurationError


def existing_file(option: str, name: str) -> Path | None:
    """Give the file that an option names; None: it names none. Raises ConfigurationError."""
    if not name:
        return None
    path = Path(name)
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        is_file = False
    except OSError as error:  # a directory on the way that is not ours to enter, for example
        raise ConfigurationError(f"{option}: {name}: {error.strerror}") from error
    if not is_file:
        raise ConfigurationError(f"{option}: there is no file {name}")
    return path
