"""Releases of Open vSwitch that do something else than flows tell them. PURE."""

from osken_apps.versions import release

#: The releases from the first of each pair on, and before the second, keep what a packet that comes in has
#: tracked already, whatever `ct_clear` says. Source: the commits "Avoid successive ct_clear datapath actions"
#: and "Fix internal CT state for non-recirc traffic", and the first tags that have them.
IGNORE_CT_CLEAR = (
    ((2, 13, 7), (2, 13, 8)),
    ((2, 14, 5), (2, 14, 6)),
    ((2, 15, 4), (2, 15, 5)),
    ((2, 16, 0), (2, 16, 4)),
    ((2, 17, 0), (2, 17, 2)),
)


def without_ct_clear(version: str) -> str:
    """Give the release to which one that ignores `ct_clear` is upgraded; empty for one that obeys."""
    number = release(version)
    mended = next((after for first, after in IGNORE_CT_CLEAR if first <= number < after), ())
    return ".".join(map(str, mended))
