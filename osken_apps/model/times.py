"""Times as the API writes them. PURE."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(4096)
def timestamp(moment: datetime) -> str:
    """Give a time in the API's form, which is UTC, whole seconds and `Z`."""
    return moment.isoformat()[:19] + "Z"


def timestamp_of(seconds: float) -> str:
    """Give a time, in seconds since the epoch, in the API's form."""
    return timestamp(datetime.fromtimestamp(int(seconds), UTC))
