"""`osken-net check`: what keeps the controller from running, what will, and that nothing is changed by it."""

import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from osken_apps.cli import certifying, main
from osken_apps.errors import StoreUnavailable
from osken_apps.store.schema import NEWEST_VERSION
from osken_apps.store.store import Store
from tests.ports import reserved

PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8


@pytest.fixture
def ports() -> Iterator[dict[str, int]]:
    """Give three ports that are free."""
    with reserved(3) as found:
        yield dict(zip(("api", "openflow", "ovsdb"), found, strict=True))


class Place:
    """A configuration file, its state, and what `check` says of it."""

    def __init__(self, directory: Path, ports: dict[str, int], capsys: pytest.CaptureFixture[str]) -> None:
        self.directory = directory
        self.file = directory / "osken-net.conf"
        self.database = directory / "osken-net.db"
        self._ports = ports
        self._capsys = capsys
        self.write()

    def write(self, **sections: str) -> None:
        """Write the configuration, with further lines of its sections."""
        lines = [f"[DEFAULT]\nstate_dir = {self.directory}\n"]
        for section in {**self._ports, **sections}:
            port = f"port = {self._ports[section]}\n" if section in self._ports else ""
            lines.append(f"[{section}]\n{port}{sections.get(section, '')}\n")
        self.file.write_text("".join(lines))

    def certify(self) -> str:
        """Make certificates; give the lines that name them."""
        where = self.directory / "pki"
        for words in (["init"], ["controller", "ctl"]):
            main(["pki", "--directory", str(where), *words])
        base = where / "controllerca-ctl"
        return f"certificate={base}.pem\nprivate_key={base}.key\nca={where}/hostca.pem\ncrl={where}/crl.pem\n"

    def check(self) -> tuple[int, list[str]]:
        """Give the status and the lines without what is always there."""
        self._capsys.readouterr()
        before = {path: path.stat().st_mtime_ns for path in self.directory.rglob("*")}
        status = main(["check", "--config-file", str(self.file)])
        assert {path: path.stat().st_mtime_ns for path in self.directory.rglob("*")} == before
        out, err = self._capsys.readouterr()
        return status, (out + err).splitlines()

    def unusual(self) -> tuple[int, list[str]]:
        """Give the status, and the lines that are not ok."""
        status, lines = self.check()
        return status, [line for line in lines if not line.startswith("ok ")]


@pytest.fixture
def place(tmp_path: Path, ports: dict[str, int], capsys: pytest.CaptureFixture[str]) -> Place:
    return Place(tmp_path, ports, capsys)


def test_what_would_run_is_said_thing_by_thing(place: Place, ports: dict[str, int]) -> None:
    Store(f"sqlite:///{place.database}").close()
    place.write(openflow=place.certify())
    days = (certifying.LIFETIME - timedelta(days=1)).days
    where = place.directory / "pki"
    assert place.check() == (
        0,
        [
            f"ok    {place.file}",
            f"ok    [openflow] certificate={where}/controllerca-ctl.pem: {days} days left",
            f"ok    [openflow] ca={where}/hostca.pem: {days} days left",
            f"ok    [openflow] crl={where}/crl.pem: {days} days left",
            f"ok    [database] {place.database}, schema {NEWEST_VERSION}",
            *(f"ok    [{section}] 127.0.0.1 {port}: free" for section, port in ports.items()),
        ],
    )


def test_a_database_that_is_not_there_is_not_made(place: Place) -> None:
    assert f"ok    [database] {place.database} is not there, and will be made" in place.check()[1]
    assert not place.database.exists()


def test_a_wrong_option_is_one_line(place: Place) -> None:
    place.write(dhcp="lease_time = soon")
    wanted = "a whole number from 60 to 4294967294 is wanted"
    assert place.check() == (2, [f"osken-net: {place.file}: [dhcp] lease_time=soon: {wanted}"])


def test_a_file_with_a_secret_that_everybody_may_read_is_wrong(place: Place) -> None:
    nova = "auth_url = http://192.0.2.5/v3\nusername = neutron\npassword = x"
    place.write(nova=nova)
    place.file.chmod(0o644)
    told = (
        f"[nova] password: everybody may read {place.file}, and it holds this secret: chmod o-r {place.file}"
    )
    assert place.unusual() == (2, [f"wrong {told}"])
    assert main(["run", "--config-file", str(place.file)]) == 2
    assert place._capsys.readouterr().err == f"osken-net: {told}\n"
    place.file.chmod(0o640)
    assert place.unusual() == (0, [])


@pytest.mark.parametrize(("days", "words"), [(20, "20 days left"), (-1, "expired at ")], ids=["soon", "over"])
def test_a_certificate_that_ends_soon_is_to_be_mended(
    place: Place, monkeypatch: pytest.MonkeyPatch, days: int, words: str
) -> None:
    where = place.directory / "pki"
    main(["pki", "--directory", str(where), "init"])
    monkeypatch.setattr(certifying, "LIFETIME", timedelta(days=days, hours=1))
    main(["pki", "--directory", str(where), "controller", "ctl"])
    base = where / "controllerca-ctl"
    place.write(ovsdb=f"certificate={base}.pem\nprivate_key={base}.key\nca={where}/hostca.pem\n")
    status, (line,) = place.unusual()
    assert status == 1
    assert line.startswith(f"mend  [ovsdb] certificate={base}.pem: {words}")


@pytest.mark.parametrize("section", ["api", "openflow"])
def test_a_key_that_everybody_may_read_is_wrong(place: Place, section: str) -> None:
    lines = place.certify() if section == "openflow" else "\n".join(place.certify().splitlines()[:2])
    place.write(**{section: lines})
    key = place.directory / "pki/controllerca-ctl.key"
    key.chmod(0o644)
    told = f"wrong [{section}] private_key: everybody may read {key}: chmod o-r {key}"
    assert place.unusual() == (2, [told])


def test_a_key_of_another_certificate_and_one_with_a_password_are_wrong(place: Place) -> None:
    place.write(openflow=place.certify())
    key, other = (place.directory / "pki" / name for name in ("controllerca-ctl.key", "hostca.key"))
    key.write_bytes(other.read_bytes())
    status, (line,) = place.unusual()
    assert (status, line.endswith("KEY_VALUES_MISMATCH")) == (2, True)
    encrypted = serialization.BestAvailableEncryption(b"secret")
    locked = ec.generate_private_key(ec.SECP256R1())
    key.write_bytes(locked.private_bytes(PEM, PKCS8, encrypted))
    assert place.unusual()[0] == 2


def test_a_database_that_cannot_be_used_is_to_be_mended(place: Place) -> None:
    place.database.write_bytes(b"")
    status, (line,) = place.unusual()
    assert (status, line.startswith(f"mend  [database] {place.database} is empty; ")) == (1, True)
    place.database.unlink()
    Store(f"sqlite:///{place.database}").close()


def test_what_is_done_with_a_database_that_everybody_may_read_is_what_is_said(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{place.database}"
    Store(url).close()
    place.database.chmod(0o644)
    told = f"ok    [database] {place.database}, schema {NEWEST_VERSION}, will be its owner's alone"
    assert told in place.check()[1]
    monkeypatch.setattr(os, "geteuid", lambda: 4711)  # another user's
    status, (line,) = place.unusual()
    assert (status, line.startswith(f"mend  [database] everybody may read {place.database}: chmod o-")) == (
        1,
        True,
    )
    with (
        pytest.raises(StoreUnavailable, match="everybody may read"),
        closing(Store(url)) as refused,
        refused.read(),
    ):
        pass
    monkeypatch.undo()
    Store(url).close()
    assert place.database.stat().st_mode & 0o777 == 0o600


def test_a_database_in_use_is_looked_at(place: Place) -> None:
    with closing(Store(f"sqlite:///{place.database}")) as store, store.write():
        assert f"ok    [database] {place.database}, schema {NEWEST_VERSION}" in place.check()[1]


def test_a_broken_policy_is_wrong(place: Place) -> None:
    policy = place.directory / "policy.yaml"
    policy.write_text("- no rules")
    place.write(api=f"policy_file = {policy}")
    status, (line,) = place.unusual()
    assert (status, line.startswith(f"wrong [api] policy_file: {policy}")) == (2, True)


KEYSTONE = """authentication = keystone
[keystone_authtoken]
auth_type = password
auth_url = http://127.0.0.1:1/v3
username = neutron
password = x"""
NOVA = "auth_url = http://127.0.0.1:1/v3\nusername = neutron\npassword = x"


@pytest.mark.parametrize(
    ("section", "lines", "module"),
    [("api", KEYSTONE, "keystonemiddleware.auth_token"), ("nova", NOVA, "keystoneauth1.identity")],
)
def test_an_extra_that_is_not_installed_is_wrong(
    place: Place, monkeypatch: pytest.MonkeyPatch, section: str, lines: str, module: str
) -> None:
    place.write(**{section: lines})
    place.file.chmod(0o600)
    assert place.unusual() == (0, [])
    monkeypatch.setitem(sys.modules, module, None)
    status, (line,) = place.unusual()
    assert status == 2
    assert "pip install -c constraints.txt '.[" in line


def test_a_section_that_keystonemiddleware_cannot_use_is_wrong(place: Place) -> None:
    place.write(api=KEYSTONE.replace("= password", "= no such plugin"))
    place.file.chmod(0o600)
    status, (line,) = place.unusual()
    assert (status, line.startswith("wrong [keystone_authtoken] ")) == (2, True)


def test_a_file_that_cannot_be_written_is_wrong(place: Place) -> None:
    where = place.directory / "not" / "there"
    place.write(api=f"audit_log = {where}/audit.log")
    assert place.unusual() == (2, [f"wrong [api] audit_log: {where}: there is no such directory"])
    text = place.file.read_text().replace(f"audit_log = {where}/audit.log", "")
    in_the_way = place.directory / "file"
    in_the_way.touch()
    text = text.replace(f"state_dir = {place.directory}", f"state_dir = {in_the_way}/state")
    place.file.write_text(f"{text}[database]\nconnection = sqlite:///{place.database}\n")
    assert place.unusual() == (2, [f"wrong [DEFAULT] state_dir: {in_the_way}: there is no such directory"])


@pytest.mark.parametrize(
    ("mode", "told"), [(0o644, ""), (None, "Is a directory"), (0o444, "Permission denied")]
)
def test_a_file_that_is_there_is_looked_at_itself(
    place: Place, monkeypatch: pytest.MonkeyPatch, mode: int | None, told: str
) -> None:
    file, can = place.directory / "audit.log", os.access
    file.mkdir() if mode is None else file.touch(mode)
    monkeypatch.setattr(
        os, "access", lambda path, how: (path != file or mode != 0o444) and can(path, how)
    )  # tests may run as root
    place.write(api=f"audit_log = {file}")
    wanted = (2, [f"wrong [api] audit_log: {file}: {told}"]) if told else (0, [])
    assert place.unusual() == wanted


class Closed:
    """A directory that is not ours to enter, as the system tells of it: tests may run as root."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._below = f"{directory}/"
        self._stat = os.stat
        monkeypatch.setattr(os, "stat", self.stat)
        monkeypatch.setattr(os, "access", lambda path, mode: str(path) != str(directory))

    def stat(self, path: Any, *arguments: Any, **more: Any) -> os.stat_result:
        """Do as `os.stat`, but for what is in it."""
        if str(path).startswith(self._below):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return self._stat(path, *arguments, **more)


def test_what_is_below_a_directory_that_is_closed_is_wrong(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = place.directory.parent / "closed"
    place.write(api=f"audit_log = {closed}/logs/audit.log")
    text = place.file.read_text().replace(f"state_dir = {place.directory}", f"state_dir = {closed}/state")
    place.file.write_text(f"{text}[database]\nconnection = sqlite:///{place.database}\n")
    closed.mkdir()
    Closed(closed, monkeypatch)
    assert place.unusual() == (
        2,
        [
            f"wrong [DEFAULT] state_dir: {closed}: Permission denied",
            f"wrong [api] audit_log: {closed}/logs: Permission denied",
        ],
    )


@pytest.mark.parametrize("words", [("user", "list"), ("backup", "copy.db")])
def test_a_state_that_is_closed_is_one_line(
    place: Place, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = place.directory / "closed"
    closed.mkdir()
    place.write(database=f"connection = sqlite:///{closed}/osken-net.db")
    Closed(closed, monkeypatch)
    assert main([*words, "--config-file", str(place.file)]) == 1
    assert capsys.readouterr().err == f"osken-net: {closed}/osken-net.db: Permission denied\n"


def test_a_taken_address_is_wrong(place: Place, ports: dict[str, int]) -> None:
    with socket.create_server(("127.0.0.1", ports["ovsdb"])):
        where = f"[ovsdb] host=127.0.0.1 port={ports['ovsdb']}"
        assert place.unusual() == (2, [f"wrong {where}: Address already in use"])


def test_an_address_that_is_not_there_yet_is_to_be_mended(place: Place, ports: dict[str, int]) -> None:
    place.write(openflow="host = 203.0.113.9\ninsecure = true")
    where = f"[openflow] 203.0.113.9 {ports['openflow']}"
    assert place.unusual() == (1, [f"mend  {where}: this machine has no such address yet"])


def test_two_that_want_one_address_are_wrong(place: Place, ports: dict[str, int]) -> None:
    place.write(metrics=f"port = {ports['ovsdb']}")
    where = f"[metrics] host=127.0.0.1 port={ports['ovsdb']}"
    assert place.unusual() == (2, [f"wrong {where}: Address already in use"])


@pytest.mark.parametrize("is_to_change", [False, True], ids=["as it runs", "about to speak TLS"])
def test_addresses_that_the_running_controller_has_are_well(
    place: Place, ports: dict[str, int], is_to_change: bool
) -> None:
    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "ok"}')

        def log_message(self, *_: object) -> None:
            pass

    if is_to_change:
        place.write(api="\n".join(place.certify().splitlines()[:2]))
    with HTTPServer(("127.0.0.1", ports["api"]), Health) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        assert f"ok    [api] 127.0.0.1 {ports['api']}: the controller runs" in place.check()[1]
        server.shutdown()
