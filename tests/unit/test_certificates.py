"""The API's certificate: what cannot be used is told, what changes is taken."""

import logging
import os
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from osken_apps.accounts.first import environment
from osken_apps.certificates.contexts import api_context
from osken_apps.config import TlsConfig
from osken_apps.errors import ConfigurationError
from osken_apps.rest.server.certificates import Certificates, Shown, shown_by
from osken_apps.rest.wsgi import application
from tests.certificates import api_options, authority_file, files, of_another_version
from tests.unit.rest_client import client_of, config_of


def tls_of(directory: Path) -> TlsConfig:
    """Give the files of a configuration."""
    tls = config_of(directory, api_options(directory)).api.tls
    assert tls is not None
    return tls


def test_tls_1_2_is_the_least_and_client_certificates_may_be_shown(tmp_path: Path) -> None:
    context = api_context(tls_of(tmp_path))
    assert (context.minimum_version, context.verify_mode) == (ssl.TLSVersion.TLSv1_2, ssl.CERT_OPTIONAL)


def test_what_cannot_be_used_is_one_line_that_names_the_option(tmp_path: Path) -> None:
    tls = tls_of(tmp_path)
    _, other_key = files(tmp_path, "other.example")
    junk = tmp_path / "junk"
    junk.write_text("junk")
    for broken, told in (
        (TlsConfig(tls.certificate, other_key), "KEY_VALUES_MISMATCH"),
        (TlsConfig(junk, tls.private_key), "certificate="),
        (TlsConfig(tls.certificate, tls.private_key, junk), "client_ca="),
        (TlsConfig(tmp_path / "nothing", tls.private_key), "No such file"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            api_context(broken)
    tls.private_key.chmod(0o644)
    with pytest.raises(ConfigurationError, match="everybody may read"):
        api_context(tls)


def test_files_that_change_are_taken_and_broken_ones_are_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tls = tls_of(tmp_path)
    certificates = Certificates(tls)
    first = certificates.context
    certificates.look()
    assert certificates.context is first
    files(tmp_path, "127.0.0.1")
    certificates.look()
    second = certificates.context
    assert second is not first
    tls.certificate.write_text("")
    certificates.look()
    certificates.look()
    assert certificates.context is second
    assert [record.levelname for record in caplog.records] == ["INFO", "ERROR"]
    os.unlink(tls.certificate)
    certificates.look()
    assert certificates.context is second


def test_a_certificate_that_openssl_takes_and_the_reader_does_not_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tls = tls_of(tmp_path)
    certificates = Certificates(tls)
    first = certificates.context
    shown = x509.load_pem_x509_certificate(tls.certificate.read_bytes())
    odd = ssl.DER_cert_to_PEM_cert(of_another_version(shown))
    tls.certificate.write_text(odd)
    assert api_context(tls)
    certificates.look()
    assert certificates.context is first
    tls.certificate.write_bytes(shown.public_bytes(serialization.Encoding.PEM))
    certificates.look()
    assert certificates.context is not first
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        f"[api] certificate={tls.certificate}: 7 is not a valid X509 version;"
        " the API goes on with the certificate that it has"
    ]


def test_the_name_is_the_common_name_else_the_first_dns_name_while_it_counts() -> None:
    subject = ((("organizationName", "o"),), (("commonName", "alice"),))
    names = (("DNS", "bob"),)
    shown = {"subject": subject, "subjectAltName": names, "notAfter": "Jan  1 00:01:40 1970 GMT"}
    assert shown_by(shown) == Shown("alice", 100.0)
    assert shown_by(shown | {"subject": ()}).name == "bob"
    assert shown_by(shown | {"subject": (*subject, (("commonName", "bob"),))}) == Shown()
    assert [shown_by(nobody) for nobody in (None, {}, {"subject": ()})] == [Shown()] * 3
    assert [shown_by(shown).name_at(now) for now in (99.0, 100.0)] == ["alice", ""]


@pytest.mark.parametrize("left", ["certificate", "private_key", "client_ca"])
def test_certificate_and_key_need_each_other(tmp_path: Path, left: str) -> None:
    text = f"{left} = {authority_file(tmp_path)}"
    with pytest.raises(ConfigurationError, match="need each other"):
        config_of(tmp_path, text)


def test_an_address_that_others_reach_needs_a_certificate_and_users(tmp_path: Path) -> None:
    options = api_options(tmp_path) + "host = 0.0.0.0\n"
    with pytest.raises(ConfigurationError, match="everybody is administrator"):
        config_of(tmp_path, options)
    assert config_of(tmp_path, options + "authentication = local\n").api.endpoint.host == "0.0.0.0"


def test_clients_are_told_the_name_and_the_authority_of_a_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = files(tmp_path, "api.example", "192.0.2.1")
    options = f"certificate = {certificate}\nprivate_key = {key}\nhost = 0.0.0.0\nauthentication = local\n"
    who = {"USERNAME": "alice"}
    values = environment(config_of(tmp_path, options).api, who)
    assert values["OS_AUTH_URL"] == "https://api.example:9696/identity/v3"
    assert "OS_CACERT" not in values
    with certificate.open("ab") as chain:
        chain.write(authority_file(tmp_path).read_bytes())
    assert environment(config_of(tmp_path, options).api, who)["OS_CACERT"] == str(certificate)
    monkeypatch.chdir(tmp_path)
    by_name = options.replace(f"{tmp_path}/", "")
    assert environment(config_of(tmp_path, by_name).api, who)["OS_CACERT"] == str(certificate)


def test_the_api_answers_to_the_names_in_its_certificate(tmp_path: Path) -> None:
    certificate, key = files(tmp_path, "api.example", "192.0.2.1", "*.API.example")
    names = Certificates(TlsConfig(certificate, key)).names
    api = client_of(tmp_path)
    api.app = application(api.store, config_of(tmp_path), api.hosts, certified=lambda: names | {"*"})
    for host, status in (
        ("api.example:9696", 200),
        ("192.0.2.1", 200),
        ("one.api.example", 200),
        ("one.two.api.example", 421),
        (".api.example", 421),
        ("other.example", 421),
    ):
        assert api.call("GET", "/networks", Host=host).status == status, host
