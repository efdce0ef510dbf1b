"""What the REST process asks the controller."""

import inspect
import re

from osken_apps.apps.answering.queries import Knowledge
from osken_apps.questions import PortDhcp, Question


def test_every_question_has_an_answer() -> None:
    answered = re.findall(r"case (\w+)\(", inspect.getsource(Knowledge.answer))
    assert set(answered) == {question.__name__ for question in Question.__subclasses__()}


def test_a_question_is_counted_by_its_name() -> None:
    assert PortDhcp("id").name == "port_dhcp"
