"""What changed since a revision: nothing is lost, nothing is told to whom it does not concern."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest

from osken_apps.errors import StoreUnavailable
from osken_apps.model.changes import HostReport
from osken_apps.rest import census, health
from osken_apps.rest.controller import KnownHosts, Questions
from osken_apps.rest.wsgi import application
from osken_apps.store.store import Store
from osken_apps.store.view import View
from tests.unit.rest_client import Client, client_of, config_of

NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
HOST = HostReport("host1", True, ("br-int",), (), True, NOW, NOW, 2)


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give an administrator of an empty API whose callers a proxy names."""
    return client_of(tmp_path, "authentication = headers").as_user("a", "admin")


class Watcher:
    """A client that follows."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.revision = client.get("/changes")["revision"]

    def news(self) -> Any:
        news = self.client.get(f"/changes?since={self.revision}")
        self.revision = news["revision"]
        return news

    def changes(self) -> list[tuple[str, str, str]]:
        news = self.news()
        assert news["reset"] is False
        return [(change["op"], change["kind"], change["id"]) for change in news["changes"]]


def test_each_change_is_told_once(api: Client) -> None:
    watcher = Watcher(api)
    network = api.make("network")["id"]
    assert ("created", "network", network) in watcher.changes()
    assert watcher.changes() == []
    api.change("network", network, name="n")
    api.call("DELETE", f"/networks/{network}")
    assert watcher.changes() == [("updated", "network", network), ("deleted", "network", network)]


def test_a_project_hears_of_its_own_and_of_what_is_shared_with_it(api: Client) -> None:
    watcher = Watcher(api.as_user("b", "member"))
    network = api.make("network", project_id="a")["id"]
    assert watcher.changes() == []
    api.change("network", network, shared=True)
    assert watcher.news()["reset"] is True
    api.change("network", network, name="n")
    assert watcher.changes() == [("updated", "network", network)]
    api.change("network", network, shared=False)
    assert watcher.news()["reset"] is True
    api.call("DELETE", f"/networks/{network}")
    assert watcher.changes() == []


def test_what_is_in_a_network_is_read_again_by_whoever_sees_it_now_or_no_more(api: Client) -> None:
    network = api.make("network", project_id="a")["id"]
    watcher, owner = Watcher(api.as_user("b", "member")), Watcher(api.as_user("a", "member"))
    subnet = api.subnet(network)["id"]
    owner.changes()
    assert watcher.changes() == []
    for shared in (True, False):
        api.change("network", network, shared=shared)
        seen = [one["id"] for one in watcher.client.get("/subnets")["subnets"]]
        assert seen == ([subnet] if shared else [])
        assert watcher.news()["reset"] is True  # no change is told of the subnet itself
        assert owner.changes() == [("updated", "network", network)]


def test_a_port_of_another_project_on_an_own_network_is_told(api: Client) -> None:
    network = api.make("network", project_id="b")["id"]
    watcher, stranger = Watcher(api.as_user("b", "member")), Watcher(api.as_user("c", "member"))
    port = api.make("port", network_id=network, project_id="a")["id"]
    assert ("created", "port", port) in watcher.changes()
    assert stranger.changes() == []


def test_what_goes_with_an_own_network_or_group_is_told(api: Client) -> None:
    network = api.make("network", project_id="b")["id"]
    subnet = api.subnet(network, project_id="a")["id"]
    group = api.make("security_group", project_id="b")["id"]
    rule = api.make("security_group_rule", security_group_id=group, direction="ingress", project_id="a")["id"]
    watcher, stranger = Watcher(api.as_user("b", "member")), Watcher(api.as_user("c", "member"))
    assert watcher.client.get(f"/security-group-rules?id={rule}&fields=id") == {
        "security_group_rules": [{"id": rule}]
    }
    api.call("DELETE", f"/networks/{network}")
    api.call("DELETE", f"/security-groups/{group}")
    gone = [
        ("subnet", subnet),
        ("network", network),
        ("security_group_rule", rule),
        ("security_group", group),
    ]
    told = watcher.changes()
    assert [("deleted", *one) in told for one in gone] == [True] * 4
    assert stranger.changes() == []


def test_a_revision_that_is_too_old_or_of_another_start_has_all_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(census, "MAX_REMEMBERED", 100)
    api = client_of(tmp_path, "authentication = headers").as_user("a", "admin")
    api.get("/changes")
    watcher = Watcher(api)
    for _ in range(census.MAX_REMEMBERED // 2 + 1):
        api.hosts.replace([HOST])
        api.hosts.replace([replace(HOST, alive=False)])
    assert watcher.news()["reset"] is True
    assert watcher.changes() == []
    assert api.get("/changes?since=abcdef-1")["reset"] is True


def test_of_many_changes_so_many_are_told_at_once(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(census, "MAX_TOLD", 3)
    watcher = Watcher(api)
    made = [api.make("address_group", addresses=[])["id"] for _ in range(5)]
    first, second = watcher.changes(), watcher.changes()
    assert [id for _, _, id in (*first, *second)] == made
    assert len(first) == 3


def test_hosts_are_told_when_they_are_shown_otherwise_and_only_to_who_sees_them(api: Client) -> None:
    watcher, member = Watcher(api), Watcher(api.as_user("b", "member"))
    api.hosts.replace([HOST])
    assert [kind for _, kind, _ in watcher.changes()] == ["agent"]
    later = replace(HOST, last_contact=NOW + timedelta(seconds=2), dhcp_counters=(("ack", 1),))
    api.hosts.replace([later])
    assert watcher.changes() == []
    api.hosts.replace([replace(HOST, alive=False)])
    assert [kind for _, kind, _ in watcher.changes()] == ["agent"]
    assert member.changes() == []


def test_what_is_no_revision_is_refused(api: Client) -> None:
    reply = api.call("GET", "/changes?since=yesterday")
    assert (reply.status, reply.error) == (400, "HTTPBadRequest")


@pytest.mark.parametrize("query", ["changes?wait=", "changes?since=&wait=", "dhcp-transactions?since="])
def test_an_empty_value_is_no_number_and_no_time(api: Client, query: str) -> None:
    reply = api.call("GET", f"/{query}")
    assert (reply.status, reply.error) == (400, "HTTPBadRequest")


def test_each_answer_says_what_time_made_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, questions = config_of(tmp_path), Questions()
    store, hosts = Store(config.database), KnownHosts()
    watcher = Watcher(Client(application(store, config, hosts, questions), store, hosts, {}))
    assert watcher.news()["not_ready"] == ["the controller has not spoken yet."]
    questions.hear()
    assert watcher.news()["not_ready"] == []
    monkeypatch.setattr(health, "MAX_SILENCE_S", -1.0)
    assert watcher.news()["not_ready"] == ["the controller has been silent for 0 s."]


def test_a_census_that_cannot_be_read_keeps_no_commits_and_finds_them_once_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> NoReturn:
        raise StoreUnavailable("it is locked")

    store, hosts = Store(config_of(tmp_path).database), KnownHosts()
    api = application(store, config_of(tmp_path), hosts)
    client = Client(api, store, hosts, {})
    with monkeypatch.context() as patch:
        patch.setattr(View, "facts", locked)
        api.begin()
    client.make("network")
    assert not api._operations.census._early
    assert client.get("/overview")["counts"]["networks"]["total"] == 1
