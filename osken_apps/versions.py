"""Versions as numbers that can be compared. PURE."""


def major_minor(version: str) -> tuple[int, int]:
    """Give the first two numbers of a version such as `3.1.0`; 0 for what is none."""
    major, minor, *_ = (int(part) if part.isdecimal() else 0 for part in f"{version}..".split("."))
    return major, minor
