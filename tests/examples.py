"""How many examples a property tries: the same ones each time, or by `make fuzz` other and more."""

import os
from typing import TypedDict

FACTOR = float(os.environ.get("EXAMPLES", "1"))  # so many times as many; `make unit` tries fewer


class Settings(TypedDict):
    """A part of hypothesis' settings."""

    max_examples: int
    derandomize: bool


def examples(number: int) -> Settings:
    """Give the settings for so many examples."""
    return {"max_examples": max(1, round(number * FACTOR)), "derandomize": FACTOR <= 1}
