"""Keeps the garbage collector from stopping the controller. SHELL.

A full collection looks at every long-lived object; with a thousand hosts that is seconds in which nobody is
answered. So what has lived long is put out of its sight whenever enough of it has come together. It is still
freed when nothing refers to it; only a cycle that is garbage at that moment stays.
"""

import gc

import eventlet

INTERVAL_S = 1.0
YOUNG_OBJECTS = 10_000
OLD_OBJECTS = 50_000  # a full collection of so many takes some ten milliseconds


def freeze_what_stays() -> None:
    """Watch the oldest generation for ever."""
    gc.set_threshold(YOUNG_OBJECTS)
    while True:
        if len(gc.get_objects(2)) > OLD_OBJECTS:
            gc.freeze()
        eventlet.sleep(INTERVAL_S)
