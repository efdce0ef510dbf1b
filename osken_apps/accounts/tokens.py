"""Tokens: who was let in, when, to what; sealed with Fernet under keys of the store that change daily. SHELL.

Whoever has the store reads a token without asking anybody. A key is kept as long as a token of its may live.
A clock that was more than an hour ahead and is put right ends the tokens that it made; its keys make no more.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from osken_apps.errors import StoreUnavailable
from osken_apps.store.accounts import CLOCK_ERROR_S
from osken_apps.store.store import Store

KEY_AGE_S = 24 * 3600
REREAD_S = 60.0
MAX_LENGTH = 2048


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says; times are in ms since 1970. `project_id` is empty where it is for no project.

    `tokens_after` is the user's when it was given: another one since, and it is void.
    """

    id: str
    user_id: str
    project_id: str
    methods: tuple[str, ...]
    issued_at: int
    expires_at: int
    credential_id: str = ""
    tokens_after: int = 0


class Tokens:
    """Makes and reads tokens; may be used from several threads."""

    def __init__(self, store: Store, lifetime_s: int, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._lifetime_s = lifetime_s
        self._now = now
        self._lock = threading.Lock()
        self._keys: list[tuple[str, int]] = []
        self._fernet: MultiFernet | None = None  # without keys there is none
        self._read_at = float("-inf")

    def now_ms(self) -> int:
        """Give the time in ms since 1970."""
        return int(self._now() * 1000)

    def issue(
        self,
        user_id: str,
        project_id: str,
        methods: tuple[str, ...],
        credential_id: str = "",
        expires_at: int = 0,
        tokens_after: int = 0,
    ) -> tuple[str, Token]:
        """Make a token, which ends at `expires_at` at the latest if not 0. Raises StoreUnavailable."""
        now = self.now_ms()
        end = now + 1000 * self._lifetime_s
        token = Token(
            id=uuid4().hex,
            user_id=user_id,
            project_id=project_id,
            methods=methods,
            issued_at=now,
            expires_at=min(end, expires_at) if expires_at else end,
            credential_id=credential_id,
            tokens_after=tokens_after,
        )
        values = [getattr(token, name) for name in Token.__slots__]
        return self._sealing().encrypt(json.dumps(values).encode()).decode(), token

    def read(self, text: str) -> Token | None:
        """Read a token that is ours and has not expired. Raises StoreUnavailable."""
        if not 0 < len(text) <= MAX_LENGTH or not text.isascii():
            return None
        try:
            data = self._opening().decrypt(text.encode())
        except InvalidToken:
            return None
        token = _token_of(json.loads(data))
        return token if token and self._counts(token) else None

    def _counts(self, token: Token) -> bool:
        """Tell whether a token counts now."""
        now = self._now() * 1000
        return token.issued_at <= now + 1000 * CLOCK_ERROR_S and token.expires_at > now

    def _opening(self) -> MultiFernet:
        """Give all keys, newest first, as they were a minute ago at most."""
        with self._lock:
            if self._fernet is None or not 0 <= self._now() - self._read_at <= REREAD_S:
                self._take()
            fernet = self._fernet
        return fernet or self._sealing()

    def _sealing(self) -> MultiFernet:
        """Give all keys, the first of them of the last day, as far as there can be a new one.

        A new one may have to wait for others who write; whoever reads a token does not wait for that.
        """
        now = int(self._now())
        with self._lock:
            keys, fernet = self._keys, self._fernet
        if fernet is not None and _is_of_today(keys[0], now):
            return fernet
        try:
            self._change(now)
        except StoreUnavailable:
            if fernet is None:
                raise
            return fernet
        with self._lock:
            if self._fernet is None:
                raise StoreUnavailable("there is no key for tokens")
            return self._fernet

    def _change(self, now: int) -> None:
        """Make a new key if another process did not."""
        with self._store.write() as transaction:
            keys = _in_use_first(transaction.accounts.token_keys(), now)
            if not keys or not _is_of_today(keys[0], now):
                oldest = now - 2 * KEY_AGE_S - self._lifetime_s
                transaction.accounts.add_token_key(Fernet.generate_key().decode(), now, oldest)
        with self._lock:
            self._take()

    def _take(self) -> None:
        with self._store.read() as view:
            keys = view.accounts.token_keys()
        self._read_at = self._now()
        self._keys = _in_use_first(keys, int(self._read_at))
        self._fernet = MultiFernet([Fernet(key) for key, _ in self._keys]) if self._keys else None


def _in_use_first(keys: list[tuple[str, int]], now: int) -> list[tuple[str, int]]:
    """Put keys of a clock that was far ahead behind the others, which are newest first."""
    return sorted(keys, key=lambda key: key[1] > now + CLOCK_ERROR_S)


def _is_of_today(key: tuple[str, int], now: int) -> bool:
    """Tell whether a key may make tokens now; a clock may be put back a little."""
    return now - KEY_AGE_S < key[1] <= now + CLOCK_ERROR_S


def _token_of(values: Any) -> Token | None:
    """Give what a token of ours says; None: another version made it, in another form."""
    try:
        token_id, user_id, project_id, methods, *rest = values
        return Token(token_id, user_id, project_id, tuple(methods), *rest)
    except (TypeError, ValueError):
        return None
