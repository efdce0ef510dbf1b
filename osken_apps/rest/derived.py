"""Collections that can only be read: hosts as agents, zones, addresses in use, groups, providers.

Each is a table of attributes over values that are computed from the store and the hosts. PURE, but
for the store's view that it reads.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from osken_apps.config import Config
from osken_apps.errors import Conflict, NotFound
from osken_apps.model.changes import HostReport
from osken_apps.rest.attributes import BOOLEAN, CIDR, UUID, Type, choice, list_of, optional, parse_integer
from osken_apps.rest.declarations import NAME, POSITION, Attribute
from osken_apps.rest.exchange import Caller, HTTPNotFound
from osken_apps.rest.groups import (
    Group,
    SecurityGroupNotFound,
    SecurityGroupRuleNotFound,
    default_group,
)
from osken_apps.rest.networks import ZONE
from osken_apps.rest.questions import Questions
from osken_apps.store.reports import unbind_host
from osken_apps.store.store import Store
from osken_apps.store.view import View

AGENT_NAMESPACE = uuid.UUID("5b6c7fd2-0b1e-4e57-93d2-0f1f6f3b1a77")
OBJECT = Type(dict, {"type": "object"})
VERSION = choice(4, 6, convert=parse_integer)
NAMES = list_of(NAME)
OBJECTS = Type(list, {"type": "array", "items": {"type": "object"}})
AGENT_TYPE = "Open vSwitch agent"


class AgentNotFound(NotFound):
    """No agent has that id."""

    def __init__(self, agent_id: str) -> None:
        super().__init__(f"Agent {agent_id} could not be found.")


@dataclass(frozen=True, slots=True)
class Sight:
    """What these collections are computed from."""

    view: View
    hosts: Mapping[str, HostReport]
    refused: tuple[HostReport, ...]
    config: Config
    caller: Caller


@dataclass(frozen=True, slots=True)
class Zone:
    """An availability zone."""

    id: str
    name: str
    resource: str
    state: str


@dataclass(frozen=True, slots=True)
class SubnetUse:
    """How many addresses a subnet has and how many are taken."""

    subnet_id: str
    subnet_name: str
    cidr: str
    ip_version: int
    total_ips: int
    used_ips: int


@dataclass(frozen=True, slots=True)
class NetworkUse:
    """How many addresses the subnets of a network have and how many are taken."""

    id: str
    network_name: str
    project_id: str
    subnets: tuple[SubnetUse, ...]


@dataclass(frozen=True, slots=True)
class Derived:
    """A collection that can only be read, but for what `delete` takes away, if anything."""

    plural: str
    singular: str
    attributes: tuple[Attribute, ...]
    items: Callable[[Sight], list[Any]]
    not_found: Callable[[str], NotFound]
    id_of: Callable[[Any], str] = lambda item: str(item.id)
    delete: Callable[[Any, Store, Questions], None] | None = None


def _read_only(
    name: str, type_: Type, get: Callable[[Any], Any] | None = None, model_field: str = ""
) -> Attribute:
    getter = None if get is None else (lambda item, _around: get(item))
    plain = type_ not in (OBJECT, OBJECTS, NAMES)
    return Attribute(
        name, type_, post=False, put=False, filter=plain, sort=plain, model_field=model_field, get=getter
    )


def agent_id(report: HostReport) -> str:
    """Give the id of a host as an agent: the same whenever the host comes back."""
    return str(uuid.uuid5(AGENT_NAMESPACE, report.host + report.refused))


class AgentInUse(Conflict):
    """The host of the agent is there."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"Agent of host {host} cannot be deleted: {reason}.")


def _agents(sight: Sight) -> list[HostReport]:
    """Give every host that the controller knows or refuses, and those that only have ports left."""
    known = [*sight.hosts.values(), *sight.refused]
    for use in sight.view.hosts_of_ports():
        if use.host not in sight.hosts:
            known.append(
                HostReport(use.host, False, (), (), False, use.last_change, use.last_change, use.ports)
            )
    return sorted(known, key=lambda report: (report.host, report.refused))


def _delete_agent(report: HostReport, store: Store, questions: Questions) -> None:
    """Forget a host that is gone: its ports are unbound. Raises AgentInUse, ServiceUnavailable."""
    if report.alive:
        raise AgentInUse(report.host, "the host is connected")
    refused = questions.ask("forget_host", report.host)
    if refused:
        raise AgentInUse(report.host, refused)
    with store.write() as transaction:
        unbind_host(transaction, report.host)


def _agent_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _agent_configuration(report: HostReport) -> dict[str, Any]:
    return {
        "bridges": list(report.bridges),
        "bridge_mappings": dict(report.bridge_mappings),
        "devices": report.bound_ports,
        "datapath_type": report.datapath_type,
        "ovsdb": report.ovsdb,
        "dhcp": dict(report.dhcp_counters),
        "repairs": report.repairs,
        "trouble": report.trouble,
        "conditions": [
            {"code": code, "sentence": sentence, "remedy": remedy}
            for code, sentence, remedy in report.conditions
        ],
        "system_id": report.system_id,
    }


AGENT = (
    _read_only("id", UUID, agent_id),
    _read_only("agent_type", NAME, lambda report: AGENT_TYPE),
    _read_only("binary", NAME, lambda report: "osken-net"),
    _read_only("topic", NAME, lambda report: "N/A"),
    _read_only("host", NAME),
    _read_only("admin_state_up", BOOLEAN, lambda report: True),
    _read_only("alive", BOOLEAN),
    _read_only("availability_zone", optional(NAME), lambda report: None),
    _read_only("description", optional(NAME), lambda report: None),
    _read_only("created_at", NAME, lambda report: _agent_time(report.started_at)),
    _read_only("started_at", NAME, lambda report: _agent_time(report.started_at)),
    _read_only("heartbeat_timestamp", NAME, lambda report: _agent_time(report.last_contact)),
    _read_only("configurations", OBJECT, _agent_configuration),
    _read_only("resource_versions", OBJECT, lambda report: {}),
    _read_only("resources_synced", optional(BOOLEAN), lambda report: report.alive and not report.trouble),
)

AVAILABILITY_ZONE = (
    _read_only("name", NAME),
    _read_only("resource", NAME),
    _read_only("state", NAME),
)


def _subnet_use(use: SubnetUse) -> dict[str, Any]:
    return {name: getattr(use, name) for name in SubnetUse.__slots__}


NETWORK_IP_AVAILABILITY = (
    _read_only("network_id", UUID, model_field="id"),
    _read_only("network_name", NAME),
    _read_only("tenant_id", NAME, model_field="project_id"),
    _read_only("project_id", NAME),
    _read_only("total_ips", POSITION, lambda use: sum(subnet.total_ips for subnet in use.subnets)),
    _read_only("used_ips", POSITION, lambda use: sum(subnet.used_ips for subnet in use.subnets)),
    Attribute(
        "ip_version",
        VERSION,
        post=False,
        put=False,
        filter=True,
        hidden=True,
        get=lambda use, _around: tuple(subnet.ip_version for subnet in use.subnets),
    ),
    _read_only(
        "subnet_ip_availability", OBJECTS, lambda use: [_subnet_use(subnet) for subnet in use.subnets]
    ),
)


def _network_uses(sight: Sight) -> list[NetworkUse]:
    used = sight.view.addresses_in_use()
    by_network: dict[str, list[SubnetUse]] = {}
    for subnet in sight.view.subnets():
        total = sum(int(pool.end) - int(pool.start) + 1 for pool in subnet.allocation_pools)
        use = SubnetUse(
            subnet.id, subnet.name, str(subnet.cidr), subnet.ip_version, total, used.get(subnet.id, 0)
        )
        by_network.setdefault(subnet.network_id, []).append(use)
    return [
        NetworkUse(network.id, network.name, network.project_id, tuple(by_network.get(network.id, ())))
        for network in sight.view.networks()
    ]


def _nothing(_item: Any) -> None:
    """Show null: clients expect the attribute."""


SECURITY_GROUP_RULE = (
    _read_only("id", UUID),
    _read_only("security_group_id", UUID),
    _read_only("tenant_id", NAME, model_field="project_id"),
    _read_only("project_id", NAME),
    _read_only("direction", NAME),
    _read_only("ethertype", NAME),
    _read_only("protocol", optional(NAME), _nothing),
    _read_only("port_range_min", optional(POSITION), _nothing),
    _read_only("port_range_max", optional(POSITION), _nothing),
    _read_only("remote_ip_prefix", optional(CIDR), _nothing),
    _read_only("remote_group_id", optional(UUID), _nothing),
    _read_only("description", NAME, lambda rule: ""),
)


def _rules_shown(group: Group) -> list[dict[str, Any]]:
    around: Any = None
    return [
        {attribute.name: attribute.shown(rule, around) for attribute in SECURITY_GROUP_RULE}
        for rule in group.rules
    ]


SECURITY_GROUP = (
    _read_only("id", UUID),
    _read_only("name", NAME),
    _read_only("description", NAME),
    _read_only("tenant_id", NAME, model_field="project_id"),
    _read_only("project_id", NAME),
    _read_only("stateful", BOOLEAN, lambda group: False),
    _read_only("shared", BOOLEAN, lambda group: False),
    _read_only("tags", NAMES, lambda group: []),
    _read_only("security_group_rules", OBJECTS, _rules_shown),
)
SERVICE_PROVIDER = (
    _read_only("name", NAME),
    _read_only("service_type", NAME),
    _read_only("default", BOOLEAN),
)

DERIVED: Mapping[str, Derived] = {
    "agents": Derived(
        "agents",
        "agent",
        AGENT,
        _agents,
        AgentNotFound,
        agent_id,
        _delete_agent,
    ),
    "availability_zones": Derived(
        "availability_zones",
        "availability_zone",
        AVAILABILITY_ZONE,
        lambda sight: [Zone(ZONE, ZONE, "network", "available")],
        HTTPNotFound,
    ),
    "network-ip-availabilities": Derived(
        "network_ip_availabilities",
        "network_ip_availability",
        NETWORK_IP_AVAILABILITY,
        _network_uses,
        HTTPNotFound,
    ),
    "security-groups": Derived(
        "security_groups",
        "security_group",
        SECURITY_GROUP,
        lambda sight: [default_group(sight.caller.project_id)],
        SecurityGroupNotFound,
    ),
    "security-group-rules": Derived(
        "security_group_rules",
        "security_group_rule",
        SECURITY_GROUP_RULE,
        lambda sight: list(default_group(sight.caller.project_id).rules),
        SecurityGroupRuleNotFound,
    ),
    "service-providers": Derived(
        "service_providers", "service_provider", SERVICE_PROVIDER, lambda sight: [], HTTPNotFound
    ),
}
