"""The dashboard as a browser has it: the real server with users, Debian's Chromium, and the test."""

import os
import platform
import queue
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from osken_apps.link import Answer, HostReports, Message, Ping, PortReports, Query
from osken_apps.model.changes import HostReport, PortReport
from osken_apps.model.resources import Binding, PortStatus
from tests.rest.server import NO_QUOTAS, WAIT_S, Server, running, write_config
from tests.ui.answers import ANSWERS
from tests.ui.network import own_network

CHROMIUM = Path("/usr/bin/chromium")
BIN = Path(sys.executable).parent
BEAT_S = 2.0
# What is read again takes a tenth of the time at most, so on a busy machine it is read later.
PATIENCE_MS = 60_000
WIDE, NARROW = (1200, 800), (320, 700)
NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
COUNTED = (("dropped_by_meters", 0), ("hardware_address", 3), ("offered", 1250), ("selected", 1200))
HOST1 = HostReport(
    "host1",
    True,
    ("br-int", "br-eth2"),
    (("default", "br-eth2"),),
    True,
    NOW,
    NOW,
    1,
    dhcp_counters=COUNTED,
)
CONDITION = ("no_wire", "br-eth2 has no port to the wire", "ovs-vsctl add-port br-eth2 eth2")
HOST2 = HostReport("host2", True, ("br-int",), (), True, NOW, NOW, 1, conditions=(CONDITION,))
HOST3 = HostReport("host3", False, (), (), False, NOW, NOW, 2)
HOSTS = (HOST1, HOST2, HOST3)
# A request that a test wants refused is a line of the console, too.
REFUSED = "Failed to load resource: the server responded with a status of 4"
UNAVAILABLE = "Failed to load resource: the server responded with a status of 503"


@dataclass
class Tab:
    """A page and what is in its console: what kind of line it is, and its text."""

    page: Page
    told: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        """Take a line of the console."""
        if message.type in ("error", "warning"):
            self.told.append(f"{message.type}: {message.text}")


@dataclass
class Site:
    """A server with a dashboard, and a browser; `ids` are of what is there from the start, by name."""

    server: Server
    browser: Browser
    directory: Path
    ids: dict[str, str] = field(default_factory=dict)
    answers: Mapping[str, Callable[..., Any]] = field(default_factory=lambda: ANSWERS)
    _token: str = ""
    _reader_token: str = ""
    _contexts: dict[tuple[tuple[str, Any], ...], BrowserContext] = field(default_factory=dict)
    _kept: dict[tuple[Any, ...], list[Tab]] = field(default_factory=dict)
    _speaking: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)

    def environment(self, openrc: str = "admin-openrc") -> dict[str, str]:
        """Give what sourcing a file sets; the server listens at another port than its file says."""
        lines = (self.directory / openrc).read_text().splitlines()
        said = [line.removeprefix("export ") for line in lines if line.startswith("export ")]
        values = {name: shlex.split(text)[0] for name, _, text in (line.partition("=") for line in said)}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        return clean | values | {"OS_AUTH_URL": f"{self.server.url}/identity/v3"}

    def user(self, name: str, role: str) -> Mapping[str, str]:
        """Make a user in the administrator's project; give its environment."""
        words = ["user", "create", name, "--project", "default", "--role", role]
        file = self.directory / f"{name}-openrc"
        config_file = ["--config-file", str(self.directory / "osken-net.conf")]
        command = [BIN / "osken-net", *words, "--openrc", file, *config_file]
        subprocess.run(command, check=True, capture_output=True)
        return self.environment(file.name)

    def token(self, environment: Mapping[str, str]) -> str:
        """Log in as somebody."""
        user = {
            "name": environment["OS_USERNAME"],
            "password": environment["OS_PASSWORD"],
            "domain": {"id": "default"},
        }
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
        reply = self.server.call("POST", "/identity/v3/auth/tokens", body)
        return str(reply.headers["X-Subject-Token"])

    @property
    def admin_token(self) -> str:
        """The administrator's token."""
        self._token = self._token or self.token(self.environment())
        return self._token

    @property
    def reader_token(self) -> str:
        """The token of somebody who may only look."""
        self._reader_token = self._reader_token or self.token(self.user("rita", "reader"))
        return self._reader_token

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the API as administrator; it must not refuse."""
        reply = self.server.call(method, f"/v2.0/{path}", body, {"X-Auth-Token": self.admin_token})
        assert reply.status < 300, reply.body
        return reply.body

    def make(self, path: str, singular: str, **attributes: Any) -> dict[str, Any]:
        """Make a resource."""
        made: dict[str, Any] = self.call("POST", path, {singular: attributes})[singular]
        return made

    def say(self, message: Message) -> None:
        """Tell the server something as its controller."""
        with self._speaking:
            self.server.link.send(message)

    def openstack(self, *words: str) -> None:
        """Run the real command as administrator."""
        command = [BIN / "openstack", *words]
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=WAIT_S)
        assert done.returncode == 0, done.stderr

    def beat(self) -> None:
        """Say now and then that the controller lives."""
        while not self._ended.wait(BEAT_S):
            self.say(Ping())

    def answer(self) -> None:
        """Answer what the server asks its controller."""
        while not self._ended.is_set():
            try:
                query = self.server.told(Query)
            except queue.Empty:
                continue
            self.say(Answer(query.number, self.answers[query.question.name](*astuple(query.question))))

    def end(self) -> None:
        """Say nothing more."""
        self._ended.set()

    @contextmanager
    def page(
        self,
        screen: str = "overview",
        token: str | None = None,
        size: tuple[int, int] = WIDE,
        prepare: Callable[[Page], None] | None = None,
        expected: str = REFUSED,
        alone: bool = False,
        **options: Any,
    ) -> Iterator[Page]:
        """Open a screen as somebody (None: the administrator).

        Nothing may be in the console but what is expected to begin so. Tabs with the same options share what
        the browser has loaded, unless one is `alone`: whose clock is another. A tab for which nothing was
        to be prepared is kept for the next who asks for one like it, if it is as it was at first.
        """
        given = self.admin_token if token is None else token
        key = (given, *sorted(options.items()))
        is_kept = not (alone or prepare) and given in {self._token, self._reader_token} - {""}
        tab = self._kept[key].pop() if is_kept and self._kept.get(key) else None
        tab = tab or self._open(given, prepare, self._context(alone, options))
        tab.told.clear()
        page = tab.page
        try:
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.goto(f"{self.server.url}/ui/#/{screen}")  # loads nothing again where only the end differs
            yield page
            surprises = [text for text in tab.told if not text.partition(": ")[2].startswith(expected)]
            assert surprises == [], surprises
            is_kept = is_kept and _has_rest(page)
            if is_kept:
                self._kept.setdefault(key, []).append(tab)
        except BaseException:
            is_kept = False
            raise
        finally:
            if not is_kept:
                page.close()
            if alone:
                page.context.close()

    def _open(self, token: str, prepare: Callable[[Page], None] | None, context: BrowserContext) -> "Tab":
        tab = Tab(context.new_page())
        page = tab.page
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", tab.hear)
        page.on("pageerror", lambda error: tab.told.append(f"error: {error}"))
        # Before any script of the page, once: a reload and a logout must find what the page has made of it.
        page.add_init_script(
            "if (!sessionStorage.getItem('begun')) { sessionStorage.setItem('begun', '1');"
            f" sessionStorage.setItem('osken-net token', '{token}'); }}"
        )
        if prepare:
            prepare(page)
        return tab

    def _context(self, alone: bool, options: Mapping[str, Any]) -> BrowserContext:
        key = tuple(sorted(options.items()))
        if alone or key not in self._contexts:
            made = self.browser.new_context(**options)
            if alone:
                return made
            self._contexts[key] = made
        return self._contexts[key]


def look(page: Page) -> None:
    """Have a page ask at once what has changed, as when its tab is looked at again."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def go(page: Page, place: str) -> None:
    """Go to another screen, and wait until it shows what it has."""
    page.evaluate("place => { location.hash = '#/' + place; }", place)
    wait_shown(page)


def title(page: Page, name: str) -> Locator:
    """Give the title of a screen; a dialog over it has one, too, which may name the same."""
    return page.get_by_role("heading", level=1, name=name)


def wait_shown(page: Page) -> None:
    """Wait until a screen shows what it has; the network is never idle: a request waits for news."""
    expect(page.locator("main h1")).to_be_visible()
    expect(page.get_by_text("Loading …")).to_have_count(0)


def _has_rest(page: Page) -> bool:
    """Leave the screen; tell whether somebody is still logged in and nothing is open."""
    page.unroute_all()
    page.evaluate("location.hash = '#/nowhere'")
    expect(title(page, "Not found").or_(page.get_by_label("Password"))).to_be_visible()
    return page.locator("nav.main").count() == 1 and page.locator("dialog[open]").count() == 0


def launch(playwright: Playwright) -> Browser:
    """Start Chromium; on Ubuntu, which has it as a snap only, skip the test."""
    if not CHROMIUM.exists() and platform.freedesktop_os_release()["ID"] == "ubuntu":
        pytest.skip(f"Ubuntu has Chromium as a snap only, so there is no {CHROMIUM}")
    return playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE_MS)


@contextmanager
def site_in(directory: Path) -> Iterator[Site]:
    """Run a server that has something to show, and a browser."""
    text = f"authentication = local\n{NO_QUOTAS}"
    with (
        own_network(),
        running(write_config(directory, text)) as server,
        sync_playwright() as playwright,
    ):
        assert server.call("GET", "/").status == 200
        expect.set_options(timeout=PATIENCE_MS)
        browser = launch(playwright)
        site = Site(server, browser, directory)
        _furnish(site)
        threading.Thread(target=site.beat, daemon=True).start()
        threading.Thread(target=site.answer, daemon=True).start()
        try:
            yield site
        finally:
            site.end()
            browser.close()


def _furnish(site: Site) -> None:
    """Make two networks with machines at two hosts, one of which waits."""
    site.say(HostReports(HOSTS))
    for number, name in enumerate(("blue", "green")):
        network = site.make("networks", "network", name=name)["id"]
        subnet = site.make(
            "subnets",
            "subnet",
            network_id=network,
            name=f"{name}-leaf",
            ip_version=4,
            cidr=f"10.{number}.0.0/24",
        )
        site.ids |= {name: network, f"{name}-leaf": subnet["id"]}
        for place, machine in enumerate(("web", "db")):
            port = site.make(
                "ports",
                "port",
                network_id=network,
                name=f"{machine}-{name}",
                mac_address=f"fa:16:3e:00:0{number}:0{place}",
                device_id=machine,
                device_owner="compute:nova",
            )
            site.ids[port["name"]] = port["id"]
    reports = [
        PortReport(site.ids["web-blue"], Binding("host1", 1, "tap1"), PortStatus.ACTIVE),
        PortReport(site.ids["db-blue"], Binding("host2", 1, "tap2"), PortStatus.DOWN, "its tag to be set"),
    ]
    site.say(PortReports(tuple(reports)))
    partners = {"name": "partners", "addresses": ["192.0.2.0/24", "198.51.100.7/32"]}
    site.ids["partners"] = site.make("address-groups", "address_group", **partners)["id"]
    site.ids["default"] = site.call("GET", "security-groups")["security_groups"][0]["id"]
