"""Whose a request is: what a trusted proxy appends counts, and one machine's many addresses are one."""

from pathlib import Path

import pytest

from osken_apps.config import ApiConfig
from osken_apps.model.addresses import share_of
from osken_apps.rest.server.clients import client_of
from tests.unit.rest_client import config_of

PROXY, CLIENT = "127.0.0.1", "192.0.2.1"


@pytest.fixture
def behind(tmp_path: Path) -> ApiConfig:
    """Give the configuration of an API behind a proxy."""
    return config_of(tmp_path, "trust_forwarded_headers = true").api


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ({"X_FORWARDED_FOR": CLIENT}, CLIENT),
        ({"X_FORWARDED_FOR": f"203.0.113.9, {CLIENT}"}, CLIENT),  # the first is the client's own invention
        ({"X_FORWARDED_FOR": f"203.0.113.9,{CLIENT}:4711"}, CLIENT),
        ({"X_FORWARDED_FOR": "2001:DB8:0::1"}, "2001:db8::1"),
        ({"X_FORWARDED_FOR": "[2001:db8::1]:443"}, "2001:db8::1"),
        ({"X_FORWARDED_FOR": f"::ffff:{CLIENT}"}, CLIENT),
        ({"X_FORWARDED_FOR": f"{CLIENT}, unknown"}, PROXY),
        ({"X_FORWARDED_FOR": f"{CLIENT},"}, PROXY),
        ({"X_FORWARDED_FOR": ""}, PROXY),
        ({"FORWARDED": f"for=203.0.113.9;proto=http, For={CLIENT};proto=https;host=a"}, CLIENT),
        ({"FORWARDED": 'for="[2001:db8::1]:443"'}, "2001:db8::1"),
        ({"FORWARDED": f'for="203.0.113.9, for={CLIENT}'}, CLIENT),  # a client that leaves a quote open
        ({"FORWARDED": "for=_hidden"}, PROXY),
        ({"FORWARDED": "proto=https"}, PROXY),
        ({"FORWARDED": "proto=https", "X_FORWARDED_FOR": CLIENT}, CLIENT),
        ({"FORWARDED": f"for={CLIENT}", "X_FORWARDED_FOR": CLIENT}, CLIENT),
        # One of two may be the client's, which the proxy has let pass.
        ({"FORWARDED": "for=203.0.113.9", "X_FORWARDED_FOR": CLIENT}, PROXY),
        ({"FORWARDED": "for=_hidden", "X_FORWARDED_FOR": CLIENT}, PROXY),
        ({}, PROXY),
    ],
)
def test_a_client_is_who_the_proxy_says_that_sent_the_request_on(
    behind: ApiConfig, headers: dict[str, str], client: str
) -> None:
    assert client_of(headers, PROXY, behind) == client


def test_only_a_trusted_proxy_is_asked_and_only_if_that_is_wanted(tmp_path: Path, behind: ApiConfig) -> None:
    told = {"X_FORWARDED_FOR": CLIENT, "FORWARDED": f"for={CLIENT}"}
    assert client_of(told, "203.0.113.7", behind) == "203.0.113.7"
    assert client_of(told, PROXY, config_of(tmp_path).api) == PROXY


@pytest.mark.parametrize(
    ("address", "share"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"),
        ("2001:db8:0:2::1", "2001:db8:0:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_one_machine_has_one_share_whichever_of_its_addresses_it_comes_from(address: str, share: str) -> None:
    assert share_of(address) == share
