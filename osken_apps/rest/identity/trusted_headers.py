"""Who asks, where a request itself says so: `[api] authentication` is `none` or `headers`.

`none`: everybody is the administrator of one project. `headers`: whom a trusted proxy names, and only if it
says all of it, once. PURE.
"""

from collections.abc import Callable, Mapping
from ipaddress import ip_address

from osken_apps.config import ApiConfig
from osken_apps.model.accounts import is_project_id
from osken_apps.rest.request import Asked, Caller, HTTPUnauthorized

USER, PROJECT, ROLES, STATUS = "X-User-Id", "X-Project-Id", "X-Roles", "X-Identity-Status"
CONFIRMED = "Confirmed"
MAX_LENGTH = 255
MAX_ROLES = 100


#: Gives who asks. Raises HTTPUnauthorized, ServiceUnavailable.
Identify = Callable[[Asked], Caller]


def everybody(api: ApiConfig) -> Identify:
    """Take everybody for the administrator of the default project."""
    caller = Caller("admin", api.default_project, frozenset({"admin"}))
    return lambda _asked: caller


def named_by_proxy(api: ApiConfig) -> Identify:
    """Believe the headers of trusted proxies, and no others."""

    def identify(asked: Asked) -> Caller:
        if not is_trusted(asked.peer, api):
            raise HTTPUnauthorized(f"{asked.peer or 'the peer'} is not in [api] trusted_proxies")
        return caller_of(asked.headers)

    return identify


def caller_of(headers: Mapping[str, str]) -> Caller:
    """Give whom identity headers name. Raises HTTPUnauthorized."""
    status = headers.get(STATUS, CONFIRMED)
    if status != CONFIRMED:
        raise HTTPUnauthorized(f"{STATUS} is {status!r}")
    project_id = _one(headers, PROJECT)
    if not is_project_id(project_id):
        raise HTTPUnauthorized(f"{PROJECT} is no project: {project_id!r}")
    return Caller(_one(headers, USER), project_id, _roles(headers))


def is_trusted(peer: str, api: ApiConfig) -> bool:
    """Tell whether a peer is a proxy whose headers count."""
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    # A socket that listens on :: shows IPv4 peers as ::ffff:a.b.c.d.
    known = getattr(address, "ipv4_mapped", None) or address
    return any(known in network for network in api.trusted_proxies)


def _one(headers: Mapping[str, str], name: str) -> str:
    """Give the value of a header that must be there once; a server joins two of one name by a comma."""
    value = headers.get(name) or ""
    if not value or len(value) > MAX_LENGTH or not value.isprintable() or set(value) & set(", "):
        raise HTTPUnauthorized(f"{name} must be there once and not be empty: {value[:MAX_LENGTH]!r}")
    return value


def _roles(headers: Mapping[str, str]) -> frozenset[str]:
    """Give the roles: names with commas between; a blank behind a comma means two headers joined."""
    text = headers.get(ROLES, "")
    roles = text.split(",")
    if len(roles) > MAX_ROLES or not all(_is_role(role) for role in roles):
        raise HTTPUnauthorized(f"{ROLES} must be there once and have names of roles: {text[:MAX_LENGTH]!r}")
    return frozenset(role.lower() for role in roles)


def _is_role(name: str) -> bool:
    return bool(name) and len(name) <= MAX_LENGTH and name.isprintable() and name == name.strip()
