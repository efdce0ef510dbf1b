"""Which machine is a host, where only its bridges' dp-desc tells: the one at the address from which the first
came, as long as one comes from there. PURE (it changes, but does no I/O).
"""

from osken_apps.model.contest import Contest
from osken_apps.model.shown_identity import Key

Origin = tuple[str, str]  # the host that a bridge would be of, and the address that it comes from


class Origins:
    """Where the bridges come from that no session shows."""

    def __init__(self) -> None:
        self._contest: Contest[Origin] = Contest()
        self._of: dict[Key, Origin] = {}
        self._bridges: dict[Origin, dict[Key, None]] = {}

    def come(self, bridge: Key, origin: Origin | None) -> list[Key]:
        """Take where a bridge comes from, None if that does not matter; give those that wait for
        what it left.

        That is theirs now, or they have another rival.
        """
        before = self._of.get(bridge)
        if before == origin:
            return []
        waiting = self._leave(bridge, before) if before else []
        if origin:
            self._of[bridge] = origin
            self._bridges.setdefault(origin, {})[bridge] = None
            self._contest.show(origin, [("host name", origin[0])])
        return waiting

    def _leave(self, bridge: Key, origin: Origin) -> list[Key]:
        is_host = self._contest.has(origin)
        waiting = self._contest.waiting_for([("host name", origin[0])]) if is_host else []
        del self._of[bridge], self._bridges[origin][bridge]
        if not self._bridges[origin]:
            del self._bridges[origin]
            self._contest.end(origin)
        return [other for it in waiting for other in self._bridges.get(it, ())]

    def is_host(self, origin: Origin) -> bool:
        """Tell whether what comes from an address is the host."""
        return self._contest.has(origin)

    def rival(self, bridge: Key) -> Key | None:
        """Give a bridge from the address that is the host in place of a bridge's own; None: its own is."""
        refusal = self._contest.refusal(self._of[bridge]) if bridge in self._of else None
        return next(iter(self._bridges[refusal.holder])) if refusal else None
