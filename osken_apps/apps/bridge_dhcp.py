"""What answers the DHCP messages that come by one bridge: a packet-in in, a packet-out back. SHELL.

The decision is `osken_apps.dhcp`'s. Each packet passes here, so the way is short; what is kept of them is in
`dhcp`.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from osken_apps.apps.dhcp_shown import reason_shown
from osken_apps.dhcp.decision import SilenceReason
from osken_apps.dhcp.reservation import Defaults, reservation_of
from osken_apps.dhcp.responder import Responder
from osken_apps.dhcp.server import Outcome, Reply
from osken_apps.errors import Malformed
from osken_apps.failures import Failures
from osken_apps.model.counts import Histogram
from osken_apps.model.snapshot import BoundPort
from osken_apps.openflow import codec

LOG = logging.getLogger(__name__)

#: Keeps what was decided for a port (its id), at a time in seconds since the epoch.
Record = Callable[[str, Outcome, float], None]


class Unheard(StrEnum):
    """Why a packet is not even looked at."""

    NOT_BOUND = "the packet comes from a port that is not bound any more"
    FAILED = "an error of the controller; its log has it"


class PortService:
    """The service of one bound port, for as long as nothing that its answers depend on changes."""

    __slots__ = ("_depends_on", "mac_address", "port_id", "responder")

    def __init__(self, bound: BoundPort, default_route: bool, defaults: Defaults) -> None:
        self.port_id = bound.port_id
        self.mac_address = bound.mac_address
        self._depends_on = _depends_on(bound, default_route)
        self.responder = Responder(
            reservation_of(bound.dhcp, defaults, in_conflict=bound.in_conflict, default_route=default_route)
        )

    def serves(self, bound: BoundPort, default_route: bool) -> bool:
        """Tell whether this is still the service of the port."""
        return self._depends_on == _depends_on(bound, default_route)


def _depends_on(bound: BoundPort, default_route: bool) -> tuple[object, ...]:
    """Give what the answers to a port's machine depend on."""
    return bound.port_id, bound.dhcp, bound.in_conflict, default_route


class BridgeService:
    """Answers the packet-ins of one bridge, whose ports are known by number.

    Each is counted, handed to `record` and, at level DEBUG, logged, after the answers were sent. An error of
    ours costs the packet that met it, and no other; it is told by `failures`.
    """

    def __init__(
        self,
        ports: dict[int, PortService],
        counters: Counter[StrEnum],
        record: Record,
        durations: Histogram,
        failures: Failures,
    ) -> None:
        self.ports = ports
        self._counters = counters
        self._record = record
        self._durations = durations
        self._failures = failures
        self._decided: list[tuple[PortService, Outcome]] = []
        self._began_at = 0.0

    def answer(self, message: bytes) -> bytes | None:
        """Give the packet-out that answers a packet-in, if anything does."""
        try:
            in_port, frame = codec.decode_packet_in(message)
        except Malformed as error:
            self._counters[SilenceReason.MALFORMED] += 1
            LOG.debug("%s", error)
            return None
        service = self.ports.get(in_port)
        if service is None:
            self._counters[Unheard.NOT_BOUND] += 1
            return None
        now = time.monotonic()
        if not self._decided:
            self._began_at = now
        try:
            outcome = service.responder.respond(frame, now)
            answer = codec.packet_out(in_port, outcome.frame) if isinstance(outcome, Reply) else None
        except Exception as error:
            self._counters[Unheard.FAILED] += 1
            detail = f"port {service.port_id}: {frame.hex()}"
            self._failures.note("a packet of a DHCP client met an error", error, detail)
            return None
        self._decided.append((service, outcome))
        return answer

    def after_answers(self) -> None:
        """Count and record what was decided."""
        decided, self._decided = self._decided, []
        if decided:
            self._durations.observe(time.monotonic() - self._began_at)
        now = time.time()
        for service, outcome in decided:
            self._counters[outcome.decision.reason] += 1
            try:
                self._record(service.port_id, outcome, now)
            except Exception as error:
                self._failures.note("what was decided for a port was not recorded", error, service.port_id)
        if LOG.isEnabledFor(logging.DEBUG):
            for service, outcome in decided:
                LOG.debug("%s", _described(service, outcome))


def _described(service: PortService, outcome: Outcome) -> str:
    """Describe a decision in a line."""
    decision = outcome.decision
    received = decision.received.name if decision.received else "a message"
    sent = decision.sent.name if decision.sent else "a reply" if isinstance(outcome, Reply) else "nothing"
    address = f" {decision.address}" if decision.address else ""
    return (
        f"port {service.port_id} ({service.mac_address}): {received} is answered with {sent}{address}:"
        f" {reason_shown(decision)}"
    )
