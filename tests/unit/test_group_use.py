"""Which flows count for a rule of a security group, and what hosts tell that are there, away or mute."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from osken_apps.apps import runtime
from osken_apps.apps.answering import group_use
from osken_apps.apps.answering.group_use import group_packets
from osken_apps.apps.connection import SwitchGone
from osken_apps.model.addresses import network_of
from osken_apps.model.port_security import GroupPolicy, Member
from osken_apps.model.security_groups import Direction, Ethertype, SecurityGroupRule
from osken_apps.openflow import codec
from osken_apps.openflow.codec import FLOW_STATS, HEADER, MULTIPART, OFP_VERSION, OFPMP_FLOW, MessageType
from osken_apps.openflow.wire import encode_flow
from osken_apps.pipeline.features.group_rules import GroupRules, flows_of_rule
from tests.unit.hub_thread import in_a_hub

GROUP = "g1"


def rule_of(id: str, **attributes: object) -> SecurityGroupRule:
    """Make a rule for what comes in."""
    given = {"direction": Direction.INGRESS, "number": int(id)} | attributes
    return SecurityGroupRule(id=id, project_id="a", security_group_id=GROUP, **given)  # type: ignore[arg-type]


RULES = (
    rule_of("1", direction=Direction.EGRESS),
    rule_of("2", protocol="tcp", port_range_min=22, port_range_max=22, remote_ip_prefix="10.0.0.1/8"),
    rule_of("3", protocol="tcp", port_range_min=1000, port_range_max=1999),
    rule_of("4", remote_group_id="g2", set_number=4),
    rule_of("5", remote_group_id="g2", set_number=4, protocol="udp"),
    rule_of("6", remote_address_group_id="ag", set_number=6, ethertype=Ethertype.IPV6),
    rule_of("7", protocol="dccp", port_range_min=9, port_range_max=9),
    rule_of("8", protocol="dccp", port_range_min=9, port_range_max=9, remote_group_id="g2", set_number=4),
)
MEMBERS = {"g2": frozenset({Member(network_of("10.0.0.2/32"))}), "ag": frozenset[Member]()}
POLICY = GroupPolicy(3, RULES, MEMBERS)


def test_what_counts_for_a_rule_are_flows_of_its_group() -> None:
    flows = set(GroupRules().group_flows(POLICY))
    counting = {rule.id: list(flows_of_rule(POLICY, rule)) for rule in RULES}
    assert {rule_id for rule_id, of_rule in counting.items() if not set(of_rule) <= flows} == set()
    assert {rule_id: len(of_rule) for rule_id, of_rule in counting.items()} == {
        "1": 1,
        "2": 1,
        "3": 7,
        "4": 1,
        "5": 1,
        "6": 1,
        "7": 0,
        "8": 0,
    }


def test_rules_for_the_same_remote_ones_count_together_and_others_apart() -> None:
    counting = {rule.id: tuple(flows_of_rule(POLICY, rule)) for rule in RULES}
    assert counting["4"] == counting["5"]
    assert len(set(counting.values())) == 6  # 4 and 5 share theirs; 7 and 8 have none
    assert counting["7"] == counting["8"] == ()


class Switch:
    """A switch that has a group's rules, each of which has permitted so many packets."""

    def __init__(self, packets: int) -> None:
        self._packets = packets

    def request(self, build: Callable[[int], bytes]) -> list[bytes]:
        """Answer a question for the flows of a cookie."""
        asked = codec.FLOW_STATS_REQUEST.unpack_from(build(1), HEADER.size)
        flows = [flow for flow in GroupRules().group_flows(POLICY) if flow.cookie == asked[-2]]
        return [reply([(flow, self._packets) for flow in flows])]


class Gone(Switch):
    """A switch whose connection ends."""

    def request(self, build: Callable[[int], bytes]) -> list[bytes]:
        """Answer nothing."""
        raise SwitchGone("it disconnected")


class Mute(Switch):
    """A switch that does not answer in time."""

    def request(self, build: Callable[[int], bytes]) -> list[bytes]:
        """Answer nothing."""
        runtime.sleep(60)
        return []


def reply(flows: list[tuple[Any, int]]) -> bytes:
    """Give a reply that has these flows with their packets."""
    body = MULTIPART.pack(OFPMP_FLOW, 0)
    for flow, packets in flows:
        key, of = encode_flow(flow)
        length = FLOW_STATS.size + len(key.match) + len(of.instructions)
        body += FLOW_STATS.pack(length, key.table_id, 0, 0, key.priority, 0, 0, 0, of.cookie, packets, 0)
        body += key.match + of.instructions
    return HEADER.pack(OFP_VERSION, MessageType.MULTIPART_REPLY, HEADER.size + len(body), 1) + body


def hosts_of(**switches: Switch | None) -> Any:
    """Give hosts that have guarded ports of the group, each with its switch, or not connected."""

    def host(name: str, switch: Switch | None) -> Any:
        if switch is None:
            return SimpleNamespace(bridges={})
        bridge = SimpleNamespace(host=SimpleNamespace(name=name), request=switch.request)
        return SimpleNamespace(bridges={"br-int": bridge})

    groups = SimpleNamespace(policy=lambda group_id: POLICY if group_id == GROUP else None)
    known = {name: SimpleNamespace(groups=frozenset({GROUP})) for name in switches}
    return SimpleNamespace(
        fabric=SimpleNamespace(
            inventory=SimpleNamespace(groups=groups),
            hosts=known | {"other": SimpleNamespace(groups=frozenset({"g9"}))},
            layout=SimpleNamespace(integration_bridge="br-int"),
        ),
        by_name={name: host(name, switch) for name, switch in switches.items()},
    )


def packets_of(hosts: Any, group_id: str = GROUP) -> dict[str, Any]:
    """Ask in a loop."""
    told: list[dict[str, Any]] = []
    in_a_hub(lambda _hub: told.append(group_packets(hosts, group_id)))
    return told[0]


def test_what_hosts_tell_is_added_up_rule_by_rule() -> None:
    told = packets_of(hosts_of(host1=Switch(5), host2=Switch(2)))
    assert told == {
        "rules": {"1": 7, "2": 7, "3": 49, "4": 7, "5": 7, "6": 7, "7": 0, "8": 0},
        "hosts": ["host1", "host2"],
        "silent": [],
    }


def test_who_is_away_or_gone_or_mute_is_named_and_the_others_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(group_use, "SWITCHES_WAIT_S", 0.3)  # the others answer in their first turn
    told = packets_of(hosts_of(host1=Switch(5), host2=None, host3=Gone(0), host4=Mute(0)))
    assert (told["rules"]["1"], told["hosts"], told["silent"]) == (5, ["host1"], ["host2", "host3", "host4"])


def test_no_more_are_asked_than_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_use, "MAX_HOSTS", 1)
    told = packets_of(hosts_of(host1=Switch(5), host2=Switch(2)))
    assert (told["hosts"], told["silent"]) == (["host1"], ["host2"])


def test_a_group_that_nobody_knows_has_permitted_nothing() -> None:
    assert packets_of(hosts_of(), "g2") == {"rules": {}, "hosts": [], "silent": []}
