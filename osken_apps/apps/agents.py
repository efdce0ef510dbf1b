"""When each host was last in contact, for the API's list of agents. SHELL (it reads the clock)."""

from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum

from osken_apps.apps.switchboard import Switchboard
from osken_apps.model.changes import HostReport


class HostContacts:
    """Makes a report of every host that was ever seen."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._switchboard = switchboard
        self._started: dict[str, datetime] = {}
        self._last: dict[str, datetime] = {}

    def reports(self) -> tuple[HostReport, ...]:
        """Make the reports as of now."""
        now = datetime.now(UTC).replace(microsecond=0)
        fabric = self._switchboard.fabric
        for host in fabric.hosts:
            if self._is_alive(host):
                self._started.setdefault(host, now)
                self._last[host] = now
        return tuple(self._report(host) for host in sorted(self._last))

    def _is_alive(self, host: str) -> bool:
        return bool(self._switchboard.bridges.get(host)) or host in self._switchboard.sessions

    def _report(self, host: str) -> HostReport:
        fabric = self._switchboard.fabric
        counters = self._switchboard.dhcp_counters[host]
        return HostReport(
            host=host,
            alive=self._is_alive(host),
            bridges=tuple(sorted(self._switchboard.bridges.get(host, ()))),
            bridge_mappings=fabric.layout.bridge_mappings,
            ovsdb=host in self._switchboard.sessions,
            started_at=self._started[host],
            last_contact=self._last[host],
            bound_ports=len(fabric.inventory.bound_to(host)),
            repairs=self._switchboard.repairs[host],
            trouble=self._switchboard.troubles.get(host, ""),
            dhcp_counters=_named(counters, self._switchboard.meter_drops[host]),
        )


def _named(counters: Counter[StrEnum], meter_drops: int) -> tuple[tuple[str, int], ...]:
    counted = {reason.name.lower(): count for reason, count in counters.items()}
    return tuple(sorted((counted | {"dropped_by_meters": meter_drops}).items()))
