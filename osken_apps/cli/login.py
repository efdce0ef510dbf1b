"""Who asks the API and where it is, as the environment says it to the openstack command. PURE.

`OS_AUTH_URL` with a name and password, with an application credential or with a token; `OS_ENDPOINT` with
`OS_AUTH_TYPE` none or http_basic. Keystone's API has the forms of the requests (Identity API v3,
"Authentication and token management"): a request and a look at the catalogue need no library.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SERVICE = "network"
VERSION = "/v2.0"
ENDS_IN_VERSION = re.compile(r"/v[0-9][0-9.]*$")
DEFAULT_DOMAIN = "default"
USER = ("USER_ID", "USERNAME")
PROJECT = ("PROJECT_ID", "PROJECT_NAME")
CREDENTIAL = ("APPLICATION_CREDENTIAL_ID", "APPLICATION_CREDENTIAL_NAME", "APPLICATION_CREDENTIAL_SECRET")
SECRETS = ("PASSWORD", "TOKEN", "APPLICATION_CREDENTIAL_SECRET")


@dataclass(frozen=True, slots=True)
class Login:
    """What the environment says. `auth` is what Keystone at `auth_url` is asked for a token with.

    `by` names what says who asks, for people, with the values that are no secrets; empty: nothing does.
    """

    endpoint: str = ""
    auth_url: str = ""
    auth: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""
    basic: str = ""
    by: str = ""
    region: str = ""
    interface: str = "public"

    def headers(self, url: str) -> Mapping[str, str]:
        """Give the headers that say who asks without Keystone; a password only to the API that it is for."""
        if self.token:
            return {"X-Auth-Token": self.token}
        if self.basic and url == base_of(self.endpoint):
            return {"Authorization": f"Basic {self.basic}"}
        return {}


def base_of(url: str) -> str:
    """Give the address of an API without what every path of it begins with."""
    return url.rstrip("/").removesuffix(VERSION)


def identity_of(url: str) -> str:
    """Give the address of Keystone's API: what names no version means version 3."""
    base = url.rstrip("/")
    return base if ENDS_IN_VERSION.search(base) else f"{base}/v3"


def login_of(environment: Mapping[str, str]) -> Login:
    """Read who asks of the environment."""
    said = {name.removeprefix("OS_"): value for name, value in environment.items() if value}
    endpoint = said.get("ENDPOINT") or said.get("ENDPOINT_OVERRIDE", "")
    match said.get("AUTH_TYPE", ""):
        case "none":
            return Login(endpoint)
        case "http_basic":
            pair = f"{said.get('USERNAME', '')}:{said.get('PASSWORD', '')}"
            basic = base64.b64encode(pair.encode()).decode()
            return Login(endpoint, basic=basic, by=_named(said, "USERNAME", "PASSWORD"))
    if endpoint and "AUTH_URL" not in said:
        return Login(endpoint, token=said.get("TOKEN", ""), by=_named(said, "TOKEN"))
    auth = _auth(said)
    return Login(
        endpoint,
        said.get("AUTH_URL", ""),
        auth,
        by=_named(said, *_asked_by(auth)),
        region=said.get("REGION_NAME", ""),
        interface=said.get("INTERFACE", "public").removesuffix("URL"),
    )


def _named(said: Mapping[str, str], *names: str) -> str:
    """Name variables of the environment that are there, with the values of those that are no secrets."""
    there = (name for name in names if name in said)
    return " ".join(f"OS_{name}" if name in SECRETS else f"OS_{name}={said[name]}" for name in there)


def _asked_by(auth: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the variables that a token is asked for by."""
    match auth:
        case {"identity": {"application_credential": _}}:
            return CREDENTIAL
        case {"identity": {"token": _}}:
            return ("TOKEN", *PROJECT)
        case {"identity": {"password": _}}:
            return (*USER, "PASSWORD", *PROJECT)
    return ()


def endpoint_in(issued: Mapping[str, Any], login: Login) -> str:
    """Give where the network service is by the catalogue of an issued token; empty: it is in none."""
    for service in issued.get("token", {}).get("catalog", ()):
        for place in service["endpoints"] if service["type"] == SERVICE else ():
            fits = place["interface"] == login.interface
            if fits and login.region in ("", place.get("region_id"), place.get("region")):
                return str(place["url"])
    return ""


def _auth(said: Mapping[str, str]) -> dict[str, Any]:
    """Give what a token is asked for with; nothing if the environment has no secret."""
    if secret := said.get("APPLICATION_CREDENTIAL_SECRET"):
        credential: dict[str, Any] = {"secret": secret}
        if identifier := said.get("APPLICATION_CREDENTIAL_ID"):
            credential["id"] = identifier
        else:
            credential |= {"name": said.get("APPLICATION_CREDENTIAL_NAME", ""), "user": _user(said)}
        return _by("application_credential", credential)
    if token := said.get("TOKEN"):
        return _by("token", {"id": token}) | _scope(said)
    if "PASSWORD" in said and {"USERNAME", "USER_ID"} & said.keys():
        return _by("password", {"user": _user(said) | {"password": said["PASSWORD"]}}) | _scope(said)
    return {}


def _by(method: str, part: Mapping[str, Any]) -> dict[str, Any]:
    return {"identity": {"methods": [method], method: part}}


def _user(said: Mapping[str, str]) -> dict[str, Any]:
    if identifier := said.get("USER_ID"):
        return {"id": identifier}
    return {"name": said.get("USERNAME", ""), "domain": _domain(said, "USER")}


def _scope(said: Mapping[str, str]) -> dict[str, Any]:
    if said.get("SYSTEM_SCOPE"):
        return {"scope": {"system": {"all": True}}}
    if identifier := said.get("PROJECT_ID"):
        return {"scope": {"project": {"id": identifier}}}
    if name := said.get("PROJECT_NAME"):
        return {"scope": {"project": {"name": name, "domain": _domain(said, "PROJECT")}}}
    return {}


def _domain(said: Mapping[str, str], of: str) -> dict[str, str]:
    """Give the domain of a user or a project."""
    if name := said.get(f"{of}_DOMAIN_NAME"):
        return {"name": name}
    return {"id": said.get(f"{of}_DOMAIN_ID") or said.get("DEFAULT_DOMAIN", DEFAULT_DOMAIN)}
