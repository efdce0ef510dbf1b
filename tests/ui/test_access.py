"""For who sees badly, has no mouse or a small screen: axe finds nothing, and nothing is cut off."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from osken_apps.rest.agents import agent_id
from tests.ui.site import HOST1, NARROW, WIDE, Site, go

SCREENS = (
    "overview",
    "topology",
    "topology?view=hosts",
    "networks",
    "subnets",
    "ports",
    "security-groups",
    *("address-groups", "hosts", "dhcp", "path", "about"),
)
OF_ONE = {
    "networks": "blue",
    "subnets": "blue-leaf",
    "ports": "db-blue",
    "security-groups": "default",
    "address-groups": "partners",
}


def places(site: Site) -> Iterator[str]:
    yield from SCREENS
    for screen, name in OF_ONE.items():
        yield f"{screen}/{site.ids[name]}"
    yield f"hosts/{agent_id(HOST1)}"


def violations(page: Page) -> list[str]:
    found: Any = Axe().run(page).response["violations"]
    return [
        f"{item['id']}: {node['target']} {node['failureSummary']}" for item in found for node in item["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_screen(site: Site, theme: Any) -> None:
    with site.page(color_scheme=theme, bypass_csp=True) as page:
        for place in places(site):
            go(page, place)
            assert violations(page) == [], place
        go(page, "networks")
        page.get_by_role("button", name="New network").click()
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.keyboard.type("blue")
        expect(page.get_by_role("option").first).to_be_visible()
        assert violations(page) == []
    with site.page(token="", color_scheme=theme, bypass_csp=True) as page:
        expect(page.get_by_label("Password")).to_be_visible()
        assert violations(page) == []


@pytest.mark.parametrize("size", [NARROW, WIDE])
def test_no_screen_is_wider_than_the_window(site: Site, size: tuple[int, int]) -> None:
    with site.page(size=size) as page:
        for place in places(site):
            go(page, place)
            assert page.evaluate("document.scrollingElement.scrollWidth") <= size[0], place
