"""What ping(8) says, of iputils or of busybox."""

import re
from dataclasses import dataclass

PING_COUNTS = re.compile(r"(\d+) packets transmitted, (\d+) (?:packets )?received")


@dataclass(frozen=True)
class PingResult:
    """What ping(8) counted, and all it said."""

    sent: int
    received: int
    text: str

    @property
    def ok(self) -> bool:
        """Whether every echo was answered."""
        return self.sent > 0 and self.received == self.sent


def parse_ping(text: str) -> PingResult:
    """Read ping's summary; without one nothing was sent."""
    found = PING_COUNTS.search(text)
    return PingResult(int(found[1]), int(found[2]), text) if found else PingResult(0, 0, text)
