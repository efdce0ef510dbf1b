"""Write the pictures of the documentation; `make docs` runs this: python -m tests.ui.pictures.

The browser's clock stands still, so that a picture changes only when what it shows does.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Page, expect

from osken_apps.dhcp.decision import SilenceReason
from osken_apps.link import PortReports
from osken_apps.model.changes import PortReport
from osken_apps.model.resources import Binding, PortStatus
from tests.ui.answers import ANSWERS, DISCOVER, SINCE
from tests.ui.site import NOW, Site, go, site_in, wait_shown
from tests.unit.explain_facts import VM1
from tests.unit.test_walk_of_a_broken_machine import NO_ADDRESS, WRONG_MAC

DIRECTORY = Path(__file__).parents[2] / "docs" / "pictures"
SIZE = (1100, 640)
TALL = {"port": 1123, "path": 1000, "why": 1000}
REFUSED_BECAUSE = f"{SilenceReason.HARDWARE_ADDRESS}: {WRONG_MAC}"


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
            wait_shown(page)
            page.screenshot(path=directory / f"{name}.png", animations="disabled")
        _break_a_machine(site)
        page.set_viewport_size({"width": SIZE[0], "height": TALL["why"]})
        go(page, f"ports/{site.ids['vm1']}")
        page.get_by_text("Because").click()
        page.get_by_text("The way there").click()
        wait_shown(page)
        page.screenshot(path=directory / "why.png", animations="disabled")


def _break_a_machine(site: Site) -> None:
    """Have the machine of docs/when-something-does-not-work.md, whose MAC address is not its port's."""
    network = site.make("networks", "network", name="net1")["id"]
    subnet = {"network_id": network, "cidr": "10.10.10.0/24", "ip_version": 4}
    site.make("subnets", "subnet", **subnet)
    port = {"name": "vm1", "mac_address": str(VM1.mac_address), "port_security_enabled": False}
    addresses = [{"ip_address": str(address.ip_address)} for address in VM1.fixed_ips]
    site.ids["vm1"] = site.make("ports", "port", network_id=network, fixed_ips=addresses, **port)["id"]
    site.say(PortReports((PortReport(site.ids["vm1"], Binding("host1", 1, "tap1"), PortStatus.ACTIVE),)))
    refused = DISCOVER | {"sent": None, "outcome": "hardware_address", "reason": REFUSED_BECAUSE}
    dhcp = {
        "known_since": SINCE,
        "lease": None,
        "conflict": None,
        "transactions": [{"xid": "0x00000007", "messages": [refused | {"ip_address": None}]}],
    }
    site.answers = {
        **ANSWERS,
        "facts_of_port": lambda *_asked: NO_ADDRESS,
        "port_dhcp": lambda port_id: dhcp | {"port_id": port_id},
    }


if __name__ == "__main__":
    DIRECTORY.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as state_dir, site_in(Path(state_dir)) as made:
        write(made, DIRECTORY)
