"""Write the pictures of the documentation; `make docs` runs this: python -m tests.ui.pictures.

The browser's clock stands still, so that a picture changes only when what it shows does.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.ui.site import NOW, Site, go, site_in

DIRECTORY = Path(__file__).parents[2] / "docs" / "pictures"
SIZE = (1100, 640)
TALL = {"port": 900, "path": 1000}


def stand_still(page: Page) -> None:
    """Have it be the same time whenever the page looks."""
    page.clock.set_fixed_time(NOW)


def places(site: Site) -> Mapping[str, str]:
    """Give which screen is in which picture."""
    return {
        "overview": "overview",
        "topology": "topology",
        "port": f"ports/{site.ids['db-blue']}",
        "path": "path?from=web-blue&to=db-blue&protocol=tcp&port=80",
    }


def write(site: Site, directory: Path) -> None:
    """Write every picture."""
    with site.page(
        alone=True, size=SIZE, prepare=stand_still, color_scheme="light", timezone_id="UTC"
    ) as page:
        for name, place in places(site).items():
            page.set_viewport_size({"width": SIZE[0], "height": TALL.get(name, SIZE[1])})
            go(page, place)
            expect(page.locator(".banner")).to_have_count(0)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=directory / f"{name}.png", animations="disabled")


if __name__ == "__main__":
    DIRECTORY.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as state_dir, site_in(Path(state_dir)) as made:
        write(made, DIRECTORY)
