"""The API without a server: requests go straight into the WSGI application."""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import webob

from osken_apps.config import Config, load
from osken_apps.rest.controller import KnownHosts
from osken_apps.rest.server.environ import CERTIFICATE
from osken_apps.rest.wsgi import Api, application
from osken_apps.store.engines import database_file
from osken_apps.store.store import Store

CONFIGS: dict[str, Config] = {}  # by their text, in whatever directory


@cache
def _empty_database() -> bytes:
    """Give the file of a database with nothing in it: to make it takes longer than most tests."""
    with TemporaryDirectory() as directory:
        file = Path(directory) / "osken-net.db"
        database = Store(f"sqlite:///{file}").database
        assert database
        database.engine.dispose()
        return file.read_bytes()


@dataclass
class Reply:
    """What the application answered; `body` is None if it answered nothing."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def error(self) -> str:
        """The type of the error."""
        return str(self.body["NeutronError"]["type"])

    @property
    def message(self) -> str:
        """The message of the error."""
        return str(self.body["NeutronError"]["message"])


def path_of(singular: str) -> str:
    """Give the part of the URL of a kind of resource."""
    return singular.replace("_", "-") + "s"


@dataclass
class Client:
    """A client with fixed headers, and perhaps a certificate of a name."""

    app: Api
    store: Store
    hosts: KnownHosts
    headers: dict[str, str]
    certificate: str = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send one request below /v2.0; a body of bytes goes as it is."""
        return self.call_path(method, f"/v2.0{path}", body, **headers)

    def call_path(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send one request to a whole path."""
        environ = {"REMOTE_ADDR": "127.0.0.1", CERTIFICATE: self.certificate}
        request = webob.Request.blank(path, method=method, environ=environ)
        if body is not None:
            request.content_type = "application/json"
            request.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        request.headers.update(
            self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        )
        response = request.get_response(self.app)
        content = json.loads(response.body) if response.body else None
        return Reply(response.status_int, content, dict(response.headers))

    def get(self, path: str) -> Any:
        """Give the body of a GET that must succeed."""
        reply = self.call("GET", path)
        assert reply.status == 200, reply.body
        return reply.body

    def make(self, singular: str, **attributes: Any) -> dict[str, Any]:
        """Create a resource that must succeed; `provider__x` stands for `provider:x`."""
        reply = self.try_make(singular, **attributes)
        assert reply.status == 201, reply.body
        made: dict[str, Any] = reply.body[singular]
        return made

    def try_make(self, singular: str, **attributes: Any) -> Reply:
        """Create a resource."""
        body = {name.replace("__", ":"): value for name, value in attributes.items()}
        return self.call("POST", f"/{path_of(singular)}", {singular: body})

    def change(self, singular: str, resource_id: str, **attributes: Any) -> Reply:
        """Change a resource."""
        body = {name.replace("__", ":"): value for name, value in attributes.items()}
        return self.call("PUT", f"/{path_of(singular)}/{resource_id}", {singular: body})

    def subnet(self, network_id: str, cidr: str = "10.10.10.0/24", **attributes: Any) -> dict[str, Any]:
        """Create a subnet that must succeed."""
        version = 6 if ":" in cidr else 4
        return self.make("subnet", network_id=network_id, cidr=cidr, ip_version=version, **attributes)

    def try_subnet(self, network_id: str, cidr: str = "10.10.10.0/24", **attributes: Any) -> Reply:
        """Create a subnet."""
        version = attributes.pop("ip_version", 6 if ":" in cidr else 4)
        return self.try_make("subnet", network_id=network_id, cidr=cidr, ip_version=version, **attributes)

    def as_user(self, project_id: str, *roles: str) -> "Client":
        """Give a client that a proxy has identified."""
        headers = {"X-User-Id": "user", "X-Project-Id": project_id, "X-Roles": ",".join(roles)}
        return replace(self, headers=headers)


def config_of(directory: Path, text: str = "") -> Config:
    """Load a configuration; `text` follows [api]."""
    config_file = directory / "osken-net.conf"
    config_file.write_text(f"[DEFAULT]\nstate_dir = {directory}\n[api]\n{text}\n")
    if text not in CONFIGS:
        CONFIGS[text] = load(config_file)
    known = CONFIGS[text]
    database = known.database.replace(str(known.state_dir), str(directory))
    return replace(known, state_dir=directory, file=config_file, database=database)


def store_of(config: Config, note_events: bool = False) -> Store:
    """Open the store of a configuration; it is empty, or what an earlier one left there."""
    return store_at(config.database, note_events)


def store_at(url: str, note_events: bool = False) -> Store:
    """Open the store of a URL, likewise."""
    file = database_file(url)
    if not file.exists():
        file.write_bytes(_empty_database())
    return Store(url, note_events=note_events)


def client_of(directory: Path, text: str = "") -> Client:
    """Make a client of a new application over the store of a directory."""
    config = config_of(directory, text)
    store, hosts = store_of(config), KnownHosts()
    return Client(application(store, config, hosts), store, hosts, {})
