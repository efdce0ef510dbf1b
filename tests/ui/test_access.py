"""For who sees badly, has no mouse or a small screen.

axe finds nothing, all that can be pressed is reached by the keyboard, and nothing is cut off.
"""

from collections.abc import Iterator

from playwright.sync_api import expect

from osken_apps.rest.agents import agent_id
from tests.ui.axe import violations
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


UNREACHED = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
    .filter(one => !one.disabled && one.checkVisibility() && one.ariaHidden !== 'true')
    .filter(one => { one.focus(); return document.activeElement !== one; }).map(one => one.outerHTML)"""


def places(site: Site) -> Iterator[str]:
    yield from SCREENS
    for screen, name in OF_ONE.items():
        yield f"{screen}/{site.ids[name]}"
    yield f"hosts/{agent_id(HOST1)}"


def test_every_screen_is_for_everybody_and_none_is_wider_than_the_window(site: Site) -> None:
    with site.page(bypass_csp=True) as page:
        for place in places(site):
            go(page, place)
            assert violations(page) == [], place
            assert page.evaluate(UNREACHED) == [], place
            for width, height in (NARROW, WIDE):
                page.set_viewport_size({"width": width, "height": height})
                assert page.evaluate("document.scrollingElement.scrollWidth") <= width, place


def test_axe_finds_nothing_in_a_form_the_search_and_the_login(site: Site) -> None:
    with site.page("networks", site.token(site.environment()), bypass_csp=True) as page:
        page.get_by_role("button", name="New network").click()
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.keyboard.type("blue")
        expect(page.get_by_role("option").first).to_be_visible()
        assert violations(page) == []
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("Password")).to_be_visible()
        assert violations(page) == []


def test_a_long_name_makes_nothing_wider_than_the_window(site: Site) -> None:
    name = "w" * 255
    network = site.make("networks", "network", name=name)["id"]
    port = site.make("ports", "port", network_id=network, name=name)["id"]
    group = site.make("security-groups", "security_group", name=name)["id"]
    wide = """() => [document.scrollingElement, ...document.querySelectorAll('dialog, main form')]
        .filter(one => one.scrollWidth > one.clientWidth).map(one => one.outerHTML)"""
    with site.page("topology", size=NARROW) as page:
        for place in (
            "topology",
            "networks",
            f"networks/{network}",
            f"ports/{port}",
            f"security-groups/{group}",
        ):
            go(page, place)
            assert page.evaluate(wide) == [], place
        go(page, "networks")  # the other columns are near
        assert page.get_by_role("columnheader", name="Status").evaluate("one => one.offsetLeft") <= NARROW[0]
        for place, button in (
            (f"ports/{port}", "Change"),
            (f"ports/{port}", "Delete"),
            ("ports", "New port"),
        ):
            go(page, place)
            page.get_by_role("button", name=button, exact=True).click()
            expect(page.locator("dialog option, dialog h2", has_text=name).first).to_be_attached()
            assert page.evaluate(wide) == [], (place, button)
            page.go_back()
            expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_label("Search by name").fill(name[:100])
        expect(page.locator("#hits li").first).to_be_visible()
        assert page.evaluate(wide) == []
        page.get_by_label("Search by name").fill("")
    site.call("DELETE", f"ports/{port}")
    site.call("DELETE", f"networks/{network}")
    site.call("DELETE", f"security-groups/{group}")
