"""How often the rules of a security group have permitted a packet, asked of the hosts that have it. SHELL."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from osken_apps.apps.answering.side_by_side import SWITCHES_WAIT_S, side_by_side
from osken_apps.apps.host import Bridge
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.switch_requests import read_flow_counts
from osken_apps.openflow.wire import FlowKey, encode_flow
from osken_apps.pipeline.features.group_rules import flows_of_rule

MAX_HOSTS = 200


def group_packets(hosts: Hosts, group_id: str) -> dict[str, Any]:
    """Give the packets that each rule of a group has permitted, by rule id, and who has told and who has not.

    `hosts` are those that have told, `silent` those that have guarded ports of the group and have not: they
    are away, or do not answer in time, or are more than can be asked at once.
    """
    policy = hosts.fabric.inventory.groups.policy(group_id)
    flows = {} if policy is None else {rule.id: list(flows_of_rule(policy, rule)) for rule in policy.rules}
    keys = {rule_id: {encode_flow(flow)[0] for flow in of_rule} for rule_id, of_rule in flows.items()}
    cookies = {flow.cookie for of_rule in flows.values() for flow in of_rule}
    concerned = sorted(name for name, host in hosts.fabric.hosts.items() if group_id in host.groups)
    bridges = {bridge.host.name: bridge for bridge in _bridges(hosts, concerned[:MAX_HOSTS])}
    told = side_by_side(list(bridges), lambda name: _counts(bridges[name], cookies), SWITCHES_WAIT_S)
    counts = sum(told.values(), Counter[FlowKey]())
    return {
        "rules": {rule_id: sum(counts[key] for key in of_rule) for rule_id, of_rule in keys.items()},
        "hosts": sorted(told),
        "silent": [name for name in concerned if name not in told],
    }


def _bridges(hosts: Hosts, names: Iterable[str]) -> list[Bridge]:
    """Give the integration bridges of hosts, as far as they are connected."""
    integration = hosts.fabric.layout.integration_bridge
    connected = (hosts.by_name[name].bridges.get(integration) for name in names if name in hosts.by_name)
    return [bridge for bridge in connected if bridge is not None]


def _counts(bridge: Bridge, cookies: set[int]) -> Counter[FlowKey]:
    """Read what flows with these cookies have counted. Raises SwitchError, Malformed."""
    counts = Counter[FlowKey]()
    for cookie in sorted(cookies):
        for flow in read_flow_counts(bridge, cookie):
            counts[flow.key] += flow.packets
    return counts
