"""The client of the API that commands have: where it looks, as whom it asks, what it makes of answers."""

import re
import ssl
from typing import Any
from urllib.error import URLError
from urllib.request import OpenerDirector

import pytest

from osken_apps.cli import main
from osken_apps.cli.api import Api, RequestRefused
from osken_apps.cli.command import CannotTell, WronglyAsked
from tests.ports import reserved
from tests.unit.fake_api import FakeApi, fake_api

DOMAIN = {"id": "default"}
FIRST_ASKED = ("GET /v2.0/overview", "GET /v2.0/ports", "POST /v2.0/explain", "GET /v2.0/agents")
PROJECT = {"OS_PROJECT_NAME": "demo", "OS_PROJECT_DOMAIN_ID": "default"}
BY_PASSWORD = {
    "methods": ["password"],
    "password": {"user": {"name": "alice", "domain": DOMAIN, "password": "secret"}},
}


def keystone(api: FakeApi) -> None:
    """Let an API be its own Keystone."""
    where = [
        {"interface": "internal", "region": "RegionOne", "url": "http://127.0.0.1:1"},
        {"interface": "public", "region": "RegionTwo", "url": "http://127.0.0.1:2"},
        {"interface": "public", "region": "RegionOne", "url": api.url},
    ]
    catalog = [{"type": "identity", "endpoints": []}, {"type": "network", "endpoints": where}]
    answer = (201, {"token": {"catalog": catalog}}, {"X-Subject-Token": "the token"})
    api.answers["POST /identity/v3/auth/tokens"] = answer


@pytest.mark.parametrize("place", ["--api", "OSKEN_API", "OS_ENDPOINT"])
def test_the_address_may_be_said_in_three_ways(place: str) -> None:
    with fake_api({"GET /v2.0/agents": {"agents": []}}) as api:
        environment = {} if place == "--api" else {place: f"{api.url}/", "OS_AUTH_TYPE": "none"}
        client = Api(api.url if place == "--api" else "", environment)
        assert client.get("agents") == {"agents": []}
    assert "X-Auth-Token" not in api.asked[0].headers


@pytest.mark.parametrize(
    ("environment", "auth"),
    [
        (
            {"OS_USERNAME": "alice", "OS_PASSWORD": "secret", **PROJECT},
            {"identity": BY_PASSWORD, "scope": {"project": {"name": "demo", "domain": DOMAIN}}},
        ),
        (
            {"OS_APPLICATION_CREDENTIAL_ID": "1234", "OS_APPLICATION_CREDENTIAL_SECRET": "s3cr3t"},
            {
                "identity": {
                    "methods": ["application_credential"],
                    "application_credential": {"id": "1234", "secret": "s3cr3t"},
                }
            },
        ),
        (
            {"OS_TOKEN": "old", "OS_PROJECT_ID": "5678", "OS_AUTH_TYPE": "v3token"},
            {
                "identity": {"methods": ["token"], "token": {"id": "old"}},
                "scope": {"project": {"id": "5678"}},
            },
        ),
    ],
)
def test_a_token_is_asked_for_once_and_the_catalogue_says_where(
    environment: dict[str, str], auth: Any
) -> None:
    with fake_api({"GET /v2.0/agents": {"agents": []}}) as api:
        keystone(api)
        said = {"OS_AUTH_URL": f"{api.url}/identity/v3", "OS_REGION_NAME": "RegionOne", **environment}
        client = Api("", said)
        client.get("agents")
        client.get("agents", host="host1", id=None)
    login, first, second = api.asked
    assert login.body == {"auth": auth}
    assert [first.headers["X-Auth-Token"], second.headers["X-Auth-Token"]] == ["the token"] * 2
    assert second.path == "/v2.0/agents?host=host1"


@pytest.mark.parametrize("path", ["", "/", "/identity", "/identity/v3", "/v3/"])
def test_keystone_is_asked_by_its_version_whether_its_address_has_it_or_not(path: str) -> None:
    with fake_api({}) as api:
        Api("", {"OS_AUTH_URL": f"{api.url}{path}", "OS_TOKEN": "x"})
        with pytest.raises(RequestRefused):
            Api("", {"OS_AUTH_URL": f"{api.url}{path}", "OS_TOKEN": "x"}).get("agents")
    asked = f"{path.rstrip('/').removesuffix('/v3')}/v3/auth/tokens"
    assert [each.path for each in api.asked] == [asked]


def test_a_password_is_not_shown_to_another_api_than_the_one_it_is_for() -> None:
    with fake_api({"GET /v2.0/agents": {"agents": []}}) as ours, fake_api(dict(ours.answers)) as other:
        said = {"OS_AUTH_TYPE": "http_basic", "OS_USERNAME": "a", "OS_PASSWORD": "b", "OS_ENDPOINT": ours.url}
        Api("", said).get("agents")
        Api(other.url, said).get("agents")
    assert ours.asked[0].headers["Authorization"] == "Basic YTpi"
    assert "Authorization" not in other.asked[0].headers


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_asked_by_no_proxy(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with fake_api({"GET /v2.0/agents": {"agents": []}}) as api:
        assert Api(api.url.replace("127.0.0.1", host), {}).get("agents") == {"agents": []}


def test_others_are_asked_by_the_proxy_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    with fake_api({"GET http://192.0.2.10:9696/v2.0/agents": {"agents": []}}) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert Api("http://192.0.2.10:9696", {}).get("agents") == {"agents": []}
        with pytest.raises(
            CannotTell, match=f"^http://192.0.2.10:9696 by the proxy {proxy.url[7:]} answers 404"
        ):
            Api("http://192.0.2.10:9696", {}).get("ports")


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with fake_api({}) as other, fake_api({}) as api:
        api.answers["GET /v2.0/agents"] = (302, {}, {"Location": f"{other.url}/v2.0/agents"})
        with pytest.raises(RequestRefused, match=r"answers 302 to GET /v2\.0/agents"):
            Api(api.url, {}).get("agents")
    assert other.asked == []


@pytest.mark.parametrize("words", [("status",), ("dhcp", "vm1"), ("explain", "vm1"), ("diff", "host1")])
@pytest.mark.parametrize(
    "octets", [b"{}", b"[]", b"null", b"[" * 100_000], ids=lambda octets: str(octets[:4])
)
def test_what_answers_and_is_another_api_is_told_in_one_line(
    words: tuple[str, ...],
    octets: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with fake_api(dict.fromkeys(FIRST_ASKED, octets)) as api:
        monkeypatch.setenv("OSKEN_API", api.url)
        assert main(list(words)) == 3
    told = capsys.readouterr()
    assert told.out == "" and len(told.err.splitlines()) == 1


def test_an_error_that_is_too_deep_is_one_all_the_same() -> None:
    answer = (502, b"[" * 100_000, {})
    with fake_api({"GET /v2.0/agents": answer}) as api, pytest.raises(RequestRefused, match="answers 502"):
        Api(api.url, {}).get("agents")


def test_a_list_is_read_page_by_page() -> None:
    pages = {
        "GET /v2.0/ports?limit=1000&name=x": {
            "ports": [{"id": "1"}, {"id": "2"}],
            "ports_links": [{"rel": "next", "href": "anything"}],
        },
        "GET /v2.0/ports?limit=1000&marker=2&name=x": {
            "ports": [{"id": "3"}],
            "ports_links": [{"rel": "previous", "href": "anything"}],
        },
    }
    with fake_api(pages) as api:
        assert [port["id"] for port in Api(api.url, {}).each("ports", name="x")] == ["1", "2", "3"]


@pytest.mark.parametrize("items", [[{"id": "1"}], []])
def test_a_page_that_leads_to_itself_is_not_read_for_ever(items: list[dict[str, str]]) -> None:
    page = {"ports": items, "ports_links": [{"rel": "next", "href": "anything"}]}
    with (
        fake_api({"GET /v2.0/ports": page}) as api,
        pytest.raises(CannotTell, match=f"^{api.url} leads from a page of ports to the same page$"),
    ):
        list(Api(api.url, {}).each("ports"))


def test_a_document_is_posted() -> None:
    with fake_api({"POST /v2.0/explain": {"explain": {}}}) as api:
        assert Api(api.url, {}).post("explain", {"explain": {"port": "x"}}) == {"explain": {}}
    assert api.asked[0].body == {"explain": {"port": "x"}}


def test_the_authorities_of_the_system_are_read_for_https_alone_and_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read(cafile: str | None) -> ssl.SSLContext:
        made.append(cafile)
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    made: list[str | None] = []
    monkeypatch.setattr(ssl, "create_default_context", read)
    with reserved(1) as (port,):
        for scheme, count in (("http", 0), ("https", 1)):
            client = Api(f"{scheme}://127.0.0.1:{port}", {})
            for _ in range(2):
                with pytest.raises(CannotTell, match="refused"):
                    client.get("agents")
            assert made == [None] * count


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"OSKEN_API": "http://127.0.0.1:1"}, r"http://127.0.0.1:1 does not answer: \[Errno 111\]"),
        ({"OS_AUTH_URL": "http://127.0.0.1:1/v3"}, "http://127.0.0.1:1/v3 must know who asks: source"),
        ({"OS_CACERT": "/nowhere"}, "^OS_CACERT=/nowhere cannot be used: No such file or directory$"),
        (
            {"OS_CACERT": __file__},
            f"^OS_CACERT={re.escape(__file__)} cannot be used: no certificate or crl found",
        ),
        (
            {"OS_CERT": "/nowhere", "OS_KEY": "/here"},
            "^OS_CERT=/nowhere OS_KEY=/here cannot be used: No such file or directory$",
        ),
    ],
)
def test_what_cannot_be_asked_cannot_be_told(environment: dict[str, str], told: str) -> None:
    with pytest.raises(CannotTell, match=told):
        Api("", environment).get("agents")


@pytest.mark.parametrize(
    "text",
    [
        *("localhost", "192.0.2.10:9696", "keystone/v3", "ftp://192.0.2.10", "http://", "https://:9696"),
        *("http://[::1", "http://127.0.0.1:x", "http://127.0.0.1:70000"),
    ],
)
@pytest.mark.parametrize("name", ["OSKEN_API", "OS_ENDPOINT", "OS_ENDPOINT_OVERRIDE", "OS_AUTH_URL"])
def test_an_address_of_the_environment_that_is_none_is_named(name: str, text: str) -> None:
    with pytest.raises(WronglyAsked, match=f"^{name}: {re.escape(repr(text))} is not a URL such as http://"):
        Api("", {name: text})


@pytest.mark.parametrize("environment", [{"OSKEN_API": "nonsense"}, {"OS_ENDPOINT": "nonsense"}])
def test_an_address_that_is_not_used_is_not_looked_at(environment: dict[str, str]) -> None:
    assert Api("http://127.0.0.1:1", environment).url == "http://127.0.0.1:1"


@pytest.mark.parametrize("token", ["secret\r", "sec\nret", "secret\N{EURO SIGN}"])
def test_a_token_that_no_header_can_have_is_not_shown(token: str) -> None:
    with pytest.raises(WronglyAsked, match=r"^OS_TOKEN has a character that no token has$"):
        Api("", {"OS_ENDPOINT": "http://127.0.0.1:1", "OS_TOKEN": token})


@pytest.mark.parametrize("name", ["OSKEN_API", "OS_ENDPOINT", "OS_AUTH_URL"])
def test_who_asks_is_not_said_in_an_address(name: str) -> None:
    with pytest.raises(WronglyAsked) as told:
        Api("", {name: "http://alice:secret@127.0.0.1:9696"})
    assert str(told.value).startswith(f"{name}: who asks is not said in the address")
    assert "secret" not in str(told.value)


def test_clouds_that_are_not_read_are_not_passed_over() -> None:
    with pytest.raises(WronglyAsked, match=r"OS_CLOUD is for the openstack command"):
        Api("", {"OS_CLOUD": "mine"})
    for name in ("OSKEN_API", "OS_ENDPOINT"):
        assert Api("", {"OS_CLOUD": "mine", name: "http://127.0.0.1:1"}).url == "http://127.0.0.1:1"


def test_a_catalogue_with_an_address_that_is_none_is_said() -> None:
    with fake_api({}) as api:
        endpoint = {"interface": "public", "region": "RegionOne", "url": "http://[::1"}
        body = {"token": {"catalog": [{"type": "network", "endpoints": [endpoint]}]}}
        api.answers["POST /v3/auth/tokens"] = (201, body, {"X-Subject-Token": "t"})
        with pytest.raises(CannotTell, match=r"names a network service at 'http://\[::1', which is no URL"):
            Api("", {"OS_AUTH_URL": f"{api.url}/v3", "OS_TOKEN": "x"}).get("agents")


def test_an_error_is_told_in_the_words_of_the_api() -> None:
    with fake_api({"GET /v2.0/agents": (401, {}, {})}) as api:
        with pytest.raises(RequestRefused, match="must know who asks: source the administrator's openrc"):
            Api(api.url, {}).get("agents")
        with pytest.raises(
            RequestRefused, match=r"answers 404 to GET /v2\.0/ports/x: The resource could"
        ) as refused:
            Api(api.url, {}).get("ports/x")
    assert refused.value.http_status == 404


def test_an_error_is_told_in_plain_words_too() -> None:
    said = b"This port speaks HTTPS: ask for https://.\n" + b"x" * 1000
    with (
        fake_api({"GET /v2.0/agents": (400, said, {"Content-Type": "text/plain"})}) as api,
        pytest.raises(
            RequestRefused, match=r"agents: This port speaks HTTPS: ask for https://\. x+$"
        ) as refused,
    ):
        Api(api.url, {}).get("agents")
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (
            {"OS_USERNAME": "alice", "OS_PASSWORD": "secret", **PROJECT},
            "OS_USERNAME=alice OS_PASSWORD OS_PROJECT_NAME=demo",
        ),
        ({"OS_TOKEN": "secret", "OS_PROJECT_ID": "47"}, "OS_TOKEN OS_PROJECT_ID=47"),
        (
            {"OS_APPLICATION_CREDENTIAL_ID": "12", "OS_APPLICATION_CREDENTIAL_SECRET": "secret"},
            "OS_APPLICATION_CREDENTIAL_ID=12 OS_APPLICATION_CREDENTIAL_SECRET",
        ),
    ],
)
def test_who_is_not_let_in_is_named_without_the_secret(said: dict[str, str], named: str) -> None:
    with fake_api({"POST /v3/auth/tokens": (401, {}, {})}) as api, pytest.raises(RequestRefused) as refused:
        Api("", {"OS_AUTH_URL": f"{api.url}/v3", **said}).get("agents")
    assert (
        str(refused.value) == f"{api.url} lets nobody in by {named}: one of these is wrong, or no longer so"
    )


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (
            {"OS_AUTH_TYPE": "http_basic", "OS_USERNAME": "al", "OS_PASSWORD": "x"},
            "OS_USERNAME=al OS_PASSWORD",
        ),
        ({"OS_TOKEN": "x", "OS_USERNAME": "not asked with"}, "OS_TOKEN"),
    ],
)
def test_who_is_not_let_in_without_keystone_is_named(said: dict[str, str], named: str) -> None:
    with (
        fake_api({"GET /v2.0/agents": (401, {}, {})}) as api,
        pytest.raises(RequestRefused, match=f"lets nobody in by {named}: "),
    ):
        Api("", {"OS_ENDPOINT": api.url, **said}).get("agents")


@pytest.mark.parametrize(
    ("environment", "by"),
    [
        ({"OS_CACERT": "/etc/ours.pem"}, "OS_CACERT=/etc/ours.pem"),
        ({}, "the system's authorities, as OS_CACERT names none"),
    ],
)
def test_a_certificate_that_is_not_believed_is_no_silence(
    environment: dict[str, str], by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] … (_ssl.c:1006)")
        error.verify_message = "certificate has expired"
        raise URLError(error)

    monkeypatch.setattr(ssl, "create_default_context", lambda **_: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    monkeypatch.setattr(OpenerDirector, "open", refuse)
    with pytest.raises(CannotTell) as told:
        Api("https://192.0.2.10:9696", environment).get("agents")
    assert str(told.value) == f"https://192.0.2.10:9696 is not believed by {by}: certificate has expired"


def test_a_catalogue_without_networks_is_said() -> None:
    with fake_api({}) as api:
        api.answers["POST /v3/auth/tokens"] = (201, {"token": {}}, {"X-Subject-Token": "t"})
        said = {"OS_AUTH_URL": f"{api.url}/v3", "OS_TOKEN": "x"}
        with pytest.raises(CannotTell, match="names no network service"):
            Api("", said).get("agents")
