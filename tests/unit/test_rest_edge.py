"""Whom the API hears at all: names, pages, media types, proxies, identities."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import webob

from osken_apps.model.changes import PortReport
from osken_apps.model.resources import Binding, PortStatus
from osken_apps.networking.bindings import record
from tests.unit.rest_client import Client, client_of

IDENTITY = {"X-User-Id": "u", "X-Project-Id": "p", "X-Roles": "member"}


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give a client of an empty API."""
    return client_of(tmp_path)


@pytest.fixture
def behind_proxy(tmp_path: Path) -> Client:
    """Give a client of an API that trusts a proxy's identity headers."""
    return client_of(tmp_path, "authentication = headers")


def send(
    api: Client,
    method: str = "POST",
    peer: str = "127.0.0.1",
    body: bytes = b'{"network": {}}',
    **headers: str,
) -> webob.Response:
    """Send a network's POST, or another request, with further headers."""
    request = webob.Request.blank("/v2.0/networks", method=method, environ={"REMOTE_ADDR": peer})
    request.headers["Content-Type"] = "application/json"
    if method == "POST":
        request.body = body
    for name, value in headers.items():
        request.headers[name.replace("_", "-")] = value
    return request.get_response(api.app)


def error(response: webob.Response) -> tuple[int, str]:
    """Give status and type of a refusal."""
    return response.status_int, response.json["NeutronError"]["type"]


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:9696", "LOCALHOST", "127.0.0.1:9696", "[::1]:9696", "127.9.9.9"]
)
def test_our_own_names_are_answered(api: Client, host: str) -> None:
    assert send(api, Host=host).status_int == 201
    assert send(api, "GET", Host=host).status_int == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:9696", "localhost.evil.example", "10.0.0.1"),
        *(
            "localhost:evil.example",
            "localhost:9696@evil.example",
            "localhost:",
            "[::1].evil.example",
            "[::1",
        ),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_name_that_is_not_ours_is_refused(api: Client, method: str, host: str) -> None:
    response = send(api, method, Host=host)
    assert error(response) == (421, "MisdirectedRequest")
    assert host in response.json["NeutronError"]["message"]


def test_an_option_names_further_hosts(tmp_path: Path) -> None:
    api = client_of(tmp_path, "allowed_hosts = net.example, other.example")
    assert send(api, Host="NET.example:443").status_int == 201
    assert error(send(api, Host="evil.example")) == (421, "MisdirectedRequest")


def test_the_listen_address_is_ours_and_every_address_if_it_listens_on_all(tmp_path: Path) -> None:
    one = client_of(tmp_path, "host = 192.0.2.10\ninsecure = true")
    assert send(one, Host="192.0.2.10:9696").status_int == 201
    assert error(send(one, Host="192.0.2.11")) == (421, "MisdirectedRequest")
    every = client_of(tmp_path, "host = 0.0.0.0\ninsecure = true")
    assert send(every, Host="192.0.2.11").status_int == 201
    assert error(send(every, Host="evil.example")) == (421, "MisdirectedRequest")


@pytest.mark.parametrize(
    "text",
    ["host = 2001:db8:0:0::10\ninsecure = true", "allowed_hosts = 2001:db8::0:10"],
    ids=["listen address", "allowed"],
)
def test_an_address_is_ours_however_it_is_written(tmp_path: Path, text: str) -> None:
    api = client_of(tmp_path, text)
    assert send(api, Host="[2001:db8::10]:9696").status_int == 201
    assert send(api, Host="[2001:DB8:0::10]").status_int == 201
    assert error(send(api, Host="[2001:db8::11]")) == (421, "MisdirectedRequest")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Origin", "http://localhost:1234"),
        ("Origin", "https://localhost"),
        ("Sec_Fetch_Site", "cross-site"),
        ("Sec_Fetch_Site", "same-site"),
    ],
)
def test_a_change_from_a_page_of_another_site_is_refused(api: Client, header: str, value: str) -> None:
    response = send(api, **{header: value})
    assert error(response) == (403, "ForeignOrigin")
    assert value in response.json["NeutronError"]["message"]
    assert send(api, "GET", **{header: value}).status_int == 200


@pytest.mark.parametrize(
    ("header", "value"),
    [("Origin", "http://localhost"), ("Sec_Fetch_Site", "same-origin"), ("Sec_Fetch_Site", "none")],
)
def test_a_change_from_our_own_page_is_taken(api: Client, header: str, value: str) -> None:
    assert send(api, **{header: value}).status_int == 201


@pytest.mark.parametrize(
    "content_type",
    [
        *("text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"),
        *("application/json; charset=utf-16", 'application/json;x=y;CHARSET="latin1"'),
    ],
)
def test_a_body_that_is_not_json_is_refused(api: Client, content_type: str) -> None:
    assert error(send(api, Content_Type=content_type)) == (415, "HTTPUnsupportedMediaType")


@pytest.mark.parametrize("charset", ["charset=utf-8", 'Charset="UTF-8"', "charset=utf8", "version=1", ""])
def test_a_charset_beside_json_is_fine(api: Client, charset: str) -> None:
    assert send(api, Content_Type=f"application/JSON; {charset}").status_int == 201


def links(api: Client, peer: str = "127.0.0.1", **headers: str) -> str:
    """Give the link of the version document."""
    request = webob.Request.blank("/", environ={"REMOTE_ADDR": peer})
    for name, value in headers.items():
        request.headers[name.replace("_", "-")] = value
    return str(request.get_response(api.app).json["versions"][0]["links"][0]["href"])


FORWARDED = "trust_forwarded_headers = true\nallowed_hosts = net.example"


@pytest.mark.parametrize(
    ("headers", "link"),
    [
        ({"X_Forwarded_Proto": "https", "X_Forwarded_Host": "net.example"}, "https://net.example/v2.0/"),
        ({"X_Forwarded_Proto": "https"}, "https://localhost/v2.0/"),
        (
            {"X_Forwarded_Proto": "http, https", "X_Forwarded_Host": "a, net.example"},
            "https://net.example/v2.0/",
        ),
        (
            {"Forwarded": 'for=192.0.2.1;proto=https;host="net.example:8443"'},
            "https://net.example:8443/v2.0/",
        ),
        ({"Forwarded": "proto=http;host=a, proto=https;host=net.example"}, "https://net.example/v2.0/"),
        ({"X_Forwarded_Proto": "javascript"}, "http://localhost/v2.0/"),
        ({}, "http://localhost/v2.0/"),
    ],
)
def test_links_are_made_of_what_a_trusted_proxy_says(
    tmp_path: Path, headers: dict[str, str], link: str
) -> None:
    assert links(client_of(tmp_path, FORWARDED), **headers) == link


def test_what_a_proxy_says_counts_only_from_a_trusted_one_and_if_asked_for(
    tmp_path: Path, api: Client
) -> None:
    told = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "localhost"}
    assert links(api, **told) == "http://localhost/v2.0/"
    far = client_of(tmp_path, f"{FORWARDED}\ntrusted_proxies = 192.0.2.0/24")
    assert links(far, **told) == "http://localhost/v2.0/"
    assert links(far, "192.0.2.7", **told) == "https://localhost/v2.0/"
    assert links(far, "::ffff:192.0.2.7", **told) == "https://localhost/v2.0/"


def test_a_forwarded_name_must_be_ours_too(tmp_path: Path) -> None:
    response = send(client_of(tmp_path, FORWARDED), X_Forwarded_Host="evil.example")
    assert error(response) == (421, "MisdirectedRequest")


def test_the_pages_of_a_list_are_linked_by_the_forwarded_name(tmp_path: Path) -> None:
    api = client_of(tmp_path, FORWARDED)
    api.make("network")
    told = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "net.example"}
    reply = api.call("GET", "/networks?limit=1", **told)
    assert all(link["href"].startswith("https://net.example/") for link in reply.body["networks_links"])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Identity-Status": "Invalid"},
        IDENTITY | {"X-Identity-Status": "Invalid"},
        IDENTITY | {"X-Identity-Status": ""},
        {name: value for name, value in IDENTITY.items() if name != "X-User-Id"},
        {name: value for name, value in IDENTITY.items() if name != "X-Project-Id"},
        {name: value for name, value in IDENTITY.items() if name != "X-Roles"},
        IDENTITY | {"X-User-Id": ""},
        IDENTITY | {"X-Project-Id": ""},
        IDENTITY | {"X-Project-Id": " "},
        IDENTITY | {"X-Roles": ""},
        IDENTITY | {"X-Roles": ","},
        IDENTITY | {"X-Roles": "member,"},
        IDENTITY | {"X-User-Id": "u, v"},
        IDENTITY | {"X-Project-Id": "null"},
        IDENTITY | {"X-Project-Id": "p, q"},
        IDENTITY | {"X-Project-Id": "p,q"},
        IDENTITY | {"X-Roles": "member, admin"},
        IDENTITY | {"X-Project-Id": "p" * 256},
    ],
)
def test_identity_headers_that_are_missing_double_empty_or_odd_are_refused(
    behind_proxy: Client, headers: dict[str, str]
) -> None:
    behind_proxy.headers = headers
    for reply in (behind_proxy.call("GET", "/networks"), behind_proxy.try_make("network")):
        assert (reply.status, reply.error) == (401, "HTTPUnauthorized")


def test_identity_headers_that_are_whole_are_believed(behind_proxy: Client) -> None:
    behind_proxy.headers = IDENTITY | {"X-Identity-Status": "Confirmed", "X-Roles": "Member,reader"}
    assert behind_proxy.make("network")["project_id"] == "p"


def test_identity_headers_count_only_from_a_trusted_proxy(behind_proxy: Client) -> None:
    headers = {name.replace("-", "_"): value for name, value in IDENTITY.items()}
    assert error(send(behind_proxy, peer="192.0.2.1", **headers)) == (401, "HTTPUnauthorized")


def test_what_the_api_says_of_itself_needs_no_identity(behind_proxy: Client) -> None:
    for path in ("/", "/openapi.json"):
        assert webob.Request.blank(path).get_response(behind_proxy.app).status_int == 200


def entries_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Give the lines of the journal without times and request ids."""
    lines = [json.loads(item.getMessage()) for item in caplog.records if item.name.endswith(".audit_log")]
    return [{name: line[name] for name in line if name not in ("time", "request")} for line in lines]


def test_each_change_is_one_line_that_names_who_what_and_how_it_ended(
    behind_proxy: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    alice = behind_proxy.as_user("a", "member")
    network = alice.make("network", name="secret")
    alice.get(f"/networks/{network['id']}")
    alice.change("network", network["id"], description="secret")
    alice.change("network", network["id"], shared=True)
    alice.call("DELETE", f"/networks/{network['id']}")
    who = {"user_id": "user", "project_id": "a", "from": "127.0.0.1"}
    path = f"/v2.0/networks/{network['id']}"
    rules = "(rule:update_network and rule:update_network:shared) is disallowed by policy"
    assert entries_of(caplog) == [
        who | {"method": "POST", "path": "/v2.0/networks", "made": [network["id"]], "status": 201},
        who | {"method": "PUT", "path": path, "status": 200},
        who | {"method": "PUT", "path": path, "status": 403, "error": "PolicyNotAuthorized", "reason": rules},
        who | {"method": "DELETE", "path": path, "status": 204},
    ]


def test_of_several_resources_all_are_named(api: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    made = api.call("POST", "/networks", {"networks": [{}, {}, {}]}).body["networks"]
    (entry,) = entries_of(caplog)
    assert entry["made"] == [item["id"] for item in made]


def test_a_line_cannot_be_forged_and_has_a_bound(api: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    api.call("DELETE", "/networks/x%0Auser%20admin" + "y" * 1000)
    api.call("POST", "/networks", json.dumps({"network": {"name": "\n" + "z" * 1000}}).encode())
    for entry in entries_of(caplog):
        assert len(json.dumps(entry)) < 800
        assert "\n" not in entry["path"] + entry["reason"]


def test_who_is_refused_is_noted_whatever_was_asked(api: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    send(api, "GET", Host="evil.example")
    (entry,) = entries_of(caplog)
    assert (entry["method"], entry["status"], entry["error"]) == ("GET", 421, "MisdirectedRequest")
    assert "user_id" not in entry


@pytest.mark.parametrize(
    ("path", "status"),
    [("", 200), ("/tags/red.json", 204), ("/tags/red", 404), (".json", 200), ("/tags.json", 200)],
)
def test_the_suffix_json_is_taken_off_ids_and_words_and_never_off_a_tag(
    api: Client, path: str, status: int
) -> None:
    network_id = api.make("network")["id"]
    api.call("PUT", f"/networks/{network_id}/tags/red.json")
    assert api.call("GET", f"/networks/{network_id}{path}").status == status
    assert api.get(f"/networks/{network_id}/tags") == {"tags": ["red.json"]}


def test_deleting_a_tag_with_the_suffix_leaves_the_other_alone(api: Client) -> None:
    path = f"/networks/{api.make('network')['id']}/tags"
    api.call("PUT", path, {"tags": ["foo", "foo.json"]})
    assert api.call("DELETE", f"{path}/foo.json").status == 204
    assert api.get(path) == {"tags": ["foo"]}


def test_the_quotas_of_a_project_whose_name_has_the_suffix_are_its_own(api: Client) -> None:
    api.call("PUT", "/quotas/foo", {"quota": {"network": 1}})
    assert api.call("DELETE", "/quotas/foo.json").status == 404
    assert api.get("/quotas/foo")["quota"]["network"] == 1


def test_every_collection_may_be_asked_for_with_the_suffix(api: Client) -> None:
    paths: list[Any] = ["/networks.json", "/ports.json?limit=1", "/agents.json", "/extensions/binding.json"]
    assert [api.call("GET", path).status for path in paths] == [200] * 4


def test_what_is_wrong_here_is_not_told_again_with_each_request(
    api: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    port = api.make("port", network_id=api.make("network")["id"])
    caplog.clear()
    api.call("GET", f"/ports/{port['id']}/dhcp")  # there is no controller to ask: a read is not noted
    api.hosts.replace(())
    with api.store.write() as transaction:
        record(transaction, [PortReport(port["id"], Binding("gone", 1), PortStatus.ACTIVE)])
    (agent,) = api.get("/agents")["agents"]
    api.call("DELETE", f"/agents/{agent['id']}")
    (entry,) = entries_of(caplog)
    assert (entry["method"], entry["status"], entry["error"]) == ("DELETE", 503, "ServiceUnavailable")
    assert "reason" not in entry


@pytest.mark.parametrize(
    "body",
    [
        b'{"network": {"name": "\\ud800"}}',
        b'{"network": {"name": "\xed\xa0\x80"}}',
        '{"network": {"name": "n"}}'.encode("utf-16"),
        b'{"network": {"mtu": 1e999}}',
        b'{"network": {"mtu": -1e999}}',
    ],
)
def test_half_characters_and_infinities_are_no_json(api: Client, body: bytes) -> None:
    assert error(send(api, body=body)) == (400, "MalformedRequestBody")


def test_a_character_that_takes_two_escapes_is_one(api: Client) -> None:
    made = send(api, body=b'{"network": {"name": "\\ud83d\\ude00"}}')
    assert made.json["network"]["name"] == "\U0001f600"
