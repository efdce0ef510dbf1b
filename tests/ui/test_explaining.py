"""Why something does not work, as a person sees it: the verdict first, then the way of the packet."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.ui.site import Site

EVIDENCE = {"says": "tap2 is down", "source": "ovsdb", "seen_at": "2026-11-26T12:00:00Z"}
VERDICT = {
    "code": "link_down",
    "state": "broken",
    "certainty": "likely",
    "sentence": "tap2 on host2 is down.",
    "remedy": "Start the machine.",
    "evidence": [EVIDENCE],
}
HOP = {
    "host": "host1",
    "bridge": "br-int",
    "table": 0,
    "stage": "classify",
    "in_port": 3,
    "rule": "from_machine",
    "number": 7,
    "meaning": "What a machine sends.",
    "flow": "table=0, priority=10,in_port=3 actions=NORMAL",
    "packets": 1234,
    "does": ["NORMAL"],
    "frame": "icmp",
    "depth": 0,
}
PATH = {
    "assumption": "new",
    "hops": [HOP],
    "exits": [
        {"way": "wire", "host": "host1", "bridge": "br-eth2", "port": "eth2", "vlans": [], "frame": ""}
    ],
    "stops": [{"host": "host2", "bridge": "br-int", "why": "no port takes it"}],
}
ANSWER: Any = {
    "explain": {
        "question": "Why can web-blue not reach db-blue (icmp)?",
        "verdict": VERDICT,
        "also": [],
        "path": PATH,
        "return_path": None,
        "unseen": ["inside the guest"],
    }
}


def explaining(page: Page) -> None:
    """Have the API explain, whatever it is asked."""

    def offer(route: Route) -> None:
        response = route.fetch()
        body = response.json()
        body["extensions"].append({"alias": "osken-explain"})
        route.fulfill(response=response, json=body)

    page.route("**/v2.0/extensions", offer)
    page.route("**/explain", lambda route: route.fulfill(json=ANSWER))


def test_a_path_is_shown_hop_by_hop_with_its_end_and_is_in_the_address(site: Site) -> None:
    with site.page("path", prepare=explaining, bypass_csp=True) as page:
        page.get_by_label("From port").fill("web-blue")
        page.get_by_label("To", exact=True).fill("db-blue")
        page.get_by_role("button", name="Explain").click()
        expect(page.locator(".verdict")).to_contain_text(
            "tap2 on host2 is down. This is likely, not certain."
        )
        expect(page.locator(".way-of-packet li").first).to_contain_text("What a machine sends.")
        expect(page.locator(".way-of-packet li.stop")).to_contain_text("no port takes it")
        assert "from=web-blue&to=db-blue" in page.url
        assert Axe().run(page).response["violations"] == []
        page.reload()
        expect(verdict).to_be_visible()


def test_a_ports_page_says_why_first(site: Site) -> None:
    with site.page(f"ports/{site.ids['db-blue']}", prepare=explaining) as page:
        expect(page.locator(".verdict")).to_contain_text("tap2 on host2 is down.")
        page.get_by_text("Because").click()
        expect(page.locator("main")).to_contain_text("tap2 is down")
