"""What the store was told of ports and has not confirmed. PURE (it changes, but does no I/O)."""

from collections.abc import Iterable, Mapping

from osken_apps.model.changes import Change, Deleted, PortReport, Upserted
from osken_apps.model.resources import Binding, Port, PortStatus

Reported = tuple[Binding | None, PortStatus, str]


class Told:
    """What was reported last of each port, until the store says it."""

    def __init__(self) -> None:
        self._last: dict[str, Reported] = {}

    def note(self, reports: Iterable[PortReport]) -> None:
        """Note what the store is told of ports: it will say so of them."""
        for report in reports:
            self._last[report.port_id] = _reported(report)

    def holds(self, report: PortReport, ports: Mapping[str, Port]) -> bool:
        """Tell whether the store says this of a port already, will as it was told, or has no such port."""
        port = ports.get(report.port_id)
        return port is None or self._last.get(port.id, _reported(port)) == _reported(report)

    def disputed(self, change: Change, ports: Mapping[str, Port]) -> set[str]:
        """Give a port's id if the store says something else of where it is than it was told last, or than
        before.
        """
        match change:
            case Upserted(Port() as port):
                known = ports.get(port.id)
                told = self._last.pop(port.id, _reported(known) if known else None)
                return {port.id} if told not in (None, _reported(port)) else set()
            case Deleted(kind, id) if kind is Port:
                self._last.pop(id, None)
        return set()

    def clear(self) -> None:
        """Begin again: the store has said everything."""
        self._last.clear()


def _reported(of: Port | PortReport) -> Reported:
    return of.binding, of.status, of.waits_for
