"""The tables of accounts: who may speak to the API where it knows its users itself. SHELL."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from osken_apps.store.forms import METADATA


def _of(table: str, primary: bool = False) -> Column[str]:
    """Give a column that refers to a row of a table, and goes with it."""
    to = ForeignKey(f"{table}s.id", ondelete="CASCADE")
    return Column(f"{table}_id", String(64), to, primary_key=primary, nullable=False)


PROJECTS = Table(
    "projects",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("enabled", Boolean, nullable=False),
    Column("description", Text, nullable=False),
)

USERS = Table(
    "users",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("password", String(255), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("default_project_id", String(64), nullable=False),
    Column("tokens_after", String(20), nullable=False),  # ms since 1970, more than a database's integer holds
)

ASSIGNMENTS = Table(
    "role_assignments",
    METADATA,
    _of("user", primary=True),
    _of("project", primary=True),
    Column("role", String(255), primary_key=True),
)

CREDENTIALS = Table(
    "application_credentials",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("name", String(255), nullable=False),
    _of("user"),
    _of("project"),
    Column("roles", Text, nullable=False),
    Column("secret", String(255), nullable=False),
    Column("expires_at", String(20), nullable=False),
    Column("description", Text, nullable=False),
    UniqueConstraint("user_id", "name"),
)

# The keys that tokens are made with, newest in use; older ones are kept while a token of theirs may live.
TOKEN_KEYS = Table(
    "token_keys",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("created_at", Integer, nullable=False),
)

REVOKED_TOKENS = Table(
    "revoked_tokens",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("expires_at", Integer, nullable=False, index=True),
)
