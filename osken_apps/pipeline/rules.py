"""Every rule of the pipeline on one page: its bridge, table, priority, meaning and cookie. PURE.

A rule is a kind of flow; the modules beside this one make its flows for a host. A feature that needs more
steps declares a table here; the last step of a path outputs NORMAL, and a table with no flow costs nothing.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum

from osken_apps.openflow.flow import Action, Flow, Match

COOKIE = 0x6F736B6E << 32  # "oskn": flows with another value in these bits are not ours
COOKIE_MASK = 0xFFFFFFFF << 32


class Table(IntEnum):
    """The flow tables, the same on every bridge."""

    CLASSIFY = 0
    DHCP = 10


class Role(Enum):
    """What a bridge is for."""

    INTEGRATION = "integration bridge (br-int)"
    PHYSICAL = "physical bridge (br-eth2)"


@dataclass(frozen=True, slots=True)
class _Declaration:
    number: int
    role: Role
    table: Table
    priority: int
    meaning: str


class Rule(Enum):
    """A kind of flow; `number` is part of its cookie and never changes meaning."""

    PROVIDER_TO_LOCAL = _Declaration(
        1, Role.INTEGRATION, Table.CLASSIFY, 3,
        "A frame of a known network comes from the physical bridge: give it the network's tag on this host.",
    )  # fmt: skip
    PROVIDER_DROP = _Declaration(
        2, Role.INTEGRATION, Table.CLASSIFY, 2,
        "Any other frame from a physical bridge belongs to no network of this host.",
    )  # fmt: skip
    INTEGRATION_NORMAL = _Declaration(
        3, Role.INTEGRATION, Table.CLASSIFY, 1,
        "Machines of one network on this host reach each other by MAC learning within the tag.",
    )  # fmt: skip
    DHCP_BROADCAST = _Declaration(
        4, Role.INTEGRATION, Table.CLASSIFY, 10,
        "A bound port broadcasts to DHCP servers: through its own meter to the punt; the wire never sees it.",
    )  # fmt: skip
    DHCP_UNICAST = _Declaration(
        5, Role.INTEGRATION, Table.CLASSIFY, 10,
        "A bound port talks to the DHCP server's own address, to renew or release: likewise.",
    )  # fmt: skip
    SERVER_ARP = _Declaration(
        6, Role.INTEGRATION, Table.CLASSIFY, 10,
        "A bound port asks who has the DHCP server's address: turn the request into the reply.",
    )  # fmt: skip
    SERVER_PING = _Declaration(
        7, Role.INTEGRATION, Table.CLASSIFY, 10,
        "A bound port pings the DHCP server's address: turn the request into the reply.",
    )  # fmt: skip
    DHCP_PUNT = _Declaration(
        8, Role.INTEGRATION, Table.DHCP, 1,
        "What passed its port's meter passes the bridge's meter for DHCP, and goes to the controller.",
    )  # fmt: skip
    LOCAL_TO_PROVIDER = _Declaration(
        16, Role.PHYSICAL, Table.CLASSIFY, 4,
        "A frame of a network of this host leaves: give it the network's segmentation id.",
    )  # fmt: skip
    LOCAL_DROP = _Declaration(
        17, Role.PHYSICAL, Table.CLASSIFY, 2,
        "Any other frame from the integration bridge belongs to no network: it must not reach the wire.",
    )  # fmt: skip
    PHYSICAL_NORMAL = _Declaration(
        18, Role.PHYSICAL, Table.CLASSIFY, 1,
        "Frames from the wire go to the integration bridge by MAC learning.",
    )  # fmt: skip

    @property
    def cookie(self) -> int:
        """The cookie of every flow of this rule."""
        return COOKIE | self.value.number

    def flow(
        self, match: Match, *actions: Action, meter_id: int | None = None, goto_table: Table | None = None
    ) -> Flow:
        """Make a flow of this rule."""
        value = self.value
        return Flow(value.table, value.priority, match, actions, self.cookie, meter_id, goto_table)


def rule_of(cookie: int) -> Rule | None:
    """Give the rule that a cookie names; None for a flow that is not ours."""
    return _RULES_BY_COOKIE.get(cookie)


_RULES_BY_COOKIE = {rule.cookie: rule for rule in Rule}
