"""Why something does not work, as a person sees it: the verdict first, then the way of the packet."""

from playwright.sync_api import expect

from tests.ui.axe import violations
from tests.ui.site import Site, go


def test_a_path_is_shown_hop_by_hop_with_its_end_and_is_in_the_address(site: Site) -> None:
    with site.page("path", bypass_csp=True) as page:
        page.get_by_label("From port").fill("web-blue")
        page.get_by_label("To", exact=True).fill("db-blue")
        page.get_by_label("Protocol").select_option("tcp")
        page.get_by_label("Port", exact=True).fill("80")
        page.get_by_role("button", name="Explain", exact=True).click()
        verdict = page.locator(".verdict").first
        expect(verdict).to_contain_text("No rule of web-blue's security groups (default) lets TCP to port 80")
        expect(page.locator(".way-of-packet li").first).to_contain_text("host1 br-int, table 0")
        expect(page.locator(".way-of-packet li.stop").first).to_contain_text("stops here")
        assert "from=web-blue&to=db-blue&protocol=tcp&port=80" in page.url
        assert violations(page) == []
        page.reload()
        expect(verdict).to_be_visible()


def test_a_port_number_that_was_asked_for_before_is_none_of_icmp(site: Site) -> None:
    with site.page("path?from=web-blue&to=db-blue&protocol=tcp&port=80") as page:
        expect(page.locator(".verdict").first).to_be_visible()
        page.get_by_label("Protocol").select_option("icmp")
        with page.expect_request("**/v2.0/explain") as request:
            page.get_by_role("button", name="Explain", exact=True).click()
        assert request.value.post_data_json == {
            "explain": {"from": "web-blue", "to": "db-blue", "protocol": "icmp"}
        }


def test_what_is_found_is_of_what_is_asked(site: Site) -> None:
    with site.page("path?from=web-blue&to=db-blue&protocol=tcp&port=80") as page:
        expect(page.locator(".verdict").first).to_be_visible()
        go(page, "path?from=db-blue")
        expect(page.get_by_label("From port")).to_have_value("db-blue")
        expect(page.locator(".verdict")).to_have_count(0)


def test_what_nobody_is_called_is_said(site: Site) -> None:
    with site.page("path?from=nobody&to=db-blue") as page:
        expect(page.get_by_role("alert")).to_contain_text("nobody")


def test_a_probe_is_sent_by_an_administrator_and_when_it_is_asked_for(site: Site) -> None:
    with site.page(f"ports/{site.ids['db-blue']}") as page:
        expect(page.locator(".verdict").first).to_be_visible()
        with page.expect_request("**/v2.0/explain") as request:
            page.get_by_role("button", name="Send a probe").click()
        assert request.value.post_data_json == {"explain": {"port": site.ids["db-blue"], "probe": True}}
        expect(page.get_by_role("button", name="Send a probe")).to_be_enabled()
        page.get_by_role("link", name="Path to another port").click()
        expect(page.get_by_label("From port")).to_have_value(site.ids["db-blue"])
        page.get_by_label("To", exact=True).fill("web-blue")
        with page.expect_request("**/v2.0/explain") as request:
            page.get_by_role("button", name="Explain with a probe").click()
        assert request.value.post_data_json["explain"]["probe"] is True
        expect(page.locator(".verdict").first).to_be_visible()
        with page.expect_request("**/v2.0/explain") as request:
            page.reload()
        assert "probe" not in request.value.post_data_json["explain"]
    with site.page(f"ports/{site.ids['db-blue']}", token=site.reader_token) as page:
        expect(page.locator(".verdict").first).to_be_visible()
        expect(page.get_by_role("button", name="Send a probe")).to_have_count(0)
        go(page, "path")
        expect(page.get_by_role("button", name="Explain with a probe")).to_have_count(0)


def test_a_ports_page_says_why_first(site: Site) -> None:
    with site.page(f"ports/{site.ids['db-blue']}") as page:
        expect(page.locator(".verdict").first).to_contain_text("db-blue")
        page.get_by_text("Because").first.click()
        expect(page.locator("main details[open]")).to_contain_text("journal")
