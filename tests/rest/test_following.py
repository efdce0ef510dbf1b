"""Following what changes: the answer comes when something has, when the wait is over, at the end."""

import http.client
import json
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import api_options, authority_file
from tests.rest.server import Server, call, connection_to, running, write_config

CHANGES = "/v2.0/changes"
ADMIN = {"X-User-Id": "a", "X-Project-Id": "a", "X-Roles": "admin"}


def wait(server: Server, connection: http.client.HTTPConnection, revision: str) -> None:
    """Ask for what changes from a revision on; when this returns the server has the question."""
    connection.request("GET", f"{CHANGES}?since={revision}&wait=20")
    for _ in range(2):
        assert server.call("GET", "/healthz").status == 200  # who asked later is answered


def told(connection: http.client.HTTPConnection) -> Any:
    """Give the answer that was waited for."""
    answer = connection.getresponse()
    assert answer.status == 200
    return json.loads(answer.read())


@pytest.mark.parametrize("is_tls", [False, True])
def test_who_follows_is_answered_when_something_is_new_and_when_the_server_ends(
    tmp_path: Path, is_tls: bool
) -> None:
    config_file = write_config(tmp_path, api_options(tmp_path) if is_tls else "")
    context = ssl.create_default_context(cafile=authority_file(tmp_path)) if is_tls else None
    with running(config_file, context=context) as server:
        connection = connection_to(server.port, context)
        wait(server, connection, call(connection, "GET", CHANGES).body["revision"])
        network = server.call("POST", "/v2.0/networks", {"network": {}}).body["network"]["id"]
        news = told(connection)
        assert {"kind": "network", "op": "created", "id": network} in news["changes"]
        wait(server, connection, news["revision"])
    last = told(connection)
    assert (last["revision"], last["reset"], last["changes"]) == (news["revision"], False, [])


def test_many_wait_and_everybody_else_is_answered_meanwhile(tmp_path: Path) -> None:
    with running(write_config(tmp_path, "threads = 1\n")) as server:
        revision = server.call("GET", CHANGES).body["revision"]
        connections = [connection_to(server.port) for _ in range(120)]
        for connection in connections:
            wait(server, connection, revision)
        server.call("POST", "/v2.0/networks", {"network": {}})
        assert [told(connection)["changes"] != [] for connection in connections[:100]] == [True] * 100
        # Of one address so many wait; whoever came later was told at once that there is nothing new.
        assert [told(connection)["changes"] for connection in connections[100:]] == [[]] * 20


def test_a_wait_ends_with_its_time_and_who_may_not_know_is_refused_as_without_it(tmp_path: Path) -> None:
    with running(write_config(tmp_path, "authentication = headers\n")) as server:
        revision = server.call("GET", CHANGES, headers=ADMIN).body["revision"]
        waited = f"{CHANGES}?since={revision}&wait=1"
        nothing = {
            "revision": revision,
            "reset": False,
            "changes": [],
            "not_ready": ["the controller has not spoken yet."],
        }
        assert server.call("GET", waited, headers=ADMIN).body == nothing
        assert server.call("GET", waited).status == 401
        assert server.call("GET", f"{waited}00", headers=ADMIN).status == 400
