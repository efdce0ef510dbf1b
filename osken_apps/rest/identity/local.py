"""Who asks, where the API knows its users itself: `[api] authentication = local`. SHELL.

By a token, by name and password (HTTP Basic), or by a certificate of a client whose name is a user's; the
latter two act in the user's default project. What is wrong is answered alike and after the same time.
"""

import base64
import binascii
from collections import OrderedDict
from dataclasses import dataclass

from osken_apps.accounts.passwords import Passwords
from osken_apps.accounts.tokens import Token, Tokens
from osken_apps.config import Config
from osken_apps.model.accounts import ApplicationCredential, Project, User
from osken_apps.rest.request import Asked, Caller, HTTPUnauthorized
from osken_apps.store.accounts import Accounts
from osken_apps.store.store import Store

TOKEN = "X-Auth-Token"
NO_TOKEN = ("", "notused")  # what keystoneauth sends where it has none
BASIC = "basic"
MAX_REMEMBERED = 10_000


class LoginRefused(HTTPUnauthorized):
    """Something of name, password and scope is wrong, and which is nobody's business."""

    def __init__(self, tried: str = "") -> None:
        super().__init__("the name, the password or what is asked for is wrong", tried)


@dataclass(frozen=True, slots=True)
class Login:
    """Who was let in: a user, with a project and the roles in it, or with neither."""

    user: User
    methods: tuple[str, ...]
    project: Project | None = None
    roles: tuple[str, ...] = ()
    credential: ApplicationCredential | None = None
    token: Token | None = None

    @property
    def is_admin(self) -> bool:
        """Tell whether it may look at others."""
        return "admin" in self.roles

    @property
    def named(self) -> Caller:
        """Give who asks, in a project or in none."""
        project_id = self.project.id if self.project else ""
        return Caller(self.user.id, project_id, frozenset(self.roles), self.user.name)

    @property
    def caller(self) -> Caller:
        """Give who asks. Raises HTTPUnauthorized without a project: nothing is done in none."""
        if self.project is None:
            raise HTTPUnauthorized("the token is for no project", self.user.name)
        return self.named


class Local:
    """Lets users in; may be used from several threads."""

    def __init__(self, store: Store, config: Config) -> None:
        self.store = store
        self.passwords = Passwords()
        self.tokens = Tokens(store, config.api.token_lifetime_s)
        self._known: OrderedDict[str, tuple[int, Login]] = OrderedDict()

    def identify(self, asked: Asked) -> Caller:
        """Give who asks. Raises HTTPUnauthorized, StoreUnavailable."""
        return self.login(asked).caller

    def named(self, asked: Asked) -> Caller:
        """Give who asks, in a project or in none. Raises HTTPUnauthorized, StoreUnavailable."""
        return self.login(asked).named

    def login(self, asked: Asked) -> Login:
        """Give who was let in. Raises HTTPUnauthorized, StoreUnavailable."""
        text = asked.headers.get(TOKEN) or ""
        if text not in NO_TOKEN:
            return self.of_token(text)
        if name_password := _basic(asked.headers.get("Authorization") or ""):
            return self.by_name(*name_password)
        if asked.certificate:
            return self._by_certificate(asked.certificate)
        raise HTTPUnauthorized("there is no token, no password and no certificate of a user")

    def of_token(self, text: str) -> Login:
        """Give whom a token is for. Raises HTTPUnauthorized, StoreUnavailable."""
        token = self.tokens.read(text)
        if token is None:
            raise HTTPUnauthorized("the token is not ours, or has expired")
        with self.store.read() as view:
            generation = view.accounts.generation()
            known = self._known.get(token.id)
            if known and known[0] == generation:
                return known[1]
            login = _session_of(view.accounts, token)
        self._known[token.id] = generation, login
        while len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)
        return login

    def by_name(self, name: str, password: str, by_id: bool = False) -> Login:
        """Give the user of that name (or id) if the password is right, in its default project."""
        with self.store.read() as view:
            found = view.accounts.users(id=name) if by_id else view.accounts.users(name=name)
        if not self.passwords.is_right(found[0].password if found else None, password):
            raise LoginRefused(name)
        with self.store.read() as view:
            return in_default_project(view.accounts, _enabled(found[0]), ("password",))

    def by_credential(
        self, secret: str, credential_id: str = "", user_name: str = "", name: str = ""
    ) -> Login:
        """Give what an application credential lets in, if the secret is right."""
        with self.store.read() as view:
            accounts = view.accounts
            if credential_id:
                found = accounts.credentials(id=credential_id)
            else:
                users = [*accounts.users(id=user_name), *accounts.users(name=user_name)]
                found = [c for user in users for c in accounts.credentials(user_id=user.id, name=name)]
        if not self.passwords.is_right(found[0].secret if found else None, secret):
            raise LoginRefused(credential_id or name)
        with self.store.read() as view:
            return of_credential(view.accounts, found[0].id, self.tokens.now_ms())

    def _by_certificate(self, name: str) -> Login:
        with self.store.read() as view:
            users = view.accounts.users(name=name)
            if not users:
                raise HTTPUnauthorized("the name in the certificate is no user's", name)
            return in_default_project(view.accounts, _enabled(users[0]), ("external",))


def in_project(accounts: Accounts, user: User, project: Project, methods: tuple[str, ...]) -> Login:
    """Give a user in a project, with the roles that it has there. Raises LoginRefused."""
    roles = accounts.roles(user.id, project.id)
    if not roles or not project.enabled:
        raise LoginRefused(user.name)
    return Login(user, methods, project, tuple(sorted(roles)))


def in_default_project(accounts: Accounts, user: User, methods: tuple[str, ...]) -> Login:
    """Give a user in its default project, or in none if it has no role there."""
    for project in accounts.projects(id=user.default_project_id):
        if project.enabled and accounts.roles(user.id, project.id):
            return in_project(accounts, user, project, methods)
    return Login(user, methods)


def of_credential(accounts: Accounts, credential_id: str, now_ms: int) -> Login:
    """Give what an application credential lets in now. Raises LoginRefused."""
    for credential in accounts.credentials(id=credential_id):
        if credential.expires_at and credential.expires_at * 1000 <= now_ms:
            raise LoginRefused(credential.name)
        user, project = accounts.user(credential.user_id), accounts.project(credential.project_id)
        roles = set(credential.roles) & accounts.roles(user.id, project.id)
        if not roles or not project.enabled:
            raise LoginRefused(user.name)
        methods = ("application_credential",)
        return Login(_enabled(user), methods, project, tuple(sorted(roles)), credential)
    raise LoginRefused


def _session_of(accounts: Accounts, token: Token) -> Login:
    """Give whom a token lets in now. Raises HTTPUnauthorized."""
    users = accounts.users(id=token.user_id)
    if not users or users[0].tokens_after != token.tokens_after or accounts.is_revoked(token.id):
        raise HTTPUnauthorized("the token was taken back")
    user = _enabled(users[0])
    if token.credential_id:
        login = of_credential(accounts, token.credential_id, token.issued_at)
    elif token.project_id:
        projects = accounts.projects(id=token.project_id)
        if not projects:
            raise LoginRefused(user.name)
        login = in_project(accounts, user, projects[0], token.methods)
    else:
        login = Login(user, token.methods)
    return Login(login.user, token.methods, login.project, login.roles, login.credential, token)


def _enabled(user: User) -> User:
    if not user.enabled:
        raise LoginRefused(user.name)
    return user


def _basic(header: str) -> tuple[str, str] | None:
    """Read name and password of an Authorization header (RFC 7617); None: it has none."""
    scheme, _, text = header.partition(" ")
    if scheme.lower() != BASIC:
        return None
    try:
        name, colon, password = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise HTTPUnauthorized("the Authorization header cannot be read") from None
    if not colon:
        raise HTTPUnauthorized("the Authorization header cannot be read")
    return name, password
