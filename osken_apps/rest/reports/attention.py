"""What needs somebody's attention, as sentences, worst first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from osken_apps.model.changes import HostReport
from osken_apps.model.resources import Port
from osken_apps.rest.access import Access
from osken_apps.rest.agents import agent_id
from osken_apps.rest.openapi.words import TEXT, Document, object_of


class Severity(IntEnum):
    """How bad it is; what is worse comes first."""

    BROKEN = 0
    DEGRADED = 1
    WAITING = 2

    @property
    def word(self) -> str:
        """The word for it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Attention:
    """A sentence about a thing of some kind (empty: about the service itself), and what mends it."""

    code: str
    state: Severity
    sentence: str
    remedy: str = ""
    kind: str = ""
    id: str = ""

    def in_words(self) -> dict[str, str]:
        """Give it as JSON."""
        return {
            "code": self.code,
            "state": self.state.word,
            "sentence": self.sentence,
            "remedy": self.remedy,
            "kind": self.kind,
            "id": self.id,
        }


SCHEMA: Document = object_of(
    {
        "code": TEXT,
        "state": {"enum": [state.word for state in Severity]},
        "sentence": TEXT,
        "remedy": TEXT,
        "kind": TEXT,
        "id": TEXT,
    },
    ["code", "state", "sentence", "remedy", "kind", "id"],
)


def of_service(reasons: Iterable[str]) -> list[Attention]:
    """Say what the service lacks, by the reasons why it is not ready."""
    return [Attention("not_ready", Severity.BROKEN, _sentence(reason)) for reason in reasons]


def of_hosts(reports: Iterable[HostReport]) -> list[Attention]:
    """Say what is wrong with hosts."""
    return [item for report in reports for item in _of_host(report)]


def _of_host(report: HostReport) -> list[Attention]:
    def say(code: str, state: Severity, sentence: str, remedy: str = "") -> Attention:
        return Attention(code, state, sentence, remedy, "agent", agent_id(report))

    if report.refused:
        sentence = f"{report.host} at {report.refused} is not served: {report.trouble}"
        return [say("host_refused", Severity.BROKEN, _sentence(sentence))]
    if not report.alive:
        since = f"{report.last_contact:%Y-%m-%d %H:%M:%S} UTC"
        if report.awaited:
            return [
                say("host_awaited", Severity.WAITING, f"{report.host} has not connected yet since the start.")
            ]
        ports = f"; traffic of its {report.bound_ports} ports goes on as it was" if report.bound_ports else ""
        return [say("host_gone", Severity.BROKEN, f"{report.host} is not connected since {since}{ports}.")]
    found = [
        say(code, Severity.DEGRADED, _sentence(f"{report.host}: {sentence}"), remedy)
        for code, sentence, remedy in report.conditions
    ]
    if report.trouble:
        sentence = f"{report.host} is not yet what it should be: {report.trouble}"
        found.append(say("host_trouble", Severity.DEGRADED, _sentence(sentence)))
    return found


def of_ports(ports: Sequence[Port], others: int, access: Access) -> list[Attention]:
    """Say that ports wait, and for what, where the caller may see that of them; and how many others do."""
    found = [
        Attention("port_waits", Severity.WAITING, _waits(port, access), kind="port", id=port.id)
        for port in ports
    ]
    return found + [Attention("port_waits", Severity.WAITING, "Another port waits.", kind="port")] * others


def _waits(port: Port, access: Access) -> str:
    what = f" for {port.waits_for}" if access.shows(port, "binding:vif_details") else ""
    return _sentence(f"Port {access.without_hidden(port, 'name').name or port.id} waits{what}")


def _sentence(text: str) -> str:
    """End a text with one full stop; how it begins stays, which may be a host's own name."""
    return f"{text.rstrip('.')}."
