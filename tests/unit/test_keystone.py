"""Who asks, as a Keystone tells that the test plays: right, refusing, absent, silent."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from osken_apps.errors import ConfigurationError
from osken_apps.outgoing_http import bounded
from osken_apps.rest.identity.keystone import PAUSE_S, Keystone, KeystoneUnavailable
from osken_apps.rest.request import Asked, Caller, HTTPUnauthorized
from tests.unit.rest_client import client_of, config_of

NEVER = "2999-01-01T00:00:00.000000Z"
PROJECT = {"id": "p", "name": "p", "domain": {"id": "default", "name": "Default"}}


def token(name: str, *roles: str, **scope: Any) -> dict[str, Any]:
    """Give a token as Keystone describes it."""
    user = {"id": name, "name": name, "domain": {"id": "default", "name": "Default"}}
    about: dict[str, Any] = {"user": user, "expires_at": NEVER, "issued_at": NEVER, "methods": ["password"]}
    return {"token": about | {"roles": [{"id": role, "name": role} for role in roles]} | scope}


def narrow_token(*paths: str) -> dict[str, Any]:
    """Give a token of an application credential that may GET these paths only."""
    rules = [{"method": "GET", "path": path, "service": "network"} for path in paths]
    catalog = [{"type": "network", "name": "network", "id": "n", "endpoints": []}]
    return token(
        "alice",
        "member",
        "reader",
        project=PROJECT,
        catalog=catalog,
        application_credential={"id": "c", "name": "c", "restricted": True, "access_rules": rules},
    )


TOKENS = {
    "narrow": narrow_token("/v2.0/networks/*"),
    "of one": narrow_token("/v2.0/networks/netz-%C3%BC"),
    "service": token("osken-net", "service", project=PROJECT),
    "alice's": token("alice", "member", "reader", project=PROJECT),
    "unscoped": token("alice"),
}


class FakeKeystone(BaseHTTPRequestHandler):
    """Answers what keystonemiddleware asks."""

    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        if "tokens" in self.path:
            found = TOKENS.get(self.headers["X-Subject-Token"])
            self._answer(200 if found else 404, found or {})
        else:
            version = {
                "id": "v3.14",
                "status": "stable",
                "links": [{"rel": "self", "href": self._url}],
            }
            self._answer(200, {"version": version})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        places = [{"interface": "internal", "url": self._url, "region": "r", "region_id": "r", "id": "e"}]
        catalog = [{"type": "identity", "name": "keystone", "id": "i", "endpoints": places}]
        self._answer(201, {"token": TOKENS["service"]["token"] | {"catalog": catalog}})

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/v3/"

    def _answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Subject-Token", "service")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def section(port: int, more: str = "") -> str:
    """Give the options of an API that asks a Keystone at a port of this machine."""
    return f"""authentication = keystone
[keystone_authtoken]
auth_type = v3password
auth_url = http://127.0.0.1:{port}/v3
www_authenticate_uri = http://127.0.0.1:{port}/v3
username = osken-net
password = secret
user_domain_id = default
project_name = service
project_domain_id = default
{more}"""


def connections_to(listener: socket.socket) -> int:
    """Count who has connected."""
    listener.setblocking(False)
    count = 0
    with suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            count += 1
    return count


def keystone_at(directory: Path, port: int, more: str = "", now: Any = None) -> Keystone:
    """Give what asks a Keystone."""
    config = config_of(directory, section(port, more))
    return Keystone(config, now) if now else Keystone(config)


@pytest.fixture
def port() -> Iterator[int]:
    """Give the port of a Keystone that answers."""
    FakeKeystone.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), FakeKeystone) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_token_that_keystone_knows_says_who_asks(tmp_path: Path, port: int) -> None:
    keystone = keystone_at(tmp_path, port)
    forged = {"X-Auth-Token": "alice's", "X-Roles": "admin", "X-User-Id": "root", "X-Project-Id": "other"}
    alice = Caller("alice", "p", frozenset({"member", "reader"}))
    assert keystone.identify(Asked(forged)) == alice
    asked = len(FakeKeystone.asked)
    assert keystone.identify(Asked({"X-Auth-Token": "alice's"})) == alice
    assert len(FakeKeystone.asked) == asked  # it is remembered


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Auth-Token": "wrong"},
        {"X-Auth-Token": "unscoped"},
        {"X-User-Id": "u", "X-Project-Id": "p", "X-Roles": "admin", "X-Identity-Status": "Confirmed"},
    ],
)
def test_no_token_a_wrong_one_and_one_of_no_project_are_refused(
    tmp_path: Path, port: int, headers: dict[str, str]
) -> None:
    with pytest.raises(HTTPUnauthorized):
        keystone_at(tmp_path, port).identify(Asked(headers))


@pytest.mark.parametrize("name", ["netz-%C3%BC", "100%25ff", "a%3Fb%23c", "%252Fagents"])
def test_a_path_may_have_any_characters(tmp_path: Path, port: int, name: str) -> None:
    api = client_of(tmp_path, section(port))
    replies = [
        api.call("GET", f"/networks/{name}", **headers)
        for headers in ({"X_Auth_Token": "alice's"}, {"X_Auth_Token": "wrong"}, {})
    ]
    assert [reply.status for reply in replies] == [404, 401, 401]


@pytest.mark.parametrize(
    ("text", "path", "is_permitted"),
    [
        ("narrow", "/v2.0/networks/netz-ü", True),
        ("narrow", "/v2.0/networks/a%2Fb", True),  # a part with these characters, and no slash
        ("narrow", "/v2.0/networks/a/b", False),
        ("narrow", "/v2.0/%6Eetworks/a", False),
        ("of one", "/v2.0/networks/netz-ü", True),
        ("of one", "/v2.0/networks/netz-%C3%BC", False),
    ],
)
def test_access_rules_are_applied_to_the_path_that_is_answered(
    tmp_path: Path, port: int, text: str, path: str, is_permitted: bool
) -> None:
    keystone = keystone_at(tmp_path, port, "service_type = network")
    asked = Asked({"X-Auth-Token": text}, path=path)
    if is_permitted:
        assert keystone.identify(asked).user_id == "alice"
    else:
        with pytest.raises(HTTPUnauthorized):
            keystone.identify(asked)


def impatient(tmp_path: Path, silent: socket.socket, now: Any = None) -> Keystone:
    """Give a Keystone that is waited for less than the second that the option allows."""
    keystone = keystone_at(tmp_path, silent.getsockname()[1], "http_connect_timeout = 1", now)
    keystone._in_time = bounded(keystone._middleware._session, 0.1)
    return keystone


def test_a_keystone_that_does_not_answer_is_asked_again_only_after_a_pause(tmp_path: Path) -> None:
    moments = [0.0]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        keystone = impatient(tmp_path, silent, lambda: moments[0])
        asked = Asked({"X-Auth-Token": "alice's"})
        with pytest.raises(KeystoneUnavailable):
            keystone.identify(asked)
        assert connections_to(silent)
        for moment, is_asked in ((PAUSE_S - 1, False), (PAUSE_S + 1, True)):
            moments[0] = moment
            with pytest.raises(KeystoneUnavailable):
                keystone.identify(asked)
            assert bool(connections_to(silent)) == is_asked


def test_of_several_who_ask_a_silent_keystone_one_finds_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        keystone = impatient(tmp_path, silent)

        def ask(number: int) -> str:
            try:
                keystone.identify(Asked({"X-Auth-Token": f"token {number}"}))
            except KeystoneUnavailable:
                return "unavailable"
            return "known"

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(ask, range(4))) == ["unavailable"] * 4
        asked_once = connections_to(silent)
        with pytest.raises(KeystoneUnavailable):
            impatient(tmp_path, silent).identify(Asked({"X-Auth-Token": "token"}))
        assert asked_once == connections_to(silent)


def test_without_keystone_what_needs_no_identity_is_answered_and_the_rest_is_503(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    api = client_of(tmp_path, section(port))
    api.headers = {"X-Auth-Token": "alice's"}
    assert api.call_path("GET", "/").status == 200
    reply = api.call("GET", "/networks")
    assert (reply.status, reply.error) == (503, "KeystoneUnavailable")


def test_a_section_that_cannot_work_is_one_line(tmp_path: Path) -> None:
    text = "authentication = keystone\n[keystone_authtoken]\nauth_type = nothing\n"
    with pytest.raises(ConfigurationError, match=r"^\[keystone_authtoken\] .*nothing"):
        Keystone(config_of(tmp_path, text))


@pytest.mark.parametrize("option", ["cafile", "certfile", "keyfile"])
def test_a_file_of_the_section_that_is_not_there_is_one_line(tmp_path: Path, option: str) -> None:
    text = f"authentication = keystone\n[keystone_authtoken]\n{option} = /nowhere\n"
    told = rf"^\[keystone_authtoken\] {option}: there is no file /nowhere$"
    with pytest.raises(ConfigurationError, match=told):
        Keystone(config_of(tmp_path, text))


def test_the_environment_says_nothing_of_the_section(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_KEYSTONE_AUTHTOKEN__HTTP_CONNECT_TIMEOUT", "nonsense")
    Keystone(config_of(tmp_path, "authentication = keystone\n[keystone_authtoken]\n"))
