"""What the controller last told of its hosts, kept in memory for the threads of the API."""

from osken_apps.model.changes import HostReport


class Hosts:
    """The newest reports; replaced as a whole, so that readers need no lock."""

    def __init__(self) -> None:
        self._reports: tuple[HostReport, ...] = ()

    @property
    def reports(self) -> tuple[HostReport, ...]:
        """The newest reports."""
        return self._reports

    def replace(self, reports: tuple[HostReport, ...]) -> None:
        """Take over new reports."""
        self._reports = reports

    def known(self) -> frozenset[str]:
        """Give the names of the hosts that are connected."""
        return frozenset(report.host for report in self._reports if report.alive)
