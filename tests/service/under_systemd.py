"""The Debian package under systemd, on a bare Debian without network: `make service`.

The tests are one story, in this order: installed, used, taken in place of an older one, watched, configured,
broken, upgraded, removed.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from osken_apps.lab import wait_until
from tests.service.machine import RELEASE, Machine, bare_debian

HERE = Path(__file__).parents[2]
UNIT = "osken-net.service"
CONF = "/etc/osken-net/osken-net.conf"
PKI = "/etc/osken-net/pki"
POLICY = "/etc/osken-net/policy.yaml"
STATE = "/var/lib/osken-net"
DROP_IN = f"/run/systemd/system/{UNIT}.d"
MOST_EXPOSED = 1.2  # as README says
WAIT_S = 60.0
IS_NEW = "there was no database; made a new one"  # is said once, as a warning
ASK = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode())"
MAKE_NETWORK = """import urllib.request as u
u.urlopen(u.Request("http://127.0.0.1:9696/v2.0/networks", b'{"network": {"name": "n1"}}',
                    {"Content-Type": "application/json"}))"""
CERTIFICATE = "import ssl; print(ssl.get_server_certificate(('127.0.0.1', 9696)))"
NOVA = "[nova]\\nauth_url = http://127.0.0.1:1/v3\\nusername = nova\\npassword = secret\\n"


class Service:
    """The service on its machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def shows(self, name: str) -> str:
        """Give what systemd knows of the unit."""
        return self.machine.run("systemctl", "show", "--value", "--property", name, UNIT).strip()

    def wait_until_shows(self, name: str, value: str) -> None:
        """Wait for it."""
        wait_until(lambda: self.shows(name) == value, WAIT_S, f"{name}={value}")

    def cursor(self) -> str:
        """Give where the journal ends now."""
        shown = self.machine.run("journalctl", "--quiet", "--lines=1", "--show-cursor")
        return shown.rpartition("cursor: ")[2].strip()

    def log(self, after: str = "") -> str:
        """Give the journal of the unit."""
        options = [f"--after-cursor={after}"] if after else []
        return self.machine.run("journalctl", "--quiet", "--output=cat", "--unit", UNIT, *options)

    def warnings(self) -> list[str]:
        """Give the lines of the journal that tell of trouble."""
        trouble = re.compile("WARNING|ERROR|Traceback|[Ff]ail")
        return [line for line in self.log().splitlines() if trouble.search(line) and IS_NEW not in line]

    def state(self) -> set[str]:
        """Give what it keeps, without the database's own parts."""
        return {name.removesuffix("-wal").removesuffix("-shm") for name in self.machine.names(STATE)}

    def start(self) -> None:
        """Start it anew, whatever became of it."""
        self.machine.run("systemctl", "reset-failed", UNIT)
        self.machine.run("systemctl", "restart", UNIT)

    def start_in_vain(self) -> str:
        """Start what cannot start, and is not to be started again; give what the journal says of it."""
        before = self.cursor()
        self.machine.run("systemctl", "reset-failed", UNIT)
        assert self.machine.try_to("systemctl", "restart", UNIT).returncode != 0
        assert (self.shows("ActiveState"), self.shows("ExecMainStatus")) == ("failed", "2")
        assert self.shows("NRestarts") == "0"
        return self.log(before)

    def ask(self, path: str) -> str:
        """Ask its API, which is plain."""
        return self.machine.run("python3", "-c", ASK, f"http://127.0.0.1:9696/{path}")

    def certificate(self) -> str:
        """Give the certificate that its API shows."""
        return self.machine.run("python3", "-c", CERTIFICATE)


def make_older(package: Path, tree: Path, made: Path) -> None:
    """Make of a package one of a version before, with its unit in /lib, where packages once had it."""
    subprocess.run(["dpkg-deb", "--raw-extract", str(package), str(tree)], check=True)
    (tree / "lib").mkdir()
    (tree / "usr/lib/systemd").rename(tree / "lib/systemd")
    control = tree / "DEBIAN/control"
    control.write_text(re.sub("Version: .*", "Version: 0.0.1", control.read_text()))
    build = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(made)]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    (package,) = (HERE / "build").glob("osken-apps_*.deb")
    debian = bare_debian(HERE / ".cache" / f"debian-{RELEASE}")
    with Machine(debian, tmp_path_factory.mktemp("machine") / "root") as machine:
        (machine.root / "package.deb").write_bytes(package.read_bytes())
        make_older(package, tmp_path_factory.mktemp("older") / "tree", machine.root / "older.deb")
        yield Service(machine)


def test_the_package_installs_without_network_and_its_service_is_active(service: Service) -> None:
    machine = service.machine
    assert machine.run("ip", "-brief", "link", "show").split()[0::4] == ["lo"]
    machine.run("dpkg", "-i", "/package.deb")
    assert (service.shows("Type"), service.shows("ActiveState")) == ("notify", "active")
    assert service.shows("StatusText").startswith("API on 127.0.0.1:9696")
    assert service.shows("User") == "osken-net"
    assert machine.run("systemctl", "is-enabled", UNIT) == "enabled\n"
    assert service.warnings() == []


def test_it_serves(service: Service) -> None:
    machine = service.machine
    assert json.loads(service.ask("readyz")) == {"status": "ready"}
    assert json.loads(service.ask("v2.0/networks")) == {"networks": []}
    assert "<!doctype html>" in service.ask("ui/").lower()
    assert machine.run("osken-net", "check").count("the controller runs") == 3
    machine.run("osken-net", "hosts")
    machine.shell(". /usr/share/bash-completion/completions/osken-net && complete -p osken-net >/dev/null")


def test_it_is_exposed_to_little(service: Service) -> None:
    shown = service.machine.run("systemd-analyze", "security", "--no-pager", UNIT)
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", shown)
    assert exposure is not None
    assert float(exposure[1]) <= MOST_EXPOSED, shown


def test_it_keeps_no_more_in_its_state_than_the_database(service: Service) -> None:
    assert service.state() == {"osken-net.db"}


def test_it_stops_in_order_and_comes_back_with_what_it_had(service: Service) -> None:
    service.machine.run("python3", "-c", MAKE_NETWORK)
    service.machine.run("systemctl", "stop", UNIT)
    assert (service.shows("ActiveState"), service.shows("Result")) == ("inactive", "success")
    assert service.shows("ExecMainStatus") == "0"
    service.machine.run("systemctl", "start", UNIT)
    (network,) = json.loads(service.ask("v2.0/networks"))["networks"]
    assert network["name"] == "n1"
    assert service.warnings() == []


def test_an_upgrade_of_a_package_with_its_unit_in_lib_keeps_the_service_and_what_it_had(
    service: Service,
) -> None:
    machine = service.machine
    machine.run("dpkg", "-r", "osken-apps")
    machine.run("dpkg", "-i", "/older.deb")
    assert "/lib/systemd/system" in machine.run("dpkg", "-L", "osken-apps").splitlines()
    main = service.shows("MainPID")
    machine.run("dpkg", "-i", "/package.deb")
    assert (service.shows("ActiveState"), service.shows("LoadState")) == ("active", "loaded")
    assert service.shows("MainPID") != main
    assert machine.run("systemctl", "is-enabled", UNIT) == "enabled\n"
    (network,) = json.loads(service.ask("v2.0/networks"))["networks"]
    assert network["name"] == "n1"
    assert service.warnings() == []


def test_the_watchdog_is_fed_and_ends_what_stands_still(service: Service) -> None:
    assert service.shows("WatchdogUSec") == "30s"
    service.machine.shell(f"mkdir -p {DROP_IN}; printf '[Service]\\nWatchdogSec=3\\n' >{DROP_IN}/short.conf")
    service.machine.run("systemctl", "daemon-reload")
    service.start()
    began = int(service.shows("WatchdogTimestampMonotonic"))
    wait_until(
        lambda: int(service.shows("WatchdogTimestampMonotonic")) > began + 6_000_000,
        WAIT_S,
        "the watchdog to be fed for longer than it waits",
    )
    main = service.shows("MainPID")
    assert service.shows("NRestarts") == "0"
    service.machine.run("kill", "-STOP", main)
    service.wait_until_shows("NRestarts", "1")
    service.wait_until_shows("ActiveState", "active")
    assert service.shows("MainPID") != main
    assert "Failed with result 'watchdog'" in service.log()
    service.machine.run("rm", "-r", DROP_IN)
    service.machine.run("systemctl", "daemon-reload")


def test_it_speaks_tls_with_a_key_that_only_its_user_may_read(service: Service) -> None:
    machine = service.machine
    machine.run("osken-net", "pki", "init")
    machine.shell(f"osken-net pki controller 127.0.0.1 --user osken-net >>{CONF}")
    machine.shell(f"osken-net pki api 127.0.0.1 --user osken-net >>{CONF}")
    machine.shell(f"echo policy_file = {POLICY} >>{CONF}; echo >{POLICY}")
    assert machine.run("osken-net", "check").count("the controller runs") == 3
    service.start()
    assert machine.shell(f". {STATE}/admin-openrc; osken-net hosts -f value") == ""
    machine.run("osken-net", "project", "create", "demo")
    machine.run("osken-net", "user", "create", "alice", "--project", "demo", "--openrc", "/root/alice")
    assert machine.shell("stat -c %U /var/lib/osken-net/*").split() == ["osken-net"] * len(
        machine.names(STATE)
    )


def test_a_reload_takes_certificates_and_policy_anew(service: Service) -> None:
    machine, before, main = service.machine, service.cursor(), service.shows("MainPID")
    shown = service.certificate()
    machine.shell(f"for end in pem key; do mv {PKI}/api-127.0.0.1.$end {PKI}/old.$end; done")
    machine.run("osken-net", "pki", "api", "127.0.0.1", "--user", "osken-net")
    machine.shell(f"echo '- no rules' >{POLICY}")
    machine.run("systemctl", "reload", UNIT)
    wait_until(lambda: service.certificate() != shown, WAIT_S, "another certificate")
    wait_until(
        lambda: "policy.yaml: it is no mapping" in service.log(before), WAIT_S, "the policy to be read"
    )
    machine.shell(f"echo >{POLICY}")
    assert service.shows("MainPID") == main


@pytest.mark.parametrize(
    ("broken", "mended", "told"),
    [
        (
            f"cp -p {CONF} /root/conf; printf '{NOVA}' >>{CONF}; chmod o+r {CONF}",
            f"cp -p /root/conf {CONF}",
            f"[nova] password: everybody may read {CONF}",
        ),
        (f"chmod 600 {CONF}", f"chmod 640 {CONF}", f"{CONF}: Permission denied"),
        (
            f"chmod o+r {PKI}/api-127.0.0.1.key",
            f"chmod 600 {PKI}/api-127.0.0.1.key",
            f"[api] private_key: everybody may read {PKI}/api-127.0.0.1.key",
        ),
        (
            f"chown root {PKI}/api-127.0.0.1.key",
            f"chown root:osken-net {PKI}/api-127.0.0.1.key; chmod 640 {PKI}/api-127.0.0.1.key",
            f"private_key={PKI}/api-127.0.0.1.key: Permission denied",
        ),
    ],
    ids=["a secret for everybody", "an unreadable file", "a key for everybody", "an unreadable key"],
)
def test_what_the_wrong_may_read_or_the_service_may_not_is_said_in_a_line(
    service: Service, broken: str, mended: str, told: str
) -> None:
    service.machine.shell(broken)
    try:
        (line,) = [line for line in service.start_in_vain().splitlines() if line.startswith("osken-net: ")]
        assert told in line
    finally:
        service.machine.shell(mended)
    service.start()
    assert service.shows("ActiveState") == "active"


def test_it_writes_an_audit_log_where_logs_are(service: Service) -> None:
    machine, log = service.machine, "/var/log/osken-net/audit.log"
    machine.shell(f"cp -p {CONF} /root/conf; sed -i '/^\\[api\\]/a audit_log = {log}' {CONF}")
    try:
        service.start()
        assert service.shows("ActiveState") == "active"
        assert machine.run("stat", "-c", "%U %a", "/var/log/osken-net", log).splitlines() == [
            "osken-net 750",
            "osken-net 600",
        ]
    finally:
        machine.shell(f"cp -p /root/conf {CONF}")
    service.start()


def test_a_database_that_everybody_could_read_no_longer_can_be(service: Service) -> None:
    service.machine.shell(f"systemctl stop {UNIT}; chmod 755 {STATE}; chmod 644 {STATE}/osken-net.db")
    service.start()
    assert service.machine.run("stat", "-c", "%a", STATE, f"{STATE}/osken-net.db").split() == ["750", "600"]


def test_an_upgrade_starts_the_new_one_and_leaves_what_is_configured(service: Service) -> None:
    machine, main = service.machine, service.shows("MainPID")
    configured = machine.run("cat", CONF)
    machine.run("dpkg", "-i", "/package.deb")
    assert service.shows("MainPID") != main
    assert service.shows("ActiveState") == "active"
    assert machine.run("cat", CONF) == configured
    machine.run("systemctl", "disable", "--quiet", "--now", UNIT)
    machine.run("dpkg", "-i", "/package.deb")
    assert service.shows("ActiveState") == "inactive"
    assert machine.try_to("systemctl", "is-enabled", UNIT).stdout == "disabled\n"
    machine.run("systemctl", "enable", "--quiet", "--now", UNIT)


def test_what_is_removed_can_be_installed_again(service: Service) -> None:
    machine = service.machine
    machine.run("dpkg", "-r", "osken-apps")
    assert machine.try_to("test", "-e", "/opt/osken-apps").returncode == 1
    assert service.shows("ActiveState") == "inactive"
    assert machine.run("systemctl", "--failed", "--plain", "--no-legend") == ""
    machine.run("dpkg", "-i", "/package.deb")
    assert service.shows("ActiveState") == "active"
    assert machine.run("systemctl", "is-enabled", UNIT) == "enabled\n"


def test_a_purge_leaves_the_network_and_the_keys(service: Service) -> None:
    machine = service.machine
    machine.run("dpkg", "-P", "osken-apps")
    found = machine.run("find", "/etc", "/usr", "/lib", "/var", "/run", "-name", "*osken*")
    listed = {line for line in found.splitlines() if not line.startswith(("/etc/osken-net", STATE))}
    assert listed == set()
    assert machine.names("/etc/osken-net") == ["pki", "policy.yaml"]
    assert service.state() == {"admin-openrc", "osken-net.db"}
    assert machine.run("systemctl", "--failed", "--plain", "--no-legend") == ""
