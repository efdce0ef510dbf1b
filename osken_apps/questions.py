"""What the REST process asks the controller: a class a question, with the type of its answer. PURE."""

import re
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from osken_apps.explain import facts
from osken_apps.model.addresses import IPAddress

A = TypeVar("A")

Shown = dict[str, Any]  # as the API shows it


@dataclass(frozen=True, slots=True)
class Question(Generic[A]):
    """A question; its answer is an A."""

    @property
    def name(self) -> str:
        """The name as metrics and the log have it: `facts_of_port`."""
        return re.sub("(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


@dataclass(frozen=True, slots=True)
class PortDhcp(Question[Shown]):
    """Which lease a port has, and what its machine has asked for lately."""

    port_id: str


@dataclass(frozen=True, slots=True)
class DhcpTransactions(Question[Shown]):
    """Which messages of DHCP there were since a time, in seconds since the epoch; empty: of any."""

    since: float
    port_id: str = ""
    host: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class GroupPackets(Question[Shown]):
    """How many packets the rules of a security group have permitted."""

    group_id: str


@dataclass(frozen=True, slots=True)
class HostFlows(Question[Shown]):
    """Which flows a host's bridges have, and should have; empty: of any. `state` is of ASKED_STATES."""

    host: str
    bridge: str = ""
    rule: str = ""
    port_id: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class HostInterfaces(Question[Shown]):
    """Which interfaces a host's bridges have."""

    host: str


@dataclass(frozen=True, slots=True)
class ForgetHost(Question[str]):
    """Forget a host that is gone; the answer says why not, or is empty."""

    host: str


@dataclass(frozen=True, slots=True)
class FactsOfPort(Question[facts.Facts | None]):
    """What is known of a port, and of another that it is to reach; None: one is not known, or no longer.

    With `probe` their machines are asked whether they are there. Of `outside`, an address that no port has,
    it is told which may have it besides their own.
    """

    port_id: str
    peer_id: str = ""
    protocol: str = ""
    port_number: int = 0
    probe: bool = False
    outside: IPAddress | None = None


@dataclass(frozen=True, slots=True)
class FactsOfFrame(Question[facts.FrameFacts | None]):
    """What is known of where a frame comes in, and of the ports with its addresses; None: of no such host."""

    host: str
    interface: str
    macs: tuple[int, ...]
