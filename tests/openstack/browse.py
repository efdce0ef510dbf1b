"""What a person does in Horizon, done by Chromium; run in the environment of the dashboard.

The arguments: Horizon's URL, demo's password, the directory of the pictures. Prints as JSON what was seen.
"""

import json
import sys
from contextlib import suppress

from playwright.sync_api import Page, TimeoutError, sync_playwright

STEP_MS = 60_000
CLICK_MS, CLICKS = 1000, 30
NETWORK, MACHINE = "net1", "vm1"


def log_in(page: Page, url: str, password: str) -> None:
    page.goto(f"{url}/auth/login/")
    page.fill("#id_username", "demo")
    page.fill("#id_password", password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda address: "/auth/login" not in address)


def create_network(page: Page, url: str) -> None:
    page.goto(f"{url}/project/networks/")
    page.click("#networks__action_create")
    page.fill("#id_net_name", NETWORK)
    page.click(".modal .button-next:visible")
    page.fill("#id_subnet_name", "sub1")
    page.fill("#id_cidr", "10.10.10.0/24")
    page.click(".modal .button-next:visible")
    page.click(".modal .button-final:visible")
    page.wait_for_selector(f"table >> text={NETWORK}")


def allocate(page: Page, step: str, wanted: str) -> None:
    """Have something among what is allocated; the only network is there as the wizard opens.

    The tables are drawn anew as answers come in, and a click on a row that goes is nobody's.
    """
    page.click(f"wizard .wizard-nav >> text={step}")
    row = page.locator("wizard tr:visible", has=page.get_by_text(wanted, exact=True))
    row.first.wait_for()
    for _ in range(CLICKS):
        if row.locator(".fa-arrow-down").first.is_visible():
            return
        with suppress(TimeoutError):
            row.locator(".fa-arrow-up").first.click(timeout=CLICK_MS)
        page.wait_for_timeout(CLICK_MS)
    raise LookupError(f"{wanted} cannot be allocated")


def launch(page: Page, url: str, output: str) -> None:
    page.goto(f"{url}/project/instances/")
    page.click("#instances__action_launch-ng")
    page.fill("wizard input[name=name]", MACHINE)
    for step, wanted in (("Source", "guest"), ("Flavor", "tiny"), ("Networks", NETWORK)):
        allocate(page, step, wanted)
    page.screenshot(path=f"{output}/attach.png")
    page.click("wizard button.finish")
    page.wait_for_selector("wizard", state="detached")
    row = page.locator(f"tr:has-text('{MACHINE}')")
    row.locator("text=Running").wait_for(timeout=2 * STEP_MS)


def topology(page: Page, url: str, picture: str) -> dict[str, list[str]]:
    """Take a picture of the topology; give the names and the machines' addresses that it is drawn of."""
    page.goto(f"{url}/project/network_topology/")
    page.wait_for_timeout(4000)  # the picture moves until it has settled
    page.screenshot(path=picture)
    shown = page.evaluate("fetch('/project/network_topology/json').then(answer => answer.json())")
    return {
        "names": sorted(item["name"] for kind in ("networks", "servers") for item in shown[kind]),
        "addresses": sorted(
            fixed_ip["ip_address"]
            for port in shown["ports"]
            if port["device_owner"].startswith("compute:")
            for fixed_ip in port["fixed_ips"]
        ),
    }


def main(url: str, password: str, output: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(STEP_MS)
        try:
            log_in(page, url, password)
            create_network(page, url)
            before = topology(page, url, f"{output}/network.png")
            launch(page, url, output)
            page.screenshot(path=f"{output}/instances.png")
            after = topology(page, url, f"{output}/topology.png")
            told = {"network": before["names"], "machine": after["names"], "addresses": after["addresses"]}
            print(json.dumps(told))
        except Exception:
            page.screenshot(path=f"{output}/failed.png", full_page=True)
            raise
        finally:
            browser.close()


main(*sys.argv[1:])
