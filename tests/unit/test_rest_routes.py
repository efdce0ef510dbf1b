"""How the row of a request is found."""

import pytest

from osken_apps.rest.registry import REGISTRY
from osken_apps.rest.routes import Route, Router, table

ROUTES = table(REGISTRY)
ROUTER = Router(ROUTES)
OF_A_WORD = [route for route in ROUTES if route.path and not route.path[-1].startswith("{")]


@pytest.mark.parametrize("route", OF_A_WORD, ids=lambda route: f"{route.method} {route.template}")
def test_an_address_that_ends_in_a_word_of_the_api_may_have_the_suffix(route: Route) -> None:
    *parts, last = route.path
    path = (*(part.replace("{", "").replace("}", "") for part in parts), f"{last}.json")
    found = ROUTER.find(route.method, ROUTER.without_suffix(path))
    assert found is not None and found[0] is route
