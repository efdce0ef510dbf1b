"""Flows of others on our bridges: they may take frames before ours do. PURE."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from osken_apps.model.conditions.bridges import OPENFLOW_VERSION
from osken_apps.model.conditions.condition import Code, Condition

MAX_COOKIES = 3  # that are named


@dataclass(frozen=True, slots=True)
class ForeignFlow:
    """A flow whose cookie is not of ours."""

    table_id: int
    priority: int
    cookie: int


def of_foreign_flows(
    bridge: str, flows: Iterable[ForeignFlow], tables: frozenset[int]
) -> Iterator[Condition]:
    """Say that others' flows are in the tables of our pipeline, with what takes them away."""
    taking = [flow for flow in flows if flow.table_id in tables]
    if not taking:
        return
    cookies = Counter(flow.cookie for flow in taking)
    named = [f"{cookie:#x}" for cookie, _ in cookies.most_common(MAX_COOKIES)]
    more = ", …" if len(cookies) > MAX_COOKIES else ""
    highest = max(flow.priority for flow in taking)
    yield Condition(
        Code.FOREIGN_FLOWS,
        f"bridge {bridge} has {len(taking)} flows of others (cookies {', '.join(named)}{more}, highest"
        f" priority {highest}): they may take frames before ours do",
        "; ".join(
            f"ovs-ofctl -O {OPENFLOW_VERSION} del-flows {bridge} cookie={cookie}/-1" for cookie in named
        ),
        bridge=bridge,
    )
