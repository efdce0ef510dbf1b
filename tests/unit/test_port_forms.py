"""The flows of a port are the same, whether they are filled into those of its kind or made by themselves."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osken_apps.model.addresses import MacAddress, host_network, mac_address
from osken_apps.model.dhcp_service import DhcpServer
from osken_apps.model.port_security import Guard, OwnAddress
from osken_apps.model.snapshot import MAX_METERS, BoundPort, Segment
from osken_apps.openflow.actions import SetField
from osken_apps.openflow.fields import Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import encode_flow
from osken_apps.pipeline.features import FEATURES
from osken_apps.pipeline.features.dead import DEAD_DROP
from osken_apps.pipeline.port_forms import (
    STAND_IN_IPV4,
    STAND_IN_MACS,
    STAND_IN_OFPORTS,
    STAND_IN_VLANS,
    PortForms,
)
from tests.examples import examples
from tests.golden.scenarios import GUARDED_PORTS, VM1_HERE

PREFIXES = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"), ip_network("0.0.0.0/0")]
MACS = st.one_of(st.sampled_from(STAND_IN_MACS), st.integers(0, 2**48 - 1).map(mac_address))
IPV4 = st.one_of(st.sampled_from(STAND_IN_IPV4), st.integers(0, 2**32 - 1)).map(IPv4Address)
NETWORKS = st.one_of(
    IPV4.map(host_network),
    st.integers(0, 2**128 - 1).map(IPv6Address).map(host_network),
    st.sampled_from(PREFIXES),
)
SERVERS = st.builds(DhcpServer, MACS, st.lists(IPV4, max_size=2).map(tuple))


def flows_of_port(bound: BoundPort, max_meters: int) -> Iterator[Flow]:
    for feature in FEATURES:
        yield from feature.port_flows(bound, max_meters)


@st.composite
def guards(draw: st.DrawFn, mac: MacAddress) -> Guard:
    own = draw(st.lists(NETWORKS, max_size=4, unique=True))
    macs = draw(st.sampled_from([(mac,), (mac, mac_address("00:00:5e:00:01:07"))]))
    addresses = tuple(OwnAddress(macs[at % len(macs)], network) for at, network in enumerate(own))
    groups = draw(st.lists(st.integers(1, 2**32 - 1), max_size=3, unique=True))
    return Guard(addresses, tuple(sorted(groups)), draw(st.booleans()))


@st.composite
def bound_ports(draw: st.DrawFn) -> BoundPort:
    mac = draw(MACS)
    local_vlan = draw(st.one_of(st.sampled_from(STAND_IN_VLANS), st.integers(1, 4094)))
    guard = draw(st.none() | guards(mac))
    return BoundPort(
        port_id=draw(st.text(max_size=3)),
        mac_address=mac,
        interface="tap",
        ofport=draw(st.one_of(st.sampled_from(STAND_IN_OFPORTS), st.integers(1, 0xFEFF))),
        segment=Segment("net", "default", draw(st.integers(1, 4094)), local_vlan, guard is not None),
        has_dhcp=draw(st.booleans()),
        dhcp=None,
        server=draw(st.none() | SERVERS),
        in_conflict=draw(st.booleans()),
        guard=guard,
    )


FORMS = PortForms(flows_of_port, lambda: FEATURES)


@settings(**examples(300))
@given(bound_ports(), st.sampled_from([0, 200, 0xBEF0, MAX_METERS]))
def test_what_is_filled_in_is_what_is_made(bound: BoundPort, max_meters: int) -> None:
    assert FORMS.encoded(bound, max_meters) == [
        encode_flow(flow) for flow in flows_of_port(bound, max_meters)
    ]


@pytest.mark.parametrize("bound", [VM1_HERE, GUARDED_PORTS[0], GUARDED_PORTS[2]])
def test_ports_of_one_kind_are_made_once(bound: BoundPort) -> None:
    made = []

    def counted(port: BoundPort, max_meters: int) -> Iterator[Flow]:
        made.append(port)
        return flows_of_port(port, max_meters)

    forms = PortForms(counted, lambda: FEATURES)
    for number in range(5):
        forms.encoded(replace(bound, ofport=100 + number), MAX_METERS)
    assert len(made) == 2  # the stand-ins


def by_name(bound: BoundPort) -> int:
    return len(bound.interface)


def by_parity(bound: BoundPort) -> int:
    return bound.ofport % 2


@pytest.mark.parametrize("odd", [by_name, by_parity])
def test_a_feature_that_looks_at_more_than_the_kind_is_asked_for_each_port(odd) -> None:
    def flows(bound: BoundPort, max_meters: int) -> Iterator[Flow]:
        match = Match.of({Field.IN_PORT: bound.ofport})
        yield Flow(0, 30, match, (SetField(Field.REG4, odd(bound)),), DEAD_DROP.cookie)

    forms = PortForms(flows, lambda: None)
    for bound in (VM1_HERE, replace(VM1_HERE, ofport=7, interface="vnet7")):
        assert forms.encoded(bound, MAX_METERS) == [encode_flow(flow) for flow in flows(bound, MAX_METERS)]
