"""Which build of this program a process is: two of different builds take no messages of each other. SHELL.

The version does not say it: the program on the disk may be changed while the controller runs, which then
starts the REST process from what is there now.
"""

import hashlib
from pathlib import Path


def _fingerprint() -> str:
    """Give a word for the names and contents of all modules as they are on the disk."""
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for module in sorted(package.rglob("*.py")):
        content = module.read_bytes()
        digest.update(f"{module.relative_to(package)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


BUILD = _fingerprint()  # read when a process starts
