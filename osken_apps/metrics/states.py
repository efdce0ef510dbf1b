"""In which state a host is, in one word. PURE."""

from osken_apps.model.changes import HostReport

#: All of them, worst last; one whose names another host has is `refused` and none of ours.
STATES = ("alive", "awaited", "trouble", "gone")


def state_of(host: HostReport) -> str:
    """Give the state of a host that is not refused."""
    if host.alive:
        return "trouble" if host.trouble or host.conditions else "alive"
    return "awaited" if host.awaited else "gone"
