"""What is kept of every host, so that it is known after a restart before the host has connected. PURE."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from osken_apps.model.changes import HostReport

MAX_KNOWN_HOSTS = 10_000
NOT_YET_HERE = "it has not connected since the controller's start"


@dataclass(frozen=True, slots=True)
class KnownHost:
    """A host as the store keeps it, until it is forgotten.

    `datapath_type` is the last that its integration bridge showed; empty: none was ever seen. `address` is
    where other hosts reach it. `seen_at` is when it was last heard of, as far as it was noted. `system_id` is
    the last that it showed, and `former_names` what it was called before.
    """

    name: str
    seen_at: datetime
    datapath_type: str = ""
    address: str = ""
    system_id: str = ""
    former_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FormerName:
    """A name of which nothing is kept any more: its host is called something else now."""

    name: str


def former_names(known: Mapping[str, KnownHost], now: Mapping[str, HostReport]) -> list[FormerName]:
    """Give the names that hosts are kept by, and which they have changed since, by their system-ids."""
    found = []
    for report in now.values():
        for name in report.former_names or ():
            is_kept = name in known and known[name].system_id in ("", report.system_id)
            if is_kept and name not in now:
                found.append(FormerName(name))
    return found


def learned(known: Mapping[str, KnownHost], reports: Iterable[HostReport]) -> list[KnownHost]:
    """Give what reports tell of hosts that is not kept yet: what does not change is not written again.

    Of a host nothing is kept before the controller has read who was called what: one that was renamed while
    it was away would be kept as two.
    """
    found = []
    for report in reports:
        before = known.get(report.host)
        now = _kept_of(before, report)
        if now != before and not report.refused and report.former_names is not None:
            found.append(now)
    return found


def _kept_of(before: KnownHost | None, report: HostReport) -> KnownHost:
    former_names = report.former_names or ()
    if before is None:
        return KnownHost(
            report.host,
            report.last_contact,
            report.datapath_type,
            report.tunnel_address or "",
            report.system_id,
            former_names,
        )
    seen_at = before.seen_at if report.alive else report.last_contact
    datapath_type = report.datapath_type or before.datapath_type
    address = before.address if report.tunnel_address is None else report.tunnel_address
    return replace(
        before,
        seen_at=seen_at,
        datapath_type=datapath_type,
        address=address,
        system_id=report.system_id or before.system_id,
        former_names=former_names,
    )


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
            system_id=known.system_id,
            former_names=known.former_names,
        )
    return report if report.datapath_type else replace(report, datapath_type=known.datapath_type)
