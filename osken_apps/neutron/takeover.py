"""Putting a Neutron's resources into a store: all in one transaction, or none. SHELL.

Each is made as a request of an administrator's would make it, under the same rules, but has the id that it
has in Neutron, and no quota is asked.
"""

import random
import uuid
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from osken_apps.config import Config
from osken_apps.errors import OskenAppsError
from osken_apps.model.resources import Network, Port, PortStatus, Subnet
from osken_apps.model.security_groups import SecurityGroup
from osken_apps.networking.security_groups import default_group, is_default
from osken_apps.networking.terms import Terms
from osken_apps.neutron.document import TAKEN, Document, Item, Reader, body_of, references
from osken_apps.rest.collection import Around, Collection
from osken_apps.rest.registry import REGISTRY
from osken_apps.rest.tags import tags_of
from osken_apps.rest.validation import posted
from osken_apps.store.allocator import Sources
from osken_apps.store.store import Store
from osken_apps.store.transaction import Transaction

ADMINISTRATOR = Terms("", is_admin=True)


class NotTaken(OskenAppsError):
    """Nothing was taken over: `problems` says what stands against it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Taken:
    """How many of what are here now, and what was left out, in words."""

    counts: dict[str, int]
    left_out: list[str]


class Ids:
    """Gives the id that the next resource is to have, and any that is new after that."""

    def __init__(self) -> None:
        self.wanted = ""

    def __call__(self) -> str:
        """Give an id."""
        wanted, self.wanted = self.wanted, ""
        return wanted or str(uuid.uuid4())


def take_over(config: Config, document: Document) -> Taken:
    """Put what a document has into the database of a controller that does not run. Raises NotTaken."""
    ids = Ids()
    sources = Sources(lambda: datetime.now(UTC), random.SystemRandom().getrandbits, ids)
    store = Store(config.database, sources)
    try:
        with store.write() as transaction:
            return _Takeover(config, transaction, ids).run(document)
    finally:
        store.close()


class _Takeover:
    def __init__(self, config: Config, transaction: Transaction, ids: Ids) -> None:
        self._around = Around(config, ADMINISTRATOR)
        self._transaction = transaction
        self._ids = ids
        self._problems: list[str] = []
        self._failed: set[str] = set()

    def run(self, document: Document) -> Taken:
        self._refuse_a_used_store()
        reader, counts = Reader(document), Counter[str]()
        for plural in TAKEN:
            collection = REGISTRY.collections[plural.replace("_", "-")]
            for told_id, item in reader.items(plural):
                counts[plural] += 1
                self._take(collection, told_id, item)
        if self._problems:
            raise NotTaken(self._problems)
        return Taken(dict(counts), reader.left_out())

    def _refuse_a_used_store(self) -> None:
        groups = self._transaction.find(SecurityGroup)
        if self._transaction.find(Network) or not all(map(is_default, groups)):
            raise NotTaken(["the database has networks or security groups already"])

    def _take(self, collection: Collection, told_id: str, item: Item) -> None:
        """Put something into the store, or note what stands against it, unless that is said already."""
        try:
            made = self._made(collection, item)
            self._finished(made, item)
        except OskenAppsError as error:
            if self._failed.isdisjoint(references(item)):
                name = item.get("name") or "-"
                self._problems.append(f"{collection.singular} {name} ({told_id}): {error}")
            self._failed.add(item["id"])

    def _made(self, collection: Collection, item: Item) -> Any:
        self._ids.wanted = ""  # what a default group is made with is not what has the item's id
        default_group(self._transaction, item["project_id"], ADMINISTRATOR)
        if "segments" in item:
            raise NotTaken(["it has several segments"])
        names = frozenset(attribute.name for attribute in collection.attributes if attribute.post)
        values = posted(collection.attributes, body_of(item, names))
        if collection.singular == "security_group":
            known = self._transaction.one(SecurityGroup, item["id"])
            if known is not None:  # a default group, whose name is not changed
                changes = {name: value for name, value in values.items() if name != "name"}
                return collection.update(self._transaction, known, changes, self._around)
        self._ids.wanted = item["id"]
        made = collection.create(self._transaction, item["project_id"], values, self._around)
        collection.conclude(self._transaction, [made], self._around)
        return made

    def _finished(self, made: Any, item: Item) -> None:
        if made.id != item["id"]:
            raise NotTaken([f"it has the id {made.id} here"])
        if isinstance(made, SecurityGroup):  # Neutron's rules take the place of those that it was made with
            for rule in self._transaction.rules_of(made.id):
                self._transaction.delete(rule)
        changed = replace(made, tags=tags_of({"tags": item["tags"]})) if item.get("tags") else made
        if isinstance(changed, Port) and changed.is_dhcp_server:
            changed = replace(changed, status=PortStatus.ACTIVE)
        if isinstance(changed, Subnet) and item.get("allocation_pools") == []:
            changed = replace(changed, allocation_pools=())  # of a new one it would mean the default pools
        self._transaction.update(made, changed)
