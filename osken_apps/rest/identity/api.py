"""The identity API at `/identity`: as much of Keystone's v3 as clients ask for before they ask for networks.

Tokens; the projects and the user of whoever asks (an administrator sees all); application credentials, which
users make for themselves. Users, projects and roles are made by `osken-net`. SHELL.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from osken_apps.accounts.passwords import hashed, new_secret
from osken_apps.errors import HTTPBadRequest
from osken_apps.model.accounts import (
    MAX_NAME,
    ROLES,
    AccountNotFound,
    ApplicationCredential,
    Project,
    User,
    is_name,
)
from osken_apps.rest.identity import documents
from osken_apps.rest.identity.admin import IdentityAdmin
from osken_apps.rest.identity.local import Local, Login
from osken_apps.rest.identity.login import logged_in
from osken_apps.rest.policy import PolicyNotAuthorized
from osken_apps.rest.request import Answer, HTTPNotFound, HTTPUnauthorized, Request, json_of
from osken_apps.rest.routes import Route
from osken_apps.rest.types import TEXT_LENGTH
from osken_apps.rest.validation import body_of
from osken_apps.store.accounts import Accounts

ROOT = documents.ROOT
SUBJECT = "X-Subject-Token"
MAX_CREDENTIALS = 100  # of a user
# Who may do so with others' tokens, as in Keystone's default policy.
SEE_TOKENS = frozenset({"admin", "service"})
REVOKE_TOKENS = frozenset({"admin"})

Handle = Callable[..., Answer]


def routes(local: Local) -> Iterator[Route]:
    """Give the rows of the identity API."""
    api = IdentityApi(local)

    def row(method: str, path: str, handle: Handle, public: bool = False) -> Route:
        parts = tuple(part for part in path.split("/") if part)
        identify = None if public else local.named  # a token of no project will do here
        return Route(
            method, (ROOT, *parts), lambda _, request, *texts: handle(request, *texts), public, identify
        )

    yield row("GET", "", api.versions, public=True)
    yield row("GET", "v3", api.version, public=True)
    yield row("POST", "v3/auth/tokens", api.log_in, public=True)
    yield row("GET", "v3/auth/tokens", api.show_token)
    yield row("DELETE", "v3/auth/tokens", api.revoke_token)
    yield row("GET", "v3/auth/catalog", api.catalog)
    yield row("GET", "v3/auth/projects", api.own_projects)
    yield row("GET", "v3/projects", api.projects)
    yield row("GET", "v3/projects/{id}", api.project)
    yield row("GET", "v3/roles", api.roles)
    yield row("GET", "v3/roles/{id}", api.role)
    yield row("GET", "v3/users", api.users)
    yield row("GET", "v3/users/{id}", api.user)
    yield row("GET", "v3/users/{id}/projects", api.projects_of)
    yield row("GET", "v3/users/{id}/application_credentials", api.credentials)
    yield row("POST", "v3/users/{id}/application_credentials", api.make_credential)
    yield row("GET", "v3/users/{id}/application_credentials/{credential_id}", api.credential)
    yield row("DELETE", "v3/users/{id}/application_credentials/{credential_id}", api.delete_credential)
    for method, path, handle in IdentityAdmin(local).rows():
        yield row(method, path, handle)


class IdentityApi:
    """Answers the requests of the identity API."""

    def __init__(self, local: Local) -> None:
        self._local = local

    def versions(self, request: Request) -> Answer:
        """Tell of all versions, which is one."""
        return Answer(300, {"versions": {"values": [documents.version(request.host_url)]}})

    def version(self, request: Request) -> Answer:
        """Tell of the version."""
        return Answer(200, {"version": documents.version(request.host_url)})

    def log_in(self, request: Request) -> Answer:
        """Give a token."""
        text, login = logged_in(self._local, json_of(request.body))
        shown = documents.described(login, request.host_url, with_catalog=_wants_catalog(request))
        return Answer(201, shown, {SUBJECT: text, "Vary": "X-Auth-Token"}, login.named)

    def show_token(self, request: Request) -> Answer:
        """Tell what a token is for, to whom it was given, to administrators and services."""
        text, login = self._subject(request, SEE_TOKENS)
        shown = documents.described(login, request.host_url, with_catalog=_wants_catalog(request))
        return Answer(200, shown, {SUBJECT: text, "Vary": "X-Auth-Token"})

    def revoke_token(self, request: Request) -> Answer:
        """Take a token back: whose it is, or an administrator."""
        _, login = self._subject(request, REVOKE_TOKENS)
        if login.token is not None:
            now = self._local.tokens.now_ms() // 1000
            with self._local.store.write() as transaction:
                transaction.accounts.revoke(login.token.id, login.token.expires_at // 1000 + 1, now)
        return Answer(204)

    def catalog(self, request: Request) -> Answer:
        """Tell where the services are."""
        self._login(request)
        places = documents.catalog(request.host_url)
        return Answer(200, documents.listed("catalog", places, request.url))

    def own_projects(self, request: Request) -> Answer:
        """Tell in which projects who asks has a role."""
        return self._listed_projects(request, self._projects_of(self._login(request).user.id))

    def projects(self, request: Request) -> Answer:
        """Tell of projects: of all to an administrator, else of those of who asks."""
        found = self._seen_projects(self._login(request))
        return self._listed_projects(request, found)

    def project(self, request: Request, project_id: str) -> Answer:
        """Tell of one project."""
        for item in self._seen_projects(self._login(request)):
            if item.id == project_id:
                return Answer(200, {"project": documents.project(item, request.host_url)})
        raise AccountNotFound("project", project_id)

    def roles(self, request: Request) -> Answer:
        """Tell which roles there are."""
        self._login(request)
        return _listed(request, "roles", (documents.role(name, request.host_url) for name in ROLES))

    def role(self, request: Request, name: str) -> Answer:
        """Tell of one role."""
        self._login(request)
        if name not in ROLES:
            raise AccountNotFound("role", name)
        return Answer(200, {"role": documents.role(name, request.host_url)})

    def users(self, request: Request) -> Answer:
        """Tell of users: of all to an administrator, else of who asks."""
        login = self._login(request)
        with self._local.store.read() as view:
            found = view.accounts.users() if login.is_admin else [login.user]
        return _listed(request, "users", (documents.user(item, request.host_url) for item in found))

    def user(self, request: Request, user_id: str) -> Answer:
        """Tell of one user."""
        return Answer(200, {"user": documents.user(self._seen_user(request, user_id), request.host_url)})

    def projects_of(self, request: Request, user_id: str) -> Answer:
        """Tell in which projects a user has a role."""
        return self._listed_projects(request, self._projects_of(self._seen_user(request, user_id).id))

    def credentials(self, request: Request, user_id: str) -> Answer:
        """Tell which application credentials a user has."""
        user = self._seen_user(request, user_id)
        with self._local.store.read() as view:
            found = view.accounts.credentials(user_id=user.id)
        shown = (documents.credential(item, request.host_url) for item in found)
        return _listed(request, "application_credentials", shown)

    def credential(self, request: Request, user_id: str, credential_id: str) -> Answer:
        """Tell of one application credential."""
        item = self._one_credential(self._seen_user(request, user_id), credential_id)
        return Answer(200, {"application_credential": documents.credential(item, request.host_url)})

    def make_credential(self, request: Request, user_id: str) -> Answer:
        """Make an application credential of who asks, in the project that the token is for."""
        login = self._owner(request, user_id)
        wanted = body_of(json_of(request.body), "application_credential")
        with self._local.store.read() as view:
            _check_room(view.accounts, login.user)  # before a secret is hashed for nothing
        now = datetime.fromtimestamp(self._local.tokens.now_ms() / 1000, UTC)
        item, secret = _new_credential(login, wanted, now)
        with self._local.store.write() as transaction:
            _check_room(transaction.accounts, login.user)
            transaction.accounts.add(item)
        return Answer(201, {"application_credential": documents.credential(item, request.host_url, secret)})

    def delete_credential(self, request: Request, user_id: str, credential_id: str) -> Answer:
        """Delete an application credential of who asks."""
        login = self._owner(request, user_id)
        item = self._one_credential(login.user, credential_id)
        with self._local.store.write() as transaction:
            transaction.accounts.remove(item)
        return Answer(204)

    def _login(self, request: Request) -> Login:
        return self._local.login(request.asked)

    def _subject(self, request: Request, roles: frozenset[str]) -> tuple[str, Login]:
        """Give the token that a request is about, if who asks has one of these roles, or it is its own."""
        asker = self._login(request)
        text = request.asked.headers.get(SUBJECT) or ""
        try:
            login = self._local.of_token(text)
        except HTTPUnauthorized as error:
            raise HTTPNotFound from error
        if login.user.id != asker.user.id and roles.isdisjoint(asker.roles):
            raise HTTPNotFound
        return text, login

    def _seen_user(self, request: Request, user_id: str) -> User:
        login = self._login(request)
        if login.user.id == user_id:
            return login.user
        if login.is_admin:
            with self._local.store.read() as view:
                if found := view.accounts.users(id=user_id):
                    return found[0]
        raise AccountNotFound("user", user_id)

    def _owner(self, request: Request, user_id: str) -> Login:
        """Give who asks, if that is the user itself. Raises AccountNotFound, PolicyNotAuthorized."""
        login = self._login(request)
        if login.user.id != user_id:
            raise AccountNotFound("user", user_id)
        if login.credential is not None or login.project is None:
            raise PolicyNotAuthorized("what an application credential may not do:")
        return login

    def _seen_projects(self, login: Login) -> list[Project]:
        if not login.is_admin:
            return self._projects_of(login.user.id)
        with self._local.store.read() as view:
            return view.accounts.projects()

    def _projects_of(self, user_id: str) -> list[Project]:
        with self._local.store.read() as view:
            ids = {item.project_id for item in view.accounts.assignments(user_id=user_id)}
            return [item for item in view.accounts.projects() if item.id in ids]

    def _listed_projects(self, request: Request, found: list[Project]) -> Answer:
        return _listed(request, "projects", (documents.project(item, request.host_url) for item in found))

    def _one_credential(self, user: User, credential_id: str) -> ApplicationCredential:
        with self._local.store.read() as view:
            found = view.accounts.credentials(user_id=user.id, id=credential_id)
        if not found:
            raise AccountNotFound("application credential", credential_id)
        return found[0]


def _check_room(accounts: Accounts, user: User) -> None:
    """Refuse more application credentials than a user may have. Raises HTTPBadRequest."""
    if len(accounts.credentials(user_id=user.id)) >= MAX_CREDENTIALS:
        raise HTTPBadRequest(f"a user has at most {MAX_CREDENTIALS} application credentials")


def _wants_catalog(request: Request) -> bool:
    return not any(name == "nocatalog" for name, _ in request.parameters)


def _listed(request: Request, plural: str, items: Iterator[dict[str, Any]]) -> Answer:
    """Answer with what is asked for of a list."""
    shown = documents.asked_for(items, request.parameters)
    return Answer(200, documents.listed(plural, shown, request.url))


def _new_credential(login: Login, wanted: Any, now: datetime) -> tuple[ApplicationCredential, str]:
    """Make an application credential as it is asked for; give its secret, too. Raises HTTPBadRequest."""
    name, secret = wanted.get("name"), wanted.get("secret") or new_secret()
    if not isinstance(name, str) or not is_name(name):
        raise HTTPBadRequest(f"name must be a text of up to {MAX_NAME} characters")
    if not isinstance(secret, str) or len(secret) > TEXT_LENGTH:
        raise HTTPBadRequest(f"secret must be a text of up to {TEXT_LENGTH} characters")
    description = wanted.get("description") or ""
    if not isinstance(description, str) or len(description) > TEXT_LENGTH:
        raise HTTPBadRequest(f"description must be a text of up to {TEXT_LENGTH} characters")
    # What would narrow or widen it must not pass unheard.
    for option in ("unrestricted", "access_rules", "system"):
        if wanted.get(option):
            raise HTTPBadRequest(f"an application credential cannot have {option} here")
    asked = wanted.get("roles") or []
    try:
        roles = {role.get("name") or role["id"] for role in asked} or set(login.roles)
    except (AttributeError, KeyError, TypeError):
        raise HTTPBadRequest("roles cannot be read") from None
    if not roles <= set(login.roles):
        raise HTTPBadRequest("roles may only be those that the user has in the project")
    expires_at = _seconds(wanted.get("expires_at"), now)
    assert login.project is not None
    item = ApplicationCredential(
        id=uuid4().hex,
        name=name,
        user_id=login.user.id,
        project_id=login.project.id,
        roles=tuple(sorted(roles)),
        secret=hashed(secret),
        expires_at=expires_at,
        description=description,
    )
    return item, secret


def _seconds(text: str | None, now: datetime) -> int:
    """Read when a credential ends, by UTC unless it says otherwise; 0: never. Raises HTTPBadRequest."""
    if text is None:
        return 0
    try:
        ends = datetime.fromisoformat(text)
        ends = ends.astimezone(UTC) if ends.tzinfo else ends.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        raise HTTPBadRequest("expires_at cannot be read") from None
    if ends <= now:
        raise HTTPBadRequest("expires_at is over")
    return int(ends.replace(microsecond=0).timestamp())
