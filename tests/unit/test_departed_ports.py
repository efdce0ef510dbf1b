"""A port that was deleted is known by its id and by the beginning of it, as long as it is among the last."""

import pytest

from osken_apps.model import departed_ports
from osken_apps.model.departed_ports import DepartedPorts


def test_the_oldest_is_forgotten_by_all_that_claims_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(departed_ports, "MAX_DEPARTED_PORTS", 2)
    made = DepartedPorts()
    made.add(("10000000-00-first", "20000000-00-other", "10000000-00-first", "20000000-00-third"))
    assert list(made) == ["10000000-00-first", "20000000-00-third"]
    claims = ("10000000-00-first", "10000000-00", "20000000-00-other", "20000000-00", "20000000-00-third")
    assert [claim in made for claim in claims] == [True, True, False, True, True]
    made.add(("30000000-00-fourth", "30000000-00-fifth"))
    assert [claim in made for claim in claims] == [False] * 5
