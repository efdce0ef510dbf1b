"""Projects, users, roles, credentials and the keys of tokens, in a transaction of the store. SHELL.

Each change counts `generation` up: whoever remembers something of accounts sees by it whether it still holds.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, delete, exc, insert, select, update

from osken_apps.model.accounts import (
    AccountExists,
    AccountNotFound,
    ApplicationCredential,
    Assignment,
    Project,
    User,
)
from osken_apps.store.account_tables import (
    ASSIGNMENTS,
    CREDENTIALS,
    PROJECTS,
    REVOKED_TOKENS,
    TOKEN_KEYS,
    USERS,
)
from osken_apps.store.tables import COUNTERS

T = TypeVar("T")

GENERATION = "accounts"
# A clock that was ahead by up to this, and is put right, must neither end a token nor make one count again.
CLOCK_ERROR_S = 3600
_GENERATION = select(COUNTERS.c.last).where(COUNTERS.c.name == GENERATION)


class Accounts:
    """What a transaction sees of accounts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def generation(self) -> int:
        """Count the changes so far."""
        return self._connection.scalar(_GENERATION) or 0

    def projects(self, **wanted: str) -> list[Project]:
        """Give the projects with these values, by name."""
        return self._all(PROJECTS, Project, PROJECTS.c.name, wanted)

    def users(self, **wanted: str) -> list[User]:
        """Give the users with these values, by name."""
        return self._all(USERS, _user, USERS.c.name, wanted)

    def assignments(self, **wanted: str) -> list[Assignment]:
        """Give the roles that users have, with these values."""
        return self._all(ASSIGNMENTS, Assignment, ASSIGNMENTS.c.role, wanted)

    def credentials(self, **wanted: str) -> list[ApplicationCredential]:
        """Give the application credentials with these values, by name."""
        return self._all(CREDENTIALS, _credential, CREDENTIALS.c.name, wanted)

    def project(self, name: str) -> Project:
        """Give the project of that name or id. Raises AccountNotFound."""
        return _first([*self.projects(id=name), *self.projects(name=name)], "project", name)

    def user(self, name: str) -> User:
        """Give the user of that name or id. Raises AccountNotFound."""
        return _first([*self.users(id=name), *self.users(name=name)], "user", name)

    def credential(self, user: User, name: str) -> ApplicationCredential:
        """Give a user's credential of that name or id. Raises AccountNotFound."""
        by_id, by_name = (self.credentials(user_id=user.id, **{key: name}) for key in ("id", "name"))
        return _first([*by_id, *by_name], "application credential", name)

    def roles(self, user_id: str, project_id: str) -> frozenset[str]:
        """Give the roles of a user in a project."""
        return frozenset(
            item.role for item in self.assignments(user_id=user_id) if item.project_id == project_id
        )

    def token_keys(self) -> list[tuple[str, int]]:
        """Give the keys of tokens and when they were made (s since 1970), newest first."""
        rows = select(TOKEN_KEYS.c.key, TOKEN_KEYS.c.created_at).order_by(TOKEN_KEYS.c.created_at.desc())
        return [(row.key, row.created_at) for row in self._connection.execute(rows)]

    def is_revoked(self, token_id: str) -> bool:
        """Tell whether a token was taken back."""
        rows = select(REVOKED_TOKENS.c.id).where(REVOKED_TOKENS.c.id == token_id)
        return self._connection.scalar(rows) is not None

    def _all(self, table: Table, make: Callable[..., Any], order: Any, wanted: dict[str, str]) -> list[Any]:
        rows = select(table).order_by(order)
        for name, value in wanted.items():
            rows = rows.where(table.c[name] == value)
        return [make(**row._mapping) for row in self._connection.execute(rows)]


class AccountsWriter(Accounts):
    """What a transaction changes of accounts."""

    def add(self, item: Project | User | Assignment | ApplicationCredential) -> None:
        """Add something new. Raises AccountExists, AccountNotFound."""
        table, kind = _TABLES[type(item)]
        try:
            self._connection.execute(insert(table), _row(item))
        except exc.IntegrityError as error:
            if "FOREIGN" in str(error.orig).upper():
                raise AccountNotFound("user or project for", _name(item)) from error
            raise AccountExists(kind, _name(item)) from error
        self._count()

    def change(self, item: Project | User) -> None:
        """Take the values of something that is there."""
        table, _ = _TABLES[type(item)]
        self._connection.execute(update(table).where(table.c.id == item.id), _row(item))
        self._count()

    def remove(self, item: Project | User | Assignment | ApplicationCredential) -> None:
        """Remove something, and what belongs to it."""
        table, kind = _TABLES[type(item)]
        keys = {column.name: getattr(item, column.name) for column in table.primary_key}
        statement = delete(table)
        for name, value in keys.items():
            statement = statement.where(table.c[name] == value)
        if not self._connection.execute(statement).rowcount:
            raise AccountNotFound(kind, _name(item))
        self._count()

    def add_token_key(self, key: str, now: int, oldest: int) -> None:
        """Use a new key for tokens, and forget those that were made before `oldest`."""
        self._connection.execute(delete(TOKEN_KEYS).where(TOKEN_KEYS.c.created_at < oldest))
        self._connection.execute(insert(TOKEN_KEYS).values(key=key, created_at=now))

    def revoke(self, token_id: str, expires_at: int, now: int) -> None:
        """Take a token back; forget those that have expired since, also if the clock is an hour ahead."""
        expired = REVOKED_TOKENS.c.expires_at < now - CLOCK_ERROR_S
        self._connection.execute(delete(REVOKED_TOKENS).where(expired))
        if not self.is_revoked(token_id):
            self._connection.execute(insert(REVOKED_TOKENS).values(id=token_id, expires_at=expires_at))
        self._count()

    def _count(self) -> None:
        counted = update(COUNTERS).where(COUNTERS.c.name == GENERATION).values(last=COUNTERS.c.last + 1)
        if not self._connection.execute(counted).rowcount:
            self._connection.execute(insert(COUNTERS).values(name=GENERATION, last=1))


_TABLES: dict[type, tuple[Table, str]] = {
    Project: (PROJECTS, "project"),
    User: (USERS, "user"),
    Assignment: (ASSIGNMENTS, "role"),
    ApplicationCredential: (CREDENTIALS, "application credential"),
}


def _row(item: Any) -> dict[str, Any]:
    row = asdict(item)
    for name in ("tokens_after", "expires_at"):
        if name in row:
            row[name] = str(row[name])
    if "roles" in row:
        row["roles"] = ",".join(row["roles"])
    return row


def _user(tokens_after: str, **values: Any) -> User:
    return User(**values, tokens_after=int(tokens_after))


def _credential(roles: str, expires_at: str, **values: Any) -> ApplicationCredential:
    return ApplicationCredential(**values, roles=tuple(roles.split(",")), expires_at=int(expires_at))


def _name(item: Any) -> str:
    return str(item.role if isinstance(item, Assignment) else item.name)


def _first(found: list[T], kind: str, name: str) -> T:
    if not found:
        raise AccountNotFound(kind, name)
    return found[0]
