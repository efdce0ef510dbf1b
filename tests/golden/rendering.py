"""Every generated file of the repository, as a path and the text that it must hold."""

from collections.abc import Iterator
from pathlib import Path

from osken_apps.config import sample
from osken_apps.explain.document import causes_document
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.openflow.flow import ordered
from osken_apps.pipeline.desired import desired_flows
from osken_apps.pipeline.document import commented_dump, pipeline_document
from tests.golden.scenarios import LAYOUT, SCENARIOS

ROOT = Path(__file__).resolve().parents[2]


def bridges_of(snapshot: HostSnapshot) -> list[str]:
    """Name the bridges that a scenario's host has."""
    return [bridge for bridge in LAYOUT.all_bridges if bridge in snapshot.ofports]


def generated_files() -> Iterator[tuple[Path, str]]:
    """Give path and text of the golden dumps, of the pages of pipeline and causes, and of the sample."""
    for name, snapshot in SCENARIOS.items():
        for bridge in bridges_of(snapshot):
            yield (
                ROOT / "flows" / name / f"{bridge}.txt",
                commented_dump(desired_flows(bridge, LAYOUT, snapshot)),
            )
    samples = (
        flow
        for snapshot in SCENARIOS.values()
        for bridge in bridges_of(snapshot)
        for flow in ordered(desired_flows(bridge, LAYOUT, snapshot))
    )
    yield ROOT / "flows" / "pipeline.md", pipeline_document(samples)
    yield ROOT / "docs" / "explain.md", causes_document()
    yield ROOT / "osken-net.conf.sample", sample()
