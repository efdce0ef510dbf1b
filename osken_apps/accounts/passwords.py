"""Passwords and secrets: kept as Argon2id, checked one at a time. SHELL.

A check costs some 20 ms and 19 MiB (the least that OWASP advises), so that guessing is slow: hence only one
runs at a time, and what was right a moment ago is remembered, as a digest under a key that dies with the
process. What is wrong is never remembered, and costs the same whether or not there is such a user.
"""

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

MEMORY_KIB, ROUNDS, LANES = 19 * 1024, 2, 1
REMEMBERED_S = 60.0
MAX_REMEMBERED = 1000
SECRET_BYTES = 32

_HASHER = PasswordHasher(time_cost=ROUNDS, memory_cost=MEMORY_KIB, parallelism=LANES)


def hashed(password: str) -> str:
    """Give what is kept of a password."""
    return _HASHER.hash(password)


def new_secret() -> str:
    """Make a secret that nobody guesses."""
    return secrets.token_urlsafe(SECRET_BYTES)


class Passwords:
    """Checks passwords; may be used from several threads."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._key = secrets.token_bytes(32)
        self._one_at_a_time = threading.Lock()
        self._right: OrderedDict[bytes, float] = OrderedDict()
        self._of_nobody = hashed(new_secret())
        self.checks = 0

    def is_right(self, kept: str | None, password: str) -> bool:
        """Tell whether a password is that that is kept; None: there is no such user; takes as long."""
        digest = self._digest(kept or "", password)
        if self._is_remembered(digest):
            return True
        with self._one_at_a_time:
            self.checks += 1
            try:
                _HASHER.verify(self._of_nobody if kept is None else kept, password)
            except (Argon2Error, InvalidHashError, UnicodeEncodeError):
                return False
        if kept is None:
            return False
        self._right[digest] = self._now() + REMEMBERED_S
        while len(self._right) > MAX_REMEMBERED:
            self._right.popitem(last=False)
        return True

    def _is_remembered(self, digest: bytes) -> bool:
        return self._right.get(digest, 0.0) > self._now()

    def _digest(self, kept: str, password: str) -> bytes:
        text = f"{kept}\0{password}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, text, hashlib.sha256).digest()
