"""`osken-net pki`: what it prints is what is typed; what it makes proves what it should."""

import os
import ssl
import stat
import subprocess
from pathlib import Path

import pytest

from osken_apps import config
from osken_apps.cli import main

CAPS = pytest.CaptureFixture[str]


def pki(directory: Path, *words: str) -> int:
    return main(["pki", "--directory", str(directory), *words])


@pytest.fixture
def directory(tmp_path: Path, capsys: CAPS) -> Path:
    assert pki(tmp_path / "pki", "init") == 0
    capsys.readouterr()
    return tmp_path / "pki"


def test_what_is_printed_is_a_configuration(directory: Path, capsys: CAPS) -> None:
    pki(directory, "controller", "192.0.2.10")
    pki(directory, "api", "192.0.2.10")
    file = directory / "osken-net.conf"
    file.write_text(capsys.readouterr().out)
    loaded = config.load(file)
    assert {loaded.api.endpoint.host, loaded.openflow.host, loaded.ovsdb.host} == {"192.0.2.10"}
    assert loaded.api.authentication is config.Authentication.LOCAL
    assert loaded.api.tls
    assert loaded.openflow_tls
    assert loaded.openflow_tls.certificate == directory / "controllerca-192.0.2.10.pem"
    assert loaded.openflow_tls.crl == directory / "crl.pem"


def test_a_name_that_is_no_address_is_not_listened_on(directory: Path, capsys: CAPS) -> None:
    pki(directory, "controller", "ctl1")
    assert "host =" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["192.0.2.10", "net.example.org"])
def test_the_api_s_certificate_proves_itself_to_who_looks_closely(directory: Path, name: str) -> None:
    pki(directory, "api", name)
    file = directory / f"api-{name}"
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=f"{file}.pem")
    server.load_cert_chain(f"{file}.pem", f"{file}.key")
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname=name)
    for _ in range(3):
        for end in (theirs, ours):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert theirs.version()


def test_keys_are_their_owner_s_and_certificates_everybody_s(directory: Path) -> None:
    pki(directory, "controller", "ctl", "--user", str(os.getuid()) if os.getuid() else "root")
    for file in directory.iterdir():
        wanted = 0o600 if file.suffix == ".key" else 0o644
        assert stat.S_IMODE(file.stat().st_mode) == wanted, file
    assert stat.S_IMODE(directory.stat().st_mode) & 0o066 == 0


def test_what_everybody_is_to_read_is_readable_whatever_the_umask(tmp_path: Path) -> None:
    directory, before = tmp_path / "made" / "pki", os.umask(0o077)
    try:
        for command in (["init"], ["host", "h1"], ["revoke", "h1"]):
            assert main(["pki", "--directory", str(directory), *command]) == 0
    finally:
        os.umask(before)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()}
    assert {mode for name, mode in modes.items() if name.endswith(".pem")} == {0o644}
    assert {mode for name, mode in modes.items() if name.endswith(".key")} == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o711


def test_a_user_that_is_not_there_is_one_line(directory: Path, capsys: CAPS) -> None:
    assert pki(directory, "controller", "ctl", "--user", "nobody-of-this-name") == 1
    assert "cannot be given to nobody-of-this-name" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("controller", "x"), ("host", "x"), ("api", "x"), ("revoke", "x")])
def test_without_authorities_nothing_is_made(tmp_path: Path, words: tuple[str, str]) -> None:
    assert pki(tmp_path / "nowhere", *words) == 1


@pytest.mark.parametrize("words", [("controller", "x"), ("host", "x"), ("api", "x")])
def test_a_name_is_certified_once(directory: Path, words: tuple[str, str], capsys: CAPS) -> None:
    assert pki(directory, *words) == 0
    assert pki(directory, *words) == 1
    assert "x has its certificate already" in capsys.readouterr().err


def run_on_host(directory: Path, script: str, hostname: str) -> "subprocess.CompletedProcess[str]":
    """Run a script where `ovs-vsctl` notes what it is told, and knows the host's name."""
    (vsctl := directory / "ovs-vsctl").write_text(
        f'#!/bin/sh\n[ "$2" = get ] && echo \'"{hostname}"\' || echo "$@" >>{directory}/told\n'
    )
    vsctl.chmod(0o755)
    path = f"{directory}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh"], input=script, env={"PATH": path}, capture_output=True, text=True, check=False
    )


def test_a_script_puts_the_files_on_the_host_of_that_name_and_on_no_other(
    directory: Path, tmp_path: Path, capsys: CAPS
) -> None:
    pki(directory, "host", "host1", "--script")
    there = tmp_path / "there"
    script = capsys.readouterr().out.replace("/etc/openvswitch", str(there))
    other = run_on_host(tmp_path, script, "host2")
    assert (other.returncode, other.stderr) == (1, "this host is host2, not host1\n")
    assert not there.exists()
    assert run_on_host(tmp_path, script, "host1").returncode == 0
    names = ["hostca-host1.key", "hostca-host1.pem", "controllerca.pem"]
    assert [(there / name).read_bytes() for name in names] == [
        (directory / name).read_bytes() for name in names
    ]
    assert stat.S_IMODE((there / names[0]).stat().st_mode) == 0o600
    assert (tmp_path / "told").read_text() == f"set-ssl {' '.join(str(there / name) for name in names)}\n"
