"""How the row of a request is found."""

from pathlib import Path

import pytest

from osken_apps.rest.registry import REGISTRY
from osken_apps.rest.routes import Route, Router, table
from tests.unit.rest_client import client_of

ROUTES = table(REGISTRY)
ROUTER = Router(ROUTES)
OF_A_WORD = [route for route in ROUTES if route.path and not route.path[-1].startswith("{")]


@pytest.mark.parametrize("route", OF_A_WORD, ids=lambda route: f"{route.method} {route.template}")
def test_an_address_that_ends_in_a_word_of_the_api_may_have_the_suffix(route: Route) -> None:
    *parts, last = route.path
    path = (*(part.replace("{", "").replace("}", "") for part in parts), f"{last}.json")
    found = ROUTER.find(route.method, ROUTER.without_suffix(path))
    assert found is not None and found[0] is route


def test_what_a_report_or_a_member_does_not_know_is_refused(tmp_path: Path) -> None:
    api = client_of(tmp_path)
    port = api.make("port", network_id=api.make("network")["id"])
    for path in ("/overview?of=all", "/search?q=a&q=b", f"/ports/{port['id']}/dhcp?fields=lease"):
        assert api.call("GET", path).error == "HTTPBadRequest", path
    assert api.call("GET", f"/search?q={'x' * 300}").message == (
        "Invalid input for q. Reason: it is longer than 255."
    )
