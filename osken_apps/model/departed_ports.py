"""Which ports were deleted on purpose, or left a host that may not know it yet. PURE (it changes, no I/O).

They are known by all that interfaces claim them by: what such an interface carries is no lost port's.
"""

from collections.abc import Iterable, Iterator

from osken_apps.model.interface_names import port_id_prefix

MAX_DEPARTED_PORTS = 100_000


class DepartedPorts:
    """The ids of those that departed last, and the beginnings of them that interfaces' names tell."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}  # the newest last
        self._by_prefix: dict[str, str] = {}

    def add(self, port_ids: Iterable[str]) -> None:
        """Note that ports departed; of too many, the oldest are forgotten."""
        for port_id in port_ids:
            self._ids.pop(port_id, None)
            self._ids[port_id] = None
            self._by_prefix[port_id_prefix(port_id)] = port_id
            if len(self._ids) > MAX_DEPARTED_PORTS:
                self._forget(next(iter(self._ids)))

    def _forget(self, port_id: str) -> None:
        del self._ids[port_id]
        if self._by_prefix[port_id_prefix(port_id)] == port_id:
            del self._by_prefix[port_id_prefix(port_id)]

    def __contains__(self, claim: object) -> bool:
        return claim in self._ids or claim in self._by_prefix

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)
