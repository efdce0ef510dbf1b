"""Agents: the hosts, as Neutron shows its agents."""

import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

from osken_apps.errors import Conflict, NotFound
from osken_apps.model.changes import HostReport
from osken_apps.model.known_hosts import KnownHost, report_of
from osken_apps.networking.bindings import unbind_host
from osken_apps.questions import ForgetHost
from osken_apps.rest.agent_members import FLOWS, INTERFACES
from osken_apps.rest.attribute import NAME
from osken_apps.rest.controller import KnownHosts, Questions
from osken_apps.rest.read_only import OBJECT, ReadContext, ReadOnlyCollection, shown
from osken_apps.rest.rules import ADMIN
from osken_apps.rest.types import BOOLEAN, UUID, optional
from osken_apps.store.store import Store

AGENT_NAMESPACE = uuid.UUID("5b6c7fd2-0b1e-4e57-93d2-0f1f6f3b1a77")
AGENT_TYPE = "Open vSwitch agent"


class AgentNotFound(NotFound):
    """No agent has that id."""

    def __init__(self, agent_id: str) -> None:
        super().__init__(f"Agent {agent_id} could not be found.")


def agent_id(report: HostReport) -> str:
    """Give the id of a host as an agent: the same whenever the host comes back."""
    return str(uuid.uuid5(AGENT_NAMESPACE, report.host + report.refused))


class AgentInUse(Conflict):
    """The host of the agent is there."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"Agent of host {host} cannot be deleted: {reason}.")


def _agents(context: ReadContext) -> list[HostReport]:
    """Give every host that is known or refused, and those that only have ports left."""
    known = dict(context.hosts)
    for use in context.view.counts.hosts_of_ports():
        report = known.get(use.host)
        if report is None:
            report = report_of(KnownHost(use.host, use.last_change), None, awaited=False)
        # The controller counts the ports of a host that it knows.
        known[use.host] = replace(report, bound_ports=report.bound_ports or use.ports)
    return sorted((*known.values(), *context.refused), key=lambda report: (report.host, report.refused))


def _delete_agent(report: HostReport, store: Store, questions: Questions, hosts: KnownHosts) -> None:
    """Forget a host that is gone: its ports are unbound. Raises AgentInUse, ServiceUnavailable."""
    if report.alive:
        raise AgentInUse(report.host, "the host is connected")
    refused = questions.ask(ForgetHost(report.host))
    if refused:
        raise AgentInUse(report.host, refused)
    with hosts.forgetting(report), store.write() as transaction:
        unbind_host(transaction, report.host)
        transaction.forget_host(report.host)


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
        "tunneling_ip": report.tunnel_address or "",
    }


ATTRIBUTES = (
    shown("id", UUID, agent_id),
    shown("agent_type", NAME, lambda report: AGENT_TYPE),
    shown("binary", NAME, lambda report: "osken-net"),
    shown("topic", NAME, lambda report: "N/A"),
    shown("host", NAME),
    shown("admin_state_up", BOOLEAN, lambda report: True),
    shown("alive", BOOLEAN),
    shown("availability_zone", optional(NAME), lambda report: None),
    shown("description", optional(NAME), lambda report: None),
    shown("created_at", NAME, lambda report: _agent_time(report.started_at)),
    shown("started_at", NAME, lambda report: _agent_time(report.started_at)),
    shown("heartbeat_timestamp", NAME, lambda report: _agent_time(report.last_contact)),
    shown("configurations", OBJECT, _agent_configuration),
    shown("resource_versions", OBJECT, lambda report: {}),
    shown("resources_synced", optional(BOOLEAN), lambda report: report.alive and not report.trouble),
)

AGENTS = ReadOnlyCollection(
    "agents",
    "agent",
    ATTRIBUTES,
    {"get_agent": ADMIN, "delete_agent": ADMIN, "get_agent_flows": ADMIN, "get_agent_interfaces": ADMIN},
    _agents,
    AgentNotFound,
    agent_id,
    _delete_agent,
    members={"flows": FLOWS, "interfaces": INTERFACES},
)
