"""What is done when a switch tells that another hand changes its flows: it is read again, soon. SHELL.

What was changed is not followed flow by flow: the bridge is read and mended as at an audit. A program that
changes flows again and again has that done ever more rarely, and audits go on beside it.
"""

import logging

from osken_apps.apps import runtime
from osken_apps.apps.complaints import complain
from osken_apps.apps.host import Bridge
from osken_apps.apps.hosts import Hosts
from osken_apps.openflow.events import FlowsChanged
from osken_apps.pipeline.probe import PROBE_COOKIE

LOG = logging.getLogger(__name__)


def flows_changed(hosts: Hosts, bridge: Bridge, what: FlowsChanged) -> None:
    """Count what others changed, say so, and have the bridge read."""
    changes = [change for change in what.changes if change.cookie != PROBE_COOKIE]
    if changes:
        host, last = bridge.host, changes[-1]
        host.tallies.foreign_changes += len(changes)
        has_ports = hosts.fabric.count_recorded_at(host.name)
        complain(
            LOG,
            host.name if has_ports else bridge.connection.address[0],
            "host %s: another hand changes flows of %s (%s: table %d, priority %d, cookie %#x)",
            host.name,
            bridge.name,
            last.event.name.lower(),
            last.table_id,
            last.priority,
            last.cookie,
            about=bridge.name,
        )
    if (changes or what.may_be_more) and not bridge.is_to_be_read:
        delay_s = bridge.rereading.ask(runtime.clock())
        if delay_s is not None:
            runtime.spawn_after(delay_s, have_read, hosts, bridge)


def have_read(hosts: Hosts, bridge: Bridge) -> None:
    """Have a bridge read and compared in the next pass over its host, if it is still there."""
    if bridge.host.bridges.get(bridge.name) is bridge:
        bridge.is_to_be_read = True
        hosts.wake([bridge.host.name])
