"""What clients ask of an identity API beside logging in: services, who has which role, a new password.

For administrators, as in Keystone's default policy, but for one's own domain and password. What is not here
says where it is made instead: there is no second Keystone. SHELL.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from osken_apps.accounts.passwords import hashed
from osken_apps.errors import ApiError, HTTPBadRequest, NotFound
from osken_apps.model.accounts import (
    DOMAIN_ID,
    MAX_PASSWORD,
    MIN_PASSWORD,
    ROLES,
    AccountExists,
    AccountNotFound,
    Assignment,
)
from osken_apps.rest.identity import documents
from osken_apps.rest.identity.local import Local, LoginRefused
from osken_apps.rest.policy import PolicyNotAuthorized
from osken_apps.rest.request import Answer, Request, json_of
from osken_apps.rest.validation import body_of

ANY = "*"
#: What of a list of roles is asked for by which parameter.
FILTERS = {"user.id": "user_id", "scope.project.id": "project_id", "role.id": "role"}
NOBODYS = ("group.id", "scope.domain.id", "scope.system", "scope.OS-INHERIT:inherited_to")
MADE_BY_COMMAND = ("users", "projects")
FIXED = ("services", "endpoints", "regions", "domains", "roles")

Row = tuple[str, str, Any]


class MadeByCommand(ApiError):
    """Users and projects are made elsewhere."""

    def __init__(self) -> None:
        super().__init__(
            "Users and projects are made, changed and deleted on the controller's machine:"
            " `osken-net user --help`, `osken-net project --help`."
        )


class Fixed(ApiError):
    """Nobody makes, changes or deletes such."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"This identity API has the {kind} that it has: none is made, changed or deleted.")


class NotHere(NotFound):
    """There is none of it in this API's own Keystone."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"This identity API has no {kind}: it has users, projects, roles, application credentials and"
            " tokens of one domain."
        )


class IdentityAdmin:
    """Answers these requests."""

    def __init__(self, local: Local) -> None:
        self._local = local

    def rows(self) -> Iterator[Row]:
        """Give method, path and what answers."""
        for plural, find in (
            ("services", documents.services),
            ("endpoints", documents.endpoints),
            ("regions", documents.regions),
            ("domains", documents.domains),
        ):
            yield "GET", f"v3/{plural}", self._list(plural, find)
            yield "GET", f"v3/{plural}/{{id}}", self._show(plural, find)
        yield "GET", "v3/role_assignments", self.assignments
        of = "v3/projects/{id}/users/{user_id}/roles"
        yield "GET", of, self.roles_of
        yield "GET", f"{of}/{{role}}", self.has_role
        yield "PUT", f"{of}/{{role}}", self.give_role
        yield "DELETE", f"{of}/{{role}}", self.take_role
        yield "POST", "v3/users/{id}/password", self.change_password
        for path in ("v3/{kind}", "v3/{kind}/{id}", "v3/users/{id}/{kind}"):
            yield ANY, path, _is_not_here

    def _list(self, plural: str, find: Any) -> Any:
        def answer(request: Request) -> Answer:
            _require_admin(request)
            shown = documents.asked_for(find(request.host_url), request.parameters)
            return Answer(200, documents.listed(plural, shown, request.url))

        return answer

    def _show(self, plural: str, find: Any) -> Any:
        singular = plural.removesuffix("s")

        def answer(request: Request, wanted: str) -> Answer:
            if (plural, wanted) != ("domains", DOMAIN_ID):  # which is everybody's own
                _require_admin(request)
            for item in find(request.host_url):
                if item["id"] == wanted:
                    return Answer(200, {singular: item})
            raise AccountNotFound(singular, wanted)

        return answer

    def assignments(self, request: Request) -> Answer:
        """Tell who has which role where, of all or of what the parameters ask for."""
        _require_admin(request)
        asked = dict(request.parameters)
        wanted = {FILTERS[name]: value for name, value in asked.items() if name in FILTERS}
        with self._local.store.read() as view:
            found = [] if asked.keys() & set(NOBODYS) else view.accounts.assignments(**wanted)
            users = {item.id: item.name for item in view.accounts.users()}
            projects = {item.id: item.name for item in view.accounts.projects()}
        names = (users, projects) if "include_names" in asked else None
        shown = [documents.assignment(item, request.host_url, names) for item in found]
        return Answer(200, documents.listed("role_assignments", shown, request.url))

    def roles_of(self, request: Request, project_id: str, user_id: str) -> Answer:
        """Tell which roles a user has in a project."""
        names = sorted(self._roles(request, project_id, user_id))
        shown = [documents.role(name, request.host_url) for name in names]
        return Answer(200, documents.listed("roles", shown, request.url))

    def has_role(self, request: Request, project_id: str, user_id: str, role: str) -> Answer:
        """Tell whether a user has a role in a project."""
        if role not in self._roles(request, project_id, user_id):
            raise AccountNotFound("role", role)
        return Answer(204)

    def give_role(self, request: Request, project_id: str, user_id: str, role: str) -> Answer:
        """Give a user a role in a project; whoever has it keeps it."""
        has = self._roles(request, project_id, user_id)
        if role not in ROLES:
            raise AccountNotFound("role", role)
        if role not in has:
            # Another request may give it meanwhile.
            with suppress(AccountExists), self._local.store.write() as transaction:
                transaction.accounts.add(Assignment(user_id, project_id, role))
        return Answer(204)

    def take_role(self, request: Request, project_id: str, user_id: str, role: str) -> Answer:
        """Take a role back."""
        self._roles(request, project_id, user_id)
        with self._local.store.write() as transaction:
            transaction.accounts.remove(Assignment(user_id, project_id, role))
        return Answer(204)

    def change_password(self, request: Request, user_id: str) -> Answer:
        """Change one's own password, by showing the one of so far; all tokens of so far are void."""
        login = self._local.login(request.asked)
        if login.user.id != user_id:
            raise AccountNotFound("user", user_id)
        if login.credential is not None:
            raise PolicyNotAuthorized("what an application credential may not do:")
        wanted = body_of(json_of(request.body), "user")
        new, original = (_password(wanted, name) for name in ("password", "original_password"))
        if len(new) < MIN_PASSWORD:
            raise HTTPBadRequest(f"a password has at least {MIN_PASSWORD} characters")
        if not self._local.passwords.is_right(login.user.password, original):
            raise LoginRefused(login.user.name)
        kept = hashed(new)
        with self._local.store.write() as transaction:
            for user in transaction.accounts.users(id=user_id, password=login.user.password):
                changed = replace(user, password=kept)
                transaction.accounts.change(changed.without_tokens(self._local.tokens.now_ms()))
                return Answer(204)
        raise LoginRefused(login.user.name)  # it was changed meanwhile

    def _roles(self, request: Request, project_id: str, user_id: str) -> frozenset[str]:
        """Give the roles of a user in a project, to an administrator. Raises AccountNotFound."""
        _require_admin(request)
        with self._local.store.read() as view:
            accounts = view.accounts
            if not accounts.projects(id=project_id):
                raise AccountNotFound("project", project_id)
            if not accounts.users(id=user_id):
                raise AccountNotFound("user", user_id)
            return accounts.roles(user_id, project_id)


def _is_not_here(request: Request, *_texts: str) -> Answer:
    """Refuse what there is not. Raises MadeByCommand, Fixed, NotHere."""
    _, _, kind, *rest = request.path
    if kind in MADE_BY_COMMAND and len(rest) < 2:
        raise MadeByCommand
    if kind in FIXED:
        raise Fixed(kind)
    raise NotHere(rest[-1] if kind == "auth" or len(rest) > 1 else kind)


def _require_admin(request: Request) -> None:
    """Refuse who is no administrator. Raises PolicyNotAuthorized."""
    if "admin" not in request.caller.roles:
        raise PolicyNotAuthorized("what is an administrator's")


def _password(wanted: dict[str, Any], name: str) -> str:
    value = wanted.get(name)
    if not isinstance(value, str) or len(value) > MAX_PASSWORD:
        raise HTTPBadRequest(f"{name} must be a text of up to {MAX_PASSWORD} characters")
    return value
