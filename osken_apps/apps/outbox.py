"""What waits to be sent to the REST process: bounded, whatever comes and however long nobody reads.

Of a port only the newest report counts, of the hosts only the newest reports, and an answer only while
somebody may wait for it.
"""

from collections import deque
from itertools import islice

from osken_apps.link import Answer, FromController, PortReports
from osken_apps.model.changes import PortReport

MAX_ANSWERS = 256  # more than the threads of the API, each of which waits for one
REPORTS_A_MESSAGE = 500


class Outbox:
    """Messages for the REST process; `put` never waits."""

    def __init__(self) -> None:
        self._answers: deque[Answer] = deque(maxlen=MAX_ANSWERS)
        self._newest: dict[type[FromController], FromController] = {}
        self._ports: dict[str, PortReport] = {}

    def put(self, message: FromController) -> None:
        """Take a message; it replaces what it makes out of date."""
        match message:
            case Answer():
                self._answers.append(message)
            case PortReports(reports):
                # A port keeps its place in the queue, or one that flaps would never be told.
                self._ports.update((report.port_id, report) for report in reports)
            case _:
                self._newest[type(message)] = message

    def forget(self, host: str) -> None:
        """Have nothing told any more that binds a port to a host: that it is forgotten is told before."""
        self._ports = {port_id: report.without(host) for port_id, report in self._ports.items()}

    def take(self) -> FromController | None:
        """Give the next message to send, answers first; None: there is none."""
        if self._answers:
            return self._answers.popleft()
        if self._newest:
            return self._newest.pop(next(iter(self._newest)))
        if not self._ports:
            return None
        reports = tuple(islice(self._ports.values(), REPORTS_A_MESSAGE))
        for report in reports:
            del self._ports[report.port_id]
        return PortReports(reports)
