"""Follows the store: its snapshot, part by part, and then every commit, without a gap.

While a snapshot comes, hosts keep what was known before; the new one takes its place when it is whole.
"""

from collections.abc import Callable
from functools import partial

from osken_apps.link import Changes, SnapshotPart
from osken_apps.model.fabric import Fabric
from osken_apps.model.inventory import Inventory


class Gap(Exception):
    """A commit was missed; only another snapshot helps."""


class Intent:
    """Brings what one REST process tells of the store to the fabric."""

    def __init__(self, fabric: Fabric, pause: Callable[[], object] = lambda: None) -> None:
        """Begin with nothing known; `pause` is called where others should have their turn."""
        self._fabric = fabric
        self._pause = pause
        self._loading = Inventory()
        self._loading_sequence: int | None = None
        self._sequence: int | None = None  # of the last commit taken; None: no change is of use yet

    def take_part(self, message: SnapshotPart) -> set[str]:
        """Take a part of a snapshot; give the hosts to look at again: all with the last part, else none."""
        if message.sequence != self._loading_sequence:
            self._loading, self._loading_sequence = Inventory(), message.sequence
        self._loading.take(message.part, partial(self._fabric.attempt, self._loading.apply))
        if not message.last:
            return set()
        whole, self._loading, self._loading_sequence = self._loading, Inventory(), None
        self._sequence = message.sequence
        return self._fabric.adopt(whole, self._pause)

    def take_changes(self, message: Changes) -> set[str]:
        """Take a commit; give the hosts that it concerns. Raises Gap, once for each snapshot missed."""
        if self._sequence is None or message.sequence <= self._sequence:
            return set()
        if message.sequence > self._sequence + 1:
            self._sequence = None
            raise Gap
        self._sequence = message.sequence
        return self._fabric.apply(message.changes)
