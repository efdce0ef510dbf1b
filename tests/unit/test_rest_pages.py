"""Pages of those who do not see everything: right whichever way they are read, and no more is read."""

from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from osken_apps.model.resources import Port
from osken_apps.rest import operations, pages
from osken_apps.rest.census import Census
from osken_apps.store.selection import Among, Page
from osken_apps.store.view import View
from tests.unit.rest_client import Client, client_of

QUERIES = (
    "limit=3&sort_key=name&sort_dir=asc",
    "limit=3&sort_key=name&sort_dir=desc",
    "limit=3",
    "limit=2&status=DOWN&sort_key=name&sort_dir=asc",
)


@pytest.fixture(params=["by their ids", "a stretch at a time"])
def member(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Give a member of a project with every third of some ports; their names are in an order of their own."""
    if request.param == "a stretch at a time":
        monkeypatch.setattr(operations, "MOST_IDS", 0)
        monkeypatch.setattr(pages, "A_STRETCH", 2)
    admin = client_of(tmp_path, "authentication = headers").as_user("admin", "admin")
    network = admin.make("network", project_id="other", shared=True)["id"]
    for number in range(24):
        project = "mine" if number % 3 == 0 else "other"
        admin.make("port", network_id=network, project_id=project, name=f"p{number * 7 % 24:02}")
    return admin.as_user("mine", "member")


def pages_of(client: Client, query: str, backwards: bool = False) -> list[list[str]]:
    """Walk all pages by their links, from the first on, or back from the last one."""
    way = "previous" if backwards else "next"
    path = f"/ports?{query}" + ("&page_reverse=True" if backwards else "")
    found = []
    while True:
        told: Any = client.get(path)
        if not told["ports"]:
            return found
        found.append([port["name"] for port in told["ports"]])
        href = {link["rel"]: link["href"] for link in told["ports_links"]}.get(way)
        if href is None:
            return found
        path = "/ports?" + href.partition("?")[2]


@pytest.mark.parametrize("query", QUERIES)
def test_the_pages_together_are_the_list_forwards_and_backwards(member: Client, query: str) -> None:
    _, _, unlimited = query.partition("&")
    whole = [port["name"] for port in member.get(f"/ports?{unlimited}")["ports"]]
    if "sort_key" not in query:
        by_id = sorted(member.get("/ports")["ports"], key=lambda port: str(port["id"]))
        whole = [port["name"] for port in by_id]
    assert len(whole) == 8
    assert [*chain(*pages_of(member, query))] == whole
    assert [*chain(*reversed(pages_of(member, query, backwards=True)))] == whole


@pytest.mark.parametrize("backwards", [False, True])
def test_what_was_hidden_a_moment_ago_leaves_no_page_short(
    member: Client, monkeypatch: pytest.MonkeyPatch, backwards: bool
) -> None:
    with member.store.read() as view:
        every = [port.id for port in view.ports()]
    monkeypatch.setattr(Census, "visible", lambda *_: every)
    found = pages_of(member, "limit=3&sort_key=name&sort_dir=asc", backwards)
    assert [len(page) for page in found] == [3, 3, 2]


def test_a_port_of_others_is_no_marker(member: Client) -> None:
    other = member.as_user("other", "member").get("/ports?limit=1&project_id=other")["ports"][0]["id"]
    assert member.call("GET", f"/ports?limit=1&marker={other}").status == 404


def test_a_page_goes_on_behind_what_the_filter_does_not_find_any_more(member: Client) -> None:
    query = "/ports?name=x&limit=9"
    for port in member.get("/ports")["ports"]:
        member.change("port", port["id"], name="x")
    first, marker, *rest = [port["id"] for port in member.get(query)["ports"]]
    member.change("port", marker, name="y")
    behind = [port["id"] for port in member.get(f"{query}&marker={marker}")["ports"]]
    before = [port["id"] for port in member.get(f"{query}&marker={marker}&page_reverse=True")["ports"]]
    assert (before, behind) == ([first], rest)


def test_what_only_others_may_ask_for_tells_nothing(member: Client) -> None:
    assert member.get("/ports?limit=3&binding:host_id=")["ports"] == []


def test_no_port_of_others_is_read(member: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Port] = []
    find = View.find

    def noted(view: View, kind: Any, *conditions: Among, page: Page | None = None) -> list[Any]:
        found = find(view, kind, *conditions, page=page)
        read.extend(port for port in found if isinstance(port, Port))
        return found

    monkeypatch.setattr(View, "find", noted)
    assert len(member.get("/ports?limit=3&sort_key=name&sort_dir=asc")["ports"]) == 3
    assert {port.project_id for port in read} == {"mine"}
