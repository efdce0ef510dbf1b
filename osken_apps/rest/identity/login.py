"""POST of `/identity/v3/auth/tokens`: what it asks for, and who is let in. SHELL."""

from collections.abc import Mapping
from typing import Any

from osken_apps.errors import HTTPBadRequest
from osken_apps.model.accounts import DOMAIN_ID, DOMAIN_NAME, Project
from osken_apps.rest.identity.local import Local, Login, LoginRefused, in_default_project, in_project
from osken_apps.store.accounts import Accounts

UNSCOPED = "unscoped"


def logged_in(local: Local, body: Any) -> tuple[str, Login]:
    """Give a new token for what the body of a request asks for. Raises HTTPBadRequest, HTTPUnauthorized."""
    auth = _part(body, "auth")
    identity = _part(auth, "identity")
    methods = identity.get("methods")
    if not isinstance(methods, list) or len(methods) != 1 or methods[0] not in list(_METHODS):
        raise HTTPBadRequest(f"auth.identity.methods must be one of {', '.join(_METHODS)}")
    login = _METHODS[methods[0]](local, _part(identity, methods[0]))
    if login.credential is not None:
        if "scope" in auth:
            raise HTTPBadRequest("an application credential has its project: auth.scope must not be given")
        return _issued(local, login)
    return _issued(local, _scoped(local, login, auth.get("scope")))


def _issued(local: Local, login: Login) -> tuple[str, Login]:
    """Make the token of a login; one that comes of a token lives no longer than that."""
    ends = [login.token.expires_at] if login.token else []
    credential = login.credential
    if credential and credential.expires_at:
        ends.append(1000 * credential.expires_at)
    text, token = local.tokens.issue(
        login.user.id,
        login.project.id if login.project else "",
        login.methods,
        credential.id if credential else "",
        min(ends, default=0),
        login.user.tokens_after,
    )
    login = Login(login.user, login.methods, login.project, login.roles, credential, token)
    return text, login


def _by_password(local: Local, part: Mapping[str, Any]) -> Login:
    user = _part(part, "user")
    _check_domain(user)
    password = _text(user, "password")
    if "id" in user:
        return local.by_name(_text(user, "id"), password, by_id=True)
    return local.by_name(_text(user, "name"), password)


def _by_token(local: Local, part: Mapping[str, Any]) -> Login:
    login = local.of_token(_text(part, "id"))
    if login.credential is not None:
        raise LoginRefused(login.user.name)  # it has its project, and goes nowhere else
    methods = tuple(dict.fromkeys((*login.methods, "token")))
    return Login(login.user, methods, login.project, login.roles, token=login.token)


def _by_credential(local: Local, part: Mapping[str, Any]) -> Login:
    secret = _text(part, "secret")
    if "id" in part:
        return local.by_credential(secret, _text(part, "id"))
    user = _part(part, "user")
    _check_domain(user)
    return local.by_credential(
        secret, user_name=_text(user, "id" if "id" in user else "name"), name=_text(part, "name")
    )


_METHODS = {"password": _by_password, "token": _by_token, "application_credential": _by_credential}


def _scoped(local: Local, login: Login, scope: Any) -> Login:
    """Take a login to the project that is asked for; without a word to the user's default project."""
    plain = Login(login.user, login.methods, token=login.token)
    if scope == UNSCOPED or (isinstance(scope, Mapping) and UNSCOPED in scope):
        return plain
    with local.store.read() as view:
        if scope is None:
            found = in_default_project(view.accounts, login.user, login.methods)
        else:
            wanted = _part({"scope": scope}, "scope")
            if "project" not in wanted:
                raise LoginRefused(login.user.name)  # there are no domains and no system to rule
            project = _project(view.accounts, _part(wanted, "project"), login.user.name)
            found = in_project(view.accounts, login.user, project, login.methods)
    return Login(found.user, found.methods, found.project, found.roles, token=login.token)


def _project(accounts: Accounts, wanted: Mapping[str, Any], tried: str) -> Project:
    if "id" in wanted:
        found = accounts.projects(id=_text(wanted, "id"))
    else:
        _check_domain(wanted)
        found = accounts.projects(name=_text(wanted, "name"))
    if not found:
        raise LoginRefused(tried)
    return found[0]


def _check_domain(wanted: Mapping[str, Any]) -> None:
    """Refuse another domain than the one that there is."""
    domain = wanted.get("domain", {"id": DOMAIN_ID})
    if not isinstance(domain, Mapping):
        raise HTTPBadRequest("domain must be an object")
    if domain.get("id", DOMAIN_ID) != DOMAIN_ID or domain.get("name", DOMAIN_NAME) not in (
        DOMAIN_NAME,
        DOMAIN_ID,
    ):
        raise LoginRefused


def _part(body: Any, name: str) -> Mapping[str, Any]:
    part = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(part, Mapping):
        raise HTTPBadRequest(f"{name} must be an object")
    return part


def _text(part: Mapping[str, Any], name: str) -> str:
    value = part.get(name)
    if not isinstance(value, str):
        raise HTTPBadRequest(f"{name} must be a text")
    return value
