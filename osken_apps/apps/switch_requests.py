"""What is asked of a switch, over its connection; what changes it ends with a barrier. SHELL."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from osken_apps.apps import runtime
from osken_apps.openflow import codec
from osken_apps.openflow.codec import BundleControl
from osken_apps.openflow.difference import Difference
from osken_apps.openflow.meter import (
    Meter,
    MeterCommand,
    decode_meter_config,
    meter_config_request,
    meter_mod,
)
from osken_apps.openflow.port_stats import PortStats, decode_port_stats, port_stats_request
from osken_apps.openflow.wire import CountedFlow, FlowBody, FlowKey
from osken_apps.pipeline.meters import OUR_METERS

WHOLE_COOKIE = 0xFFFFFFFFFFFFFFFF

T = TypeVar("T")

_bundle_ids = itertools.count(1)


class Switch(Protocol):
    """Who can be asked."""

    def request(self, build: Callable[[int], bytes], /) -> list[bytes]:
        """Send the messages that `build` makes for an xid, and wait for the answer. Raises SwitchError."""


def read_flows(switch: Switch) -> Iterator[tuple[FlowKey, FlowBody]]:
    """Read the flows of a bridge, whoever put them there. Raises SwitchError, Malformed."""
    return _of_flow_replies(switch, (0, 0), codec.decode_flows)


def read_flow_counts(switch: Switch, cookie: int | None = None) -> Iterator[CountedFlow]:
    """Read flows of a bridge, or those with a cookie, with their counters. Raises SwitchError, Malformed."""
    question = (0, 0) if cookie is None else (cookie, WHOLE_COOKIE)
    return _of_flow_replies(switch, question, codec.decode_flow_counts)


def _of_flow_replies(
    switch: Switch, question: tuple[int, int], decode: Callable[[bytes], Iterable[T]]
) -> Iterator[T]:
    for reply in switch.request(lambda xid: codec.flow_stats_request(*question, xid)):
        yield from decode(reply)
        runtime.pause()  # a reply may have some hundred flows, and there may be hundreds of replies


def read_port_stats(switch: Switch, ofport: int) -> PortStats | None:
    """Read what a switch has counted of a port; None: it has no such port. Raises SwitchError, Malformed."""
    replies = switch.request(lambda xid: port_stats_request(ofport, xid))
    return next((stats for reply in replies for stats in decode_port_stats(reply)), None)


def read_meters(switch: Switch) -> dict[int, Meter]:
    """Read the meters of a bridge that are ours. Raises SwitchError."""
    replies = switch.request(meter_config_request)
    meters = (meter for reply in replies for meter in decode_meter_config(reply))
    return {meter.meter_id: meter for meter in meters if meter.meter_id in OUR_METERS}


def send_meters(switch: Switch, steps: Iterable[tuple[MeterCommand, Meter]]) -> None:
    """Send meter-mods and wait for the barrier; bundles do not take them. Raises SwitchError."""
    if steps:
        switch.request(
            lambda xid: b"".join(
                [*(meter_mod(command, meter, xid) for command, meter in steps), codec.barrier_request(xid)]
            )
        )


def send_bundle(switch: Switch, delta: Difference) -> None:
    """Send flow-mods as one atomic bundle and wait for the barrier. Raises SwitchError."""
    bundle_id = next(_bundle_ids) & 0xFFFFFFFF

    def build(xid: int) -> bytes:
        return b"".join(
            [
                codec.bundle_control(BundleControl.OPEN_REQUEST, bundle_id, xid),
                *codec.bundled_flow_mods(delta.steps(), bundle_id, xid),
                codec.bundle_control(BundleControl.COMMIT_REQUEST, bundle_id, xid),
                codec.barrier_request(xid),
            ]
        )

    switch.request(build)
