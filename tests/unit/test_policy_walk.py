"""Who may do what, asked of every request of the API, is what the documentation says."""

import pytest

from osken_apps.rest.openapi.document import document
from osken_apps.rest.registry import REGISTRY
from osken_apps.rest.routes import ANY, table
from tests.unit.policy_walk import PAGE, page


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Give the lines that the API deserves now."""
    return page(tmp_path_factory.mktemp("walk")).splitlines()


def test_every_request_of_everybody_ends_as_the_table_says(asked: list[str]) -> None:
    written = PAGE.read_text().splitlines()
    assert sorted(set(asked) - set(written)) == []
    assert written == asked


def test_the_document_has_every_request_and_no_other() -> None:
    routes = {(route.method, route.template) for route in table(REGISTRY) if route.method != ANY}
    described = {
        (method.upper(), path)
        for path, operations in document(REGISTRY)["paths"].items()
        for method in operations.keys() - {"parameters"}
    }
    assert described == routes - {("GET", "/openapi")}
