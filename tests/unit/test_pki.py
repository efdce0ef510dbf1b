"""`osken-net pki`: what it prints is what is typed; what it makes proves what it should."""

import os
import re
import shlex
import ssl
import stat
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from osken_apps import config
from osken_apps.accounts.certificate import certified
from osken_apps.cli import certifying, main

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


def test_what_is_printed_holds_wherever_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: CAPS
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (("init",), ("controller", "192.0.2.10"), ("api", "192.0.2.10")):
        capsys.readouterr()
        assert main(["pki", "--directory", "of ours", *words]) == 0
        named = re.findall("= (.*(?:pem|key))$", capsys.readouterr().out, re.MULTILINE)
        assert [name for name in named if not Path(name).is_absolute()] == []
    assert main(["pki", "--directory", "of ours", "host", "h1"]) == 0
    command, *files, there = shlex.split(capsys.readouterr().out.splitlines()[0])
    assert (command, there) == ("scp", "root@h1:/etc/openvswitch/")
    assert [file for file in files if not Path(file).is_absolute() or not Path(file).is_file()] == []


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


@pytest.mark.parametrize("what", ["controller", "api"])
def test_for_a_user_that_is_not_there_nothing_is_made(directory: Path, what: str, capsys: CAPS) -> None:
    before = contents(directory)
    assert pki(directory, what, "ctl", "--user", "nobody-of-this-name") == 2
    assert contents(directory) == before
    assert "argument --user: there is no user 'nobody-of-this-name'" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("controller", "x"), ("host", "x"), ("api", "x"), ("revoke", "x")])
def test_without_authorities_nothing_is_made(tmp_path: Path, words: tuple[str, str]) -> None:
    assert pki(tmp_path / "nowhere", *words) == 1


CERTIFYING = [("controller", "x"), ("host", "x"), ("host", "x", "--script"), ("api", "x")]


@pytest.mark.parametrize("words", CERTIFYING)
def test_a_name_is_certified_once_and_printed_as_often_as_is_asked(
    directory: Path, words: tuple[str, ...], capsys: CAPS
) -> None:
    assert pki(directory, *words) == 0
    printed, made = capsys.readouterr().out, contents(directory)
    assert pki(directory, *words) == 0
    assert (capsys.readouterr().out, contents(directory)) == (printed, made)


@pytest.mark.parametrize("words", [("controller", "x"), ("host", "x"), ("api", "x")])
def test_a_certificate_that_does_not_count_is_not_printed_again(
    directory: Path, words: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: CAPS
) -> None:
    monkeypatch.setattr(certifying, "LIFETIME", timedelta(hours=-1))
    assert pki(directory, *words) == 0
    capsys.readouterr()
    assert pki(directory, *words) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "-x.pem has expired at " in err and "move it away to have another made" in err


def test_a_certificate_without_its_key_or_with_another_is_not_printed_again(
    directory: Path, capsys: CAPS
) -> None:
    pki(directory, "host", "x")
    key = directory / "hostca-x.key"
    key.write_bytes((directory / "hostca.key").read_bytes())
    assert pki(directory, "host", "x") == 1
    assert f"hostca-x.pem is not of the key {key}" in capsys.readouterr().err
    key.unlink()
    assert pki(directory, "host", "x") == 1
    assert f"{key} is not there, and {directory}/hostca-x.pem is: put it back" in capsys.readouterr().err


def test_a_host_of_another_authority_or_that_is_revoked_is_not_printed_again(
    directory: Path, capsys: CAPS
) -> None:
    pki(directory, "host", "x")
    certificate = (directory / "hostca-x.pem").read_bytes()
    pki(directory, "revoke", "x")
    (directory / "hostca-x.pem").write_bytes(certificate)
    assert pki(directory, "host", "x") == 1
    assert "hostca-x.pem is revoked" in capsys.readouterr().err
    for name in ("hostca.key", "hostca.pem", "crl.pem"):
        (directory / name).unlink()
    pki(directory, "init")
    certifying.write_crl(directory, [])
    assert pki(directory, "host", "x") == 1
    assert "hostca-x.pem is of another authority" in capsys.readouterr().err


def test_who_is_revoked_twice_is_on_the_list_once(directory: Path) -> None:
    pki(directory, "host", "x")
    certificate = (directory / "hostca-x.pem").read_bytes()
    for _ in range(2):  # the first was interrupted before the certificate was out of the way
        (directory / "hostca-x.pem").write_bytes(certificate)
        assert pki(directory, "revoke", "x") == 0
    assert len(certifying.revoked_numbers(directory)) == 1


def test_a_controller_needs_its_authority_s_key_for_what_is_new_only(directory: Path, capsys: CAPS) -> None:
    pki(directory, "controller", "x")
    key = directory / "controllerca.key"
    key.rename(directory / "elsewhere")
    assert pki(directory, "controller", "x") == 0
    assert pki(directory, "controller", "y") == 1
    told = capsys.readouterr().err
    assert told == f"osken-net: {key} is not there, and {directory}/controllerca.pem is: put it back\n"


@pytest.mark.parametrize("names", [("hostca.pem", "hostca.key", "crl.pem"), ("hostca.pem",), ("crl.pem",)])
def test_what_an_interrupted_init_has_not_made_is_made_by_the_next(
    directory: Path, names: tuple[str, ...]
) -> None:
    before = contents(directory)
    for name in names:
        (directory / name).unlink()
    assert pki(directory, "init") == 0
    after = contents(directory)
    assert after.keys() == before.keys()
    assert [name for name in before if before[name] != after[name] and name not in names] == []
    assert [pki(directory, *words) for words in (("controller", "c"), ("host", "h"))] == [0, 0]


def test_a_revocation_list_that_was_lost_is_made_with_those_that_were_on_it(directory: Path) -> None:
    for name in ("h1", "h2.example.org", "h3"):
        pki(directory, "host", name)
    for name in ("h1", "h2.example.org"):
        pki(directory, "revoke", name)
    before = certifying.revoked_numbers(directory)
    (directory / "crl.pem").unlink()
    assert pki(directory, "init") == 0
    assert sorted(certifying.revoked_numbers(directory)) == sorted(before)
    assert len(before) == 2


def test_a_new_authority_does_not_keep_the_list_of_another(directory: Path) -> None:
    pki(directory, "host", "host1")
    pki(directory, "revoke", "host1")
    for name in ("hostca.pem", "hostca.key"):
        (directory / name).unlink()
    pki(directory, "init")
    listed = x509.load_pem_x509_crl((directory / "crl.pem").read_bytes())
    authority = x509.load_pem_x509_certificate((directory / "hostca.pem").read_bytes())
    assert listed.is_signature_valid(authority.public_key()) and not list(listed)  # type: ignore[arg-type]


def test_a_key_that_is_kept_elsewhere_is_not_made_again(directory: Path, capsys: CAPS) -> None:
    for name in ("hostca.key", "controllerca.key"):
        (directory / name).unlink()
    assert pki(directory, "init") == 1
    assert "has its authorities already" in capsys.readouterr().err
    (directory / "crl.pem").unlink()
    assert pki(directory, "init") == 1
    assert f"{directory}/hostca.key is not there, and {directory}/hostca.pem is" in capsys.readouterr().err
    assert not (directory / "hostca.key").exists()


@pytest.mark.parametrize("what", ["controller", "api"])
def test_an_ipv6_address_is_certified(directory: Path, what: str, capsys: CAPS) -> None:
    assert pki(directory, what, "2001:DB8::10") == 0
    file = directory / "osken-net.conf"
    file.write_text(capsys.readouterr().out)
    loaded = config.load(file)
    section = loaded.api.tls if what == "api" else loaded.openflow_tls
    endpoint = loaded.api.endpoint if what == "api" else loaded.openflow
    assert section
    assert endpoint.host == "2001:db8::10"
    assert certified(section.certificate).names == ("2001:db8::10",)


def contents(directory: Path) -> dict[str, bytes]:
    """Give what there is in a directory."""
    return {file.name: file.read_bytes() for file in directory.iterdir()}


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


def test_a_file_that_is_there_is_replaced_whole_and_is_its_owners_alone(
    directory: Path, tmp_path: Path, capsys: CAPS
) -> None:
    pki(directory, "host", "host1", "--script")
    key = tmp_path / "there" / "hostca-host1.key"
    script = capsys.readouterr().out.replace("/etc/openvswitch", str(key.parent))
    key.parent.mkdir()
    key.write_text("the key of before")
    key.chmod(0o644)
    cut = script[: script.index("-----END PRIVATE KEY")]  # the way to the host breaks off
    run_on_host(tmp_path, cut, "host1")
    assert key.read_text() == "the key of before"
    assert run_on_host(tmp_path, script, "host1").returncode == 0
    assert key.read_bytes() == (directory / key.name).read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert sorted(os.listdir(key.parent)) == ["controllerca.pem", "hostca-host1.key", "hostca-host1.pem"]
