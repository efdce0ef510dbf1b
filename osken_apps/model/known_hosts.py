"""What is kept of every host, so that it is known after a restart before the host has connected. PURE."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from osken_apps.model.changes import HostReport

KERNEL_DATAPATH = "system"  # what a bridge has whose datapath_type is empty
MAX_KNOWN_HOSTS = 10_000
NOT_YET_HERE = "it has not connected since the controller's start"


@dataclass(frozen=True, slots=True)
class KnownHost:
    """A host as the store keeps it, until it is forgotten.

    `datapath_type` is the last that its integration bridge showed; empty: none was ever seen. `address` is
    where other hosts reach it. `seen_at` is when it was last heard of, as far as it was noted.
    """

    name: str
    seen_at: datetime
    datapath_type: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class FormerName:
    """A name of which nothing is kept any more: its host is called something else now."""

    name: str


def former_names(before: Mapping[str, HostReport], now: Mapping[str, HostReport]) -> list[FormerName]:
    """Give the names that hosts had in the reports before and have changed since, by their system-ids."""
    came = {report.system_id for name, report in now.items() if name not in before and report.system_id}
    return [
        FormerName(name) for name, report in before.items() if name not in now and report.system_id in came
    ]


def learned(known: Mapping[str, KnownHost], reports: Iterable[HostReport]) -> list[KnownHost]:
    """Give what reports tell of hosts that is not kept yet: what does not change is not written again."""
    found = []
    for report in reports:
        before = known.get(report.host)
        now = _kept_of(before, report)
        if now != before and not report.refused:
            found.append(now)
    return found


def _kept_of(before: KnownHost | None, report: HostReport) -> KnownHost:
    if before is None:
        return KnownHost(report.host, report.last_contact, report.datapath_type, report.tunnel_address or "")
    seen_at = before.seen_at if report.alive else report.last_contact
    datapath_type = report.datapath_type or before.datapath_type
    address = before.address if report.tunnel_address is None else report.tunnel_address
    return replace(before, seen_at=seen_at, datapath_type=datapath_type, address=address)


def bounded(known: Mapping[str, KnownHost], here: Collection[str]) -> dict[str, KnownHost]:
    """Give what is kept of too many: first to go, of those not here, is who was seen least lately."""
    surplus = len(known) - MAX_KNOWN_HOSTS
    if surplus <= 0:
        return dict(known)
    away = sorted((host.seen_at, host.name) for host in known.values() if host.name not in here)
    gone = {name for _, name in away[:surplus]}
    return {name: host for name, host in known.items() if name not in gone}


def report_of(known: KnownHost, report: HostReport | None, awaited: bool) -> HostReport:
    """Give the report of a host, with what is kept of it where the report says nothing.

    One without a report has not connected yet; `awaited`: it had no time for that.
    """
    if report is None:
        return HostReport(
            known.name,
            alive=False,
            bridges=(),
            bridge_mappings=(),
            ovsdb=False,
            started_at=known.seen_at,
            last_contact=known.seen_at,
            bound_ports=0,
            trouble=NOT_YET_HERE,
            datapath_type=known.datapath_type,
            awaited=awaited,
            tunnel_address=known.address,
        )
    return report if report.datapath_type else replace(report, datapath_type=known.datapath_type)
