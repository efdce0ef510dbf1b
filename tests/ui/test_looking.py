"""Looking at the dashboard: logging in, every screen, what changes by itself, what is said of faults."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from importlib import metadata

import pytest
from playwright.sync_api import Page, Request, Route, expect

from osken_apps.link import HostReports
from osken_apps.rest.agents import agent_id
from tests.ui.site import COUNTED, HOST1, HOST2, HOST3, HOSTS, NOW, UNAVAILABLE, Site, go, look, title

SCREENS = {
    "overview": "Needs attention",
    "topology": "Networks and machines",
    "topology?view=hosts": "1, 1 down",
    "networks": "blue",
    "subnets": "10.0.0.0/24",
    "ports": "web-blue",
    "security-groups": "Default security group",
    "address-groups": "198.51.100.7/32",
    "about": "Networking API v2.0",
    "hosts": "br-eth2 has no port to the wire",
    "dhcp": "transaction 0x0000002a",
    "path": "Nothing is sent",
    "nonsense": "There is no such screen",
}


SILENT = "the controller has been silent for 20 s."


def test_a_silent_controller_is_said_on_every_screen_until_it_speaks(site: Site) -> None:
    said = [SILENT]

    def answer(route: Route) -> None:
        at_once, _, _ = route.request.url.rpartition("&wait=")
        response = route.fetch(url=at_once)
        route.fulfill(response=response, json=response.json() | {"not_ready": said})

    with site.page("networks", prepare=lambda page: page.route("**/v2.0/changes?*", answer)) as page:
        with page.expect_request(lambda request: request.url.endswith("wait=5")):
            expect(page.locator(".banner")).to_contain_text(SILENT)
        said.clear()
        expect(page.locator(".banner")).to_have_count(0)
        page.unroute_all(behavior="ignoreErrors")


def test_who_has_no_token_logs_in_and_out(site: Site) -> None:
    environment = site.environment()
    with site.page("networks", token="") as page:
        page.get_by_label("Name").fill("admin")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("is wrong")
        page.get_by_label("Password").fill(environment["OS_PASSWORD"])
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("link", name="blue", exact=True)).to_be_visible()
        page.reload()
        expect(page.get_by_role("link", name="blue", exact=True)).to_be_visible()
        token = page.evaluate("sessionStorage.getItem('osken-net token')")
        with page.expect_response("**/identity/v3/auth/tokens"):
            page.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("Password")).to_be_visible()
        assert site.server.call("GET", "/v2.0/networks", None, {"X-Auth-Token": token}).status == 401
        page.reload()
        expect(page.get_by_label("Password")).to_be_visible()


def test_whoever_s_browser_keeps_nothing_is_logged_in_for_as_long_as_the_page_is_there(site: Site) -> None:
    """As one does that blocks all cookies."""
    refuse = "{ get() { throw new DOMException('no', 'SecurityError'); } }"
    refused = [f"Object.defineProperty(window, '{kind}Storage', {refuse});" for kind in ("local", "session")]

    def prepare(page: Page) -> None:
        page.add_init_script("".join(refused))

    with site.page("networks", token="", prepare=prepare) as page:
        page.get_by_label("Name").fill("admin")
        page.get_by_label("Password").fill(site.environment()["OS_PASSWORD"])
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("link", name="blue", exact=True)).to_be_visible()
        page.get_by_label("Theme").select_option("dark")
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("Password")).to_be_visible()


def test_a_token_that_has_ended_leads_to_the_login(site: Site) -> None:
    with site.page(token="ended") as page:
        expect(page.get_by_label("Password")).to_be_visible()


def test_each_screen_shows_what_there_is(site: Site) -> None:
    with site.page() as page:
        for screen, text in SCREENS.items():
            go(page, screen)
            expect(page.locator("main")).to_contain_text(text)


def test_the_overview_counts_and_says_what_needs_attention_with_ways_to_it(site: Site) -> None:
    with site.page() as page:
        attention = page.locator(".attention li")
        expect(attention.first).to_contain_text("host3 is not connected since")
        expect(page.locator(".attention")).to_contain_text("Port db-blue waits for its tag to be set.")
        page.get_by_role("link", name="DOWN").click()
        expect(page.get_by_role("link", name="db-blue")).to_be_visible()
        expect(page.get_by_role("link", name="web-blue")).to_have_count(0)
        page.go_back()
        page.get_by_role("link", name="Port db-blue waits").click()
        expect(title(page, "db-blue")).to_be_visible()


def test_the_overview_says_how_many_dhcp_messages_there_are_a_second(site: Site) -> None:
    with site.page(alone=True, prepare=lambda page: page.clock.set_fixed_time(NOW)) as page:
        messages = page.get_by_role("table", name="DHCP messages")
        expect(messages).to_contain_text("1,250")
        for seconds, offers in ((10, 1350), (20, 1400)):
            counted = [("offered", offers) if name == "offered" else (name, count) for name, count in COUNTED]
            reported = replace(HOST1, dhcp_counters=tuple(counted))
            page.clock.set_fixed_time(NOW + timedelta(seconds=seconds))
            site.say(HostReports((reported, HOST2, HOST3)))
            changed = {
                "network": {"description": f"when {offers} were offered"}
            }  # what is counted is no change
            site.call("PUT", f"networks/{site.ids['green']}", changed)
            expect(messages).to_contain_text(f"{offers:,}")
        expect(page.locator(".rate b")).to_have_text("5")
        expect(page.get_by_role("img", name="Messages a second")).to_have_accessible_name(
            "Messages a second of late: from 5 to 10"
        )
        expect(messages.get_by_role("row", name="offered")).to_contain_text("5")
        expect(messages.get_by_role("row", name="selected")).to_contain_text("0")
    site.say(HostReports(HOSTS))


def test_about_says_to_an_administrator_where_it_listens_and_to_others_its_version(site: Site) -> None:
    with site.page("about") as page:
        expect(page.get_by_role("row", name="OpenFlow")).to_contain_text("127.0.0.1:6653")
        expect(page.locator("main")).to_contain_text(f"{site.directory}/osken-net.db")
    with site.page("about", token=site.reader_token) as page:
        expect(page.locator("main")).to_contain_text(metadata.version("osken-apps"))
        expect(page.locator("main")).not_to_contain_text("osken-net.db")
        expect(page.get_by_role("table")).to_have_count(0)


def test_what_the_command_makes_appears_and_focus_and_scroll_stay(site: Site) -> None:
    with site.page("networks", size=(1200, 240)) as page:
        link = page.get_by_role("link", name="green", exact=True)
        link.focus()
        scrolled = page.evaluate(
            "document.scrollingElement.scrollTop = 60; document.scrollingElement.scrollTop"
        )
        assert scrolled > 0
        site.openstack("network", "create", "by-the-command")
        expect(page.get_by_role("link", name="by-the-command")).to_be_visible()
        expect(link).to_be_focused()
        assert page.evaluate("document.scrollingElement.scrollTop") == scrolled


def test_what_changes_and_goes_changes_and_goes_on_the_page(site: Site) -> None:
    made = site.make("networks", "network", name="before")["id"]
    with site.page(f"networks/{made}") as one, site.page("networks") as page:
        expect(page.get_by_role("link", name="before", exact=True)).to_be_visible()
        site.call("PUT", f"networks/{made}", {"network": {"name": "after"}})
        look(page)
        look(one)
        expect(page.get_by_role("link", name="after", exact=True)).to_be_visible()
        expect(title(one, "after")).to_be_visible()
        site.call("DELETE", f"networks/{made}")
        look(page)
        look(one)
        expect(page.get_by_role("link", name="after", exact=True)).to_have_count(0)
        expect(one.locator("main")).to_contain_text("or no more")


def test_the_picture_has_every_network_and_machine_and_what_is_there_keeps_its_place(site: Site) -> None:
    def places(page: Page) -> list[tuple[str, str]]:
        boxes = page.locator("svg a.machine").all()
        return [
            (str(box.locator("text").text_content()), str(box.locator("rect").get_attribute("y")))
            for box in boxes
        ]

    with site.page("topology") as page:
        expect(page.locator("svg a.machine")).to_have_count(2)
        before = places(page)
        assert [name for name, _ in before] == ["▲ db-blue", "▲ web-blue"]
        port = site.make("ports", "port", network_id=site.ids["blue"], name="a-first-by-name")["id"]
        look(page)
        expect(page.locator("svg a.machine")).to_have_count(3)
        assert set(before) < set(places(page))
        site.call("DELETE", f"ports/{port}")
        look(page)
        expect(page.locator("svg a.machine")).to_have_count(2)
        assert places(page) == before


def test_a_picture_of_one_network_is_chosen_by_its_name(site: Site) -> None:
    with site.page(f"topology?network_id={site.ids['green']}") as page:
        expect(page.locator("svg a[data-key^=bar]")).to_have_count(1)
        page.locator("select[name=network_id]").select_option("blue")
        expect(page.locator("svg a[data-key^=bar] .name")).to_have_text("blue")
        unnamed = site.make("ports", "port", network_id=site.ids["blue"])
        look(page)
        address = unnamed["fixed_ips"][0]["ip_address"]
        expect(page.locator("svg a.machine", has_text=address)).to_have_count(1)
        site.call("DELETE", f"ports/{unnamed['id']}")
        page.locator("select[name=network_id]").select_option("any")
        expect(page.locator("svg a[data-key^=bar]")).not_to_have_count(1)


def test_a_ports_dhcp_is_a_ladder_with_reasons(site: Site) -> None:
    with site.page(f"ports/{site.ids['web-blue']}") as page:
        rungs = page.locator(".ladder li")
        expect(rungs).to_have_count(2)
        expect(rungs.first).to_contain_text("DISCOVER")
        expect(rungs.first).to_contain_text("OFFER 10.0.0.3")
        expect(rungs.last).to_contain_text("no answer")
        expect(rungs.last).to_contain_text("it wants another server, 10.0.0.9")


def test_a_port_says_where_it_is_to_whom_the_policy_tells_it(site: Site) -> None:
    said = {
        ("web-blue", site.admin_token): "It is on host1 with tag 1.",
        ("web-green", site.admin_token): "It is plugged in nowhere.",
        ("web-blue", site.reader_token): "Where it is is told to administrators.",
    }
    for (name, token), sentence in said.items():
        with site.page(f"ports/{site.ids[name]}", token=token) as page:
            expect(page.get_by_role("region", name="State")).to_contain_text(sentence)


def test_a_host_says_what_keeps_it_and_what_mends_that(site: Site) -> None:
    with site.page("hosts") as page:
        page.get_by_role("link", name="host2").click()
        expect(title(page, "host2")).to_be_visible()
        expect(page.locator("main")).to_contain_text("br-eth2 has no port to the wire")
        expect(page.locator("main")).to_contain_text("ovs-vsctl add-port br-eth2 eth2")


def test_a_hosts_interfaces_say_what_is_broken_and_its_flows_are_folded_by_rule(site: Site) -> None:
    with site.page(f"hosts/{agent_id(HOST1)}") as page:
        interfaces = page.get_by_role("table", name="Interfaces")
        expect(interfaces).to_contain_text("could not open network device tap2")
        rules = page.get_by_role("table", name="Flows by rule")
        expect(rules.locator("tbody tr").first).to_contain_text("missing")
        expect(page.locator("main")).to_contain_text("br-eth2 did not say what they have")
        page.get_by_role("button", name="Count again").click()
        expect(rules.locator("meter")).to_have_count(1)
        page.get_by_role("button", name="dead_drop").click()
        expect(page.get_by_role("table", name="Flows of dead_drop")).to_contain_text("actions=drop")


def test_a_ports_flows_are_read_when_they_are_opened_with_meaning_and_packets_a_second(site: Site) -> None:
    with site.page(f"ports/{site.ids['web-blue']}") as page:
        page.get_by_text("Its flows on host1").click()
        flows = page.get_by_role("table", name="Flows of this port")
        expect(flows).to_contain_text("What dhcp_broadcast means.")
        expect(flows.get_by_role("row").last.get_by_role("cell").last).to_have_text("–")
        page.get_by_role("button", name="Count again").click()
        expect(flows.get_by_role("row").last.get_by_role("cell").last).not_to_have_text("–")


def test_a_port_that_comes_to_another_host_has_its_flows_there(site: Site) -> None:
    id = site.ids["web-blue"]
    host = HOST1.host

    def tell(route: Route) -> None:
        told = route.fetch().json()
        told["port"]["binding:vif_details"]["host"] = host
        route.fulfill(json=told)

    def prepare(page: Page) -> None:
        page.route(f"**/v2.0/ports/{id}", tell)

    with site.page(f"ports/{id}", prepare=prepare) as page:
        page.get_by_text("Its flows on host1").click()
        expect(page.get_by_role("table", name="Flows of this port")).to_be_visible()
        host = HOST2.host
        with page.expect_request(f"**/v2.0/agents/{agent_id(HOST2)}/flows?*"):
            site.call("PUT", f"ports/{id}", {"port": {"description": "moved"}})
        expect(page.get_by_text("Its flows on host2")).to_be_visible()
        expect(page.get_by_role("table", name="Flows of this port")).to_be_visible()
    site.call("PUT", f"ports/{id}", {"port": {"description": ""}})


def refusing(url: str) -> tuple[list[Route], Callable[[Page], None]]:
    """Give what was asked for at a URL, and what has a page, whose clock is the test's, refused it."""
    asked: list[Route] = []

    def refuse(route: Route) -> None:
        asked.append(route)
        route.fulfill(status=503, json={})

    def prepare(page: Page) -> None:
        page.clock.install()
        page.route(url, refuse)

    return asked, prepare


def test_what_is_asked_for_every_so_often_is_asked_for_less_where_nobody_answers(site: Site) -> None:
    asked, prepare = refusing("**/v2.0/dhcp-transactions*")
    with site.page("dhcp", alone=True, prepare=prepare, expected=UNAVAILABLE) as page:
        expect(page.get_by_role("alert")).to_be_visible()
        for _ in range(30):
            page.clock.run_for(2_000)
        assert len(asked) < 10
        page.unroute_all()
        page.clock.run_for(40_000)
        expect(page.get_by_text("transaction 0x0000002a").first).to_be_visible()


def test_dhcp_of_all_ports_is_shown_as_it_happens_until_it_is_paused(site: Site) -> None:
    def reads(request: Request) -> bool:
        return "/dhcp-transactions?" in request.url

    def marks(request: Request) -> bool:
        return request.url.endswith("/ui/settings")

    with site.page("dhcp", prepare=lambda page: page.clock.install()) as page:
        expect(page.locator(".ladder li")).to_have_count(2)
        expect(page.locator(".outcome").first).to_have_text("offered: 1")
        page.get_by_label("Outcome").fill("offered")
        page.keyboard.press("Enter")
        expect(page.locator(".ladder li")).to_have_count(1)
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
        asked: list[Request] = []
        page.on("request", lambda request: asked.append(request) if reads(request) else None)
        page.clock.fast_forward(60_000)
        with page.expect_request(marks):  # what was asked before it is known by then
            page.evaluate("fetch('/ui/settings').then(() => null)")
        assert asked == []
        with page.expect_request(reads):
            page.get_by_role("button", name="Pause").click()
        with page.expect_request(reads):
            page.clock.fast_forward(60_000)


def test_a_filter_shows_what_the_list_is_narrowed_by_also_where_it_cannot_be_chosen(site: Site) -> None:
    with site.page("ports?status=BUILD") as page:
        expect(page.get_by_text("No port is like that.")).to_be_visible()
        expect(page.get_by_label("Status")).to_have_value("BUILD")


def test_a_network_that_is_new_can_be_chosen_while_another_is_shown(site: Site) -> None:
    with site.page(f"topology?network_id={site.ids['green']}") as page:
        choice = page.locator("select[name=network_id]")
        expect(choice).to_have_value(site.ids["green"])
        network = site.make("networks", "network", name="a-new-one")["id"]
        try:
            look(page)
            expect(choice.locator("option", has_text="a-new-one")).to_have_count(1)
            expect(choice).to_have_value(site.ids["green"])
        finally:
            site.call("DELETE", f"networks/{network}")


def test_what_is_asked_for_while_dhcp_is_paused_is_shown(site: Site) -> None:
    with site.page("dhcp") as page:
        expect(page.locator(".ladder li")).to_have_count(2)
        page.get_by_role("button", name="Pause").click()
        page.get_by_label("Outcome").fill("offered")
        page.keyboard.press("Enter")
        expect(page.locator(".ladder li")).to_have_count(1)
        expect(page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")


def test_a_moment_of_another_day_is_told_with_its_day(site: Site) -> None:
    for days, day in ((0, ""), (1, "2026-11-26 ")):
        today = NOW + timedelta(days=days)
        clock = {"prepare": lambda page, today=today: page.clock.install(time=today), "timezone_id": "UTC"}
        with site.page("dhcp", alone=True, **clock) as page:
            expect(page.locator(".ladder .when").first).to_have_text(f"{day}12:00:00")


def test_a_lease_that_has_ended_is_said_to_have(site: Site) -> None:
    for days, said in ((0, "until 2026-11-27 11:00:00"), (1, "which ▲ ended 2026-11-27 11:00:00")):
        today = NOW + timedelta(days=days)
        clock = {"prepare": lambda page, today=today: page.clock.install(time=today), "timezone_id": "UTC"}
        with site.page(f"ports/{site.ids['db-blue']}", alone=True, **clock) as page:
            expect(page.get_by_role("region", name="DHCP")).to_contain_text(said)


def test_of_what_is_read_again_and_does_not_come_it_is_said_that_it_is_of_before(site: Site) -> None:
    with site.page(f"ports/{site.ids['db-blue']}", expected=UNAVAILABLE) as page:
        section = page.get_by_role("region", name="DHCP")
        expect(section.get_by_text("10.0.0.3, since")).to_be_visible()
        page.route("**/v2.0/ports/*/dhcp", lambda route: route.fulfill(status=503, json={}))
        expect(section.get_by_role("alert")).to_contain_text("What is shown is of before.")


def test_a_tab_that_nobody_has_looked_at_yet_reads_what_it_shows(site: Site) -> None:
    """As one does that is opened in the background: nothing else would have it read later."""
    hidden = "Object.defineProperty(document, 'hidden', { get: () => true })"
    port = f"ports/{site.ids['db-blue']}"
    with site.page(port, prepare=lambda page: page.add_init_script(hidden)) as page:
        expect(page.locator(".verdict").first).to_be_visible()
        expect(page.get_by_text("Loading …")).to_have_count(0)


def test_whoever_must_log_in_is_not_told_that_the_api_was_silent_before(site: Site) -> None:
    expected = "Failed to load resource"
    with site.page("networks", token=site.token(site.environment()), expected=expected) as page:
        page.route("**/v2.0/changes?*", lambda route: route.abort())
        look(page)
        expect(page.locator(".banner")).to_contain_text("The API does not answer.")
        page.unroute_all()
        page.route("**/v2.0/changes?*", lambda route: route.fulfill(status=401, json={}))
        look(page)
        expect(page.get_by_label("Password")).to_be_visible()
        expect(page.locator(".banner")).to_have_count(0)


def test_whoever_must_log_in_does_so_as_the_server_wants_it_now(site: Site) -> None:
    """It may have been started again with another way since the tab was opened."""
    told: list[Route] = []

    def answer(route: Route) -> None:
        told.append(route)
        response = route.fetch()
        before = {"authentication": "none"} if len(told) == 1 else {}
        route.fulfill(response=response, json=response.json() | before)

    with site.page(token="", prepare=lambda page: page.route("**/ui/settings", answer)) as page:
        expect(page.get_by_label("Password")).to_be_visible()


def test_a_tab_of_a_version_that_is_gone_is_loaded_anew_unless_somebody_is_at_something(site: Site) -> None:
    is_new, told = [False], {"reset": True, "changes": [], "not_ready": []}

    def settings(route: Route) -> None:
        response = route.fetch()
        newer = {"version": "9.9"} if is_new[0] else {}
        route.fulfill(response=response, json=response.json() | newer)

    def changes(route: Route) -> None:
        route.fulfill(json=told | {"revision": 1})

    with site.page("networks", prepare=lambda page: page.route("**/ui/settings", settings)) as page:
        expect(page.locator("footer")).to_contain_text(f"osken-apps {metadata.version('osken-apps')}")
        page.evaluate("window.isTheSame = true")
        page.get_by_role("button", name="New network").click()
        is_new[0] = True
        with page.expect_request("**/ui/settings"):
            page.route("**/v2.0/changes?*", changes)
            look(page)
        expect(page.locator("footer")).to_contain_text("osken-apps 9.9")
        assert page.evaluate("window.isTheSame")
        with page.expect_event("load"):
            page.keyboard.press("Escape")
        expect(page.locator("footer")).to_contain_text("osken-apps 9.9")


def test_filters_and_order_are_in_the_address_and_back_works(site: Site) -> None:
    with site.page("ports") as page:
        page.get_by_label("Status").select_option("ACTIVE")
        expect(page.get_by_role("link", name="db-blue")).to_have_count(0)
        assert page.url.endswith("#/ports?status=ACTIVE")
        page.get_by_role("button", name="Name").click()
        expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "descending")
        assert "sort=-name" in page.url
        page.go_back()
        page.go_back()
        expect(page.get_by_role("link", name="db-blue")).to_be_visible()
        expect(page.get_by_label("Status")).to_have_value("")
        held: list[Route] = []
        page.route("**/v2.0/ports?*", lambda route: held.append(route))
        with page.expect_request("**/v2.0/ports?*"):
            page.go_forward()
        expect(page.get_by_label("Status")).to_have_value("ACTIVE")
        table = page.get_by_role("region", name="Ports")
        expect(table).to_have_attribute("aria-busy", "true")  # its rows are not of the filter yet
        held.pop().continue_()
        expect(table).to_have_attribute("aria-busy", "false")
        page.unroute_all()


def test_a_long_list_has_pages_of_the_servers(site: Site) -> None:
    networks = [{"name": f"many-{number:03}", "description": "many"} for number in range(120)]
    site.call("POST", "networks", {"networks": networks})
    with site.page("networks") as page:
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(100)
        first = rows.first.get_by_role("link").first.inner_text()
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_role("link", name="many-119")).to_be_visible()
        page.get_by_role("button", name="Previous").click()
        expect(rows).to_have_count(100)
        expect(rows.first.get_by_role("link").first).to_have_text(first)
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_role("link", name="many-119")).to_be_visible()
        site.call("DELETE", f"networks/{page.url.partition('after=')[2]}")
        page.reload()
        expect(rows).to_have_count(100)
        assert page.url.endswith("#/networks")
    for network in site.call("GET", "networks?description=many")["networks"]:
        site.call("DELETE", f"networks/{network['id']}")


def test_a_port_is_found_by_its_address_with_the_keyboard_alone(site: Site) -> None:
    address = site.call("GET", f"ports/{site.ids['web-green']}")["port"]["fixed_ips"][0]["ip_address"]
    with site.page("networks") as page:
        expect(page.get_by_role("link", name="blue", exact=True)).to_be_visible()
        page.keyboard.press("/")
        expect(page.get_by_role("combobox", name="Search by name")).to_be_focused()
        page.keyboard.type(address)
        expect(page.get_by_role("option", name="web-green")).to_be_visible()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(title(page, "web-green")).to_be_visible()


def test_enter_goes_to_what_is_typed_and_hits_are_for_who_typed_it(site: Site) -> None:
    with site.page("networks", token=site.token(site.environment())) as page:
        box = page.get_by_role("combobox", name="Search by name")
        hits = page.locator("#hits li")
        box.press_sequentially("web-blue")
        expect(hits.first).to_contain_text("web-blue")
        box.fill("db-green")
        box.press("Enter")
        expect(title(page, "db-green")).to_be_visible()
        box.fill("web")
        expect(hits).to_have_count(2)
        box.press("Tab")
        expect(hits).to_have_count(0)
        box.focus()
        expect(hits).to_have_count(2)
        page.locator("footer").click()
        expect(hits).to_have_count(0)
        box.focus()
        expect(hits).to_have_count(2)
        page.evaluate("sessionStorage.setItem('osken-net token', 'ended')")
        go(page, "subnets")
        expect(page.get_by_label("Password")).to_be_visible()
        page.get_by_label("Name").fill("admin")
        page.get_by_label("Password").fill(site.environment()["OS_PASSWORD"])
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("link", name="blue-leaf")).to_be_visible()
        expect(box).to_have_value("")
        expect(hits).to_have_count(0)


def test_rows_are_walked_by_the_arrow_keys(site: Site) -> None:
    with site.page("networks") as page:
        page.get_by_role("link", name="blue", exact=True).focus()
        blue = page.evaluate("document.activeElement.closest('tr').rowIndex")
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("link", name="blue", exact=True)).not_to_be_focused()
        assert page.evaluate("document.activeElement.closest('tr').rowIndex") == blue + 1
        page.keyboard.press("ArrowUp")
        expect(page.get_by_role("link", name="blue", exact=True)).to_be_focused()


def test_an_api_that_does_not_answer_is_said_and_what_was_shown_stays(site: Site) -> None:
    with site.page("networks", expected=UNAVAILABLE) as page:
        link = page.get_by_role("link", name="blue", exact=True)
        expect(link).to_be_visible()
        page.route("**/v2.0/**", lambda route: route.fulfill(status=503, json={}))
        made = site.make("networks", "network", name="unseen")["id"]  # so that it is asked for more
        expect(page.locator(".banner")).to_contain_text("What is shown is of")
        expect(link).to_be_visible()
        page.unroute("**/v2.0/**")
        with page.expect_request(lambda request: request.url.endswith("wait=0")):
            look(page)
        expect(page.locator(".banner")).to_have_count(0)
        expect(page.get_by_role("link", name="unseen")).to_be_visible()
    site.call("DELETE", f"networks/{made}")


def test_an_api_that_is_silent_is_given_up_after_its_wait(site: Site) -> None:
    def hurry(page: Page) -> None:
        page.add_init_script(
            "window.given = []; const timeout = AbortSignal.timeout; AbortSignal.timeout = (ms) => {"
            " window.given.push(ms); return timeout.call(AbortSignal, 50); };"
        )

    with site.page("networks", prepare=hurry) as page:
        expect(page.locator(".banner")).to_contain_text("The API does not answer.")
        expect(page.get_by_role("link", name="blue", exact=True)).to_be_visible()
        given = page.evaluate("window.given")
    assert set(given) == {20_000}


def test_a_tab_that_nobody_looks_at_holds_no_connection(site: Site) -> None:
    def show(page: Page, hidden: bool) -> None:
        page.evaluate(
            "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
            " document.dispatchEvent(new Event('visibilitychange')); }",
            hidden,
        )

    def waits(request: Request) -> bool:
        return "/changes?" in request.url and not request.url.endswith("wait=0")

    with site.page("networks") as page:
        with page.expect_request(waits):  # nothing is new, so it is not answered soon
            page.reload()
        asked: list[Request] = []
        page.on("request", lambda request: asked.append(request) if waits(request) else None)
        with page.expect_event("requestfailed", waits):
            show(page, hidden=True)
        made = site.make("networks", "network", name="while-unseen")["id"]
        page.wait_for_load_state("networkidle")
        assert asked == []
        with page.expect_request(waits):
            show(page, hidden=False)
        expect(page.get_by_role("link", name="while-unseen")).to_be_visible()
    site.call("DELETE", f"networks/{made}")


def test_who_logs_in_again_sees_what_is_counted_change(site: Site) -> None:
    environment = site.environment()
    token = site.token(environment)
    with site.page("networks", token, alone=True, prepare=lambda page: page.clock.install()) as page:
        page.get_by_role("button", name="Log out").click()
        page.clock.fast_forward(60_000)
        page.get_by_label("Name").fill("admin")
        page.get_by_label("Password").fill(environment["OS_PASSWORD"])
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("link", name="blue", exact=True)).to_be_visible()
        with page.expect_request("**/v2.0/overview"):
            made = site.make("networks", "network", name="after-the-login")["id"]
    site.call("DELETE", f"networks/{made}")


def test_names_are_those_that_whoever_logs_in_may_see(site: Site) -> None:
    environment = site.environment()
    hidden = {"networks": []}

    def prepare(page: Page) -> None:
        page.route("**/v2.0/networks?*fields=*", lambda route: route.fulfill(json=hidden))

    with site.page("ports", site.token(environment), alone=True, prepare=prepare) as page:
        expect(page.get_by_role("link", name=site.ids["blue"]).first).to_be_visible()
        page.get_by_role("button", name="Log out").click()
        page.unroute_all()
        page.get_by_label("Name").fill("admin")
        page.get_by_label("Password").fill(environment["OS_PASSWORD"])
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("link", name="blue", exact=True).first).to_be_visible()


def test_a_login_that_does_not_come_to_its_end_shows_nothing_of_who_tried(site: Site) -> None:
    environment = site.environment()
    with site.page("networks", token="", alone=True, expected=UNAVAILABLE) as page:
        page.route("**/v2.0/extensions", lambda route: route.fulfill(status=503, json={}))
        page.get_by_label("Name").fill("admin")
        page.get_by_label("Password").fill(environment["OS_PASSWORD"])
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("503")
        expect(page.locator(".caller")).to_have_count(0)
        expect(page.locator("nav.main")).to_have_count(0)


def settings(page: Page, **changed: object) -> None:
    """Have the page told other settings."""

    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | changed)

    page.route("**/ui/settings", answer)


@pytest.mark.parametrize(
    ("kind", "text"),
    [("headers", "A proxy in front of the API says who asks"), ("keystone", "openstack token issue")],
)
def test_other_ways_to_log_in_are_said(site: Site, kind: str, text: str) -> None:
    with site.page(token="", prepare=lambda page: settings(page, authentication=kind)) as page:
        expect(page.locator("main")).to_contain_text(text)


def test_settings_that_are_refused_are_asked_for_again(site: Site) -> None:
    answers = [503, 200]

    def answer(route: Route) -> None:
        status = answers.pop(0) if answers else 200
        route.fulfill(status=status, json={}) if status != 200 else route.continue_()

    def prepare(page: Page) -> None:
        page.clock.install()
        page.route("**/ui/settings", answer)

    with site.page("networks", alone=True, prepare=prepare, expected=UNAVAILABLE) as page:
        expect(page.locator(".banner")).to_contain_text("This page tries again by itself.")
        page.clock.fast_forward(10_000)
        expect(page.get_by_role("link", name="blue", exact=True)).to_be_visible()


def test_a_page_that_is_left_before_it_is_answered_asks_for_nothing_more(site: Site) -> None:
    asked: list[str] = []
    held: list[Route] = []
    port = site.ids["db-blue"]

    def prepare(page: Page) -> None:
        page.route(f"**/v2.0/ports/{port}", lambda route: held.append(route))
        page.on("request", lambda request: asked.append(request.url))

    with site.page("about", prepare=prepare) as page:
        with page.expect_request(f"**/v2.0/ports/{port}"):
            page.evaluate("id => { location.hash = '#/ports/' + id; }", port)
        go(page, "networks")
        with page.expect_request_finished(lambda request: request.url.endswith(f"/ports/{port}")):
            held[0].continue_()
        go(page, "about")
    assert [url for url in asked if f"/ports/{port}/" in url] == []


def test_a_name_that_changed_while_nobody_could_say_so_is_asked_for_again(site: Site) -> None:
    network = site.make("networks", "network", name="called-so")["id"]
    site.make("ports", "port", network_id=network, name="in-it")

    def forget(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | {"reset": True, "changes": []})

    def prepare(page: Page) -> None:
        page.route("**/v2.0/changes?*", forget)

    with site.page(f"ports?network_id={network}", prepare=prepare) as page:
        expect(page.get_by_role("link", name="called-so")).to_be_visible()
        site.call("PUT", f"networks/{network}", {"network": {"name": "called-otherwise"}})
        expect(page.get_by_role("link", name="called-otherwise")).to_be_visible()
        page.unroute_all(behavior="ignoreErrors")
    (port,) = site.call("GET", f"ports?network_id={network}")["ports"]
    site.call("DELETE", f"ports/{port['id']}")
    site.call("DELETE", f"networks/{network}")


def test_names_that_do_not_come_are_asked_for_again_after_a_while_only(site: Site) -> None:
    asked, prepare = refusing("**/v2.0/networks?*")
    with site.page("ports", alone=True, prepare=prepare, expected=UNAVAILABLE) as page:
        with page.expect_response("**/v2.0/networks?*"):
            page.reload()
        before = len(asked)
        page.clock.run_for(5_000)  # it is drawn each second, and whenever names have come
        assert len(asked) == before
        page.unroute("**/v2.0/networks?*")
        page.clock.run_for(10_000)
        expect(page.get_by_role("link", name="blue", exact=True).first).to_be_visible()


def test_what_takes_longer_than_it_takes_until_there_is_news_is_shown_all_the_same(site: Site) -> None:
    held: list[Route] = []
    holds = True
    network = site.make("networks", "network", name="slow-to-come")["id"]
    shown = {
        "networks": "**/v2.0/networks?*",
        f"networks/{network}": f"**/v2.0/networks/{network}",
        "topology": "**/v2.0/topology?*",
    }
    news = {"revision": 1, "reset": True, "changes": [], "not_ready": []}

    def hold(route: Route) -> None:
        if holds:
            held.append(route)
        else:
            route.continue_()

    def prepare(page: Page) -> None:
        page.clock.install()
        page.route("**/v2.0/changes?*", lambda route: route.fulfill(json=news))

    with site.page("about", alone=True, prepare=prepare) as page:
        for place, url in shown.items():
            go(page, "about")
            holds = True
            page.route(url, hold)
            with page.expect_request(url):
                page.evaluate("place => { location.hash = '#/' + place; }", place)
            with page.expect_response("**/v2.0/changes?*"):
                page.clock.run_for(1_500)
            page.clock.run_for(1_500)
            holds = False
            route = held.pop()
            before = route.fetch()
            site.call("PUT", f"networks/{network}", {"network": {"name": f"slow-to-come, at {place}"}})
            with page.expect_request(url):
                route.fulfill(response=before)
                expect(page.locator("main")).to_contain_text("slow-to-come")
                page.clock.fast_forward(600_000)  # reading again takes a tenth of the time at most
            expect(page.locator("main")).to_contain_text(f"slow-to-come, at {place}")
            assert held == []
            page.unroute(url)
        page.unroute_all(behavior="ignoreErrors")
    site.call("DELETE", f"networks/{network}")


def test_an_address_that_cannot_be_read_is_no_screen(site: Site) -> None:
    with site.page("about") as page:
        go(page, "about")
        page.evaluate("location.hash = '#/%'")
        expect(title(page, "Not found")).to_be_visible()


def test_all_of_what_hangs_on_one_is_no_more_than_that(site: Site) -> None:
    group = site.make("security-groups", "security_group", name="with-rules")["id"]
    narrowing = """import('/ui/resources.js').then(({ RESOURCES, resourceAt }) => RESOURCES
        .flatMap(({ below }) => below).flatMap(({ of, by }) => Object.keys(by({ id: 'an-id' }))
            .map(key => [of, key, resourceAt(of).filters])))"""
    with site.page(f"security-group-rules?security_group_id={group}") as page:
        expect(page.locator("tbody tr")).to_have_count(2)
        expect(page.get_by_label("Security group id")).to_have_value(group)
        below = page.evaluate(narrowing)
    assert below
    for kind, key, filters in below:
        assert key in [one["name"] for one in filters], (kind, key)
    site.call("DELETE", f"security-groups/{group}")
