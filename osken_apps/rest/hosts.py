"""What the controller last told of its hosts, kept in memory for the threads of the API."""

from collections.abc import Iterable, Mapping

from osken_apps.model.changes import HostReport


class Hosts:
    """The newest reports; replaced as a whole, so that readers need no lock."""

    def __init__(self) -> None:
        self._by_name: Mapping[str, HostReport] = {}
        self._refused: tuple[HostReport, ...] = ()

    @property
    def by_name(self) -> Mapping[str, HostReport]:
        """The newest report of each host."""
        return self._by_name

    @property
    def refused(self) -> tuple[HostReport, ...]:
        """Those that use the names of other hosts, and are not served."""
        return self._refused

    def replace(self, reports: Iterable[HostReport]) -> None:
        """Take over new reports."""
        listed = list(reports)
        self._by_name = {report.host: report for report in listed if not report.refused}
        self._refused = tuple(report for report in listed if report.refused)
