"""One server and one browser for all tests of the dashboard."""

from collections.abc import Iterator

import pytest

from tests.ui.site import Site, site_in


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a site that has something to show."""
    with site_in(tmp_path_factory.mktemp("state")) as made:
        yield made
