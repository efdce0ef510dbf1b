"""Versions as numbers that can be compared. PURE."""

import re

NUMBERS = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?.*", re.ASCII | re.DOTALL)


def release(version: str) -> tuple[int, int, int]:
    """Give the first three numbers of a version such as `3.1.0-2`; 0 for what is none."""
    found = NUMBERS.fullmatch(version)
    major, minor, patch = (int(number or 0) for number in found.groups()) if found else (0, 0, 0)
    return major, minor, patch
