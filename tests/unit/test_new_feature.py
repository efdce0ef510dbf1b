"""A feature with a stage, a masked match and a meter is made from one file and a line: all else follows."""

import pytest

from osken_apps.openflow.fields import Field
from osken_apps.openflow.match import Match
from osken_apps.openflow.meter import Meter
from osken_apps.openflow.wire import encode_flow
from osken_apps.pipeline import desired, document
from osken_apps.pipeline.features import FEATURES
from osken_apps.pipeline.stage import BrokenContract
from tests.golden.scenarios import LAYOUT, SCENARIOS
from tests.unit.toy.quarantine import HELD, HOLD, TO_HELD, Quarantine

SNAPSHOT = SCENARIOS["seed"]
PORT = SNAPSHOT.ports[0].ofport


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the line in `features/__init__.py` does."""
    features = (*FEATURES, Quarantine())
    rules = tuple(rule for feature in features for rule in feature.rules)
    monkeypatch.setattr(desired, "FEATURES", features)
    monkeypatch.setattr(document, "RULES", rules)
    monkeypatch.setattr(document, "STAGES", tuple(stage for it in features for stage in it.stages))
    monkeypatch.setattr(document, "_RULES_BY_COOKIE", {rule.cookie: rule for rule in rules})


def test_its_flows_are_among_those_that_a_bridge_should_have_in_text_and_wire_form() -> None:
    flows = desired.desired_flows("br-int", LAYOUT, SNAPSHOT)
    texts = [flow.text() for flow in flows if flow.cookie in (TO_HELD.cookie, HOLD.cookie)]
    assert sorted(text[text.index("priority") :] for text in texts) == [
        "priority=10,ip,nw_dst=192.0.2.0/24 actions=NORMAL",
        f"priority=60,ip,in_port={PORT},nw_dst=192.0.2.0/24 actions=resubmit(,250)",
    ]
    encoded = desired.FlowEncoder().flows("br-int", LAYOUT, SNAPSHOT)
    assert encoded == dict(encode_flow(flow) for flow in flows)


def test_its_meter_is_one_of_the_bridge_and_of_no_other() -> None:
    assert desired.desired_meters("br-int", LAYOUT, SNAPSHOT)[3] == Meter(3, 100, 100)
    assert 3 not in desired.desired_meters("br-eth2", LAYOUT, SNAPSHOT)


def test_the_page_of_the_pipeline_shows_stage_rules_meter_and_a_sample() -> None:
    page = document.pipeline_document(desired.desired_flows("br-int", LAYOUT, SNAPSHOT))
    section = page[page.index("### Table 250: held") :]
    assert "- A packet that no flow matches is dropped: it is not of the range." in section
    assert f"| 10 | hold | `{HOLD.cookie:#x}` | the range's | It passes a meter. |" in section
    assert "nw_dst=192.0.2.0/24" in section
    assert "250 (held)" in page[: page.index("### Table 250")]


def test_what_its_stage_does_not_allow_is_refused() -> None:
    with pytest.raises(BrokenContract, match="stage held does not match IN_PORT"):
        HOLD.flow(Match.of({Field.IN_PORT: PORT}))
    with pytest.raises(BrokenContract, match="stage held does not go to held"):
        HOLD.flow(Match(), goto=HELD)
