"""Random groups, rules, members and packets: what Open vSwitch does is what the model says."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.all import GRE, IP, UDP, Ether, Raw

from osken_apps.model.resources import Port
from osken_apps.model.security_groups import SecurityGroup, SecurityGroupRule
from tests.examples import examples
from tests.ovs.security.cast import RED, group, machine, port, rule
from tests.ovs.security.hosts import World, two_hosts
from tests.ovs.security.semantics import Model, Packet

WHERE = {"alice": "host1", "bob": "host1", "carol": "host2", "web": "host2"}
GROUPS = (group("a", 1), group("b", 2), group("c", 3, stateful=False))
UDP_PROTOCOL, GRE_PROTOCOL = 17, 47
PORTS = (53, 1000, 1001, 1002, 65535)

names = st.sampled_from(sorted(WHERE))
ranges = st.tuples(st.sampled_from(PORTS), st.sampled_from(PORTS)).map(sorted)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, SecurityGroupRule]:
    """Make rules of the three groups."""
    made = {}
    sets: dict[object, int] = {}
    for number in range(1, draw(st.integers(1, 10)) + 1):
        more: dict[str, object] = {}
        protocol = draw(st.sampled_from([None, UDP_PROTOCOL, GRE_PROTOCOL]))
        if protocol is not None:
            more["protocol"] = str(protocol)
        if protocol == UDP_PROTOCOL and draw(st.booleans()):
            more["port_range_min"], more["port_range_max"] = draw(ranges)
        remote = draw(st.sampled_from([None, "prefix", "a", "b", "c"]))
        if remote == "prefix":
            more["remote_ip_prefix"] = draw(st.sampled_from(["10.0.0.0/30", "10.0.0.3/32", "0.0.0.0/0"]))
        elif remote:
            more["remote_group_id"] = remote
        own, way = draw(st.sampled_from("abc")), draw(st.sampled_from(["in", "out"]))
        more["set_number"] = sets.setdefault((own, way, remote), number)
        made[f"rule{number}"] = rule(number, own, way, **more)
    return made


@st.composite
def members(draw: st.DrawFn, name: str) -> Port:
    """Make the port of a machine, in groups of one kind."""
    kinds = [(), ("a",), ("b",), ("a", "b"), ("c",), None]
    groups = draw(st.sampled_from(kinds))
    if groups is None:
        return port(name, port_security_enabled=False)
    return port(name, *groups)


packets = st.builds(
    Packet, names, names, st.just(UDP_PROTOCOL), st.sampled_from(PORTS), st.sampled_from(PORTS)
) | st.builds(Packet, names, names, st.just(GRE_PROTOCOL))


def frame(packet: Packet) -> bytes:
    sender, receiver = machine(packet.sender), machine(packet.receiver)
    header = Ether(src=sender.mac, dst=receiver.mac) / IP(src=sender.ip, dst=receiver.ip)
    if packet.protocol == GRE_PROTOCOL:
        return bytes(header / GRE() / Raw(b"inside"))
    return bytes(header / UDP(sport=packet.sport, dport=packet.dport) / Raw(b"data"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with two_hosts(tmp_path_factory.mktemp("w")) as made:
        made.tell(RED, *GROUPS, *(port(name) for name in WHERE))
        for name, host in WHERE.items():
            made.plug(host, port(name))
        yield made


@given(
    rules=rules(),
    ports=st.tuples(*(members(name) for name in sorted(WHERE))),
    stories=st.lists(
        st.tuples(packets, st.booleans(), st.sampled_from([None, "less", "more"])), min_size=3, max_size=12
    ),
)
@settings(**examples(40), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_what_open_vswitch_does_is_what_the_groups_mean(
    world: World,
    rules: dict[str, SecurityGroupRule],
    ports: tuple[Port, ...],
    stories: list[tuple[Packet, bool, str | None]],
) -> None:
    known: list[SecurityGroupRule] = [
        resource for resource in world.resources.values() if isinstance(resource, SecurityGroupRule)
    ]
    world.forget(*known)
    for resource in known:
        del world.resources[resource.id]
    world.tell(*rules.values(), *ports)
    world.settle()
    for host in world.hosts.values():
        host.flush()
    model = Model(WHERE, {one.id: one for one in GROUPS}, dict(rules), {one.name: one for one in ports})
    for packet, answered, change in stories:
        if packet.sender == packet.receiver:
            continue
        for one in (packet, packet.answer())[: 2 if answered else 1]:
            _send(world, model, one)
        _change(world, model, rules, change)
        if answered:
            _send(world, model, packet.answer())


def _send(world: World, model: Model, packet: Packet) -> None:
    expected = model.passes(packet)
    assert (packet.receiver in world.send(packet.sender, frame(packet))) is expected, (packet, expected)


def _change(world: World, model: Model, rules: dict[str, SecurityGroupRule], change: str | None) -> None:
    """Take a rule away, or give back those that were taken."""
    if change == "less" and model.rules:
        gone = model.rules.pop(min(model.rules))
        world.forget(gone)
        world.settle()
    elif change == "more" and model.rules.keys() != rules.keys():
        model.rules |= rules
        world.tell(*rules.values())
        world.settle()


def test_the_model_is_no_yes_man() -> None:
    group_of = {one.id: one for one in GROUPS}
    two: dict[str, SecurityGroup] = group_of
    model = Model(WHERE, two, {}, {name: port(name, "a") for name in WHERE})
    question = Packet("alice", "carol", UDP_PROTOCOL, 1000, 53)
    assert not model.passes(question)
    model.rules = {"1": rule(1, "a", "out"), "2": rule(2, "a", "in", protocol="17", port_range_min=53)}
    assert model.passes(question)
    assert model.passes(question.answer())
    assert not model.passes(replace(question, sender="bob", receiver="web", dport=50))
    del model.rules["2"]
    assert not model.passes(question.answer())
