"""What waits for the REST process is bounded and the newest, whatever comes."""

from osken_apps.apps.outbox import MAX_ANSWERS, REPORTS_A_MESSAGE, Outbox
from osken_apps.link import Answer, FromController, HostReports, Ping, PortReports
from osken_apps.model.changes import PortReport
from osken_apps.model.resources import PortStatus


def report(port_id: str, status: PortStatus = PortStatus.DOWN) -> PortReport:
    return PortReport(port_id, None, status)


def taken(outbox: Outbox) -> list[FromController]:
    """Take all there is."""
    messages = []
    while message := outbox.take():
        messages.append(message)
    return messages


def test_the_newest_report_of_a_port_counts_and_keeps_its_place() -> None:
    outbox = Outbox()
    outbox.put(PortReports((report("a"), report("b"))))
    outbox.put(PortReports((report("a", PortStatus.ACTIVE), report("c"))))
    assert taken(outbox) == [PortReports((report("a", PortStatus.ACTIVE), report("b"), report("c")))]


def test_many_ports_are_told_in_several_messages() -> None:
    outbox = Outbox()
    outbox.put(PortReports(tuple(report(str(number)) for number in range(REPORTS_A_MESSAGE + 1))))
    assert [len(message.reports) for message in taken(outbox) if isinstance(message, PortReports)] == [
        REPORTS_A_MESSAGE,
        1,
    ]


def test_only_the_newest_of_the_hosts_and_one_ping_wait() -> None:
    outbox = Outbox()
    for _ in range(3):
        outbox.put(HostReports(()))
        outbox.put(Ping())
    assert taken(outbox) == [HostReports(()), Ping()]


def test_answers_come_first_and_the_oldest_give_way() -> None:
    outbox = Outbox()
    outbox.put(Ping())
    for number in range(MAX_ANSWERS + 1):
        outbox.put(Answer(number))
    assert taken(outbox) == [*(Answer(number) for number in range(1, MAX_ANSWERS + 1)), Ping()]
