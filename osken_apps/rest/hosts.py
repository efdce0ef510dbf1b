"""What the controller last told of its hosts, kept in memory for the threads of the API."""

from collections.abc import Iterable, Mapping

from osken_apps.model.changes import HostReport


class Hosts:
    """The newest reports; replaced as a whole, so that readers need no lock."""

    def __init__(self) -> None:
        self._by_name: Mapping[str, HostReport] = {}

    @property
    def by_name(self) -> Mapping[str, HostReport]:
        """The newest report of each host."""
        return self._by_name

    def replace(self, reports: Iterable[HostReport]) -> None:
        """Take over new reports."""
        self._by_name = {report.host: report for report in reports}
