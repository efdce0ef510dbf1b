"""The controller ends while somebody looks: it is said, and when it is there again all goes on by itself."""

from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import expect

from osken_apps.link import Ping
from tests.ports import reserved
from tests.rest.server import NO_QUOTAS, running, write_config
from tests.ui.site import Site, go, look, title

REFUSED = "Failed to load resource: net::ERR_"


def test_that_the_controller_has_ended_is_said_until_it_is_there_again(site: Site, tmp_path: Path) -> None:
    config_file = write_config(tmp_path, f"authentication = local\n{NO_QUOTAS}")
    with reserved(1) as (port,), ExitStack() as looking:
        with running(config_file, port=port) as server:
            assert server.call("GET", "/").status == 200  # the first user is there
            own = Site(server, site.browser, tmp_path)
            own.say(Ping())
            network = own.make("networks", "network", name="from-before")["id"]
            page = looking.enter_context(own.page(f"networks/{network}", alone=True, expected=REFUSED))
            expect(title(page, "from-before")).to_be_visible()
            page.evaluate("window.isTheSame = true")
            other = looking.enter_context(own.page("overview", alone=True, expected=REFUSED))
            expect(title(other, "Overview")).to_be_visible()
        expect(page.locator(".banner")).to_contain_text("The API does not answer. What is shown is of")
        expect(title(page, "from-before")).to_be_visible()
        for place in ("ports", "about"):  # of which nothing was shown before
            go(other, place)
            expect(other.get_by_role("alert")).to_have_text("The API does not answer.")
        with running(config_file, port=port) as own.server:
            own.say(Ping())
            own.call("PUT", f"networks/{network}", {"network": {"name": "after-it"}})
            expect(title(page, "after-it")).to_be_visible()
            expect(page.locator(".banner")).to_have_count(0)
            assert page.evaluate("window.isTheSame")
            look(other)
            expect(other.get_by_role("heading", name="Licences")).to_be_visible()
