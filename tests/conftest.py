"""What holds for all tests: how long an example of hypothesis takes tells how busy the machine is.

The collector of garbage looks at what a test has made, and not at all modules again and again.
"""

import gc

from hypothesis import HealthCheck, settings

from tests.examples import examples

settings.register_profile(
    "busy",
    parent=settings(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=examples(settings().max_examples)["max_examples"],
)
settings.load_profile("busy")

NEW_OBJECTS = 5_000  # after so many it looks: a test makes some thousands

gc.set_threshold(NEW_OBJECTS, 20)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
