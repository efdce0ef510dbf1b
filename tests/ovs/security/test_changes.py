"""What a change of rules and members does to connections that live, and what it costs, on real switches."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Network

import pytest
from scapy.all import Raw

from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.model.port_security import GroupPolicy
from osken_apps.model.resources import Port
from osken_apps.model.security_groups import AddressGroup
from osken_apps.openflow.error_words import NO_CONNECTION_TRACKING
from tests.golden.scenarios import LAYOUT
from tests.ovs.security.cast import ALICE, BOB, CAROL, RED, WEB, group, port, rule
from tests.ovs.security.frames import Machine, fragments, long_udp, sctp, tcp, udp
from tests.ovs.security.hosts import World, two_hosts

OPEN = (rule(11, "default", "out"), rule(13, "default", "in", remote_group_id="default"))
HTTP = rule(21, "web", "in", protocol="tcp", port_range_min=80, port_range_max=80)
FRIENDS = rule(
    22, "web", "in", protocol="udp", port_range_min=53, port_range_max=53, remote_group_id="default"
)
MEMBERS = (port("alice", "default"), port("bob", "default"), port("carol", "default"))


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with two_hosts(tmp_path_factory.mktemp("w")) as made:
        made.tell(
            RED, group("default", 1), group("web", 2), *OPEN, HTTP, FRIENDS, *MEMBERS, port("web", "web")
        )
        for name in ("alice", "web"):
            made.plug("host1", port(name))
        for name in ("bob", "carol"):
            made.plug("host2", port(name))
        made.settle()
        yield made


def gets(world: World, sender: str, receiver: str, frame: object) -> bool:
    return receiver in world.send(sender, bytes(frame))  # type: ignore[call-overload]


@pytest.mark.parametrize(("client", "speaker"), [("alice", ALICE), ("bob", BOB)])
def test_a_rule_that_is_taken_away_stops_both_directions_and_given_back_it_goes_on(
    world: World, client: str, speaker: Machine
) -> None:
    question, answer = tcp(speaker, WEB, flags="PA"), tcp(WEB, speaker, 40000, "PA", 80)
    assert gets(world, client, "web", tcp(speaker, WEB))
    assert gets(world, "web", client, tcp(WEB, speaker, 40000, "SA", 80))
    world.forget(HTTP)
    world.settle()
    assert not gets(world, "web", client, answer)  # who only answers is stopped, too
    assert not gets(world, client, "web", question)
    world.tell(HTTP)
    world.settle()
    assert gets(world, "web", client, answer)
    assert gets(world, client, "web", question)


def test_answers_by_sctp_stop_with_the_rule_also_of_a_machine_that_may_open_connections(world: World) -> None:
    signalling = rule(26, "web", "in", protocol="sctp", port_range_min=5000, port_range_max=5000)
    world.tell(signalling, rule(27, "web", "out"))
    world.settle()
    answer = sctp(WEB, ALICE, 40000, 5000)
    assert gets(world, "alice", "web", sctp(ALICE, WEB))
    assert gets(world, "web", "alice", answer)
    world.forget(signalling)
    world.settle()
    assert not gets(world, "web", "alice", answer)
    assert not gets(world, "alice", "web", sctp(ALICE, WEB))


def test_a_member_that_leaves_is_stopped_both_ways_and_one_that_comes_is_let_in(world: World) -> None:
    assert gets(world, "bob", "web", udp(BOB, WEB))
    assert gets(world, "web", "bob", udp(WEB, BOB, 40000, 53))
    world.tell(port("bob"))
    world.settle()
    assert not gets(world, "web", "bob", udp(WEB, BOB, 40000, 53))
    world.tell(port("bob", "default"))
    world.settle()
    assert gets(world, "web", "bob", udp(WEB, BOB, 40000, 53))
    assert gets(world, "bob", "web", udp(BOB, WEB))


def test_no_fragment_of_a_connection_passes_whose_rule_is_taken_away(world: World) -> None:
    question, answer = fragments(long_udp(BOB, WEB)), fragments(udp(WEB, BOB, 40001, 53) / Raw(bytes(3000)))
    assert len(world.send("bob", *question)["web"]) == len(question)
    assert len(world.send("web", *answer)["bob"]) == len(answer)
    world.forget(FRIENDS)
    world.settle()
    assert "bob" not in world.send("web", *answer)
    assert "web" not in world.send("bob", *question)


def test_a_connection_that_a_switch_has_forgotten_goes_on_when_its_client_speaks(world: World) -> None:
    assert gets(world, "alice", "web", tcp(ALICE, WEB))
    for host in world.hosts.values():
        host.flush()
    assert not gets(world, "web", "alice", tcp(WEB, ALICE, 40000, "PA", 80))
    assert gets(world, "alice", "web", tcp(ALICE, WEB, flags="PA"))
    assert gets(world, "web", "alice", tcp(WEB, ALICE, 40000, "PA", 80))


def test_the_members_of_an_address_group_are_those_of_today(world: World) -> None:
    clients = AddressGroup(id="clients", project_id="p", addresses=(IPv4Network("10.0.0.3/32"),))
    world.tell(clients, rule(23, "web", "in", protocol="17", remote_address_group_id="clients"))
    world.settle()
    assert gets(world, "carol", "web", udp(CAROL, WEB, 99))
    assert not gets(world, "bob", "web", udp(BOB, WEB, 99))
    world.tell(replace(clients, addresses=(IPv4Network("10.0.0.2/31"), IPv4Network("10.0.0.0/24"))))
    world.settle()
    assert gets(world, "bob", "web", udp(BOB, WEB, 99))
    world.forget(clients)
    world.settle()
    assert not gets(world, "bob", "web", udp(BOB, WEB, 99))


def test_a_member_or_a_rule_is_one_flow_mod_a_host(world: World) -> None:
    newcomer = port("mute", "default")
    world.tell(newcomer)
    assert world.settle() == {"host1": 2, "host2": 1}  # on host1 web's rule names the group, too
    world.forget(newcomer)
    assert world.settle() == {"host1": 2, "host2": 1}
    extra = rule(24, "default", "in", protocol="tcp", port_range_min=22, port_range_max=22)
    world.tell(extra)
    assert world.settle() == {"host1": 1, "host2": 1}
    also = rule(25, "default", "in", protocol="17", remote_group_id="default", set_number=13)
    world.tell(also)
    assert world.settle() == {"host1": 1, "host2": 1}
    world.forget(OPEN[1])  # the first of its set: its number goes on as that of the set
    assert world.settle() == {"host1": 1, "host2": 1}


def test_the_flows_of_a_group_are_the_same_bytes_on_every_host(world: World) -> None:
    of_rules = [
        {key: body for key, body in host.flows["br-int"].items() if key.table_id in (30, 31)}
        for host in world.hosts.values()
    ]
    both = of_rules[0].keys() & of_rules[1].keys()
    assert len(both) == 6  # what goes out; what comes in, its three members, and that both is so
    assert all(of_rules[0][key] == of_rules[1][key] for key in both)


def test_a_policy_is_one_object_until_it_changes_and_the_same_for_all_hosts(world: World) -> None:
    def policies(host: str) -> dict[int, GroupPolicy]:  # they compare as objects, and live as long as this
        return {policy.number: policy for policy in host_snapshot(world.fabric, host).policies}

    before = policies("host1")
    assert before[1] == policies("host2")[1]
    world.tell(replace(port("alice", "default"), name="another name"))
    assert policies("host1") == before
    moved: Port = replace(port("alice", "default"), fixed_ips=port("mute").fixed_ips)
    world.tell(moved)
    assert policies("host1")[1] != before[1]


def test_a_zone_that_is_flushed_knows_no_connection_any_more(world: World) -> None:
    answer = tcp(WEB, BOB, 40000, "SA", 80)
    assert gets(world, "bob", "web", tcp(BOB, WEB))
    assert gets(world, "web", "bob", answer)
    red, other = world.fabric.host("host1").local_vlans[RED.id], 77
    world.hosts["host1"].flush_zone(other)
    assert gets(world, "web", "bob", answer)
    world.hosts["host1"].flush_zone(red)
    assert not gets(world, "web", "bob", answer)


def test_a_datapath_that_does_not_know_how_connections_began_refuses_the_flows_and_says_why(
    world: World,
) -> None:
    host = world.hosts["host1"]
    for bridge in LAYOUT.bridges:
        host.control.call("dpif/set-dp-features", bridge, "ct_orig_tuple", "false")
    world.tell(rule(23, "web", "in", protocol="tcp", port_range_min=443, port_range_max=443))
    host.flows.clear()
    with pytest.raises(AssertionError) as refused:
        world.settle()
    assert ast.literal_eval(str(refused.value).split("\n")[0]) in NO_CONNECTION_TRACKING
