"""Live dumps and golden dumps in one comparable form."""

from tests.golden.rendering import ROOT


def strip_counters(dump: str) -> list[str]:
    """Give the flows of a live dump as `flows/` has them: without header, counters and times, sorted."""
    lines = [line.strip() for line in dump.splitlines() if "priority=" in line]
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
