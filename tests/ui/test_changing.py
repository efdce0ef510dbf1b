"""Making, changing and deleting by the dashboard, and what is refused."""

import re
from collections.abc import Mapping, Sequence

from playwright.sync_api import Locator, Page, Route, expect

from tests.ui.site import Site, go, title
from tests.ui.test_looking import settings


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def test_a_network_its_subnet_and_a_port_are_made_changed_and_deleted(site: Site) -> None:
    with site.page("networks") as page:
        page.get_by_role("button", name="New network").click()
        dialog(page).get_by_label("Name").fill("made")
        dialog(page).get_by_role("button", name="Create").click()
        page.get_by_role("link", name="made", exact=True).click()
        page.get_by_role("button", name="New subnet").click()
        dialog(page).get_by_label("Addresses").fill("10.77.0.0/24")
        dialog(page).get_by_role("button", name="Create").click()
        expect(page.get_by_role("cell", name="10.77.0.0/24")).to_be_visible()
        page.get_by_role("button", name="New port").click()
        dialog(page).get_by_label("Addresses", exact=True).fill("10.77.0.9")
        dialog(page).get_by_label("Name").fill("machine")
        dialog(page).get_by_role("button", name="Create").click()
        expect(page.get_by_role("cell", name="10.77.0.9")).to_be_visible()
        page.get_by_role("link", name="machine").click()
        page.get_by_role("button", name="Change").click()
        dialog(page).get_by_label("Name").fill("renamed")
        dialog(page).get_by_role("button", name="Save").click()
        expect(title(page, "renamed")).to_be_visible()
        page.get_by_role("button", name="Delete").click()
        dialog(page).get_by_role("button", name="Delete").click()
        expect(title(page, "Ports")).to_be_visible()
        expect(page.get_by_role("link", name="renamed")).to_have_count(0)


def test_what_is_refused_is_said_beside_its_field_and_the_focus_is_there(site: Site) -> None:
    with site.page(f"networks/{site.ids['blue']}") as page:
        page.get_by_role("button", name="New subnet").click()
        field = dialog(page).get_by_label("Addresses")
        dialog(page).get_by_role("button", name="Create").click()
        expect(field).to_have_accessible_description("Like 192.0.2.0/24. It is required.")
        field.fill("10.0.0.0/99")
        dialog(page).get_by_role("button", name="Create").click()
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_be_focused()
        expect(field).to_have_accessible_description(re.compile("Like 192.0.2.0/24.*10.0.0.0/99"))


#: What the API says, of which resource and with what filled in, and beside which field that belongs.
SAID: Sequence[tuple[str, str, Mapping[str, str], str]] = (
    ("NETWORKS", "Invalid input for operation: Requested MTU is too big, maximum is 1500: 9000.", {}, "mtu"),
    ("NETWORKS", "Invalid input for operation: network_type required.", {}, "provider:network_type"),
    (
        "NETWORKS",
        "Invalid input for operation: segmentation_id requires physical_network for VLAN provider network.",
        {},
        "provider:segmentation_id",
    ),
    ("SUBNETS", "Invalid input for operation: 10.0.0.0/99 is not in a CIDR format.", {}, "cidr"),
    (
        "SUBNETS",
        "Invalid input for operation: Gateway is not valid on subnet: 10.4.0.0.",
        {"cidr": "10.4.0.0/24", "gateway_ip": "10.4.0.0"},
        "gateway_ip",
    ),
    (
        "SUBNETS",
        "Invalid input for operation: 'dns_nameserver' '::1' does not match the ip_version '4'.",
        {"gateway_ip": "::1"},
        "dns_nameservers",
    ),
    (
        "PORTS",
        "Invalid input for operation: Duplicate IP address '10.0.0.2'.",
        {"name": "address", "fixed_ips": "10.0.0.3\n10.0.0.2"},
        "fixed_ips",
    ),
    (
        "PORTS",
        "Port Security must be enabled in order to have allowed address pairs on a port.",
        {},
        "allowed_address_pairs",
    ),
    (
        "PORTS",
        "(rule:create_port and rule:create_port:mac_address) is disallowed by policy",
        {},
        "mac_address",
    ),
    (
        "RULES",
        "Invalid value for port 70000",
        {"description": "port", "port_range_max": "70000"},
        "port_range_max",
    ),
    (
        "RULES",
        "Invalid value for ICMP code (port_range_max) 999. It must be 0 to 255.",
        {"port_range_min": "1", "port_range_max": "999"},
        "port_range_max",
    ),
    ("RULES", "Security group rule already exists. Rule id is 4.", {"protocol": "tcp"}, ""),
)
FIELDS_OF = """async said => {
    const { fieldOf } = await import('/ui/view/form.js');
    const kinds = await import('/ui/resources.js');
    return said.map(([kind, message, values]) =>
        fieldOf({ type: "", message }, kinds[kind].fields, values, kinds[kind].errors));
}"""


def test_what_the_api_says_stands_beside_the_field_that_it_names_or_quotes(site: Site) -> None:
    with site.page("networks") as page:
        found = page.evaluate(FIELDS_OF, [list(one) for one in SAID])
    assert found == [field for *_, field in SAID]


def test_whatever_is_on_a_line_is_sent_and_what_is_too_much_is_refused(site: Site) -> None:
    with site.page(f"subnets/{site.ids['blue-leaf']}") as page:
        page.get_by_role("button", name="Change").click()
        pools, routes = dialog(page).get_by_label("Pools"), dialog(page).get_by_label("Routes")
        for field, line in (
            (pools, "10.0.0.10-10.0.0.20-30"),
            (routes, "192.0.2.0/24 via 10.0.0.9 10.0.0.8"),
        ):
            before = field.input_value()
            field.fill(line)
            dialog(page).get_by_role("button", name="Save").click()
            expect(field).to_have_attribute("aria-invalid", "true")
            field.fill(before)


def test_the_mac_address_of_a_port_that_is_plugged_in_stays_and_it_is_said_beside_it(site: Site) -> None:
    with site.page(f"ports/{site.ids['web-blue']}") as page:
        page.get_by_role("button", name="Change").click()
        field = dialog(page).get_by_label("MAC address", exact=True)
        field.fill("02:00:00:00:00:99")
        dialog(page).get_by_role("button", name="Save").click()
        expect(field).to_have_accessible_description(re.compile("already bound"))


def test_a_change_of_what_has_changed_meanwhile_shows_both_whatever_it_is_of(site: Site) -> None:
    network = site.make("networks", "network", name="mine", description="first")["id"]
    subnet = {"network_id": network, "ip_version": 4, "cidr": "10.66.0.0/24"}
    named = {"name": "mine", "description": "first"}
    made = {
        "networks/" + network: "network",
        "subnets/" + site.make("subnets", "subnet", **subnet, **named)["id"]: "subnet",
        "ports/" + site.make("ports", "port", network_id=network, **named)["id"]: "port",
        "security-groups/" + site.make("security-groups", "security_group", **named)["id"]: "security_group",
        "address-groups/" + site.make("address-groups", "address_group", **named)["id"]: "address_group",
    }
    with site.page() as page:
        for path, singular in made.items():
            go(page, path)
            page.get_by_role("button", name="Change").click()
            dialog(page).get_by_label("Name").fill("typed here")
            site.call("PUT", path, {singular: {"name": "theirs", "description": "second"}})
            dialog(page).get_by_role("button", name="Save").click()
            versions = dialog(page).get_by_role("table")
            expect(versions).to_contain_text("typed here")
            expect(versions).to_contain_text("theirs")
            dialog(page).get_by_role("button", name="Save mine over it").click()
            expect(title(page, "typed here")).to_be_visible()
            now = site.call("GET", path)[singular]
            assert (now["name"], now["description"]) == ("typed here", "second"), path
    for path in reversed(made):
        site.call("DELETE", path)


def test_what_others_did_to_a_ports_addresses_and_groups_is_shown_and_taken(site: Site) -> None:
    port = site.make("ports", "port", network_id=site.ids["blue"], name="contended")
    group = site.make("security-groups", "security_group", name="of-others")["id"]
    with site.page(f"ports/{port['id']}") as page:
        page.get_by_role("button", name="Change").click()
        addresses = dialog(page).get_by_label("Addresses", exact=True)
        addresses.fill("10.0.0.77")
        theirs = {"fixed_ips": [{"ip_address": "10.0.0.88"}], "security_groups": [group]}
        site.call("PUT", f"ports/{port['id']}", {"port": theirs})
        dialog(page).get_by_role("button", name="Save").click()
        row = dialog(page).get_by_role("row", name="Addresses")
        expect(row.get_by_role("cell")).to_have_text(["10.0.0.77", "10.0.0.88"])
        dialog(page).get_by_role("button", name="Take what is there").click()
        expect(addresses).to_have_value("10.0.0.88")
        dialog(page).get_by_label("Name").fill("after theirs")
        dialog(page).get_by_role("button", name="Save").click()
        expect(title(page, "after theirs")).to_be_visible()
    now = site.call("GET", f"ports/{port['id']}")["port"]
    assert (now["fixed_ips"][0]["ip_address"], now["security_groups"]) == ("10.0.0.88", [group])
    site.call("DELETE", f"ports/{port['id']}")
    site.call("DELETE", f"security-groups/{group}")


def test_what_a_port_has_and_cannot_be_chosen_stays_until_it_is_taken_away(site: Site) -> None:
    groups = [site.make("security-groups", "security_group", name=name)["id"] for name in ("last", "other")]
    port = site.make("ports", "port", network_id=site.ids["blue"], name="grouped", security_groups=groups)[
        "id"
    ]
    answers: list[tuple[int, object]] = [(200, {"security_groups": []}), (500, {})]

    def prepare(page: Page) -> None:
        def answer(route: Route) -> None:
            status, body = answers[0]
            route.fulfill(status=status, json=body)

        page.route("**/v2.0/security-groups?limit=*", answer)

    with site.page(f"ports/{port}", prepare=prepare, expected="Failed to load") as page:
        page.get_by_role("button", name="Change").click()
        chosen = dialog(page).get_by_label("Security groups")
        expect(chosen.locator("option", has_text="last")).to_have_count(1)
        chosen.select_option("other")
        dialog(page).get_by_role("button", name="Save").click()
        expect(dialog(page)).to_have_count(0)
        assert site.call("GET", f"ports/{port}")["port"]["security_groups"] == groups[1:]
        answers.pop(0)
        page.get_by_role("button", name="Change").click()
        expect(chosen).to_have_accessible_description(re.compile("is not known: The API answered 500."))
        expect(chosen).to_have_values(groups[1:])
        page.keyboard.press("Escape")
        page.unroute_all()
    site.call("DELETE", f"ports/{port}")
    for group in groups:
        site.call("DELETE", f"security-groups/{group}")


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until something has the focus."""
    expect(wanted).to_be_visible()
    for _ in range(60):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {wanted}")


def test_a_port_is_made_with_the_keyboard_alone(site: Site) -> None:
    with site.page("ports") as page:
        new = page.get_by_role("button", name="New port")
        tab_to(page, new)
        page.keyboard.press("Enter")
        network = dialog(page).get_by_label("Network")
        expect(network).to_be_focused()
        expect(network.locator("option", has_text="green")).to_have_count(1)  # they have been read
        page.keyboard.type("green")
        expect(network).to_have_value(site.ids["green"])
        tab_to(page, dialog(page).get_by_label("Name"))
        page.keyboard.type("by-keys")
        tab_to(page, dialog(page).get_by_label("Switched on"))
        page.keyboard.press("Space")
        tab_to(page, dialog(page).get_by_label("Addresses", exact=True))
        page.keyboard.type("10.1.0.300")
        tab_to(page, dialog(page).get_by_role("button", name="Create"))
        page.keyboard.press("Enter")
        addresses = dialog(page).get_by_label("Addresses", exact=True)
        expect(addresses).to_be_focused()
        expect(addresses).to_have_attribute("aria-invalid", "true")
        page.keyboard.press("Control+A")
        page.keyboard.type("10.1.0.30")
        tab_to(page, dialog(page).get_by_label("Name"))
        page.keyboard.press("Enter")
        expect(dialog(page)).to_have_count(0)
        expect(new).to_be_focused()
        tab_to(page, page.get_by_role("link", name="by-keys"))
        page.keyboard.press("Enter")
        expect(title(page, "by-keys")).to_be_visible()
    (made,) = site.call("GET", "ports?name=by-keys")["ports"]
    address = made["fixed_ips"][0]["ip_address"]
    assert (made["network_id"], made["admin_state_up"], address) == (site.ids["green"], False, "10.1.0.30")
    site.call("DELETE", f"ports/{made['id']}")


def test_several_are_deleted_when_their_number_is_typed(site: Site) -> None:
    for name in ("gone-1", "gone-2"):
        site.make("networks", "network", name=name)
    with site.page("networks") as page:
        for name in ("gone-1", "gone-2"):
            page.get_by_label(f"Choose {name}").check()
        page.get_by_role("button", name="Delete 2").click()
        delete = dialog(page).get_by_role("button", name="Delete")
        expect(delete).to_be_disabled()
        dialog(page).get_by_label("Type 2").fill("2")
        delete.click()
        expect(page.get_by_role("link", name="gone-1")).to_have_count(0)
        expect(page.get_by_role("link", name="gone-2")).to_have_count(0)


def test_a_deletion_of_several_ends_with_escape_or_its_page_and_closes_no_other_dialog(site: Site) -> None:
    held: list[Route] = []
    for number in range(4):
        site.make("networks", "network", name=f"kept-{number}", description="kept")

    def hold(route: Route) -> None:
        if route.request.method == "DELETE":
            held.append(route)
        else:
            route.continue_()

    def prepare(page: Page) -> None:
        page.route("**/v2.0/networks/*", hold)

    def delete(page: Page, numbers: range) -> None:
        for number in numbers:
            page.get_by_label(f"Choose kept-{number}").check()
        page.get_by_role("button", name=f"Delete {len(numbers)}").click()
        dialog(page).get_by_label("Type").fill(str(len(numbers)))
        with page.expect_request("**/v2.0/networks/*"):
            dialog(page).get_by_role("button", name="Delete").click()

    with site.page("networks", prepare=prepare) as page:
        delete(page, range(4))
        page.keyboard.press("Escape")
        held.pop().continue_()
        expect(dialog(page).get_by_role("status")).to_have_text("1 of 4 are deleted, the others are not.")
        dialog(page).get_by_role("button", name="Close").click()
        expect(page.get_by_role("link", name="kept-0")).to_have_count(0)
        delete(page, range(1, 4))
        go(page, "ports")
        page.get_by_role("button", name="New port").click()
        dialog(page).get_by_label("Name").fill("being filled in")
        with page.expect_request_finished(lambda request: request.method == "DELETE"):
            held.pop().continue_()
        go(page, "ports?name=any")
        expect(dialog(page).get_by_label("Name")).to_have_value("being filled in")
        page.keyboard.press("Escape")
        page.unroute_all()
    assert held == []
    left = site.call("GET", "networks?description=kept")["networks"]
    assert sorted(network["name"] for network in left) == ["kept-2", "kept-3"]
    for network in left:
        site.call("DELETE", f"networks/{network['id']}")


def test_a_form_that_is_left_while_it_sends_closes_no_other(site: Site) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.continue_()

    with site.page("networks", prepare=lambda page: page.route("**/v2.0/networks*", hold)) as page:
        page.get_by_role("button", name="New network").click()
        dialog(page).get_by_label("Name").fill("left-while-sent")
        with page.expect_request(lambda request: request.method == "POST"):
            dialog(page).get_by_role("button", name="Create").click()
        expect(dialog(page).get_by_role("button", name="Sending …")).to_be_visible()
        dialog(page).get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="New network").click()
        dialog(page).get_by_label("Name").fill("being filled in")
        held.pop().continue_()
        expect(page.locator("main")).to_contain_text("left-while-sent")
        expect(dialog(page).get_by_label("Name")).to_have_value("being filled in")
        page.unroute_all()
    (made,) = site.call("GET", "networks?name=left-while-sent")["networks"]
    site.call("DELETE", f"networks/{made['id']}")


def test_a_network_in_use_stays_and_it_is_said_why(site: Site) -> None:
    with site.page(f"networks/{site.ids['blue']}") as page:
        page.get_by_role("button", name="Delete").first.click()
        dialog(page).get_by_role("button", name="Delete").click()
        expect(dialog(page).get_by_role("alert")).to_contain_text("in use")


def test_a_rule_of_a_security_group_is_made_and_deleted(site: Site) -> None:
    group = site.make("security-groups", "security_group", name="web")["id"]
    with site.page(f"security-groups/{group}") as page:
        page.get_by_role("button", name="New rule").click()
        dialog(page).get_by_label("Protocol").fill("tcp")
        first = dialog(page).get_by_label("First port")
        first.fill("8080-8090")
        dialog(page).get_by_role("button", name="Create").click()
        expect(first).to_have_accessible_description("8080-8090 is not a whole number.")
        expect(first).to_be_focused()
        first.fill("443")
        dialog(page).get_by_label("Last port").fill("80")
        dialog(page).get_by_role("button", name="Create").click()
        expect(dialog(page).locator("[aria-invalid=true]")).to_have_count(1)
        dialog(page).get_by_label("Last port").fill("443")
        dialog(page).get_by_role("button", name="Create").click()
        expect(page.get_by_role("cell", name="443", exact=True)).to_be_visible()
        page.get_by_role("button", name="Delete ingress tcp 443").click()
        dialog(page).get_by_role("button", name="Delete").click()
        expect(page.get_by_role("cell", name="443", exact=True)).to_have_count(0)
    site.call("DELETE", f"security-groups/{group}")


def test_an_address_group_is_made_and_only_what_differs_is_added_and_taken(site: Site) -> None:
    with site.page("address-groups") as page:
        page.get_by_role("button", name="New address group").click()
        dialog(page).get_by_label("Name").fill("offices")
        addresses = dialog(page).get_by_label("Addresses")
        addresses.fill("192.0.2.0/25\nnowhere")
        dialog(page).get_by_role("button", name="Create").click()
        expect(addresses).to_have_attribute("aria-invalid", "true")
        addresses.fill("192.0.2.0/25\n192.0.2.128/25")
        dialog(page).get_by_role("button", name="Create").click()
        page.get_by_role("link", name="offices").click()
        page.get_by_role("button", name="Change").click()
        dialog(page).get_by_label("Name").fill("branches")
        expect(addresses).to_have_value("192.0.2.0/25\n192.0.2.128/25")
        addresses.fill("192.0.2.128/25\n198.51.100.0/24")
        dialog(page).get_by_role("button", name="Save").click()
        expect(title(page, "branches")).to_be_visible()
        expect(dialog(page)).to_have_count(0)  # its addresses are further requests
        made = site.call("GET", "address-groups?name=branches")["address_groups"][0]
        assert made["addresses"] == ["192.0.2.128/25", "198.51.100.0/24"]
        page.get_by_role("button", name="Delete").click()
        dialog(page).get_by_role("button", name="Delete").click()
        expect(page.get_by_role("link", name="partners")).to_be_visible()
        expect(page.get_by_role("link", name="branches")).to_have_count(0)


def test_a_second_click_makes_no_second_one(site: Site) -> None:
    with site.page("networks") as page:
        page.get_by_role("button", name="New network").click()
        dialog(page).get_by_label("Name").fill("made-once")
        dialog(page).get_by_role("button", name="Create").dblclick()
        expect(page.get_by_role("link", name="made-once")).to_be_visible()
        expect(dialog(page)).to_have_count(0)
    (made,) = site.call("GET", "networks?name=made-once")["networks"]
    site.call("DELETE", f"networks/{made['id']}")


def test_escape_leaves_the_dialog_and_the_focus_returns(site: Site) -> None:
    with site.page("networks") as page:
        button = page.get_by_role("button", name="New network")
        button.focus()
        page.keyboard.press("Enter")
        expect(dialog(page)).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog(page)).to_have_count(0)
        expect(button).to_be_focused()


def test_a_reader_has_no_buttons_for_what_it_may_not_do(site: Site) -> None:
    with site.page("networks", token=site.reader_token) as page:
        expect(page.get_by_role("link", name="blue", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="New network")).to_have_count(0)
        expect(page.get_by_role("link", name="Hosts")).to_have_count(0)
        for theirs in ("hosts", "dhcp"):
            go(page, theirs)
            expect(page.locator("main")).to_contain_text("It is shown to others")
        go(page, "networks")
        page.get_by_role("link", name="blue", exact=True).click()
        expect(title(page, "blue")).to_be_visible()
        expect(page.get_by_role("button", name="Change")).to_have_count(0)
        expect(page.get_by_role("button", name="Delete")).to_have_count(0)


def test_a_member_makes_its_own_and_a_port_in_what_is_shared_and_nothing_of_others(site: Site) -> None:
    token = site.token(site.user("mia", "member"))
    shared = site.make("networks", "network", name="everybodys", shared=True, project_id="another")["id"]
    outside = {"name": "outside", "router:external": True, "project_id": "another"}
    external = site.make("networks", "network", **outside)["id"]
    others = site.make("ports", "port", network_id=site.ids["green"], project_id="another")["id"]
    with site.page("networks", token=token) as page:
        expect(page.get_by_role("link", name="everybodys", exact=True)).to_be_visible()
        expect(page.get_by_label("Choose blue")).to_be_visible()
        expect(page.get_by_label("Choose everybodys")).to_have_count(0)
        page.get_by_role("button", name="New network").click()
        expect(dialog(page).get_by_label("MTU")).to_be_visible()
        expect(dialog(page).get_by_label("Segmentation id")).to_have_count(0)
        page.keyboard.press("Escape")
        go(page, f"networks/{shared}")
        expect(page.get_by_role("button", name="New port")).to_be_visible()
        for forbidden in ("Change", "Delete", "New subnet"):
            expect(page.get_by_role("button", name=forbidden)).to_have_count(0)
        page.get_by_role("button", name="New port").click()
        dialog(page).get_by_label("Name").fill("in-everybodys")
        dialog(page).get_by_role("button", name="Create").click()
        page.get_by_role("link", name="in-everybodys").click()
        page.get_by_role("button", name="Delete").click()
        dialog(page).get_by_role("button", name="Delete").click()
        expect(title(page, "Ports")).to_be_visible()
        for kind, offered in (("port", ["blue", "everybodys"]), ("subnet", ["blue"])):
            go(page, f"{kind}s")
            page.get_by_role("button", name=f"New {kind}").click()
            network = dialog(page).get_by_label("Network")
            expect(network).to_contain_text("green")
            there = network.locator("option").all_text_contents()
            assert [one for one in ("blue", "everybodys", "outside") if one in there] == offered
            page.keyboard.press("Escape")
        go(page, f"ports/{others}")  # the network is its own
        expect(page.get_by_role("button", name="Change")).to_have_count(0)
        page.get_by_role("button", name="Delete").click()
        dialog(page).get_by_role("button", name="Delete").click()
        expect(title(page, "Ports")).to_be_visible()
    for network in (shared, external):
        site.call("DELETE", f"networks/{network}")


def test_a_dashboard_that_only_shows_has_no_buttons(site: Site) -> None:
    with site.page("networks", prepare=lambda page: settings(page, writes=False)) as page:
        expect(page.get_by_role("link", name="blue", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="New network")).to_have_count(0)
        expect(page.locator("footer")).to_contain_text("only shows")
        go(page, f"ports/{site.ids['db-blue']}")
        expect(page.locator(".verdict").first).to_be_visible()
        for change in ("Change", "Delete", "Send a probe"):
            expect(page.get_by_role("button", name=change)).to_have_count(0)


def test_a_name_is_text_whatever_it_looks_like(site: Site) -> None:
    name = "<img src=x onerror=alert(1)><b>bold</b>"
    made = site.make("networks", "network", name=name)["id"]
    turned = site.make("networks", "network", name="a\u202ebc")["id"]
    with site.page("networks") as page:
        expect(page.get_by_role("link", name=name)).to_be_visible()
        assert page.locator("main img, main b").count() == 0
        go(page, f"networks/{turned}")  # and turns nothing beside it
        expect(page.locator("h1 bdi")).to_have_text("a\u202ebc")
        page.get_by_role("button", name="Delete").first.click()
        expect(dialog(page).locator("h2 bdi")).to_have_text("a\u202ebc")
        page.keyboard.press("Escape")
    for network in (made, turned):
        site.call("DELETE", f"networks/{network}")


def test_markup_made_of_text_is_refused_by_the_browser(site: Site) -> None:
    with site.page("networks", expected="This document requires 'TrustedHTML' assignment") as page:
        expect(page.get_by_role("link", name="blue", exact=True)).to_be_visible()
        refused = page.evaluate(
            "() => { try { document.body.insertAdjacentHTML('beforeend', '<i>'); return ''; }"
            " catch (error) { return error.name; } }"
        )
        assert refused == "TypeError"


def test_a_token_that_ends_in_the_middle_of_a_form_leads_to_a_login_that_can_be_used(site: Site) -> None:
    def refuse(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=401, json={})
        else:
            route.continue_()

    with site.page("networks", prepare=lambda page: page.route("**/v2.0/networks*", refuse)) as page:
        page.get_by_role("button", name="New network").click()
        dialog(page).get_by_label("Name").fill("never-made")
        dialog(page).get_by_role("button", name="Create").click()
        page.get_by_label("Password").fill("a word")
        expect(dialog(page)).to_have_count(0)
