"""The commands in the documents as they are printed: blocks set in by four spaces, by their heading."""

import re
import textwrap
from collections.abc import Mapping
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]


def blocks(document: str, heading: str) -> list[str]:
    """Give the blocks below a heading of a document, in their order."""
    text = (TOP / document).read_text()
    start = re.search(rf"^## {re.escape(heading)}$", text, re.MULTILINE)
    assert start, f"{document} has no heading {heading!r}"
    section = re.split(r"^## ", text[start.end() :], maxsplit=1, flags=re.MULTILINE)[0]
    found = re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", section, re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


def with_values(block: str, values: Mapping[str, str]) -> str:
    """Put values in the place of what a document prints; each must be there."""
    for printed, value in values.items():
        assert printed in block, f"{printed!r} is not in {block!r}"
        block = block.replace(printed, value)
    return block
