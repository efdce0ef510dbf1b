"""Questions of the REST process, answered beside the link: one that breaks costs only itself. SHELL."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from osken_apps.apps import runtime
from osken_apps.apps.answering.facts import Gatherer
from osken_apps.apps.answering.group_use import group_packets
from osken_apps.apps.answering.host_flows import host_flows
from osken_apps.apps.answering.host_interfaces import host_interfaces
from osken_apps.apps.dhcp import Dhcp
from osken_apps.apps.hosts import Hosts
from osken_apps.failures import Failures
from osken_apps.link import Answer, Query
from osken_apps.questions import (
    DhcpTransactions,
    FactsOfFrame,
    FactsOfPort,
    ForgetHost,
    GroupPackets,
    HostFlows,
    HostInterfaces,
    PortDhcp,
    Question,
)

MAX_QUERIES = 8
DEADLINE_S = 2.0

Knows = Callable[[Question[Any]], Any]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the controller is asked about."""

    hosts: Hosts
    dhcp: Dhcp
    gatherer: Gatherer

    def answer(self, question: Question[Any]) -> Any:
        """Answer a question."""
        match question:
            case PortDhcp(port_id):
                return self.dhcp.port_dhcp(port_id)
            case DhcpTransactions():
                return self.dhcp.transactions(question)
            case GroupPackets(group_id):
                return group_packets(self.hosts, group_id)
            case HostFlows():
                return host_flows(self.hosts, question)
            case HostInterfaces(host):
                return host_interfaces(self.hosts, host)
            case ForgetHost(host):
                return self.hosts.forget(host)
            case FactsOfPort():
                return self.gatherer.port_facts(question)
            case FactsOfFrame():
                return self.gatherer.frame_facts(question)
            case _:
                raise TypeError(f"there is no answer to {question.name}")


class Queries:
    """Has questions answered, so many at a time, each within its deadline; an error is an answer, too."""

    def __init__(self, knows: Knows, answer: Callable[[Answer], None], failures: Failures) -> None:
        self._knows = knows
        self._answer = answer
        self._failures = failures
        self._running = 0

    def take(self, query: Query) -> None:
        """Have a question answered; waits for nothing."""
        if self._running >= MAX_QUERIES:
            self._answer(Answer(query.number, error=f"the controller answers {MAX_QUERIES} others just now"))
            return
        self._running += 1
        runtime.spawn(self._run, query)

    def _run(self, query: Query) -> None:
        answered = runtime.once()
        task = runtime.spawn(lambda: answered.send(self._answer_to(query)))
        if runtime.wait_within(DEADLINE_S, answered):
            answer: Answer = answered.wait()
        else:
            task.kill()
            answer = Answer(query.number, error=f"the controller had no answer within {DEADLINE_S:.0f} s")
        self._running -= 1
        self._answer(answer)

    def _answer_to(self, query: Query) -> Answer:
        try:
            return Answer(query.number, self._knows(query.question))
        except Exception as error:
            self._failures.note(f"the query {query.question.name} failed", error)
            return Answer(query.number, error="an error of the controller; see its log")
