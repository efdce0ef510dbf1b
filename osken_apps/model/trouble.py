"""What the troubles of a host are about. PURE."""

from enum import StrEnum


class Topic(StrEnum):
    """What a trouble of a host is about."""

    CERTIFICATE = "certificate"
    KEPT = "kept"
    METERS = "meters"
    PASS = "pass"
    TRACKING = "tracking"
