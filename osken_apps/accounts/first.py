"""The first start with users: an administrator is made, and a file that lets in who may read it. SHELL."""

import itertools
import logging
import shlex
import socket
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from uuid import uuid4

from osken_apps.accounts.certificate import certified
from osken_apps.accounts.passwords import hashed, new_secret
from osken_apps.config import ApiConfig, Config
from osken_apps.errors import ConfigurationError
from osken_apps.files import write_whole
from osken_apps.model.accounts import DOMAIN_ID, Assignment, Project, User
from osken_apps.store.accounts import AccountsWriter
from osken_apps.store.store import Store

LOG = logging.getLogger(__name__)

ADMIN = "admin"
FILE = "admin-openrc"
FILE_MODE = 0o600
# What else a shell may have set, and the client would mix with ours.
OTHERS = tuple(
    f"OS_{name}"
    for name in (
        *("AUTH_TYPE", "ENDPOINT", "TOKEN", "CLOUD", "SYSTEM_SCOPE", "DOMAIN_ID", "DOMAIN_NAME", "USER_ID"),
        *("PROJECT_ID", "TENANT_ID", "TENANT_NAME", "USER_DOMAIN_NAME", "PROJECT_DOMAIN_NAME", "CACERT"),
        *("USERNAME", "PASSWORD", "PROJECT_NAME", "APPLICATION_CREDENTIAL_ID", "REGION_NAME"),
        *("APPLICATION_CREDENTIAL_SECRET", "APPLICATION_CREDENTIAL_NAME"),
    )
)


def first_start(store: Store, config: Config) -> None:
    """Make an administrator if there is no user yet. Raises StoreUnavailable, ConfigurationError.

    Its project is the one that everything belongs to that was made before there were users.
    """
    with store.read() as view:
        if view.accounts.users():
            return
    password, file = new_secret(), config.state_dir / FILE
    with store.write() as transaction:
        accounts = transaction.accounts
        project = _project(accounts, config.api.default_project)
        user = User(uuid4().hex, ADMIN, hashed(password), default_project_id=project.id)
        accounts.add(user)
        accounts.add(Assignment(user.id, project.id, ADMIN))
        who = {"USERNAME": ADMIN, "PASSWORD": password, "PROJECT_NAME": project.name}
        sourcing = write_openrc(file, environment(config.api, who))
    LOG.warning("the API has its first user, %s: `%s` before you use the openstack command", ADMIN, sourcing)


def _project(accounts: AccountsWriter, id: str) -> Project:
    """Give the project of an id; a new one is called so, too, unless another has that name."""
    for known in accounts.projects(id=id):
        return known
    names = itertools.chain((id,), (f"{id}-{number}" for number in itertools.count(2)))
    made = Project(id, next(name for name in names if not accounts.projects(name=name)))
    accounts.add(made)
    return made


def environment(api: ApiConfig, who: Mapping[str, str]) -> dict[str, str]:
    """Give the environment in which clients speak to this API as somebody."""
    values = {"AUTH_URL": f"{public_url(api)}/identity/v3", "IDENTITY_API_VERSION": "3"} | dict(who)
    if api.tls and (authority := certified(api.tls.certificate).authority):
        values["CACERT"] = str(authority.absolute())  # it is sourced anywhere
    if "USERNAME" in who:
        values |= {"USER_DOMAIN_ID": DOMAIN_ID, "PROJECT_DOMAIN_ID": DOMAIN_ID}
    return {f"OS_{name}": value for name, value in values.items()}


def public_url(api: ApiConfig) -> str:
    """Give the address by which clients on other machines may reach the API, as far as we can know."""
    host = api.endpoint.host
    names = certified(api.tls.certificate).names if api.tls else ()
    whole = [name for name in names if "*" not in name]
    if host not in names and whole:
        host = whole[0]  # clients check the name
    with suppress(ValueError):
        address = ip_address(host)
        if address.is_unspecified:
            host = socket.getfqdn()
        elif address.version == 6:
            host = f"[{host}]"
    return f"{'https' if api.tls else 'http'}://{host}:{api.endpoint.port}"


def write_openrc(file: Path, values: Mapping[str, str]) -> str:
    """Write a file of a shell that sets an environment, for its owner alone. Raises ConfigurationError.

    Give the command that sources it.
    """
    text = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())
    text = f"unset {' '.join(OTHERS)}\n{text}"
    try:
        write_whole(file, text.encode(), FILE_MODE)
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from error
    # Its whole name holds wherever the command is typed, and is not looked for on the PATH.
    return f". {shlex.quote(str(file.absolute()))}"
