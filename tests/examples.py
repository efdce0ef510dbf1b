"""How many examples the largest properties try: the same ones each time, or by `make fuzz` other and more."""

import os
from typing import TypedDict

MORE = "MORE_EXAMPLES"  # in the environment: so many times as many


class Settings(TypedDict):
    """A part of hypothesis' settings."""

    max_examples: int
    derandomize: bool


def examples(number: int) -> Settings:
    """Give the settings for so many examples."""
    more = os.environ.get(MORE)
    return {"max_examples": number * int(more or 1), "derandomize": not more}
