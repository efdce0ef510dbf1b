"""The tags of a host's interfaces, as OVSDB has them and as they should be. SHELL."""

import logging
from functools import partial

from osken_apps.apps.host import Host
from osken_apps.apps.hosts import Hosts
from osken_apps.model.local_vlans import DEAD_TAG
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.ovsdb.host_view import HostView
from osken_apps.pipeline.tags import Tags, desired_tags, is_to_be_dead, row_tags, tag_changes

LOG = logging.getLogger(__name__)


class HostTags:
    """Writes tags: first of what must carry nothing until the flows stand, then of what carries a network."""

    def __init__(self, host: Host, hosts: Hosts) -> None:
        self._host = host
        self._fabric = hosts.fabric
        self._tell = partial(hosts.tell, host, LOG)
        self._written: dict[str, int] = {}

    def changes(self, snapshot: HostSnapshot) -> Tags:
        """Give the tags that differ from those that a host should have, as far as it shows them."""
        view = self._view()
        desired = desired_tags(snapshot)
        return tag_changes(view.tagged_ports, desired, snapshot, self._fabric.mark) if view else {}

    def interfaces(self, changes: Tags) -> set[str]:
        """Name the interfaces whose tags are to be written."""
        view = self._view()
        rows = view.tagged_ports if view else ()
        return {name for row in rows if row.name in changes for name in row.interface_names}

    def note_foreign(self, changes: Tags) -> None:
        """Count those of the tags to be written that we had written and someone else has changed."""
        view = self._view()
        marked = {row.name for row in view.tagged_ports if row.mark} if view else set()
        foreign = [name for name, tag in changes.items() if name in marked and self._written.get(name) == tag]
        if foreign:
            self._host.tallies.repairs += len(foreign)
            self._tell(logging.WARNING, "the tags of %s were changed by another hand", str(foreign))

    def make_dead(self, changes: Tags) -> None:
        """Let interfaces whose tag is to be changed carry nothing. Raises OvsdbError."""
        view = self._view()
        if view:
            rows = (row for row in view.tagged_ports if is_to_be_dead(row, changes))
            self._send(view, {row.name: DEAD_TAG for row in rows})

    def write(self, snapshot: HostSnapshot, flows_stand: bool) -> None:
        """Write the tags that differ; unless flows stand, only those of what is dead. Raises OvsdbError."""
        view = self._view()
        if view:
            desired = desired_tags(snapshot)
            changes = tag_changes(view.tagged_ports, desired, snapshot, self._fabric.mark)
            withheld = {name for name, tag in changes.items() if tag != DEAD_TAG and not flows_stand}
            wanted = row_tags(view.tagged_ports, desired)
            self._written = {name: tag for name, tag in wanted.items() if name not in withheld}
            self._send(view, {name: tag for name, tag in changes.items() if name not in withheld})

    def _view(self) -> HostView | None:
        return self._host.session.view() if self._host.session else None

    def _send(self, view: HostView, changes: Tags) -> None:
        if changes and self._host.session:
            self._host.awaited = self._awaited(view, changes)
            self._host.session.set_tags(changes, self._fabric.mark)
            self._tell(logging.INFO, "tags %s", str(changes))

    def _awaited(self, view: HostView, changes: Tags) -> HostView | None:
        """Say what OVSDB shows next if that needs no other pass; None: with a tag that goes, its local VLAN
        may be given to another network.
        """
        given = {name: tag for name, tag in changes.items() if tag is not None}
        gone = [row for row in view.tagged_ports if row.name in changes and row.tag not in (None, DEAD_TAG)]
        if gone or len(given) < len(changes):
            return None
        return view.written(self._fabric.layout.integration_bridge, given, self._fabric.mark)
