"""Asking switches side by side, within a time for all of them, and what each has told. SHELL."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from osken_apps.apps.answering.side_by_side import SWITCHES_WAIT_S, side_by_side
from osken_apps.apps.connection import SwitchError
from osken_apps.apps.host import Bridge
from osken_apps.apps.switch_requests import read_flow_counts, read_port_stats
from osken_apps.errors import Malformed
from osken_apps.explain.facts import InstalledFlow, Known, PortCounted, Source
from osken_apps.pipeline.meters import DHCP_PUNTS, port_meter
from osken_apps.pipeline.probe import PROBE_COOKIE

NO_ANSWER = f"no answer within {SWITCHES_WAIT_S} s"
NOT_CONNECTED = "not connected"


class Answers:
    """What switches are asked, side by side, and what they tell."""

    def __init__(self) -> None:
        self._questions: dict[str, Callable[[], Known[Any]]] = {}
        self._answers: Mapping[str, Known[Any]] = {}
        self._not_asked: list[str] = []

    def flows(
        self, host: str, name: str, bridge: Bridge | None
    ) -> Callable[[], Known[tuple[InstalledFlow, ...]]]:
        """Ask a bridge for all its flows; give what gives the answer when the time is over."""
        return self._ask(f"the flows of {name} on {host}, taken to be as they should be", bridge, _flows)

    def counted(self, bridge: Bridge | None, ofport: int | None) -> Callable[[], Known[PortCounted] | None]:
        """Ask a bridge for what it has counted of a port, likewise."""
        if ofport is None:
            return lambda: None
        what = f"the counters of port {ofport} on {bridge.host.name if bridge else 'its host'}"
        return self._ask(what, bridge, lambda bridge: _counted(bridge, ofport))

    def arp(self, port_id: str, bridge: Bridge, ask: Callable[[Bridge], bool]) -> Callable[[], Known[bool]]:
        """Ask the machine of a port whether it is there, likewise."""
        return self._ask(f"the machine of {port_id}", bridge, ask, Source.PROBE)

    def wire(self, bridge: Bridge, ask: Callable[[Bridge], bool]) -> Callable[[], Known[bool]]:
        """Send something from one host to another, likewise."""
        return self._ask(f"the way from {bridge.host.name}", bridge, ask, Source.PROBE)

    def not_asked(self, what: str, why: str) -> Callable[[], Known[Any]]:
        """Note that something was not asked for, and why; give what gives that."""
        self._not_asked.append(f"{what}: {why}")
        return lambda: unknown(why)

    def wait(self) -> list[str]:
        """Wait for the answers; say of which there are none, and why."""
        self._answers = side_by_side(
            list(self._questions), lambda what: self._questions[what](), SWITCHES_WAIT_S
        )
        why_not = {what: self._answer(what).why_not for what in self._questions}
        return [*(f"{what}: {why}" for what, why in why_not.items() if why), *self._not_asked]

    def _answer(self, what: str) -> Known[Any]:
        return self._answers.get(what) or unknown(NO_ANSWER)

    def _ask(
        self,
        what: str,
        bridge: Bridge | None,
        question: Callable[[Bridge], Any],
        source: Source = Source.OPENFLOW,
    ) -> Callable[[], Known[Any]]:
        def ask() -> Known[Any]:
            if bridge is None:
                return unknown(NOT_CONNECTED)
            try:
                return Known(question(bridge), source, time.time())
            except (SwitchError, Malformed) as error:
                return unknown(str(error))

        self._questions[what] = ask
        return lambda: self._answer(what)


def unknown(why: str) -> Known[Any]:
    """Give a fact that is not known, and why."""
    return Known(None, Source.OPENFLOW, time.time(), why)


def _flows(bridge: Bridge) -> tuple[InstalledFlow, ...]:
    return tuple(
        InstalledFlow(flow.key, flow.body, flow.packets)
        for flow in read_flow_counts(bridge)
        if flow.body.cookie != PROBE_COOKIE
    )


def _counted(bridge: Bridge, ofport: int) -> PortCounted:
    stats = read_port_stats(bridge, ofport)
    meter_id = port_meter(ofport, bridge.connection.max_meters)
    drops = bridge.meter_drops()
    dropped = drops.get(meter_id, 0) if meter_id is not None else 0
    if stats is None:
        return PortCounted(0, 0)
    return PortCounted(stats.received_packets, stats.sent_packets, dropped, drops.get(DHCP_PUNTS, 0))
