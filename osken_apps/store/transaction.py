"""What can be changed in one transaction. SHELL.

Keeps the rules that hold whoever asks: revisions and times, uniqueness, which deleted ports are remembered.
Collects the changes for the listeners. Whether a request is allowed is not decided here.
"""

import logging
from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, delete, exc, insert

from osken_apps.errors import InUse
from osken_apps.model.changes import Change, Deleted, Upserted, in_order
from osken_apps.model.known_hosts import KnownHost
from osken_apps.model.resources import NetworkType, Port, Standard, Subnet
from osken_apps.model.security_groups import SecurityGroupRule
from osken_apps.networking.server_events import ServerEvent, events_of
from osken_apps.store import (
    departed_ports,
    fixed_ips,
    known_hosts,
    left_segments,
    server_events,
    untold_changes,
)
from osken_apps.store.accounts import AccountsWriter
from osken_apps.store.allocator import Allocator, Sources
from osken_apps.store.cache import Cache
from osken_apps.store.fixed_ips import Readdressed
from osken_apps.store.tables import (
    MEMBERS,
    QUOTAS,
    form,
)
from osken_apps.store.view import range_of

LOG = logging.getLogger(__name__)

R = TypeVar("R", bound=Standard)

_JOIN = insert(MEMBERS)
_LEAVE = delete(MEMBERS).where(MEMBERS.c.port_id == bindparam("of_port_id"))


class Transaction(Allocator):
    """Read and write access; nothing counts before its commit, and all of it counts after."""

    fills_cache = False  # what is read here may be undone

    def __init__(self, connection: Connection, cache: Cache, sources: Sources, note_events: bool) -> None:
        """Begin; `note_events`: what servers are to be told of their ports is kept for whoever tells them."""
        super().__init__(connection, cache, sources)
        self._note_events = note_events
        self._events: list[ServerEvent] = []
        self._now = sources.now().replace(microsecond=0)
        self._changes: dict[tuple[type[Standard], str], Change] = {}
        # Many ports in one statement cost a fraction of many statements.
        self._joined: list[dict[str, str]] = []

    @property
    def accounts(self) -> AccountsWriter:
        """What there is of users and their projects, to be changed."""
        return AccountsWriter(self._connection)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes so far, one a resource; what is referred to is there before, and goes after."""
        return in_order(self._changes.values())

    def create(self, resource: R, first_revision: int = 1) -> R:
        """Insert a resource; its times and revision are set here. Raises Conflict."""
        made = replace(resource, created_at=self._now, updated_at=self._now, revision_number=first_revision)
        of = form(type(made))
        self._execute_for(made, of.insert, of.row(made, of.fields))
        if isinstance(made, Port):
            self._readdress([Readdressed(made.id, (), made.fixed_ips)])
            self._join(made.id, made.security_groups)
        return self._changed(made)

    def update(self, old: R, new: R) -> R:
        """Write a resource that differs from `old`, with a new revision and time. Raises Conflict."""
        if new == old:
            return old
        made = self._renewed(new, old.revision_number)
        of = form(type(made))
        self._execute_for(made, of.update, of.changes([(old, made)])[0])
        self._updated([(old, made)])
        return made

    def update_all(self, changes: Sequence[tuple[R, R]]) -> None:
        """Write resources of one kind that differ; many in one statement cost a fraction of many statements.

        Of what must be unique only addresses may differ: no other conflict would be named.
        Raises IpAddressAlreadyAllocated.
        """
        made = [(old, self._renewed(new, old.revision_number)) for old, new in changes if new != old]
        if made:
            of = form(type(made[0][0]))
            self._connection.execute(of.update, of.changes(made))
            self._updated(made)

    def _renewed(self, resource: R, revision: int) -> R:
        return replace(resource, updated_at=self._now, revision_number=revision + 1)

    def _updated(self, changes: Sequence[tuple[R, R]]) -> None:
        """Follow resources that were written."""
        self._readdress(
            Readdressed(made.id, old.fixed_ips, made.fixed_ips)
            for old, made in changes
            if isinstance(old, Port) and isinstance(made, Port)
        )
        for old, made in changes:
            self._note(old, made)
            self._follow(old, made)
            self._changed(made)

    def _follow(self, old: Standard, made: Standard) -> None:
        """Keep what a resource has beside its row as it is now, but its addresses."""
        if isinstance(old, Port) and isinstance(made, Port):
            self._follow_port(old, made)
        if (
            isinstance(old, Subnet)
            and isinstance(made, Subnet)
            and old.allocation_pools != made.allocation_pools
        ):
            self.search_again(made.id)

    def touch(self, resource: R) -> R:
        """Give a resource a new revision although its own values stay."""
        made = self._renewed(resource, resource.revision_number)
        of = form(type(made))
        self._connection.execute(of.update, of.changes([(resource, made)]))
        return self._changed(made)

    def delete(self, resource: Standard) -> None:
        """Delete a resource; nothing may refer to it. Raises InUse."""
        self.flush()
        self._note(resource, None)
        if isinstance(resource, Port):
            self._readdress([Readdressed(resource.id, resource.fixed_ips, ())])
            if resource.binding is not None:
                self._note_left(resource, resource.binding.host)
            elif departed_ports.forget(self._connection, resource.id):
                departed_ports.remember(self._connection, resource.id, self._now)  # as the newest
        try:
            self._connection.execute(form(type(resource)).delete, {"of_id": resource.id})
        except exc.IntegrityError as error:
            raise InUse(type(resource).__name__, resource.id) from error
        self._remember(Deleted(type(resource), resource.id), type(resource), resource.id)

    def set_quotas(self, project_id: str, quotas: dict[str, int]) -> None:
        """Set some of a project's quotas."""
        for resource, quota in quotas.items():
            key = (QUOTAS.c.project_id == project_id, QUOTAS.c.resource == resource)
            self._connection.execute(delete(QUOTAS).where(*key))
            self._connection.execute(
                insert(QUOTAS).values(project_id=project_id, resource=resource, quota=quota)
            )

    def delete_quotas(self, project_id: str) -> None:
        """Give a project the default quotas again."""
        self._connection.execute(delete(QUOTAS).where(QUOTAS.c.project_id == project_id))

    def has_members(self, group_id: str) -> bool:
        """Tell whether a port belongs to a security group."""
        self.flush()
        return super().has_members(group_id)

    def flush(self) -> None:
        """Write what is written together: who joined which group, and the last number that was given out."""
        if self._joined:
            self._connection.execute(_JOIN, self._joined)
            self._joined = []
        server_events.add(self._connection, self._events, self._now)
        self._events = []
        self.keep_numbers()

    def note_untold(self) -> None:
        """Note what was changed, for the process that serves the database to tell of."""
        untold_changes.note(self._connection, self._changes)

    def keep_host(self, host: KnownHost) -> None:
        """Keep what is known of a host."""
        known_hosts.keep(self._connection, host)

    def forget_host(self, name: str) -> None:
        """Keep nothing of a host any more."""
        known_hosts.forget(self._connection, name)

    def forget_server_events(self, numbers: Sequence[int]) -> None:
        """Forget events that need not be told any more."""
        server_events.forget(self._connection, numbers)

    def warn(self, text: str) -> None:
        """Log what nobody asked for and what fails."""
        LOG.warning("%s", text)

    def _note(self, before: Standard, after: Standard | None) -> None:
        """Note what a server is to be told of a port."""
        if self._note_events and isinstance(before, Port):
            self._events += events_of(before, after if isinstance(after, Port) else None)

    def _readdress(self, ports: Iterable[Readdressed]) -> None:
        """Keep the addresses of ports as they are now. Raises IpAddressAlreadyAllocated."""
        if released := fixed_ips.follow(self._connection, ports):
            self.freed(released)

    def _join(self, port_id: str, group_ids: Sequence[str]) -> None:
        self._joined += [{"port_id": port_id, "security_group_id": group_id} for group_id in group_ids]

    def _leave(self, port_id: str) -> None:
        self.flush()
        self._connection.execute(_LEAVE, {"of_port_id": port_id})

    def _follow_port(self, old: Port, made: Port) -> None:
        host = made.binding.host if made.binding else ""
        if old.binding is not None and old.binding.host != host:
            self._note_left(old, old.binding.host)
        if old.security_groups != made.security_groups:
            self._leave(made.id)
            self._join(made.id, made.security_groups)

    def _note_left(self, port: Port, host: str) -> None:
        """Note that a port is not at a host any more: one that is away does not know, and still has it."""
        departed_ports.remember(self._connection, port.id, self._now)
        network = self.network(port.network_id)
        if network and network.network_type is NetworkType.VLAN:
            left_segments.leave(self._connection, host, network, self._now)

    def _execute_for(self, resource: Standard, statement: Any, row: dict[str, Any]) -> None:
        try:
            self._connection.execute(statement, row)
        except exc.IntegrityError as error:
            raise form(type(resource)).conflict(resource, error) from error

    def _changed(self, resource: R) -> R:
        self._remember(Upserted(resource), type(resource), resource.id)
        return resource

    def _remember(self, change: Change, kind: type[Standard], resource_id: str) -> None:
        self._changes.pop((kind, resource_id), None)
        self._changes[kind, resource_id] = change
        self._known.pop((kind, resource_id), None)
        if kind is Subnet:
            self._know_subnet(change)
        if kind is SecurityGroupRule:
            self._know_rule(change)

    def _know_subnet(self, change: Change) -> None:
        """Keep what is known of subnets true: a bulk of them asks for a network's again and again."""
        if isinstance(change, Deleted):
            self._known_subnets.clear()
            self._known_ranges.clear()
        elif isinstance(change.resource, Subnet) and change.resource.network_id in self._known_subnets:
            subnet = change.resource
            subnets = self._known_subnets[subnet.network_id]
            if subnet.id not in subnets and subnet.network_id in self._known_ranges:
                insort(self._known_ranges[subnet.network_id], range_of(subnet))  # which never changes
            subnets[subnet.id] = subnet

    def _know_rule(self, change: Change) -> None:
        """Keep what is known of groups' rules true: a bulk of them asks for the rules again and again."""
        if isinstance(change, Deleted):
            self._known_rules.clear()
        elif isinstance(change.resource, SecurityGroupRule):
            rule = change.resource
            if rule.security_group_id in self._known_rules:
                self._known_rules[rule.security_group_id].add(rule)
