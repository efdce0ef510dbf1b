"""Rules of allocation: ids, pools, MAC and IPv6 addresses."""

from collections.abc import Iterable
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osken_apps.model.addresses import is_unicast, mac_address
from osken_apps.model.allocation import (
    default_gateway,
    default_pools,
    eui64_address,
    first_free,
    generated_mac,
)


@pytest.mark.parametrize(
    ("taken", "expected"),
    [((), 1000), ((1000, 1001), 1002), ((1001,), 1000), ((999, 1000), 1001), (range(1000, 1004), None)],
)
def test_the_lowest_free_number_is_found(taken: Iterable[int], expected: int | None) -> None:
    assert first_free(1000, 1003, taken) == expected


@given(st.sets(st.integers(0, 40)), st.integers(0, 40), st.integers(0, 40))
def test_first_free_is_the_minimum_of_the_rest(taken: set[int], first: int, last: int) -> None:
    rest = sorted(set(range(first, last + 1)) - taken)
    assert first_free(first, last, sorted(taken)) == (rest[0] if rest else None)


@pytest.mark.parametrize(
    ("cidr", "gateway", "expected"),
    [
        ("10.10.10.0/24", "10.10.10.1", [("10.10.10.2", "10.10.10.254")]),
        ("10.10.10.0/24", None, [("10.10.10.1", "10.10.10.254")]),
        ("10.0.0.0/29", "10.0.0.3", [("10.0.0.1", "10.0.0.2"), ("10.0.0.4", "10.0.0.6")]),
        ("10.0.0.0/29", "10.0.0.6", [("10.0.0.1", "10.0.0.5")]),
        ("10.0.0.0/24", "192.0.2.1", [("10.0.0.1", "10.0.0.254")]),
        ("10.0.0.0/31", None, [("10.0.0.0", "10.0.0.1")]),
        ("10.0.0.0/31", "10.0.0.1", [("10.0.0.0", "10.0.0.0")]),
        ("10.0.0.7/32", None, [("10.0.0.7", "10.0.0.7")]),
        ("10.0.0.7/32", "10.0.0.8", [("10.0.0.7", "10.0.0.7")]),
        ("10.0.0.4/30", "10.0.0.5", [("10.0.0.6", "10.0.0.6")]),
        ("2001:db8::/127", None, [("2001:db8::1", "2001:db8::1")]),
        ("2001:db8::7/128", None, [("2001:db8::7", "2001:db8::7")]),
        ("2001:db8:1::/64", "2001:db8:1::", [("2001:db8:1::1", "2001:db8:1:0:ffff:ffff:ffff:ffff")]),
    ],
)
def test_default_pools_are_every_host_but_the_gateway(
    cidr: str, gateway: str | None, expected: list[tuple[str, str]]
) -> None:
    pools = default_pools(ip_network(cidr), None if gateway is None else ip_address(gateway))
    assert [(str(pool.start), str(pool.end)) for pool in pools] == expected


@pytest.mark.parametrize(
    ("cidr", "expected"),
    [
        ("10.10.10.0/24", "10.10.10.1"),
        ("10.10.10.20/31", "10.10.10.21"),
        ("10.10.10.20/32", "10.10.10.21"),
        ("255.255.255.255/32", "None"),
        ("2001:db8:1::/64", "2001:db8:1::"),
    ],
)
def test_the_default_gateway_is_the_first_address(cidr: str, expected: str) -> None:
    assert str(default_gateway(ip_network(cidr))) == expected


@given(st.integers(0, 2**24 - 1))
def test_a_generated_mac_is_unicast_and_has_the_prefix(bits: int) -> None:
    mac = generated_mac(bits)
    assert is_unicast(mac)
    assert str(mac).startswith("fa:16:3e:")


def test_the_eui64_address_is_that_of_the_reference() -> None:
    address = eui64_address(IPv6Network("fe80::/64"), mac_address("fa:16:3e:1d:5c:81"))
    assert address == IPv6Address("fe80::f816:3eff:fe1d:5c81")
