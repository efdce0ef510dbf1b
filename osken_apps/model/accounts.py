"""Who may speak to the API where it knows its users itself: projects, users, roles, credentials. PURE."""

from dataclasses import dataclass, replace

from osken_apps.errors import Conflict, NotFound

#: The roles that the default policy speaks of; a policy file may name others.
ROLES = ("admin", "manager", "member", "reader", "service")
DOMAIN_ID, DOMAIN_NAME = "default", "Default"
MAX_NAME = 255
MIN_PASSWORD, MAX_PASSWORD = 8, 1000


class AccountNotFound(NotFound):
    """There is no such project, user, role assignment or credential."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"There is no {kind} {name!r}.")


class AccountExists(Conflict):
    """There is one of that name."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"There is a {kind} {name!r} already.")


class ProjectInUse(Conflict):
    """A project has something yet."""

    def __init__(self, name: str, kinds: str) -> None:
        super().__init__(f"Project {name!r} has {kinds}.")


@dataclass(frozen=True, slots=True)
class Project:
    """A project: whose networks, subnets and ports are."""

    id: str
    name: str
    enabled: bool = True
    description: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """A user; `password` is its hash. When `tokens_after` changes, all its tokens are void."""

    id: str
    name: str
    password: str
    enabled: bool = True
    default_project_id: str = ""
    tokens_after: int = 0

    def without_tokens(self, now_ms: int) -> "User":
        """Give the user with all tokens of so far void, also where the clock was put back meanwhile."""
        return replace(self, tokens_after=max(now_ms, self.tokens_after + 1))


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role that a user has in a project, all by id but the role, which is its name."""

    user_id: str
    project_id: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationCredential:
    """What a program shows instead of its user's password: for one project and some roles, perhaps a time.

    `secret` is its hash; `expires_at` is in seconds since 1970, 0: never.
    """

    id: str
    name: str
    user_id: str
    project_id: str
    roles: tuple[str, ...]
    secret: str
    expires_at: int = 0
    description: str = ""


def is_name(text: str) -> bool:
    """Tell whether a text can name a project, a user, a role or a credential."""
    return 0 < len(text) <= MAX_NAME and text.isprintable() and text == text.strip() and "," not in text


def is_project_id(text: str) -> bool:
    """Tell whether a text can be a project's id: `null` is what a program says that has none."""
    return is_name(text) and text.lower() != "null"
