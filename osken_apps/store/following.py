"""When it is looked for what commands have changed beside the process that serves the database. SHELL."""

import threading
from contextlib import suppress

from osken_apps.errors import StoreUnavailable
from osken_apps.store.store import Store

LOOK_S = 1.0


def follow_commands(store: Store) -> None:
    """Have it told for ever; while the database cannot be read, others say so."""
    while True:
        with suppress(StoreUnavailable):
            store.tell_untold()
        threading.Event().wait(LOOK_S)
