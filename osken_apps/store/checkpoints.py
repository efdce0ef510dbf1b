"""When SQLite's log goes into the database's file, so that a copy of the file alone is a backup. SHELL."""

import threading

from osken_apps.failures import Failures
from osken_apps.store.store import Store

LOOK_S = 2.0
MAX_LOOKS = 30


def keep_checkpoints(store: Store, failures: Failures) -> None:
    """Make a checkpoint whenever nothing was written for a look, and every 30 looks, for ever."""
    seen = kept = store.commits
    looks = 0
    while True:
        threading.Event().wait(LOOK_S)
        commits, looks = store.commits, looks + 1
        if commits != kept and (commits == seen or looks >= MAX_LOOKS):
            try:
                store.checkpoint()
            except Exception as error:
                failures.note("no checkpoint was made", error)
            kept, looks = commits, 0
        seen = commits
