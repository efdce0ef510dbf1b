"""Live dumps and golden dumps in one comparable form."""

import re

from tests.golden.rendering import ROOT

IGMP = re.compile(r"\bigmp\b(\S*)")


def without_igmp(text: str) -> str:
    """Give a match in the words of Open vSwitch 2.17 and later; 2.15 has one of its own for IGMP."""
    return IGMP.sub(r"ip\1,nw_proto=2", text)


def strip_counters(dump: str) -> list[str]:
    """Give the flows of a live dump as `flows/` has them: without header, counters and times, sorted."""
    lines = [without_igmp(line.strip()) for line in dump.splitlines() if "priority=" in line]
    return sorted(
        ", ".join(
            word
            for word in line.split(", ")
            if not word.startswith(("duration=", "n_packets=", "n_bytes=", "idle_age=", "hard_age="))
        )
        for line in lines
    )


def golden(scenario: str, bridge: str) -> list[str]:
    """Give the flows that `flows/` expects, comparable."""
    path = ROOT / "flows" / scenario / f"{bridge}.txt"
    return strip_counters(path.read_text())
