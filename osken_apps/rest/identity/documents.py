"""What the identity API shows: versions, tokens, projects, users, credentials, in Keystone's words."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from osken_apps.model.accounts import (
    DOMAIN_ID,
    DOMAIN_NAME,
    ApplicationCredential,
    Assignment,
    Project,
    User,
)
from osken_apps.rest.identity.local import Login

ROOT = "identity"
REGION = "RegionOne"
DOMAIN = {"id": DOMAIN_ID, "name": DOMAIN_NAME}
UPDATED = "2026-11-25T00:00:00Z"
VERSION_ID = "v3.14"
FALSE_WORDS = frozenset({"0", "f", "false", "off", "n", "no"})


def itself(host_url: str, *path: str) -> dict[str, Any]:
    """Give the link of what is at a path to itself: clients expect one in whatever they show."""
    return {"links": {"self": "/".join((host_url, ROOT, "v3", *path))}}


def version(host_url: str) -> dict[str, Any]:
    """Describe the one version."""
    return {
        "id": VERSION_ID,
        "status": "stable",
        "updated": UPDATED,
        "links": [{"rel": "self", "href": f"{host_url}/{ROOT}/v3/"}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    }


def time_text(moment_ms: int) -> str:
    """Give a time (ms since 1970) as Keystone writes it."""
    return datetime.fromtimestamp(moment_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def catalog(host_url: str) -> list[dict[str, Any]]:
    """Give where the services are: both here."""
    places = (("network", "neutron", host_url), ("identity", "keystone", f"{host_url}/{ROOT}/v3"))
    return [_service(*place) for place in places]


def _service(kind: str, name: str, url: str) -> dict[str, Any]:
    where = {"region": REGION, "region_id": REGION, "url": url}
    places = [
        {"id": f"{kind}-{interface}", "interface": interface} | where
        for interface in ("public", "internal", "admin")
    ]
    return {"id": kind, "type": kind, "name": name, "endpoints": places}


def services(host_url: str) -> list[dict[str, Any]]:
    """Describe the services."""
    return [
        {name: item[name] for name in ("id", "type", "name")}
        | {"description": "", "enabled": True}
        | itself(host_url, "services", item["id"])
        for item in catalog(host_url)
    ]


def endpoints(host_url: str) -> list[dict[str, Any]]:
    """Describe where the services are, one by one."""
    return [
        place | {"service_id": item["id"], "enabled": True} | itself(host_url, "endpoints", place["id"])
        for item in catalog(host_url)
        for place in item["endpoints"]
    ]


def regions(host_url: str) -> list[dict[str, Any]]:
    """Describe the one region."""
    region = {"id": REGION, "description": "", "parent_region_id": None}
    return [region | itself(host_url, "regions", REGION)]


def domains(host_url: str) -> list[dict[str, Any]]:
    """Describe the one domain."""
    domain = DOMAIN | {"enabled": True, "description": "", "tags": [], "options": {}}
    return [domain | itself(host_url, "domains", DOMAIN_ID)]


def assignment(
    item: Assignment, host_url: str, names: tuple[Mapping[str, str], Mapping[str, str]] | None
) -> dict[str, Any]:
    """Describe a role that a user has in a project; `names` are those of users and projects by id."""
    path = f"projects/{item.project_id}/users/{item.user_id}/roles/{item.role}"
    user: dict[str, Any] = {"id": item.user_id}
    of: dict[str, Any] = {"id": item.project_id}
    has = {"id": item.role}
    if names:
        user |= {"name": names[0].get(item.user_id, ""), "domain": DOMAIN}
        of |= {"name": names[1].get(item.project_id, ""), "domain": DOMAIN}
        has |= {"name": item.role}
    links = {"assignment": f"{host_url}/{ROOT}/v3/{path}"}
    return {"user": user, "scope": {"project": of}, "role": has, "links": links}


def role(name: str, host_url: str) -> dict[str, Any]:
    """Describe a role: its name is its id."""
    shown: dict[str, Any] = {"id": name, "name": name, "domain_id": None, "description": "", "options": {}}
    return shown | itself(host_url, "roles", name)


def described(login: Login, host_url: str, with_catalog: bool = True) -> dict[str, Any]:
    """Describe a token and whom it lets in; of a login without a token, what one would be."""
    token = login.token
    shown: dict[str, Any] = {
        "methods": list(login.methods),
        "user": {
            "id": login.user.id,
            "name": login.user.name,
            "domain": DOMAIN,
            "password_expires_at": None,
        },
    }
    if token is not None:
        shown |= {
            "audit_ids": [token.id],
            "issued_at": time_text(token.issued_at),
            "expires_at": time_text(token.expires_at),
        }
    if login.project is not None:
        shown["project"] = {"id": login.project.id, "name": login.project.name, "domain": DOMAIN}
        shown |= {"is_domain": False, "roles": [{"id": name, "name": name} for name in login.roles]}
        if with_catalog:
            shown["catalog"] = catalog(host_url)
    if login.credential is not None:
        named = {"id": login.credential.id, "name": login.credential.name, "restricted": True}
        shown["application_credential"] = named
    return {"token": shown}


def project(item: Project, host_url: str) -> dict[str, Any]:
    """Describe a project."""
    return {
        "id": item.id,
        "name": item.name,
        "enabled": item.enabled,
        "description": item.description,
        "domain_id": DOMAIN_ID,
        "parent_id": DOMAIN_ID,
        "is_domain": False,
        "tags": [],
        "options": {},
    } | itself(host_url, "projects", item.id)


def user(item: User, host_url: str) -> dict[str, Any]:
    """Describe a user."""
    shown = {
        "id": item.id,
        "name": item.name,
        "enabled": item.enabled,
        "domain_id": DOMAIN_ID,
        "password_expires_at": None,
        "options": {},
    } | itself(host_url, "users", item.id)
    return shown | ({"default_project_id": item.default_project_id} if item.default_project_id else {})


def credential(item: ApplicationCredential, host_url: str, secret: str = "") -> dict[str, Any]:
    """Describe an application credential; its secret is shown once, when it is made."""
    shown = {
        "id": item.id,
        "name": item.name,
        "description": item.description,
        "project_id": item.project_id,
        "user_id": item.user_id,
        "roles": [role(name, host_url) for name in item.roles],
        "expires_at": time_text(1000 * item.expires_at).removesuffix("Z") if item.expires_at else None,
        "unrestricted": False,
        "system": None,
    } | itself(host_url, "users", item.user_id, "application_credentials", item.id)
    return shown | ({"secret": secret} if secret else {})


def asked_for(items: Iterable[dict[str, Any]], parameters: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Give the items that have, of each name, a value that is asked for; names that they lack ask nothing."""
    wanted: dict[str, list[str]] = {}
    for name, text in parameters:
        wanted.setdefault(name, []).append(text)
    return [
        item
        for item in items
        if all(any(_is(item[name], text) for text in wanted[name]) for name in wanted.keys() & item.keys())
    ]


def _is(value: Any, text: str) -> bool:
    """Tell whether a text asks for a value; any but the words for false asks for true, also none."""
    if isinstance(value, bool):
        return value is (text.strip().lower() not in FALSE_WORDS)
    return bool(value == text)


def listed(plural: str, items: list[dict[str, Any]], url: str) -> dict[str, Any]:
    """Give a list as Keystone gives it: whole."""
    return {plural: items, "links": {"self": url, "previous": None, "next": None}}
